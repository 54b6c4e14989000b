/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_YAML_YAMLFIELD_H
#define KEYHAUL_YAML_YAMLFIELD_H

#include "base/buf.h"
#include "base/file.h"
#include "yamldoc.h"

/* How a map of a document is read: a row a name. `take` reads the value into the reader's own struct. */
struct yamlfield {
	const char *name;
	bool required;
	int (*take)(const struct yamldoc_node *node, void *out, struct kh_error *err);
};

#define YAMLFIELDS(table) (table), sizeof(table) / sizeof((table)[0])

/*
 * Reads a map by its rows into `out`; unknown and missing names are refused. `what` names the map in the error, `elsewhere`
 * what does not belong into such a file and where it does (NULL: nothing to say). KH_E_INPUT.
 */
int yamlfield_map(const struct yamldoc_node *map, const char *what, const char *elsewhere, const struct yamlfield *rows,
		  size_t n, void *out, struct kh_error *err);

/* Of the row of the version, which a file begins with: 1 is the only one. KH_E_INPUT. */
int yamlfield_version(const struct yamldoc_node *node, void *out, struct kh_error *err);

/*
 * Reads a whole file: its SHA-256 in hex, the document into `*root` (the caller frees it, also after an error) and its map
 * by the rows as yamlfield_map does. The first row is the version's, which is looked at before all else: of another format
 * nothing can be said. KH_E_INPUT.
 */
int yamlfield_document(const char *data, size_t len, const char *what, const char *elsewhere, const struct yamlfield *rows,
		       size_t n, void *out, char sha256[2 * FILE_DIGEST + 1], struct yamldoc_node **root,
		       struct kh_error *err);

/* The node's text, neither empty nor longer than `max` bytes. KH_E_INPUT. */
int yamlfield_text(const struct yamldoc_node *node, size_t max, const char **out, struct kh_error *err);

/* true or false, without quotes. KH_E_INPUT. */
int yamlfield_flag(const struct yamldoc_node *node, bool *out, struct kh_error *err);

/*
 * A list of 1 to `max` elements into a new array of `size` bytes each, read by `take`; the caller frees `*out`, also after
 * a failure. KH_E_INPUT.
 */
int yamlfield_list(const struct yamldoc_node *node, size_t max, size_t size,
		   int (*take)(const struct yamldoc_node *node, void *out, struct kh_error *err), void **out, size_t *n,
		   struct kh_error *err);

/* The name of a file in the folder of the document's file or below ("plan", "policy" in the error). KH_E_INPUT. */
int yamlfield_file(const struct yamldoc_node *node, const char *whose, const char **out, struct kh_error *err);

/* Where that file is, from the path of the document's own, into a buffer of the caller's. KH_E_INPUT: too long. */
int yamlfield_beside(const char *path, const char *file, struct buf *out, struct kh_error *err);

#endif
