/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "awstime.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 64

/* A time being read: fields as they stand, and how far east of UTC they are. */
struct fields {
	int year, month, day, hour, minute, second;
	int offset; /* seconds */
};

/* Reads min to max digits and moves on; -1 where there are fewer or more. */
static int digits(const char **p, size_t min, size_t max)
{
	size_t n = strspn(*p, "0123456789");
	int v = 0;

	if (n < min || n > max)
		return -1;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (*(*p)++ - '0');
	return v;
}

static bool take(const char **p, const char *any)
{
	if (**p == '\0' || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

/* +HH:MM, +HHMM, +HH */
static bool read_offset(const char **p, int *out)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes = 0;
	char two[3] = "";
	const char *at = two;

	if (!take(p, "+-") || strspn(*p, "0123456789") < 2)
		return false;
	memcpy(two, *p, 2);
	*p += 2;
	hours = digits(&at, 2, 2);
	if ((take(p, ":") || **p) && (minutes = digits(p, 2, 2)) < 0)
		return false;
	*out = sign * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

/* HH:MM, HH:MM:SS, with a fraction that is cut off */
static bool read_clock(const char **p, struct fields *f)
{
	f->hour = digits(p, 2, 2);
	if (f->hour < 0 || !take(p, ":") || (f->minute = digits(p, 2, 2)) < 0)
		return false;
	if (take(p, ":") && (f->second = digits(p, 2, 2)) < 0)
		return false;
	if (take(p, ".,")) {
		size_t n = strspn(*p, "0123456789");

		*p += n;
		return n > 0 && n <= 9;
	}
	return true;
}

static bool read_iso(const char *p, struct fields *f)
{
	f->year = digits(&p, 4, 4);
	if (f->year < 0 || !take(&p, "-") || (f->month = digits(&p, 2, 2)) < 0 || !take(&p, "-") ||
	    (f->day = digits(&p, 2, 2)) < 0)
		return false;
	if (*p == '\0')
		return true; /* a date is its midnight */
	if (!take(&p, "Tt ") || !read_clock(&p, f))
		return false;
	if (*p == '\0' || (take(&p, "Zz") && *p == '\0'))
		return true;
	return read_offset(&p, &f->offset) && *p == '\0';
}

static int name_index(const char **p, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncasecmp(*p, names[i], 3) == 0) {
			*p += 3;
			return (int)i;
		}
	return -1;
}

/* The zones of RFC 822 section 5.1 that have one meaning; none is UTC. */
static bool read_zone(const char *p, int *out)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {
		{"", 0}, {"GMT", 0}, {"UT", 0}, {"UTC", 0}, {"Z", 0}, {"EST", -5}, {"EDT", -4},
		{"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
	};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcasecmp(p, zones[i].name) == 0) {
			*out = zones[i].hours * 3600;
			return true;
		}
	return read_offset(&p, out) && *p == '\0';
}

/* "Sun, 22 Nov 2026 02:31:59 +0100"; the day of the week goes to `*weekday`, -1 where it is left out. */
static bool read_rfc822(const char *p, struct fields *f, int *weekday)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	size_t year_digits;

	*weekday = name_index(&p, days, 7);
	if (*weekday >= 0 && (!take(&p, ",") || !take(&p, " ")))
		return false;
	f->day = digits(&p, 1, 2);
	if (f->day < 0 || !take(&p, " ") || (f->month = name_index(&p, months, 12) + 1) == 0 || !take(&p, " "))
		return false;
	year_digits = strspn(p, "0123456789");
	f->year = digits(&p, 2, 4);
	if (year_digits == 3 || f->year < 0 || !take(&p, " ") || !read_clock(&p, f))
		return false;
	if (year_digits == 2)
		f->year += f->year < 50 ? 2000 : 1900; /* RFC 5322 section 4.3 */
	if (*p && !take(&p, " "))
		return false;
	return read_zone(p, &f->offset);
}

static int from_fields(const struct fields *f, int weekday, int64_t *out, struct kh_error *err)
{
	int64_t t, local;

	if (clock_make(f->year, f->month, f->day, f->hour, f->minute, f->second, &local, err))
		return -1;
	t = local - f->offset;
	if (t < 0 || t > CLOCK_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "outside the years 1970 to 9999");
	if (weekday >= 0 && (local / 86400 + 4) % 7 != weekday)
		return kh_fail(err, KH_E_INPUT, 0, "the day of the week is not that date's");
	*out = t;
	return 0;
}

/* Seconds since 1970, with a fraction that is cut off. */
static bool is_epoch(const char *p)
{
	size_t n = strspn(p, "0123456789"), fraction;

	if (n == 0 || p[n] == '\0')
		return n > 0;
	fraction = strspn(p + n + 1, "0123456789");
	return p[n] == '.' && fraction > 0 && p[n + 1 + fraction] == '\0';
}

static int read_epoch(const char *p, int64_t *out, struct kh_error *err)
{
	int64_t v = 0;

	while (*p >= '0' && *p <= '9') {
		v = v * 10 + (*p++ - '0');
		if (v > CLOCK_MAX) {
			kh_fail(err, KH_E_INPUT, 0, "more seconds than the year 9999 has");
			return kh_hint(err, "seconds since 1970, not milliseconds");
		}
	}
	*out = v;
	return 0;
}

/* ISO 8601's basic form, 20261122T100000Z, in the extended one; false where it is none. */
static bool extend(const char *text, char out[TEXT_MAX + 8])
{
	size_t day = strspn(text, "0123456789"), clock;

	if (day != 8 || text[8] != 'T')
		return false;
	clock = strspn(text + 9, "0123456789");
	if (clock != 4 && clock != 6)
		return false;
	(void)snprintf(out, TEXT_MAX + 8, "%.4s-%.2s-%.2sT%.2s:%.2s%s%.2s%s", text, text + 4, text + 6, text + 9, text + 11,
		       clock == 6 ? ":" : "", clock == 6 ? text + 13 : "", text + 9 + clock);
	return true;
}

static int parse(const char *text, int64_t *out, struct kh_error *err)
{
	char extended[TEXT_MAX + 8];
	struct fields f = {0};
	int weekday = -1;

	if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "longer than a time can be");
	if (is_epoch(text))
		return read_epoch(text, out, err);
	if (!read_iso(extend(text, extended) ? extended : text, &f)) {
		memset(&f, 0, sizeof(f));
		if (!read_rfc822(text, &f, &weekday)) {
			kh_fail(err, KH_E_INPUT, 0, "not a time");
			return kh_hint(err, "2026-11-22T10:00:00Z, 2026-11-22, 'Sun, 22 Nov 2026 10:00:00 GMT' or seconds "
					    "since 1970");
		}
	}
	return from_fields(&f, weekday, out, err);
}

int awstime_parse_absolute(const char *text, int64_t *out, struct kh_error *err)
{
	return parse(text, out, err) ? kh_context(err, "time '%.*s'", TEXT_MAX, text) : 0;
}

/* 90d, 36h: a number and its unit, nothing else. */
static bool is_span(const char *text, int64_t *out)
{
	size_t n = strspn(text, "0123456789");
	int v;

	if (n == 0 || (text[n] != 'd' && text[n] != 'h') || text[n + 1] != '\0')
		return false;
	v = digits(&text, 1, 6);
	*out = v < 0 ? INT64_MAX : (int64_t)v * (*text == 'd' ? 86400 : 3600);
	return true;
}

int awstime_parse(const char *text, struct awstime *out, struct kh_error *err)
{
	char hint[320];

	memset(out, 0, sizeof(*out));
	if (is_span(text, &out->seconds)) {
		out->relative = true;
		if (out->seconds > 0 && out->seconds < INT64_MAX)
			return 0;
		kh_fail(err, KH_E_USAGE, 0, "'%.*s' is %s", TEXT_MAX, text, out->seconds ? "too long" : "no time at all");
		return kh_hint(err, "from 1h to 365d");
	}
	if (!parse(text, &out->seconds, err))
		return 0;
	err->code = KH_E_USAGE;
	kh_context(err, "'%.*s'", TEXT_MAX, text);
	(void)snprintf(hint, sizeof(hint), "%.300s", err->hint[0] ? err->hint : "a time such as 2026-11-22T10:00:00Z");
	return kh_hint(err, "%s; or a span from the import on, such as 90d or 36h", hint);
}

int awstime_parse_http(const char *text, int64_t *out, struct kh_error *err)
{
	struct fields f = {0};
	size_t len = strnlen(text, TEXT_MAX + 1);
	int weekday = -1;

	if (len != 29 || strcmp(text + 25, " GMT") != 0 || !read_rfc822(text, &f, &weekday) || weekday < 0)
		return kh_fail(err, KH_E_INPUT, 0, "'%.*s' is not an HTTP date", TEXT_MAX, text);
	return from_fields(&f, weekday, out, err) ? kh_context(err, "HTTP date '%s'", text) : 0;
}
