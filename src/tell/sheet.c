/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sheet.h"

#include "base/clock.h"
#include "bundle/words.h"

#include <stdarg.h>
#include <stdio.h>

void sheet_line(struct sheet *s, const char *what, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	if (s->failed)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		s->failed = kh_fail(s->err, KH_E_SYSTEM, 0, "%s: too long to show", what);
	else
		s->failed = cmd_printf(s->c, s->err, "  %-18s %s\n", what, text);
}

void sheet_text(struct sheet *s, const char *what, const char *text)
{
	if (text && *text)
		sheet_line(s, what, "%s", text);
}

void sheet_hex(struct sheet *s, const char *what, const char *hex)
{
	if (s->failed || !hex || !*hex)
		return;
	s->failed = what ? cmd_printf(s->c, s->err, "  %s\n    %s\n", what, hex) : cmd_printf(s->c, s->err, "    %s\n", hex);
}

void sheet_words(struct sheet *s, const char *what, const char *hex)
{
	if (!s->failed)
		s->failed = cmd_printf(s->c, s->err, "  %s\n", what) || words_show(s->c, 4, hex, s->err) ? -1 : 0;
}

/* A span in its largest unit of which there are two. */
static void span_words(int64_t seconds, char out[24])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "h"}, {60, "min"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= 2 * units[i].seconds) {
			(void)snprintf(out, 24, "%lld %s", (long long)(seconds / units[i].seconds), units[i].name);
			return;
		}
	(void)snprintf(out, 24, "%lld s", (long long)seconds);
}

void sheet_time(int64_t t, int64_t now, char out[SHEET_TIME])
{
	char text[CLOCK_TEXT], span[24];

	clock_format(t, text);
	span_words(t > now ? t - now : now - t, span);
	(void)snprintf(out, SHEET_TIME, t > now ? "%s (in %s)" : "%s (%s ago)", text, span);
}
