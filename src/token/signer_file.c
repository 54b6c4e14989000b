/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "signer_file.h"

#include "base/secret.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#define KEY_FILE_MAX 16384 /* bytes; an RSA-8192 key in PEM has 6.5 K */
#define PASSPHRASE_MAX 1000 /* OpenSSL has room for 1024 */

/* What OpenSSL's callback is given, and what became of it. */
struct passphrase {
	const char *path;
	const struct token_opts *opts;
	struct kh_error *err;
	bool failed; /* to be had: `err` says how */
	bool tried;
};

static int ask(const struct passphrase *p, struct secret **out)
{
	struct buf prompt = BUF_INIT(8192);
	int rc = -1;

	if (buf_addf(&prompt, "passphrase of ", p->err) == 0 &&
	    text_for_terminal(p->path, strlen(p->path), &prompt, p->err) == 0 && buf_addf(&prompt, ": ", p->err) == 0)
		rc = secret_prompt(buf_text(&prompt), PASSPHRASE_MAX, out, p->err);
	if (rc && p->err->code == KH_E_INPUT)
		kh_hint(p->err, "give it with --pin-file or --pin-fd where there is no terminal");
	buf_free(&prompt);
	return rc;
}

/* A pem_password_cb: once a run, from where a PIN would come. */
static int give_passphrase(char *room, int size, int for_writing, void *arg)
{
	struct passphrase *p = arg;
	struct secret *secret = NULL;
	int len = -1, rc;

	(void)for_writing;
	p->tried = true;
	if (p->opts->pin_file)
		rc = secret_read_file(p->opts->pin_file, PASSPHRASE_MAX, &secret, p->err);
	else if (p->opts->pin_fd >= 0)
		rc = secret_read_line((int)p->opts->pin_fd, "--pin-fd", PASSPHRASE_MAX, &secret, p->err);
	else
		rc = ask(p, &secret);
	p->failed = rc != 0;
	if (rc == 0 && secret_len(secret) <= (size_t)size) {
		len = (int)secret_len(secret);
		memcpy(room, secret_bytes(secret), (size_t)len);
	}
	secret_free(secret);
	return len;
}

int signer_file_read(const char *path, const struct token_opts *opts, EVP_PKEY **out, struct kh_error *err)
{
	struct passphrase passphrase = {.path = path, .opts = opts, .err = err};
	struct secret *text = NULL;
	BIO *bio = NULL;
	int rc = -1;

	if (secret_read_whole(path, KEY_FILE_MAX, &text, err))
		return -1;
	bio = BIO_new_mem_buf(secret_bytes(text), (int)secret_len(text));
	*out = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase) : NULL;
	if (*out) {
		rc = 0;
	} else if (!passphrase.failed) {
		kh_fail(err, KH_E_INPUT, 0, passphrase.tried ? "%s: the passphrase does not open it"
							     : "%s: neither a PKCS#11 URI nor a private key in PEM", path);
		kh_hint(err, passphrase.tried ? "it was tried once; run this again"
					      : "the signer is a key in a token (pkcs11:token=...;object=...) or a PEM file");
	}
	ERR_clear_error();
	BIO_free(bio);
	secret_free(text);
	return rc;
}

int signer_file_sign(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	int rc = -1;

	if (ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, signature, &n, data, len) == 1)
		rc = buf_add(out, signature, n, err);
	else
		kh_fail(err, KH_E_CHECK, 0, "the signer's key makes no signature of this kind: it is not the certificate's");
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return rc;
}
