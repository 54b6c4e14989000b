/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_page.h"

#include "aws_shape.h"
#include "base/base64.h"
#include "bundle/jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST "Rotations"
#define PAGES_MAX 1000
#define TOKEN_MAX 4096

/* A run over the pages. */
struct walk {
	const struct aws_page *wish;
	json_t *body, *pages;
	long items;
	const char *marker; /* of the page in hand: belongs to the body; NULL for the first */
	bool wire;
};

static int read_number(const char *option, const char *text, long *out, struct kh_error *err)
{
	char *end = NULL;

	*out = -1;
	if (!text)
		return 0;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno || end == text || *end)
		return kh_fail(err, KH_E_USAGE, 0, "argument --%s: invalid int value: '%.100s'", option, text);
	return 0;
}

static int read_token(const char *text, struct aws_page *out, struct kh_error *err)
{
	struct buf bytes = BUF_INIT(TOKEN_MAX);
	struct kh_error ignored;
	json_t *token = NULL;
	const char *marker;
	int rc = 0;

	if (!base64_decode(text, strlen(text), &bytes, &ignored))
		token = jsontext_read(buf_text(&bytes), bytes.len, JSON_REJECT_DUPLICATES, NULL);
	buf_free(&bytes);
	/* what is none of the AWS CLI's is KMS's own marker */
	marker = token ? json_string_value(json_object_get(token, "Marker")) : text;
	out->skip = (long)json_integer_value(json_object_get(token, "boto_truncate_amount"));
	if (out->skip < 0)
		rc = kh_fail(err, KH_E_INPUT, 0, "Bad starting token: %.200s", text);
	if (!rc && marker) {
		out->marker = strdup(marker);
		rc = out->marker ? 0 : kh_fail_memory(err);
	}
	json_decref(token);
	return rc;
}

int aws_page_read(const struct aws_settings *settings, struct aws_page *out, struct kh_error *err)
{
	*out = (struct aws_page){.max_items = -1, .page_size = -1};
	if (read_number("max-items", settings->max_items, &out->max_items, err) ||
	    read_number("page-size", settings->page_size, &out->page_size, err))
		return -1;
	return settings->starting_token ? read_token(settings->starting_token, out, err) : 0;
}

void aws_page_clear(struct aws_page *p)
{
	free(p->marker);
	p->marker = NULL;
}

/* Where to go on: the base64 of {"Marker": ..., "boto_truncate_amount": N}. */
static int make_token(const char *marker, long skip, char **out, struct kh_error *err)
{
	json_t *token = json_object();
	struct buf text = BUF_INIT(BASE64_LEN(TOKEN_MAX));
	char *json = NULL;
	int rc = -1;

	if (!token || json_object_set_new(token, "Marker", marker ? json_string(marker) : json_null()) ||
	    (skip >= 0 && json_object_set_new(token, "boto_truncate_amount", json_integer(skip))))
		goto out;
	json = jsontext_write(token, JSON_ENSURE_ASCII);
	if (json && !base64_encode(json, strlen(json), &text, err)) {
		*out = strdup(buf_text(&text));
		rc = *out ? 0 : -1;
	}
out:
	if (rc)
		kh_fail_memory(err);
	free(json);
	json_decref(token);
	buf_free(&text);
	return rc;
}

static int add_page(struct walk *w, json_t *list, struct kh_error *err)
{
	w->items += (long)json_array_size(list);
	return json_array_append_new(w->pages, json_pack("{s:o}", LIST, list)) ? kh_fail_memory(err) : 0;
}

/* Takes a page's list, without what was shown before and what is too much. Sets the token where it was cut. */
static int take_page(struct walk *w, json_t *shaped, bool first, char **token, struct kh_error *err)
{
	json_t *all = json_object_get(shaped, LIST), *list = json_array();
	size_t skip = first ? (size_t)w->wish->skip : 0, i = skip;
	long room = w->wish->max_items < 0 ? -1 : w->wish->max_items - w->items;

	for (; i < json_array_size(all) && (room < 0 || (long)(i - skip) < room); i++)
		if (json_array_append(list, json_array_get(all, i))) {
			json_decref(list);
			return kh_fail_memory(err);
		}
	if (!list)
		return kh_fail_memory(err);
	if (add_page(w, list, err))
		return -1;
	return i < json_array_size(all) ? make_token(w->marker, (long)i, token, err) : 0;
}

/* The marker of the page behind this one; NULL for none. */
static int next_marker(struct walk *w, const json_t *shaped, bool *more, struct kh_error *err)
{
	const char *marker = json_string_value(json_object_get(shaped, "NextMarker"));

	*more = marker && json_is_true(json_object_get(shaped, "Truncated"));
	if (!*more)
		return 0;
	if (w->marker && strcmp(w->marker, marker) == 0)
		return kh_fail(err, KH_E_KMS, 0, "Error during pagination: The same next token was received twice: %.200s", marker);
	if (json_object_set_new(w->body, "Marker", json_string(marker)))
		return kh_fail_memory(err);
	w->marker = json_string_value(json_object_get(w->body, "Marker"));
	return 0;
}

static int one_page(struct aws_call *call, struct walk *w, bool first, bool *more, char **token, enum aws_status *status,
		    struct kh_error *err)
{
	json_t *reply = NULL, *shaped = NULL;
	int rc = aws_call(call, w->body, &reply, status, err);

	if (rc == 0) {
		*status = AWS_OTHER;
		rc = aws_shape_reply(reply, call->operation->output, w->wire, &shaped, err);
	}
	if (rc == 0 && !json_is_array(json_object_get(shaped, LIST)))
		rc = kh_fail(err, KH_E_KMS, 0, "%s: the reply has no %s", call->operation->name, LIST);
	if (rc == 0)
		rc = take_page(w, shaped, first, token, err);
	if (rc == 0 && !*token)
		rc = next_marker(w, shaped, more, err);
	if (rc == 0 && !*token && *more && w->items == w->wish->max_items) {
		rc = make_token(w->marker, -1, token, err);
		*more = false;
	}
	json_decref(reply);
	json_decref(shaped);
	return rc;
}

int aws_page_call(struct aws_call *call, const struct aws_page *p, const json_t *body, bool wire, json_t **pages,
		  char **next_token, enum aws_status *status, struct kh_error *err)
{
	struct walk w = {.wish = p, .body = json_deep_copy(body), .pages = json_array(), .wire = wire};
	bool more = true;
	int rc = w.body && w.pages ? 0 : kh_fail_memory(err);

	*status = AWS_OTHER;
	*next_token = NULL;
	if (!rc && p->marker && json_object_set_new(w.body, "Marker", json_string(p->marker)))
		rc = kh_fail_memory(err);
	if (!rc)
		w.marker = json_string_value(json_object_get(w.body, "Marker"));
	for (int n = 0; !rc && more; n++) {
		more = false;
		if (n == PAGES_MAX)
			rc = kh_fail(err, KH_E_KMS, 0, "%s: more than %d pages", call->operation->name, PAGES_MAX);
		else
			rc = one_page(call, &w, n == 0, &more, next_token, status, err);
	}
	json_decref(w.body);
	if (rc)
		json_decref(w.pages);
	else
		*pages = w.pages;
	return rc;
}
