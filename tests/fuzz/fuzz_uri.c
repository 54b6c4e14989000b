/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "bundle/bundle.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct kh_error err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!bundle_check_uri(text, &err)) {
		fuzz_must(strncmp(text, "pkcs11:", 7) == 0 && strlen(text) <= 1024);
		fuzz_must(!strpbrk(text, "? #\n") && !strstr(text, ";module-") && !strstr(text, ";pin-"));
	}
	free(text);
	return 0;
}
