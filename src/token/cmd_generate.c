/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "alone.h"
#include "base/base64.h"
#include "bundle/result.h"
#include "commands.h"
#include "describe.h"
#include "pkcs11/trust.h"
#include "session.h"

#include <string.h>

struct generate_opts {
	const char *token;
	const char *label;
	const char *key_spec;
	bool wrap_with_trusted;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct generate_opts, token), .arg = "URI",
	 .text = "the token to make the key on"},
	{.name = "label", .kind = OPT_TEXT, .offset = offsetof(struct generate_opts, label), .arg = "LABEL",
	 .text = "the key's label, which no object of the token may have yet"},
	{.name = "key-spec", .kind = OPT_TEXT, .offset = offsetof(struct generate_opts, key_spec), .arg = "SPEC",
	 .text = "what KMS will import it as, such as SYMMETRIC_DEFAULT, HMAC_256, RSA_3072, ECC_NIST_P256"},
	{.name = "wrap-with-trusted", .kind = OPT_FLAG, .offset = offsetof(struct generate_opts, wrap_with_trusted),
	 .text = "only a wrapping key that the security officer trusts may wrap it ('trust'); shown to be kept to, first"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct generate_opts, token_opts)),
	OPT_GROUPS_END,
};

/* The key's facts, the token's, and the public half where there is one. */
static json_t *result_of(const struct token *t, const struct key *k, const char *public_key)
{
	json_t *out = describe_key(t, k);

	if (out && (json_object_set_new(out, "token", describe_token(t)) ||
		    (public_key[0] && json_object_set_new(out, "public_key", json_string(public_key))))) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

/* base64, in lines. */
static int show_public(struct cmd *c, const char *text, struct kh_error *err)
{
	int rc = cmd_printf(c, err, "  public key, SubjectPublicKeyInfo:\n");

	for (size_t len = strlen(text), i = 0; rc == 0 && i < len; i += 64)
		rc = cmd_printf(c, err, "    %.64s\n", text + i);
	return rc;
}

/* What the token says of the new key, never what it was asked for. */
static int show(struct cmd *c, const struct token *t, CK_OBJECT_HANDLE handle, struct kh_error *err)
{
	struct buf der = BUF_INIT(8192), text = BUF_INIT(BASE64_LEN(8192));
	struct key k;
	int rc = -1;

	if (key_read(t, handle, &k, err) || key_public(t, &k, &der, err) ||
	    base64_encode(buf_text(&der), der.len, &text, err) || describe_key_lines(c, t, &k, err))
		goto out;
	if (k.local == BUNDLE_FALSE &&
	    cmd_printf(c, err, "  The token made this key just now, and says local: false. It is wrong in that.\n"))
		goto out;
	if (text.len && show_public(c, buf_text(&text), err))
		goto out;
	rc = result_add(c, result_of(t, &k, buf_text(&text)), err);
out:
	buf_free(&der);
	buf_free(&text);
	return rc;
}

static int check_opts(const struct generate_opts *o, enum keyspec *spec, struct kh_error *err)
{
	const char *missing = !o->token ? "--token" : !o->label ? "--label" : !o->key_spec ? "--key-spec" : NULL;

	if (missing) {
		kh_fail(err, KH_E_USAGE, 0, "%s is missing", missing);
		return kh_hint(err, "such as --token 'pkcs11:token=T' --label payroll --key-spec SYMMETRIC_DEFAULT");
	}
	return keygen_check_name(o->label, err) ? -1 : keyspec_parse(o->key_spec, spec, err);
}

/* What was seen of a throwaway is to be true of this one. */
static int check_trusted_only(const struct token *t, CK_OBJECT_HANDLE handle, struct kh_error *err)
{
	struct key k;

	if (key_read(t, handle, &k, err))
		return -1;
	if (k.wrap_with_trusted == BUNDLE_TRUE)
		return 0;
	return kh_fail(err, KH_E_CHECK, 0, "the token does not say that the key is CKA_WRAP_WITH_TRUSTED");
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct generate_opts *o = c->opts;
	struct keygen_request request = {.label = o->label, .token_object = true};
	struct keygen_key made;
	struct session s;
	int rc = -1;

	if (check_opts(o, &request.spec, err))
		return -1;
	request.trusted_only = o->wrap_with_trusted;
	if (session_open(o->token, &o->token_opts, true, &s, err) ||
	    (o->wrap_with_trusted && trust_check_kept(&s.token, request.spec, err)) || session_check_left(&s, err) ||
	    alone_generate(&s, &request, &made, err))
		goto out;
	rc = o->wrap_with_trusted && check_trusted_only(&s.token, made.key, err) ? -1 : show(c, &s.token, made.key, err);
	if (rc) {
		keygen_destroy(&s.token, &made);
		kh_context(err, s.left == 0 ? "the key '%s' was made and destroyed again"
					    : "the key '%s' was made, and stays on the token", o->label);
	}
out:
	session_close(&s);
	return rc;
}

const struct cmd_row cmd_generate = {
	.verb = "generate",
	.operands = "",
	.needs = "--token URI --label LABEL --key-spec SPEC",
	.summary = "make a key that can be hauled, in the token",
	.groups = groups,
	.opts_size = sizeof(struct generate_opts),
	.run = run,
};
