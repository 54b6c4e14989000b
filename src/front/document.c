/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "document.h"

#include "bundle/jsontext.h"

int document_read(const struct step *s, json_t **out, struct kh_error *err)
{
	json_error_t bad;

	*out = jsontext_read(buf_text(&s->output), s->output.len, JSON_REJECT_DUPLICATES, &bad);
	if (json_is_object(*out))
		return 0;
	if (!*out && json_error_code(&bad) == json_error_out_of_memory)
		return kh_fail_memory(err);
	json_decref(*out);
	*out = NULL;
	return kh_fail(err, KH_E_SYSTEM, 0, "%s did not answer with JSON", s->program);
}

bool document_error(json_t *object, struct kh_error *why)
{
	const char *message = NULL, *hint = NULL, *native = NULL;

	if (json_unpack(object, "{s:{s:s, s:s, s:s}}", "error", "message", &message, "hint", &hint, "native", &native))
		return false;
	kh_context(why, "%.700s", message);
	kh_hint(why, "%s", hint);
	kh_name(why, native);
	return true;
}
