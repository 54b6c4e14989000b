/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim_fixture.h"

#include "base/base64.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_MAX = 512 };

static void write_pool(char folder[FOLDER_MAX])
{
	const char *tmp = getenv("TMPDIR");
	EVP_PKEY *key = rsa_key(2048);
	char path[FOLDER_MAX + 32];
	FILE *file;

	(void)snprintf(folder, FOLDER_MAX, "%.400s/pool-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(folder), "%s", folder);
	(void)snprintf(path, sizeof(path), "%s/rsa-2048-01.pem", folder);
	file = fopen(path, "w");
	cr_assert(key && file && PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
	(void)fclose(file);
	EVP_PKEY_free(key);
}

void fixture_open(struct fixture *f, const char *state)
{
	struct kh_error err;
	char folder[FOLDER_MAX];

	memset(f, 0, sizeof(*f));
	write_pool(folder);
	f->now = FIXTURE_NOW;
	f->region = "us-east-1";
	f->sim.keys_max = SIM_KEYS_MAX;
	(void)pthread_mutex_init(&f->sim.lock, NULL);
	cr_assert_eq(pool_open(folder, &f->sim.pool, &err), 0, "%s", err.msg);
	cr_assert_eq(keystore_open(state, &f->sim.keys, &err), 0, "%s", err.msg);
}

void fixture_close(struct fixture *f)
{
	reply_clear(&f->r);
	keystore_free(f->sim.keys);
	pool_free(f->sim.pool);
	(void)pthread_mutex_destroy(&f->sim.lock);
}

const char *fixture_call(struct fixture *f, const char *op, const char *fmt, ...)
{
	static char body[32768];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	cr_assert_not_null(api_find(op), "%s", op);
	reply_clear(&f->r);
	api_call(&f->sim, api_find(op), f->region, body, strlen(body), f->now, &f->r);
	cr_assert_eq(f->r.http == 200, f->r.code[0] == '\0');
	return f->r.code;
}

const char *fixture_text(const struct fixture *f, const char *path)
{
	const json_t *at = f->r.body;
	char name[64];

	while (*path) {
		size_t len = strcspn(path, ".");

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		at = json_object_get(at, name);
		path += len + (path[len] == '.');
	}
	return json_is_string(at) ? json_string_value(at) : "";
}

void fixture_create(struct fixture *f, const char *spec, const char *usage, const char *more, char id[37])
{
	cr_assert_str_eq(fixture_call(f, "CreateKey", "{\"Origin\":\"EXTERNAL\",\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"%s}", spec,
				      usage, more), "", "%s", f->r.message);
	(void)snprintf(id, 37, "%s", fixture_text(f, "KeyMetadata.KeyId"));
}

void fixture_parameters(struct fixture *f, const char *id, const char *algorithm, struct fixture_parameters *out)
{
	struct buf der = BUF_INIT(4096);
	const unsigned char *at;
	struct kh_error err;
	const char *text;

	cr_assert_str_eq(fixture_call(f, "GetParametersForImport", "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"%s\","
				      "\"WrappingKeySpec\":\"RSA_2048\"}", id, algorithm), "", "%s", f->r.message);
	text = fixture_text(f, "PublicKey");
	cr_assert_eq(base64_decode(text, strlen(text), &der, &err), 0);
	at = (const unsigned char *)der.data;
	out->key = d2i_PUBKEY(NULL, &at, (long)der.len);
	cr_assert_not_null(out->key);
	buf_free(&der);
	(void)snprintf(out->token, sizeof(out->token), "%s", fixture_text(f, "ImportToken"));
	out->two_layer = strncmp(algorithm, "RSA_AES", 7) == 0;
	out->sha1 = strstr(algorithm, "SHA_1") != NULL;
}

static size_t oaep(const struct fixture_parameters *p, const unsigned char *plain, size_t len, unsigned char *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->key, NULL);
	const EVP_MD *md = p->sha1 ? EVP_sha1() : EVP_sha256();
	size_t n = 512;

	cr_assert(ctx && EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		  EVP_PKEY_encrypt(ctx, out, &n, plain, len) == 1);
	EVP_PKEY_CTX_free(ctx);
	return n;
}

static size_t kwp(const unsigned char *kek, const unsigned char *plain, size_t len, unsigned char *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, tail = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	cr_assert(EVP_EncryptInit_ex(ctx, cipher, NULL, kek, NULL) == 1 && EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) == 1 &&
		  EVP_EncryptFinal_ex(ctx, out + n, &tail) == 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (size_t)(n + tail);
}

const char *fixture_wrap(const struct fixture_parameters *p, const unsigned char *plain, size_t len)
{
	static char text[BASE64_LEN(6144) + 1];
	struct buf out = BUF_INIT(sizeof(text) - 1);
	unsigned char blob[6144], kek[32];
	struct kh_error err;
	size_t n;

	if (p->two_layer) {
		cr_assert_eq(RAND_bytes(kek, sizeof(kek)), 1);
		n = oaep(p, kek, sizeof(kek), blob);
		n += kwp(kek, plain, len, blob + n);
	} else {
		n = oaep(p, plain, len, blob);
	}
	cr_assert_eq(base64_encode(blob, n, &out, &err), 0);
	(void)snprintf(text, sizeof(text), "%s", buf_text(&out));
	buf_free(&out);
	return text;
}

const char *fixture_import(struct fixture *f, const char *id, const char *algorithm, const unsigned char *plain, size_t len,
			   const char *more)
{
	struct fixture_parameters p;

	fixture_parameters(f, id, algorithm, &p);
	(void)fixture_call(f, "ImportKeyMaterial", "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\",\"EncryptedKeyMaterial\":\"%s\"%s}",
			   id, p.token, fixture_wrap(&p, plain, len), *more ? more : FIXTURE_FOREVER);
	EVP_PKEY_free(p.key);
	return f->r.code;
}

/* Not the one that the simulator wraps under. */
static EVP_PKEY *fixture_rsa(unsigned bits)
{
	return bits == 2048 ? rsa_key_other() : bits > 2048 ? rsa_key(bits) : EVP_RSA_gen(bits);
}

size_t fixture_private(const char *kind, unsigned char *out)
{
	EVP_PKEY *key = strncmp(kind, "RSA:", 4) == 0 ? fixture_rsa((unsigned)atoi(kind + 4)) : EVP_EC_gen(kind);
	PKCS8_PRIV_KEY_INFO *info = key ? EVP_PKEY2PKCS8(key) : NULL;
	unsigned char *der = NULL;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

	cr_assert(len > 0 && len < 4096, "%s", kind);
	memcpy(out, der, (size_t)len);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	return (size_t)len;
}
