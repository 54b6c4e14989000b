/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"
#include "session.h"

#include "base/base64.h"
#include "base/clock.h"
#include "bundle/bundle.h"
#include "bundle/result.h"
#include "bundle/told.h"
#include "pkcs11/key.h"
#include "pkcs11/mac.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

struct verify_opts {
	const char *key, *now;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "key", .kind = OPT_URI, .offset = offsetof(struct verify_opts, key), .arg = "URI",
	 .text = "the key that was wrapped into the bundle; the one that its request names if not given"},
	TOLD_OPT(struct verify_opts, now),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct verify_opts, token_opts)),
	OPT_GROUPS_END,
};

/* The newest challenge in the bundle, answered or not. */
static int find_challenge(const struct bundle *b, size_t *index, struct kh_error *err)
{
	const struct bundle_proof *proofs = bundle_proofs(b, index);

	while (*index > 0)
		if (strcmp(proofs[--*index].method, "hmac") == 0)
			return 0;
	kh_fail(err, KH_E_INPUT, 0, "there is no challenge in it that KMS has made a MAC of");
	return kh_hint(err, "'keyhaul-kms prove' asks KMS for one, for keys of HMAC_224 to HMAC_512");
}

/* The key that is named is the one that was wrapped, as far as both are told. */
static int check_key(const struct bundle *b, const struct key *k, struct kh_error *err)
{
	const char *wanted = bundle_material(b)->key.id;
	char id[2 * KEY_ID_MAX + 1] = "";

	hex_encode(k->id, k->id_len, id);
	if (!wanted || !k->id_len || strcmp(wanted, id) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "the key of --key has the CKA_ID %s, and the one that was wrapped %s", id, wanted);
	return kh_hint(err, "'keyhaul inspect' shows which key is in the bundle");
}

static int answer(const struct session *s, const struct clock_told *clock, struct bundle *b, size_t index, bool *same,
		  struct kh_error *err)
{
	size_t n = 0, len = 0;
	const struct bundle_proof *asked = &bundle_proofs(b, &n)[index];
	struct bundle_proof told = *asked;
	struct told_text text;
	unsigned char mac[MAC_MAX] = {0};
	struct key_query query;
	struct key key;

	if (key_query_from_uri(s->uri, &query, err) || key_find(&s->token, &query, &key, err) || check_key(b, &key, err) ||
	    mac_sign(&s->token, &key, bundle_facts(b)->key_spec, asked->challenge.data, asked->challenge.len, mac, &len, err))
		return -1;
	*same = len == asked->answer.len && CRYPTO_memcmp(mac, asked->answer.data, len) == 0;
	told.verdict = *same ? "yes" : "no";
	told.at = clock_told_now(clock);
	told.told_now = told_section(clock, &text);
	told.by = "keyhaul-token " VERSION;
	return bundle_set_proof(b, index, &told, err);
}

static int report(struct cmd *c, const char *path, const struct bundle *b, bool same, struct kh_error *err)
{
	const char *arn = bundle_request(b)->kms_key_arn;

	if (!same) {
		kh_fail(err, KH_E_CHECK, 0, "%s: KMS HAS ANOTHER KEY: the MAC that %s made is not the token's", path, arn);
		return kh_hint(err, "do not use this KMS key: keep the bundle, and find out who imported what "
				    "('ImportKeyMaterial' in CloudTrail)");
	}
	if (cmd_printf(c, err, "%s: yes, %s holds the token's key (hmac)\n", path, arn))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s}", "item", path, "ok", 1, "kms_key_arn", arn, "method", "hmac",
				    "verdict", "yes"),
			  err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct verify_opts *o = c->opts;
	const char *path = c->words[0], *key;
	struct bundle *b = NULL;
	struct file *file = NULL;
	struct session s = {0};
	bool same = false;
	size_t index = 0;
	int rc = -1;

	if (told_take(c, o->now, err) || bundle_open(path, &file, &b, err))
		return -1;
	key = o->key ? o->key : bundle_request(b)->key_uri;
	if (!key) {
		kh_fail(err, KH_E_USAGE, 0, "--key is missing, and %s names no key of the token", path);
		goto out;
	}
	if (told_check_answer(&c->told, b, err) || find_challenge(b, &index, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	if (session_open(key, &o->token_opts, false, &s, err) || answer(&s, &c->told, b, index, &same, err) ||
	    bundle_save(b, file, err))
		goto out;
	rc = report(c, path, b, same, err);
out:
	session_close(&s);
	bundle_free(b);
	file_close(file);
	return rc;
}

const struct cmd_row cmd_verify = {
	.verb = "verify",
	.operands = "BUNDLE",
	.summary = "compare the MAC that KMS made of a challenge with the token's own",
	.groups = groups,
	.opts_size = sizeof(struct verify_opts),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
