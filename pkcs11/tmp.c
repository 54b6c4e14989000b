/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tmp.h"

#include "base/base64.h"
#include "base/cmd.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "keygen.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100 /* objects that are worth a word */
#define PREFIX_LEN (sizeof(TMP_PREFIX) - 1)

int tmp_label(char out[TMP_LABEL], struct kh_error *err)
{
	unsigned char random[TMP_RANDOM];
	char hex[2 * TMP_RANDOM + 1];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "no randomness");
	hex_encode(random, sizeof(random), hex);
	snprintf(out, TMP_LABEL, "%s%s", TMP_PREFIX, hex);
	return 0;
}

bool tmp_is_ours(const char *label, size_t len)
{
	if ((len != PREFIX_LEN + 2 * TMP_RANDOM && len != PREFIX_LEN + 2 * KEYGEN_ID) || memcmp(label, TMP_PREFIX, PREFIX_LEN) != 0)
		return false;
	for (size_t i = PREFIX_LEN; i < len; i++)
		if (label[i] == '\0' || strchr("0123456789abcdef", label[i]) == NULL)
			return false;
	return true;
}

/* `*is` tells whether the label begins so; an object that is gone meanwhile, or tells nothing, is none. */
static int look(const struct token *t, CK_OBJECT_HANDLE handle, struct tmp_object *out, bool *is, struct kh_error *err)
{
	char label[TMP_LABEL_READ] = {0};
	CK_BBOOL kept = CK_FALSE;
	struct attr_read reads[] = {
		{.type = CKA_LABEL, .data = label, .room = sizeof(label)},
		ATTR_READ(CKA_TOKEN, kept),
		ATTR_READ(CKA_CLASS, out->object_class),
	};

	*is = false;
	if (attr_read_all(t, handle, reads, sizeof(reads) / sizeof(reads[0]), err) != 0) {
		if (token_is_gone(err->native))
			return -1;
		if (err->native != CKR_OBJECT_HANDLE_INVALID) /* it went while we looked */
			log_warning("an object was not looked at: %s", err->msg);
		return 0;
	}
	if (!reads[0].there || reads[0].len < PREFIX_LEN || memcmp(label, TMP_PREFIX, PREFIX_LEN) != 0)
		return 0;
	*is = true;
	out->handle = handle;
	snprintf(out->label, sizeof(out->label), "%.*s", (int)reads[0].len, label);
	out->kept = attr_flag(&reads[1]) == BUNDLE_TRUE;
	out->ours = tmp_is_ours(label, reads[0].len);
	if (!reads[2].there)
		out->object_class = CK_UNAVAILABLE_INFORMATION;
	return 0;
}

int tmp_find(const struct token *t, const char *label, size_t label_len, size_t *objects, struct tmp_object **found, size_t *n, struct kh_error *err)
{
	struct attr_template match = {.n = 0};
	CK_OBJECT_HANDLE *handles = NULL;
	struct tmp_object *list = NULL;
	bool is = false;
	int ret = -1;

	*n = 0;
	if (found != NULL)
		*found = NULL;
	if (label != NULL)
		attr_add_bytes(&match, CKA_LABEL, label, label_len);
	if (key_search_up_to(t, &match, TMP_OBJECTS_MAX, &handles, objects, err) != 0)
		return kh_context(err, "counting the objects");
	if (found == NULL) {
		ret = 0;
		goto out;
	}
	list = calloc(*objects + 1, sizeof(*list));
	if (list == NULL) {
		kh_fail_memory(err);
		goto out;
	}
	if (*objects >= MANY)
		log_progress("looking at %zu objects...", *objects);
	for (size_t i = 0; i < *objects; i++) {
		if (i > 0 && cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu objects were looked at", i, *objects);
			goto out;
		}
		if (look(t, handles[i], &list[*n], &is, err) != 0)
			goto out;
		*n += is;
	}
	*found = list;
	list = NULL;
	ret = 0;
out:
	free(list);
	free(handles);
	return ret;
}

int tmp_destroy(const struct token *t, const struct tmp_object *o, struct kh_error *err)
{
	struct tmp_object now;
	bool is = false;
	CK_RV rv;

	err->code = KH_OK;
	if (look(t, o->handle, &now, &is, err) != 0 || (!is && err->code != KH_OK)) /* it cannot be looked at */
		return -1;
	if (!is || !now.ours || !now.kept || strcmp(now.label, o->label) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "'%s' is not an object that keyhaul left: nothing was destroyed",
			       o->label);
	rv = P11_CALL(t->fn, C_DestroyObject, t->session, o->handle);
	return rv == CKR_OK ? 0 : ckr_fail(err, rv, "C_DestroyObject", o->label);
}
