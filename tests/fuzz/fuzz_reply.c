/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/ops.h"

#include <string.h>

/* A server that answers every call with the input: its first byte is the status, the rest the body. */
struct input {
	const uint8_t *data;
	size_t size;
};

static int post(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err)
{
	static const long statuses[] = {200, 400, 500, 307};
	const struct input *in = ctx;

	(void)request;
	answer->sent = true;
	answer->status = in->size ? statuses[in->data[0] % 4] : 200;
	return in->size ? buf_add(&answer->body, in->data + 1, in->size - 1, err) : 0;
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1;
}

static void wait_ms(void *ctx, unsigned ms)
{
	(void)ctx;
	(void)ms;
}

static double chance(void *ctx)
{
	(void)ctx;
	return 0;
}

static bool stop(void *ctx)
{
	(void)ctx;
	return false;
}

static void look_at_parameters(struct kms *k, struct kh_error *err)
{
	struct ops_parameters p;

	if (!ops_parameters(k, "x", "RSAES_OAEP_SHA_256", "RSA_2048", &p, err))
		fuzz_must(p.import_token.len > 0 && p.import_token.len <= KMS_IMPORT_TOKEN_MAX && p.public_key.len > 0 &&
			  p.public_key.len <= KMS_PUBLIC_KEY_MAX && p.valid_to > 0);
	ops_parameters_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ops_materials materials;
	struct input in = {data, size};
	struct kms k = {.post = post, .post_ctx = &in, .url = "http://fuzz", .region = "r", .max_attempts = 1,
			.pace = {now, wait_ms, chance, stop, NULL}};
	struct buf der = BUF_INIT(0);
	struct ops_key key;
	struct arn arn;
	struct kh_error err = {0};

	if (ops_describe(&k, "x", &key, &err))
		fuzz_must(err.msg[0] && err.code != KH_E_CHECK && err.code != KH_OK);
	else
		fuzz_must(arn_parse_key(key.arn, &arn, &err) == 0);
	look_at_parameters(&k, &err);
	if (!ops_materials(&k, "x", &materials, &err))
		fuzz_must(materials.n <= OPS_MATERIALS_MAX);
	if (!ops_public_key(&k, "x", &der, &err))
		fuzz_must(der.len > 0);
	buf_free(&der);
	return 0;
}
