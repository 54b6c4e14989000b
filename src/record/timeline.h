/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_TIMELINE_H
#define KEYHAUL_RECORD_TIMELINE_H

#include "record.h"

/* A line of one of the transcripts. */
struct timeline_event {
	const struct chain *chain;
	const struct chain_line *line;
};

/*
 * All lines in the order in which they came: each host's as they stand; between hosts a command that read a bundle comes
 * behind the one that wrote it so, whatever the clocks say, and else by the clocks. The caller frees `*out`. KH_E_MEMORY.
 */
int timeline_make(const struct record *r, struct timeline_event **out, size_t *n, struct kh_error *err);

#endif
