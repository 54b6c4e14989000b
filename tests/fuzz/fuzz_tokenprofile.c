/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "bundle/tokenprofile.h"

#include <stdlib.h>
#include <string.h>

/* What is read is written and read again. */
static void check_round_trip(const struct tokenprofile *p)
{
	struct tokenprofile_read *again = NULL;
	struct kh_error err;
	json_t *json = tokenprofile_json(p, &err);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	fuzz_must(text != NULL);
	if (text != NULL && strlen(text) <= BUNDLE_MAX) {
		fuzz_must(tokenprofile_parse(text, strlen(text), &again, &err) == 0);
		fuzz_must(again != NULL && tokenprofile_of(again)->n_rows == p->n_rows);
	}
	tokenprofile_free(again);
	free(text);
	json_decref(json);
}

/* What is chosen is what a row calls proven, and nothing that KMS does not take. */
static void check_choice(const struct tokenprofile *p)
{
	for (int spec = KEYSPEC_NONE; spec < KEYSPECS; spec++) {
		const struct tokenprofile_row *row = NULL;
		enum wrapalg alg = WRAPALG_NONE;
		struct kh_error err;

		if (tokenprofile_choose(p, (enum keyspec)spec, 4096, NULL, &alg, &row, &err) != 0)
			continue;
		fuzz_must(row != NULL && strcmp(row->verdict, "proven") == 0 &&
			  strcmp(row->wrapping_algorithm, wrapalg_name(alg)) == 0);
		fuzz_must(wrapalg_check((enum keyspec)spec, alg, 4096, NULL, &err) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tokenprofile_read *r = NULL;
	struct kh_error err = {0};

	if (tokenprofile_parse((const char *)data, size, &r, &err)) {
		fuzz_must(r == NULL && err.msg[0] && err.code == KH_E_INPUT);
		return 0;
	}
	fuzz_must(size <= BUNDLE_MAX && tokenprofile_of(r)->n_rows > 0);
	check_round_trip(tokenprofile_of(r));
	check_choice(tokenprofile_of(r));
	tokenprofile_free(r);
	return 0;
}
