/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_PAGE_H
#define KEYHAUL_KMS_AWS_PAGE_H

#include "aws_call.h"

/* How ListKeyRotations is asked for page by page, as the AWS CLI does it. */
struct aws_page {
	long max_items; /* -1: all */
	long page_size; /* -1: KMS's; for the request's Limit */
	char *marker;	/* where to begin; NULL: at the front */
	long skip;	/* entries of the first page that were shown before */
};

/* Reads --max-items, --page-size and --starting-token. The caller clears it. KH_E_USAGE; KH_E_INPUT for a bad token. */
int aws_page_read(const struct aws_settings *settings, struct aws_page *out, struct kh_error *err);
void aws_page_clear(struct aws_page *p);

/*
 * Asks for the pages and gives each one's list in the model's form, as an array of {"Rotations": [...]}; where the output
 * was cut at max_items `*next_token` is the text that goes on from there, which the caller frees. `wire`: as
 * aws_shape_reply.
 */
int aws_page_call(struct aws_call *call, const struct aws_page *p, const json_t *body, bool wire, json_t **pages,
		  char **next_token, enum aws_status *status, struct kh_error *err);

#endif
