/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "csvtable.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEAD "bundle,kms_key_arn,result,until,status,code,message\r\n"

int csvtable_open(const char *path, struct file **out, struct buf *text, struct kh_error *err)
{
	const struct buf *there;

	if (file_open(path, CSVTABLE_MAX, out, err))
		return -1;
	there = file_content(*out);
	if (!there || there->len == 0 || strncmp(buf_text(there), HEAD, sizeof(HEAD) - 1) == 0)
		return buf_add(text, HEAD, sizeof(HEAD) - 1, err);
	kh_fail(err, KH_E_INPUT, 0, "%s is there already, and is no table of keyhaul's", path);
	return kh_hint(err, "nothing else is overwritten: name another --csv, or move that one away");
}

/* What a spreadsheet would take for a formula is text. */
static int add_field(struct buf *out, const char *text, bool last, struct kh_error *err)
{
	text = text ? text : "";
	if (buf_add(out, "\"", 1, err) || (text[0] && strchr("=+-@\t\r", text[0]) && buf_add(out, "'", 1, err)))
		return -1;
	for (const char *p = text; *p; p++)
		if (buf_add(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1, err))
			return -1;
	return buf_addf(out, last ? "\"\r\n" : "\",", err);
}

int csvtable_add(struct buf *text, const struct csvtable_row *row, struct kh_error *err)
{
	char status[12];
	const char *const fields[] = {row->bundle, row->kms_key_arn, row->result, row->until, status, row->code, row->message};
	const size_t n = sizeof(fields) / sizeof(fields[0]);

	(void)snprintf(status, sizeof(status), "%d", row->status);
	for (size_t i = 0; i < n; i++)
		if (add_field(text, fields[i], i == n - 1, err))
			return -1;
	return 0;
}
