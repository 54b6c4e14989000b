/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_TABLE_H
#define KEYHAUL_KMS_TABLE_H

#include "base/cmd.h"

#include <jansson.h>

/*
 * The end of a run over many bundles: a line each for people, on a terminal of several where it is too narrow, and a CSV
 * file for spreadsheets.
 */
struct table;

/* What became of one bundle; what it points to is copied, NULL and 0 for what is not known. */
struct table_row {
	const char *item;   /* the bundle */
	const char *arn;
	const char *result; /* one word, static: "fetched"; NULL where it failed, unless it was not tried */
	int64_t until;	    /* what was got is good, or what was imported stays, until then */
	bool imported;	    /* so it is of the material: 0 is that it does not expire */
	json_t *json;	    /* its object of "results", taken over; NULL where it failed */
	const struct kh_error *why; /* why it failed */
};

/*
 * Room for `n` rows of a command's run. `csv`: a file to write at the end, NULL for none. The caller frees it. KH_E_INPUT,
 * KH_E_MEMORY.
 */
int table_open(struct cmd *c, const char *csv, size_t n, struct table **out, struct kh_error *err);
void table_free(struct table *t);

/*
 * Puts row `i`, once, in any order; rows that are not put were not come to. Results and the lines of errors come out in
 * the rows' order, each once all before it are there.
 */
int table_put(struct table *t, size_t i, const struct table_row *row, struct kh_error *err);

/* How many rows were put. */
size_t table_count(const struct table *t);

/* Lets out what still waits for a row that was not put: for a run that ends before its end. */
int table_rest(struct table *t, struct kh_error *err);

/* table_rest; then prints it and a line that counts the results, and writes the CSV file. `what` is what a row is: "bundle". */
int table_end(struct table *t, const char *what, struct kh_error *err);

#endif
