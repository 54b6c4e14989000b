/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rehearsal.h"

#include "aws/arn.h"
#include "derive.h"
#include "sign/cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPARE_MAX 256

/* Texts that changes point to, until the file is made. */
struct texts {
	char authority[POLICY_FINGERPRINT];
	char (*people)[POLICY_FINGERPRINT];
	char (*subjects)[POLICY_NAME_MAX + 16];
	char spare[SPARE_MAX][24];
	size_t n_spare;
};

/* All issuers: whoever may approve may have the authority's for his. */
static int change_issuers(struct derive *d, const struct policy_people *people, const struct texts *x, struct kh_error *err)
{
	for (size_t i = 0; i < people->n; i++)
		for (size_t k = 0; k < people->v[i].n_issued; k++)
			if (derive_add(d, yamldoc_get(people->v[i].issued[k].at, "issuer"), x->authority, err))
				return -1;
	return 0;
}

/* Those who sign: the first of their certificates is the throwaway one. */
static int change_people(struct derive *d, const struct ceremony *day, const struct throwaway *t, struct texts *x, struct kh_error *err)
{
	char name[POLICY_NAME_MAX + 8];

	for (size_t i = 0; i < day->n_people; i++) {
		const struct policy_person *who = day->people[i].who;

		throwaway_name(&day->people[i], name);
		(void)snprintf(x->subjects[i], sizeof(x->subjects[i]), "CN=%.64s", name);
		if (cert_sha256(t->people[i].cert, x->people[i], err))
			return -1;
		if (who->n_certificates ? derive_add(d, who->certificates[0].at, x->people[i], err)
					: derive_add(d, yamldoc_get(who->issued[0].at, "subject"), x->subjects[i], err))
			return -1;
	}
	return 0;
}

/* Whether the person signs, and by this issuer. */
static bool is_used(const struct ceremony *day, const struct policy_issued *i)
{
	for (size_t k = 0; k < day->n_people; k++)
		if (day->people[k].who->n_certificates == 0 && &day->people[k].who->issued[0] == i)
			return true;
	return false;
}

/* With one authority for all issuers, the subject of one who does not sign by it may be somebody's already. */
static bool is_somebodys(const struct ceremony *day, const struct policy_people *people, const struct policy_issued *own,
			 const struct texts *x)
{
	for (size_t k = 0; k < day->n_people; k++)
		if (strcmp(x->subjects[k], own->subject) == 0)
			return true;
	for (size_t i = 0; i < people->n; i++)
		for (size_t k = 0; k < people->v[i].n_issued; k++) {
			if (&people->v[i].issued[k] == own)
				return false; /* those behind it give way to it */
			if (strcmp(people->v[i].issued[k].subject, own->subject) == 0)
				return true;
		}
	return false;
}

static int change_spare(struct derive *d, const struct ceremony *day, const struct policy_people *people, struct texts *x,
			struct kh_error *err)
{
	for (size_t i = 0; i < people->n; i++)
		for (size_t k = 0; k < people->v[i].n_issued; k++) {
			const struct policy_issued *own = &people->v[i].issued[k];

			if (is_used(day, own) || !is_somebodys(day, people, own, x))
				continue;
			if (x->n_spare == SPARE_MAX)
				return yamldoc_fail(own->at, err, "more than %d subjects differ in a rehearsal", SPARE_MAX);
			(void)snprintf(x->spare[x->n_spare], sizeof(x->spare[0]), "CN=spare %zu", x->n_spare);
			if (derive_add(d, yamldoc_get(own->at, "subject"), x->spare[x->n_spare++], err))
				return -1;
		}
	return 0;
}

/* The list's first becomes the rehearsal's, where none of it is. */
static int change_first(struct derive *d, const struct yamldoc_node *list, const char *to, struct kh_error *err)
{
	const struct yamldoc_node *at = list ? list->first : NULL;

	while (at && strcmp(at->text, to) != 0)
		at = at->next;
	return !list || at ? 0 : derive_add(d, list->first, to, err);
}

/* SoftHSM has no OAEP but that with SHA-1. */
static int change_algorithms(struct derive *d, const struct policy *p, struct kh_error *err)
{
	for (const struct yamldoc_node *at = p->wrapping_algorithms ? p->wrapping_algorithms->first : NULL; at; at = at->next) {
		const char *to = rehearsal_algorithm(at->text);
		const struct yamldoc_node *same = p->wrapping_algorithms->first;

		while (same && (!to || strcmp(same->text, to) != 0))
			same = same->next;
		if (to && !same && derive_add(d, at, to, err))
			return -1;
	}
	return 0;
}

static int change_tokens(struct derive *d, const struct ceremony *day, const struct throwaway *t, struct kh_error *err)
{
	for (size_t i = 0; i < day->n_tokens; i++) {
		const struct policy_token *rule = day->tokens[i].rule;
		const struct yamldoc_node *label = yamldoc_get(rule->at, "label");

		if (derive_add(d, yamldoc_get(rule->at, "serial"), t->tokens[i].serial, err))
			return -1;
		if (label && strcmp(label->text, t->tokens[i].label) != 0 && derive_add(d, label, t->tokens[i].label, err))
			return -1;
	}
	return 0;
}

static int change_place(struct derive *d, const struct ceremony *day, const struct throwaway *t, const char *endpoint, struct kh_error *err)
{
	const struct policy *p = day->policy;

	return change_first(d, p->accounts, ARN_REHEARSAL_ACCOUNT, err) || change_first(d, p->endpoints, endpoint, err) ||
			       change_algorithms(d, p, err) || change_tokens(d, day, t, err) || derive_cut(d, p->hardware, err)
		       ? -1
		       : 0;
}

int rehearsal_policy(const struct ceremony *day, const struct throwaway *t, const char *endpoint, const struct buf *text,
		     struct buf *out, struct kh_error *err)
{
	const struct policy *p = day->policy;
	struct texts x = {.people = calloc(day->n_people + 1, sizeof(*x.people)), .subjects = calloc(day->n_people + 1, sizeof(*x.subjects))};
	struct derive d = {.n = 0};
	int rc = -1;

	if (!x.people || !x.subjects) {
		kh_fail_memory(err);
		goto out;
	}
	if (cert_sha256(t->authority.cert, x.authority, err) || change_place(&d, day, t, endpoint, err) ||
	    change_issuers(&d, &p->approvers, &x, err) || change_issuers(&d, &p->material_signers, &x, err) ||
	    change_people(&d, day, t, &x, err) ||
	    change_spare(&d, day, &p->approvers, &x, err) || change_spare(&d, day, &p->material_signers, &x, err) ||
	    derive_text(&d, buf_text(text), text->len, out, err) ||
	    (!p->endpoints && buf_addf(out, "%sendpoints: [\"%s\"]\n", err, text->len && text->data[text->len - 1] == '\n' ? "" : "\n", endpoint))) {
		kh_context(err, "%s", p->path);
		goto out;
	}
	rc = 0;
out:
	free(x.people);
	free(x.subjects);
	derive_clear(&d);
	return rc;
}
