/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include "base/base64.h"
#include "base/text.h"
#include "pkcs11/ckm.h"

#include <string.h>

#define GENERATOR "keyhaul-token " PACKAGE_VERSION

/* Text and names of the material, which the section only points to. */
struct texts {
	struct buf token_label, model, manufacturer, serial, key_label;
	char id[2 * KEY_ID_MAX + 1];
	char check_value[2 * KEY_CHECK_VALUE_MAX + 1];
	char mechanism[CKM_NAME_MAX];
	char names[2][CKM_NAME_MAX];
	struct told_text told;
};

#define TEXTS_INIT \
	{.token_label = BUF_INIT(96), .model = BUF_INIT(48), .manufacturer = BUF_INIT(96), .serial = BUF_INIT(48), \
	 .key_label = BUF_INIT(1024)}

static void clear_texts(struct texts *x)
{
	buf_free(&x->token_label);
	buf_free(&x->model);
	buf_free(&x->manufacturer);
	buf_free(&x->serial);
	buf_free(&x->key_label);
}

static const char *type_of(enum keyspec spec)
{
	static const char *const types[] = {
		[KEYSPEC_AES] = "AES",
		[KEYSPEC_HMAC] = "GENERIC_SECRET",
		[KEYSPEC_RSA] = "RSA",
		[KEYSPEC_EC] = "EC",
	};

	return types[keyspec_info(spec)->kind];
}

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int fill_token(const struct token *t, struct texts *x, struct bundle_material *m, struct kh_error *err)
{
	const struct token_name *n = &t->name;

	if (text_percent(n->label, strlen(n->label), &x->token_label, err) != 0 ||
	    text_percent(n->model, strlen(n->model), &x->model, err) != 0 ||
	    text_percent(n->manufacturer, strlen(n->manufacturer), &x->manufacturer, err) != 0 ||
	    text_percent(n->serial, strlen(n->serial), &x->serial, err) != 0)
		return -1;
	m->token.label = text_or_null(buf_text(&x->token_label));
	m->token.model = text_or_null(buf_text(&x->model));
	m->token.manufacturer = text_or_null(buf_text(&x->manufacturer));
	m->token.serial = text_or_null(buf_text(&x->serial));
	m->token.firmware = text_or_null(t->name.firmware);
	m->token.hardware = t->hardware ? BUNDLE_TRUE : BUNDLE_FALSE;
	return 0;
}

static int fill_key(const struct key *k, bool kept, struct texts *x, struct bundle_material *m, struct kh_error *err)
{
	if (text_percent(k->label, k->label_len, &x->key_label, err) != 0)
		return -1;
	hex_encode(k->id, k->id_len, x->id);
	hex_encode(k->check_value, k->check_value_len, x->check_value);
	m->key.label = text_or_null(buf_text(&x->key_label));
	m->key.id = text_or_null(x->id);
	m->key.type = type_of(k->spec);
	m->key.size = k->bits;
	m->key.kept = kept ? BUNDLE_TRUE : BUNDLE_FALSE;
	m->key.sensitive = k->sensitive;
	m->key.always_sensitive = k->always_sensitive;
	m->key.extractable = k->extractable;
	m->key.local = k->local;
	if (k->has_key_gen_mechanism)
		m->key.key_gen_mechanism = ckm_name(k->key_gen_mechanism, x->mechanism);
	m->key.check_value = text_or_null(x->check_value);
	return 0;
}

_Static_assert(PROOF_WARNINGS_MAX <= BUNDLE_WARNINGS_MAX, "room for each warning");

static void fill_proof(const struct proof *p, struct bundle_material *m)
{
	m->proof.oaep_hash = p->oaep_hash;
	m->proof.mgf_hash = p->mgf_hash;
	m->proof.kek_bits = p->kek_bits;
	m->proof.pkcs8 = p->pkcs8;
	m->proof.trailing_zeros = (int64_t)p->trailing_zeros;
	m->proof.wrapping_bits = p->wrapping_bits;
	m->proof.target_bits = p->target_bits;
	for (size_t i = 0; i < p->n_warnings && i < PROOF_WARNINGS_MAX; i++)
		m->proof.warnings[m->proof.n_warnings++] = p->warnings[i];
}

int haul_material_set(struct haul_item *item, const struct haul_opts *o, const struct token *t, const struct haul_result *r,
		      int64_t now, struct kh_error *err)
{
	struct texts x = TEXTS_INIT;
	struct bundle_material m = {
		.encrypted_key_material = {r->blob.data, r->blob.len},
		.request_sha256 = bundle_request_sha256(item->bundle),
		.policy_sha256 = policy_word(o->policy),
		.wrapped_at = now,
		.generator = GENERATOR,
	};
	int ret = -1;

	if (fill_token(t, &x, &m, err) != 0 || fill_key(&r->key, r->kept, &x, &m, err) != 0)
		goto out;
	fill_proof(r->proof, &m);
	if (o->told != NULL)
		m.told_now = told_section(o->told, &x.told);
	if (r->public_key.len > 0)
		m.public_key = (struct bundle_blob){(const unsigned char *)r->public_key.data, r->public_key.len};
	m.n_mechanisms = wrap_plan_mechanisms(&r->proof->plan, m.mechanisms, x.names);
	ret = bundle_set_material(item->bundle, &m, err);
out:
	clear_texts(&x);
	return ret;
}

int haul_policy_token(const struct policy *p, const struct token *t, struct kh_error *err)
{
	struct texts x = TEXTS_INIT;
	struct bundle_material m = {0};
	int ret = p == NULL ? 0 : fill_token(t, &x, &m, err) != 0 ? -1 : policy_check_token(p, &m, err);

	clear_texts(&x);
	return ret;
}

/* For a key that was there: kept where it is the token's. */
int haul_policy_key(const struct policy *p, const struct key *k, struct kh_error *err)
{
	struct texts x = TEXTS_INIT;
	struct bundle_material m = {0};
	int ret = -1;

	if (p == NULL)
		ret = 0;
	else if (fill_key(k, k->token_object != BUNDLE_FALSE, &x, &m, err) == 0)
		ret = policy_check_key(p, &m, err);
	clear_texts(&x);
	return ret;
}
