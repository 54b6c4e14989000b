/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_FAULT_ROW_H
#define KEYHAUL_SIM_FAULT_ROW_H

#include "fault.h"

/* One OP:WHICH=WHAT. For fault.c and fault_row.c alone. */
struct fault_row {
	const char *op; /* of api_ops, or "GetCallerIdentity"; NULL for all */
	long from;	/* the call, from 1; 0 where it is a share */
	long percent;
	bool onwards;
	long calls;	/* so far */
	struct fault what;
};

/* Reads one; the caller frees what.text. KH_E_USAGE. */
int fault_row_parse(const char *text, struct fault_row *out, struct kh_error *err);

#endif
