/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "arn.h"

#include "partition.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PARTS 6 /* arn, partition, service, Region, account, resource */

struct parts {
	const char *at[PARTS];
	size_t len[PARTS];
};

/* Cuts at the first five colons; what is behind the fifth is the resource. */
static bool split(const char *text, struct parts *p)
{
	if (strnlen(text, ARN_MAX + 1) > ARN_MAX)
		return false;
	for (size_t i = 0; i < PARTS; i++) {
		const char *colon = i + 1 < PARTS ? strchr(text, ':') : text + strlen(text);

		if (!colon)
			return false;
		p->at[i] = text;
		p->len[i] = (size_t)(colon - text);
		text = colon + 1;
	}
	return p->len[0] == 3 && memcmp(p->at[0], "arn", 3) == 0 && p->len[2] == 3 && memcmp(p->at[2], "kms", 3) == 0;
}

static bool copy(char *out, size_t size, const char *from, size_t len)
{
	if (len == 0 || len >= size)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

/* A key's id: a UUID, or mrk- and 32 hex digits (a multi-Region key). */
static bool is_key_id(const char *text)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};

	if (strncmp(text, "mrk-", 4) == 0)
		return strlen(text) == 36 && is_hex(text + 4, 32);
	if (strlen(text) != 36)
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!is_hex(text, groups[i]) || text[groups[i]] != (i == 4 ? '\0' : '-'))
			return false;
		text += groups[i] + 1;
	}
	return true;
}

static bool is_alias(const char *text)
{
	size_t len = strlen(text);

	return strncmp(text, "alias/", 6) == 0 && len > 6 && len <= ARN_MAX &&
	       strspn(text + 6, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_-") == len - 6;
}

/* Everything of a KMS ARN but its resource. */
static int parse_head(const char *text, const struct parts *p, struct arn *out, struct kh_error *err)
{
	if (!copy(out->partition, sizeof(out->partition), p->at[1], p->len[1]) || !partition_find(out->partition))
		return kh_fail(err, KH_E_INPUT, 0, "ARN '%s': no such partition", text);
	if (!copy(out->region, sizeof(out->region), p->at[3], p->len[3]) || !partition_region_valid(out->region))
		return kh_fail(err, KH_E_INPUT, 0, "ARN '%s': no such Region", text);
	if (strcmp(partition_of_region(out->region)->id, out->partition) != 0)
		return kh_fail(err, KH_E_INPUT, 0, "ARN '%s': Region %s is not in partition %s", text, out->region,
			       out->partition);
	if (p->len[4] != 12 || strspn(p->at[4], "0123456789") != 12)
		return kh_fail(err, KH_E_INPUT, 0, "ARN '%s': the account is not 12 digits", text);
	(void)copy(out->account, sizeof(out->account), p->at[4], p->len[4]);
	return 0;
}

int arn_parse_key(const char *text, struct arn *out, struct kh_error *err)
{
	struct parts p;

	memset(out, 0, sizeof(*out));
	if (!split(text, &p)) {
		kh_fail(err, KH_E_INPUT, 0, "'%.*s' is not the ARN of a KMS key", ARN_MAX, text);
		return kh_hint(err, "its form is arn:PARTITION:kms:REGION:ACCOUNT:key/ID");
	}
	if (parse_head(text, &p, out, err))
		return kh_hint(err, "its form is arn:PARTITION:kms:REGION:ACCOUNT:key/ID");
	if (strncmp(p.at[5], "key/", 4) != 0 || !is_key_id(p.at[5] + 4)) {
		kh_fail(err, KH_E_INPUT, 0, "ARN '%s' does not name a key", text);
		return kh_hint(err, "behind the account stands key/ and a UUID or mrk- with 32 hex digits");
	}
	(void)snprintf(out->key_id, sizeof(out->key_id), "%s", p.at[5] + 4);
	return 0;
}

enum arn_kind arn_kind_of(const char *text)
{
	struct kh_error ignored;
	struct parts p;
	struct arn arn;

	if (strncmp(text, "arn:", 4) != 0)
		return is_key_id(text) ? ARN_KEY_ID : is_alias(text) ? ARN_ALIAS_NAME : ARN_NONE;
	if (!split(text, &p) || parse_head(text, &p, &arn, &ignored))
		return ARN_NONE;
	if (strncmp(p.at[5], "key/", 4) == 0 && is_key_id(p.at[5] + 4))
		return ARN_KEY_ARN;
	return is_alias(p.at[5]) ? ARN_ALIAS_ARN : ARN_NONE;
}

bool arn_region(const char *text, char region[32])
{
	enum arn_kind kind = arn_kind_of(text);
	struct parts p;

	return (kind == ARN_KEY_ARN || kind == ARN_ALIAS_ARN) && split(text, &p) && copy(region, 32, p.at[3], p.len[3]);
}

bool arn_is_rehearsal(const struct arn *arn)
{
	return strcmp(arn->account, ARN_REHEARSAL_ACCOUNT) == 0;
}

bool arn_is_china(const struct arn *arn)
{
	return strcmp(arn->partition, "aws-cn") == 0;
}
