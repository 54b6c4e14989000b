/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy_field.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REVOKED_MAX 10000

/* 64 hex digits, in pairs with ':' between them or not, small or large: as openssl and others print it. */
static int take_fingerprint(const struct yamldoc_node *node, char out[POLICY_FINGERPRINT], struct kh_error *err)
{
	const char *text;
	size_t n = 0;

	if (yamlfield_text(node, 3 * POLICY_FINGERPRINT, &text, err))
		return -1;
	for (const char *at = text; *at; at++) {
		if (*at == ':' && n && n % 2 == 0 && isxdigit((unsigned char)at[1]) && at[-1] != ':')
			continue;
		if (!isxdigit((unsigned char)*at) || n == POLICY_FINGERPRINT - 1)
			break;
		out[n++] = (char)tolower((unsigned char)*at);
		if (!at[1] && n == POLICY_FINGERPRINT - 1) {
			out[n] = '\0';
			return 0;
		}
	}
	yamldoc_fail(node, err, "'%.100s' is no SHA-256 of a certificate: 64 hex digits", text);
	return kh_hint(err, "'openssl x509 -in CERT -noout -fingerprint -sha256' prints it");
}

static int take_certificate(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy_certificate *c = out;

	c->at = node;
	return take_fingerprint(node, c->sha256, err);
}

static int take_certificates(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy_person *p = out;

	return yamlfield_list(node, POLICY_CERTIFICATES_MAX, sizeof(*p->certificates), take_certificate,
			      (void **)&p->certificates, &p->n_certificates, err);
}

static int take_issuer(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_fingerprint(node, ((struct policy_issued *)out)->issuer_sha256, err);
}

static int take_file(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return yamlfield_file(node, "policy", &((struct policy_issued *)out)->file, err);
}

/* A ", " between two parts; in a value the comma has a backslash before it. */
static bool parts_with_blank(const char *subject)
{
	for (const char *at = strstr(subject, ", "); at; at = strstr(at + 1, ", "))
		if (at[-1] != '\\') /* there is the '=' before the first */
			return true;
	return false;
}

/* TYPE=VALUE,TYPE=VALUE: that of openssl's other ways to print a name would never fit. */
static int take_subject(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char **subject = &((struct policy_issued *)out)->subject, *at;

	if (yamlfield_text(node, POLICY_SUBJECT_MAX, subject, err))
		return -1;
	for (at = *subject; isalnum((unsigned char)*at) || *at == '.'; at++)
		;
	if (at != *subject && *at == '=' && at[1] && at[1] != ' ' && !parts_with_blank(at))
		return 0;
	yamldoc_fail(node, err, "'%.200s' is no subject name in the form of RFC 2253", *subject);
	return kh_hint(err, "'openssl x509 -in CERT -noout -subject -nameopt RFC2253' prints it behind subject=, such as "
			    "CN=Ada Lovelace,O=Example");
}

static int take_issued(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"issuer", true, take_issuer},
		{"file", true, take_file},
		{"subject", true, take_subject},
	};

	((struct policy_issued *)out)->at = node;
	return policy_map(node, "'issued_by'", YAMLFIELDS(fields), out, err);
}

static int take_issued_by(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy_person *p = out;

	return yamlfield_list(node, POLICY_CERTIFICATES_MAX, sizeof(*p->issued), take_issued, (void **)&p->issued,
			      &p->n_issued, err);
}

/* It is printed, and stands in approvals. */
static int take_name(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy_person *p = out;

	if (yamlfield_text(node, POLICY_NAME_MAX, &p->name, err))
		return -1;
	for (const char *at = p->name; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			return yamldoc_fail(node, err, "a name must be printable ASCII");
	if (p->name[0] == ' ' || p->name[strlen(p->name) - 1] == ' ') /* two people would print alike */
		return yamldoc_fail(node, err, "the name '%.64s' begins or ends with a blank", p->name);
	return 0;
}

static int take_person(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"name", true, take_name},
		{"certificates", false, take_certificates},
		{"issued_by", false, take_issued_by},
	};
	struct policy_person *p = out;

	p->at = node;
	if (policy_map(node, "a person", YAMLFIELDS(fields), p, err))
		return -1;
	if (p->n_certificates || p->n_issued)
		return 0;
	return yamldoc_fail(node, err, "'%.64s' has neither 'certificates' nor 'issued_by'", p->name);
}

static int take_people(const struct yamldoc_node *node, struct policy_people *out, struct kh_error *err)
{
	out->at = node;
	return yamlfield_list(node, POLICY_PEOPLE_MAX, sizeof(*out->v), take_person, (void **)&out->v, &out->n, err);
}

static int take_approvers(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return take_people(node, &((struct policy *)out)->approvers, err);
}

static int take_threshold(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct policy *p = out;
	const char *text;

	if (yamlfield_text(node, 16, &text, err))
		return -1;
	p->threshold_at = node;
	if (text[0] < '1' || text[0] > '0' + POLICY_THRESHOLD_MAX || text[1]) {
		yamldoc_fail(node, err, "the threshold '%s' is not from 1 to %d", text, POLICY_THRESHOLD_MAX);
		return kh_hint(err, "'approvals: none' asks for no approval");
	}
	p->threshold = (unsigned)(text[0] - '0');
	return 0;
}

int policy_take_approvals(const struct yamldoc_node *node, void *policy, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"threshold", true, take_threshold},
		{"approvers", true, take_approvers},
	};
	struct policy *p = policy;

	p->approvals = node;
	p->approvers.at = node;
	if (policy_is_word(node, "none"))
		return 0;
	return policy_map(node, "'approvals'", YAMLFIELDS(fields), p, err);
}

int policy_take_material_signers(const struct yamldoc_node *node, void *policy, struct kh_error *err)
{
	struct policy *p = policy;

	p->material_signers.at = node;
	return policy_is_word(node, "none") ? 0 : take_people(node, &p->material_signers, err);
}

int policy_take_revoked(const struct yamldoc_node *node, void *policy, struct kh_error *err)
{
	struct policy *p = policy;

	p->revoked_at = node;
	return yamlfield_list(node, REVOKED_MAX, sizeof(*p->revoked), take_certificate, (void **)&p->revoked, &p->n_revoked,
			      err);
}

void policy_people_free(struct policy_people *people)
{
	for (size_t i = 0; i < people->n; i++) {
		free(people->v[i].certificates);
		free(people->v[i].issued);
	}
	free(people->v);
}
