/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "paragraph.h"
#include "probe_report.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 1024

/* What a row says beside its key spec and hash: rows that say the same are shown as one. */
struct finding {
	enum wrap_way way;
	CK_MECHANISM_TYPE kwp;
	enum probe_verdict verdict;
	char text[PROBE_WHY_MAX + 64];
};

static void describe(const struct probe_row *r, struct finding *out)
{
	const struct proof *f = &r->found;
	int n;

	memset(out, 0, sizeof(*out));
	out->way = r->plan.way;
	out->kwp = r->plan.kwp;
	out->verdict = r->verdict;
	if (r->verdict != PROBE_PROVEN) {
		snprintf(out->text, sizeof(out->text), "%s", r->why);
		return;
	}
	n = snprintf(out->text, sizeof(out->text), "OAEP and MGF1 with the hash asked for");
	if (f->kek_bits > 0)
		n += snprintf(out->text + n, sizeof(out->text) - (size_t)n, ", AES-%u, %s", f->kek_bits, f->key_wrap);
	if (f->pkcs8 != NULL)
		n += snprintf(out->text + n, sizeof(out->text) - (size_t)n, ", PKCS#8 %s", f->pkcs8);
	if (f->trailing_zeros > 0)
		n += snprintf(out->text + n, sizeof(out->text) - (size_t)n, " and %zu zero bytes behind it",
			      f->trailing_zeros);
	snprintf(out->text + n, sizeof(out->text) - (size_t)n, "; the same key by its %s", f->same_by);
}

static bool same(const struct finding *a, const struct finding *b)
{
	return a->way == b->way && a->kwp == b->kwp && a->verdict == b->verdict && strcmp(a->text, b->text) == 0;
}

/* Whether a key spec was found so with SHA-1 (1), SHA-256 (2) or both (3). */
static unsigned hashes_of(const struct probe *p, enum keyspec spec, const struct finding *like)
{
	unsigned mask = 0;

	for (size_t i = 0; i < p->n_rows; i++) {
		struct finding f;

		if (p->rows[i].spec != spec)
			continue;
		describe(&p->rows[i], &f);
		if (same(&f, like))
			mask |= strcmp(wrapalg_info(p->rows[i].plan.alg)->hash, "SHA1") == 0 ? 1u : 2u;
	}
	return mask;
}

/* The key specs that were found so with these hashes; `first` tells whether row `at` is the first of them. */
static void list_specs(const struct probe *p, size_t at, const struct finding *like, unsigned mask, bool *first,
		       char out[LINE_MAX_LEN])
{
	enum keyspec last = KEYSPEC_NONE;
	size_t n = 0;

	out[0] = '\0';
	*first = true;
	for (size_t i = 0; i < p->n_rows; i++) {
		enum keyspec spec = p->rows[i].spec;
		struct finding f;

		describe(&p->rows[i], &f);
		if (spec == last || !same(&f, like) || hashes_of(p, spec, like) != mask)
			continue;
		if (i < at)
			*first = false;
		last = spec;
		n += (size_t)snprintf(out + n, LINE_MAX_LEN - n, "%s%s", n > 0 ? ", " : "",
				      spec == KEYSPEC_RSA_2048 ? "RSA" : keyspec_name(spec));
	}
}

static int show_finding(struct cmd *c, const struct probe *p, size_t at, struct kh_error *err)
{
	static const char *const hashes[] = {"", "SHA-1", "SHA-256", "SHA-1 and SHA-256"};
	struct finding f;
	char specs[LINE_MAX_LEN], line[LINE_MAX_LEN + 32];
	unsigned mask;
	bool first;

	describe(&p->rows[at], &f);
	mask = hashes_of(p, p->rows[at].spec, &f);
	list_specs(p, at, &f, mask, &first, specs);
	if (!first)
		return 0;
	snprintf(line, sizeof(line), "%s: %s", hashes[mask], specs);
	if (cmd_printf(c, err, "  %-8s ", f.verdict == PROBE_UNTOLD ? "unknown" : probe_verdict_name(f.verdict)) != 0 || paragraph_print(c, 11, line, err) != 0 ||
	    cmd_printf(c, err, "%11s", "") != 0)
		return -1;
	return paragraph_print(c, 11, f.text, err);
}

static bool is_way(const struct probe_row *row, const struct probe_row *like)
{
	return row->plan.way == like->plan.way && row->plan.kwp == like->plan.kwp;
}

static int show_way(struct cmd *c, const struct probe *p, const struct probe_row *way, struct kh_error *err)
{
	char words[WRAP_WORDS_MAX];

	if (cmd_printf(c, err, "%s, %s\n", wrap_plan_words(&way->plan, words), way->listed ? "listed" : "unlisted") != 0)
		return -1;
	for (size_t i = 0; i < p->n_rows; i++)
		if (is_way(&p->rows[i], way) && !p->rows[i].unmade && show_finding(c, p, i, err) != 0)
			return -1;
	return cmd_printf(c, err, "\n");
}

/* Once for each key spec, not for each way. */
static int show_unmade(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	enum keyspec last = KEYSPEC_NONE;

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct probe_row *row = &p->rows[i];

		if (!row->unmade || row->spec == last)
			continue;
		if ((last == KEYSPEC_NONE && cmd_printf(c, err, "No throwaway key could be made\n") != 0) ||
		    cmd_printf(c, err, "  %-17s  ", row->spec == KEYSPEC_RSA_2048 ? "RSA" : keyspec_name(row->spec)) != 0 ||
		    paragraph_print(c, 21, row->why, err) != 0)
			return -1;
		last = row->spec;
	}
	return last == KEYSPEC_NONE ? 0 : cmd_printf(c, err, "\n");
}

int probe_show_ways(struct cmd *c, const struct probe *p, struct kh_error *err)
{
	for (size_t i = 0; i < p->n_rows; i++) {
		size_t before = 0;

		while (before < i && !is_way(&p->rows[before], &p->rows[i]))
			before++;
		if (before == i && show_way(c, p, &p->rows[i], err) != 0)
			return -1;
	}
	return show_unmade(c, p, err);
}
