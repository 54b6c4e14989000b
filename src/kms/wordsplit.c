/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wordsplit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* One word at `*from` into `*to`, with its NUL. False where a quote stays open or nothing follows a backslash. */
static bool take_word(const char **from, char **to)
{
	const char *at = *from;
	char *out = *to, quote = '\0';

	for (; *at && (quote || !strchr(BLANKS, *at)); at++) {
		if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else if (*at == '\\' && quote != '\'' && (!quote || at[1] == '"' || at[1] == '\\')) {
			if (!*++at)
				return false;
			*out++ = *at;
		} else {
			*out++ = *at;
		}
	}
	*out++ = '\0';
	*from = at;
	*to = out;
	return !quote;
}

int wordsplit(const char *line, struct wordsplit *out, struct kh_error *err)
{
	const char *at = line + strspn(line, BLANKS);
	size_t n = 0;
	char *to;

	memset(out, 0, sizeof(*out));
	out->text = malloc(strlen(line) + 2);
	if (!out->text)
		return kh_fail_memory(err);
	for (to = out->text; *at; at += strspn(at, BLANKS)) {
		if (n == WORDSPLIT_MAX)
			return kh_fail(err, KH_E_INPUT, 0, "more than %d words", WORDSPLIT_MAX);
		out->words[n++] = to;
		if (!take_word(&at, &to))
			return kh_fail(err, KH_E_INPUT, 0, "a quote that is not closed, or a backslash at the end");
	}
	return n ? 0 : kh_fail(err, KH_E_INPUT, 0, "no program is named");
}

void wordsplit_clear(struct wordsplit *w)
{
	free(w->text);
	memset(w, 0, sizeof(*w));
}
