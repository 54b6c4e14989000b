/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keydoc.h"

#include "aws/limits.h"
#include "bundle/jsontext.h"

#include <stdlib.h>
#include <string.h>

const char keydoc_default_policy[] =
	"{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\",\"Statement\":[{\"Sid\":\"Enable IAM User Permissions\","
	"\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::" ARN_REHEARSAL_ACCOUNT ":root\"},"
	"\"Action\":\"kms:*\",\"Resource\":\"*\"}]}";

static int check_policy(struct call *c)
{
	const char *policy = member_text(c->in, "Policy");
	json_error_t why;
	json_t *json;
	bool good;

	if (!policy)
		return 0;
	json = jsontext_read(policy, strlen(policy), JSON_REJECT_DUPLICATES, &why);
	good = json_is_object(json) && (json_is_array(json_object_get(json, "Statement")) ||
					json_is_object(json_object_get(json, "Statement")));
	json_decref(json);
	return good ? 0 : reply_fail(c->reply, "MalformedPolicyDocumentException",
				     "The policy is no JSON object with a Statement");
}

int keydoc_check_tags(struct call *c, const json_t *tags)
{
	size_t n = json_array_size(tags);

	if (n > KMS_TAGS_MAX)
		return reply_fail(c->reply, "TagException", "Too many tags");
	for (size_t i = 0; i < n; i++) {
		const char *key = member_text(json_array_get(tags, i), "TagKey");
		const char *value = member_text(json_array_get(tags, i), "TagValue");

		if (!*key || strlen(key) > 128 || strlen(value) > 256 || strncmp(key, "aws:", 4) == 0)
			return reply_fail(c->reply, "TagException", "Tag '%s' is not valid", key);
		for (size_t k = 0; k < i; k++)
			if (strcmp(key, member_text(json_array_get(tags, k), "TagKey")) == 0)
				return reply_fail(c->reply, "TagException", "Duplicate tag keys");
	}
	return 0;
}

int keydoc_check(struct call *c)
{
	return check_policy(c) || keydoc_check_tags(c, json_object_get(c->in, "Tags")) ? -1 : 0;
}

int keydoc_fill(struct call *c, struct simkey *key, struct kh_error *err)
{
	const char *description = member_text(c->in, "Description"), *policy = member_text(c->in, "Policy");

	key->description = strdup(description ? description : "");
	key->policy = policy ? strdup(policy) : NULL;
	key->tags = json_deep_copy(json_object_get(c->in, "Tags"));
	return key->description && (!policy || key->policy) ? 0 : kh_fail_memory(err);
}
