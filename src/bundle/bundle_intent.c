/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle.h"

#include <stdlib.h>

#define CLOCKS_APART 900 /* seconds between a receipt's time and the Date that KMS counted a span from */

/* An import by the bundle's own intent: that is what was said, in other words perhaps. */
static void from_own(const struct intent *own, const struct bundle_receipt *t, const struct intent *said, struct intent *out)
{
	*out = *own;
	if (own->valid_for && said->valid_to && said->valid_to == t->valid_to) {
		out->valid_for = 0;
		out->valid_to = t->valid_to;
	}
}

/* One without: what was sent, a span being known by its end. */
static void from_receipt(const struct bundle_receipt *t, const struct intent *said, struct intent *out)
{
	int64_t end = t->imported_at + said->valid_for;

	*out = *said;
	out->expiration_model = t->expiration_model;
	if (t->import_type)
		out->import_type = t->import_type;
	if (said->valid_for && t->valid_to && llabs((long long)(end - t->valid_to)) <= CLOCKS_APART)
		return;
	out->valid_for = 0;
	out->valid_to = t->valid_to;
}

int bundle_check_intent(const struct bundle *b, const struct intent *said, struct kh_error *err)
{
	const struct bundle_receipt *t = bundle_receipt(b);
	const struct intent *own = &bundle_request(b)->intent;
	struct intent whole = *own, ignored;

	/* nothing said: the bundle's own counts, and where it has none import asks */
	if (intent_is_empty(said))
		return 0;
	if (t && own->expiration_model)
		from_own(own, t, said, &whole);
	else if (t)
		from_receipt(t, said, &whole);
	if (t && t->key_material_id && said->key_material_id)
		whole.key_material_id = t->key_material_id;
	if (!intent_merge(&whole, said, &ignored, err))
		return 0;
	return t ? kh_context(err, "it is imported already") : -1;
}
