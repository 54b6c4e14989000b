/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_FAULT_H
#define KEYHAUL_SIM_FAULT_H

#include "base/error.h"
#include "base/opt.h"

/* What --fault makes of one call. */
enum fault {
	FAULT_NONE,
	FAULT_CODE,	/* an error of KMS's, the operation not run */
	FAULT_CLOSE,	/* the connection is closed, the operation not run */
	FAULT_DROP,	/* the operation is run, the answer is lost */
	FAULT_HTML,	/* a 200 with HTML, the operation not run */
	FAULT_HALF,	/* the operation is run, half of the JSON is sent */
	FAULT_EMPTY,	/* a 200 with nothing */
	FAULT_REDIRECT, /* a 302 to another place */
	FAULTS
};

/* The faults that were asked for, and how often each operation was called. */
struct faults;

/* Reads OP:N=WHAT (N a number from 1, or "N+" for that call and all after it); the caller frees it. KH_E_USAGE. */
int faults_parse(const struct opt_list *list, struct faults **out, struct kh_error *err);
void faults_free(struct faults *f);

/* Counts a call and says what becomes of it; `*code` the error's name for FAULT_CODE. NULL faults: none. Any thread. */
enum fault faults_next(struct faults *f, const char *op, const char **code);

#endif
