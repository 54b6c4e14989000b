/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "html.h"

#include "base/clock.h"
#include "base/text.h"
#include "bundle/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 8192
#define LINE_WORDS 4

static void add(struct html *h, const char *text, size_t len)
{
	if (!h->failed)
		h->failed = buf_add(&h->out, text, len, h->err);
}

void html_raw(struct html *h, const char *markup)
{
	add(h, markup, strlen(markup));
}

static void add_escaped(struct html *h, const char *text, size_t len)
{
	static const struct {
		char c;
		const char *name;
	} names[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	for (size_t i = 0; i < len; i++) {
		const char *name = NULL;

		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (names[k].c == text[i])
				name = names[k].name;
		add(h, name ? name : &text[i], name ? strlen(name) : 1);
	}
}

void html_text(struct html *h, const char *text)
{
	struct buf safe = BUF_INIT(HTML_MAX);

	if (!h->failed)
		h->failed = text_for_terminal(text, strlen(text), &safe, h->err);
	add_escaped(h, buf_text(&safe), safe.len);
	buf_free(&safe);
}

__attribute__((format(printf, 2, 0)))
static void text_formatted(struct html *h, const char *fmt, va_list ap)
{
	char text[TEXT_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	html_text(h, text);
}

void html_textf(struct html *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_formatted(h, fmt, ap);
	va_end(ap);
}

static void fact_begin(struct html *h, const char *what)
{
	html_raw(h, "<tr><th scope=\"row\">");
	html_text(h, what);
	html_raw(h, "</th><td>");
}

static void fact_end(struct html *h)
{
	html_raw(h, "</td></tr>\n");
}

void html_fact(struct html *h, const char *what, const char *text)
{
	if (!text || !*text)
		return;
	fact_begin(h, what);
	html_text(h, text);
	fact_end(h);
}

void html_factf(struct html *h, const char *what, const char *fmt, ...)
{
	va_list ap;

	fact_begin(h, what);
	va_start(ap, fmt);
	text_formatted(h, fmt, ap);
	va_end(ap);
	fact_end(h);
}

void html_code(struct html *h, const char *what, const char *before, const char *text)
{
	if (!text || !*text)
		return;
	fact_begin(h, what);
	html_text(h, before);
	html_raw(h, "<code>");
	html_text(h, text);
	html_raw(h, "</code>");
	fact_end(h);
}

void html_time(struct html *h, const char *what, int64_t t)
{
	char text[CLOCK_TEXT];

	if (!t)
		return;
	clock_format(t, text);
	html_fact(h, what, text);
}

void html_digest(struct html *h, const char *what, const char *hex)
{
	unsigned char digest[WORDS_COUNT];

	if (h->failed || !hex || !*hex)
		return;
	fact_begin(h, what);
	html_raw(h, "<code>");
	html_text(h, hex);
	html_raw(h, "</code><table class=\"words\">");
	h->failed = h->failed ? h->failed : words_digest(hex, digest, h->err);
	for (size_t i = 0; !h->failed && i < WORDS_COUNT; i++) {
		if (i % LINE_WORDS == 0) {
			html_raw(h, i ? "</tr><tr><td class=\"place\">" : "<tr><td class=\"place\">");
			html_textf(h, "%zu", i + 1);
			html_raw(h, "</td>");
		}
		html_raw(h, "<td>");
		html_raw(h, words_of(digest[i], i));
		html_raw(h, "</td>");
	}
	html_raw(h, "</tr></table>");
	fact_end(h);
}
