/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "bundle/keyspec.h"
#include "bundle/spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kh_error err;
	struct spki key;

	if (!spki_parse(data, size, 0, &key, &err)) {
		fuzz_must(key.bits == 2048 || key.bits == 3072 || key.bits == 4096);
		fuzz_must(key.modulus_len == key.bits / 8 && key.modulus[0] >= 0x80 && key.exponent_len == 3);
		spki_clear(&key);
		fuzz_must(spki_parse(data, size, 2056, &key, &err) == -1);
	}
	for (size_t i = 0; keyspec_names[i]; i++)
		(void)spki_check_material(data, size, keyspec_names[i], &err);
	return 0;
}
