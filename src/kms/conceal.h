/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CONCEAL_H
#define KEYHAUL_KMS_CONCEAL_H

#include "kms.h"

/* A server that shows what it was sent must not get the session token onto a terminal or into a bundle. */

/* Stars over the token of `creds` (NULL is fine) in body and headers; a request id that is none, or part of it, is emptied. */
void conceal_in_answer(const struct creds *creds, struct kms_answer *answer);

/* The same for what was made of the answer: JSON writes one text in many ways. */
void conceal_in_error(const struct creds *creds, struct kh_error *err);

#endif
