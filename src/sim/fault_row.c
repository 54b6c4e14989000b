/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fault_row.h"

#include "api.h"
#include "aws/errname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISCARD "http://127.0.0.1:9/elsewhere" /* the discard port */

/* The words for WHAT; an error code is none of them. */
static const struct {
	const char *word;
	enum fault_kind kind;
	bool after, takes_text;
} words[] = {
	{"close", FAULT_CLOSE, false, false},	  {"drop", FAULT_CLOSE, true, false},
	{"html", FAULT_HTML, false, false},	  {"half", FAULT_HALF, true, false},
	{"empty", FAULT_EMPTY, false, false},	  {"redirect", FAULT_REDIRECT, false, true},
	{"http", FAULT_HTTP, false, true},
};

static int parse_op(const char *text, size_t len, struct fault_row *row, struct kh_error *err)
{
	size_t n = 0;
	const struct op *ops = api_ops(&n);

	row->op = NULL;
	if (len == 1 && *text == '*')
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strlen(ops[i].name) == len && memcmp(ops[i].name, text, len) == 0)
			row->op = ops[i].name;
	if (!row->op && len == 17 && memcmp(text, "GetCallerIdentity", 17) == 0)
		row->op = "GetCallerIdentity";
	return row->op ? 0 : kh_fail(err, KH_E_USAGE, 0, "--fault: '%.*s' is no operation of keyhaul-sim", (int)len, text);
}

/* "STATUS [BODY]" */
static int parse_http(const char *text, struct fault *what, struct kh_error *err)
{
	char *end = NULL;
	long status = strtol(text, &end, 10);

	if (status < 200 || status > 599 || (*end && *end != ' ')) {
		kh_fail(err, KH_E_USAGE, 0, "--fault: 'http %.60s': a status is 200 to 599", text);
		return kh_hint(err, "for example DescribeKey:1=http 503 Service Unavailable");
	}
	what->http = (int)status;
	end += *end == ' ';
	what->text = strdup(end);
	return what->text ? 0 : kh_fail_memory(err);
}

static int parse_code(const char *text, struct fault *what, struct kh_error *err)
{
	if (strcmp(text, "throttle") == 0)
		text = "ThrottlingException";
	if (!errname_find(text)) {
		kh_fail(err, KH_E_USAGE, 0, "--fault: '%.60s' is no error code of KMS's", text);
		return kh_hint(err, "an error code, or one of throttle, close, drop, html, half, empty, redirect, http STATUS "
				    "BODY");
	}
	what->kind = FAULT_CODE;
	(void)snprintf(what->code, sizeof(what->code), "%s", text);
	return 0;
}

static int parse_what(const char *text, struct fault *what, struct kh_error *err)
{
	size_t len;

	if (strlen(text) > FAULT_TEXT_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "--fault: longer than %d bytes", FAULT_TEXT_MAX);
	what->after = strncmp(text, "after ", 6) == 0;
	text += what->after ? 6 : 0;
	len = strcspn(text, " ");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != len || memcmp(words[i].word, text, len) != 0)
			continue;
		if (text[len] && !words[i].takes_text)
			return kh_fail(err, KH_E_USAGE, 0, "--fault: nothing stands behind '%s'", words[i].word);
		what->kind = words[i].kind;
		what->after = what->after || words[i].after;
		text += len + (text[len] == ' ');
		if (what->kind == FAULT_HTTP)
			return parse_http(text, what, err);
		what->text = what->kind == FAULT_REDIRECT ? strdup(*text ? text : DISCARD) : NULL;
		return what->kind != FAULT_REDIRECT || what->text ? 0 : kh_fail_memory(err);
	}
	return parse_code(text, what, err);
}

/* "3", "3+" or "25%"; gives where it ends, NULL where it is none of them. */
static const char *parse_which(const char *text, struct fault_row *row)
{
	char *end = NULL;
	long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;

	if (n < 1)
		return NULL;
	if (*end == '%') {
		row->percent = n;
		return n <= 100 ? end + 1 : NULL;
	}
	row->from = n;
	row->onwards = *end == '+';
	return end + row->onwards;
}

int fault_row_parse(const char *text, struct fault_row *out, struct kh_error *err)
{
	const char *colon = strchr(text, ':'), *end = colon ? parse_which(colon + 1, out) : NULL;

	if (end && *end == '=')
		return parse_op(text, (size_t)(colon - text), out, err) || parse_what(end + 1, &out->what, err) ? -1 : 0;
	kh_fail(err, KH_E_USAGE, 0, "--fault: '%.200s' is not OP:N=WHAT", text);
	return kh_hint(err, "for example ImportKeyMaterial:1=throttle, DescribeKey:2+=close or '*:5%%=http 503'");
}
