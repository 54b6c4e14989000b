/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_CSVTABLE_H
#define KEYHAUL_BUNDLE_CSVTABLE_H

#include "base/buf.h"
#include "base/file.h"

/* What became of many bundles as CSV (RFC 4180), for spreadsheets: fetch, import and renew write the same columns. */

#define CSVTABLE_MAX (64u << 20)

/* One bundle; NULL and 0 for what is not known. */
struct csvtable_row {
	const char *bundle, *kms_key_arn, *result;
	const char *until; /* a time as text */
	int status;	   /* as if it had been the only one */
	const char *code;  /* the native one */
	const char *message;
};

/*
 * Takes the place of the file and begins its text in `text`, a buffer of CSVTABLE_MAX. A table of before is written anew;
 * KH_E_INPUT for any other file that is there. The caller closes and frees both, also after an error.
 */
int csvtable_open(const char *path, struct file **out, struct buf *text, struct kh_error *err);

/* Adds a row. */
int csvtable_add(struct buf *text, const struct csvtable_row *row, struct kh_error *err);

#endif
