/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include "base/log.h"
#include "pkcs11/tmp.h"

#include <stdio.h>

static const char *words_of(const struct key *k, char out[KEY_LABEL_MAX + 16])
{
	if (k->label_len > 0)
		snprintf(out, KEY_LABEL_MAX + 16, "the key '%.*s'", (int)k->label_len, k->label);
	else
		snprintf(out, KEY_LABEL_MAX + 16, "the key %s", k->label_is_long ? "whose label is too long to show"
									     : "without a label");
	return out;
}

size_t haul_secret_len(const struct haul_item *item)
{
	const struct bundle_facts *facts = bundle_facts(item->bundle);

	return keyspec_secret_len(facts->key_spec, arn_is_china(&facts->arn));
}

static int check_kind(const struct haul_item *item, const struct key *k, const char *words, struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(item->bundle);
	char type[24];

	if (k->spec == KEYSPEC_NONE && k->bits == 0 && (k->type == CKK_AES || k->type == CKK_GENERIC_SECRET)) {
		kh_fail(err, KH_E_CHECK, 0, "the token does not tell the size of %s (CKA_VALUE_LEN)", words);
		return kh_hint(err, "keys that the token makes have one: haul one of 'keyhaul-token generate'");
	}
	if (k->spec != facts->key_spec) {
		kh_fail(err, KH_E_CHECK, 0, "%s is %s of %u bits, the request is for %s", words,
			key_type_name(k->type, type), k->bits, keyspec_name(facts->key_spec));
		return kh_hint(err, "wrap a key of that kind, or make a KMS key of this key's kind and fetch again");
	}
	if (haul_secret_len(item) == 0)
		return 0;
	if (wrapalg_check_secret(facts->key_spec, k->bits / 8, &facts->arn, err) != 0)
		return kh_context(err, "%s", words);
	return 0;
}

static int check_sensitive(const struct haul_opts *o, const struct key *k, const char *words, struct kh_error *err)
{
	if (k->sensitive == BUNDLE_TRUE) {
		if (k->always_sensitive == BUNDLE_FALSE)
			log_warning("%s was not always sensitive: its plaintext may be elsewhere", words);
		return 0;
	}
	if (o->allow_non_sensitive) {
		log_warning("%s is not sensitive: whoever has the PIN can read it", words);
		return 0;
	}
	kh_fail(err, KH_E_CHECK, 0, "%s is not sensitive (CKA_SENSITIVE is %s)", words,
		k->sensitive == BUNDLE_FALSE ? "false" : "not told");
	return kh_hint(err, "its plaintext can leave the token by itself; --allow-non-sensitive hauls it all the same");
}

int haul_key_check(const struct haul_item *item, const struct haul_opts *o, const struct key *k, struct kh_error *err)
{
	char words[KEY_LABEL_MAX + 16];

	if (check_kind(item, k, words_of(k, words), err) != 0)
		return -1;
	if (k->extractable == BUNDLE_FALSE) {
		kh_fail(err, KH_E_CHECK, 0, "%s is not extractable (CKA_EXTRACTABLE is false): a token that keeps to that "
			"answers CKR_KEY_UNEXTRACTABLE (0x6A), and none is asked", words);
		return kh_hint(err, "this cannot be changed; make a new key with 'keyhaul-token generate'");
	}
	return check_sensitive(o, k, words, err);
}

/*
 * The URI that names no type means the request's: a pair's public half, which has its label, need not be read. Where there
 * is no such key, what has the name all the same is told of.
 */
static int find_meant(const struct token *t, const struct key_query *query, size_t secret_len, struct key *out,
		      struct kh_error *err)
{
	struct key_query meant = *query;

	meant.has_class = true;
	meant.object_class = secret_len > 0 ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
	if (key_find(t, query->has_class ? query : &meant, out, err) == 0)
		return 0;
	return query->has_class || err->code != KH_E_INPUT ? -1 : key_find(t, query, out, err);
}

int haul_key_find(const struct haul_item *item, const struct haul_opts *o, const struct session *s, struct key *out,
		  struct kh_error *err)
{
	const struct uri *uri = o->key != NULL ? s->uri : item->key_uri;
	struct key_query query;
	char words[KEY_LABEL_MAX + 16];

	if (key_query_from_uri(uri, &query, err) != 0 || find_meant(&s->token, &query, haul_secret_len(item), out, err) != 0)
		return -1;
	if (tmp_is_ours(out->label, out->label_len)) { /* what is in a throwaway was in this host's memory */
		kh_fail(err, KH_E_CHECK, 0, "%s is a temporary object of keyhaul's", words_of(out, words));
		return kh_hint(err, "wrap a key that 'keyhaul-token generate' made; 'keyhaul-token clean' removes what was left");
	}
	if (item->key_uri != NULL && !key_matches_uri(&s->token, out, item->key_uri)) {
		kh_fail(err, KH_E_CHECK, 0, "%s is not the one that the request is for (%s)", words_of(out, words),
			uri_text(item->key_uri));
		return kh_hint(err, "wrap the key that was asked for, or fetch again with another --key-uri");
	}
	return haul_key_check(item, o, out, err) == 0 ? haul_policy_key(o->policy, out, err) : -1;
}
