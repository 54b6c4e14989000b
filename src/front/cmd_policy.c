/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "policy/policy.h"
#include "tell/sheet.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LINE 56 /* columns of a list's line */

/* A list of texts, in as many lines as it takes. */
static void tell_list(struct sheet *s, const char *what, const struct yamldoc_node *list, const char *otherwise)
{
	char line[1024] = "";

	if (!list) {
		sheet_text(s, what, otherwise);
		return;
	}
	for (const struct yamldoc_node *one = list->first; one; one = one->next) {
		size_t len = strlen(line);

		if (len && len + strlen(one->text) > LINE) {
			sheet_line(s, what, "%s,", line);
			what = "";
			len = 0;
		}
		(void)snprintf(line + len, sizeof(line) - len, "%s%s", len ? ", " : "", one->text);
	}
	sheet_line(s, what, "%s", line);
}

static void tell_person(struct sheet *s, const struct policy_person *p)
{
	char what[POLICY_NAME_MAX + 3], subject[TEXT_SHOWN(POLICY_SUBJECT_MAX)], file[TEXT_SHOWN(1024)];

	(void)snprintf(what, sizeof(what), "  %s", p->name);
	if (p->n_certificates)
		sheet_line(s, what, "by certificate%s of SHA-256", p->n_certificates == 1 ? "" : "s");
	for (size_t i = 0; i < p->n_certificates; i++)
		sheet_hex(s, NULL, p->certificates[i].sha256);
	for (size_t i = 0; i < p->n_issued; i++) {
		const struct policy_issued *by = &p->issued[i];

		sheet_line(s, i || p->n_certificates ? "" : what, "%s, issued by %s:",
			   text_shown(by->subject, subject, sizeof(subject)), text_shown(by->file, file, sizeof(file)));
		sheet_hex(s, NULL, by->issuer_sha256);
	}
}

static void tell_people(struct sheet *s, const struct policy *p)
{
	if (p->threshold)
		sheet_line(s, "approvals", "%u of these %zu people", p->threshold, p->approvers.n);
	else
		sheet_text(s, "approvals", "none asked for");
	for (size_t i = 0; i < p->approvers.n; i++)
		tell_person(s, &p->approvers.v[i]);
	sheet_text(s, "material", p->material_signers.n ? "signed by one of these, likewise" : "need not be signed");
	for (size_t i = 0; i < p->material_signers.n; i++)
		tell_person(s, &p->material_signers.v[i]);
	if (p->n_revoked)
		sheet_text(s, "revoked", "the certificates of SHA-256");
	for (size_t i = 0; i < p->n_revoked; i++)
		sheet_hex(s, NULL, p->revoked[i].sha256);
}

static void tell_token(struct sheet *s, const struct policy *p)
{
	const struct yamldoc_node *const flags[] = {p->sensitive, p->always_sensitive, p->extractable, p->local, p->kept};
	char words[256] = "";

	for (size_t i = 0; i < p->n_tokens; i++)
		sheet_line(s, i ? "" : "tokens", "serial %s%s%s%s", p->tokens[i].serial, p->tokens[i].label ? ", '" : "",
			   p->tokens[i].label ? p->tokens[i].label : "", p->tokens[i].label ? "'" : "");
	if (!p->n_tokens)
		sheet_text(s, "tokens", "any");
	if (p->hardware)
		sheet_text(s, "hardware", "the slot says that it is (CKF_HW_SLOT)");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i])
			(void)snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", *words ? ", " : "",
				       flags[i]->name);
	if (*words)
		sheet_line(s, "key", "%s, where the token states it", words);
	if (p->key_gen_mechanisms)
		tell_list(s, "made by", p->key_gen_mechanisms, NULL);
}

static void tell_request(struct sheet *s, const struct policy *p)
{
	tell_list(s, "accounts", p->accounts, "any");
	tell_list(s, "Regions", p->regions, "any");
	sheet_text(s, "endpoints", "KMS's own of the Region, with verified TLS");
	if (p->endpoints)
		tell_list(s, "", p->endpoints, NULL);
	tell_list(s, "key specs", p->key_specs, "any");
	tell_list(s, "algorithms", p->wrapping_algorithms, "any");
	sheet_line(s, "wrapping key", "%s or larger", wrapalg_bits_name(p->least_wrapping_bits ? p->least_wrapping_bits : 2048));
	if (p->longest_age)
		sheet_line(s, "request", "at most %s old", p->longest_request_age->text);
	if (p->longest_life)
		sheet_line(s, "expiry", "at most %s", p->largest_expiry->text);
	else
		sheet_text(s, "expiry", "any, also none; it is said in the request");
}

/* Whether it is the one that counts here. */
static void tell_host(struct sheet *s, const struct policy *p)
{
	struct policy *host = NULL;
	struct kh_error why;

	if (policy_in_force(POLICY_HOST_PATH, NULL, &host, &why))
		sheet_text(s, "this host", why.msg);
	else if (!host)
		sheet_text(s, "this host", "has no " POLICY_HOST_PATH ": it counts where --policy names it");
	else if (strcmp(host->sha256, p->sha256) == 0)
		sheet_text(s, "this host", "has it as " POLICY_HOST_PATH ": it counts always");
	else {
		sheet_text(s, "this host", "has another, and that counts; its SHA-256");
		sheet_hex(s, NULL, host->sha256);
	}
	policy_free(host);
}

static json_t *names_of(const struct policy_people *people)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < people->n; i++)
		if (json_array_append_new(names, json_string(people->v[i].name))) {
			json_decref(names);
			return NULL;
		}
	return names;
}

static int tell(struct cmd *c, const struct policy *p, struct kh_error *err)
{
	struct sheet s = {.c = c, .err = err};
	char words[WORDS_TEXT], path[TEXT_SHOWN(1024)];

	if (words_text(p->sha256, words, err) || cmd_printf(c, err, "%s: a policy\n", text_shown(p->path, path, sizeof(path))))
		return -1;
	tell_request(&s, p);
	tell_token(&s, p);
	tell_people(&s, p);
	tell_host(&s, p);
	sheet_words(&s, "SHA-256", p->sha256); /* last: it is compared, and the rest may have scrolled by */
	if (s.failed)
		return -1;
	return result_add(c, jsontext_pack("{s:s,s:b,s:s,s:s,s:I,s:o,s:o}", "item", p->path, "ok", 1, "policy_sha256", p->sha256,
				       "policy_words", words, "threshold", (json_int_t)p->threshold, "approvers",
				       names_of(&p->approvers), "material_signers", names_of(&p->material_signers)), err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct policy *p = NULL;
	int rc;

	if (c->nwords ? policy_read(c->words[0], &p, err) : policy_in_force(POLICY_HOST_PATH, NULL, &p, err))
		return -1;
	if (p)
		rc = tell(c, p, err);
	else
		rc = cmd_printf(c, err, "this host has no policy of its own: " POLICY_HOST_PATH " is not there\n");
	policy_free(p);
	return rc;
}

const struct cmd_row policy_row = {
	.verb = "policy",
	.operands = "[FILE]",
	.summary = "check a policy and tell its rules and its digest; without FILE this host's",
	.max_words = 1,
	.run = run,
};
