/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_CHAIN_LINE_H
#define KEYHAUL_RECORD_CHAIN_LINE_H

#include "chain.h"

/*
 * Reads one line, without its line end: JSON, the members that the format asks for, each of its type. Unknown members are
 * passed over, for later versions may add some. 1 where it is no line; -1 for want of memory. chain_line_clear ends it.
 */
int chain_line_parse(const char *text, size_t len, struct chain_line *out, struct kh_error *err);

void chain_line_clear(struct chain_line *l);

#endif
