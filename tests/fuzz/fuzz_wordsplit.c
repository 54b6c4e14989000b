/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/wordsplit.h"

#include <string.h>

/* A word as it is written so that a shell, or wordsplit, takes it for itself: 'it'\''s'. */
static char *quote(char *out, const char *word)
{
	*out++ = '\'';
	for (; *word; word++) {
		if (*word == '\'') {
			memcpy(out, "'\\''", 4);
			out += 4;
		} else {
			*out++ = *word;
		}
	}
	*out++ = '\'';
	*out++ = ' ';
	return out;
}

/* The words that were found, quoted, are split into the same words. */
static void must_come_back(const struct wordsplit *w, size_t size)
{
	char *line = malloc(5 * size + 4 * WORDSPLIT_MAX + 1), *to = line;
	struct wordsplit again;
	struct kh_error err;
	size_t n = 0;

	if (!line)
		return;
	for (; w->words[n]; n++)
		to = quote(to, w->words[n]);
	*to = '\0';
	fuzz_must(n > 0 && n <= WORDSPLIT_MAX);
	if (!wordsplit(line, &again, &err)) {
		for (size_t i = 0; i <= n; i++)
			fuzz_must(i == n ? !again.words[i] : again.words[i] && strcmp(again.words[i], w->words[i]) == 0);
	} else {
		fuzz_must(err.code == KH_E_MEMORY);
	}
	wordsplit_clear(&again);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct kh_error err = {0};
	struct wordsplit w;

	if (!line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	if (wordsplit(line, &w, &err))
		fuzz_must(err.msg[0] && (err.code == KH_E_INPUT || err.code == KH_E_MEMORY));
	else
		must_come_back(&w, size);
	wordsplit_clear(&w);
	free(line);
	return 0;
}
