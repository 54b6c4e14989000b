/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "unwrap/unwrap.h"

/* Opened material: the first byte chooses the key spec, the rest is the PKCS#8. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum keyspec spec = size > 0 ? (enum keyspec)(data[0] % (KEYSPECS + 1)) : KEYSPEC_NONE;
	const struct keyspec_info *info = keyspec_info(spec);
	struct unwrap_pkcs8 p;
	struct secret *plain;
	struct kh_error err;

	if (size == 0 || size > SECRET_MAX)
		return 0;
	plain = secret_copy(data + 1, size - 1, &err);
	fuzz_must(plain != NULL);
	if (unwrap_pkcs8(plain, spec, &p, &err) == 0) {
		fuzz_must(info != NULL && info->secret_len == 0 && p.key != NULL);
		fuzz_must(p.trailing < size && (info->kind == KEYSPEC_RSA || p.named_curve));
		fuzz_must(EVP_PKEY_get_bits(p.key) == (int)info->bits);
	} else {
		fuzz_must(p.key == NULL && err.msg[0] != '\0');
	}
	unwrap_pkcs8_clear(&p);
	secret_free(plain);
	return 0;
}
