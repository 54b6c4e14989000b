/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy.h"

#include "aws/awstime.h"
#include "aws/limits.h"
#include "aws/partition.h"
#include "base/log.h"
#include "policy_field.h"

#include <stdlib.h>
#include <string.h>

#define ELSEWHERE "keyhaul-policy(5) has what each means"
#define SERIAL_MAX 16 /* bytes of CK_TOKEN_INFO's serialNumber */
#define LABEL_MAX 32

/* A list of texts, each of its own form and there once; it stays a list of nodes. */
static int take_texts(const struct yamldoc_node *node, size_t max, int (*check)(const char *text, struct kh_error *err),
		      const struct yamldoc_node **out, struct kh_error *err)
{
	const char *text;

	if (node->kind != YAMLDOC_LIST || node->n == 0 || node->n > POLICY_LIST_MAX)
		return yamldoc_fail(node, err, "'%.64s' must be a list of 1 to %d texts", node->name, POLICY_LIST_MAX);
	for (const struct yamldoc_node *one = node->first; one; one = one->next) {
		if (yamlfield_text(one, max, &text, err))
			return -1;
		if (check(text, err))
			return yamldoc_context(one, err);
		for (const struct yamldoc_node *before = node->first; before != one; before = before->next)
			if (strcmp(before->text, text) == 0)
				return yamldoc_fail(one, err, "'%.200s' stands there twice", text);
	}
	*out = node;
	return 0;
}

static int check_account(const char *text, struct kh_error *err)
{
	if (strlen(text) == 12 && strspn(text, "0123456789") == 12)
		return 0;
	return kh_fail(err, KH_E_INPUT, 0, "'%.64s' is no account: 12 digits", text);
}

static int take_accounts(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 64, check_account, &((struct policy *)out)->accounts, err);
}

static int check_region(const char *text, struct kh_error *err)
{
	return partition_region_valid(text) ? 0 : kh_fail(err, KH_E_INPUT, 0, "'%.64s' is no Region", text);
}

static int take_regions(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 64, check_region, &((struct policy *)out)->regions, err);
}

static int take_endpoints(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 512, policy_check_endpoint_form, &((struct policy *)out)->endpoints, err);
}

static int check_key_spec(const char *text, struct kh_error *err)
{
	enum keyspec spec;

	return keyspec_parse(text, &spec, err);
}

static int take_key_specs(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 64, check_key_spec, &((struct policy *)out)->key_specs, err);
}

static int check_algorithm(const char *text, struct kh_error *err)
{
	enum wrapalg alg;

	return wrapalg_parse(text, &alg, err);
}

static int take_algorithms(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 64, check_algorithm, &((struct policy *)out)->wrapping_algorithms, err);
}

static int take_least(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy *p = out;
	const char *text;

	if (yamlfield_text(node, 64, &text, err))
		return -1;
	p->least_wrapping_key_spec = node;
	return wrapalg_bits_parse(text, &p->least_wrapping_bits, err) ? yamldoc_context(node, err) : 0;
}

/* "8h", "90d" */
static int take_span(const struct yamldoc_node *node, int64_t max, const char *what, int64_t *out, struct kh_error *err)
{
	struct awstime t = {0};
	const char *text;

	if (yamlfield_text(node, 64, &text, err))
		return -1;
	if (awstime_parse(text, &t, err) || !t.relative || t.seconds <= 0) {
		yamldoc_fail(node, err, "'%.64s' is no span of time", text);
		return kh_hint(err, "such as 8h or 90d");
	}
	if (t.seconds > max)
		return yamldoc_fail(node, err, "%s is longer than %s", text, what);
	*out = t.seconds;
	return 0;
}

static int take_longest_age(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy *p = out;

	p->longest_request_age = node;
	return take_span(node, KMS_PARAMETERS_LIFETIME, "the 24 hours that a wrapping key and its import token are good for",
			 &p->longest_age, err);
}

static int take_largest_expiry(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy *p = out;

	p->largest_expiry = node;
	if (policy_is_word(node, "never"))
		return 0;
	return take_span(node, KMS_VALID_TO_MAX, "the 365 days that KMS takes", &p->longest_life, err);
}

/* What CK_TOKEN_INFO has as text, as a token gives it. */
static int take_name_text(const struct yamldoc_node *node, size_t max, const char **out, struct kh_error *err)
{
	if (yamlfield_text(node, max, out, err))
		return -1;
	for (const char *at = *out; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			return yamldoc_fail(node, err, "'%.64s' must be printable ASCII", node->name);
	return 0;
}

static int take_serial(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_name_text(node, SERIAL_MAX, &((struct policy_token *)out)->serial, err);
}

static int take_label(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_name_text(node, LABEL_MAX, &((struct policy_token *)out)->label, err);
}

static int take_token(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"serial", true, take_serial},
		{"label", false, take_label},
	};

	((struct policy_token *)out)->at = node;
	return policy_map(node, "a token", YAMLFIELDS(fields), out, err);
}

static int take_tokens(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy *p = out;

	p->tokens_at = node;
	return yamlfield_list(node, POLICY_LIST_MAX, sizeof(*p->tokens), take_token, (void **)&p->tokens, &p->n_tokens, err);
}

/* There is nothing that a policy could ask for by "false": what is not asked for is left out. */
static int take_true(const struct yamldoc_node *node, const struct yamldoc_node **out, struct kh_error *err)
{
	bool flag = false;

	if (yamlfield_flag(node, &flag, err))
		return -1;
	*out = node;
	if (flag)
		return 0;
	yamldoc_fail(node, err, "'%.64s' can only be true", node->name);
	return kh_hint(err, "leave it out where it is not asked for");
}

static int take_hardware(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->hardware, err);
}

static int take_sensitive(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->sensitive, err);
}

static int take_always_sensitive(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->always_sensitive, err);
}

static int take_extractable(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->extractable, err);
}

static int take_local(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->local, err);
}

static int take_kept(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_true(node, &((struct policy *)out)->kept, err);
}

static int check_mechanism(const char *text, struct kh_error *err)
{
	size_t fit = strncmp(text, "CKM_", 4) == 0 ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
		     : strncmp(text, "0x", 2) == 0 ? 2 + strspn(text + 2, "0123456789ABCDEFabcdef")
						   : 0;

	return fit == strlen(text) && fit > 2 ? 0 : kh_fail(err, KH_E_INPUT, 0, "'%.64s' is no mechanism: CKM_... or 0x...", text);
}

static int take_mechanisms(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_texts(node, 64, check_mechanism, &((struct policy *)out)->key_gen_mechanisms, err);
}

static int take_key(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"sensitive", false, take_sensitive},
		{"always_sensitive", false, take_always_sensitive},
		{"extractable", false, take_extractable},
		{"local", false, take_local},
		{"kept", false, take_kept},
		{"key_gen_mechanisms", false, take_mechanisms},
	};

	return policy_map(node, "'key'", YAMLFIELDS(fields), out, err);
}

static const struct yamlfield root[] = {
	{"keyhaul_policy", true, yamlfield_version},
	{"accounts", false, take_accounts},
	{"regions", false, take_regions},
	{"endpoints", false, take_endpoints},
	{"key_specs", false, take_key_specs},
	{"wrapping_algorithms", false, take_algorithms},
	{"least_wrapping_key_spec", false, take_least},
	{"longest_request_age", false, take_longest_age},
	{"largest_expiry", false, take_largest_expiry},
	{"tokens", false, take_tokens},
	{"hardware", false, take_hardware},
	{"key", false, take_key},
	{"approvals", true, policy_take_approvals},
	{"material_signers", true, policy_take_material_signers},
	{"revoked", false, policy_take_revoked},
};

int policy_map(const struct yamldoc_node *map, const char *what, const struct yamlfield *rows, size_t n, void *out,
	       struct kh_error *err)
{
	return yamlfield_map(map, what, ELSEWHERE, rows, n, out, err);
}

bool policy_is_word(const struct yamldoc_node *node, const char *word)
{
	return node->kind == YAMLDOC_TEXT && strcmp(node->text, word) == 0;
}

int policy_parse(const char *path, const char *data, size_t len, struct policy **out, struct kh_error *err)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (p)
		p->path = strdup(path);
	if (!p || !p->path) {
		policy_free(p);
		return kh_fail_memory(err);
	}
	if (yamlfield_document(data, len, "a policy", ELSEWHERE, YAMLFIELDS(root), p, p->sha256, &p->root, err) ||
	    policy_check_whole(p, err)) {
		policy_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

int policy_read(const char *path, struct policy **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(POLICY_MAX);
	struct policy *p = NULL;
	int rc = file_read(path, &text, err); /* names it itself */

	if (!rc && (policy_parse(path, buf_text(&text), text.len, &p, err) || policy_check_files(p, err)))
		rc = kh_context(err, "%s", path);
	buf_free(&text);
	if (!rc) {
		if (p->threshold && p->material_signers.n == 0)
			log_warning("%s:%zu: 'approvals' without 'material_signers': whoever has an approved bundle can put a key of his own "
				    "into it, and import takes it", path, p->material_signers.at->name_line);
		*out = p;
	} else {
		policy_free(p);
	}
	return rc;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	policy_people_free(&p->approvers);
	policy_people_free(&p->material_signers);
	free(p->revoked);
	free(p->tokens);
	free(p->path);
	yamldoc_free(p->root);
	free(p);
}

int policy_beside(const struct policy *p, const char *file, struct buf *out, struct kh_error *err)
{
	return yamlfield_beside(p->path, file, out, err);
}

const char *policy_word(const struct policy *p)
{
	return p ? p->sha256 : "none";
}

bool policy_is_revoked(const struct policy *p, const char *sha256)
{
	for (size_t i = 0; i < p->n_revoked; i++)
		if (strcmp(p->revoked[i].sha256, sha256) == 0)
			return true;
	return false;
}
