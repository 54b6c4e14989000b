/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PLAN_PLAN_FIELD_H
#define KEYHAUL_PLAN_PLAN_FIELD_H

#include "plan.h"

/* How the plan's maps are read: a row a name. For the files of src/plan alone. */
struct plan_field {
	const char *name;
	bool required;
	int (*take)(const struct yamldoc_node *node, void *out, struct kh_error *err);
};

#define PLAN_FIELDS(table) (table), sizeof(table) / sizeof((table)[0])

/* Reads a map by its rows into `out`; unknown and missing names are refused. `what` names the map in the error. */
int plan_fields(const struct yamldoc_node *map, const char *what, const struct plan_field *rows, size_t n, void *out,
		struct kh_error *err);

/* The node's text, neither empty nor longer than `max` bytes. KH_E_INPUT. */
int plan_text(const struct yamldoc_node *node, size_t max, const char **out, struct kh_error *err);

/* true or false, without quotes. KH_E_INPUT. */
int plan_flag(const struct yamldoc_node *node, bool *out, struct kh_error *err);

/* A list of 1 to `max` elements into an array of `size` bytes each, read by `take`; the caller frees `*out`. */
int plan_list(const struct yamldoc_node *node, size_t max, size_t size,
	      int (*take)(const struct yamldoc_node *node, void *out, struct kh_error *err), void **out, size_t *n,
	      struct kh_error *err);

/* The name of a Region. KH_E_INPUT. */
int plan_region(const struct yamldoc_node *node, const char **out, struct kh_error *err);

/* `materials:` and `create:` of a key. */
int plan_take_materials(const struct yamldoc_node *node, void *key, struct kh_error *err);
int plan_take_create(const struct yamldoc_node *node, void *key, struct kh_error *err);
int plan_take_key_spec(const struct yamldoc_node *node, void *key, struct kh_error *err);
int plan_take_key_usage(const struct yamldoc_node *node, void *key, struct kh_error *err);

/* What must hold between a key's entries, and between keys. KH_E_INPUT. */
int plan_check_key(const struct plan_key *k, struct kh_error *err);
int plan_check_twice(const struct plan_key *keys, size_t n, struct kh_error *err);

#endif
