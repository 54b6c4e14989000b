/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int haul_place_choose(const char *out, struct haul_place *place, struct kh_error *err)
{
	const char *temp = getenv("TMPDIR");
	int n;

	memset(place, 0, sizeof(*place));
	if (out) {
		n = snprintf(place->path, sizeof(place->path), "%s", out);
		return n < VERBS_PATH ? 0 : kh_fail(err, KH_E_USAGE, 0, "--out: the name is too long");
	}
	(void)snprintf(place->folder, sizeof(place->folder), "%.4000s/keyhaul-XXXXXX", temp && *temp ? temp : "/tmp");
	if (!mkdtemp(place->folder))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", place->folder);
	(void)snprintf(place->path, sizeof(place->path), "%.4080s/run.bundle", place->folder);
	return 0;
}

bool haul_place_leave(const struct haul_place *place, bool done)
{
	bool there = access(place->path, F_OK) == 0;

	if (!place->folder[0])
		return there;
	if (done && there && unlink(place->path) == 0)
		there = false;
	if (!there)
		(void)rmdir(place->folder);
	return there;
}

static int check_key(const struct bundle *b, const char *key_id, struct kh_error *err)
{
	const char *arn = bundle_request(b)->kms_key_arn;

	switch (arn_kind_of(key_id)) {
	case ARN_KEY_ARN:
		if (strcmp(arn, key_id) == 0)
			return 0;
		break;
	case ARN_KEY_ID:
		if (strcmp(bundle_facts(b)->arn.key_id, key_id) == 0)
			return 0;
		break;
	default:
		kh_fail(err, KH_E_USAGE, 0, "the bundle is there already, and an alias may have moved since");
		return kh_hint(err, "name its key: --key-id %s; or another --out", arn);
	}
	kh_fail(err, KH_E_USAGE, 0, "the bundle is for %s, not for %s", arn, key_id);
	return kh_hint(err, "name another file with --out, or that key with --key-id");
}

int haul_resume(const char *path, const char *key_id, struct bundle **out, struct kh_error *err)
{
	*out = NULL;
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	if (bundle_read(path, out, err))
		return -1;
	if (!check_key(*out, key_id, err))
		return 0;
	bundle_free(*out);
	*out = NULL;
	return kh_context(err, "%s", path);
}
