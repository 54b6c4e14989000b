/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_ARGS_H
#define KEYHAUL_KMS_AWS_ARGS_H

#include "aws/kmsmodel.h"
#include "session.h"

#define AWS_ARGS_GIVEN_MAX 16 /* no operation has more members */

/* What the options mean that are no member of the request. */
struct aws_settings {
	struct session_opts session;
	const char *input_json;
	const char *skeleton; /* "input" or "output"; NULL: the call itself */
	const char *output, *query, *color, *binary_format;
	const char *starting_token, *max_items, *page_size;
	bool no_paginate;
	bool no_sign_request;
	bool ignored; /* what the AWS CLI has a switch for, and there is nothing here to switch */
};

/* A member's option as it was given: --no-NAME is a flag without a value. */
struct aws_given {
	const struct opt_row *row;
	char **values;
	size_t n;
	char *one; /* the value behind "=": values points to it */
};

struct aws_args {
	struct aws_settings settings;
	struct aws_given given[AWS_ARGS_GIVEN_MAX];
	size_t n;
	bool debug;
};

/*
 * Reads the words as the AWS CLI's parser does: unique beginnings of names count, the last of several wins, a word that
 * begins with a hyphen is a value where it is a number or has a space in it. groups[0] are the members' rows, the others
 * lie in struct aws_settings. Checks that required members are there, unless --cli-input-json or --generate-cli-skeleton
 * is. Values point into argv and `out`, which is not moved. KH_E_USAGE; KH_E_INPUT for a timeout that is no number.
 */
int aws_args_parse(const struct opt_group *groups, const struct kmsmodel_shape *input, int argc, char **argv,
		   struct aws_args *out, struct kh_error *err);

/* The given option of a member ("KeyId") or its --no- form; NULL for none. */
const struct aws_given *aws_args_of(const struct aws_args *args, const char *member);

/* True for --no-NAME. */
bool aws_args_is_no(const struct aws_given *given);

#endif
