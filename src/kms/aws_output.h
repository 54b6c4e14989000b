/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_OUTPUT_H
#define KEYHAUL_KMS_AWS_OUTPUT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/* How an answer is written, byte for byte as the AWS CLI does. */
struct aws_output {
	const char *format; /* "json", "text", "table", "yaml" */
	const char *title;  /* of a table: the operation */
	bool terminal;	    /* then nothing in the answer may drive it */
	bool color;	    /* in a table */
	size_t columns;	    /* how wide a table may be before its single rows are turned */
};

/* Writes an answer, or what --query made of it. KH_E_USAGE for a format that is none, KH_E_INPUT for what no table can show. */
int aws_output(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);

/* The forms, each in a file of its own. */
int aws_output_json(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);
int aws_output_text(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);
int aws_output_table(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);
int aws_output_yaml(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);

/* A value that is no list and no object as Python's str has it: None, True, 5. */
int aws_output_scalar(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err);

/* A real number as Python's repr has it, in the range of times. */
int aws_output_real(double value, struct buf *out, struct kh_error *err);

/* The nearest whole number of one that is not negative, of two the even one; libm is not linked for it. */
long aws_output_round(double value);

/* True for what Python takes for false: None, False, 0, "", [] and {}. */
bool aws_output_is_empty(const json_t *value);

/* An object's names in their order, as an array of strings that the caller drops; NULL for want of memory. */
json_t *aws_output_names(const json_t *object);

#endif
