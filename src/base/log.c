/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "log.h"

#include "pinvalue.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static bool debug_on;
static struct buf warnings = BUF_INIT(65536);

void log_line(const char *prefix, const char *text)
{
	char room[8 * LINE_MAX_BYTES] = "";
	struct buf line = {room, 0, sizeof(room), sizeof(room) - 1}; /* never grows: no memory left is a thing to say too */
	struct kh_error err;

	(void)text_for_terminal(text, strlen(text), &line, &err); /* what does not fit is left out */
	(void)fprintf(stderr, "%s%s\n", prefix, room);
}

__attribute__((format(printf, 2, 0)))
static void format(char *out, const char *fmt, va_list ap)
{
	if (vsnprintf(out, LINE_MAX_BYTES, fmt, ap) < 0)
		out[0] = '\0';
	pinvalue_hide(out);
}

void log_debug(const char *fmt, ...)
{
	char text[LINE_MAX_BYTES], prefix[48];
	struct timespec t = {0, 0};
	va_list ap;

	if (!debug_on)
		return;
	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)snprintf(prefix, sizeof(prefix), "debug: %lld.%06ld ", (long long)t.tv_sec, t.tv_nsec / 1000);
	log_line(prefix, text);
}

void log_warning(const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	struct kh_error err;
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	log_line("warning: ", text);
	/* a warning that could not be kept was still printed */
	if (warnings.len && buf_add(&warnings, ",", 1, &err))
		return;
	(void)text_for_json(text, strlen(text), &warnings, &err);
}

void log_progress(const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	log_line("", text);
}

void log_set_debug(bool on)
{
	debug_on = on;
}

bool log_is_debug(void)
{
	return debug_on;
}

const char *log_warnings(void)
{
	return buf_text(&warnings);
}

void log_reset(void)
{
	buf_free(&warnings);
	debug_on = false;
}
