/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_json.h"

#include "aws/awstime.h"
#include "bundle/jsontext.h"
#include "wipe.h"

json_t *creds_json_parse(const struct secret *text, struct kh_error *err)
{
	json_error_t why;
	json_t *root;

	wipe_json();
	root = jsontext_read(secret_text(text), secret_len(text), JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(root))
		return root;
	if (!root && json_error_code(&why) == json_error_out_of_memory) {
		kh_fail_memory(err);
		return NULL;
	}
	json_decref(root);
	kh_fail(err, KH_E_KMS, 0, "no JSON object (%zu bytes)", secret_len(text)); /* not `why`: it quotes the text */
	return NULL;
}

const char *creds_json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int missing(const struct creds *out, const char *name, struct kh_error *err)
{
	return kh_fail(err, KH_E_KMS, 0, "%s: the answer has no %s", out->where, name);
}

static int take_expiration(const json_t *object, const char *name, int64_t *expires, struct kh_error *err)
{
	const json_t *member = json_object_get(object, name);

	if (json_is_integer(member)) {
		*expires = json_integer_value(member) / 1000;
		return *expires > 0 ? 0 : kh_fail(err, KH_E_KMS, 0, "%s is no time", name);
	}
	if (!json_string_length(member) || awstime_parse_absolute(json_string_value(member), expires, err))
		return kh_fail(err, KH_E_KMS, 0, "%s is no time", name);
	return 0;
}

int creds_json_keep(const struct creds_chain *c, const json_t *object, const struct creds_names *names, struct creds *out,
		    struct kh_error *err)
{
	struct creds_values v = {.id = creds_json_text(object, names->id), .secret = creds_json_text(object, names->secret),
				 .token = creds_json_text(object, names->token)};
	const json_t *expiration = json_object_get(object, names->expiration);

	if (!*v.id)
		return missing(out, names->id, err);
	if (!*v.secret)
		return missing(out, names->secret, err);
	if (names->must_expire && !*v.token)
		return missing(out, names->token, err);
	if (names->must_expire && !expiration)
		return missing(out, names->expiration, err);
	if (expiration && !json_is_null(expiration) && take_expiration(object, names->expiration, &v.expires, err))
		return kh_context(err, "%s", out->where);
	out->renewable = v.expires != 0;
	return creds_keep(c, &v, out, err);
}
