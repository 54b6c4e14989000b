/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "resume.h"

#include "bundle/tokenprofile.h"
#include "keymatch.h"

#include <string.h>

static int check_text(const char *option, const char *said, const char *bundle, struct kh_error *err)
{
	if (!said || strcmp(said, bundle) == 0)
		return 0;
	return kh_fail(err, KH_E_USAGE, 0, "%s is %.80s, the bundle says %.80s", option, said, bundle);
}

static int check_profile(const struct resume_said *said, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_facts *f = bundle_facts(b);
	struct tokenprofile_read *profile = NULL;
	enum wrapalg chosen = WRAPALG_NONE;
	int rc = -1;

	if (!said->token_profile)
		return 0;
	if (said->wrapping_algorithm)
		return kh_fail(err, KH_E_USAGE, 0, "--token-profile and --wrapping-algorithm both choose the algorithm");
	if (!tokenprofile_load(said->token_profile, &profile, err) &&
	    !tokenprofile_choose(tokenprofile_of(profile), f->key_spec, f->wrapping_bits, &f->arn, &chosen, NULL, err))
		rc = check_text("what --token-profile chooses", wrapalg_name(chosen), wrapalg_name(f->algorithm), err);
	tokenprofile_free(profile);
	return rc;
}

static int check_request(const struct resume_said *said, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);

	if (check_text("--wrapping-algorithm", said->wrapping_algorithm, r->wrapping_algorithm, err) ||
	    check_text("--wrapping-key-spec", said->wrapping_key_spec, r->wrapping_key_spec, err) ||
	    check_text("--key-spec", said->key_spec, r->key_spec, err))
		return -1;
	return check_profile(said, b, err);
}

static int check_key(const struct resume_said *said, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_material *m = bundle_material(b);
	const char *option = said->key ? "--key" : "--token", *uri = said->key ? said->key : said->token;

	if (m && uri && keymatch_material(option, uri, m, err))
		return -1;
	if (m && said->generate && keymatch_label(said->generate, m, err))
		return -1;
	if (m && said->no_keep && m->key.kept == BUNDLE_TRUE)
		return kh_fail(err, KH_E_USAGE, 0, "--no-keep, and the bundle says that the key was kept on the token");
	return uri ? keymatch_request(option, uri, bundle_request(b), err) : 0;
}

int resume_check(const struct resume_said *said, const struct bundle *b, const char *path, struct kh_error *err)
{
	if (!check_key(said, b, err) && !check_request(said, b, err) && !bundle_check_intent(b, &said->intent, err))
		return 0;
	kh_context(err, "%.200s", path);
	return kh_hint(err, "say what the bundle says to go on with it; or move %.200s away or name another --out", path);
}
