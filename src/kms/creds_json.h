/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREDS_JSON_H
#define KEYHAUL_KMS_CREDS_JSON_H

#include "creds_chain.h"

#include <jansson.h>

/* Parses text with secrets into an object that wipes itself when dropped; NULL with KH_E_KMS. The caller drops it. */
json_t *creds_json_parse(const struct secret *text, struct kh_error *err);

/* What the keys are called; `expiration` may be text, or a number of milliseconds. */
struct creds_names {
	const char *id, *secret, *token, *expiration;
	bool must_expire; /* token and expiration may not be missing */
};

/* Takes keys out of the object, as creds_keep. Gives 1. KH_E_KMS for one that lacks what it must have. */
int creds_json_keep(const struct creds_chain *c, const json_t *object, const struct creds_names *names, struct creds *out,
		    struct kh_error *err);

/* A text of the object, "" for none. */
const char *creds_json_text(const json_t *object, const char *name);

#endif
