/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_PARAGRAPH_H
#define KEYHAUL_TOKEN_PARAGRAPH_H

#include "base/cmd.h"

/* The narrowest terminal that people have; one width for all, so that what is printed can be compared. */
#define PARAGRAPH_WIDTH 80

/*
 * Prints words from `column` on, which the line has reached, broken before column PARAGRAPH_WIDTH and indented to `column`,
 * and ends the line. A word that is wider than a line stays whole. KH_E_MEMORY.
 */
int paragraph_print(struct cmd *c, unsigned column, const char *text, struct kh_error *err);

#endif
