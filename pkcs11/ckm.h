/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_CKM_H
#define KEYHAUL_PKCS11_CKM_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

/* Mechanisms that libp11-kit 0.24's header has no name for yet (PKCS#11 v3.1 section 6.13; vendors' manuals). */
#define KH_CKM_AES_KEY_WRAP_KWP 0x210BUL	       /* RFC 5649 */
#define KH_CKM_AES_KEY_WRAP_PKCS7 0x210CUL	       /* PKCS#7 padding, then RFC 3394 */
#define KH_CKM_CLOUDHSM_AES_KEY_WRAP_ZERO 0x8000216FUL /* AWS CloudHSM SDK 5: RFC 5649 with a NULL IV */
#define KH_CKM_LUNA_AES_KWP 0x80000171UL	       /* Thales Luna 7: RFC 5649 */

#define CKM_NAME_MAX 40

/* One mechanism that hauling has to do with. */
struct ckm {
	CK_MECHANISM_TYPE number;
	const char *name; /* PKCS#11's or the vendor's */
	bool shown;	  /* `slots` says whether the token has it */
};

/* The mechanisms that are known by name, and how many. */
extern const struct ckm ckm_table[];
extern const size_t ckm_count;

/* The name, or "0x..." into `out` for one without; gives what to print. */
const char *ckm_name(CK_MECHANISM_TYPE number, char out[CKM_NAME_MAX]);

#endif
