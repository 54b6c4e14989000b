/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "describe.h"

#include "base/base64.h"
#include "base/text.h"
#include "pkcs11/ckm.h"

#include <string.h>

json_t *describe_string(const char *text, size_t len)
{
	struct buf safe = BUF_INIT(65536);
	struct kh_error ignored;
	json_t *out = json_stringn(text, len);

	if (!out && !text_for_terminal(text, len, &safe, &ignored))
		out = json_string(buf_text(&safe));
	buf_free(&safe);
	return out;
}

static json_t *text_of(const char *text)
{
	return describe_string(text, strlen(text));
}

static json_t *token_uri(const struct token *t)
{
	struct buf uri = BUF_INIT(URI_MAX);
	struct kh_error ignored;
	json_t *out = uri_format_token(&t->info, &uri, &ignored) ? NULL : json_string(buf_text(&uri));

	buf_free(&uri);
	return out;
}

json_t *describe_token(const struct token *t)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:b}", "uri", token_uri(t), "label", text_of(t->name.label),
			 "manufacturer", text_of(t->name.manufacturer), "model", text_of(t->name.model), "serial",
			 text_of(t->name.serial), "firmware", t->name.firmware, "hardware", t->hardware);
}

/* One flag of a key, and its words. */
struct flag {
	const char *name, *words;
	enum bundle_flag value;
};
#define FLAGS 9

static void flags_of(const struct key *k, struct flag out[FLAGS])
{
	const struct flag flags[FLAGS] = {
		{"token_object", "token object", k->token_object},
		{"private", "private", k->is_private},
		{"sensitive", "sensitive", k->sensitive},
		{"always_sensitive", "always sensitive", k->always_sensitive},
		{"extractable", "extractable", k->extractable},
		{"never_extractable", "never extractable", k->never_extractable},
		{"wrap_with_trusted", "wrap with trusted", k->wrap_with_trusted},
		{"local", "local", k->local},
		{"modifiable", "modifiable", k->modifiable},
	};

	memcpy(out, flags, sizeof(flags));
}

static json_t *key_text_uri(const struct token *t, const struct key *k)
{
	struct buf uri = BUF_INIT(URI_MAX);
	struct kh_error ignored;
	json_t *out = key_uri(t, k, &uri, &ignored) ? NULL : json_string(buf_text(&uri));

	buf_free(&uri);
	return out;
}

static int set_facts(json_t *out, const struct key *k)
{
	char hex[2 * KEY_ID_MAX + 1], number[CKM_NAME_MAX];
	struct flag flags[FLAGS];
	int failed = 0;

	flags_of(k, flags);
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].value != BUNDLE_ABSENT)
			failed |= json_object_set_new(out, flags[i].name, json_boolean(flags[i].value == BUNDLE_TRUE));
	if (k->id_len) {
		hex_encode(k->id, k->id_len, hex);
		failed |= json_object_set_new(out, "id", json_string(hex));
	}
	if (k->has_key_gen_mechanism)
		failed |= json_object_set_new(out, "key_gen_mechanism",
					      json_string(ckm_name(k->key_gen_mechanism, number)));
	if (k->check_value_len) {
		hex_encode(k->check_value, k->check_value_len, hex);
		failed |= json_object_set_new(out, "check_value", json_string(hex));
	}
	if (k->spec != KEYSPEC_NONE)
		failed |= json_object_set_new(out, "key_spec", json_string(keyspec_name(k->spec)));
	if (k->bits)
		failed |= json_object_set_new(out, "bits", json_integer((json_int_t)k->bits));
	return failed;
}

json_t *describe_key(const struct token *t, const struct key *k)
{
	char why[KEY_WHY_MAX], type[24];
	bool haulable = key_is_haulable(k, why);
	json_t *out = json_pack("{s:o, s:o, s:s, s:s, s:b}", "uri", key_text_uri(t, k), "label",
				describe_string(k->label, k->label_len), "class",
				k->object_class == CKO_PRIVATE_KEY ? "private" : "secret-key", "type",
				key_type_name(k->type, type), "haulable", haulable);

	if (out && (set_facts(out, k) || (!haulable && json_object_set_new(out, "why_not", json_string(why))))) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

int describe_key_lines(struct cmd *c, const struct token *t, const struct key *k, struct kh_error *err)
{
	char hex[2 * KEY_ID_MAX + 1] = "", check[2 * KEY_CHECK_VALUE_MAX + 1] = "", number[CKM_NAME_MAX], type[24];
	struct buf uri = BUF_INIT(URI_MAX);
	struct flag flags[FLAGS];
	int rc = -1;

	flags_of(k, flags);
	hex_encode(k->id, k->id_len, hex);
	hex_encode(k->check_value, k->check_value_len, check);
	if (key_uri(t, k, &uri, err) || cmd_printf(c, err, "%s\n", buf_text(&uri)) ||
	    cmd_printf(c, err, "  key spec           %s (%s, %u bits)\n", keyspec_name(k->spec),
		       key_type_name(k->type, type), k->bits) ||
	    cmd_printf(c, err, "  id                 %s\n", hex))
		goto out;
	for (size_t i = 0; i < FLAGS; i++)
		if (cmd_printf(c, err, "  %-18s %s\n", flags[i].words,
			       flags[i].value == BUNDLE_ABSENT ? "not told" : flags[i].value == BUNDLE_TRUE ? "true" : "false"))
			goto out;
	if (k->has_key_gen_mechanism &&
	    cmd_printf(c, err, "  %-18s %s\n", "made by", ckm_name(k->key_gen_mechanism, number)))
		goto out;
	if (k->check_value_len && cmd_printf(c, err, "  %-18s %s\n", "check value", check))
		goto out;
	rc = 0;
out:
	buf_free(&uri);
	return rc;
}
