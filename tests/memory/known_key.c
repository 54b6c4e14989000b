/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * known_key put TOKEN_URI PIN|- SPEC LABEL     makes a key of the spec in OpenSSL and puts it on the token, sensitive and
 *                                              extractable: SPEC's public half, or a secret's value, in LABEL.known
 * known_key opened SPEC LABEL FILE             a key that was made on the token, opened from a blob
 *
 * Both write the private numbers to standard output as needles. KEYHAUL_MODULE and KEYHAUL_NSS_INIT name the module.
 */
#include "bundle/keyspec.h"
#include "pkcs11/attr.h"
#include "pkcs11/module.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 512
#define NSS_DB 0xD5A0DB00UL /* NSS looks a private key up by it: the public value */

/* The numbers of a pair, in the order that a template has them. */
static const struct number {
	const char *param, *name; /* OpenSSL's, ours */
	CK_ATTRIBUTE_TYPE type;
	bool secret;
} rsa_numbers[] = {
	{OSSL_PKEY_PARAM_RSA_N, "n", CKA_MODULUS, false},
	{OSSL_PKEY_PARAM_RSA_E, "e", CKA_PUBLIC_EXPONENT, false},
	{OSSL_PKEY_PARAM_RSA_D, "d", CKA_PRIVATE_EXPONENT, true},
	{OSSL_PKEY_PARAM_RSA_FACTOR1, "p", CKA_PRIME_1, true},
	{OSSL_PKEY_PARAM_RSA_FACTOR2, "q", CKA_PRIME_2, true},
	{OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp", CKA_EXPONENT_1, true},
	{OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq", CKA_EXPONENT_2, true},
	{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qinv", CKA_COEFFICIENT, true},
}, ec_numbers[] = {{OSSL_PKEY_PARAM_PRIV_KEY, "d", CKA_VALUE, true}};
#define RSA_NUMBERS (sizeof(rsa_numbers) / sizeof(rsa_numbers[0]))

struct known {
	const struct keyspec_info *info;
	const char *label;
	CK_BYTE id[8];
	unsigned char secret[64];
	size_t secret_len;
	EVP_PKEY *pair;
	unsigned char values[RSA_NUMBERS][NUMBER_MAX];
	size_t lens[RSA_NUMBERS];
};

static void print_needle(const struct known *k, const char *name, const unsigned char *value, size_t len)
{
	printf("key %s%s%s ", k->label, name[0] != '\0' ? "." : "", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", value[i]);
	printf("\n");
}

static const struct number *numbers(const struct known *k, size_t *n)
{
	*n = k->info->kind == KEYSPEC_RSA ? RSA_NUMBERS : 1;
	return k->info->kind == KEYSPEC_RSA ? rsa_numbers : ec_numbers;
}

/* Takes the pair apart, and prints what of it is secret. */
static int take_numbers(struct known *k)
{
	size_t n = 0;
	const struct number *row = numbers(k, &n);

	for (size_t i = 0; i < n; i++) {
		BIGNUM *value = NULL;
		int len = -1;

		if (EVP_PKEY_get_bn_param(k->pair, row[i].param, &value) == 1 && BN_num_bytes(value) <= NUMBER_MAX)
			len = BN_bn2bin(value, k->values[i]);
		BN_clear_free(value);
		if (len <= 0)
			return -1;
		k->lens[i] = (size_t)len;
		if (row[i].secret)
			print_needle(k, row[i].name, k->values[i], k->lens[i]);
	}
	return 0;
}

static int make(struct known *k)
{
	k->secret_len = k->info->secret_len;
	if (RAND_bytes(k->id, sizeof(k->id)) != 1)
		return -1;
	if (k->secret_len > 0) {
		if (RAND_bytes(k->secret, (int)k->secret_len) != 1)
			return -1;
		print_needle(k, "", k->secret, k->secret_len);
		return 0;
	}
	k->pair = k->info->kind == KEYSPEC_RSA ? EVP_RSA_gen(k->info->bits) : EVP_EC_gen(k->info->group);
	return k->pair != NULL ? take_numbers(k) : -1;
}

static void add_name(struct attr_template *a, const struct known *k, CK_OBJECT_CLASS object_class, CK_KEY_TYPE type)
{
	attr_add_ulong(a, CKA_CLASS, object_class);
	attr_add_ulong(a, CKA_KEY_TYPE, type);
	attr_add_bool(a, CKA_TOKEN, true);
	attr_add_bytes(a, CKA_LABEL, k->label, strlen(k->label));
	attr_add_bytes(a, CKA_ID, k->id, sizeof(k->id));
}

static int create(const struct token *t, struct attr_template *a, struct kh_error *err)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv = t->fn->C_CreateObject(t->session, a->v, a->n, &object);

	return rv == CKR_OK ? 0 : kh_fail(err, KH_E_TOKEN, rv, "C_CreateObject: 0x%lX", rv);
}

/* CKA_EC_POINT: the point as a DER OCTET STRING, with the header's length apart. */
struct point {
	unsigned char data[256];
	size_t header, len;
};

static void ec_point(const struct known *k, struct point *out)
{
	unsigned char raw[200];
	size_t len = 0;

	memset(out, 0, sizeof(*out));
	if (k->info->kind != KEYSPEC_EC ||
	    EVP_PKEY_get_octet_string_param(k->pair, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof(raw), &len) != 1)
		return;
	out->data[out->header++] = 0x04;
	if (len >= 128)
		out->data[out->header++] = 0x81;
	out->data[out->header++] = (unsigned char)len;
	memcpy(out->data + out->header, raw, len);
	out->len = out->header + len;
}

/* SoftHSM has an EC key's public half in an object of its own only. */
static int put_public(const struct token *t, const struct known *k, const struct point *point, struct kh_error *err)
{
	struct attr_template a = {.n = 0};

	add_name(&a, k, CKO_PUBLIC_KEY, CKK_EC);
	attr_add_bytes(&a, CKA_EC_PARAMS, k->info->params, k->info->params_len);
	attr_add_bytes(&a, CKA_EC_POINT, point->data, point->len);
	attr_add_bool(&a, CKA_VERIFY, true);
	return create(t, &a, err);
}

static int put(const struct token *t, const struct known *k, struct kh_error *err)
{
	static const CK_KEY_TYPE types[] = {[KEYSPEC_AES] = CKK_AES, [KEYSPEC_HMAC] = CKK_GENERIC_SECRET,
					    [KEYSPEC_RSA] = CKK_RSA, [KEYSPEC_EC] = CKK_EC};
	struct attr_template a = {.n = 0};
	struct point point;
	size_t n = 0;
	const struct number *row = numbers(k, &n);

	ec_point(k, &point);
	add_name(&a, k, k->secret_len > 0 ? CKO_SECRET_KEY : CKO_PRIVATE_KEY, types[k->info->kind]);
	attr_add_bool(&a, CKA_PRIVATE, true);
	attr_add_bool(&a, CKA_SENSITIVE, true);
	attr_add_bool(&a, CKA_EXTRACTABLE, true);
	attr_add_bool(&a, k->info->kind == KEYSPEC_AES ? CKA_ENCRYPT : CKA_SIGN, true);
	if (k->secret_len > 0)
		attr_add_bytes(&a, CKA_VALUE, k->secret, k->secret_len);
	for (size_t i = 0; k->secret_len == 0 && i < n; i++)
		attr_add_bytes(&a, row[i].type, k->values[i], k->lens[i]);
	if (k->info->kind == KEYSPEC_EC)
		attr_add_bytes(&a, CKA_EC_PARAMS, k->info->params, k->info->params_len);
	if (getenv("KEYHAUL_NSS_INIT") != NULL && k->info->kind == KEYSPEC_RSA)
		attr_add_bytes(&a, NSS_DB, k->values[0], k->lens[0]);
	if (getenv("KEYHAUL_NSS_INIT") != NULL && k->info->kind == KEYSPEC_EC)
		attr_add_bytes(&a, NSS_DB, point.data + point.header, point.len - point.header);
	if (create(t, &a, err) != 0)
		return -1;
	return k->info->kind == KEYSPEC_EC ? put_public(t, k, &point, err) : 0;
}

static int put_on_token(char **argv, const struct known *k, struct kh_error *err)
{
	struct module *module = NULL;
	struct uri *uri = NULL;
	struct token t = {.session = CK_INVALID_HANDLE};
	struct secret *pin = NULL;
	const char *path = getenv("KEYHAUL_MODULE");
	int ret = -1;

	if (path == NULL || module_open(path, getenv("KEYHAUL_NSS_INIT"), &module, err) != 0 ||
	    uri_parse(argv[2], URI_FROM_COMMAND_LINE, &uri, err) != 0 ||
	    token_find(module_functions(module), uri, &t, err) != 0 || token_open(&t, true, err) != 0)
		goto out;
	pin = secret_copy(argv[3], strlen(argv[3]), err);
	if (pin != NULL && (strcmp(argv[3], "-") == 0 || token_login(&t, pin, err) == 0))
		ret = put(&t, k, err);
out:
	secret_free(pin);
	token_close(&t);
	uri_free(uri);
	module_close(module);
	return ret;
}

/* What a blob has to open to: the value, or the public half. */
static int write_known(const struct known *k)
{
	char path[256];
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "%s.known", k->label);
	f = fopen(path, "wb");
	if (f == NULL)
		return -1;
	ret = k->secret_len > 0 ? fwrite(k->secret, 1, k->secret_len, f) == k->secret_len : i2d_PUBKEY_fp(f, k->pair);
	return fclose(f) == 0 && ret == 1 ? 0 : -1;
}

static int read_opened(struct known *k, const char *path)
{
	unsigned char data[4096];
	const unsigned char *at = data;
	FILE *f = fopen(path, "rb");
	size_t len = f != NULL ? fread(data, 1, sizeof(data), f) : 0;

	if (f != NULL)
		(void)fclose(f);
	if (len > 0 && k->info->secret_len > 0) {
		print_needle(k, "", data, len);
		return 0;
	}
	k->pair = len > 0 ? d2i_AutoPrivateKey(NULL, &at, (long)len) : NULL;
	return k->pair != NULL ? take_numbers(k) : -1;
}

int main(int argc, char **argv)
{
	struct kh_error err = {.msg = "usage, or OpenSSL"};
	bool puts = argc == 6 && strcmp(argv[1], "put") == 0, opened = argc == 5 && strcmp(argv[1], "opened") == 0;
	static struct known k;
	enum keyspec spec = KEYSPEC_NONE;
	int ret = -1;

	if ((puts || opened) && keyspec_parse(argv[puts ? 4 : 2], &spec, &err) == 0) {
		k.info = keyspec_info(spec);
		k.label = argv[puts ? 5 : 3];
		if (opened)
			ret = read_opened(&k, argv[4]);
		else if (make(&k) == 0 && write_known(&k) == 0)
			ret = put_on_token(argv, &k, &err);
	}
	EVP_PKEY_free(k.pair);
	if (ret != 0)
		fprintf(stderr, "known_key: %s\n", err.msg);
	return ret == 0 ? 0 : 1;
}
