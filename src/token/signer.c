/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "signer.h"

#include "pin.h"
#include "pkcs11/sign.h"
#include "session.h"
#include "sign/cms.h"
#include "signer_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

struct signer {
	X509 *cert;
	EVP_PKEY *file_key; /* NULL: the key is in a token */
	struct session session;
	const struct token_opts *opts;
	struct key key;
	bool each_time; /* the key wants the PIN at each signature */
	pthread_mutex_t lock;
};

static bool is_uri(const char *name)
{
	return strncasecmp(name, "pkcs11:", 7) == 0;
}

/* A PIN in a file is read again where it is wanted again; one from elsewhere is kept for as long as it may be. */
static bool is_in_file(const struct signer *s)
{
	return s->opts->pin_file || uri_pin_source(s->session.uri);
}

static int open_token(struct signer *s, const char *uri, struct kh_error *err)
{
	struct key_query query;

	if (session_parse(uri, s->opts, &s->session, err))
		return -1;
	if (!uri_has_object(s->session.uri)) {
		kh_fail(err, KH_E_USAGE, 0, "--signer '%s' names no key", uri_text(s->session.uri));
		return kh_hint(err, "add object=LABEL or id=%%XX to the URI; 'keyhaul-token keys' prints them");
	}
	if (key_query_from_uri(s->session.uri, &query, err))
		return -1;
	query.has_class = true;
	query.object_class = CKO_PRIVATE_KEY;
	s->session.keeps_pin = !is_in_file(s);
	if (session_start(s->opts, false, &s->session, err) || key_find(&s->session.token, &query, &s->key, err) ||
	    sign_asks_each_time(&s->session.token, &s->key, &s->each_time, err))
		return -1;
	if (!s->each_time) {
		secret_free(s->session.pin);
		s->session.pin = NULL;
	}
	return 0;
}

int signer_open(const char *name, const char *cert, const struct token_opts *opts, int64_t now, struct signer **out,
		struct kh_error *err)
{
	struct signer *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return kh_fail_memory(err);
	s->opts = opts;
	s->session.token.session = CK_INVALID_HANDLE;
	(void)pthread_mutex_init(&s->lock, NULL);
	rc = cert_load(cert, &s->cert, err);
	if (!rc && (cert_check_key(s->cert, err) || cert_check_time(s->cert, now, err)))
		rc = kh_context(err, "%s", cert);
	if (!rc)
		rc = is_uri(name) ? open_token(s, name, err) : signer_file_read(name, opts, &s->file_key, err);
	if (rc) {
		signer_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

/* The PIN for one signature: the login wipes it. NULL where the token asks by itself. */
static int pin_for_one(struct signer *s, struct secret **out, struct kh_error *err)
{
	struct session *ses = &s->session;

	*out = NULL;
	if (ses->token.info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		return 0;
	if (is_in_file(s))
		return pin_get(s->opts, ses->uri, &ses->token, out, err);
	/* none was taken where somebody else had logged in */
	if (!ses->pin && pin_get(s->opts, ses->uri, &ses->token, &ses->pin, err))
		return -1;
	*out = secret_copy(secret_bytes(ses->pin), secret_len(ses->pin), err);
	return *out ? 0 : -1;
}

static int sign_in_token(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	struct signer *s = key;
	struct secret *pin = NULL;
	int rc = -1;

	if (!s->each_time || pin_for_one(s, &pin, err) == 0)
		rc = sign_data(&s->session.token, &s->key, s->each_time, pin, md, data, len, out, err);
	secret_free(pin);
	return rc;
}

int signer_sign(struct signer *s, int64_t now, const void *content, size_t len, struct buf *out, struct kh_error *err)
{
	int rc;

	(void)pthread_mutex_lock(&s->lock);
	rc = s->file_key ? cms_sign(s->cert, signer_file_sign, s->file_key, now, content, len, out, err)
			 : cms_sign(s->cert, sign_in_token, s, now, content, len, out, err);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

X509 *signer_cert(const struct signer *s)
{
	return s->cert;
}

void signer_close(struct signer *s)
{
	if (!s)
		return;
	session_close(&s->session);
	EVP_PKEY_free(s->file_key);
	X509_free(s->cert);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
