/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * wrap_bundles BUNDLE...
 *
 * A key of 32 random bytes into each bundle that has none, as keyhaul-token would wrap it: for tests and benchmarks of
 * the other half, which have hundreds. RSAES_OAEP only.
 */
#include "base/clock.h"
#include "bundle/bundle.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>

#define KEY_BYTES 32

static int encrypt(const struct bundle *b, unsigned char *out, size_t *len)
{
	const struct bundle_request *r = bundle_request(b);
	const EVP_MD *md = EVP_get_digestbyname(wrapalg_info(bundle_facts(b)->algorithm)->hash);
	const unsigned char *der = r->public_key.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)r->public_key.len);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	unsigned char plain[KEY_BYTES];
	int good = ctx && md && RAND_bytes(plain, sizeof(plain)) == 1 && EVP_PKEY_encrypt_init(ctx) == 1 &&
		   EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		   EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		   EVP_PKEY_encrypt(ctx, out, len, plain, sizeof(plain)) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good ? 0 : -1;
}

static int wrap(const char *path, struct kh_error *err)
{
	unsigned char blob[512];
	struct bundle_material m = {.n_mechanisms = 1, .policy_sha256 = "none", .generator = "wrap_bundles"};
	struct file *file = NULL;
	struct bundle *b = NULL;
	size_t len = sizeof(blob);
	int rc = -1;

	if (bundle_open(path, &file, &b, err))
		return -1;
	if (bundle_material(b)) {
		rc = 0;
		goto out;
	}
	if (encrypt(b, blob, &len)) {
		kh_fail(err, KH_E_SYSTEM, 0, "%s: OpenSSL failed", path);
		goto out;
	}
	m.encrypted_key_material = (struct bundle_blob){blob, len};
	m.request_sha256 = bundle_request_sha256(b);
	m.token.label = "keyhaul-rehearsal";
	m.key.type = keyspec_is_symmetric(bundle_facts(b)->key_spec) ? "AES" : "GENERIC_SECRET";
	m.key.size = 8 * KEY_BYTES;
	m.key.kept = BUNDLE_TRUE;
	m.mechanisms[0] = (struct bundle_mechanism){"CKM_RSA_PKCS_OAEP", 9, "wrap"};
	m.proof.oaep_hash = m.proof.mgf_hash = wrapalg_info(bundle_facts(b)->algorithm)->hash;
	m.proof.wrapping_bits = 2048;
	m.proof.target_bits = 8 * KEY_BYTES;
	m.wrapped_at = clock_now();
	rc = bundle_set_material(b, &m, err) || bundle_save(b, file, err) ? -1 : 0;
out:
	bundle_free(b);
	file_close(file);
	return rc;
}

int main(int argc, char **argv)
{
	struct kh_error err = {0};

	for (int i = 1; i < argc; i++)
		if (wrap(argv[i], &err)) {
			fprintf(stderr, "wrap_bundles: %s: %s\n", argv[i], err.msg);
			return 1;
		}
	return 0;
}
