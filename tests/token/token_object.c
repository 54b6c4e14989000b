/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * What a test does on a token beside keyhaul-token:
 *
 *	token_object TOKEN_URI PIN|- count                    how many objects there are, of every class
 *	token_object TOKEN_URI PIN|- put TYPE LABEL HEX [ATTRIBUTE=0|1...]
 *	                                                      a secret key (aes, generic) with a value that the test knows
 *	token_object TOKEN_URI PIN|- mac LABEL HEX            CKM_SHA256_HMAC of the bytes by the key, in hex
 *	token_object TOKEN_URI so:PIN trusted-kek LABEL HEX   an AES key that wraps and is CKA_TRUSTED, as the security officer
 *	token_object TOKEN_URI PIN|- trusted-only LABEL SPEC  a key that is CKA_WRAP_WITH_TRUSTED, generated there
 *	token_object TOKEN_URI so:PIN trusted LABEL SPKI      a CKA_TRUSTED wrapping key of the file, by the security officer
 *	token_object TOKEN_URI PIN|- uses LABEL               what a public key may: a word for each that is true
 *	token_object TOKEN_URI PIN|- remove LABEL             all objects of that label
 *	token_object TOKEN_URI PIN|- plans KEY_SPEC ALGORITHM what the proof finds of each mechanism by itself
 *
 * KEYHAUL_MODULE and KEYHAUL_NSS_INIT name the module. ATTRIBUTE: sensitive, extractable, trusted (wrap with trusted).
 */
#include "base/base64.h"
#include "base/file.h"
#include "bundle/spki.h"
#include "pkcs11/keygen.h"
#include "pkcs11/module.h"
#include "pkcs11/proof_step.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 256

static bool attribute(int n, char **words, const char *name, bool preset)
{
	size_t len = strlen(name);

	for (int i = 0; i < n; i++)
		if (strncmp(words[i], name, len) == 0 && words[i][len] == '=')
			return words[i][len + 1] == '1';
	return preset;
}

static int search(const struct token *t, const char *label, CK_OBJECT_HANDLE **out, size_t *n, struct kh_error *err)
{
	struct attr_template match = {.n = 0};

	if (label != NULL)
		attr_add_bytes(&match, CKA_LABEL, label, strlen(label));
	return key_search(t, &match, out, n, err);
}

static int count(const struct token *t, int n, char **words, struct kh_error *err)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t found = 0;

	(void)n;
	(void)words;
	if (search(t, NULL, &handles, &found, err) != 0)
		return -1;
	free(handles);
	printf("%zu\n", found);
	return 0;
}

static int put(const struct token *t, int n, char **words, struct kh_error *err)
{
	CK_BYTE id[8];
	bool aes = n >= 3 && strcmp(words[0], "aes") == 0;
	unsigned char value[BYTES_MAX];
	size_t len = 0;
	struct attr_template a = {.n = 0};
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	if (n < 3 || OPENSSL_hexstr2buf_ex(value, sizeof(value), &len, words[2], '\0') != 1 ||
	    RAND_bytes(id, sizeof(id)) != 1)
		return kh_fail(err, KH_E_USAGE, 0, "put TYPE LABEL HEX");
	attr_add_ulong(&a, CKA_CLASS, CKO_SECRET_KEY);
	attr_add_ulong(&a, CKA_KEY_TYPE, aes ? CKK_AES : CKK_GENERIC_SECRET);
	attr_add_bool(&a, CKA_TOKEN, true);
	attr_add_bool(&a, CKA_PRIVATE, true);
	attr_add_bool(&a, CKA_SENSITIVE, attribute(n, words, "sensitive", true));
	attr_add_bool(&a, CKA_EXTRACTABLE, attribute(n, words, "extractable", true));
	if (attribute(n, words, "trusted", false))
		attr_add_bool(&a, CKA_WRAP_WITH_TRUSTED, true);
	if (!aes)
		attr_add_bool(&a, CKA_SIGN, true);
	attr_add_bytes(&a, CKA_LABEL, words[1], strlen(words[1]));
	attr_add_bytes(&a, CKA_ID, id, sizeof(id));
	attr_add_bytes(&a, CKA_VALUE, value, len);
	rv = t->fn->C_CreateObject(t->session, a.v, a.n, &object);
	return rv == CKR_OK ? 0 : kh_fail(err, KH_E_TOKEN, rv, "C_CreateObject: 0x%lX", rv);
}

static int mac(const struct token *t, int n, char **words, struct kh_error *err)
{
	CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
	CK_OBJECT_HANDLE *handles = NULL;
	unsigned char data[BYTES_MAX], out[64];
	char hex[2 * sizeof(out) + 1];
	CK_ULONG out_len = sizeof(out);
	size_t found = 0, len = 0;
	int ret = -1;

	if (n < 2 || OPENSSL_hexstr2buf_ex(data, sizeof(data), &len, words[1], '\0') != 1)
		return kh_fail(err, KH_E_USAGE, 0, "mac LABEL HEX");
	if (search(t, words[0], &handles, &found, err) != 0)
		return -1;
	if (found == 1 && t->fn->C_SignInit(t->session, &mechanism, handles[0]) == CKR_OK &&
	    t->fn->C_Sign(t->session, data, len, out, &out_len) == CKR_OK && out_len == 32) {
		hex_encode(out, out_len, hex);
		printf("%s\n", hex);
		ret = 0;
	} else {
		kh_fail(err, KH_E_TOKEN, 0, "no MAC");
	}
	free(handles);
	return ret;
}

static int trusted_kek(const struct token *t, int n, char **words, struct kh_error *err)
{
	unsigned char value[BYTES_MAX];
	size_t len = 0;
	struct attr_template a = {.n = 0};
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	if (n < 2 || OPENSSL_hexstr2buf_ex(value, sizeof(value), &len, words[1], '\0') != 1)
		return kh_fail(err, KH_E_USAGE, 0, "trusted-kek LABEL HEX");
	attr_add_ulong(&a, CKA_CLASS, CKO_SECRET_KEY);
	attr_add_ulong(&a, CKA_KEY_TYPE, CKK_AES);
	attr_add_bool(&a, CKA_TOKEN, true);
	attr_add_bool(&a, CKA_PRIVATE, false); /* he sees no other */
	attr_add_bool(&a, CKA_WRAP, true);
	attr_add_bool(&a, CKA_TRUSTED, true);
	attr_add_bytes(&a, CKA_LABEL, words[0], strlen(words[0]));
	attr_add_bytes(&a, CKA_VALUE, value, len);
	rv = t->fn->C_CreateObject(t->session, a.v, a.n, &object);
	return rv == CKR_OK ? 0 : kh_fail(err, KH_E_TOKEN, rv, "C_CreateObject: 0x%lX", rv);
}

/* What `generate` makes only where the token can haul it. */
static int trusted_only(const struct token *t, int n, char **words, struct kh_error *err)
{
	struct keygen_request request = {.label = n > 0 ? words[0] : NULL, .token_object = true, .trusted_only = true};
	struct keygen_key made;

	if (n < 2 || keyspec_parse(words[1], &request.spec, err) != 0)
		return -1;
	return keygen_generate(t, &request, &made, err);
}

/* As `trust` does, under any label. */
static int trusted(const struct token *t, int n, char **words, struct kh_error *err)
{
	struct attr_template a = {.n = 0};
	struct buf der = BUF_INIT(4096);
	CK_OBJECT_HANDLE object;
	struct spki key;
	CK_RV rv;
	int ret;

	if (n < 2)
		return kh_fail(err, KH_E_USAGE, 0, "trusted LABEL SPKI");
	ret = file_read(words[1], &der, err) != 0 || spki_parse((unsigned char *)der.data, der.len, 0, &key, err) != 0 ? -1 : 0;
	buf_free(&der);
	if (ret != 0)
		return -1;
	attr_add_ulong(&a, CKA_CLASS, CKO_PUBLIC_KEY);
	attr_add_ulong(&a, CKA_KEY_TYPE, CKK_RSA);
	attr_add_bool(&a, CKA_TOKEN, true);
	attr_add_bool(&a, CKA_PRIVATE, false);
	attr_add_bytes(&a, CKA_LABEL, words[0], strlen(words[0]));
	attr_add_bool(&a, CKA_TRUSTED, true);
	attr_add_bool(&a, CKA_WRAP, true);
	attr_add_bytes(&a, CKA_MODULUS, key.modulus, key.modulus_len);
	attr_add_bytes(&a, CKA_PUBLIC_EXPONENT, key.exponent, key.exponent_len);
	rv = t->fn->C_CreateObject(t->session, a.v, a.n, &object);
	return rv == CKR_OK ? 0 : kh_fail(err, KH_E_TOKEN, rv, "C_CreateObject: 0x%lX", rv);
}

static int uses(const struct token *t, int n, char **words, struct kh_error *err)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *word;
	} all[] = {{CKA_ENCRYPT, "encrypt"}, {CKA_VERIFY, "verify"}, {CKA_VERIFY_RECOVER, "verify-recover"}, {CKA_WRAP, "wrap"}};
	CK_OBJECT_HANDLE *handles = NULL;
	size_t found = 0;

	if (n < 1 || search(t, words[0], &handles, &found, err) != 0)
		return -1;
	for (size_t i = 0; found == 1 && i < sizeof(all) / sizeof(all[0]); i++) {
		CK_BBOOL is = CK_FALSE;
		CK_ATTRIBUTE a = {all[i].type, &is, sizeof(is)};

		if (t->fn->C_GetAttributeValue(t->session, handles[0], &a, 1) == CKR_OK && is == CK_TRUE)
			printf("%s\n", all[i].word);
	}
	free(handles);
	return found == 1 ? 0 : kh_fail(err, KH_E_INPUT, 0, "%zu objects", found);
}

static int remove_all(const struct token *t, int n, char **words, struct kh_error *err)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t found = 0;

	if (n < 1 || search(t, words[0], &handles, &found, err) != 0)
		return -1;
	for (size_t i = 0; i < found; i++)
		t->fn->C_DestroyObject(t->session, handles[i]);
	free(handles);
	return 0;
}

/* Each plan by itself, past the first that holds: the product stops there. */
static int plans(const struct token *t, int n, char **words, struct kh_error *err)
{
	struct wrap_plan all[WRAP_PLANS_MAX];
	struct proof_throwaway w = {.wrapping_key = CK_INVALID_HANDLE};
	char text[WRAP_WORDS_MAX];
	enum keyspec spec;
	enum wrapalg alg;
	EVP_PKEY *rsa = NULL;
	size_t count;

	if (n < 2 || keyspec_parse(words[0], &spec, err) != 0 || wrapalg_parse(words[1], &alg, err) != 0)
		return -1;
	rsa = EVP_RSA_gen(proof_rsa_bits(spec, alg));
	if (proof_throwaway_make(t, spec, keyspec_info(spec)->secret_len, rsa, &w, err) != 0)
		goto out;
	count = wrap_plans(t, alg, NULL, all);
	for (size_t i = 0; i < count; i++) {
		struct proof proof = {.plan = all[i]};
		struct wrap_blob blob;

		if (wrap_run(t, &all[i], w.wrapping_key, w.rsa_bits, w.target.key, &blob, err) != 0 ||
		    proof_inspect(t, &w, &blob, &proof, err) != 0)
			printf("%s: %s\n", wrap_plan_words(&all[i], text), err->msg);
		else
			printf("%s: right, the same key by its %s\n", wrap_plan_words(&all[i], text), proof.same_by);
	}
	err->msg[0] = '\0';
out:
	proof_throwaway_destroy(t, &w);
	EVP_PKEY_free(rsa);
	return err->msg[0] == '\0' ? 0 : -1;
}

static const struct {
	const char *name;
	int (*run)(const struct token *t, int n, char **words, struct kh_error *err);
} verbs[] = {{"count", count}, {"put", put}, {"mac", mac}, {"remove", remove_all}, {"trusted-only", trusted_only}, {"trusted-kek", trusted_kek}, {"plans", plans},
	     {"trusted", trusted}, {"uses", uses}};

static int run(int argc, char **argv, struct kh_error *err)
{
	struct module *module = NULL;
	struct uri *uri = NULL;
	struct token t = {.session = CK_INVALID_HANDLE};
	struct secret *pin = NULL;
	const char *path = getenv("KEYHAUL_MODULE");
	bool officer = strncmp(argv[2], "so:", 3) == 0;
	int ret = -1;

	if (path == NULL || module_open(path, getenv("KEYHAUL_NSS_INIT"), &module, err) != 0 ||
	    uri_parse(argv[1], URI_FROM_COMMAND_LINE, &uri, err) != 0 ||
	    token_find(module_functions(module), uri, &t, err) != 0 || token_open(&t, true, err) != 0)
		goto out;
	pin = secret_copy(argv[2] + (officer ? 3 : 0), strlen(argv[2]) - (officer ? 3 : 0), err);
	if (pin == NULL || (strcmp(argv[2], "-") != 0 && (officer ? token_login_officer : token_login)(&t, pin, err) != 0))
		goto out;
	kh_fail(err, KH_E_USAGE, 0, "no such verb");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[3], verbs[i].name) == 0) {
			err->msg[0] = '\0';
			ret = verbs[i].run(&t, argc - 4, argv + 4, err);
		}
out:
	secret_free(pin);
	token_close(&t);
	uri_free(uri);
	module_close(module);
	return ret;
}

int main(int argc, char **argv)
{
	struct kh_error err = {0};

	if (argc < 4) {
		fprintf(stderr, "usage: token_object TOKEN_URI PIN|- VERB...\n");
		return 2;
	}
	if (run(argc, argv, &err) == 0)
		return 0;
	fprintf(stderr, "token_object: %s\n", err.msg);
	return 1;
}
