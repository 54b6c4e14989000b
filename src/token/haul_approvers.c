/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_approvers.h"

#include "policy/approvers.h"

static bool was_before(const struct approvers_verdict *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (v[k].who == v[i].who)
			return true;
	return false;
}

json_t *haul_approvers(const struct haul_item *item, const struct haul_opts *o)
{
	struct approvers_verdict v[BUNDLE_APPROVALS_MAX];
	const struct bundle_material *m = bundle_material(item->bundle);
	json_t *out = json_array();
	struct kh_error why;
	size_t n = 0;

	(void)bundle_approvals(item->bundle, &n);
	if (o->policy == NULL || o->policy->threshold == 0 || m == NULL)
		return out;
	if (approvers_each(o->policy, item->bundle, m->wrapped_at, v, &why) != 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].who != NULL && !was_before(v, i) && json_array_append_new(out, json_string(v[i].who->name)) != 0) {
			json_decref(out);
			return NULL;
		}
	return out;
}

int haul_approvers_text(const struct haul_item *item, const struct haul_opts *o, struct buf *out, struct kh_error *err)
{
	json_t *names = haul_approvers(item, o), *name;
	size_t i;
	int ret = names != NULL ? 0 : kh_fail_memory(err);

	json_array_foreach(names, i, name)
		if (ret == 0)
			ret = buf_addf(out, "%s'%s'", err, i == 0 ? "approved by " : ", ", json_string_value(name));
	json_decref(names);
	return ret;
}
