/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "paragraph.h"

#include <string.h>

int paragraph_print(struct cmd *c, unsigned column, const char *text, struct kh_error *err)
{
	size_t at = column;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (at > column && at + 1 + word > PARAGRAPH_WIDTH) {
			if (cmd_printf(c, err, "\n%*s", (int)column, "") != 0)
				return -1;
			at = column;
		}
		if (cmd_printf(c, err, "%s%.*s", at > column ? " " : "", (int)word, text) != 0)
			return -1;
		at += word + (at > column);
		text += word + strspn(text + word, " ");
	}
	return cmd_printf(c, err, "\n");
}
