/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_API_H
#define KEYHAUL_SIM_API_H

#include "members.h"
#include "reply.h"
#include "sim.h"

/* One call of an operation, with all it may read: no other clock, Region or state. */
struct call {
	struct sim *sim;
	int64_t now;	    /* the service's time, --clock included */
	const char *region; /* of the credential scope */
	const json_t *in;   /* checked by the operation's members */
	struct reply *reply;
};

/* One row an operation. */
struct op {
	const char *name;
	int (*run)(struct call *c); /* 0 or -1; the reply says all */
	const struct member *members;
	size_t n;
	bool locks_itself; /* does slow work before it takes the store's lock */
};

#define OP_MEMBERS(table) (table), sizeof(table) / sizeof((table)[0])

/* The operation of that name; NULL where there is none. */
const struct op *api_find(const char *name);

/* All rows, for the tests and the man page. */
const struct op *api_ops(size_t *n);

/*
 * Runs an operation on a request's body (JSON). The reply is a success or one of KMS's errors; the caller clears it.
 * Any thread.
 */
void api_call(struct sim *sim, const struct op *op, const char *region, const char *body, size_t len, int64_t now,
	      struct reply *r);

/* What of a key id an operation takes. */
enum call_ids {
	CALL_NO_ALIAS,
	CALL_ALIAS,
};

/*
 * The key that member `name` names, as time has made it: what has expired is deleted, a rotation is over. NULL with the reply set: NotFoundException,
 * InvalidArnException, AccessDeniedException.
 */
struct simkey *call_key(struct call *c, const char *name, enum call_ids ids);

/* Refuses a key that cannot be used now: DisabledException or KMSInvalidStateException. */
int call_usable(struct call *c, struct simkey *key);

/* Refuses a key whose KeyUsage is another: InvalidKeyUsageException. */
int call_usage(struct call *c, const struct simkey *key, const char *usage);

/* The key as it is, before an operation changes it: for call_save, or simkey_free. NULL with the reply set. */
struct simkey *call_before(struct call *c, const struct simkey *key);

/*
 * Saves the changed key, all or nothing: KMSInternalException where that fails, and the key is again as `before`,
 * which is freed either way.
 */
int call_save(struct call *c, struct simkey *key, struct simkey *before);

/* Does to the key, and to the primary that it follows, what time alone does, and saves; as call_save. */
int call_pass(struct call *c, struct simkey *key);

/* What reading sees of the key: with --lag how it was before its last change. NULL with NotFoundException. */
const struct simkey *call_view(struct call *c, const struct simkey *key);

/* The bytes as padded base64 in a JSON string; NULL without memory. */
json_t *call_blob(const void *data, size_t len);

/* Ends a DryRun: DryRunOperationException where it was asked for. */
int call_dry_run(struct call *c);

#endif
