/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "state.h"

#include "base/base64.h"
#include "base/file.h"
#include "bundle/jsontext.h"
#include "simkey_json.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD_MAX (8u << 20)

struct state {
	char dir[PATH_MAX - 300];
	struct file *head; /* sim.json: open, and so locked, as long as the store is */
};

/* Indented and sorted, so that a person can read and compare it. */
static int write_json(struct file *file, json_t *json, struct kh_error *err)
{
	char *text = jsontext_write(json, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	int rc;

	if (!text)
		return kh_fail_memory(err);
	rc = file_replace(file, text, strlen(text), err);
	secret_wipe(text, strlen(text));
	free(text);
	return rc;
}

static json_t *parse(const struct buf *text, struct kh_error *err)
{
	json_error_t why;
	json_t *json = jsontext_read(buf_text(text), text->len, JSON_REJECT_DUPLICATES, &why);

	if (!json)
		kh_fail(err, KH_E_INPUT, 0, "not JSON: %s", why.text);
	return json;
}

static int read_key(const char *path, const struct state_reader *reader, void *ctx, struct kh_error *err)
{
	struct buf text = BUF_INIT(SIMKEY_JSON_MAX);
	struct simkey *key = NULL;
	json_t *json = NULL;
	int rc = -1;

	if (file_read(path, &text, err))
		goto out;
	json = parse(&text, err);
	if (!json || simkey_from_json(json, &key, err) || reader->key(ctx, key, err)) {
		simkey_free(key);
		kh_context(err, "%s", path);
		goto out;
	}
	rc = 0;
out:
	json_decref(json);
	if (text.data)
		secret_wipe(text.data, text.cap);
	buf_free(&text);
	return rc;
}

static bool is_key_file(const char *name)
{
	size_t len = strlen(name);

	return len > 9 && strncmp(name, "key-", 4) == 0 && strcmp(name + len - 5, ".json") == 0;
}

static int is_key_entry(const struct dirent *e)
{
	return is_key_file(e->d_name);
}

static int read_keys(const struct state *s, const struct state_reader *reader, void *ctx, struct kh_error *err)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int n = scandir(s->dir, &entries, is_key_entry, alphasort), rc = 0;

	if (n < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", s->dir);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->dir, entries[i]->d_name);
		if (!rc)
			rc = read_key(path, reader, ctx, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int read_alias(json_t *json, const struct state_reader *reader, void *ctx, struct kh_error *err)
{
	const char *name, *region, *key_id;
	struct simalias alias = {0};
	json_int_t created, updated = 0;
	json_error_t why;

	if (json_unpack_ex(json, &why, JSON_STRICT, "{s:s, s:s, s:s, s:I, s?:I}", "name", &name, "region", &region, "key_id",
			   &key_id, "created", &created, "updated", &updated))
		return kh_fail(err, KH_E_INPUT, 0, "an alias in it: %s", why.text);
	if (strlen(name) >= sizeof(alias.name) || strlen(region) >= sizeof(alias.region) ||
	    strlen(key_id) >= sizeof(alias.key_id))
		return kh_fail(err, KH_E_INPUT, 0, "an alias in it is too long");
	(void)snprintf(alias.name, sizeof(alias.name), "%s", name);
	(void)snprintf(alias.region, sizeof(alias.region), "%s", region);
	(void)snprintf(alias.key_id, sizeof(alias.key_id), "%s", key_id);
	alias.created = created;
	alias.updated = updated ? updated : created;
	return reader->alias(ctx, &alias, err);
}

static int read_head(const struct buf *text, unsigned char master[KEYSTORE_MASTER], const struct state_reader *reader,
		     void *ctx, struct kh_error *err)
{
	struct buf bytes = BUF_INIT(KEYSTORE_MASTER);
	json_t *json = parse(text, err), *aliases = NULL;
	const char *sealed = NULL;
	json_error_t why;
	int version = 0, rc = -1;

	if (!json)
		goto out;
	if (json_unpack_ex(json, &why, JSON_STRICT, "{s:i, s:s, s:o}", "keyhaul_sim", &version, "token_key", &sealed,
			   "aliases", &aliases)) {
		kh_fail(err, KH_E_INPUT, 0, "not a state of keyhaul-sim: %s", why.text);
		goto out;
	}
	if (version != 1) {
		kh_fail(err, KH_E_INPUT, 0, "version %d is not one that this keyhaul-sim knows", version);
		goto out;
	}
	if (base64_decode(sealed, strlen(sealed), &bytes, err))
		goto out;
	if (bytes.len != KEYSTORE_MASTER) {
		kh_fail(err, KH_E_INPUT, 0, "token_key has %zu bytes", bytes.len);
		goto out;
	}
	memcpy(master, bytes.data, KEYSTORE_MASTER);
	for (size_t i = 0; i < json_array_size(aliases); i++)
		if (read_alias(json_array_get(aliases, i), reader, ctx, err))
			goto out;
	rc = 0;
out:
	buf_free(&bytes);
	json_decref(json);
	return rc;
}

int state_open(const char *dir, unsigned char master[KEYSTORE_MASTER], const struct state_reader *reader, void *ctx,
	       struct state **out, struct kh_error *err)
{
	struct state *s = calloc(1, sizeof(*s));
	char path[PATH_MAX];
	int rc = -1;

	if (!s)
		return kh_fail_memory(err);
	if (strlen(dir) >= sizeof(s->dir)) {
		kh_fail(err, KH_E_USAGE, 0, "--state: the folder's name is too long");
		goto out;
	}
	(void)snprintf(s->dir, sizeof(s->dir), "%s", dir);
	if (mkdir(dir, 0700) && errno != EEXIST) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", dir);
		goto out;
	}
	(void)snprintf(path, sizeof(path), "%s/sim.json", s->dir);
	if (file_open(path, HEAD_MAX, &s->head, err))
		goto out;
	if (file_content(s->head) ? read_head(file_content(s->head), master, reader, ctx, err)
				  : state_save(s, master, NULL, 0, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	if (read_keys(s, reader, ctx, err))
		goto out;
	*out = s;
	s = NULL;
	rc = 0;
out:
	state_close(s);
	return rc;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	file_close(s->head);
	free(s);
}

int state_save(struct state *s, const unsigned char master[KEYSTORE_MASTER], const struct simalias *aliases, size_t n,
	       struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(KEYSTORE_MASTER));
	json_t *list = json_array(), *head = NULL;
	int rc = -1;

	if (!list) {
		kh_fail_memory(err);
		goto out;
	}
	if (base64_encode(master, KEYSTORE_MASTER, &text, err))
		goto out;
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", aliases[i].name, "region",
							    aliases[i].region, "key_id", aliases[i].key_id, "created",
							    (json_int_t)aliases[i].created, "updated",
							    (json_int_t)aliases[i].updated));
	head = json_pack("{s:i, s:s, s:O}", "keyhaul_sim", 1, "token_key", buf_text(&text), "aliases", list);
	if (!head || json_array_size(list) != n) {
		kh_fail_memory(err);
		goto out;
	}
	rc = write_json(s->head, head, err);
out:
	json_decref(head);
	json_decref(list);
	buf_free(&text);
	return rc;
}

int state_save_key(struct state *s, const struct simkey *key, struct kh_error *err)
{
	json_t *json = simkey_to_json(key, err);
	struct file *file = NULL;
	char path[PATH_MAX];
	int rc = -1;

	if (!json)
		return -1;
	/* the time of making first, so that reading by name keeps the order */
	(void)snprintf(path, sizeof(path), "%s/key-%010lld-%s-%s.json", s->dir, (long long)key->created, key->region,
		       key->id);
	if (!file_open(path, SIMKEY_JSON_MAX, &file, err))
		rc = write_json(file, json, err);
	file_close(file);
	json_decref(json);
	return rc;
}
