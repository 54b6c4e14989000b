/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "aws/awstime.h"
#include "base/clock.h"
#include "bundle/intent.h"

#include <string.h>

#define NOW INT64_C(1795000000)

/* --valid-to as the command line has it, and the times that KMS and HTTP give. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), words[256];
	struct intent_opts opts = {.valid_to = text};
	struct intent intent;
	struct kh_error err;
	int64_t t = -1;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!intent_from_opts(&opts, &intent, &err)) {
		fuzz_must((intent.valid_to > 0) != (intent.valid_for > 0));
		intent_words(&intent, words, sizeof(words));
		if (!intent_check(&intent, KEYSPEC_RSA_2048, NOW, &err))
			fuzz_must(intent.valid_for <= 31536000 && intent.valid_to <= NOW + 31536000);
	} else {
		fuzz_must(err.code == KH_E_USAGE && err.hint[0]);
	}
	if (!awstime_parse_absolute(text, &t, &err))
		fuzz_must(t >= 0 && t <= CLOCK_MAX);
	if (!awstime_parse_http(text, &t, &err))
		fuzz_must(t >= 0 && strlen(text) == 29);
	free(text);
	return 0;
}
