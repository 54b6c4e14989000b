/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "probe_report.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 100
#define CELL 32

int probe_show_text(struct cmd *c, unsigned column, const char *text, struct kh_error *err)
{
	size_t at = column;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (at > column && at + 1 + word > WIDTH) {
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
	if (cmd_printf(c, err, "token    ") != 0 || probe_show_text(c, 9, line, err) != 0)
		return -1;
	snprintf(line, sizeof(line), "%s, version %s of '%s' by %s", f->module.file, or_not_told(f->library.version),
		 or_not_told(f->library.description), or_not_told(f->library.manufacturer));
	if (cmd_printf(c, err, "module   ") != 0 || probe_show_text(c, 9, line, err) != 0)
		return -1;
	return cmd_printf(c, err, "SHA-256  %s\n\n", or_not_told(f->module.sha256));
}

/* "proven native", "proven 0x210B", "refused": what a person asks first. */
static const char *cell(const struct probe_row *row, char out[CELL])
{
	if (row == NULL)
		return "-";
	if (row->unmade)
		return "no such key";
	if (row->verdict != PROBE_PROVEN || row->plan.way == WRAP_OAEP)
		snprintf(out, CELL, "%s%s", probe_verdict_name(row->verdict), row->found.trailing_zeros > 0 ? "*" : "");
	else if (row->plan.way == WRAP_NATIVE)
		snprintf(out, CELL, "proven%s native", row->found.trailing_zeros > 0 ? "*" : "");
	else
		snprintf(out, CELL, "proven%s 0x%lX", row->found.trailing_zeros > 0 ? "*" : "", row->plan.kwp);
	return out;
}

static int show_matrix(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	bool zeros = false;

	if (cmd_printf(c, err, "%-18s  %-18s  %-18s  %-18s  %s\n%-18s  %-18s  %-18s  %-18s  %s\n", "", "RSAES_OAEP",
		       "RSAES_OAEP", "RSA_AES_KEY_WRAP", "RSA_AES_KEY_WRAP", "key spec", "SHA_1", "SHA_256", "SHA_1",
		       "SHA_256") != 0)
		return -1;
	for (size_t i = 0; i < p->n_rows; i++) {
		enum keyspec spec = p->rows[i].spec;
		char cells[WRAPALGS][CELL];

		zeros |= p->rows[i].found.trailing_zeros > 0;
		if (i > 0 && p->rows[i - 1].spec == spec)
			continue;
		if (cmd_printf(c, err, "%-18s  %-18s  %-18s  %-18s  %s\n",
			       spec == KEYSPEC_RSA_2048 ? "RSA (all sizes)" : keyspec_name(spec),
			       cell(probe_best(p, spec, WRAPALG_RSAES_OAEP_SHA_1), cells[0]),
			       cell(probe_best(p, spec, WRAPALG_RSAES_OAEP_SHA_256), cells[1]),
			       cell(probe_best(p, spec, WRAPALG_RSA_AES_KEY_WRAP_SHA_1), cells[2]),
			       cell(probe_best(p, spec, WRAPALG_RSA_AES_KEY_WRAP_SHA_256), cells[3])) != 0)
			return -1;
	}
	return cmd_printf(c, err, "-: KMS does not take it%s\n\n",
			  zeros ? "; *: with zero bytes behind the PKCS#8" : "");
}

static int show_claims(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	static const char *const said[] = {
		[BUNDLE_ABSENT] = "not stated", [BUNDLE_FALSE] = "stated otherwise", [BUNDLE_TRUE] = "stated"};

	if (cmd_printf(c, err, "What it says of keys\n") != 0)
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
		    probe_show_text(c, 13, line, err) != 0)
			return -1;
	}
	return cmd_printf(c, err, "\n");
}

static int show_left(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	if (!p->counted)
		return cmd_printf(c, err, "The objects could not be counted: %s\n", p->uncounted);
	if (p->left <= p->was_left && p->objects_after <= p->objects_before &&
	    cmd_printf(c, err, "Nothing was left on the token: %zu objects before, %zu after", p->objects_before,
		       p->objects_after) != 0)
		return -1;
	if ((p->left > p->was_left || p->objects_after > p->objects_before) &&
	    cmd_printf(c, err, "OBJECTS WERE LEFT on the token: %zu before, %zu after", p->objects_before,
		       p->objects_after) != 0)
		return -1;
	if (p->left > 0)
		return cmd_printf(c, err, ", of them %zu keyhaul-tmp-*; 'keyhaul-token clean' removes those that keyhaul left\n", p->left);
	return cmd_printf(c, err, ", none of them keyhaul-tmp-*\n");
}

int probe_show(struct cmd *c, const struct token *t, const struct probe *p, const struct tokenprofile *profile,
	       struct kh_error *err)
{
	if (show_token(c, t, profile, err) != 0 || show_matrix(c, p, err) != 0 || probe_show_ways(c, p, err) != 0 ||
	    show_claims(c, p, err) != 0)
		return -1;
	return show_left(c, p, err);
}
