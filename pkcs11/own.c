/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "own.h"

#include "attr.h"
#include "base/base64.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int own_is(const struct token *t, CK_OBJECT_HANDLE object, const struct own_mark *mark, bool *ours,
	   struct kh_error *err)
{
	unsigned char value[OWN_MARK_MAX] = {0};
	struct attr_read read = {.type = mark->type, .data = value, .room = sizeof(value)};

	*ours = false;
	if (attr_read_all(t, object, &read, 1, err) != 0)
		return -1;
	*ours = read.there && read.len == mark->len && memcmp(value, mark->value, mark->len) == 0;
	return 0;
}

static bool is_among(const CK_OBJECT_HANDLE *handles, size_t n, CK_OBJECT_HANDLE one)
{
	for (size_t i = 0; i < n; i++)
		if (handles[i] == one)
			return true;
	return false;
}

/* What the token finds by the mark, less what it says has another: a broken search must not choose what is destroyed. */
static size_t find_but(const struct token *t, const struct own_mark *mark, const CK_OBJECT_HANDLE *keep, size_t n_keep,
		       CK_OBJECT_HANDLE **out)
{
	struct attr_template match = {.n = 0};
	struct kh_error ignored;
	size_t n = 0, ours = 0;
	bool is_ours;

	attr_add_bytes(&match, mark->type, mark->value, mark->len);
	if (key_search(t, &match, out, &n, &ignored) != 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!is_among(keep, n_keep, (*out)[i]) && own_is(t, (*out)[i], mark, &is_ours, &ignored) == 0 && is_ours)
			(*out)[ours++] = (*out)[i];
	return ours;
}

static size_t find(const struct token *t, const struct own_mark *mark, CK_OBJECT_HANDLE **out)
{
	return find_but(t, mark, NULL, 0, out);
}

/* `rv` is what C_DestroyObject said last. */
static void warn_left(const struct own_mark *mark, size_t n, CK_RV rv)
{
	char hex[2 * OWN_MARK_MAX + 1] = "";

	if (mark->type == CKA_ID)
		hex_encode(mark->value, mark->len, hex);
	else
		snprintf(hex, sizeof(hex), "'%.*s'", (int)mark->len, (const char *)mark->value);
	log_warning("%zu object%s with %s %s could not be destroyed and %s there still: C_DestroyObject: %s (0x%lX)", n,
		    n == 1 ? "" : "s", mark->type == CKA_ID ? "CKA_ID" : "the label", hex, n == 1 ? "is" : "are",
		    ckr_name(rv), rv);
}

size_t own_sweep(const struct token *t, const struct own_mark *mark)
{
	return own_sweep_but(t, mark, NULL, 0);
}

size_t own_sweep_but(const struct token *t, const struct own_mark *mark, const CK_OBJECT_HANDLE *keep, size_t n_keep)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = find_but(t, mark, keep, n_keep, &handles);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < n; i++)
		rv = P11_CALL(t->fn, C_DestroyObject, t->session, handles[i]);
	free(handles);
	if (n == 0)
		return 0;
	n = find_but(t, mark, keep, n_keep, &handles);
	free(handles);
	if (n > 0) /* what counts is that it is gone, whatever was said */
		warn_left(mark, n, rv);
	if (n > 0 && rv != CKR_OK)
		token_note_stuck(t, "C_DestroyObject", rv);
	return n;
}

size_t own_check_gone(const struct token *t, const struct own_mark *mark, CK_RV rv)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = find(t, mark, &handles);

	free(handles);
	if (n == 0 && rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
		n = 1; /* the search failed as well */
	if (n == 0)
		return 0;
	warn_left(mark, n, rv);
	token_note_left(t, n);
	return n;
}
