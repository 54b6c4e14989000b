/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_PAGE_H
#define KEYHAUL_RECORD_PAGE_H

#include "html.h"
#include "record.h"

/*
 * The record as one page that needs nothing else: no script, no font, no picture; for a screen, and for paper of A4 and
 * Letter, legible without colour. What is not as it should be stands first. `now` is when it was made.
 */
int page_write(const struct record *r, int64_t now, struct buf *out, struct kh_error *err);

/* Its parts: each adds a section. */
void page_keys(struct html *h, const struct record *r);
void page_events(struct html *h, const struct record *r);

/* The style sheet. */
extern const char page_style[];

#endif
