/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PLAN_PLAN_FIELD_H
#define KEYHAUL_PLAN_PLAN_FIELD_H

#include "plan.h"
#include "yaml/yamlfield.h"

/* How the plan's maps are read, for the files of src/plan alone. */

#define PLAN_ELSEWHERE "module, PIN, slot and profile belong on the command line"

/* A map of the plan by its rows; the hint to an unknown name says what has no place in a plan. KH_E_INPUT. */
int plan_map(const struct yamldoc_node *map, const char *what, const struct yamlfield *rows, size_t n, void *out,
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
