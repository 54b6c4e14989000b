/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_NEAREST_H
#define KEYHAUL_BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#define NEAREST_MAX 64 /* bytes of a name that are compared; none of ours is longer */

/* What a typed name may have been meant for: begins as {NULL, 0} beside the name. */
struct nearest {
	const char *name; /* the best so far; NULL: none is near */
	size_t distance;
};

/*
 * Holds a name (of `len` bytes, as typed) against one that there is, and keeps the nearer: by single characters that are
 * wrong, missing, too many or swapped, at most a third of them.
 */
void nearest_offer(struct nearest *n, const char *typed, size_t len, const char *name);

#endif
