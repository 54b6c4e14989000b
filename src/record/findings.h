/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_FINDINGS_H
#define KEYHAUL_RECORD_FINDINGS_H

#include "base/buf.h"

#define FINDINGS_MAX 1000 /* kept; the number of further ones is told */

/* One thing that is not as it should be, in words for the page; outside text in it is not escaped yet. */
struct finding {
	enum kh_code code;
	char *text;
};

/* All of them; the first failure to keep one sticks. */
struct findings {
	struct finding v[FINDINGS_MAX];
	size_t n, more;
	enum kh_code worst;
	int failed; /* -1 for want of memory */
};

/* Keeps one. */
void findings_add(struct findings *f, enum kh_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void findings_clear(struct findings *f);

#endif
