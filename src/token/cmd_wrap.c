/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"
#include "haul_batch.h"
#include "haul_sign.h"
#include "pkcs11/keygen.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MECHANISM_MAX 0xffffffffUL
#define JOBS_MAX 64

#define OPT(n, k, field, value, words) \
	{.name = (n), .kind = (k), .offset = offsetof(struct haul_opts, field), .arg = (value), .text = (words)}

static const char *const rsa_aes_ways[] = {"native", "two-step", "auto", NULL};

static const struct opt_row rows[] = {
	OPT("key", OPT_URI, key, "URI", "the key to wrap, for one bundle"),
	OPT("token", OPT_URI, token, "URI", "the token; each bundle names its key"),
	OPT("generate", OPT_TEXT, generate, "LABEL", "make the key first, in the same login (with --token)"),
	OPT("no-keep", OPT_FLAG, no_keep, NULL, "with --generate: the key is gone afterwards"),
	OPT("again", OPT_FLAG, again, NULL, "wrap again where there is material already"),
	OPT("out", OPT_OUTPUT, out, "FILE", "write the bundle to a new file and leave the other as it is"),
	{.name = "rsa-aes", .kind = OPT_CHOICE, .offset = offsetof(struct haul_opts, rsa_aes), .arg = "WAY",
	 .choices = rsa_aes_ways, .text = "how RSA_AES_KEY_WRAP is done; proven all the same"},
	OPT("kwp-mechanism", OPT_TEXT, kwp_mechanism, "NUMBER",
	    "the mechanism that is RFC 5649 on this token, such as 0x210B; proven all the same"),
	{.name = "jobs", .kind = OPT_NUMBER, .offset = offsetof(struct haul_opts, jobs), .arg = "N",
	 .text = "wrap N keys at a time, in one login, each in a session of its own", .min = 1, .max = JOBS_MAX, .preset = 1},
	OPT("signer", OPT_URI, signer, "URI|FILE", "sign the material with this private key: in a token, or a PEM file"),
	OPT("cert", OPT_INPUT, cert, "FILE", "the signer's certificate, PEM or DER"),
	OPT("signer-pin-file", OPT_INPUT, signer_pin_file, "FILE",
	    "a file whose first line is the PIN of the signer's token, or the key file's passphrase"),
	OPT("policy", OPT_INPUT, policy_file, "FILE", POLICY_OPT_TEXT),
	TOLD_OPT(struct haul_opts, now),
	OPT("allow-non-sensitive", OPT_FLAG, allow_non_sensitive, NULL, "wrap a key that the token would also give out"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct haul_opts, token_opts)),
	OPT_GROUPS_END,
};

static int check_opts(const struct haul_opts *o, size_t bundles, struct kh_error *err)
{
	if ((o->key == NULL) == (o->token == NULL)) {
		kh_fail(err, KH_E_USAGE, 0, "say either --key or --token");
		return kh_hint(err, "--key URI names the key; with --token URI each bundle names its key, or --generate "
				    "makes one");
	}
	if (o->generate != NULL && o->token == NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--generate goes with --token");
	if (o->generate != NULL && o->generate[0] == '\0')
		return kh_fail(err, KH_E_USAGE, 0, "--generate wants a label");
	if (o->generate != NULL && keygen_check_name(o->generate, err) != 0)
		return -1;
	if (o->no_keep && o->generate == NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--no-keep goes with --generate");
	if (bundles > 1 && (o->key != NULL || o->generate != NULL || o->out != NULL))
		return kh_fail(err, KH_E_USAGE, 0, "%s is for one bundle",
			       o->key != NULL	     ? "--key"
			       : o->generate != NULL ? "--generate"
						     : "--out");
	return 0;
}

/* CK_MECHANISM_TYPE as tokens have it: 32 bits, in hex or decimal. */
static int read_choice(const struct haul_opts *o, struct wrap_choice *out, struct kh_error *err)
{
	const char *way = o->rsa_aes != NULL ? o->rsa_aes : "auto", *number = o->kwp_mechanism;
	char *end = NULL;

	memset(out, 0, sizeof(*out));
	out->rsa_aes = strcmp(way, "native") == 0     ? WRAP_ONLY_NATIVE
		       : strcmp(way, "two-step") == 0 ? WRAP_ONLY_TWO_STEP
						      : WRAP_AUTO;
	if (number == NULL)
		return 0;
	errno = 0;
	if (isdigit((unsigned char)number[0]))
		out->kwp = strtoul(number, &end, 0);
	if (end == NULL || *end != '\0' || errno != 0 || out->kwp == 0 || out->kwp > MECHANISM_MAX) {
		kh_fail(err, KH_E_USAGE, 0, "--kwp-mechanism '%.64s' is no mechanism's number", number);
		return kh_hint(err, "such as 0x210B; 'keyhaul-token probe' shows which are RFC 5649 on this token");
	}
	if (out->rsa_aes == WRAP_ONLY_NATIVE)
		return kh_fail(err, KH_E_USAGE, 0, "--kwp-mechanism is for the two-step way, --rsa-aes native is not");
	out->rsa_aes = WRAP_ONLY_TWO_STEP; /* who names its mechanism means it */
	return 0;
}

/* What is open while one bundle is worked on. */
struct single {
	struct session session;
	struct haul_item item;
	struct haul_result result;
};

/* What can be refused without the token comes first. */
static int haul_single(struct cmd *c, const struct haul_opts *o, struct single *s, struct proof_run *proofs,
		       struct kh_error *err)
{
	if (haul_item_open(c->words[0], o, &s->item, err) != 0)
		return -1;
	if (haul_check_request(&s->item, o, s->session.uri, c->now, err) != 0)
		return kh_context(err, "%s", c->words[0]);
	if (session_start(&o->token_opts, o->generate != NULL && !o->no_keep, &s->session, err) != 0)
		return -1;
	if (haul_sign_open(o, c->now, err) != 0)
		return -1;
	if (cmd_interrupted())
		return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before %s", c->words[0]);
	if (haul_one(&s->item, o, &s->session, proofs, &s->result, err) != 0)
		return kh_context(err, "%s", c->words[0]);
	return haul_show(c, &s->item, o, &s->session.token, &s->result, err) == 0 ? 0 : cmd_was_done(err);
}

/* What stays on the token is a failure of its own, beside the bundle's result or its failure. */
static int report_left(struct cmd *c, const struct session *s, struct kh_error *err)
{
	struct kh_error why;

	return session_check_left(s, &why) == 0 ? 0 : cmd_item_failed(c, "temporary objects", &why, err);
}

static int wrap_single(struct cmd *c, const struct haul_opts *o, const struct wrap_choice *choice, struct kh_error *err)
{
	struct single *s = calloc(1, sizeof(*s));
	struct proof_run *proofs = NULL;
	struct kh_error why;
	int ret = -1;

	if (s == NULL)
		return kh_fail_memory(err);
	if (session_parse(o->key != NULL ? o->key : o->token, &o->token_opts, &s->session, err) == 0 &&
	    (o->key != NULL || session_check_token_alone(&s->session, HAUL_HINT_TOKEN, err) == 0) &&
	    proof_run_new(choice, &proofs, err) == 0 && haul_single(c, o, s, proofs, err) == 0)
		ret = 0;
	if (report_left(c, &s->session, &why) != 0 && ret == 0) {
		*err = why;
		ret = -1;
	}
	if (ret == 0)
		ret = haul_end(c, err);
	haul_item_close(&s->item);
	haul_result_clear(&s->result);
	haul_sign_close(o);
	session_close(&s->session);
	proof_run_free(proofs);
	free(s);
	return ret;
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct haul_opts *o = c->opts;
	struct haul_signing signing = {.signer = NULL};
	struct policy *policy = NULL;
	struct wrap_choice choice;
	int ret;

	o->told = &c->told;
	if (check_opts(o, c->nwords, err) != 0 || told_take(c, o->now, err) != 0 || read_choice(o, &choice, err) != 0 ||
	    policy_in_force(POLICY_HOST_PATH, o->policy_file, &policy, err) != 0)
		return -1;
	o->policy = policy;
	o->signing = &signing;
	ret = haul_sign_check(o, c->now, err) != 0 ? -1
	      : c->nwords == 1 ? wrap_single(c, o, &choice, err) : haul_batch_run(c, o, &choice, err);
	policy_free(policy);
	return ret;
}

const struct cmd_row cmd_wrap = {
	.verb = "wrap",
	.operands = "BUNDLE...",
	.needs = "--key URI | --token URI",
	.summary = "wrap a key in the token for the KMS key of each bundle",
	.groups = groups,
	.opts_size = sizeof(struct haul_opts),
	.min_words = 1,
	.max_words = 10000,
	.run = run,
};
