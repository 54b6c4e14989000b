/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * Files that a power cut, a stick or a copy tore: cut at every length, zeros to the end and sectors of zeros at every so many
 * bytes. None is read, each is named, and as bad input, not as somebody's doing.
 */
#include "bundle/bundle.h"
#include "record/chain.h"
#include "sign/cert.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 8192
#define ZEROS_EACH 13 /* bytes */

static enum kh_code read_bundle(const char *path, struct kh_error *err)
{
	struct bundle *b = NULL;

	if (bundle_read(path, &b, err))
		return err->code;
	bundle_free(b);
	return KH_OK;
}

static enum kh_code read_certificate(const char *path, struct kh_error *err)
{
	X509 *cert = NULL;

	if (cert_load(path, &cert, err))
		return err->code;
	X509_free(cert);
	return KH_OK;
}

/* One that is whole as far as it goes, and open, is no torn one. */
static enum kh_code read_transcript(const char *path, struct kh_error *err)
{
	struct findings f = {.worst = KH_OK};
	struct chain *c = NULL;
	enum kh_code code;

	if (chain_read(path, &f, &c, err))
		return err->code;
	code = f.n ? f.worst : c->closed ? KH_OK : KH_E_AGAIN;
	(void)snprintf(err->msg, sizeof(err->msg), "%s", f.n ? f.v[0].text : "");
	chain_free(c);
	findings_clear(&f);
	return code;
}

static size_t corpus(const char *name, char text[MOST])
{
	const char *src = getenv("KEYHAUL_SRC");
	char path[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", src ? src : ".", name);
	f = fopen(path, "rb");
	cr_assert_not_null(f, "%s", path);
	n = fread(text, 1, MOST, f);
	cr_assert(n > 400 && n < MOST && fclose(f) == 0, "%s", path);
	return n;
}

static void put(const char *text, size_t len)
{
	int fd = open("torn.file", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd))
		cr_assert_fail("torn.file");
}

struct row {
	const char *name;
	enum kh_code (*read)(const char *path, struct kh_error *err);
	size_t end;   /* so many bytes of the end may be lost: a line end that says nothing */
	size_t zeros; /* the fewest that are told in it */
};

static void is_told(const struct row *r, const char *text, size_t len, const char *how, size_t at)
{
	struct kh_error err = {.code = KH_OK};
	enum kh_code code;

	put(text, len);
	code = r->read("torn.file", &err);
	if (code == KH_E_AGAIN && (len == 0 || text[len - 1] == '\n' || text[len - 1] == '}'))
		return; /* between two lines of a transcript, or before the first: it is open, and says so */
	if (code != KH_E_INPUT || !strstr(err.msg, "torn.file"))
		cr_assert_fail("%s, %s at %zu: code %d, %s", r->name, how, at, (int)code, err.msg);
}

Test(torn, is_found_and_named)
{
	static const struct row rows[] = {
		{"bundle/whole", read_bundle, 1, 1},
		{"bundle/approved", read_bundle, 1, 1},
		{"transcript/closed", read_transcript, 1, 1},
		{"cms/certificate", read_certificate, 0, 64},
		{"cms/certificate-pem", read_certificate, 2, 4},
	};
	static char text[MOST], torn[MOST + 512];
	char folder[] = "keyhaul-torn-XXXXXX";
	const char *tmp = getenv("TMPDIR"), *valgrind = getenv("KEYHAUL_VALGRIND");
	const size_t step = valgrind && strcmp(valgrind, "yes") == 0 ? 97 : 1;
	struct kh_error err;

	cr_assert(chdir(tmp ? tmp : "/tmp") == 0 && mkdtemp(folder) && chdir(folder) == 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		size_t len = corpus(r->name, text);

		put(text, len);
		cr_assert_eq(r->read("torn.file", &err), KH_OK, "%s is whole: %s", r->name, err.msg);
		for (size_t at = 0; at + r->end < len; at += step) {
			is_told(r, text, at, "cut", at);
			if (at % ZEROS_EACH)
				continue;
			memcpy(torn, text, len);
			memset(torn + at, 0, len - at);
			if (len - at >= 4)
				is_told(r, torn, len, "zeros to the end", at);
			for (size_t sector = 64; sector <= 512; sector *= 8) {
				memcpy(torn, text, len);
				memset(torn + at, 0, sector);
				if (at + sector <= len && sector >= r->zeros)
					is_told(r, torn, len, "a sector of zeros", at);
			}
		}
		memset(torn, 0, sizeof(torn));
		memcpy(torn, text, len);
		is_told(r, torn, len + 512, "zeros behind it", len);
	}
	cr_assert(unlink("torn.file") == 0 && chdir("..") == 0 && rmdir(folder) == 0);
}
