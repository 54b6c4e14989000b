/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "form.h"

#include "bundle.h"

#include <string.h>

int form_key_spec(const char *text, struct kh_error *err)
{
	enum keyspec spec;

	return keyspec_parse(text, &spec, err);
}

int form_algorithm(const char *text, struct kh_error *err)
{
	enum wrapalg alg;

	return wrapalg_parse(text, &alg, err);
}

int form_one_of(const char *text, const char *const *choices, struct kh_error *err)
{
	for (size_t i = 0; choices[i]; i++)
		if (strcmp(choices[i], text) == 0)
			return 0;
	return kh_fail(err, KH_E_INPUT, 0, "'%.64s' is none of the values that it can have", text);
}

int form_hex(const char *text, struct kh_error *err)
{
	size_t len = strlen(text);

	return len % 2 == 0 && strspn(text, "0123456789abcdef") == len
		       ? 0 : kh_fail(err, KH_E_INPUT, 0, "not hex in lower case, two digits a byte");
}

int form_sha256(const char *text, struct kh_error *err)
{
	return strlen(text) == BUNDLE_DIGEST_HEX - 1 && form_hex(text, err) == 0
		       ? 0 : kh_fail(err, KH_E_INPUT, 0, "not a SHA-256 in hex (64 digits, lower case)");
}
