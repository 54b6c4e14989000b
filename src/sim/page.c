/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKER_STEM "keyhaul-sim-"

int page_start(struct call *c, long preset, struct page *p)
{
	const char *marker = member_text(c->in, "Marker");
	size_t len = sizeof(MARKER_STEM) - 1;
	char again[64] = "";

	*p = (struct page){.limit = (size_t)member_number(c->in, "Limit", preset)};
	if (marker && strncmp(marker, MARKER_STEM, len) == 0) {
		p->start = strtoul(marker + len, NULL, 10);
		(void)snprintf(again, sizeof(again), MARKER_STEM "%zu", p->start);
	}
	if (marker && strcmp(again, marker) != 0)
		return reply_fail(c->reply, "InvalidMarkerException", "Invalid Marker");
	p->list = json_array();
	return 0;
}

void page_add(struct page *p, json_t *entry)
{
	size_t i = p->seen++;

	if (i < p->start)
		json_decref(entry);
	else if (i < p->start + p->limit)
		(void)json_array_append_new(p->list, entry);
	else {
		p->truncated = true;
		json_decref(entry);
	}
}

int page_end(struct call *c, struct page *p, const char *name)
{
	json_t *body = json_pack("{s:o, s:b}", name, p->list, "Truncated", p->truncated);
	char marker[64];

	(void)snprintf(marker, sizeof(marker), MARKER_STEM "%zu", p->start + p->limit);
	if (body && p->truncated)
		(void)json_object_set_new(body, "NextMarker", json_string(marker));
	return reply_ok(c->reply, body);
}
