/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_APPROVERS_PEOPLE_H
#define KEYHAUL_TESTS_APPROVERS_PEOPLE_H

#include "policy/approvers.h"

#include <openssl/evp.h>

#define FETCHED 1800000000
#define NOW (FETCHED + 3600)

enum who { ANN, ANN_2, BEN, CY, DAN, ZED, EVE, EVE_TWIN, FAY, FAY_TWIN, HSM, PEOPLE };

/* Their keys and certificates, which people_make makes and people_free frees; ca.pem is in a folder that is then the working one. */
extern EVP_PKEY *people_keys[PEOPLE];
extern X509 *people_certs[PEOPLE];
void people_make(void);
void people_free(void);

/* p.yaml there, a policy that wants two of all but HSM, who signs material. */
struct policy *people_policy(void);

/* A bundle under it with a request of FETCHED; the approval of one; its material, of NOW, under `policy`; the signature of that. */
struct bundle *people_bundle(const struct policy *p);
void people_approve(struct bundle *b, const struct policy *p, enum who who, int64_t at);
void people_wrap(struct bundle *b, const char *policy);
void people_sign(struct bundle *b, enum who who, int64_t at);

#endif
