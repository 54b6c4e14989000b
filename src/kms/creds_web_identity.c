/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_role.h"

#include "tokenfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The environment's, unless --profile named the profile or it is another one's source, else the profile's. */
static const char *setting(const struct creds_chain *c, const char *variable, const char *option)
{
	const char *value = c->profile->by_option ? NULL : getenv(variable);

	return value && *value ? value : profile_get(c->profile, option);
}

static int take_role(const struct creds_chain *c, const char *path, const char *role, struct creds *out, struct kh_error *err)
{
	struct secret *form = sts_form("AssumeRoleWithWebIdentity", err), *token = NULL;
	char session[CREDS_SESSION_NAME];
	struct sts sts;
	int rc = -1;

	out->provider = "assume-role-with-web-identity";
	(void)snprintf(out->where, sizeof(out->where), "role %.160s by the web identity token in %.160s", role, path);
	if (form && !creds_role_session(c, setting(c, "AWS_ROLE_SESSION_NAME", "role_session_name"), session, err) &&
	    !tokenfile_read(path, &token, err) && !sts_add(form, "RoleArn", role, err) &&
	    !sts_add(form, "RoleSessionName", session, err) &&
	    !sts_add(form, "WebIdentityToken", secret_text(token), err) && !creds_role_sts(c, role, &sts, err))
		rc = creds_role_take(c, &sts, "AssumeRoleWithWebIdentity", NULL, form, out, err);
	secret_free(token);
	secret_free(form);
	return rc < 0 && err->code != KH_E_MEMORY ? kh_context(err, "%.160s by web identity", role) : rc;
}

int creds_from_web_identity(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	const char *path = setting(c, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	const char *role = setting(c, "AWS_ROLE_ARN", "role_arn");

	if (!path)
		return 0;
	if (!role) {
		kh_fail(err, KH_E_INPUT, 0, "a web identity token (%.200s) without a role", path);
		return kh_hint(err, "set AWS_ROLE_ARN, or role_arn in the profile");
	}
	return take_role(c, path, role, out, err);
}
