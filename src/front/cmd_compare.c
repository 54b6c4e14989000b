/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/result.h"
#include "bundle/wordquiz.h"

#include <string.h>

struct compare_opts {
	const char *of;
	long words;
};

static const char *const sections[] = {"request", "material", NULL};

static const struct opt_row rows[] = {
	{.name = "of", .kind = OPT_CHOICE, .offset = offsetof(struct compare_opts, of), .arg = "SECTION", .choices = sections,
	 .text = "whose words: request or material (the material's, where there is one)"},
	{.name = "words", .kind = OPT_NUMBER, .offset = offsetof(struct compare_opts, words), .arg = "N",
	 .min = WORDQUIZ_LEAST, .max = WORDS_COUNT, .preset = WORDQUIZ_LEAST, .text = "how many are asked for, 8 to 32 (8)"},
};

static const struct opt_group groups[] = {OPT_GROUP(NULL, rows, 0), OPT_GROUPS_END};

/* Neither the digest nor a word of it is in the result: who compares has them from somewhere else. */
static int tell(struct cmd *c, const char *section, struct kh_error *err)
{
	char path[TEXT_SHOWN(1024)];

	if (result_add(c, json_pack("{s:s, s:b, s:s, s:b}", "item", c->words[0], "ok", 1, "of", section, "match", 1), err))
		return -1;
	return cmd_printf(c, err, "%s: the words are those of its %s\n", text_shown(c->words[0], path, sizeof(path)), section);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct compare_opts *o = c->opts;
	const char *section = o->of, *digest;
	struct bundle *b = NULL;
	int rc = -1;

	if (bundle_read(c->words[0], &b, err))
		return -1;
	if (!section)
		section = sections[bundle_material(b) ? 1 : 0];
	digest = strcmp(section, sections[0]) == 0 ? bundle_request_sha256(b) : bundle_material_sha256(b);
	if (!*digest)
		kh_fail(err, KH_E_INPUT, 0, "%s has no %s", c->words[0], section);
	else if (wordquiz_ask(section, digest, (size_t)o->words, err))
		kh_context(err, "%s", c->words[0]);
	else
		rc = tell(c, section, err);
	bundle_free(b);
	return rc;
}

const struct cmd_row compare_row = {
	.verb = "compare",
	.operands = "BUNDLE",
	.summary = "whether the words that were read aloud are the bundle's",
	.groups = groups,
	.opts_size = sizeof(struct compare_opts),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
