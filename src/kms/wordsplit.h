/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_WORDSPLIT_H
#define KEYHAUL_KMS_WORDSPLIT_H

#include "base/error.h"

#define WORDSPLIT_MAX 128

/* A command line in words. */
struct wordsplit {
	char *text; /* the words lie in it */
	char *words[WORDSPLIT_MAX + 1]; /* up to a NULL */
};

/*
 * Splits as Python's shlex.split does, which is what AWS's tools split credential_process by: blanks and line ends part
 * words, quotes and backslashes as in a shell, nothing else means anything. The caller clears it, also after an error.
 * KH_E_INPUT for an open quote, a backslash at the end, no word or too many.
 */
int wordsplit(const char *line, struct wordsplit *out, struct kh_error *err);

void wordsplit_clear(struct wordsplit *w);

#endif
