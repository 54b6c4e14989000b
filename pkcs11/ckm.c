/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ckm.h"

#include <stdio.h>

const struct ckm ckm_table[] = {
	{CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN", false},
	{CKM_RSA_X9_31_KEY_PAIR_GEN, "CKM_RSA_X9_31_KEY_PAIR_GEN", false},
	{CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP", true},
	{CKM_RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP", true},
	{CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN", false},
	{CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", false},
	{CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN", false},
	{CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP", true},
	{CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", true},
	{KH_CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP", true},
	{KH_CKM_AES_KEY_WRAP_PKCS7, "CKM_AES_KEY_WRAP_PKCS7", true},
	{KH_CKM_CLOUDHSM_AES_KEY_WRAP_ZERO, "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD", true},
	{KH_CKM_LUNA_AES_KWP, "CKM_LUNA_AES_KWP", true},
};
const size_t ckm_count = sizeof(ckm_table) / sizeof(ckm_table[0]);

const char *ckm_name(CK_MECHANISM_TYPE number, char out[CKM_NAME_MAX])
{
	for (size_t i = 0; i < ckm_count; i++)
		if (ckm_table[i].number == number)
			return ckm_table[i].name;
	(void)snprintf(out, CKM_NAME_MAX, "0x%lX", number);
	return out;
}
