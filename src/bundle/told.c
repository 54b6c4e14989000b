/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "told.h"

#include "aws/awstime.h"
#include "base/log.h"

#include <stdatomic.h>

#define SKEW 300 /* seconds that the clocks of two hosts may differ */

int told_take(struct cmd *c, const char *text, struct kh_error *err)
{
	char said[CLOCK_TEXT], host[CLOCK_TEXT];
	int64_t when = 0;

	if (!text)
		return 0;
	if (awstime_parse_absolute(text, &when, err) || when < 0 || when > CLOCK_MAX) {
		kh_fail(err, KH_E_USAGE, 0, "--now '%.64s' is not a time", text);
		return kh_hint(err, "such as 2026-11-22T10:00:00Z, or seconds since 1970: UTC, by a clock in the room");
	}
	clock_told_set(&c->told, when);
	c->now = when;
	clock_format(when, said);
	clock_format(c->told.host, host);
	log_warning("the time was told, %s (--now), and this host's clock says %s: certificates, signatures and the bundle's times "
		    "are judged and dated by what was told",
		    said, host);
	return 0;
}

int told_judge(const struct clock_told *t, int64_t built, int64_t fetched_at, int64_t valid_to, struct kh_error *err)
{
	char said[CLOCK_TEXT], host[CLOCK_TEXT], date[CLOCK_TEXT], from[CLOCK_TEXT], to[CLOCK_TEXT];
	bool clock = t->host >= built && t->host >= fetched_at - SKEW, ends = valid_to != TOLD_NO_END;

	if (!t->is_told || (!clock && t->said >= fetched_at && t->said < valid_to))
		return 0;
	clock_format(t->said, said);
	clock_format(t->host, host);
	clock_format(built, date);
	clock_format(fetched_at, from);
	clock_format(ends ? valid_to : 0, to);
	if (clock) {
		kh_fail(err, KH_E_CHECK, 0, "--now %s is refused: this host has a clock. It says %s, which is neither before this keyhaul's "
			"date (%s) nor over five minutes before the bundle was fetched (%s%s%s)", said, host, date, from,
			ends ? "; it is good until " : "", ends ? to : "");
		return kh_hint(err, "leave --now out; where the clock is wrong all the same, set it ('date -u -s TIME') as the ceremony's "
				    "script says");
	}
	kh_fail(err, KH_E_CHECK, 0, "--now %s is refused: the bundle was fetched at %s%s%s (this host's clock says %s)", said, from,
		ends ? ", and its parameters are good until " : "", ends ? to : "", host);
	return kh_hint(err, t->said < fetched_at ? "look at a clock again: times are UTC"
						 : "look at a clock again, times are UTC; or run fetch again, where they are past their time");
}

/* Not refused: whoever is online may go by a KMS whose time is ahead, such as keyhaul-sim's with --clock. */
static void warn_of_clock(int64_t host, int64_t fetched_at, const char *so)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;
	char now[CLOCK_TEXT], from[CLOCK_TEXT];

	if (host >= fetched_at - SKEW || atomic_flag_test_and_set(&warned))
		return;
	clock_format(host, now);
	clock_format(fetched_at, from);
	log_warning("this host's clock says %s, before the bundle was fetched (%s): %s; --now tells the time where there is no clock",
		    now, from, so);
}

void told_warn(const char *path, const struct bundle *b)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;
	const struct bundle_told *told = &bundle_material(b)->told_now;

	if (told->said && !atomic_flag_test_and_set(&warned))
		log_warning("%s: the time of its wrap was told " TOLD_WORDS " ('keyhaul inspect' tells of each bundle)", path, told->said,
			    told->host_clock);
}

/* The newest source's, or SOURCE_DATE_EPOCH: configure has it. */
static int64_t built(void)
{
	struct kh_error ignored;
	int64_t when = 0;

	(void)awstime_parse_absolute(KEYHAUL_SOURCE_DATE, &when, &ignored);
	return when;
}

int told_check(const struct clock_told *t, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);

	if (!t->is_told)
		warn_of_clock(t->host, r->fetched_at, "whether its parameters have expired cannot be told");
	return told_judge(t, built(), r->fetched_at, r->parameters_valid_to, err);
}

int told_check_answer(const struct clock_told *t, const struct bundle *b, struct kh_error *err)
{
	const int64_t fetched_at = bundle_request(b)->fetched_at;

	if (!t->is_told)
		warn_of_clock(t->host, fetched_at, "what it dates is dated wrong");
	return told_judge(t, built(), fetched_at, TOLD_NO_END, err);
}

int told_take_by(struct cmd *c, const char *text, const char *bundle, struct kh_error *err)
{
	struct bundle *b = NULL;
	int rc;

	if (!text && !bundle)
		return 0;
	if (!text || !bundle)
		return kh_fail(err, KH_E_USAGE, 0, "--now and --bundle go together");
	if (told_take(c, text, err) || bundle_read(bundle, &b, err))
		return -1;
	rc = told_check(&c->told, b, err);
	bundle_free(b);
	return rc ? kh_context(err, "%s", bundle) : 0;
}

struct bundle_told told_section(const struct clock_told *t, struct told_text *out)
{
	if (!t->is_told)
		return (struct bundle_told){NULL, NULL};
	clock_format(t->said, out->said);
	clock_format(t->host, out->host_clock);
	return (struct bundle_told){out->said, out->host_clock};
}
