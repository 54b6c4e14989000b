/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "places.h"

#include "aws/limits.h"
#include "base/file.h"
#include "bundle/jsontext.h"
#include "yaml/yamlfield.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 4096

/* Reads a policy file; `at` is where the plan names it. */
static int read_policy(const struct yamldoc_node *at, const char *plan_path, const char *name, char **out,
		       struct kh_error *err)
{
	struct buf path = BUF_INIT(PATH_MAX_LEN), text = BUF_INIT(KMS_POLICY_MAX);
	json_t *json = NULL;
	int rc = -1;

	if (yamlfield_beside(plan_path, name, &path, err))
		goto out;
	if (file_read(buf_text(&path), &text, err)) {
		if (strcmp(err->name, "ENOENT") == 0)
			kh_hint(err, "the name of a file beside the plan, or default-policy");
		goto out;
	}
	json = jsontext_read(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json) || memchr(text.data, '\0', text.len)) {
		kh_fail(err, KH_E_INPUT, 0, "%s is no JSON object", buf_text(&path));
		goto out;
	}
	*out = strdup(buf_text(&text));
	rc = *out ? 0 : kh_fail_memory(err);
out:
	json_decref(json);
	buf_free(&text);
	buf_free(&path);
	if (rc)
		yamldoc_context(at, err);
	return rc ? kh_context(err, "%s", plan_path) : 0;
}

static int add(struct places *p, const struct plan_key *k, size_t replica, const char *plan_path, struct kh_error *err)
{
	struct place *place = &p->v[p->n++];
	const struct plan_replica *r = replica ? &k->create.replicas[replica - 1] : NULL;
	const char *policy = r ? r->policy : k->create.policy;
	const struct yamldoc_node *at = yamldoc_get(r ? r->at : k->create.at, "policy");

	*place = (struct place){.key = k, .replica = replica, .row = p->rows};
	(void)snprintf(place->region, sizeof(place->region), "%s", r ? r->region : k->region);
	p->rows += k->n_materials;
	return policy && at ? read_policy(at, plan_path, policy, &place->policy, err) : 0;
}

int places_of(const struct plan *plan, const char *plan_path, struct places *out, struct kh_error *err)
{
	size_t keys = plan_count(plan), n = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < keys; i++)
		n += 1 + plan_key(plan, i)->create.n_replicas;
	out->v = calloc(n ? n : 1, sizeof(*out->v));
	out->first = calloc(keys + 1, sizeof(*out->first));
	if (!out->v || !out->first)
		return kh_fail_memory(err);
	for (size_t i = 0; i < keys; i++) {
		const struct plan_key *k = plan_key(plan, i);

		out->first[i] = out->n;
		for (size_t r = 0; r <= k->create.n_replicas; r++)
			if (add(out, k, r, plan_path, err))
				return -1;
	}
	out->first[keys] = out->n;
	return 0;
}

void places_free(struct places *p)
{
	for (size_t i = 0; p->v && i < p->n; i++)
		free(p->v[i].policy);
	free(p->v);
	free(p->first);
}
