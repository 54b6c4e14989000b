/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_output.h"

#include "log.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUTPUT_MAX (256u << 20)

static int write_all(const char *data, size_t len)
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

int output_bytes(const char *data, size_t len)
{
	int rc, why;

	log_hold();
	rc = write_all(data, len);
	why = errno;
	log_release();
	errno = why;
	return rc;
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

size_t cmd_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int output_error(const struct kh_error *why, struct buf *out, struct kh_error *err)
{
	const char *hint = kh_error_hint(why);
	char native[128] = "";

	if (why->name[0])
		(void)snprintf(native, sizeof(native), "%s", why->name);
	else if (why->native)
		(void)snprintf(native, sizeof(native), "0x%lX", why->native);
	if (buf_addf(out, "{\"status\":%d,\"code\":\"%s\",\"native\":", err, kh_status(why->code),
		     kh_code_name(why->code)) ||
	    text_for_json(native, strlen(native), out, err) || buf_add(out, ",\"message\":", 11, err) ||
	    text_for_json(why->msg, strlen(why->msg), out, err) || buf_add(out, ",\"hint\":", 8, err) ||
	    text_for_json(hint, strlen(hint), out, err))
		return -1;
	return buf_add(out, "}", 1, err);
}

static int add_head(const struct cmd *c, struct buf *doc, struct kh_error *err)
{
	if (buf_add(doc, "{\"keyhaul_output\":1,\"command\":", 30, err))
		return -1;
	return text_for_json(c->command, strlen(c->command), doc, err);
}

static void put_out(struct cmd *c, const struct buf *part)
{
	if (c->output_errno == 0 && output_bytes(buf_text(part), part->len))
		c->output_errno = errno;
}

/* "ok" is not known yet: in a document that is begun here it comes behind the results. */
int output_results(struct cmd *c, struct kh_error *err)
{
	struct buf head = BUF_INIT(1024);
	int rc = 0;

	if (!c->begun) {
		rc = add_head(c, &head, err) || buf_add(&head, ",\"results\":[", 12, err) ? -1 : 0;
		if (rc == 0)
			put_out(c, &head);
		c->begun = rc == 0;
	}
	buf_free(&head);
	if (rc == 0)
		put_out(c, &c->results);
	c->results.len = 0;
	return rc;
}

static int add_results(const struct cmd *c, bool ok, struct buf *doc, struct kh_error *err)
{
	const char *said = ok ? "true" : "false";

	if (!c->begun && (add_head(c, doc, err) || buf_addf(doc, ",\"ok\":%s,\"results\":[", err, said)))
		return -1;
	if (buf_add(doc, buf_text(&c->results), c->results.len, err) || buf_add(doc, "]", 1, err))
		return -1;
	return c->begun ? buf_addf(doc, ",\"ok\":%s", err, said) : 0;
}

int output_document(struct cmd *c, enum kh_code code, const struct kh_error *why, struct kh_error *err)
{
	struct buf doc = BUF_INIT(OUTPUT_MAX);
	int rc = -1;

	if (add_results(c, code == KH_OK, &doc, err))
		goto out;
	if (log_warnings()[0] && buf_addf(&doc, ",\"warnings\":[%s]", err, log_warnings()))
		goto out;
	if (why && (buf_add(&doc, ",\"error\":", 9, err) || output_error(why, &doc, err)))
		goto out;
	if (buf_add(&doc, "}\n", 2, err))
		goto out;
	put_out(c, &doc);
	if (c->output_errno)
		kh_fail_errno(err, KH_E_SYSTEM, c->output_errno, "the result could not be printed");
	else
		rc = 0;
out:
	buf_free(&doc);
	return rc;
}
