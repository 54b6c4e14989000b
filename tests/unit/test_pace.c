/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/pace.h"

#include <criterion/criterion.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ACCOUNT "111122223333"
#define PARAMETERS "GetParametersForImport"
#define IMPORT "ImportKeyMaterial"

static struct pace *paced(const char *rates)
{
	struct kh_error err = {0};
	struct pace *p = NULL;

	cr_assert_eq(pace_open(rates, &p, &err), 0, "%s", err.msg);
	return p;
}

Test(pace, takes_rates_and_no_nonsense)
{
	static const struct {
		const char *rates;
		bool good;
	} rows[] = {
		{NULL, true}, {"ImportKeyMaterial=15", true}, {"ImportKeyMaterial=0.25,GetParametersForImport=50", true},
		{"DescribeKey=100000", true}, {"", false}, {",", false}, {"ImportKeyMaterial", false}, {"=5", false},
		{"ImportKeyMaterial=", false}, {"ImportKeyMaterial=0", false}, {"ImportKeyMaterial=-1", false},
		{"ImportKeyMaterial=1x", false}, {"ImportKeyMaterial=1,", false}, {"ImportKeyMaterial=nan", false},
		{"ImportKeyMaterial=1e9", false}, {"ImportKeyMaterial=0x5", false}, {"Import=5", false},
		{"ImportKeyMaterial=1,ImportKeyMaterial=2", false}, {"ImportKeyMaterial= 1", false}, {"DescribeKey=100001", false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		struct pace *p = NULL;
		int rc = pace_open(rows[i].rates, &p, &err);

		cr_assert_eq(rc == 0, rows[i].good, "row %zu '%s': %s", i, rows[i].rates, err.msg);
		cr_assert(rc == 0 || (err.code == KH_E_USAGE && strncmp(err.msg, "--rate", 6) == 0), "row %zu: %s", i, err.msg);
		pace_free(p);
	}
}

/* `n` calls as fast as they may: how many milliseconds until the last is sent. */
static int64_t drive(struct pace *p, const char *operation, int64_t from, size_t n)
{
	int64_t now = from;

	for (size_t i = 0; i < n; i++)
		now += pace_take(p, ACCOUNT, "eu-west-1", operation, now);
	return now - from;
}

/* KMS's quota and --rate's are what is sent, neither less than 98 of 100 nor more. */
Test(pace, sends_what_the_quota_gives)
{
	static const struct {
		const char *rates, *operation;
		double quota;
	} rows[] = {
		{NULL, PARAMETERS, 1}, {NULL, IMPORT, 15}, {"ImportKeyMaterial=750", IMPORT, 750},
		{"GetParametersForImport=50", PARAMETERS, 50}, {"GetParametersForImport=0.25", PARAMETERS, 0.25},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct pace *p = paced(rows[i].rates);
		size_t n = (size_t)(rows[i].quota * 20) + 1;
		double per = 1000.0 * (double)(n - 1) / (double)drive(p, rows[i].operation, 1000000, n);

		cr_assert(per <= rows[i].quota * 1.02 && per >= rows[i].quota * 0.98, "row %zu: %f a second", i, per);
		pace_free(p);
	}
}

Test(pace, counts_each_account_region_and_operation_by_itself)
{
	static const struct {
		const char *account, *region, *operation;
		unsigned least, most;
	} rows[] = {
		{ACCOUNT, "eu-west-1", PARAMETERS, 0, 0},
		{ACCOUNT, "eu-west-1", PARAMETERS, 1000, 1001},
		{ACCOUNT, "us-east-1", PARAMETERS, 0, 0},
		{"444455556666", "eu-west-1", PARAMETERS, 0, 0},
		{ACCOUNT, "eu-west-1", IMPORT, 0, 0},
		{ACCOUNT, "eu-west-1", "GetCallerIdentity", 0, 0},
		{ACCOUNT, "eu-west-1", "GetCallerIdentity", 0, 0},
		{"", "eu-west-1", PARAMETERS, 2000, 2001}, /* whose it is will be what is known */
	};
	struct pace *p = paced(NULL);

	for (size_t i = 0; i < N(rows); i++) {
		unsigned ms = pace_take(p, rows[i].account, rows[i].region, rows[i].operation, 5000);

		cr_assert(ms >= rows[i].least && ms <= rows[i].most, "row %zu: %u ms", i, ms);
	}
	pace_free(p);
}

/* A server that gives a share of what was thought: few throttles, and what it gives is used; then it gives all again. */
Test(pace, slows_down_and_comes_back)
{
	struct pace *p = paced("ImportKeyMaterial=100");
	int64_t now = 1000000, end = now + 60000;
	double left = 0, gives = 50;
	int64_t last = now;
	size_t sent = 0, throttled = 0;

	while (now < end) {
		now += pace_take(p, ACCOUNT, "eu-west-1", IMPORT, now);
		left += gives * (double)(now - last) / 1000;
		left = left > gives ? gives : left;
		last = now;
		if (left >= 1) {
			left--;
			sent++;
		} else {
			throttled++;
			pace_throttled(p, ACCOUNT, "eu-west-1", IMPORT, now);
		}
	}
	cr_assert(sent > 2400, "%zu of 3000 used", sent);
	cr_assert(throttled < 300, "%zu throttled", throttled);
	(void)drive(p, IMPORT, end, 2000); /* nothing throttles any more */
	cr_assert(drive(p, IMPORT, end + 60000, 101) <= 1010, "as fast as before");
	/* many in flight are throttled at once: that counts once */
	for (int i = 0; i < 32; i++)
		pace_throttled(p, ACCOUNT, "eu-west-1", IMPORT, end + 70000);
	cr_assert(drive(p, IMPORT, end + 70000, 11) < 200, "a burst of throttles is one");
	for (int i = 0; i < 100; i++)
		pace_throttled(p, ACCOUNT, "eu-west-1", IMPORT, end + 80000 + i * 1000);
	cr_assert(pace_take(p, ACCOUNT, "eu-west-1", IMPORT, end + 180000) <= 201, "and never slower than a twentieth");
	pace_free(p);
}
