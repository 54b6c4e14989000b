/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "jsonwhy.h"

#include <string.h>

const char *jsonwhy(json_error_t *why)
{
	char *quoted = strstr(why->text, " near '");

	if (quoted != NULL)
		*quoted = '\0';
	return why->text;
}
