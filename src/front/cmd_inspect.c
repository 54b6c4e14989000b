/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/base64.h"
#include "base/log.h"
#include "bundle/next.h"
#include "bundle/words.h"
#include "bundle/result.h"
#include "bundle/jsontext.h"
#include "bundle/told.h"
#include "policy/approvers.h"
#include "tell/tell.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

struct inspect_opts {
	const char *now;
};

static const struct opt_row rows[] = {TOLD_OPT(struct inspect_opts, now)};

static const struct opt_group groups[] = {OPT_GROUP(NULL, rows, 0), OPT_GROUPS_END};

/* The whole bundle as JSON, by way of its own text: nothing can be left out. */
static json_t *content_of(const struct bundle *b, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	json_t *content = NULL;
	json_error_t why;

	if (!bundle_write(b, &text, err)) {
		content = jsontext_read(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &why);
		if (!content && json_error_code(&why) == json_error_out_of_memory)
			kh_fail_memory(err);
		else if (!content)
			kh_fail(err, KH_E_INPUT, 0, "%s", why.text);
	}
	buf_free(&text);
	return content;
}

static int add_digest(json_t *to, const char *name, struct bundle_blob blob, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	char hex[2 * FILE_DIGEST + 1];

	if (file_sha256(blob.data, blob.len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	return json_object_set_new(to, name, json_string(hex)) ? kh_fail_memory(err) : 0;
}

static int add_judgement(json_t *to, const struct bundle *b, int64_t now, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const struct bundle_material *m = bundle_material(b);
	char request[WORDS_TEXT] = "", material[WORDS_TEXT] = "";
	json_t *more = NULL;
	int rc = -1;

	if (words_text(bundle_request_sha256(b), request, err) || (m && words_text(bundle_material_sha256(b), material, err)))
		return -1;
	more = jsontext_pack("{s:s, s:b, s:b, s:I, s:s, s:s*, s:s, s:s*}", "stage", next_stage_name(next_stage(b)), "rehearsal",
				 arn_is_rehearsal(&bundle_facts(b)->arn), "expired", next_is_expired(b, now),
				 "parameters_seconds_left", (json_int_t)(r->parameters_valid_to - now),
				 "request_sha256", bundle_request_sha256(b), "material_sha256",
				 m ? bundle_material_sha256(b) : NULL, "request_words", request, "material_words",
				 m ? material : NULL);
	if (!more || json_object_update(to, more)) {
		kh_fail_memory(err);
		goto out;
	}
	rc = add_digest(to, "wrapping_key_sha256", r->public_key, err);
out:
	json_decref(more);
	return rc;
}

static int result_of(struct cmd *c, const char *path, const struct bundle *b, const char *next, struct kh_error *err)
{
	json_t *result = json_pack("{s:s, s:b}", "item", path, "ok", 1), *content = content_of(b, err);
	int rc = -1;

	if (!content)
		goto out;
	if (!result || json_object_set(result, "bundle", content) ||
	    (*next && json_object_set_new(result, "next", json_string(next))))
		kh_fail_memory(err);
	else
		rc = add_judgement(result, b, c->now, err);
out:
	json_decref(content);
	if (!rc)
		return result_add(c, result, err);
	json_decref(result);
	return -1;
}

/* What is written has to be the file itself: a symlink is refused there. The caller frees it; NULL for no other name. */
static char *file_itself(const char *path)
{
	char *target = NULL;
	struct stat st;

	if (!lstat(path, &st) && S_ISLNK(st.st_mode) && !stat(path, &st) && S_ISREG(st.st_mode))
		target = realpath(path, NULL);
	return target;
}

/* A host's policy that cannot be read stops what it could forbid, and this is nothing such. */
static struct policy *host_policy(void)
{
	struct policy *host = NULL;
	struct kh_error why;

	if (policy_in_force(POLICY_HOST_PATH, NULL, &host, &why))
		log_warning("%s", why.msg);
	return host;
}

static int add_next(const struct bundle *b, const char *path, int64_t now, const struct policy *host, struct buf *out, struct kh_error *err)
{
	struct next_policy p = {.option = NULL};

	if (host && approvers_next(host, b, now, &p, err))
		return -1;
	return next_command_under(b, path, now, host ? &p : NULL, out, err);
}

static int inspect(struct cmd *c, const char *path, const struct policy *host, struct kh_error *err)
{
	struct buf next = BUF_INIT(16384);
	struct bundle *b = NULL;
	char *target = file_itself(path);
	int rc = -1;

	if (bundle_read(path, &b, err))
		goto out;
	if (told_check(&c->told, b, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	if (add_next(b, target ? target : path, c->now, host, &next, err) ||
	    tell_bundle(c, path, b, buf_text(&next), err) || result_of(c, path, b, buf_text(&next), err))
		goto out;
	rc = 0;
out:
	buf_free(&next);
	bundle_free(b);
	free(target);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct inspect_opts *o = c->opts;
	struct policy *host;
	struct kh_error why;
	int rc = 0;

	if (told_take(c, o->now, err))
		return -1;
	host = host_policy();
	if (c->nwords == 1)
		rc = inspect(c, c->words[0], host, err);
	for (size_t i = 0; c->nwords > 1 && !rc && i < c->nwords; i++)
		if (inspect(c, c->words[i], host, &why))
			rc = cmd_item_failed(c, c->words[i], &why, err);
	policy_free(host);
	return rc;
}

const struct cmd_row inspect_row = {
	.verb = "inspect",
	.operands = "BUNDLE...",
	.summary = "what is in a bundle, checked, in words",
	.groups = groups,
	.opts_size = sizeof(struct inspect_opts),
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = run,
};
