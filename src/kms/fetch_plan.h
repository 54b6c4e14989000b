/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FETCH_PLAN_H
#define KEYHAUL_KMS_FETCH_PLAN_H

#include "base/cmd.h"
#include "bundle/tokenprofile.h"
#include "session.h"

struct fetch_plan_opts {
	const struct session_opts *aws;
	const char *plan; /* the file */
	const char *out;  /* the folder of the bundles; made where it is not there */
	const char *csv;  /* NULL: none */
	const struct tokenprofile *profile; /* chooses where the plan names no algorithm; NULL: none */
	const char *profile_path;
	const struct policy *policy; /* the one in force; NULL: none */
	long jobs; /* keys at a time */
	bool renew; /* only what KMS has and drops soon, or has dropped */
	int64_t within; /* so soon, in seconds */
};

/*
 * fetch --plan: a bundle for each key, material and Region. What is there already and good is kept, what was imported
 * is passed over, a request whose time has run out without a receipt is set aside and fetched anew. One that fails does
 * not stop the others. KH_E_INPUT for the plan, before anything is called.
 */
int fetch_plan(struct cmd *c, const struct fetch_plan_opts *o, struct kh_error *err);

#endif
