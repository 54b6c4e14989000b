/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/aws_check.h"
#include "kms/aws_output.h"
#include "kms/aws_query.h"
#include "kms/aws_shape.h"

#include <string.h>

/* The first line is a --query, the rest the reply of every operation, or a --cli-input-json. */

static void write_forms(const json_t *value)
{
	static const char *const forms[] = {"json", "text", "table", "yaml"};
	struct aws_output o = {.title = "Operation", .terminal = true, .columns = 80};
	struct kh_error err = {0};
	json_t *again;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buf out = BUF_INIT(1u << 20);

		o.format = forms[i];
		if (aws_output(&o, value, &out, &err) == 0) {
			fuzz_must(!memchr(buf_text(&out), '\033', out.len));
			again = i == 0 && out.len ? json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
			fuzz_must(i != 0 || out.len == 0 || again); /* it is JSON */
			fuzz_must(!again || !json_is_string(value) || json_equal(again, value));
			json_decref(again);
		}
		buf_free(&out);
	}
}

static void look(const json_t *reply, const struct kmsmodel_operation *op, const struct aws_query *query)
{
	json_t *answer = NULL, *found;
	struct kh_error err = {0};

	if (aws_shape_reply(reply, op->output, false, &answer, &err)) {
		fuzz_must(err.code == KH_E_KMS);
		return;
	}
	write_forms(answer);
	found = query ? aws_query_search(query, answer) : NULL;
	fuzz_must(!query || found);
	if (found)
		write_forms(found);
	json_decref(found);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - data) : size, rest = end ? first + 1 : size;
	char *text = strndup((const char *)data, first);
	json_t *reply = json_loadb((const char *)data + rest, size - rest, JSON_REJECT_DUPLICATES, NULL);
	struct aws_query *query = NULL;
	struct kh_error err = {0};

	if (text && aws_query_compile(text, &query, &err))
		fuzz_must(err.code == KH_E_USAGE && !query);
	for (size_t i = 0; reply && kmsmodel_operation(i); i++) {
		look(reply, kmsmodel_operation(i), query);
		if (aws_check(reply, kmsmodel_operation(i)->input, AWS_CHECK_ALL, &err))
			fuzz_must(err.code == KH_E_USAGE);
		else
			fuzz_must(aws_check(reply, kmsmodel_operation(i)->input, AWS_CHECK_CLI, &err) == 0);
	}
	if (reply)
		write_forms(reply);
	aws_query_free(query);
	json_decref(reply);
	free(text);
	return 0;
}
