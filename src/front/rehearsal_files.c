/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rehearsal.h"

#include "derive.h"
#include "document.h"
#include "sign/cert.h"
#include "step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts that changes point to, until the file is made. */
struct texts {
	char authority[POLICY_FINGERPRINT];
	char (*people)[POLICY_FINGERPRINT];
	char (*subjects)[POLICY_NAME_MAX + 16];
};

/* All of them: whoever may approve may have the authority's for his issuer. */
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

static int change_place(struct derive *d, const struct policy *p, const struct throwaway *t, const char *endpoint, struct kh_error *err)
{
	const struct policy_token *token = &p->tokens[0];
	const struct yamldoc_node *label = yamldoc_get(token->at, "label");

	if ((p->accounts && derive_add(d, p->accounts->first, REHEARSAL_ACCOUNT, err)) ||
	    (p->endpoints && derive_add(d, p->endpoints->first, endpoint, err)) ||
	    derive_add(d, yamldoc_get(token->at, "serial"), t->serial, err))
		return -1;
	if (label && strcmp(label->text, t->label) != 0 && derive_add(d, label, t->label, err))
		return -1;
	return derive_cut(d, p->hardware, err);
}

int rehearsal_policy(const struct ceremony *day, const struct throwaway *t, const char *endpoint, const struct buf *text,
		     struct buf *out, struct kh_error *err)
{
	const struct policy *p = day->policy;
	struct texts x = {.people = calloc(day->n_people + 1, sizeof(*x.people)), .subjects = calloc(day->n_people + 1, sizeof(*x.subjects))};
	struct derive *d = calloc(1, sizeof(*d));
	int rc = -1;

	if (!d || !x.people || !x.subjects) {
		kh_fail_memory(err);
		goto out;
	}
	if (cert_sha256(t->authority.cert, x.authority, err) || change_place(d, p, t, endpoint, err) ||
	    change_issuers(d, &p->approvers, &x, err) || change_issuers(d, &p->material_signers, &x, err) ||
	    change_people(d, day, t, &x, err) || derive_text(d, buf_text(text), text->len, out, err) ||
	    (!p->endpoints && buf_addf(out, "%sendpoints: [\"%s\"]\n", err, text->len && text->data[text->len - 1] == '\n' ? "" : "\n", endpoint))) {
		kh_context(err, "%s", p->path);
		goto out;
	}
	rc = 0;
out:
	free(x.people);
	free(x.subjects);
	free(d);
	return rc;
}

/* What a plan may have of a key's URI: object and id. */
static int short_uri(const char *uri, char **out, struct kh_error *err)
{
	static const char *const wanted[] = {"object=", "id="};
	struct buf b = BUF_INIT(4096);
	int rc = buf_addf(&b, "pkcs11:", err);

	for (size_t i = 0; !rc && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		for (const char *at = strchr(uri, ':'); !rc && at && *at && *at != '?'; at = strpbrk(at + 1, ";?"))
			if (strncmp(at + 1, wanted[i], strlen(wanted[i])) == 0)
				rc = buf_addf(&b, "%s%.*s", err, i ? ";" : "", (int)strcspn(at + 1, ";?"), at + 1);
	*out = rc ? NULL : strdup(buf_text(&b));
	buf_free(&b);
	return rc || *out ? rc : kh_fail_memory(err);
}

/* Makes the key in the throwaway token, in no transcript; `*out` is the caller's. */
static int make_key(const struct ceremony *day, const struct throwaway *t, size_t i, char **out, struct kh_error *err)
{
	const char *spec = keyspec_name(plan_key(day->plan, i)->key_spec);
	char token[64];
	const char *const words[] = {"keyhaul", "generate", "--json", "--token", token, "--pin-file", t->pin_file, "--label",
				     day->labels[i], "--key-spec", spec, NULL};
	struct kh_error why;
	const char *uri = NULL;
	json_t *doc = NULL;
	struct step s;
	int rc = -1;

	(void)snprintf(token, sizeof(token), "pkcs11:serial=%.48s", t->serial);
	step_begin(&s, "keyhaul", "generate");
	s.whole = words;
	if (unsetenv("KEYHAUL_TRANSCRIPT") || step_run(&s, err) || document_read(&s, &doc, err))
		goto out;
	uri = json_string_value(json_object_get(json_array_get(json_object_get(doc, "results"), 0), "uri"));
	if (s.status || !uri) {
		kh_fail(err, s.status ? step_code(s.status) : KH_E_SYSTEM, 0, "no key '%s' in the throwaway token", day->labels[i]);
		if (document_error(doc, &why))
			(void)kh_context(err, "%.300s", why.msg);
		goto out;
	}
	rc = short_uri(uri, out, err);
out:
	json_decref(doc);
	step_end(&s);
	return rc;
}

int rehearsal_plan(const struct ceremony *day, const struct throwaway *t, const struct buf *text, struct buf *out,
		   struct kh_error *err)
{
	struct derive *d = calloc(1, sizeof(*d));
	char **uris = calloc(day->n_keys + 1, sizeof(*uris));
	int rc = -1;

	if (!d || !uris) {
		kh_fail_memory(err);
		goto out;
	}
	for (size_t i = 0; i < day->n_keys; i++)
		if (make_key(day, t, i, &uris[i], err) ||
		    derive_add(d, yamldoc_get(plan_key(day->plan, i)->materials[0].at, "key_uri"), uris[i], err))
			goto out;
	rc = derive_text(d, buf_text(text), text->len, out, err);
out:
	for (size_t i = 0; uris && i < day->n_keys; i++)
		free(uris[i]);
	free((void *)uris);
	free(d);
	return rc;
}
