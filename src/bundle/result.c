/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "result.h"

#include <stdlib.h>

int result_add(struct cmd *c, json_t *object, struct kh_error *err)
{
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	int rc = text ? cmd_result(c, text, err) : kh_fail_memory(err);

	free(text);
	json_decref(object);
	return rc;
}
