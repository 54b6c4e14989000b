/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fault.h"

#include "api.h"
#include "aws/errname.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct fault_row {
	const char *op; /* of api_ops, or "GetCallerIdentity" */
	long from, calls;
	bool onwards;
	enum fault what;
	char code[64];
};

struct faults {
	struct fault_row rows[OPT_LIST_MAX];
	size_t n;
	pthread_mutex_t lock;
};

static const char *const names[] = {
	[FAULT_CLOSE] = "close", [FAULT_DROP] = "drop",	  [FAULT_HTML] = "html",
	[FAULT_HALF] = "half",	 [FAULT_EMPTY] = "empty", [FAULT_REDIRECT] = "redirect",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == FAULTS, "a name for each fault");

static int parse_what(const char *text, struct fault_row *row, struct kh_error *err)
{
	for (int i = 0; i < FAULTS; i++)
		if (names[i] && strcmp(names[i], text) == 0) {
			row->what = (enum fault)i;
			return 0;
		}
	if (!errname_find(text)) {
		kh_fail(err, KH_E_USAGE, 0, "--fault: '%s' is no error code of KMS's", text);
		return kh_hint(err, "an error code, or one of close, drop, html, half, empty, redirect");
	}
	row->what = FAULT_CODE;
	(void)snprintf(row->code, sizeof(row->code), "%s", text);
	return 0;
}

static int parse_op(const char *text, size_t len, struct fault_row *row, struct kh_error *err)
{
	size_t n = 0;
	const struct op *ops = api_ops(&n);

	row->op = NULL;
	for (size_t i = 0; i < n; i++)
		if (strlen(ops[i].name) == len && memcmp(ops[i].name, text, len) == 0)
			row->op = ops[i].name;
	if (!row->op && len == 17 && memcmp(text, "GetCallerIdentity", 17) == 0)
		row->op = "GetCallerIdentity";
	return row->op ? 0 : kh_fail(err, KH_E_USAGE, 0, "--fault: '%.*s' is no operation of keyhaul-sim", (int)len, text);
}

static int parse_row(const char *text, struct fault_row *row, struct kh_error *err)
{
	const char *colon = strchr(text, ':');
	char *end = NULL;

	if (!colon)
		goto bad;
	row->from = strtol(colon + 1, &end, 10);
	row->onwards = *end == '+';
	end += row->onwards;
	if (*end != '=' || row->from < 1)
		goto bad;
	return parse_op(text, (size_t)(colon - text), row, err) || parse_what(end + 1, row, err) ? -1 : 0;
bad:
	kh_fail(err, KH_E_USAGE, 0, "--fault: '%s' is not OP:N=WHAT", text);
	return kh_hint(err, "for example ImportKeyMaterial:1=ThrottlingException or DescribeKey:2+=close");
}

int faults_parse(const struct opt_list *list, struct faults **out, struct kh_error *err)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (!f)
		return kh_fail_memory(err);
	(void)pthread_mutex_init(&f->lock, NULL);
	for (size_t i = 0; i < list->n; i++)
		if (parse_row(list->v[i], &f->rows[f->n++], err)) {
			faults_free(f);
			return -1;
		}
	*out = f;
	return 0;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

enum fault faults_next(struct faults *f, const char *op, const char **code)
{
	enum fault what = FAULT_NONE;

	if (!f)
		return FAULT_NONE;
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n; i++) {
		struct fault_row *row = &f->rows[i];

		if (strcmp(row->op, op) != 0)
			continue;
		row->calls++; /* each row counts for itself, so that rows may name several calls */
		if (what == FAULT_NONE && (row->calls == row->from || (row->onwards && row->calls > row->from))) {
			what = row->what;
			*code = row->code;
		}
	}
	(void)pthread_mutex_unlock(&f->lock);
	return what;
}
