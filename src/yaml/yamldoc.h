/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_YAML_YAMLDOC_H
#define KEYHAUL_YAML_YAMLDOC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define YAMLDOC_MAX (1024 * 1024) /* bytes of a file */
#define YAMLDOC_DEPTH 8		  /* maps and lists within each other */
#define YAMLDOC_NAMES 256	  /* in one map */

enum yamldoc_kind {
	YAMLDOC_TEXT,
	YAMLDOC_LIST,
	YAMLDOC_MAP,
};

/* A value and where it stands, lines and columns counted from 1. All of it belongs to the document. */
struct yamldoc_node {
	enum yamldoc_kind kind;
	char *name; /* in a map: its name there; NULL in a list */
	char *text; /* YAMLDOC_TEXT: one line of UTF-8 without controls, "" for none */
	bool plain; /* without quotes */
	bool flow;  /* YAMLDOC_MAP, YAMLDOC_LIST: in { } or [ ] */
	size_t line, column; /* columns are characters, not bytes */
	size_t name_line, name_column; /* where its name stands; its own place in a list */
	size_t n; /* YAMLDOC_LIST, YAMLDOC_MAP: how many are in it */
	struct yamldoc_node *first, *last, *next;
};

/*
 * Reads one YAML document (YAML 1.1, by libyaml's events) of maps, lists and texts: UTF-8, at most YAMLDOC_MAX bytes and
 * YAMLDOC_DEPTH deep. Aliases, anchors, tags, directives of tags, duplicate names, names that are no text, controls and
 * a second document are refused. What a text means is for its reader: nothing is a number, a boolean or null here.
 * KH_E_INPUT "line L, column C: ...", KH_E_MEMORY. The caller frees `*out`.
 */
int yamldoc_parse(const char *data, size_t len, struct yamldoc_node **out, struct kh_error *err);
void yamldoc_free(struct yamldoc_node *node);

/* The member of that name; NULL where there is none or it is no map. */
const struct yamldoc_node *yamldoc_get(const struct yamldoc_node *map, const char *name);

/* KH_E_INPUT with the node's line and column before the message. Always gives -1. */
int yamldoc_fail(const struct yamldoc_node *node, struct kh_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts the node's line and column before an error that another parser made of its text, as KH_E_INPUT. Gives -1. */
int yamldoc_context(const struct yamldoc_node *node, struct kh_error *err);

#endif
