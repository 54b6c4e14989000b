/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_MEMBERS_H
#define KEYHAUL_SIM_MEMBERS_H

#include "base/buf.h"
#include "reply.h"

#include <stdbool.h>
#include <stdint.h>

enum member_kind {
	MEMBER_TEXT,
	MEMBER_BLOB, /* padded base64; limits are of the bytes */
	MEMBER_BOOL,
	MEMBER_NUMBER,
	MEMBER_TIME,	/* epoch seconds, whole or not, or ISO 8601 */
	MEMBER_TEXTS,	/* a list of texts */
	MEMBER_CONTEXT, /* text to text */
	MEMBER_TAGS,	/* a list of {TagKey, TagValue} */
	MEMBER_OBJECT,	/* not looked into */
	MEMBER_KINDS
};

/* One member of a request, by the API model. */
struct member {
	const char *name;
	enum member_kind kind;
	bool required;
	long min, max;		   /* length, bytes, number or count; max 0: no limits */
	const char *const *values; /* an enum's, up to a NULL */
	const char *pattern;	   /* of the whole text, as the model writes it; and as a POSIX ERE */
	const char *regex;
};

/*
 * Checks a request against its members as KMS does: SerializationException for what has the wrong type,
 * ValidationException that counts and names each constraint that is not met. 0 where all are. What is no member is
 * ignored.
 */
int members_check(const struct member *members, size_t n, const json_t *in, struct reply *r);

/* The text of a member; NULL where it is absent. Only after members_check. */
const char *member_text(const json_t *in, const char *name);

/* True where the member is there (and not null). */
bool member_given(const json_t *in, const char *name);
bool member_true(const json_t *in, const char *name);
long member_number(const json_t *in, const char *name, long preset);
int64_t member_time(const json_t *in, const char *name);

/* Adds a blob's bytes; nothing where it is absent. KH_E_INPUT only for what members_check would have refused. */
int member_blob(const json_t *in, const char *name, struct buf *out, struct kh_error *err);

#endif
