/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "standing.h"

#include "base/log.h"
#include "settle.h"

#include <string.h>

int standing_read(struct kms *k, const char *arn, struct standing *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (ops_describe_set(k, arn, &out->key, &out->set, err))
		return -1;
	out->symmetric = strcmp(out->key.key_spec, keyspec_name(KEYSPEC_SYMMETRIC_DEFAULT)) == 0;
	if (!out->symmetric || strcmp(out->key.origin, "EXTERNAL") != 0)
		return 0;
	if (settle_list(k, arn, &out->materials, &out->listed, err))
		return -1;
	if (!out->listed)
		log_warning("%s: its materials are not known: %s", arn, err->msg);
	return 0;
}

const struct ops_material *standing_find(const struct standing *s, const char *id)
{
	for (size_t i = 0; s->listed && i < s->materials.n; i++)
		if (strcmp(s->materials.v[i].id, id) == 0)
			return &s->materials.v[i];
	return NULL;
}

const struct ops_material *standing_pending(const struct standing *s)
{
	for (size_t i = 0; s->listed && i < s->materials.n; i++)
		if (strncmp(s->materials.v[i].state, "PENDING_", 8) == 0)
			return &s->materials.v[i];
	return NULL;
}

size_t standing_rotations(const struct standing *s)
{
	size_t n = 0;

	for (size_t i = 0; s->listed && i < s->materials.n; i++)
		n += s->materials.v[i].on_demand;
	return n;
}
