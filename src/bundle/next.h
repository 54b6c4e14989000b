/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_NEXT_H
#define KEYHAUL_BUNDLE_NEXT_H

#include "base/buf.h"
#include "bundle.h"

/* How far a bundle is. */
enum next_stage {
	NEXT_WRAP,    /* a request alone */
	NEXT_IMPORT,  /* with material */
	NEXT_NOTHING, /* with a receipt */
	NEXT_STAGES
};

enum next_stage next_stage(const struct bundle *b);

/* The stage in one word: "fetched", "wrapped", "imported". */
const char *next_stage_name(enum next_stage stage);

/* True where the parameters are past their time and there is no receipt: only a new fetch helps. */
bool next_is_expired(const struct bundle *b, int64_t now);

/*
 * Adds the command that fetches for the same KMS key once more, with this intent: all that the bundle says of its request,
 * but for what KMS gave.
 */
int next_fetch(const struct bundle *b, const struct intent *i, int64_t now, struct buf *out, struct kh_error *err);

/*
 * The same for what was imported and is gone: as that very material where KMS gave it an id, with the expiry that was asked
 * for. The bundle has a receipt.
 */
int next_refetch(const struct bundle *b, int64_t now, struct buf *out, struct kh_error *err);

/* What a policy makes of the next command. */
struct next_policy {
	const char *option; /* of --policy; NULL: the host's counts by itself */
	bool approve;	    /* people are missing who have to approve */
	bool sign;	    /* the material has to be signed */
};

/*
 * Adds the command to type next for the bundle at PATH, quoted for a shell; nothing once it is imported and no proof waits for
 * the token. `p` NULL: by the bundle alone, whose request may say that there is a policy, and not what is in it.
 */
int next_command_under(const struct bundle *b, const char *path, int64_t now, const struct next_policy *p, struct buf *out,
		       struct kh_error *err);

/* The same for NULL. */
int next_command(const struct bundle *b, const char *path, int64_t now, struct buf *out, struct kh_error *err);

#endif
