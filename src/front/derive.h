/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_DERIVE_H
#define KEYHAUL_FRONT_DERIVE_H

#include "base/buf.h"
#include "yaml/yamldoc.h"

/* A value of a YAML file that is to be another, where it stands; all else of the file stays, byte for byte. */
struct derive_change {
	const struct yamldoc_node *at; /* a text; of `cut` anything in a line of its own, which becomes a comment */
	const char *to;		       /* plain text or what fits into the quotes that are there; not copied */
	bool cut;
};

#define DERIVE_CHANGES_MAX 4096

struct derive {
	struct derive_change v[DERIVE_CHANGES_MAX];
	size_t n;
};

/* Notes a change; nothing for a node that is NULL. KH_E_INPUT over DERIVE_CHANGES_MAX. */
int derive_add(struct derive *d, const struct yamldoc_node *at, const char *to, struct kh_error *err);
int derive_cut(struct derive *d, const struct yamldoc_node *at, struct kh_error *err);

/*
 * Adds the file's text with the changes made. KH_E_INPUT with line and column where a value does not stand there as it
 * reads, such as one with escapes.
 */
int derive_text(struct derive *d, const char *text, size_t len, struct buf *out, struct kh_error *err);

#endif
