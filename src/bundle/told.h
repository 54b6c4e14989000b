/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_TOLD_H
#define KEYHAUL_BUNDLE_TOLD_H

#include "base/clock.h"
#include "base/cmd.h"
#include "bundle.h"

#include <stddef.h>

/* `--now TIME`: the time on a host without a clock. */

/* The option's row, for `field` (const char *) of a command's options struct. */
#define TOLD_OPT(type, field) \
	{.name = "now", .kind = OPT_TEXT, .offset = offsetof(type, field), .arg = "TIME", \
	 .text = "what time it is, on a host without a clock; refused with one"}

/*
 * Takes the option's value (NULL: not given): every absolute form of --valid-to. c->now and c->told are of it from then on, and
 * that it was told is warned of. Whether it may be told, told_check says of each bundle. KH_E_USAGE.
 */
int told_take(struct cmd *c, const char *text, struct kh_error *err);

/*
 * That the time may be told for this bundle: the host's clock is before this program's date or over 300 s before fetched_at, and
 * the time lies from fetched_at to before parameters_valid_to. KH_E_CHECK, with both clocks and the limits. Where none was told
 * nothing is refused; a clock before fetched_at is warned of, once.
 */
int told_check(const struct clock_told *t, const struct bundle *b, struct kh_error *err);

/* The same for what comes after the parameters' time as well, a proof's answer: from fetched_at on, without an end. */
int told_check_answer(const struct clock_told *t, const struct bundle *b, struct kh_error *err);

/* The same of its parts; `built` is the program's date in seconds, and `valid_to` may be TOLD_NO_END. Pure. */
#define TOLD_NO_END INT64_MAX
int told_judge(const struct clock_told *t, int64_t built, int64_t fetched_at, int64_t valid_to, struct kh_error *err);

/*
 * For commands that are about no bundle: told_take, and told_check of the bundle in the file that --bundle names (NULL: not
 * given). KH_E_USAGE where one of the two options is missing.
 */
#define TOLD_BUNDLE_TEXT "with --now: the bundle whose times it is held to"
int told_take_by(struct cmd *c, const char *text, const char *bundle, struct kh_error *err);

/* The two times of a section's told_now, as text in `out`, which it points to. Absent where the time was not told. */
struct told_text {
	char said[CLOCK_TEXT], host_clock[CLOCK_TEXT];
};
struct bundle_told told_section(const struct clock_told *t, struct told_text *out);

/* Warns that a bundle's key was wrapped at a time that was told, where it was; of the first such bundle of a run. */
void told_warn(const char *path, const struct bundle *b);

/* For the lines of inspect and the record: "with --now 2026-...; the host's clock said 1970-...". */
#define TOLD_WORDS "with --now %s; the host's clock said %s"

#endif
