/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pool.h"

#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX 16384
#define POOL_NICE 10

static const unsigned sizes[] = {2048, 3072, 4096};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct pool_size {
	EVP_PKEY *keys[POOL_KEYS_MAX];
	size_t n, next;
};

struct pool {
	struct pool_size sizes[SIZES];
	bool from_folder, running;
	atomic_bool stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t taken;
};

/* Called at each step of making a prime: 0 gives up. */
static int go_on(EVP_PKEY_CTX *ctx)
{
	const atomic_bool *stop = EVP_PKEY_CTX_get_app_data(ctx);

	return !stop || !atomic_load(stop);
}

static EVP_PKEY *generate(unsigned bits, atomic_bool *stop)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1) {
		EVP_PKEY_CTX_set_app_data(ctx, stop);
		EVP_PKEY_CTX_set_cb(ctx, go_on);
		if (EVP_PKEY_generate(ctx, &key) != 1)
			key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int read_key(const char *path, unsigned bits, EVP_PKEY **out, struct kh_error *err)
{
	struct buf pem = BUF_INIT(PEM_MAX);
	BIO *bio = NULL;
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (file_read(path, &pem, err))
		goto out;
	bio = BIO_new_mem_buf(buf_text(&pem), (int)pem.len);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) != (int)bits) {
		kh_fail(err, KH_E_INPUT, 0, "%s is not an RSA key of %u bits in PEM", path, bits);
		goto out;
	}
	*out = key;
	key = NULL;
	rc = 0;
out:
	EVP_PKEY_free(key);
	BIO_free(bio);
	if (pem.data)
		secret_wipe(pem.data, pem.cap);
	buf_free(&pem);
	return rc;
}

static void file_name(const char *dir, unsigned bits, unsigned number, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/rsa-%u-%02u.pem", dir, bits, number);
}

static int read_folder(struct pool *p, const char *dir, struct kh_error *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < SIZES; i++) {
		struct pool_size *s = &p->sizes[i];

		for (unsigned k = 1; k <= POOL_KEYS_MAX; k++) {
			file_name(dir, sizes[i], k, path);
			if (access(path, F_OK) != 0)
				break;
			if (read_key(path, sizes[i], &s->keys[s->n], err))
				return -1;
			s->n++;
		}
	}
	if (p->sizes[0].n + p->sizes[1].n + p->sizes[2].n == 0) {
		kh_fail(err, KH_E_INPUT, 0, "--key-pool: %s has no keys (rsa-4096-01.pem and so on)", dir);
		return kh_hint(err, "make them once with keyhaul-sim --make-key-pool %s", dir);
	}
	return 0;
}

int pool_open(const char *dir, struct pool **out, struct kh_error *err)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return kh_fail_memory(err);
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->taken, NULL);
	p->from_folder = dir != NULL;
	if (dir && read_folder(p, dir, err)) {
		pool_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

/* The first size that has no key waiting; SIZES for none. */
static size_t find_empty(const struct pool *p)
{
	for (size_t i = 0; i < SIZES; i++)
		if (p->sizes[i].n == 0)
			return i;
	return SIZES;
}

static void *make_ahead(void *arg)
{
	struct pool *p = arg;
	EVP_PKEY *key;
	size_t i;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), POOL_NICE);
	(void)pthread_mutex_lock(&p->lock);
	while (!atomic_load(&p->stop)) {
		i = find_empty(p);
		if (i == SIZES) {
			(void)pthread_cond_wait(&p->taken, &p->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&p->lock);
		key = generate(sizes[i], &p->stop);
		(void)pthread_mutex_lock(&p->lock);
		if (!key)
			break; /* stopped, or OpenSSL cannot: pool_take says so */
		p->sizes[i].keys[p->sizes[i].n++] = key;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

int pool_start(struct pool *p, struct kh_error *err)
{
	int rc;

	if (p->from_folder)
		return 0;
	rc = pthread_create(&p->thread, NULL, make_ahead, p);
	if (rc)
		return kh_fail_errno(err, KH_E_SYSTEM, rc, "a thread for wrapping keys");
	p->running = true;
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	atomic_store(&p->stop, true);
	if (p->running) {
		(void)pthread_mutex_lock(&p->lock);
		(void)pthread_cond_signal(&p->taken);
		(void)pthread_mutex_unlock(&p->lock);
		(void)pthread_join(p->thread, NULL);
	}
	for (size_t i = 0; i < SIZES; i++)
		for (size_t k = 0; k < p->sizes[i].n; k++)
			EVP_PKEY_free(p->sizes[i].keys[k]);
	(void)pthread_cond_destroy(&p->taken);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

/* A key that is ready; NULL for none. */
static EVP_PKEY *take_ready(struct pool *p, struct pool_size *s)
{
	EVP_PKEY *key = NULL;

	(void)pthread_mutex_lock(&p->lock);
	if (s->n && p->from_folder) {
		key = s->keys[s->next++ % s->n];
		(void)EVP_PKEY_up_ref(key);
	} else if (s->n) {
		key = s->keys[--s->n];
		(void)pthread_cond_signal(&p->taken);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return key;
}

int pool_take(struct pool *p, unsigned bits, EVP_PKEY **out, struct kh_error *err)
{
	for (size_t i = 0; i < SIZES; i++) {
		if (sizes[i] != bits)
			continue;
		*out = take_ready(p, &p->sizes[i]);
		if (!*out)
			*out = generate(bits, &p->stop);
		if (!*out)
			return kh_fail(err, KH_E_SYSTEM, 0, "making an RSA key of %u bits: OpenSSL failed", bits);
		return 0;
	}
	return kh_fail(err, KH_E_USAGE, 0, "no wrapping key has %u bits", bits);
}

static int write_key(const char *path, EVP_PKEY *key, struct kh_error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *pem = NULL;
	long len;
	int rc = -1;

	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		kh_fail(err, KH_E_SYSTEM, 0, "%s: OpenSSL cannot write the key", path);
	} else {
		len = BIO_get_mem_data(bio, &pem);
		rc = file_create(path, 0600, pem, (size_t)len, err);
	}
	BIO_free(bio);
	return rc;
}

static int make_one(const char *path, unsigned bits, struct kh_error *err)
{
	EVP_PKEY *key;
	int rc;

	if (access(path, F_OK) == 0)
		return 0;
	log_progress("making %s", path);
	key = generate(bits, NULL);
	if (!key)
		return kh_fail(err, KH_E_SYSTEM, 0, "making an RSA key of %u bits: OpenSSL failed", bits);
	rc = write_key(path, key, err);
	EVP_PKEY_free(key);
	return rc;
}

int pool_make(const char *dir, unsigned each, struct kh_error *err)
{
	char path[PATH_MAX];

	if (mkdir(dir, 0700) && errno != EEXIST)
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", dir);
	for (size_t i = 0; i < SIZES; i++)
		for (unsigned k = 1; k <= each; k++) {
			file_name(dir, sizes[i], k, path);
			if (make_one(path, sizes[i], err))
				return -1;
		}
	return 0;
}
