/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "next.h"

#include "base/shell.h"

enum next_stage next_stage(const struct bundle *b)
{
	if (bundle_receipt(b))
		return NEXT_NOTHING;
	return bundle_material(b) ? NEXT_IMPORT : NEXT_WRAP;
}

const char *next_stage_name(enum next_stage stage)
{
	static const char *const names[NEXT_STAGES] = {
		[NEXT_WRAP] = "fetched", [NEXT_IMPORT] = "wrapped", [NEXT_NOTHING] = "imported"};

	return names[stage];
}

bool next_is_expired(const struct bundle *b, int64_t now)
{
	struct kh_error ignored;

	return !bundle_receipt(b) && bundle_check_time(b, now, &ignored) != 0;
}

static int fetch_again(const struct bundle_request *r, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {"keyhaul-kms",
				     "fetch",
				     "--key-id",
				     r->kms_key_arn,
				     "--wrapping-algorithm",
				     r->wrapping_algorithm,
				     "--wrapping-key-spec",
				     r->wrapping_key_spec,
				     "--out",
				     "NEW.bundle",
				     NULL};

	return shell_words(words, out, err);
}

static int wrap(const struct bundle_request *r, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const uri = r->key_uri ? r->key_uri : "pkcs11:token=TOKEN;object=KEY";
	const char *const words[] = {"keyhaul-token", "wrap", "--key", uri, path, NULL};

	return shell_words(words, out, err);
}

static int import(const struct bundle_request *r, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const with[] = {"keyhaul-kms", "import", path, NULL};
	const char *const without[] = {"keyhaul-kms", "import", "--valid-to", "TIME", path, NULL};

	return shell_words(r->intent.expiration_model ? with : without, out, err);
}

int next_command(const struct bundle *b, const char *path, int64_t now, struct buf *out, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);

	if (next_stage(b) == NEXT_NOTHING)
		return 0;
	if (next_is_expired(b, now))
		return fetch_again(r, out, err);
	if (next_stage(b) == NEXT_WRAP)
		return wrap(r, path, out, err);
	return import(r, path, out, err);
}
