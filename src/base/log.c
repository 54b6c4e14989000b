/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "log.h"

#include "pinvalue.h"
#include "text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048
#define ROWS_MAX 64 /* of a status line on a terminal that was made narrower */

static bool debug_on;
static struct buf warnings = BUF_INIT(65536);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* stderr, and the warnings */
static atomic_size_t shown;				 /* columns of the status line that is there; 0: none */

size_t log_columns(void)
{
	const char *term = getenv("TERM");
	struct winsize size;

	if (!isatty(STDERR_FILENO) || !term || !term[0] || strcmp(term, "dumb") == 0)
		return 0;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Nothing that a signal handler may not do. Terminals break a line anew that has become too long for them. */
static void erase(void)
{
	char out[3 * ROWS_MAX + 8] = "\r";
	size_t columns = atomic_exchange(&shown, 0), n = 1, rows;
	struct winsize size;

	if (columns == 0)
		return;
	rows = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? (columns - 1) / size.ws_col : 0;
	for (size_t i = 0; i < rows && i < ROWS_MAX; i++, n += 3)
		memcpy(out + n, "\033[A", 3);
	memcpy(out + n, "\033[J", 3);
	if (write(STDERR_FILENO, out, n + 3) < 0)
		return; /* a terminal that is gone */
}

void log_abandon(void)
{
	erase();
}

void log_hold(void)
{
	(void)pthread_mutex_lock(&lock);
	erase();
}

void log_release(void)
{
	(void)pthread_mutex_unlock(&lock);
}

void log_status(const char *line, size_t columns)
{
	log_hold();
	if (line) {
		(void)fprintf(stderr, "%s", line);
		atomic_store(&shown, columns);
	}
	log_release();
}

void log_line(const char *prefix, const char *text)
{
	char room[8 * LINE_MAX_BYTES] = "";
	struct buf line = {room, 0, sizeof(room), sizeof(room) - 1}; /* never grows: no memory left is a thing to say too */
	struct kh_error err;

	(void)text_for_terminal(text, strlen(text), &line, &err); /* what does not fit is left out */
	log_hold();
	(void)fprintf(stderr, "%s%s\n", prefix, room);
	log_release();
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

/* A warning that could not be kept is still printed. */
static void warn(const char *text, bool once)
{
	struct buf json = BUF_INIT(8 * LINE_MAX_BYTES);
	struct kh_error err;
	bool told = buf_add(&json, ",", 1, &err) == 0 && text_for_json(text, strlen(text), &json, &err) == 0, said;

	(void)pthread_mutex_lock(&lock);
	said = once && told && warnings.len && strstr(buf_text(&warnings), buf_text(&json) + 1);
	if (told && !said) /* all of it or nothing */
		(void)buf_add(&warnings, buf_text(&json) + !warnings.len, json.len - !warnings.len, &err);
	(void)pthread_mutex_unlock(&lock);
	if (!said)
		log_line("warning: ", text);
	buf_free(&json);
}

void log_warning(const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	warn(text, false);
}

void log_warning_once(const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	warn(text, true);
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
