/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_INPUT_H
#define KEYHAUL_KMS_AWS_INPUT_H

#include "aws_args.h"

#include <jansson.h>

/* A request as it grows. The caller clears it. */
struct aws_input {
	json_t *members;	/* an object by the API's names */
	unsigned long is_bytes; /* a bit for each of the shape's members whose base64 is of a fileb:// file's bytes */
};

/*
 * The request's members from the options and, where no option says another, from --cli-input-json. Values may be file://
 * (text) and fileb:// (bytes). What they hold is not checked yet. KH_E_USAGE; KH_E_INPUT for an integer that is none.
 */
int aws_input_read(const struct aws_args *args, const struct kmsmodel_shape *shape, struct aws_input *out,
		   struct kh_error *err);

/*
 * Makes every blob padded base64: with `raw` of the text as it is, else of the bytes that the base64 text stands for,
 * where, as the AWS CLI does, other characters are passed over. KH_E_INPUT where it is none.
 */
int aws_input_blobs(struct aws_input *input, const struct kmsmodel_shape *shape, bool raw, struct kh_error *err);

/* Turns checked times into the wire's integers (seconds since 1970). KH_E_MEMORY. */
int aws_input_times(struct aws_input *input, const struct kmsmodel_shape *shape, struct kh_error *err);

void aws_input_clear(struct aws_input *input);

#endif
