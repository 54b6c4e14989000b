/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_PATTERN_H
#define KEYHAUL_AWS_PATTERN_H

#include <stdbool.h>

/*
 * True where the whole of a UTF-8 text fits a pattern of AWS's API model: characters, [sets] with ranges, \d \s \uXXXX,
 * (groups), and + * ? {n} {n,m} behind each; ^ and $ at the ends say what holds anyhow. The pattern is one of ours, not
 * from outside.
 */
bool pattern_fits(const char *pattern, const char *text);

/* Characters of UTF-8 text; bytes that are no part of any count as one each. */
long pattern_characters(const char *text);

#endif
