/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "paragraph.h"
#include "probe_report.h"

#include <stdio.h>
#include <string.h>

#define CELL 32

static const char *or_not_told(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "not told";
}

static int show_token(struct cmd *c, const struct token *t, const struct tokenprofile *f, struct kh_error *err)
{
	char line[640];

	snprintf(line, sizeof(line), "'%s', model '%s', serial %s, firmware %s, by %s; %s", f->token.label,
		 f->token.model, f->token.serial, f->token.firmware, f->token.manufacturer,
		 t->hardware ? "says it is hardware" : "software");
	if (cmd_printf(c, err, "token    ") != 0 || paragraph_print(c, 9, line, err) != 0)
		return -1;
	snprintf(line, sizeof(line), "%s, version %s of '%s' by %s", f->module.file, or_not_told(f->library.version),
		 or_not_told(f->library.description), or_not_told(f->library.manufacturer));
	if (cmd_printf(c, err, "module   ") != 0 || paragraph_print(c, 9, line, err) != 0)
		return -1;
	return cmd_printf(c, err, "SHA-256  %s\n\n", or_not_told(f->module.sha256));
}

/* "proven native", "proven 0x210B", "refused": what a person asks first. */
static const char *cell(const struct probe_row *row, char out[CELL])
{
	if (row == NULL)
		return "-";
	if (row->verdict == PROBE_UNTOLD)
		return "unknown";
	if (row->unmade)
		return "no key";
	if (row->verdict != PROBE_PROVEN || row->plan.way == WRAP_OAEP)
		snprintf(out, CELL, "%s%s", probe_verdict_name(row->verdict), row->found.trailing_zeros > 0 ? "*" : "");
	else if (row->plan.way == WRAP_NATIVE)
		snprintf(out, CELL, "proven%s native", row->found.trailing_zeros > 0 ? "*" : "");
	else
		snprintf(out, CELL, "proven%s 0x%lX", row->found.trailing_zeros > 0 ? "*" : "", row->plan.kwp);
	return out;
}

/* Of the table: what follows its key specs. */
struct legend {
	bool zeros, unmade;
};

static int show_legend(struct cmd *c, const struct legend *l, struct kh_error *err)
{
	return cmd_printf(c, err, "OAEP-1 is RSAES_OAEP_SHA_1, AESKW-256 is RSA_AES_KEY_WRAP_SHA_256, and so on\n"
			  "-: KMS does not take it%s%s\n\n", l->zeros ? "; *: with zero bytes behind the PKCS#8" : "",
			  l->unmade ? "; no key: the token makes none" : "");
}

/* The columns are as wide as "proven* 0x8000216F" and fit in PARAGRAPH_WIDTH. */
static int show_matrix(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	static const char row[] = "%-17s  %-8s  %-8s  %-18s  %s\n";
	struct legend legend = {false, false};

	if (cmd_printf(c, err, row, "key spec", "OAEP-1", "OAEP-256", "AESKW-1", "AESKW-256") != 0)
		return -1;
	for (size_t i = 0; i < p->n_rows; i++) {
		enum keyspec spec = p->rows[i].spec;
		char cells[WRAPALGS][CELL];

		legend.zeros |= p->rows[i].found.trailing_zeros > 0;
		legend.unmade |= p->rows[i].unmade && p->rows[i].verdict != PROBE_UNTOLD;
		if (i > 0 && p->rows[i - 1].spec == spec)
			continue;
		if (cmd_printf(c, err, row, spec == KEYSPEC_RSA_2048 ? "RSA (all sizes)" : keyspec_name(spec),
			       cell(probe_best(p, spec, WRAPALG_RSAES_OAEP_SHA_1), cells[0]),
			       cell(probe_best(p, spec, WRAPALG_RSAES_OAEP_SHA_256), cells[1]),
			       cell(probe_best(p, spec, WRAPALG_RSA_AES_KEY_WRAP_SHA_1), cells[2]),
			       cell(probe_best(p, spec, WRAPALG_RSA_AES_KEY_WRAP_SHA_256), cells[3])) != 0)
			return -1;
	}
	return show_legend(c, &legend, err);
}

static int show_claims(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	static const char *const said[] = {
		[BUNDLE_ABSENT] = "not stated", [BUNDLE_FALSE] = "stated otherwise", [BUNDLE_TRUE] = "stated"};

	if (cmd_printf(c, err, "What keys' attributes say (stated or not), and whether the token keeps to it\n") != 0)
		return -1;
	for (size_t i = 0; i < PROBE_CLAIMS; i++) {
		const struct probe_claim *k = &p->claims[i];
		char line[PROBE_WHY_MAX + 160];
		bool named = k->native == 0 || strstr(k->why, "CKR_") != NULL;

		if (named)
			snprintf(line, sizeof(line), "%s; %s", said[k->stated], k->why);
		else
			snprintf(line, sizeof(line), "%s; %s: %s (0x%lX)", said[k->stated], k->why, k->native_name,
				 k->native);
		if (cmd_printf(c, err, "  %-10s %s\n             ",
			       k->honour == PROBE_NOT_KNOWN ? "not known" : probe_honour_name(k->honour), k->words) != 0 ||
		    paragraph_print(c, 13, line, err) != 0)
			return -1;
	}
	return cmd_printf(c, err, "\n");
}

static int show_left(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	bool more = p->left > p->was_left || p->objects_after > p->objects_before;

	if (!p->counted)
		return cmd_printf(c, err, "The objects could not be counted: %s\n", p->uncounted);
	if (cmd_printf(c, err, "%s on the token: %zu object%s before, %zu after", more ? "OBJECTS WERE LEFT" : "Nothing was left",
		       p->objects_before, p->objects_before == 1 ? "" : "s", p->objects_after) != 0)
		return -1;
	if (p->left > 0)
		return cmd_printf(c, err, ", of them %zu keyhaul-tmp-*;\n'keyhaul-token clean' removes those that keyhaul left\n",
				  p->left);
	return cmd_printf(c, err, ", none keyhaul-tmp-*\n");
}

int probe_show(struct cmd *c, const struct token *t, const struct probe *p, const struct tokenprofile *profile,
	       struct kh_error *err)
{
	if (show_token(c, t, profile, err) != 0 || show_matrix(c, p, err) != 0 || probe_show_ways(c, p, err) != 0 ||
	    show_claims(c, p, err) != 0)
		return -1;
	return show_left(c, p, err);
}
