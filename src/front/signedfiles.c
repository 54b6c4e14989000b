/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "signedfiles.h"

#include <stdio.h>

/* The newest text and its signature, under one name. */
static void add_pair(struct signedfiles *s, const char *name, size_t number, const struct bundle_blob *signature,
		     struct folder_file *files, size_t *n)
{
	char *json = s->names[2 * (s->n - 1)], *p7s = s->names[2 * s->n - 1], suffix[24] = "";
	const struct buf *text = &s->texts[s->n - 1];

	if (number)
		(void)snprintf(suffix, sizeof(suffix), "-%zu", number);
	(void)snprintf(json, sizeof(s->names[0]), "%s%s.json", name, suffix);
	(void)snprintf(p7s, sizeof(s->names[0]), "%s%s.p7s", name, suffix);
	files[(*n)++] = (struct folder_file){json, text->data, text->len};
	files[(*n)++] = (struct folder_file){p7s, signature->data, signature->len};
}

static struct buf *next_text(struct signedfiles *s)
{
	s->texts[s->n] = (struct buf)BUF_INIT(BUNDLE_MAX);
	return &s->texts[s->n++];
}

int signedfiles_add(const struct bundle *b, struct signedfiles *s, struct folder_file *files, size_t *n, struct kh_error *err)
{
	size_t n_approvals = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n_approvals);
	const struct bundle_blob *material = bundle_material_signature(b);

	for (size_t i = 0; i < n_approvals; i++) {
		if (bundle_approval_text(&all[i], next_text(s), err))
			return -1;
		add_pair(s, "approval", i + 1, &all[i].signature, files, n);
	}
	if (!material)
		return 0;
	if (bundle_canonical(b, "material", next_text(s), err))
		return -1;
	add_pair(s, "material", 0, material, files, n);
	return 0;
}

void signedfiles_free(struct signedfiles *s)
{
	for (size_t i = 0; i < s->n; i++)
		buf_free(&s->texts[i]);
	s->n = 0;
}
