/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_output.h"

#include "log.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (256u << 20)

int output_bytes(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int output_text(const struct buf *text, struct kh_error *err)
{
	struct buf safe = BUF_INIT(OUTPUT_MAX);
	const char *at = buf_text(text), *end = at + text->len;
	int rc = -1;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		if (text_for_terminal(at, (size_t)((nl ? nl : end) - at), &safe, err) ||
		    (nl && buf_add(&safe, "\n", 1, err)))
			goto out;
		at = nl ? nl + 1 : end;
	}
	if (output_bytes(buf_text(&safe), safe.len))
		kh_fail_errno(err, KH_E_SYSTEM, errno, "the result could not be printed");
	else
		rc = 0;
out:
	buf_free(&safe);
	return rc;
}

int output_error(const struct kh_error *why, struct buf *out, struct kh_error *err)
{
	char native[128] = "";

	if (why->name[0])
		(void)snprintf(native, sizeof(native), "%s", why->name);
	else if (why->native)
		(void)snprintf(native, sizeof(native), "0x%lX", why->native);
	if (buf_addf(out, "{\"status\":%d,\"code\":\"%s\",\"native\":", err, kh_status(why->code),
		     kh_code_name(why->code)) ||
	    text_for_json(native, strlen(native), out, err) || buf_add(out, ",\"message\":", 11, err) ||
	    text_for_json(why->msg, strlen(why->msg), out, err) || buf_add(out, ",\"hint\":", 8, err) ||
	    text_for_json(why->hint, strlen(why->hint), out, err))
		return -1;
	return buf_add(out, "}", 1, err);
}

int output_document(const struct cmd *c, const char *command, enum kh_code code, const struct kh_error *why,
		    struct kh_error *err)
{
	struct buf doc = BUF_INIT(OUTPUT_MAX);
	int rc = -1;

	if (buf_add(&doc, "{\"keyhaul_output\":1,\"command\":", 30, err) ||
	    text_for_json(command, strlen(command), &doc, err) ||
	    buf_addf(&doc, ",\"ok\":%s,\"results\":[", err, code == KH_OK ? "true" : "false") ||
	    buf_add(&doc, buf_text(&c->results), c->results.len, err) || buf_add(&doc, "]", 1, err))
		goto out;
	if (log_warnings()[0] && buf_addf(&doc, ",\"warnings\":[%s]", err, log_warnings()))
		goto out;
	if (why && (buf_add(&doc, ",\"error\":", 9, err) || output_error(why, &doc, err)))
		goto out;
	if (buf_add(&doc, "}\n", 2, err))
		goto out;
	if (output_bytes(buf_text(&doc), doc.len))
		kh_fail_errno(err, KH_E_SYSTEM, errno, "the result could not be printed");
	else
		rc = 0;
out:
	buf_free(&doc);
	return rc;
}
