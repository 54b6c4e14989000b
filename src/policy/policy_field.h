/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_POLICY_POLICY_FIELD_H
#define KEYHAUL_POLICY_POLICY_FIELD_H

#include "policy.h"
#include "yaml/yamlfield.h"

/* How the policy's parts are read, for the files of src/policy alone. All KH_E_INPUT with line and column. */

/* A map of the policy by its rows. */
int policy_map(const struct yamldoc_node *map, const char *what, const struct yamlfield *rows, size_t n, void *out,
	       struct kh_error *err);

/* True for the word `word` in place of a map or list. */
bool policy_is_word(const struct yamldoc_node *node, const char *word);

/* Frees what a list of people holds. */
void policy_people_free(struct policy_people *people);

/* `approvals:`, `material_signers:` and `revoked:`, into a struct policy. */
int policy_take_approvals(const struct yamldoc_node *node, void *policy, struct kh_error *err);
int policy_take_material_signers(const struct yamldoc_node *node, void *policy, struct kh_error *err);
int policy_take_revoked(const struct yamldoc_node *node, void *policy, struct kh_error *err);

/* The form of an endpoint that a policy lists, or the word "unstated". */
int policy_check_endpoint_form(const char *text, struct kh_error *err);

/* True where both are the same endpoint: without regard to case and a slash at the end. */
bool policy_same_endpoint(const char *a, const char *b);

/* True for KMS's own four hosts in the Region, over https at the usual port. */
bool policy_is_kms(const char *endpoint, const char *region);

/* That a request or material ("request", "material" in the error) was made under this policy; `p` NULL: under none. KH_E_CHECK. */
int policy_check_digest(const struct policy *p, const char *sha256, const char *what, struct kh_error *err);

/* That each issuer's file beside the policy is the certificate whose fingerprint the policy has. */
int policy_check_files(const struct policy *p, struct kh_error *err);

/* What must hold between the entries of a policy that has been read. */
int policy_check_whole(const struct policy *p, struct kh_error *err);

#endif
