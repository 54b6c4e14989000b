/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle/told.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUILT 1000000
#define FETCHED 2000000
#define VALID_TO 2086400

Test(told, is_taken_where_there_is_no_clock_and_in_the_bundles_time)
{
	static const struct {
		int64_t host, said, built, fetched;
		const char *why; /* NULL: taken */
	} rows[] = {
		{0, FETCHED, BUILT, FETCHED, NULL},
		{-1, VALID_TO - 1, BUILT, FETCHED, NULL},
		{BUILT - 1, FETCHED + 60, BUILT, FETCHED, NULL},
		{BUILT, FETCHED + 60, BUILT, FETCHED, NULL},
		/* two hosts' clocks differ: five minutes before the fetch is a clock still */
		{FETCHED - 301, FETCHED + 60, BUILT, FETCHED, NULL},
		{FETCHED - 300, FETCHED + 60, BUILT, FETCHED, "this host has a clock"},
		{FETCHED - 1, FETCHED + 60, BUILT, FETCHED, "this host has a clock"},
		{FETCHED, FETCHED + 60, BUILT, FETCHED, "this host has a clock"},
		{VALID_TO + 1, FETCHED + 60, BUILT, FETCHED, "this host has a clock"},
		/* fetched before this program was made: then its date counts */
		{FETCHED, FETCHED + 60, FETCHED + 30, FETCHED, NULL},
		{FETCHED + 29, FETCHED + 60, FETCHED + 30, FETCHED, NULL},
		{FETCHED + 30, FETCHED + 60, FETCHED + 30, FETCHED, "this host has a clock"},
		{0, FETCHED - 1, BUILT, FETCHED, "the bundle was fetched at"},
		{0, VALID_TO, BUILT, FETCHED, "the bundle was fetched at"},
		{0, VALID_TO + 1, BUILT, FETCHED, "the bundle was fetched at"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct clock_told t = {.host = rows[i].host};
		char host[CLOCK_TEXT], said[CLOCK_TEXT], from[CLOCK_TEXT], to[CLOCK_TEXT];
		struct kh_error err = {.code = KH_OK};

		cr_assert_eq(told_judge(&t, rows[i].built, rows[i].fetched, VALID_TO, &err), 0, "row %zu, nothing told", i);
		clock_told_set(&t, rows[i].said);
		if (!rows[i].why) {
			cr_assert_eq(told_judge(&t, rows[i].built, rows[i].fetched, VALID_TO, &err), 0, "row %zu: %s", i, err.msg);
			continue;
		}
		cr_assert_neq(told_judge(&t, rows[i].built, rows[i].fetched, VALID_TO, &err), 0, "row %zu", i);
		cr_assert_eq(err.code, KH_E_CHECK, "row %zu", i);
		clock_format(rows[i].host, host);
		clock_format(rows[i].said, said);
		clock_format(rows[i].fetched, from);
		clock_format(VALID_TO, to);
		cr_assert(strstr(err.msg, rows[i].why) && strstr(err.msg, host) && strstr(err.msg, said) && strstr(err.msg, from) &&
				  strstr(err.msg, to),
			  "row %zu: %s", i, err.msg);
	}
}

/* The time goes on, by a clock that nobody sets. */
Test(told, time_goes_on)
{
	struct clock_told t, earlier;

	clock_told_begin(&t);
	cr_assert(!t.is_told && t.host > 1700000000 && clock_told_now(&t) >= t.host);
	clock_told_set(&t, FETCHED);
	cr_assert(clock_told_now(&t) == FETCHED || clock_told_now(&t) == FETCHED + 1);
	earlier = t;
	earlier.since -= 100;
	cr_assert(clock_told_now(&earlier) == FETCHED + 100 || clock_told_now(&earlier) == FETCHED + 101);
}
