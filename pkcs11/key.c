/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "key.h"

#include "base/cmd.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIND_BATCH 64
#define MANY 100 /* objects that are worth a word */

static int too_many(CK_ULONG got, struct kh_error *err)
{
	kh_fail(err, KH_E_TOKEN, 0, "C_FindObjects: the module gave %lu objects for %d", got, FIND_BATCH);
	return kh_hint(err, "%s", CKR_HINT_BROKEN);
}

/* Takes what one C_FindObjects call gives; 1 while there may be more. */
static int take_batch(const struct token *t, size_t max, CK_OBJECT_HANDLE **all, size_t *n, struct kh_error *err)
{
	CK_OBJECT_HANDLE batch[FIND_BATCH], *grown;
	CK_ULONG got = 0;
	CK_RV rv = P11_CALL(t->fn, C_FindObjects, t->session, batch, FIND_BATCH, &got);

	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_FindObjects", NULL);
	if (got > FIND_BATCH)
		return too_many(got, err);
	if (got == 0)
		return 0;
	if (*n + got > max) {
		kh_fail(err, KH_E_TOKEN, 0, "more than %zu objects match", max);
		return kh_hint(err, "name the key by object= or id= in the URI");
	}
	grown = realloc(*all, (*n + got) * sizeof(**all));
	if (!grown)
		return kh_fail_memory(err);
	*all = grown;
	memcpy(*all + *n, batch, got * sizeof(*batch));
	*n += got;
	return 1;
}

int key_search(const struct token *t, const struct attr_template *match, CK_OBJECT_HANDLE **out, size_t *n,
	       struct kh_error *err)
{
	return key_search_up_to(t, match, KEY_OBJECTS_MAX, out, n, err);
}

int key_search_up_to(const struct token *t, const struct attr_template *match, size_t max, CK_OBJECT_HANDLE **out, size_t *n,
		     struct kh_error *err)
{
	struct attr_template copy = *match; /* PKCS#11 has no const; the values stay where they are */
	CK_RV rv = P11_CALL(t->fn, C_FindObjectsInit, t->session, copy.v, copy.n);
	int rc = 1;

	*out = NULL;
	*n = 0;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_FindObjectsInit", NULL);
	while (rc > 0)
		rc = take_batch(t, max, out, n, err);
	rv = P11_CALL(t->fn, C_FindObjectsFinal, t->session);
	if (rc == 0 && rv != CKR_OK)
		rc = ckr_fail(err, rv, "C_FindObjectsFinal", NULL);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

int key_query_from_uri(const struct uri *uri, struct key_query *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->label = uri_object(uri, &out->label_len);
	out->id = uri_id(uri, &out->id_len);
	out->has_class = uri_class(uri, &out->object_class);
	if (!out->has_class || out->object_class == CKO_SECRET_KEY || out->object_class == CKO_PRIVATE_KEY)
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "%s names no key that can be hauled", uri_text(uri));
	return kh_hint(err, "type= has to be secret-key or private, or left out");
}

static bool same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* CKR_OK is not evidence: a search that passes over what it was asked for gives somebody else's key. */
static bool is_asked_for(const struct key_query *q, const struct key *k)
{
	return (!q->has_class || q->object_class == k->object_class) &&
	       (!q->label || same(q->label, q->label_len, k->label, k->label_len)) &&
	       (!q->id || same(q->id, q->id_len, k->id, k->id_len));
}

static int each_of(const struct token *t, const struct key_query *q, const struct attr_template *match,
		   key_each_fn *each, void *arg, struct kh_error *err)
{
	CK_OBJECT_HANDLE *handles = NULL;
	char words[TOKEN_WORDS_MAX];
	struct key k;
	size_t n = 0, others = 0;
	int rc = -1;

	if (key_search(t, match, &handles, &n, err))
		return -1;
	if (n >= MANY)
		log_progress("reading %zu objects...", n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu objects were read", i, n);
			goto out;
		}
		if (key_read(t, handles[i], &k, err))
			goto out;
		if (k.object_class != CKO_SECRET_KEY && k.object_class != CKO_PRIVATE_KEY)
			continue;
		if (!is_asked_for(q, &k))
			others++;
		else if (each(t, &k, arg, err))
			goto out;
	}
	if (others > 0)
		log_warning("C_FindObjects on %s gave %zu key%s that %s not what was asked for by the token's own word (CKA_LABEL, "
			    "CKA_ID, CKA_CLASS): passed over", token_words(t, words), others, others == 1 ? "" : "s",
			    others == 1 ? "is" : "are");
	rc = 0;
out:
	free(handles);
	return rc;
}

/* With a name one search over all classes costs less than two; without, the token need not show its certificates. */
int key_each(const struct token *t, const struct key_query *q, key_each_fn *each, void *arg, struct kh_error *err)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_SECRET_KEY, CKO_PRIVATE_KEY};
	bool by_class = q->has_class || (!q->label && !q->id);

	for (size_t i = 0; i < (by_class ? 2 : 1); i++) {
		struct attr_template match = {.n = 0};

		if (q->has_class && q->object_class != classes[i])
			continue;
		if (by_class)
			attr_add_ulong(&match, CKA_CLASS, classes[i]);
		if (q->label)
			attr_add_bytes(&match, CKA_LABEL, q->label, q->label_len);
		if (q->id)
			attr_add_bytes(&match, CKA_ID, q->id, q->id_len);
		if (each_of(t, q, &match, each, arg, err))
			return -1;
	}
	return 0;
}

struct one {
	struct key *key;
	size_t n;
	struct buf names; /* what tells the matches apart */
};

static int count_one(const struct token *t, const struct key *k, void *arg, struct kh_error *err)
{
	struct one *one = arg;
	char id[3 * KEY_ID_MAX + 1] = "", type[24];

	(void)t;
	(void)err;
	for (size_t i = 0; i < k->id_len; i++)
		(void)snprintf(id + 3 * i, 4, "%%%02x", k->id[i]);
	if (one->n++ == 0)
		*one->key = *k;
	/* the first few are enough; each as it is to be pasted, so that none is cut */
	if (one->names.len + strlen(id) + 100 < one->names.max)
		return buf_addf(&one->names, "%s';id=%s' is the %s %s '%.40s'", err, one->names.len ? ", " : "", id,
				key_type_name(k->type, type),
				k->object_class == CKO_PRIVATE_KEY ? "private key" : "secret key", k->label);
	return 0;
}

static int none_found(const struct token *t, const struct key_query *q, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	kh_fail(err, KH_E_INPUT, 0, "no key%s%.*s%s matches on %s", q->label ? " '" : "",
		(int)(q->label_len < 100 ? q->label_len : 100), q->label ? q->label : "", q->label ? "'" : "",
		token_words(t, words));
	if (!t->logged_in && !t->was_logged_in && t->info.flags & CKF_LOGIN_REQUIRED)
		return kh_hint(err, "nobody is logged in, and private objects are not seen so: leave --no-login out");
	return kh_hint(err, "`keyhaul-token keys` lists the keys of the token");
}

int key_find(const struct token *t, const struct key_query *q, struct key *out, struct kh_error *err)
{
	struct one one = {.key = out, .names = BUF_INIT(440)};
	int rc = key_each(t, q, count_one, &one, err);

	if (rc == 0 && one.n == 0)
		rc = none_found(t, q, err);
	if (rc == 0 && one.n > 1) {
		rc = kh_fail(err, KH_E_INPUT, 0, "%zu keys match%s%.*s%s", one.n, q->label ? " '" : "",
			     (int)(q->label_len < 100 ? q->label_len : 100), q->label ? q->label : "",
			     q->label ? "'" : "");
		kh_hint(err, "add the id to the key's URI, or type= where that is the same: %s", buf_text(&one.names));
	}
	buf_free(&one.names);
	return rc;
}

bool key_matches_uri(const struct token *t, const struct key *k, const struct uri *uri)
{
	CK_OBJECT_CLASS object_class;
	size_t label_len, id_len;
	const char *label = uri_object(uri, &label_len);
	const unsigned char *id = uri_id(uri, &id_len);

	if (!uri_matches_token(uri, &t->info, NULL, t->slot))
		return false;
	if (uri_class(uri, &object_class) && object_class != k->object_class)
		return false;
	return (!label || same(label, label_len, k->label, k->label_len)) && (!id || same(id, id_len, k->id, k->id_len));
}

int key_uri(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err)
{
	return uri_format_object(&t->info, k->object_class, k->label, k->label_len, k->id, k->id_len, out, err);
}
