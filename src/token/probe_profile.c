/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "probe_report.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "pkcs11/call.h"
#include "pkcs11/ckr.h"

#include <stdio.h>
#include <string.h>

#define GENERATOR "keyhaul-token " VERSION
#define MODULE_MAX (256u * 1024 * 1024)

_Static_assert(PROBE_ROWS_MAX <= TOKENPROFILE_ROWS_MAX && PROBE_CLAIMS <= TOKENPROFILE_CLAIMS_MAX, "room for all");
_Static_assert(PROOF_WARNINGS_MAX <= TOKENPROFILE_WARNINGS_MAX, "room for a proof's warnings");

/* PKCS#11's strings have blanks behind them, not a NUL. */
static int padded(const CK_UTF8CHAR *text, size_t size, struct buf *out, struct kh_error *err)
{
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
		size--;
	return text_percent((const char *)text, size, out, err);
}

static int fill_library(const struct session *s, struct probe_profile *out, struct kh_error *err)
{
	CK_INFO info;
	CK_RV rv;

	memset(&info, 0, sizeof(info));
	rv = P11_CALL(s->token.fn, C_GetInfo, &info);
	if (rv != CKR_OK) {
		log_warning("the module does not say which library it is: C_GetInfo: %s (0x%lX)", ckr_name(rv), rv);
		return 0;
	}
	if (padded(info.libraryDescription, sizeof(info.libraryDescription), &out->description, err) != 0 ||
	    padded(info.manufacturerID, sizeof(info.manufacturerID), &out->manufacturer, err) != 0)
		return -1;
	snprintf(out->version, sizeof(out->version), "%u.%u", info.libraryVersion.major, info.libraryVersion.minor);
	out->profile.library.description = buf_text(&out->description);
	out->profile.library.manufacturer = buf_text(&out->manufacturer);
	out->profile.library.version = out->version;
	return 0;
}

/* A path need not tell the same file tomorrow; its digest does. */
static int fill_module(const struct session *s, struct probe_profile *out, struct kh_error *err)
{
	const char *path = module_file(s->module), *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	unsigned char digest[FILE_DIGEST];
	struct kh_error why;

	if (text_percent(name, strlen(name), &out->file, err) != 0)
		return -1;
	out->profile.module.file = buf_text(&out->file);
	if (file_sha256_of(path, MODULE_MAX, digest, &why) != 0) {
		log_warning("no digest of the module: %s", why.msg);
		return 0;
	}
	hex_encode(digest, sizeof(digest), out->sha256);
	out->profile.module.sha256 = out->sha256;
	return 0;
}

static int fill_token(const struct token *t, struct probe_profile *out, struct kh_error *err)
{
	const struct token_name *n = &t->name;

	if (text_percent(n->label, strlen(n->label), &out->label, err) != 0 ||
	    text_percent(n->manufacturer, strlen(n->manufacturer), &out->maker, err) != 0 ||
	    text_percent(n->model, strlen(n->model), &out->model, err) != 0 ||
	    text_percent(n->serial, strlen(n->serial), &out->serial, err) != 0)
		return -1;
	out->profile.token.label = buf_text(&out->label);
	out->profile.token.manufacturer = buf_text(&out->maker);
	out->profile.token.model = buf_text(&out->model);
	out->profile.token.serial = buf_text(&out->serial);
	out->profile.token.firmware = n->firmware;
	out->profile.token.hardware = t->hardware ? BUNDLE_TRUE : BUNDLE_FALSE;
	return 0;
}

static void fill_row(const struct probe_row *r, struct tokenprofile_row *out)
{
	static const char *const ways[] = {
		[WRAP_OAEP] = "oaep", [WRAP_NATIVE] = "native", [WRAP_TWO_STEP] = "two-step"};

	*out = (struct tokenprofile_row){
		.key_spec = keyspec_name(r->spec),
		.wrapping_algorithm = wrapalg_name(r->plan.alg),
		.way = ways[r->plan.way],
		.kwp_mechanism = (int64_t)r->plan.kwp,
		.listed = r->listed ? BUNDLE_TRUE : BUNDLE_FALSE,
		.verdict = probe_verdict_name(r->verdict),
		.native = (int64_t)r->native,
		.native_name = r->name,
		.why = r->why,
		.oaep_hash = r->found.oaep_hash,
		.mgf_hash = r->found.mgf_hash,
		.kek_bits = r->found.kek_bits,
		.key_wrap = r->found.key_wrap,
		.pkcs8 = r->found.pkcs8,
		.trailing_zeros = (int64_t)r->found.trailing_zeros,
		.same_by = r->found.same_by,
	};
	for (size_t i = 0; i < r->found.n_warnings; i++)
		out->warnings[out->n_warnings++] = r->found.warnings[i];
}

static void fill_found(const struct probe *p, struct tokenprofile *out)
{
	for (size_t i = 0; i < p->n_rows; i++)
		fill_row(&p->rows[i], &out->rows[out->n_rows++]);
	for (size_t i = 0; i < PROBE_CLAIMS; i++)
		out->claims[out->n_claims++] = (struct tokenprofile_claim){
			.claim = p->claims[i].name,
			.stated = p->claims[i].stated,
			.honour = probe_honour_name(p->claims[i].honour),
			.native = (int64_t)p->claims[i].native,
			.native_name = p->claims[i].native_name,
			.why = p->claims[i].why,
		};
	if (!p->counted)
		return;
	out->left.nothing = probe_left_nothing(p) ? BUNDLE_TRUE : BUNDLE_FALSE;
	out->left.objects_before = (int64_t)p->objects_before;
	out->left.objects_after = (int64_t)p->objects_after;
	out->left.temporary = (int64_t)p->left;
}

int probe_profile_fill(const struct probe *p, const struct session *s, int64_t now, struct probe_profile *out,
		       struct kh_error *err)
{
	const struct buf text = BUF_INIT(256);

	memset(out, 0, sizeof(*out));
	out->file = out->description = out->manufacturer = out->label = out->maker = out->model = out->serial = text;
	out->profile.probed_at = now;
	out->profile.generator = GENERATOR;
	fill_found(p, &out->profile);
	if (fill_module(s, out, err) != 0 || fill_library(s, out, err) != 0 || fill_token(&s->token, out, err) != 0)
		return kh_context(err, "the token profile");
	return 0;
}

void probe_profile_clear(struct probe_profile *out)
{
	buf_free(&out->file);
	buf_free(&out->description);
	buf_free(&out->manufacturer);
	buf_free(&out->label);
	buf_free(&out->maker);
	buf_free(&out->model);
	buf_free(&out->serial);
}
