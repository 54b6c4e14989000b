/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"
#include "signer.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "bundle/result.h"
#include "bundle/told.h"
#include "sign/cms.h"

#include <string.h>

#define FILE_MAX (64u << 20) /* bytes of what is signed */

struct sign_opts {
	const char *signer, *cert, *out, *now, *bundle;
	bool close_transcript;
	struct token_opts token_opts;
};

#define OPT(n, k, field, value, words) \
	{.name = (n), .kind = (k), .offset = offsetof(struct sign_opts, field), .arg = (value), .text = (words)}

static const struct opt_row rows[] = {
	OPT("signer", OPT_URI, signer, "URI|FILE", "the signer's private key: in a token, or a PEM file"),
	OPT("cert", OPT_INPUT, cert, "FILE", "the signer's certificate, PEM or DER"),
	OPT("out", OPT_OUTPUT, out, "FILE", "the new file that gets the signature (CMS, DER)"),
	TOLD_OPT(struct sign_opts, now),
	OPT("bundle", OPT_INPUT, bundle, "FILE", TOLD_BUNDLE_TEXT),
	OPT("close-transcript", OPT_FLAG, close_transcript, NULL, "FILE is the end of a transcript; 'keyhaul transcript close' says it"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct sign_opts, token_opts)),
	OPT_GROUPS_END,
};

static int check_opts(const struct sign_opts *o, struct kh_error *err)
{
	if (!o->signer || !o->cert || !o->out)
		return kh_fail(err, KH_E_USAGE, 0, "%s is missing", !o->signer ? "--signer" : !o->cert ? "--cert" : "--out");
	return 0;
}

/* How the canonical forms begin that keyhaul's own signatures are of: their first name, and no other is taken in one. */
static const struct {
	const char *begins, *where;
} meant[] = {
	{"{\"approver\":", "keyhaul-token approve"},
	{"{\"encrypted_key_material\":", "keyhaul-token wrap --signer"},
	{"{\"at\":", "keyhaul transcript close"},
};
#define CLOSE (sizeof(meant) / sizeof(meant[0]) - 1)

static bool begins(const struct buf *content, const char *with)
{
	return content->len >= strlen(with) && memcmp(content->data, with, strlen(with)) == 0;
}

/* What counts by its signature is signed where its meaning is shown or made, and not as a file that somebody gave. */
static int check_content(const struct sign_opts *o, const struct buf *content, struct kh_error *err)
{
	if (o->close_transcript)
		return begins(content, meant[CLOSE].begins)
			       ? 0
			       : kh_fail(err, KH_E_INPUT, 0, "--close-transcript: this is not the end of a transcript");
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (begins(content, meant[i].begins)) {
			kh_fail(err, KH_E_CHECK, 0, "this is what '%s' signs, and would count as that", meant[i].where);
			return kh_hint(err, "sign it there, by the bundle or the transcript; and ask who gave you this file");
		}
	return 0;
}

static int report(struct cmd *c, const struct signer *s, const struct sign_opts *o, const struct buf *content,
		  struct kh_error *err)
{
	char name[CERT_NAME_MAX], shown[TEXT_SHOWN(CERT_NAME_MAX)], fingerprint[CERT_HEX], hex[2 * FILE_DIGEST + 1];
	unsigned char digest[FILE_DIGEST];

	if (file_sha256(buf_text(content), content->len, digest, err) || cert_sha256(signer_cert(s), fingerprint, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	text_shown(cert_subject(signer_cert(s), name), shown, sizeof(shown));
	if (cmd_printf(c, err, "%s: signed by '%s', the signature is in %s\n", c->words[0], shown, o->out))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s,s:s}", "item", c->words[0], "ok", 1, "signature", o->out, "signer", shown,
				    "certificate_sha256", fingerprint, "sha256", hex),
			  err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct sign_opts *o = c->opts;
	struct buf content = BUF_INIT(FILE_MAX), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	struct signer *s = NULL;
	int rc = -1;

	if (check_opts(o, err) || told_take_by(c, o->now, o->bundle, err) || file_read(c->words[0], &content, err) || check_content(o, &content, err) ||
	    signer_open(o->signer, o->cert, &o->token_opts, c->now, &s, err) ||
	    signer_sign(s, c->now, buf_text(&content), content.len, &signature, err) ||
	    file_create(o->out, 0644, buf_text(&signature), signature.len, err))
		goto out;
	rc = report(c, s, o, &content, err);
out:
	signer_close(s);
	buf_free(&content);
	buf_free(&signature);
	return rc;
}

const struct cmd_row cmd_sign = {
	.verb = "sign",
	.operands = "FILE",
	.needs = "--signer URI|FILE --cert FILE --out FILE",
	.summary = "sign a file: a CMS detached signature by a key in a token or a file",
	.groups = groups,
	.opts_size = sizeof(struct sign_opts),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
