/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "status.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 1024

/* One line: what KMS says, a line end in it too, cannot look like lines of ours. */
__attribute__((format(printf, 3, 4)))
static int show_line(struct cmd *c, struct kh_error *err, const char *fmt, ...)
{
	char line[SHOWN_MAX], shown[TEXT_SHOWN(SHOWN_MAX)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return cmd_printf(c, err, "%s\n", text_shown(line, shown, sizeof(shown)));
}

/* "expires 2026-12-22T10:00:00Z, in 29 days", "does not expire", "missing". */
static void expiry_words(const char *model, int64_t valid_to, int64_t now, char out[128])
{
	char at[CLOCK_TEXT], span[48];

	if (!valid_to) {
		(void)snprintf(out, 128, "%s", model[0] ? "does not expire" : "no expiry told");
		return;
	}
	clock_format(valid_to, at);
	status_span(valid_to, now, span);
	(void)snprintf(out, 128, "expires %s, %s", at, span);
}

static int show_material(struct cmd *c, const struct status *s, const struct ops_material *m, struct kh_error *err)
{
	char words[128] = "not imported";

	if (m->imported)
		expiry_words(m->expiration_model, m->valid_to, s->now, words);
	return cmd_printf(c, err, "  key material id\n") || show_line(c, err, "    %s", m->id) ||
			       show_line(c, err, "    %s, %s%s%s%s", m->state, words,
					 m->description[0] ? ", note \"" : "", m->description,
					 m->description[0] ? "\"" : "")
		       ? -1 : 0;
}

static int show_key(struct cmd *c, const char *name, const struct status *s, struct kh_error *err)
{
	const struct ops_key *k = &s->standing->key;
	const char *set = !k->multi_region ? "" : strcmp(s->standing->set.primary, k->arn) == 0 ? ", multi-Region primary"
												 : ", multi-Region replica";
	char words[128];

	if ((name && show_line(c, err, "%s:", name)) || show_line(c, err, "%s%s", name ? "  " : "", k->arn) ||
	    show_line(c, err, "  %s, %s%s%s%s", k->state, k->key_spec, set,
		      strcmp(k->origin, "EXTERNAL") == 0 ? "" : ", Origin ",
		      strcmp(k->origin, "EXTERNAL") == 0 ? "" : k->origin))
		return -1;
	if (s->standing->listed || !k->expiration_model[0])
		return 0;
	expiry_words(k->expiration_model, k->valid_to, s->now, words);
	return cmd_printf(c, err, "  material: %s\n", words);
}

int status_show(struct cmd *c, const char *name, const struct status *s, struct kh_error *err)
{
	const struct standing *st = s->standing;
	json_t *problem;
	size_t i;

	if (show_key(c, name, s, err))
		return -1;
	for (i = 0; st->listed && i < st->materials.n; i++)
		if (show_material(c, s, &st->materials.v[i], err))
			return -1;
	if (st->listed && cmd_printf(c, err, "  %zu of %d on-demand rotations done\n", standing_rotations(st),
				     KMS_ON_DEMAND_ROTATIONS_MAX))
		return -1;
	json_array_foreach(s->problems, i, problem)
		if (show_line(c, err, "  NOT WELL: %s", json_string_value(problem)))
			return -1;
	return 0;
}
