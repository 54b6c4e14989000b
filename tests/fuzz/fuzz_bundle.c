/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "bundle/bundle.h"

#include <string.h>

/* What is read is written and read again as the same, with the same digests. */
static void check_round_trip(const struct bundle *b)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct bundle *again = NULL;
	struct kh_error err;

	if (!bundle_write(b, &text, &err)) { /* indented it may be larger than a bundle is */
		fuzz_must(bundle_parse(buf_text(&text), text.len, &again, &err) == 0);
		fuzz_must(strcmp(bundle_request_sha256(b), bundle_request_sha256(again)) == 0);
		fuzz_must(strcmp(bundle_material_sha256(b), bundle_material_sha256(again)) == 0);
	}
	bundle_free(again);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle *b = NULL;
	struct kh_error err = {0};

	if (bundle_parse((const char *)data, size, &b, &err)) {
		fuzz_must(err.msg[0] && (err.code == KH_E_INPUT || err.code == KH_E_CHECK));
		return 0;
	}
	fuzz_must(size <= BUNDLE_MAX && bundle_request(b)->public_key.len > 0);
	fuzz_must(bundle_facts(b)->key_spec != KEYSPEC_NONE && bundle_facts(b)->algorithm != WRAPALG_NONE);
	fuzz_must((!bundle_receipt(b) && !bundle_material_signature(b)) || bundle_material(b));
	check_round_trip(b);
	bundle_free(b);
	return 0;
}
