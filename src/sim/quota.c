/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "quota.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_MAX 32
#define BUCKETS_MAX 512

/* Calls a second that an account has in a Region, by AWS's published table. */
static const struct {
	const char *op;
	long rate;
} table[] = {
	{"GetParametersForImport", 1},	{"ImportKeyMaterial", 15}, {"DeleteImportedKeyMaterial", 15},
	{"CreateKey", 5},		{"RotateKeyOnDemand", 5},  {"ReplicateKey", 5},
	{"ListKeyRotations", 100},	{"ListKeys", 500},	   {"DescribeKey", 2000},
	{"GetPublicKey", 2000},
};

/* What is left of one operation's quota in one Region, in thousandths of a call. */
struct bucket {
	size_t row;
	char region[REGION_MAX];
	int64_t left, last_ms;
};

struct quotas {
	long scale;
	struct bucket buckets[BUCKETS_MAX];
	size_t n;
	pthread_mutex_t lock;
};

int quotas_new(long scale, struct quotas **out, struct kh_error *err)
{
	struct quotas *q = calloc(1, sizeof(*q));

	if (!q)
		return kh_fail_memory(err);
	q->scale = scale;
	(void)pthread_mutex_init(&q->lock, NULL);
	*out = q;
	return 0;
}

void quotas_free(struct quotas *q)
{
	if (!q)
		return;
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

/* NULL where there are too many Regions: then there is no limit. */
static struct bucket *find(struct quotas *q, size_t row, const char *region, int64_t now_ms)
{
	struct bucket *b;

	for (size_t i = 0; i < q->n; i++)
		if (q->buckets[i].row == row && strcmp(q->buckets[i].region, region) == 0)
			return &q->buckets[i];
	if (q->n == BUCKETS_MAX)
		return NULL;
	b = &q->buckets[q->n++];
	b->row = row;
	(void)snprintf(b->region, sizeof(b->region), "%s", region);
	b->left = table[row].rate * q->scale * 1000;
	b->last_ms = now_ms;
	return b;
}

static bool take(struct quotas *q, size_t row, const char *region, int64_t now_ms)
{
	struct bucket *b = find(q, row, region, now_ms);
	int64_t rate = table[row].rate * q->scale, passed;

	if (!b)
		return true;
	passed = now_ms > b->last_ms ? now_ms - b->last_ms : 0;
	b->left += passed > 1000 ? rate * 1000 : rate * passed;
	b->left = b->left > rate * 1000 ? rate * 1000 : b->left;
	b->last_ms = now_ms;
	if (b->left < 1000)
		return false;
	b->left -= 1000;
	return true;
}

bool quotas_take(struct quotas *q, const char *op, const char *region, int64_t now_ms)
{
	bool good = true;

	if (!q)
		return true;
	(void)pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].op, op) == 0)
			good = take(q, i, region, now_ms);
	(void)pthread_mutex_unlock(&q->lock);
	return good;
}
