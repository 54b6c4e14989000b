/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "importtoken.h"

#include "aws/limits.h"
#include "keystore.h"
#include "seal.h"

#include <openssl/x509.h>
#include <string.h>

static const char label[] = "keyhaul-sim import token 1";

/* In front of the private key: a fixed shape, and the same machine writes and reads it. */
struct head {
	char arn[ARN_MAX];
	int64_t valid_to;
	uint32_t alg, bits;
};

int importtoken_seal(const struct importtoken *t, const unsigned char *master, struct buf *out, struct kh_error *err)
{
	struct head head = {.valid_to = t->valid_to, .alg = (uint32_t)t->alg, .bits = t->bits};
	unsigned char *der = NULL;
	struct secret *plain = NULL;
	int len, rc = -1;

	memcpy(head.arn, t->arn, sizeof(head.arn));
	len = i2d_PrivateKey(t->key, &der);
	if (len <= 0) {
		kh_fail(err, KH_E_SYSTEM, 0, "the wrapping key: OpenSSL failed");
		goto out;
	}
	plain = secret_new(sizeof(head) + (size_t)len, err);
	if (!plain)
		goto out;
	memcpy(secret_data(plain), &head, sizeof(head));
	memcpy(secret_data(plain) + sizeof(head), der, (size_t)len);
	rc = seal(master, KEYSTORE_MASTER, label, sizeof(label), secret_bytes(plain), sizeof(head) + (size_t)len, out, err);
out:
	if (der)
		OPENSSL_clear_free(der, (size_t)len);
	secret_free(plain);
	return rc;
}

int importtoken_open(const void *data, size_t len, const unsigned char *master, struct importtoken *out,
		     struct kh_error *err)
{
	struct secret *plain = NULL;
	const unsigned char *der;
	struct head head;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (unseal(master, KEYSTORE_MASTER, label, sizeof(label), data, len, &plain, err))
		return -1;
	if (secret_len(plain) <= sizeof(head)) {
		kh_fail(err, KH_E_CHECK, 0, "the import token is too short");
		goto out;
	}
	memcpy(&head, secret_bytes(plain), sizeof(head));
	der = secret_bytes(plain) + sizeof(head);
	out->key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, (long)(secret_len(plain) - sizeof(head)));
	if (!out->key) {
		kh_fail(err, KH_E_CHECK, 0, "the import token holds no wrapping key");
		goto out;
	}
	memcpy(out->arn, head.arn, sizeof(out->arn));
	out->arn[sizeof(out->arn) - 1] = '\0';
	out->alg = (enum wrapalg)head.alg;
	out->bits = head.bits;
	out->valid_to = head.valid_to;
	rc = 0;
out:
	secret_free(plain);
	return rc;
}

void importtoken_clear(struct importtoken *t)
{
	EVP_PKEY_free(t->key);
	memset(t, 0, sizeof(*t));
}
