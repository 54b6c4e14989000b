/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_HTML_H
#define KEYHAUL_RECORD_HTML_H

#include "base/buf.h"

#include <stdint.h>

#define HTML_MAX (256u << 20)

/* A page as it grows. The first failure sticks, so that a page of additions needs one question at its end. */
struct html {
	struct buf out;
	struct kh_error *err;
	int failed; /* -1 once something could not be added */
};

/* Adds markup as it is: nothing from outside. */
void html_raw(struct html *h, const char *markup);

/* Adds text: what a terminal must not see is escaped as there, and & < > " ' for the page, so that no text is markup. */
void html_text(struct html *h, const char *text);

/* The same of what is formatted; cut behind 8 KiB. */
void html_textf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A row of a table of facts: what it is, and the fact. Nothing where the text is NULL or empty: what is unknown is absent. */
void html_fact(struct html *h, const char *what, const char *text);
void html_factf(struct html *h, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for what is compared character by character: a digest, an ARN, a URI; `before` in words before it. */
void html_code(struct html *h, const char *what, const char *before, const char *text);

/* A row with a time; nothing for 0. */
void html_time(struct html *h, const char *what, int64_t t);

/* A SHA-256 (hex) and its words, in lines of four. */
void html_digest(struct html *h, const char *what, const char *hex);

#endif
