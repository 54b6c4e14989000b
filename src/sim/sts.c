/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sts.h"

#include "aws/arn.h"
#include "aws/errname.h"
#include "aws/partition.h"
#include "sigv4_uri.h"

#include <string.h>

#define NAMESPACE "https://sts.amazonaws.com/doc/2011-06-15/"
#define FORM_MAX 4096

/* What STS calls the errors of the front door. */
static const struct {
	const char *kms, *sts;
} names[] = {
	{"MissingAuthenticationTokenException", "MissingAuthenticationToken"},
	{"IncompleteSignatureException", "IncompleteSignature"},
	{"UnrecognizedClientException", "InvalidClientTokenId"},
	{"InvalidSignatureException", "SignatureDoesNotMatch"},
	{"KMSInternalException", "InternalFailure"},
};

int sts_check(const char *form, size_t len, struct reply *r)
{
	struct buf plain = BUF_INIT(FORM_MAX);
	bool action = false, version = false;
	struct kh_error err;

	for (size_t at = 0; at < len;) {
		const char *amp = memchr(form + at, '&', len - at);
		size_t span = amp ? (size_t)(amp - form) - at : len - at;

		plain.len = 0;
		if (sigv4_uri_decode(form + at, span, 1, &plain, &err))
			break;
		action = action || strcmp(buf_text(&plain), "Action=GetCallerIdentity") == 0;
		version = version || strcmp(buf_text(&plain), "Version=2011-06-15") == 0;
		at += span + 1;
	}
	buf_free(&plain);
	if (action && version)
		return 0;
	return reply_fail(r, "InvalidAction", "keyhaul-sim offers GetCallerIdentity of version 2011-06-15 only");
}

static int add_escaped(const char *text, struct buf *out, struct kh_error *err)
{
	for (; *text; text++) {
		const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;

		if (entity ? buf_add(out, entity, strlen(entity), err) : buf_add(out, text, 1, err))
			return -1;
	}
	return 0;
}

static int error_xml(const struct reply *r, const char *request_id, struct buf *out, struct kh_error *err)
{
	const char *code = r->code;
	const struct errname *row;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].kms, r->code) == 0)
			code = names[i].sts;
	row = errname_find(code);
	if (buf_addf(out, "<ErrorResponse xmlns=\"" NAMESPACE "\">\n  <Error>\n    <Type>Sender</Type>\n"
		     "    <Code>%s</Code>\n    <Message>", err, code) ||
	    add_escaped(r->message, out, err) ||
	    buf_addf(out, "</Message>\n  </Error>\n  <RequestId>%s</RequestId>\n</ErrorResponse>\n", err, request_id))
		return 500;
	return row ? row->http : 400;
}

int sts_xml(const struct reply *r, const char *region, const char *request_id, struct buf *out)
{
	struct kh_error err;

	if (r->code[0])
		return error_xml(r, request_id, out, &err);
	if (buf_addf(out, "<GetCallerIdentityResponse xmlns=\"" NAMESPACE "\">\n  <GetCallerIdentityResult>\n"
		     "    <Arn>arn:%s:iam::" ARN_REHEARSAL_ACCOUNT ":user/keyhaul-sim</Arn>\n"
		     "    <UserId>AIDAKEYHAULSIM</UserId>\n    <Account>" ARN_REHEARSAL_ACCOUNT "</Account>\n"
		     "  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>%s</RequestId>\n"
		     "  </ResponseMetadata>\n</GetCallerIdentityResponse>\n", &err, partition_of_region(region)->id,
		     request_id))
		return 500;
	return 200;
}
