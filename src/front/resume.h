/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_RESUME_H
#define KEYHAUL_FRONT_RESUME_H

#include "bundle/bundle.h"

/* What the command line of a run said; NULL and false: not given. */
struct resume_said {
	const char *key, *token, *generate; /* URI, URI, label */
	const char *wrapping_algorithm, *wrapping_key_spec, *key_spec;
	const char *token_profile; /* a file */
	bool no_keep;
	struct intent intent;
};

/*
 * Holds what was said against a bundle that an earlier run left: nothing is passed over because its step is done
 * already. KH_E_CHECK where the material is of another key, KH_E_USAGE for any other contradiction; both are named,
 * and the hint says what to do with the bundle at PATH.
 */
int resume_check(const struct resume_said *said, const struct bundle *b, const char *path, struct kh_error *err);

#endif
