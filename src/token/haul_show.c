/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include "base/log.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "describe.h"
#include "haul_approvers.h"
#include "haul_sign.h"

#include <string.h>

static const char *written_to(const struct haul_item *item, const struct haul_opts *o)
{
	return o->out != NULL ? o->out : item->path;
}

static int show_proof(struct cmd *c, const struct proof *p, struct kh_error *err)
{
	char words[WRAP_WORDS_MAX];

	if (cmd_printf(c, err, "  mechanism  %s\n", wrap_plan_words(&p->plan, words)) != 0 ||
	    cmd_printf(c, err, "  proof      a throwaway key of %u bits, opened by OpenSSL: OAEP %s, MGF1 %s",
		       p->target_bits, p->oaep_hash, p->mgf_hash) != 0)
		return -1;
	if (p->kek_bits > 0 && cmd_printf(c, err, ", AES-%u and RFC 5649", p->kek_bits) != 0)
		return -1;
	if (p->pkcs8 != NULL && cmd_printf(c, err, ", PKCS#8 (%s)", p->pkcs8) != 0)
		return -1;
	return cmd_printf(c, err, "; the same key by its %s\n", p->same_by);
}

void haul_warn(enum keyspec spec, const struct proof *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		log_warning("proof for %s: %s", keyspec_name(spec), p->warnings[i]);
}

static json_t *proof_json(const struct proof *p)
{
	char words[WRAP_WORDS_MAX];
	json_t *warnings = json_array();
	json_t *out;

	for (size_t i = 0; i < p->n_warnings; i++)
		if (json_array_append_new(warnings, json_string(p->warnings[i])) != 0) {
			json_decref(warnings);
			return NULL;
		}
	out = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:o}", "mechanism", wrap_plan_words(&p->plan, words),
			"oaep_hash", p->oaep_hash, "mgf_hash", p->mgf_hash, "wrapping_bits", (int)p->wrapping_bits,
			"target_bits", (int)p->target_bits, "trailing_zeros", (int)p->trailing_zeros, "same_by",
			p->same_by, "warnings", warnings);
	if (out == NULL)
		return NULL;
	if ((p->kek_bits > 0 && json_object_set_new(out, "kek_bits", json_integer(p->kek_bits)) != 0) ||
	    (p->pkcs8 != NULL && json_object_set_new(out, "pkcs8", json_string(p->pkcs8)) != 0)) {
		json_decref(out);
		return NULL;
	}
	return out;
}

json_t *haul_json(const struct haul_item *item, const struct haul_opts *o, const struct token *t,
		  const struct haul_result *r)
{
	const struct bundle_request *q = bundle_request(item->bundle);
	char name[CERT_NAME_MAX];
	const char *path = written_to(item, o), *signer = haul_sign_name(o, name);

	return jsontext_pack("{s:o, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:s, s:s*, s:o, s:o, s:o, s:o}", "bundle",
			 describe_string(path, strlen(path)), "ok", 1, "kms_key_arn", q->kms_key_arn, "key_spec",
			 q->key_spec, "wrapping_algorithm", q->wrapping_algorithm, "wrapping_key_spec",
			 q->wrapping_key_spec, "request_sha256", bundle_request_sha256(item->bundle),
			 "material_sha256", bundle_material_sha256(item->bundle), "encrypted_key_material_bytes",
			 (int)r->blob.len, "generated", (int)r->generated, "kept", (int)r->kept, "policy_sha256",
			 bundle_material(item->bundle)->policy_sha256, "material_signer", signer, "key",
			 describe_key(t, &r->key), "token", describe_token(t), "proof", proof_json(r->proof), "approved_by", haul_approvers(item, o));
}

static int show_digest(struct cmd *c, const char *whose, const char *hex, struct kh_error *err)
{
	return cmd_printf(c, err, "  %s SHA-256\n", whose) != 0 ? -1 : words_show(c, 4, hex, err);
}

/* The command to type next, as inspect tells it. */
static int show_next(struct cmd *c, const struct haul_item *item, const struct haul_opts *o, struct kh_error *err)
{
	struct buf next = BUF_INIT(16384);
	int ret = -1;

	if (next_command(item->bundle, written_to(item, o), c->now, &next, err) == 0)
		ret = next.len == 0 ? 0 : cmd_printf(c, err, "next: %s\n", buf_text(&next));
	buf_free(&next);
	return ret;
}

int haul_show(struct cmd *c, const struct haul_item *item, const struct haul_opts *o, const struct token *t,
	      const struct haul_result *r, struct kh_error *err)
{
	const struct bundle_request *q = bundle_request(item->bundle);
	struct buf label = BUF_INIT(8 * KEY_LABEL_MAX), approved = BUF_INIT(BUNDLE_APPROVALS_MAX * (POLICY_NAME_MAX + 16));
	char words[TOKEN_WORDS_MAX], type[24], intent[INTENT_WORDS_MAX], path[TEXT_SHOWN(1024)];
	char name[CERT_NAME_MAX], shown[TEXT_SHOWN(CERT_NAME_MAX)];
	const char *signer = haul_sign_name(o, name);
	int ret = -1;

	intent_words(&q->intent, intent, sizeof(intent));
	if (text_for_terminal(r->key.label, r->key.label_len, &label, err) != 0 || haul_approvers_text(item, o, &approved, err) != 0)
		goto out;
	if (cmd_printf(c, err, "%s: wrapped %s'%s' (%s, %u bits) of %s\n",
		       text_shown(written_to(item, o), path, sizeof(path)),
		       r->generated ? "the new key " : "", buf_text(&label), key_type_name(r->key.type, type),
		       r->key.bits, token_words(t, words)) != 0 ||
	    cmd_printf(c, err, "  for        %s (%s)\n  by         %s under %s, %zu bytes\n", q->kms_key_arn, q->key_spec,
		       q->wrapping_algorithm, q->wrapping_key_spec, r->blob.len) != 0 ||
	    cmd_printf(c, err, "  says       %s\n", intent_is_empty(&q->intent) ? "nothing yet: the import must say its expiry" : intent) != 0 ||
	    show_proof(c, r->proof, err) != 0 ||
	    (o->policy != NULL && cmd_printf(c, err, "  policy's SHA-256\n    %s\n", o->policy->sha256) != 0) ||
	    (approved.len > 0 && cmd_printf(c, err, "  %s\n", buf_text(&approved)) != 0) ||
	    (signer != NULL && cmd_printf(c, err, "  signed by  '%s'\n", text_shown(signer, shown, sizeof(shown))) != 0) ||
	    show_digest(c, "request's", bundle_request_sha256(item->bundle), err) != 0 ||
	    show_digest(c, "material's", bundle_material_sha256(item->bundle), err) != 0 || show_next(c, item, o, err) != 0)
		goto out;
	haul_warn(r->key.spec, r->proof);
	ret = c->common.json ? result_add(c, haul_json(item, o, t, r), err) : 0;
out:
	buf_free(&label);
	buf_free(&approved);
	return ret;
}

int haul_end(struct cmd *c, struct kh_error *err)
{
	if (!cmd_interrupted())
		return 0;
	if (cmd_flush(c, err) != 0)
		return -1;
	kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted, when all was done");
	return kh_hint(err, "there is nothing to run again");
}

const char *haul_skipped_why(const struct haul_item *item)
{
	return bundle_receipt(item->bundle) != NULL ? "it is imported already" : "it has material already";
}

json_t *haul_skipped_json(const struct haul_item *item)
{
	return json_pack("{s:o, s:b, s:b, s:s}", "bundle", describe_string(item->path, strlen(item->path)), "ok", 1,
			 "skipped", 1, "why", haul_skipped_why(item));
}
