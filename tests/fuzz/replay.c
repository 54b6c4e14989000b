/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * Runs a fuzz target over the files of a folder without libFuzzer, for `make check`:
 *
 *	replay_NAME FOLDER      prints how many files it ran; a crash or an abort() is the failure
 *
 * A parser's target, with NAME its name:
 *  - tests/fuzz/fuzz_NAME.c defines LLVMFuzzerTestOneInput, declared in fuzz.h. It calls the parser as the programs do,
 *    frees everything, and calls abort() where what was accepted breaks a promise (fuzz_must).
 *  - tests/fuzz/corpus/NAME/ has a few small files, each named for what it shows.
 *  - tests/fuzz/counts has the line "NAME number-of-files".
 *  - Makefile.am, "fuzz targets", has the block that fuzz_uri has: replay_NAME and fuzz_NAME link the same libraries.
 * tests/fuzz/replay.sh then runs it; `make fuzz` builds all with clang and runs each for FUZZ_SECONDS (20).
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1024 * 1024)

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL, *exact = NULL;
	size_t len;
	int rc = -1;

	if (!f)
		goto out;
	data = malloc(INPUT_MAX);
	if (!data)
		goto out;
	len = fread(data, 1, INPUT_MAX, f);
	exact = malloc(len ? len : 1); /* its exact size, so that a read behind it is seen */
	if (ferror(f) || !exact)
		goto out;
	memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	rc = 0;
out:
	if (rc)
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (f)
		(void)fclose(f);
	free(data);
	free(exact);
	return rc;
}

static int run_folder(const char *folder, DIR *dir, size_t *n)
{
	struct dirent *entry;
	char path[4096];

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (run_file(path))
			return -1;
		(*n)++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	size_t n = 0;
	int rc;

	if (!dir) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	rc = run_folder(argv[1], dir, &n);
	(void)closedir(dir);
	return rc || printf("%zu\n", n) < 0 ? 1 : 0;
}
