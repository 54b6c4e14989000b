/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pace.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64
#define ROWS_MAX 32 /* of --rate */
#define BUCKETS_MAX 512
#define RATE_MAX 100000.0
#define SLOWER 0.7    /* of the rate, after a throttle */
#define LEAST 0.05    /* of the quota: never slower */
#define BACK 0.05     /* of the quota, a second, until it is the quota again */
#define ONCE_MS 1000  /* in which throttles count as one */
#define BEHIND_S 0.1  /* places in the row that were missed are made up for, those of so many seconds */

struct row {
	char operation[NAME_MAX_LEN];
	double quota;
};

struct bucket {
	char account[13];
	char region[32];
	const char *operation; /* of a row */
	double quota, rate;
	double next_ms;	     /* when the next place in the row is */
	int64_t changed_ms;  /* when `rate` was right */
	int64_t throttled_ms;
	bool throttled;
};

struct pace {
	struct row rows[ROWS_MAX];
	size_t n_rows;
	struct bucket buckets[BUCKETS_MAX];
	size_t n;
};

/* KMS's shared quotas a second, of an account and Region. */
static const struct {
	const char *operation;
	double quota;
} quotas[] = {
	{"GetParametersForImport", 1}, {"ImportKeyMaterial", 15}, {"DeleteImportedKeyMaterial", 15}, {"CreateKey", 5},
	{"CreateAlias", 5},	       {"ReplicateKey", 5},	  {"RotateKeyOnDemand", 5},	     {"TagResource", 10},
	{"ListResourceTags", 10},      {"ListKeyRotations", 100}, {"GetKeyRotationStatus", 1000},    {"ListKeys", 500},
	{"DescribeKey", 2000},	       {"GetPublicKey", 2000},
};

double pace_quota(const char *operation)
{
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		if (strcmp(quotas[i].operation, operation) == 0)
			return quotas[i].quota;
	return 0;
}

static int bad_rate(const char *text, size_t len, struct kh_error *err)
{
	kh_fail(err, KH_E_USAGE, 0, "--rate '%.*s' is not OP=N", (int)(len < 100 ? len : 100), text);
	return kh_hint(err, "such as ImportKeyMaterial=15,GetParametersForImport=0.5: calls a second, up to %.0f", RATE_MAX);
}

/* One OP=N of `len` characters. */
static int take_rate(struct pace *p, const char *text, size_t len, struct kh_error *err)
{
	const char *eq = memchr(text, '=', len);
	size_t name = eq ? (size_t)(eq - text) : 0;
	struct row *row = &p->rows[p->n_rows];
	char *end = NULL;

	if (!name || name >= NAME_MAX_LEN || p->n_rows == ROWS_MAX || eq[1] < '0' || eq[1] > '9')
		return bad_rate(text, len, err);
	(void)snprintf(row->operation, sizeof(row->operation), "%.*s", (int)name, text);
	row->quota = strtod(eq + 1, &end);
	if (end != text + len || !(row->quota > 0 && row->quota <= RATE_MAX) || strcspn(eq + 1, "xXpP") < (size_t)(end - eq - 1))
		return bad_rate(text, len, err);
	if (pace_quota(row->operation) <= 0) {
		kh_fail(err, KH_E_USAGE, 0, "--rate: '%s' is no operation that is paced", row->operation);
		return kh_hint(err, "GetParametersForImport, ImportKeyMaterial, CreateKey, DescribeKey and the like");
	}
	for (size_t i = 0; i < p->n_rows; i++)
		if (strcmp(p->rows[i].operation, row->operation) == 0)
			return kh_fail(err, KH_E_USAGE, 0, "--rate: %s stands there twice", row->operation);
	p->n_rows++;
	return 0;
}

int pace_open(const char *rates, struct pace **out, struct kh_error *err)
{
	struct pace *p = calloc(1, sizeof(*p));

	if (!p)
		return kh_fail_memory(err);
	for (const char *at = rates; at;) {
		size_t len = strcspn(at, ",");

		if (take_rate(p, at, len, err)) {
			pace_free(p);
			return -1;
		}
		at = at[len] ? at + len + 1 : NULL;
	}
	*out = p;
	return 0;
}

void pace_free(struct pace *p)
{
	free(p);
}

static bool same_account(struct bucket *b, const char *account)
{
	if (b->account[0] && account[0])
		return strcmp(b->account, account) == 0;
	if (account[0])
		(void)snprintf(b->account, sizeof(b->account), "%.12s", account);
	return true;
}

/* NULL for what has no quota, and where there are too many Regions: then nothing is waited for. */
static struct bucket *find(struct pace *p, const char *account, const char *region, const char *operation)
{
	double quota = pace_quota(operation);
	struct bucket *b;

	for (size_t i = 0; i < p->n; i++) {
		b = &p->buckets[i];
		if (strcmp(b->operation, operation) == 0 && strcmp(b->region, region) == 0 && same_account(b, account))
			return b;
	}
	for (size_t i = 0; i < p->n_rows; i++)
		if (strcmp(p->rows[i].operation, operation) == 0)
			quota = p->rows[i].quota;
	if (quota <= 0 || p->n == BUCKETS_MAX)
		return NULL;
	b = &p->buckets[p->n++];
	*b = (struct bucket){.quota = quota, .rate = quota};
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		if (strcmp(quotas[i].operation, operation) == 0)
			b->operation = quotas[i].operation; /* outlives the caller's */
	(void)snprintf(b->account, sizeof(b->account), "%.12s", account);
	(void)snprintf(b->region, sizeof(b->region), "%.31s", region);
	return b;
}

/* Back towards the quota, as far as the time since says. */
static void recover(struct bucket *b, int64_t now_ms)
{
	if (now_ms > b->changed_ms && b->rate < b->quota) {
		b->rate += BACK * b->quota * (double)(now_ms - b->changed_ms) / 1000.0;
		b->rate = b->rate < b->quota ? b->rate : b->quota;
	}
	b->changed_ms = now_ms;
}

unsigned pace_take(struct pace *p, const char *account, const char *region, const char *operation, int64_t now_ms)
{
	struct bucket *b = find(p, account, region, operation);
	double now = (double)now_ms, interval, at, behind;

	if (!b)
		return 0;
	recover(b, now_ms);
	interval = 1000.0 / b->rate;
	behind = BEHIND_S * 1000.0 - interval;
	at = now - (behind > 0 && !b->throttled ? behind : 0);
	if (b->next_ms > at)
		at = b->next_ms;
	b->throttled = b->throttled && b->rate < b->quota;
	b->next_ms = at + interval;
	return at > now ? (unsigned)(at - now) + 1 : 0; /* the place itself may lie within a millisecond */
}

void pace_throttled(struct pace *p, const char *account, const char *region, const char *operation, int64_t now_ms)
{
	struct bucket *b = find(p, account, region, operation);

	if (!b || (b->throttled && now_ms < b->throttled_ms + ONCE_MS))
		return;
	recover(b, now_ms);
	b->rate *= SLOWER;
	if (b->rate < LEAST * b->quota)
		b->rate = LEAST * b->quota;
	b->throttled = true;
	b->throttled_ms = now_ms;
	if (b->next_ms < (double)now_ms + 1000.0 / b->rate)
		b->next_ms = (double)now_ms + 1000.0 / b->rate;
}
