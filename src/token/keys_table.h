/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_KEYS_TABLE_H
#define KEYHAUL_TOKEN_KEYS_TABLE_H

#include "base/cmd.h"
#include "pkcs11/key.h"

/* The table of `keys`: a row for each key, by label, with the URI that is to be pasted below it. */

struct keys_row;

/* Begins as zeros. */
struct keys_table {
	struct keys_row *rows;
	size_t n, room;
};

/* Adds a key, of which the table keeps copies. KH_E_MEMORY. */
int keys_table_add(struct keys_table *table, const struct token *t, const struct key *k, struct kh_error *err);

/* Sorts and prints it. KH_E_MEMORY. */
int keys_table_show(struct cmd *c, struct keys_table *table, struct kh_error *err);

/* Frees what it holds and makes it zeros again. */
void keys_table_free(struct keys_table *table);

#endif
