/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

void findings_add(struct findings *f, enum kh_code code, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	f->worst = kh_worse(f->worst, code);
	if (f->n == FINDINGS_MAX) {
		f->more++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->v[f->n].code = code;
	f->v[f->n].text = strdup(text);
	if (f->v[f->n].text)
		f->n++;
	else
		f->failed = -1;
}

void findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].text);
	*f = (struct findings){.worst = KH_OK};
}
