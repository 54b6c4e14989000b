/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy_field.h"

#include <string.h>
#include <strings.h>

/* What must hold between the entries of a policy: nothing that could never be met, and nobody who is two people. */

static int check_tokens(const struct policy *p, struct kh_error *err)
{
	for (size_t i = 0; i < p->n_tokens; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(p->tokens[i].serial, p->tokens[j].serial) == 0)
				return yamldoc_fail(p->tokens[i].at, err, "the serial %s stands there twice: first on line %zu",
						    p->tokens[i].serial, p->tokens[j].at->line);
	return 0;
}

/* Whether some wrapping key that the policy allows takes a key of that spec by that algorithm. */
static bool fits(const struct policy *p, enum keyspec spec, enum wrapalg alg)
{
	struct kh_error ignored;

	for (unsigned bits = p->least_wrapping_bits ? p->least_wrapping_bits : 2048; bits <= 4096; bits += 1024)
		if (!wrapalg_check(spec, alg, bits, NULL, &ignored))
			return true;
	return false;
}

static int check_algorithms(const struct policy *p, struct kh_error *err)
{
	enum keyspec spec = KEYSPEC_NONE;
	enum wrapalg alg = WRAPALG_NONE;

	if (!p->key_specs || !p->wrapping_algorithms)
		return 0;
	for (const struct yamldoc_node *s = p->key_specs->first; s; s = s->next) {
		bool any = false;

		for (const struct yamldoc_node *a = p->wrapping_algorithms->first; a && !any; a = a->next)
			any = !keyspec_parse(s->text, &spec, err) && !wrapalg_parse(a->text, &alg, err) && fits(p, spec, alg);
		if (!any) {
			yamldoc_fail(s, err, "none of 'wrapping_algorithms' (line %zu) is for a key of %s",
				     p->wrapping_algorithms->name_line, s->text);
			return kh_hint(err, "%s is", wrapalg_name(wrapalg_best(spec)));
		}
	}
	return 0;
}

static int check_names(const struct policy_people *people, struct kh_error *err)
{
	for (size_t i = 0; i < people->n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(people->v[i].name, people->v[j].name) == 0)
				return yamldoc_fail(people->v[i].at, err, "the name '%s' stands there twice: first on line %zu",
						    people->v[i].name, people->v[j].at->line);
	return 0;
}

static int twice(const struct yamldoc_node *at, const struct yamldoc_node *first, const char *what, bool same_person,
		 struct kh_error *err)
{
	yamldoc_fail(at, err, "%s is %s on line %zu already", what, same_person ? "this person's" : "another person's",
		     first->line);
	return kh_hint(err, same_person ? "leave out one of the two" : "each person needs a key of their own: nobody counts twice");
}

/* A certificate, or a subject of an issuer, is one person's and stands there once. */
static int compare_people(const struct policy_person *a, const struct policy_person *b, struct kh_error *err)
{
	for (size_t i = 0; i < a->n_certificates; i++)
		for (size_t j = 0; j < (a == b ? i : b->n_certificates); j++)
			if (strcmp(a->certificates[i].sha256, b->certificates[j].sha256) == 0)
				return twice(a->certificates[i].at, b->certificates[j].at, "this certificate", a == b, err);
	for (size_t i = 0; i < a->n_issued; i++)
		for (size_t j = 0; j < (a == b ? i : b->n_issued); j++)
			if (strcmp(a->issued[i].issuer_sha256, b->issued[j].issuer_sha256) == 0 &&
			    strcmp(a->issued[i].subject, b->issued[j].subject) == 0)
				return twice(a->issued[i].at, b->issued[j].at, "this subject of this issuer", a == b, err);
	return 0;
}

static int check_revoked(const struct policy *p, const struct policy_person *a, struct kh_error *err)
{
	for (size_t i = 0; i < a->n_certificates; i++)
		if (policy_is_revoked(p, a->certificates[i].sha256))
			return yamldoc_fail(a->certificates[i].at, err, "this certificate of '%s' is listed as revoked (line %zu)",
					    a->name, p->revoked_at->name_line);
	for (size_t i = 0; i < a->n_issued; i++)
		if (policy_is_revoked(p, a->issued[i].issuer_sha256))
			return yamldoc_fail(a->issued[i].at, err, "this issuer is listed as revoked (line %zu)",
					    p->revoked_at->name_line);
	return 0;
}

static int check_people(const struct policy *p, const struct policy_people *people, struct kh_error *err)
{
	if (check_names(people, err))
		return -1;
	for (size_t i = 0; i < people->n; i++) {
		for (size_t j = 0; j <= i; j++)
			if (compare_people(&people->v[i], &people->v[j], err))
				return -1;
		if (check_revoked(p, &people->v[i], err))
			return -1;
	}
	return 0;
}

int policy_check_whole(const struct policy *p, struct kh_error *err)
{
	if (check_tokens(p, err) || check_algorithms(p, err) || check_people(p, &p->approvers, err) ||
	    check_people(p, &p->material_signers, err))
		return -1;
	if (p->threshold <= p->approvers.n)
		return 0;
	yamldoc_fail(p->threshold_at, err, "the threshold %u cannot be met: there are %zu approvers", p->threshold,
		     p->approvers.n);
	return kh_hint(err, "people count, not certificates");
}
