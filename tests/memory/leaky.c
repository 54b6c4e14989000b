/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * In front of keyhaul-token's own wrap_run and token_login, in a program of the tests' own that is never installed: what
 * the reader of its memory has to catch. KEYHAUL_LEAK says which slip is made. The plaintext is had as a proof with the
 * real key would have it: wrapped under an RSA key of this program, and opened.
 */
#include "pkcs11/wrap.h"
#include "unwrap/unwrap.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN_MAX 4096
#define OWN_BITS 2048

int __real_wrap_run(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
		    CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err);
int __wrap_wrap_run(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
		    CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err);
int __real_token_login(struct token *t, struct secret *pin, struct kh_error *err);
int __wrap_token_login(struct token *t, struct secret *pin, struct kh_error *err);

/* Outlives the call, in this program's data. */
static unsigned char half[PLAIN_MAX];
static EVP_PKEY *opened;

/* Freed, and not wiped. */
static void in_heap(const unsigned char *plain, size_t len)
{
	unsigned char *copy = malloc(len);

	if (copy == NULL)
		return;
	memcpy(copy, plain, len);
	__asm__ volatile("" : : "r"(copy) : "memory");
	free(copy);
}

static void last_half(const unsigned char *plain, size_t len)
{
	memcpy(half, plain + len / 2, len - len / 2);
}

/* Its numbers, as OpenSSL has them. */
static void as_numbers(const unsigned char *plain, size_t len)
{
	opened = d2i_AutoPrivateKey(NULL, &plain, (long)len);
}

/* For one system call. */
static void briefly(const unsigned char *plain, size_t len)
{
	unsigned char copy[PLAIN_MAX];

	memcpy(copy, plain, len);
	(void)getppid();
	secret_wipe(copy, sizeof(copy));
}

static void as_hex(const unsigned char *plain, size_t len)
{
	static char text[2 * PLAIN_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", plain[i]);
}

static void as_upper_hex(const unsigned char *plain, size_t len)
{
	static char text[2 * PLAIN_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02X", plain[i]);
}

/* As one would find it in a JSON document, behind other bytes. */
static void as_base64(const unsigned char *plain, size_t len)
{
	static unsigned char text[PLAIN_MAX * 4 / 3 + 8];
	unsigned char copy[PLAIN_MAX] = {0};

	memcpy(copy + 2, plain, len);
	(void)EVP_EncodeBlock(text, copy, (int)len + 2);
	secret_wipe(copy, sizeof(copy));
}

/* A thread or a child has it as it is; who starts them has it in disguise. */
static void disguise(unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] ^= 0xA5;
}

struct span {
	const unsigned char *data;
	size_t len;
};

static void *undisguised(void *arg)
{
	struct span *s = arg;
	unsigned char copy[PLAIN_MAX];

	memcpy(copy, s->data, s->len);
	disguise(copy, s->len);
	briefly(copy, s->len);
	secret_wipe(copy, sizeof(copy));
	return NULL;
}

#define PIECE 4 /* bytes: less than any needle */
#define PAGE 4096

/* It comes whole out of a system call, and is gone before the next one begins. */
static void from_kernel(const unsigned char *plain, size_t len)
{
	unsigned char pieces[PLAIN_MAX * 2] = {0}, whole[PLAIN_MAX];
	struct iovec v[PLAIN_MAX / PIECE];
	int pipes[2], n = 0;

	if (len > 1024 || pipe(pipes) != 0)
		return;
	for (size_t i = 0; i < len; i += PIECE, n++) {
		v[n] = (struct iovec){pieces + 2 * i, len - i < PIECE ? len - i : PIECE};
		memcpy(pieces + 2 * i, plain + i, v[n].iov_len);
		disguise(pieces + 2 * i, v[n].iov_len);
	}
	if (writev(pipes[1], v, n) == (ssize_t)len && read(pipes[0], whole, len) == (ssize_t)len)
		secret_wipe(whole, sizeof(whole));
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

/* Eight bytes on two pages, of which each changes at another system call. */
static void across(const unsigned char *plain, bool second_first)
{
	static _Alignas(PAGE) unsigned char pages[2 * PAGE];
	unsigned char *begin = pages + PAGE - PIECE;

	for (int turn = 0; turn < 2; turn++) {
		size_t from = (turn == 0) == second_first ? PIECE : 0;

		memcpy(begin + from, plain + from, PIECE);
		disguise(begin + from, PIECE);
		(void)getppid();
	}
	secret_wipe(pages, sizeof(pages));
}

static void across_pages(const unsigned char *plain, size_t len)
{
	if (len >= 2 * PIECE)
		across(plain, false);
}

static void across_pages_back(const unsigned char *plain, size_t len)
{
	if (len >= 2 * PIECE)
		across(plain, true);
}

static void in_thread(const unsigned char *plain, size_t len)
{
	struct span s = {plain, len};
	pthread_t thread;

	if (pthread_create(&thread, NULL, undisguised, &s) == 0)
		(void)pthread_join(thread, NULL);
}

static void in_child(const unsigned char *plain, size_t len)
{
	struct span s = {plain, len};
	pid_t pid = fork();

	if (pid == 0) {
		undisguised(&s);
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

static const struct leak {
	const char *name;
	void (*run)(const unsigned char *plain, size_t len);
	bool disguised; /* what is handed to `run` */
} leaks[] = {
	{"heap", in_heap, false},     {"half", last_half, false}, {"numbers", as_numbers, false}, {"briefly", briefly, false},
	{"upper", as_upper_hex, false}, {"kernel", from_kernel, true},
	{"across", across_pages, true}, {"back", across_pages_back, true},
	{"hex", as_hex, false}, {"base64", as_base64, false}, {"thread", in_thread, true}, {"child", in_child, true},
};

static const char *wanted(void)
{
	const char *leak = getenv("KEYHAUL_LEAK");

	return leak != NULL ? leak : "";
}

static int put_own_key(const struct token *t, EVP_PKEY *own, CK_OBJECT_HANDLE *out, struct kh_error *err)
{
	unsigned char *der = NULL;
	struct spki spki = {0};
	int len = i2d_PUBKEY(own, &der);
	int ret = -1;

	if (len > 0 && spki_parse(der, (size_t)len, 0, &spki, err) == 0)
		ret = wrap_key_create(t, &spki, false, out, err);
	spki_clear(&spki);
	OPENSSL_free(der);
	return ret;
}

static int read_plain(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE target, struct secret **plain,
		      struct kh_error *err)
{
	EVP_PKEY *own = EVP_RSA_gen(OWN_BITS);
	CK_OBJECT_HANDLE wrapping_key = CK_INVALID_HANDLE;
	struct unwrap_report report;
	struct wrap_blob blob = {.len = 0};
	int ret = -1;

	if (own != NULL && put_own_key(t, own, &wrapping_key, err) == 0)
		ret = __real_wrap_run(t, plan, wrapping_key, OWN_BITS, target, &blob, err);
	wrap_key_destroy(t, &wrapping_key);
	if (ret == 0)
		ret = unwrap_open(own, plan->alg, blob.data, blob.len, plain, &report, err);
	EVP_PKEY_free(own);
	return ret;
}

static int leak_by(const struct leak *leak, const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE target,
		   struct kh_error *err)
{
	struct secret *plain = NULL;

	if (read_plain(t, plan, target, &plain, err) != 0)
		return -1;
	if (secret_len(plain) > PLAIN_MAX - 2)
		abort();
	if (leak->disguised)
		disguise(secret_data(plain), secret_len(plain));
	leak->run(secret_bytes(plain), secret_len(plain));
	secret_free(plain);
	return 0;
}

int __wrap_wrap_run(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
		    CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err)
{
	/* the proof's throwaway as well: no needle is of it */
	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++)
		if (strcmp(leaks[i].name, wanted()) == 0 && leak_by(&leaks[i], t, plan, target, err) != 0)
			return -1;
	return __real_wrap_run(t, plan, wrapping_key, bits, target, out, err);
}

/* As a module that keeps the PIN to log in again. */
int __wrap_token_login(struct token *t, struct secret *pin, struct kh_error *err)
{
	static struct secret *kept;

	if (strcmp(wanted(), "pin") == 0 && kept == NULL)
		kept = secret_copy(secret_bytes(pin), secret_len(pin), err);
	return __real_token_login(t, pin, err);
}
