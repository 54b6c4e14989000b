/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OAEP "RSAES_OAEP_SHA_256"
#define NEW FIXTURE_FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\""
#define EXISTING FIXTURE_FOREVER ",\"ImportType\":\"EXISTING_KEY_MATERIAL\""

static const unsigned char first[64] = "the first key material of the tests, long enough for all kinds";
static const unsigned char second[64] = "another key material of the tests, also long enough for each one";

static void symmetric(struct fixture *f, char id[37])
{
	fixture_create(f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", id);
}

static const char *describe(struct fixture *f, const char *id, const char *path)
{
	cr_assert_str_eq(fixture_call(f, "DescribeKey", "{\"KeyId\":\"%s\"}", id), "");
	return fixture_text(f, path);
}

/* How many materials ListKeyRotations shows in that state. */
static size_t materials(struct fixture *f, const char *id, const char *member, const char *state)
{
	json_t *list, *entry;
	size_t i, n = 0;

	cr_assert_str_eq(fixture_call(f, "ListKeyRotations", "{\"KeyId\":\"%s\",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}", id),
			 "");
	list = json_object_get(f->r.body, "Rotations");
	json_array_foreach(list, i, entry) {
		const char *value = json_string_value(json_object_get(entry, member));

		n += value && strcmp(value, state) == 0;
	}
	return n;
}

Test(sim_state, is_kept_in_a_folder)
{
	const char *tmp = getenv("TMPDIR");
	char folder[512], id[37], sealed[512], name[700];
	struct keystore *second_store = NULL;
	struct kh_error err;
	struct fixture f;
	struct stat st;

	(void)snprintf(folder, sizeof(folder), "%s/state", tmp ? tmp : "/tmp");
	fixture_open(&f, folder);
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT",
		       ",\"Description\":\"kept\",\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]", id);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, NEW ",\"KeyMaterialDescription\":\"one\""), "");
	cr_assert_str_eq(fixture_call(&f, "CreateAlias", "{\"AliasName\":\"alias/kept\",\"TargetKeyId\":\"%s\"}", id), "");
	cr_assert_str_eq(fixture_call(&f, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"aGVsbG8=\"}", id), "");
	(void)snprintf(sealed, sizeof(sealed), "%s", fixture_text(&f, "CiphertextBlob"));
	cr_assert_eq(keystore_open(folder, &second_store, &err), -1);
	cr_assert_eq(err.code, KH_E_AGAIN);
	(void)snprintf(name, sizeof(name), "%s/key-%d-us-east-1-%s.json", folder, FIXTURE_NOW, id);
	cr_assert_eq(stat(name, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	fixture_close(&f);

	fixture_open(&f, folder);
	cr_assert_str_eq(describe(&f, "alias/kept", "KeyMetadata.Description"), "kept");
	cr_assert_eq(materials(&f, id, "KeyMaterialDescription", "one"), 1);
	cr_assert_str_eq(fixture_call(&f, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", sealed), "");
	cr_assert_str_eq(fixture_text(&f, "Plaintext"), "aGVsbG8=");
	fixture_close(&f);

	/* a file that was cut off is named, and nothing is thrown away */
	cr_assert_eq(truncate(name, 40), 0);
	cr_assert_eq(keystore_open(folder, &second_store, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_not_null(strstr(err.msg, name));
	cr_assert_eq(stat(name, &st), 0);
	cr_assert_eq(st.st_size, 40);
}

/* All that the service shows of its keys, as text to be freed. */
static char *shown(struct fixture *f, const char *const ids[], size_t n)
{
	json_t *all = json_array();
	char *text;

	for (size_t i = 0; i < n; i++) {
		(void)describe(f, ids[i], "");
		(void)json_array_append(all, f->r.body);
		(void)materials(f, ids[i], "", "");
		(void)json_array_append(all, f->r.body);
	}
	cr_assert_str_eq(fixture_call(f, "ListKeys", "{}"), "");
	(void)json_array_append(all, f->r.body);
	cr_assert_str_eq(fixture_call(f, "ListAliases", "{}"), "");
	(void)json_array_append(all, f->r.body);
	text = json_dumps(all, JSON_SORT_KEYS);
	json_decref(all);
	return text;
}

/* While it is on, nothing can be written: as on a disk that is full. */
static void disk_full(bool on)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = on ? 0 : limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A call that changes something, made when the clock is `later` seconds on. */
struct change {
	const char *op;
	int64_t later;
	char body[8192];
};

__attribute__((format(printf, 4, 5)))
static void add(struct change **at, const char *op, int64_t later, const char *fmt, ...)
{
	va_list ap;

	(*at)->op = op;
	(*at)->later = later;
	va_start(ap, fmt);
	(void)vsnprintf((*at)->body, sizeof((*at)->body), fmt, ap);
	va_end(ap);
	(*at)++;
}

static const char *run(struct fixture *f, const struct change *c)
{
	f->now += c->later;
	(void)fixture_call(f, c->op, "%s", c->body);
	f->now -= c->later;
	return f->r.code;
}

/* `a` has material that expires, `b` is disabled, `c` has none. */
static void make_keys(struct fixture *f, char a[37], char b[37], char c[37])
{
	/* each in a second of its own, by which a folder keeps their order */
	symmetric(f, a);
	f->now++;
	symmetric(f, b);
	f->now++;
	symmetric(f, c);
	cr_assert_str_eq(fixture_import(f, a, OAEP, first, 32, ",\"ValidTo\":1800000080"), "");
	cr_assert_str_eq(fixture_import(f, b, OAEP, first, 32, ""), "");
	cr_assert_str_eq(fixture_call(f, "DisableKey", "{\"KeyId\":\"%s\"}", b), "");
}

static size_t plan(struct fixture *f, const char *a, const char *b, const char *c, struct change *changes)
{
	static const char key[] = "{\"KeyId\":\"%s\"}";
	struct change *at = changes;
	struct fixture_parameters p;

	fixture_parameters(f, b, OAEP, &p);
	add(&at, "DisableKey", 0, key, a);
	add(&at, "EnableKey", 0, key, b);
	add(&at, "ScheduleKeyDeletion", 0, key, c);
	add(&at, "CancelKeyDeletion", 0, key, c);
	add(&at, "CreateKey", 5, "{}");
	add(&at, "CreateAlias", 0, "{\"AliasName\":\"alias/full\",\"TargetKeyId\":\"%s\"}", a);
	add(&at, "ImportKeyMaterial", 0, "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\",\"EncryptedKeyMaterial\":\"%s\""
	    EXISTING ",\"KeyMaterialDescription\":\"again\"}", b, p.token, fixture_wrap(&p, first, 32));
	add(&at, "ImportKeyMaterial", 0, "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\",\"EncryptedKeyMaterial\":\"%s\"" NEW "}",
	    b, p.token, fixture_wrap(&p, second, 32));
	add(&at, "RotateKeyOnDemand", 0, key, b);
	add(&at, "DeleteImportedKeyMaterial", 0, key, b);
	add(&at, "UpdateAlias", 0, "{\"AliasName\":\"alias/full\",\"TargetKeyId\":\"%s\"}", b);
	add(&at, "DeleteAlias", 0, "{\"AliasName\":\"alias/full\"}");
	add(&at, "DescribeKey", 90, key, a); /* expires */
	EVP_PKEY_free(p.key);
	return (size_t)(at - changes);
}

Test(sim_state, what_cannot_be_saved_has_not_happened)
{
	static struct change changes[16];
	const char *tmp = getenv("TMPDIR");
	char folder[512], a[37], b[37], c[37], *last;
	const char *const ids[] = {a, b, c};
	struct fixture f;
	char *now;
	size_t n;

	(void)snprintf(folder, sizeof(folder), "%s/full", tmp ? tmp : "/tmp");
	fixture_open(&f, folder);
	make_keys(&f, a, b, c);
	n = plan(&f, a, b, c, changes);
	last = shown(&f, ids, 3);
	for (size_t i = 0; i < n; i++) {
		const char *op = changes[i].op;

		disk_full(true);
		cr_assert_str_eq(run(&f, &changes[i]), "KMSInternalException", "%s: '%s'", op, f.r.code);
		disk_full(false);
		now = shown(&f, ids, 3);
		cr_assert_str_eq(now, last, "%s: %s", op, now);
		free(now);
		cr_assert_str_eq(run(&f, &changes[i]), "", "%s: %s", op, f.r.message);
		now = shown(&f, ids, 3);
		cr_assert_str_neq(now, last, "%s did nothing", op);
		free(last);
		last = now;
	}
	fixture_close(&f);
	/* and what was done is what is in the folder */
	fixture_open(&f, folder);
	now = shown(&f, ids, 3);
	cr_assert_str_eq(now, last);
	free(now);
	free(last);
	fixture_close(&f);
}
