/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * make_bundle OUT SPKI.der KEY_SPEC ALGORITHM WRAPPING_KEY_SPEC [NAME=VALUE...]
 *
 * A bundle of a request alone, as keyhaul-kms would have fetched it, for a wrapping key whose private half the test
 * has. NAME: arn, key_uri, token_serial, valid_to (seconds from now; negative: expired).
 */
#include "base/clock.h"
#include "bundle/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARN "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

static const char *value(int argc, char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 6; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

static void fill(struct bundle_request *r, int argc, char **argv, const struct buf *spki)
{
	const char *arn = value(argc, argv, "arn"), *left = value(argc, argv, "valid_to");

	r->kms_key_arn = arn ? arn : ARN;
	r->key_spec = argv[3];
	r->wrapping_algorithm = argv[4];
	r->wrapping_key_spec = argv[5];
	r->public_key = (struct bundle_blob){(const unsigned char *)buf_text(spki), spki->len};
	r->import_token = (struct bundle_blob){(const unsigned char *)"a token", 7};
	r->fetched_at = clock_now();
	r->parameters_valid_to = clock_now() + (left ? strtol(left, NULL, 10) : 3600);
	r->generator = "make_bundle";
	r->key_uri = value(argc, argv, "key_uri");
	r->token_serial = value(argc, argv, "token_serial");
}

int main(int argc, char **argv)
{
	struct bundle_request r = {0};
	struct buf spki = BUF_INIT(8192);
	struct bundle *b = NULL;
	struct kh_error err = {0};
	int ret = -1;

	if (argc < 6) {
		fprintf(stderr, "usage: make_bundle OUT SPKI.der KEY_SPEC ALGORITHM WRAPPING_KEY_SPEC [NAME=VALUE...]\n");
		return 2;
	}
	if (file_read(argv[2], &spki, &err) == 0) {
		fill(&r, argc, argv, &spki);
		if (bundle_new(&r, &b, &err) == 0)
			ret = bundle_create(b, argv[1], &err);
	}
	if (ret != 0)
		fprintf(stderr, "make_bundle: %s\n", err.msg);
	bundle_free(b);
	buf_free(&spki);
	return ret == 0 ? 0 : 1;
}
