/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "result.h"
#include "jsontext.h"

#include <stdlib.h>

int result_add(struct cmd *c, json_t *object, struct kh_error *err)
{
	char *text = object && c->common.json ? jsontext_write(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	int rc = 0;

	if (text)
		rc = cmd_result(c, text, err);
	else if (!object || c->common.json)
		rc = kh_fail_memory(err);
	free(text);
	json_decref(object);
	return rc;
}
