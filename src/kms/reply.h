/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_REPLY_H
#define KEYHAUL_KMS_REPLY_H

#include "aws/errname.h"
#include "kms.h"

/*
 * Reads a whole HTTP reply: 200 with a JSON object becomes reply->json. Anything else is an error: an exception by its
 * code (body __type, header, body code) with KMS's message and our hint; HTML, half a JSON, a redirect as what they
 * are (KH_E_KMS). Sets reply->outcome and `*again`. `now` (seconds, our clock) is for naming a skew.
 */
int reply_read(const char *operation, const struct kms_answer *answer, int64_t now, struct kms_reply *reply,
	       enum errname_retry *again, struct kh_error *err);

/*
 * Members of an object, checked: the text (1 to `max` - 1 bytes) into `out`; a missing one gives "" where it may be
 * missing and KH_E_KMS otherwise, as does any other type.
 */
int reply_text(const json_t *object, const char *name, bool required, char *out, size_t max, struct kh_error *err);

/* A time in seconds since 1970, integer or fraction (cut down); 0 where it may be missing. KH_E_KMS. */
int reply_time(const json_t *object, const char *name, bool required, int64_t *out, struct kh_error *err);

/* A boolean; false where it is missing. KH_E_KMS. */
int reply_flag(const json_t *object, const char *name, bool *out, struct kh_error *err);

/* A blob of 1 to out->max bytes from padded base64, into an empty buffer that the caller frees. KH_E_KMS. */
int reply_blob(const json_t *object, const char *name, struct buf *out, struct kh_error *err);

#endif
