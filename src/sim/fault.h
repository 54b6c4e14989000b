/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_FAULT_H
#define KEYHAUL_SIM_FAULT_H

#include "base/error.h"
#include "base/opt.h"

#define FAULT_TEXT_MAX 4096
#define FAULTS_MAX 256 /* rows, of the command line and its files together */

enum fault_kind {
	FAULT_CODE,	/* an error of KMS's */
	FAULT_CLOSE,	/* the connection is closed without an answer */
	FAULT_HTML,	/* a 200 with HTML */
	FAULT_HALF,	/* half of the JSON */
	FAULT_EMPTY,	/* a 200 with nothing */
	FAULT_REDIRECT, /* a 302 to `text` */
	FAULT_HTTP,	/* the status `http` with the body `text` */
	FAULT_KINDS
};

/* What --fault makes of one call. */
struct fault {
	enum fault_kind kind;
	bool after;    /* the operation is run, and its answer lost */
	int http;
	char code[64]; /* FAULT_CODE */
	char *text;    /* NULL: none */
};

/* The faults that were asked for, and how often each operation was called. */
struct faults;

/*
 * Reads OP:WHICH=WHAT, or a file with one on each line (blank ones and those that begin with # are passed over); the
 * caller frees it. OP is an operation or *; WHICH is N, N+ (that call and all after it) or P% (that share of the calls,
 * spread evenly); WHAT an error code, throttle, close, drop, html, half, empty, redirect [URL] or http STATUS [BODY],
 * with "after " before it where the operation is to be run first. KH_E_USAGE, KH_E_INPUT.
 */
int faults_parse(const struct opt_list *list, struct faults **out, struct kh_error *err);
void faults_free(struct faults *f);

/* Counts a call and says what becomes of it; NULL for nothing, and for no faults. Any thread. */
const struct fault *faults_next(struct faults *f, const char *op);

#endif
