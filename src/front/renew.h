/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_RENEW_H
#define KEYHAUL_FRONT_RENEW_H

#include "base/cmd.h"
#include "base/file.h"
#include "pass.h"
#include "verbs.h"

#include <jansson.h>

struct renew_opts {
	const char *plan, *dir, *expiring_within, *token, *token_profile, *policy, *csv, *jobs;
	struct pass_token wrap;
	struct pass_kms kms;
	struct pass_import import;
};

/* A renewal in hand. Its state is the folder's bundles: run again, it does what is left. */
struct renew {
	struct cmd *c;
	const struct renew_opts *o;
	const struct opt_group *token_group, *kms_group, *import_group;
	char dir[VERBS_PATH]; /* of the bundles */
	json_t *told;	      /* fetch's results: an object a material */
	json_t *errors;	      /* of what failed behind it: "error" by the bundle's path */
	const char **paths;   /* room for a path each */
	struct file *csv;     /* the table as CSV too; NULL: none */
	struct buf csv_text;
	struct kh_error ended; /* why it ended before its end; code KH_OK: it did not */
};

/* Asks for what is due: `keyhaul-kms fetch --plan --expiring-within`. The caller clears `r`, also after an error. */
int renew_fetch(struct renew *r, struct kh_error *err);

/* Wraps what waits for it, one login a token. KH_E_USAGE where one token's PIN was given, and there are several. */
int renew_wrap(struct renew *r, struct kh_error *err);

/* Imports all that is wrapped. */
int renew_import(struct renew *r, struct kh_error *err);

/* The table, or an object each: what became of every material. */
int renew_tell(struct renew *r, struct kh_error *err);

void renew_clear(struct renew *r);

#endif
