/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/base64.h"
#include "bundle/bundle.h"
#include "bundle/spki.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const char *corpus(const char *name)
{
	static char path[4096];
	const char *source = getenv("KEYHAUL_SRC");

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", source ? source : ".", name);
	return path;
}

static void fresh_folder(void)
{
	char folder[] = "keyhaul-bundle-XXXXXX";
	const char *tmp = getenv("TMPDIR");

	cr_assert_eq(chdir(tmp ? tmp : "/tmp"), 0);
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

static void copy(const char *from, const char *to)
{
	struct buf b = BUF_INIT(BUNDLE_MAX);
	struct kh_error err;

	cr_assert_eq(file_read(from, &b, &err), 0, "%s", err.msg);
	cr_assert_eq(file_create(to, 0644, buf_text(&b), b.len, &err), 0, "%s", err.msg);
	buf_free(&b);
}

static const char *const uris[] = {
	"pkcs11:token=t", "pkcs11:object=a%20b;type=private;id=%00%ff", "pkcs11:serial=1;model=m;manufacturer=A%2CB;token=t",
	"pkcs11:object=%C3%A4", "pkcs11:object=a:b[c]@!$'()*+,=&-._~", "pkcs11:type=secret-key",
	"pkcs11:token=keyhaul-tmp-1;object=keyhaul-tmp",
};
static const char *const bad_uris[] = {
	"", "pkcs11:", "pkcs11", "PKCS11:token=t", "pkcs11:token", "pkcs11:token=", "pkcs11:=t", "pkcs11:token=t;", "pkcs11:;token=t",
	"pkcs11:token=t;token=u", "pkcs11:token=t;;object=o", "pkcs11:token=t?pin-source=/x", "pkcs11:token=t?module-path=/x",
	"pkcs11:token=t?pin-value=1", "pkcs11:token=t?", "pkcs11:module-path=/x", "pkcs11:module-path=%2Fx", "pkcs11:slot-id=0",
	"pkcs11:library-description=x", "pkcs11:Token=t", "pkcs11:token=%", "pkcs11:token=%4", "pkcs11:token=%4g", "pkcs11:token=a b",
	"pkcs11:token=a/b", "pkcs11:token=a#b", "pkcs11:token=a\"b", "pkcs11:token=\xc3\xa4", "pkcs11:token=%00", "pkcs11:token=%1b",
	"pkcs11:token=%0a", "pkcs11:type=key", "pkcs11:serial=12345678901234567", "pkcs11:x-vendor=1", "pkcs11:token=t#frag",
	"pkcs11:object=keyhaul-tmp-1", "pkcs11:object=%6beyhaul%2dtmp-payroll",
};

Test(bundle_file, uris_hold_names_and_nothing_else)
{
	struct kh_error err;
	char longer[1200];

	for (size_t i = 0; i < N(uris); i++)
		cr_assert_eq(bundle_check_uri(uris[i], &err), 0, "%s: %s", uris[i], err.msg);
	for (size_t i = 0; i < N(bad_uris); i++) {
		cr_assert_eq(bundle_check_uri(bad_uris[i], &err), -1, "%s", bad_uris[i]);
		cr_assert_eq(err.code, KH_E_INPUT, "%s", bad_uris[i]);
	}
	(void)snprintf(longer, sizeof(longer), "pkcs11:id=%%01;object=");
	memset(longer + strlen(longer), 'a', 255);
	longer[21 + 255] = '\0';
	cr_assert_eq(bundle_check_uri(longer, &err), 0, "%s", err.msg);
	longer[21 + 255] = 'a';
	longer[21 + 256] = '\0';
	cr_assert_eq(bundle_check_uri(longer, &err), -1);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "pkcs11:token=", 13);
	longer[sizeof(longer) - 1] = '\0';
	cr_assert(bundle_check_uri(longer, &err) == -1 && strstr(err.msg, "1024"));
}

/* What `jq -jcS .SECTION FILE` prints; false where there is no jq. */
static bool jq(const char *section, const char *path, struct buf *out)
{
	char command[4400], block[512];
	struct kh_error err;
	FILE *p;
	size_t n;

	(void)snprintf(command, sizeof(command), "jq -jcS .%s '%s'", section, path);
	p = popen(command, "r");
	while (p && (n = fread(block, 1, sizeof(block), p)) > 0)
		cr_assert_eq(buf_add(out, block, n, &err), 0);
	return p && pclose(p) == 0;
}

Test(bundle_file, canonical_is_what_jq_prints)
{
	static const char *const sections[] = {"request", "material", "receipt"};
	const char *path = corpus("bundle/whole");
	struct bundle *b = NULL;
	struct kh_error err;

	if (system("command -v jq >/dev/null 2>&1") != 0)
		cr_skip_test("jq is not installed");
	cr_assert_eq(bundle_read(path, &b, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < N(sections); i++) {
		struct buf ours = BUF_INIT(BUNDLE_MAX), theirs = BUF_INIT(BUNDLE_MAX);

		cr_assert(jq(sections[i], path, &theirs));
		cr_assert_eq(bundle_canonical(b, sections[i], &ours, &err), 0);
		cr_assert_gt(ours.len, 100);
		cr_assert_str_eq(buf_text(&ours), buf_text(&theirs));
		buf_free(&ours);
		buf_free(&theirs);
	}
	bundle_free(b);
}

/* Every printable character, escapes, and names in another order: the same canonical form as jq's. */
Test(bundle_file, canonical_form_of_escapes)
{
	struct buf text = BUF_INIT(BUNDLE_MAX), changed = BUF_INIT(BUNDLE_MAX), ours = BUF_INIT(BUNDLE_MAX),
		   theirs = BUF_INIT(BUNDLE_MAX);
	struct bundle *b = NULL;
	struct kh_error err;
	const char *at;

	if (system("command -v jq >/dev/null 2>&1") != 0)
		cr_skip_test("jq is not installed");
	fresh_folder();
	cr_assert_eq(file_read(corpus("bundle/request"), &text, &err), 0);
	at = strstr(buf_text(&text), "\"endpoint\"");
	cr_assert_not_null(at);
	cr_assert_eq(buf_add(&changed, text.data, (size_t)(at - text.data), &err), 0);
	cr_assert_eq(buf_addf(&changed, "%s", &err, "\"token_serial\": \"\\u0041\\/\\\\ \\\" !#$%&'()*+,-./:;<=>?@[]^_`{|}~\", "
						    "\"request_id\" :\n\t\"\\u007e\", "), 0);
	cr_assert_eq(buf_addf(&changed, "%s", &err, at), 0);
	cr_assert_eq(file_create("b", 0600, changed.data, changed.len, &err), 0);
	cr_assert_eq(bundle_read("b", &b, &err), 0, "%s", err.msg);
	cr_assert_eq(bundle_canonical(b, "request", &ours, &err), 0);
	cr_assert(jq("request", "b", &theirs));
	cr_assert_str_eq(buf_text(&ours), buf_text(&theirs));
	cr_assert_eq(bundle_canonical(b, "material", &ours, &err), -1);
	cr_assert_str_eq(bundle_material_sha256(b), "");
	bundle_free(b);
	buf_free(&text);
	buf_free(&changed);
	buf_free(&ours);
	buf_free(&theirs);
}

Test(bundle_file, is_opened_saved_and_created)
{
	struct bundle *b = NULL;
	struct file *f = NULL;
	struct kh_error err;
	struct stat st;

	fresh_folder();
	copy(corpus("bundle/whole"), "b");
	cr_assert_eq(chmod("b", 0640), 0);
	cr_assert_eq(bundle_open("b", &f, &b, &err), 0, "%s", err.msg);
	cr_assert_eq(access("b.lock", F_OK), 0);
	cr_assert_eq(bundle_save(b, f, &err), 0, "%s", err.msg);
	file_close(f);
	cr_assert(stat("b", &st) == 0 && (st.st_mode & 0777) == 0640); /* as its owner had it */
	cr_assert_eq(bundle_create(b, "b", &err), -1);
	cr_assert(err.code == KH_E_INPUT && err.hint[0]);
	cr_assert_eq(bundle_create(b, "c", &err), 0, "%s", err.msg);
	cr_assert(stat("c", &st) == 0 && (st.st_mode & 0777) == 0600);
	bundle_free(b);
	cr_assert_eq(bundle_read("c", &b, &err), 0, "%s", err.msg);
	bundle_free(b);
	cr_assert_eq(bundle_open("nowhere", &f, &b, &err), -1);
	cr_assert(err.code == KH_E_INPUT && strcmp(err.name, "ENOENT") == 0, "%s", err.msg);
	cr_assert_eq(bundle_read("nowhere", &b, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	copy(corpus("bundle/cut"), "cut");
	cr_assert_eq(bundle_open("cut", &f, &b, &err), -1);
	cr_assert(strncmp(err.msg, "cut: line ", 10) == 0 && strstr(err.hint, "cut short"), "%s (%s)", err.msg, err.hint);
	cr_assert(access("cut.lock", F_OK) == -1 && access("nowhere.lock", F_OK) == -1, "no lock stays");
}

Test(bundle_file, parameters_have_their_time)
{
	struct bundle *b = NULL;
	struct bundle_request request;
	struct bundle *longer = NULL;
	struct kh_error err;
	int64_t end, from;
	bool real;

	cr_assert_eq(bundle_read(corpus("bundle/request"), &b, &err), 0, "%s", err.msg);
	end = bundle_request(b)->parameters_valid_to;
	cr_assert_eq(bundle_check_time(b, end - 1, &err), 0);
	cr_assert_eq(bundle_check_time(b, end, &err), -1);
	cr_assert(err.code == KH_E_CHECK && strstr(err.hint, "fetch again"));
	from = bundle_request(b)->fetched_at;
	real = !arn_is_rehearsal(&bundle_facts(b)->arn);
	cr_assert_eq(bundle_check_fetched(b, from - 300, &err), 0);
	cr_assert_eq(bundle_check_fetched(b, from - 301, &err), -1);
	cr_assert(err.code == KH_E_CHECK && strstr(err.msg, "was fetched at"), "%s", err.msg);
	cr_assert_eq(bundle_check_here(b, from - 301, &err), real ? -1 : 0);
	/* KMS gives parameters a day, and two clocks differ */
	request = *bundle_request(b);
	for (int64_t more = 0; more < 2; more++) {
		request.parameters_valid_to = from + 86400 + 300 + more;
		cr_assert_eq(bundle_new(&request, &longer, &err), 0, "%s", err.msg);
		cr_assert_eq(bundle_check_time(longer, from, &err), more ? -1 : 0);
		cr_assert(!more || (err.code == KH_E_CHECK && strstr(err.hint, "24 hours")));
		bundle_free(longer);
	}
	bundle_free(b);
}

static const struct {
	const char *file, *says;
} keys[] = {
	{"spki/exponent-1", "exponent 1"}, {"spki/exponent-3", "exponent 3"}, {"spki/rsa-1024", "1024 bits"}, {"spki/ec-p256", "EC"},
	{"spki/rsa-pss", "RSA-PSS"}, {"spki/ed25519", "ED25519"}, {"spki/trailing", "behind"}, {"spki/cut", "not a public key"},
	{"spki/empty", "0 bytes"}, {"spki/ec-explicit", "EC"},
};

/* Wrapping keys that OpenSSL itself would take. */
Test(bundle_file, no_weak_wrapping_key)
{
	struct kh_error err;
	struct spki s;

	for (size_t i = 0; i < N(keys); i++) {
		struct buf der = BUF_INIT(4096);

		cr_assert_eq(file_read(corpus(keys[i].file), &der, &err), 0, "%s", err.msg);
		cr_assert_eq(spki_parse((const unsigned char *)buf_text(&der), der.len, 0, &s, &err), -1, "%s", keys[i].file);
		cr_assert(err.code == KH_E_INPUT && strstr(err.msg, keys[i].says), "%s: %s", keys[i].file, err.msg);
		if (strcmp(keys[i].file, "spki/ec-explicit") == 0) /* the same curve, but not by name */
			cr_assert_eq(spki_check_material((const unsigned char *)buf_text(&der), der.len, "ECC_NIST_P256", &err), -1);
		buf_free(&der);
	}
}
