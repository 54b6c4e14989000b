/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_TABLE_H
#define KEYHAUL_KMS_TABLE_H

#include "base/cmd.h"

#include <jansson.h>

/* The end of a run over many bundles: a line each for people, and a CSV file for spreadsheets. */
struct table;

/* What became of one bundle; texts are copied, NULL and 0 for what is not known. */
struct table_row {
	const char *item;   /* the bundle */
	const char *arn;
	const char *result; /* one word, static: "fetched"; NULL where it failed */
	int64_t until;	    /* what was got is good, or what was imported stays, until then */
	const struct kh_error *why; /* why it failed */
};

/* Room for `n` rows. `csv`: a file to write at the end, NULL for none. The caller frees it. KH_E_INPUT, KH_E_MEMORY. */
int table_open(const char *csv, size_t n, struct table **out, struct kh_error *err);
void table_free(struct table *t);

/* Puts row `i`, once; rows that are not put were not come to. */
int table_put(struct table *t, size_t i, const struct table_row *row, struct kh_error *err);

/* Prints it and a line that counts the results, and writes the CSV file. `what` is what a row is: "bundle". */
int table_end(struct table *t, struct cmd *c, const char *what, struct kh_error *err);

#endif
