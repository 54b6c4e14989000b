/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "plan_field.h"

#include "aws/partition.h"

int plan_map(const struct yamldoc_node *map, const char *what, const struct yamlfield *rows, size_t n, void *out,
	     struct kh_error *err)
{
	return yamlfield_map(map, what, PLAN_ELSEWHERE, rows, n, out, err);
}

int plan_region(const struct yamldoc_node *node, const char **out, struct kh_error *err)
{
	if (yamlfield_text(node, 31, out, err))
		return -1;
	return partition_region_valid(*out) ? 0 : yamldoc_fail(node, err, "'%.64s' is no Region", *out);
}
