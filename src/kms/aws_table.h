/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_TABLE_H
#define KEYHAUL_KMS_AWS_TABLE_H

#include "aws_output.h"

/* A table in sections, one under the other, as wide as the widest. */
struct aws_table;

/* The caller frees it; NULL for want of memory. */
struct aws_table *aws_table_new(const struct aws_output *o);
void aws_table_free(struct aws_table *t);

/* Begins a section, `indent` deep. KH_E_MEMORY. */
int aws_table_section(struct aws_table *t, const char *title, int indent, struct kh_error *err);

/* The last section's column heads: an array of strings, which is taken over (NULL is KH_E_MEMORY). */
int aws_table_head(struct aws_table *t, json_t *names, struct kh_error *err);

/* A row: an array of scalars, which is taken over. KH_E_INPUT where it has not as many as the rows before. */
int aws_table_row(struct aws_table *t, json_t *values, struct kh_error *err);

/* Writes it. */
int aws_table_write(struct aws_table *t, struct buf *out, struct kh_error *err);

#endif
