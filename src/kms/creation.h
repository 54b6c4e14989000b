/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREATION_H
#define KEYHAUL_KMS_CREATION_H

#include "plan/plan.h"
#include "session.h"

#define CREATION_ID_MAX 37 /* a UUID, with its NUL */

/*
 * A key that is made, as a plan's DIR/NAME.create or create's --out has it: the id by which it is tagged is on disk before
 * CreateKey is sent, so that a key whose answer got lost is found again and none is made twice.
 */
struct creation {
	struct file *file; /* locked */
	char id[CREATION_ID_MAX];
	int64_t attempted_at; /* CreateKey may have been sent then, and its result is not known; 0 */
	char region[32];
	char arn[ARN_MAX]; /* "" until it is known */
	bool aliased;
};

/* Locks and reads the file, new where there is none. The caller closes it, also after an error. KH_E_INPUT. */
int creation_open(const char *path, struct creation *out, struct kh_error *err);
void creation_close(struct creation *c);

/* Reads it without a lock, for commands that make nothing; `arn` "" where there is none yet. KH_E_INPUT. */
int creation_read_arn(const char *path, char arn[ARN_MAX], struct kh_error *err);

/*
 * Sees to it that the key is there in the Region of `kms`: CreateKey with `body`'s members and the tag where it was never
 * sent, what came of it where that is not known: looked for by the tag, and made again only five minutes after it was sent,
 * since KMS shows new keys late. KH_E_AGAIN until then.
 */
int creation_key(struct creation *c, const json_t *body, const struct endpoint *endpoint, struct kms *kms,
		 struct kh_error *err);

/* The same for a plan's key, and then its alias. `policy` is the key policy's text, NULL for KMS's default. */
int creation_make(struct creation *c, const struct plan_key *key, const char *policy, const struct endpoint *endpoint,
		  struct kms *kms, struct kh_error *err);

/* The replica `i` of the key that is made; `kms` is the primary's. It may be Creating for a while. `arn` is the replica's. */
int creation_replicate(const struct creation *c, const struct plan_key *key, size_t i, const char *policy, struct kms *kms,
		       char arn[ARN_MAX], struct kh_error *err);

#endif
