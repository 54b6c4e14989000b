/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "shell.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";

int shell_word(const char *word, struct buf *out, struct kh_error *err)
{
	size_t len = strlen(word);

	if (out->len && buf_add(out, " ", 1, err))
		return -1;
	if (len && strspn(word, plain) == len)
		return buf_add(out, word, len, err);
	if (buf_add(out, "'", 1, err))
		return -1;
	for (; *word; word++)
		if (*word == '\'' ? buf_add(out, "'\\''", 4, err) : buf_add(out, word, 1, err))
			return -1;
	return buf_add(out, "'", 1, err);
}

int shell_words(const char *const *words, struct buf *out, struct kh_error *err)
{
	for (; *words; words++)
		if (shell_word(*words, out, err))
			return -1;
	return 0;
}
