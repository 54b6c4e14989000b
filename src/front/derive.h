/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_DERIVE_H
#define KEYHAUL_FRONT_DERIVE_H

#include "base/buf.h"
#include "yaml/yamldoc.h"

enum derive_kind {
	DERIVE_VALUE, /* a text becomes another */
	DERIVE_CUT,   /* what stands in a line of its own becomes a comment */
	DERIVE_BEFORE /* a member of the map gets another one before it */
};

/* A value of a YAML file that is to be another, where it stands; all else of the file stays, byte for byte. */
struct derive_change {
	const struct yamldoc_node *at;
	const struct yamldoc_node *map; /* DERIVE_BEFORE: what it is a member of */
	const char *to; /* plain text or what fits into the quotes that are there; of DERIVE_BEFORE "NAME: VALUE". Not copied */
	enum derive_kind kind;
};

#define DERIVE_CHANGES_MAX 65536

struct derive {
	struct derive_change *v;
	size_t n;
};

/* Notes a change; nothing for a node that is NULL. KH_E_INPUT over DERIVE_CHANGES_MAX. */
int derive_add(struct derive *d, const struct yamldoc_node *at, const char *to, struct kh_error *err);
int derive_cut(struct derive *d, const struct yamldoc_node *at, struct kh_error *err);

/* Notes a member ("NAME: VALUE") before the first of the map's. */
int derive_member(struct derive *d, const struct yamldoc_node *map, const char *text, struct kh_error *err);
void derive_clear(struct derive *d);

/*
 * Adds the file's text with the changes made. KH_E_INPUT with line and column where a value does not stand there as it
 * reads, such as one with escapes.
 */
int derive_text(struct derive *d, const char *text, size_t len, struct buf *out, struct kh_error *err);

#endif
