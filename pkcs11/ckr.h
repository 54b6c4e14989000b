/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_CKR_H
#define KEYHAUL_PKCS11_CKR_H

#include "base/error.h"

#include <p11-kit/pkcs11.h>

/* One result code of PKCS#11 (v3.1 section 5.1), and what a person does about it. */
struct ckr {
	CK_RV rv;
	const char *name;
	const char *hint; /* "" where there is nothing better to say than the code */
};

/* The row of a code; NULL for one that is in no edition of the standard. */
const struct ckr *ckr_find(CK_RV rv);

/* "CKR_KEY_UNEXTRACTABLE"; "CKR_VENDOR_DEFINED" above 0x80000000, "CKR_?" for any other unknown one. */
const char *ckr_name(CK_RV rv);

/*
 * Sets KH_E_TOKEN with "CALL on WHAT: CKR_KEY_UNEXTRACTABLE (0x6A)" (`what` NULL: without it), the code, its name
 * and its hint. Gives -1.
 */
int ckr_fail(struct kh_error *err, CK_RV rv, const char *call, const char *what);
#ifdef __clang_analyzer__
#define ckr_fail(...) (ckr_fail(__VA_ARGS__), -1) /* see base/error.h */
#endif

/* The hint where a module answers what PKCS#11 does not let it. */
#define CKR_HINT_BROKEN "the module does not keep to PKCS#11: report it to its vendor"

#endif
