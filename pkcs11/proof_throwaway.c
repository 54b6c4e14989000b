/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include <openssl/x509.h>
#include <string.h>

unsigned proof_rsa_bits(enum keyspec spec, enum wrapalg alg)
{
	const struct wrapalg_info *info = wrapalg_info(alg);

	/* OAEP under RSA-2048 has no room for the 241 bytes of P-521 */
	return spec == KEYSPEC_ECC_NIST_P521 && info != NULL && !info->two_layer ? 3072 : 2048;
}

static int put_wrapping_key(const struct token *t, EVP_PKEY *rsa, CK_OBJECT_HANDLE *out, struct kh_error *err)
{
	unsigned char *der = NULL;
	struct spki spki = {0};
	int len = i2d_PUBKEY(rsa, &der);
	int ret = -1;

	if (len <= 0)
		kh_fail_memory(err);
	else if (spki_parse(der, (size_t)len, 0, &spki, err) == 0)
		ret = wrap_key_create(t, &spki, false, out, err);
	spki_clear(&spki);
	OPENSSL_free(der);
	return ret;
}

int proof_throwaway_make(const struct token *t, enum keyspec spec, size_t secret_len, EVP_PKEY *rsa,
			 struct proof_throwaway *out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	struct keygen_request request = {.secret_len = secret_len, .token_object = t->token_objects};

	memset(out, 0, sizeof(*out));
	out->target.key = CK_INVALID_HANDLE;
	out->target.public_key = CK_INVALID_HANDLE;
	out->wrapping_key = CK_INVALID_HANDLE;
	if (info == NULL)
		return kh_fail(err, KH_E_CHECK, 0, "no such key spec");
	out->spec = info->kind == KEYSPEC_RSA ? KEYSPEC_RSA_2048 : spec;
	out->secret_len = secret_len;
	out->rsa = rsa;
	out->rsa_bits = (unsigned)EVP_PKEY_get_bits(rsa);
	request.spec = out->spec;
	/* so that the key can be compared with what was opened without being read */
	request.use = info->kind == KEYSPEC_AES ? CKA_ENCRYPT : 0;
	if (put_wrapping_key(t, rsa, &out->wrapping_key, err) != 0)
		return -1;
	return keygen_generate(t, &request, &out->target, err);
}

void proof_throwaway_destroy(const struct token *t, struct proof_throwaway *w)
{
	keygen_destroy(t, &w->target);
	wrap_key_destroy(t, &w->wrapping_key);
}
