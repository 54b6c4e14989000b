/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
}

void clock_format(int64_t t, char out[CLOCK_TEXT])
{
	time_t when = (time_t)(t < 0 ? 0 : t > CLOCK_MAX ? CLOCK_MAX : t);
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, CLOCK_TEXT, "1970-01-01T00:00:00Z");
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01, Gregorian. */
static int64_t days_before(int year, int month, int day)
{
	int64_t y = year - 1, days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1;
}

int clock_make(int year, int month, int day, int hour, int minute, int second, int64_t *out, struct kh_error *err)
{
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return kh_fail(err, KH_E_INPUT, 0, "there is no time %04d-%02d-%02d %02d:%02d:%02d", year, month, day,
			       hour, minute, second);
	*out = days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return 0;
}

int clock_parse(const char *text, int64_t *out, struct kh_error *err)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	int field[6] = {0}, at = 0;

	if (strlen(text) != sizeof(shape) - 1)
		goto bad;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' && text[i] >= '0' && text[i] <= '9')
			field[at] = field[at] * 10 + (text[i] - '0');
		else if (shape[i] != 'd' && text[i] == shape[i])
			at++;
		else
			goto bad;
	}
	return clock_make(field[0], field[1], field[2], field[3], field[4], field[5], out, err);
bad:
	return kh_fail(err, KH_E_INPUT, 0, "not a time like 2026-11-22T10:00:00Z");
}
