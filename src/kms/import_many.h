/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_IMPORT_MANY_H
#define KEYHAUL_KMS_IMPORT_MANY_H

#include "base/cmd.h"
#include "import.h"

#include <jansson.h>

/*
 * Imports the bundles that the command's operands name, several KMS keys at a time, those of one key one behind the
 * other: its first material before new ones, a primary key's before its replicas'. One that fails does not stop other
 * keys. Ends with a table. KH_E_USAGE where a bundle is named twice.
 */
int import_many(struct cmd *c, struct import_run *run, struct kh_error *err);

/* The words for a result: "imported"; "with a receipt" where that is all that is known, for KMS was not to be asked. */
const char *import_result_word(const struct import *i);

/* One import's JSON object of "results"; the caller drops it. NULL: out of memory. */
json_t *import_result_json(const char *path, const struct import *i);

#endif
