/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "trusted_list.h"

#include "base/text.h"
#include "describe.h"
#include "paragraph.h"

#include <stdio.h>

#define KIND_MAX 32

static const char *class_word(const struct trust_key *k)
{
	return k->object_class == CKO_PUBLIC_KEY   ? "public"
	       : k->object_class == CKO_SECRET_KEY ? "secret-key"
						   : "other";
}

static int show_one(struct cmd *c, const struct trust_key *k, struct kh_error *err)
{
	struct buf label = BUF_INIT(8 * KEY_LABEL_MAX);
	char kind[KIND_MAX];
	int ret = -1;

	if (k->bits > 0)
		snprintf(kind, sizeof(kind), "RSA %u", k->bits);
	else
		snprintf(kind, sizeof(kind), "%s", class_word(k));
	if (text_for_terminal(k->label, k->label_len, &label, err) == 0)
		ret = cmd_printf(c, err, "  %s  %s%s\n", k->label_len > 0 ? buf_text(&label) : "(no label)", kind,
				 k->ours ? "" : ", not of keyhaul's making");
	buf_free(&label);
	return ret;
}

int trusted_list_show(struct cmd *c, const struct trust_key *keys, size_t n, struct kh_error *err)
{
	size_t others = 0;

	for (size_t i = 0; i < n; i++)
		others += !keys[i].same;
	if (others == 0)
		return 0;
	if (paragraph_print(c, 0, "Trusted wrapping keys on the token. Whoever has the private half of one can open every key "
				  "there that only a trusted key may wrap:", err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!keys[i].same && show_one(c, &keys[i], err) != 0)
			return -1;
	return 0;
}

json_t *trusted_list_json(const struct trust_key *k)
{
	json_t *out = json_pack("{s:o, s:s, s:b}", "label", describe_string(k->label, k->label_len), "class", class_word(k),
				"by_keyhaul", (int)k->ours);

	if (out != NULL && k->bits > 0 && json_object_set_new(out, "bits", json_integer((json_int_t)k->bits)) != 0) {
		json_decref(out);
		return NULL;
	}
	return out;
}

json_t *trusted_list_json_all(const struct trust_key *keys, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; out != NULL && i < n; i++)
		if (json_array_append_new(out, trusted_list_json(&keys[i])) != 0) {
			json_decref(out);
			return NULL;
		}
	return out;
}
