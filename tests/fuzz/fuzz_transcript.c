/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "record/mask.h"
#include "record/page.h"

#include <string.h>

static size_t line_ends(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* Masking keeps lines, and whatever is in a transcript is text on the page. */
static void check_mask(const char *data, size_t size)
{
	struct buf masked = BUF_INIT(HTML_MAX);
	struct kh_error err;

	fuzz_must(mask_text(data, size, &masked, &err) == 0);
	fuzz_must(line_ends(buf_text(&masked), masked.len) == line_ends(data, size));
	buf_free(&masked);
}

static void check_page(struct chain *c)
{
	struct record r = {.chains = &c, .n_chains = 1, .findings = {.worst = KH_OK}};
	struct buf page = BUF_INIT(HTML_MAX);
	struct kh_error err;

	fuzz_must(record_join(&r, &err) == 0);
	fuzz_must(page_write(&r, 0, &page, &err) == 0);
	fuzz_must(!strstr(buf_text(&page), "<script") && !strstr(buf_text(&page), "<img"));
	findings_clear(&r.findings);
	buf_free(&page);
}

/* Without findings each line has the digest of the one before, and what is closed ends with its close. */
static void check_chain(const struct chain *c, const struct findings *f)
{
	fuzz_must(!c->closed || (c->n > 1 && c->v[c->n - 1].is_close && c->signer));
	for (size_t i = 0; f->n == 0 && i < c->n; i++) {
		const char *previous = json_string_value(json_object_get(c->v[i].json, "previous"));

		fuzz_must(previous && strcmp(previous, i ? c->v[i - 1].sha256 : "none") == 0);
		fuzz_must(c->v[i].n == (json_int_t)i + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct findings f;
	struct chain *c = NULL;
	struct kh_error err = {0};

	check_mask((const char *)data, size);
	if (chain_parse("a.transcript", (const char *)data, size, &f, &c, &err)) {
		fuzz_must(c == NULL && err.msg[0] && err.code == KH_E_INPUT);
	} else {
		check_chain(c, &f);
		check_page(c);
		chain_free(c);
	}
	findings_clear(&f);
	return 0;
}
