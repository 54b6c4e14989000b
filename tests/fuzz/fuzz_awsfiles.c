/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/awsfile.h"

#include <string.h>

/* What is found is inside the file, and a nested value is found whole or not at all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = {NULL, "profile", "services"};
	struct awsfile *f = NULL;
	struct kh_error err = {0};
	char url[64];

	if (awsfile_parse("fuzz", (const char *)data, size, &f, &err)) {
		fuzz_must(err.msg[0] && (err.code == KH_E_INPUT || err.code == KH_E_MEMORY));
		return 0;
	}
	fuzz_must(size <= AWSFILE_MAX);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *section = awsfile_section(f, kinds[i], "default");
		const char *value = awsfile_get(f, section, "aws_session_token");

		fuzz_must(!section || strlen(section) < size);
		fuzz_must(!value || strlen(value) < size);
		if (awsfile_nested(awsfile_get(f, section, "kms"), "endpoint_url", url, sizeof(url)))
			fuzz_must(strlen(url) < sizeof(url));
	}
	awsfile_free(f);
	return 0;
}
