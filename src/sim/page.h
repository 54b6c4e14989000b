/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_PAGE_H
#define KEYHAUL_SIM_PAGE_H

#include "api.h"

/* One page of a list: entries are counted over the whole, kept from `start` to `start + limit`. */
struct page {
	json_t *list;
	size_t start, limit, seen;
	bool truncated;
};

/* Begins the page that Limit (`preset` where it is absent) and Marker ask for. InvalidMarkerException. */
int page_start(struct call *c, long preset, struct page *p);

/* Adds an entry or passes over it; takes it over either way. */
void page_add(struct page *p, json_t *entry);

/* Answers with the list under `name`, Truncated, and NextMarker where there is more. */
int page_end(struct call *c, struct page *p, const char *name);

#endif
