/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_rows.h"

#include "aws_args.h"
#include "aws_verb.h"

#include <string.h>

/* Help, completions, the man page's test and the parser read these; tests/unit/test_kmsmodel.c holds them against the model. */

#define TEXT(option, value, help) {.name = (option), .kind = OPT_TEXT, .arg = (value), .text = (help)}
#define FILE_OR_TEXT(option, value, help) {.name = (option), .kind = OPT_INPUT, .arg = (value), .text = (help)}
#define VALUE(option, list, value, help) {.name = (option), .kind = OPT_CHOICE, .arg = (value), .choices = (list), .text = (help)}
#define WORDS(option, value, help) {.name = (option), .kind = OPT_LIST, .arg = (value), .text = (help)}
#define EITHER(option, help, not)                                                                                      \
	{.name = (option), .kind = OPT_FLAG, .text = (help)},                                                          \
	{                                                                                                              \
		.name = "no-" option, .kind = OPT_FLAG, .text = (not)                                                  \
	}
#define KEY_ID TEXT("key-id", "ID|ARN|ALIAS", "key id, key ARN, alias/NAME or alias ARN")
#define GRANTS WORDS("grant-tokens", "TOKEN...", "tokens of grants that are new")
#define MATERIAL_ID TEXT("key-material-id", "HEX", "64 hexadecimal digits: the key material that is meant")
#define POLICY FILE_OR_TEXT("policy", "JSON", "the key policy: JSON text, or file://PATH")
#define DESCRIPTION TEXT("description", "TEXT", "description of the KMS key")
#define TAGS WORDS("tags", "TAG...", "TagKey=NAME,TagValue=VALUE ... or the JSON list")
#define LOCKOUT EITHER("bypass-policy-lockout-safety-check", "take a policy that shuts the caller out", "refuse such a policy")

static const struct opt_row create_key_rows[] = {
	POLICY, DESCRIPTION,
	VALUE("key-usage", kmsmodel_KeyUsageType, "USAGE", "what the key is for"),
	VALUE("customer-master-key-spec", kmsmodel_CustomerMasterKeySpec, "SPEC", "the old name of --key-spec"),
	VALUE("key-spec", kmsmodel_KeySpec, "SPEC", "key spec of the KMS key"),
	VALUE("origin", kmsmodel_OriginType, "ORIGIN", "where the key material comes from; EXTERNAL is imported"),
	TEXT("custom-key-store-id", "STORE", "the custom key store that holds it"),
	LOCKOUT, TAGS,
	EITHER("multi-region", "a multi-Region primary key", "a key of one Region"),
	TEXT("xks-key-id", "XKSID", "the key in an external key store"),
};

static const struct opt_row delete_rows[] = {KEY_ID, MATERIAL_ID};
static const struct opt_row granted_rows[] = {KEY_ID, GRANTS};
static const struct opt_row key_rows[] = {KEY_ID};

static const struct opt_row parameters_rows[] = {
	KEY_ID,
	VALUE("wrapping-algorithm", kmsmodel_AlgorithmSpec, "ALGORITHM", "how the key material will be wrapped"),
	VALUE("wrapping-key-spec", kmsmodel_WrappingKeySpec, "SPEC", "which wrapping key KMS shall give"),
};

static const struct opt_row import_rows[] = {
	KEY_ID,
	FILE_OR_TEXT("import-token", "BLOB", "the import token: base64, or fileb://PATH for the bytes"),
	FILE_OR_TEXT("encrypted-key-material", "BLOB", "the wrapped key: base64, or fileb://PATH for the bytes"),
	TEXT("valid-to", "T", "when the key material expires: epoch seconds, ISO 8601 or RFC 822"),
	VALUE("expiration-model", kmsmodel_ExpirationModelType, "MODEL", "whether the key material expires"),
	VALUE("import-type", kmsmodel_ImportType, "TYPE", "whether KMS has this material already"),
	TEXT("key-material-description", "TEXT", "description of the key material"), MATERIAL_ID,
};

static const struct opt_row rotations_rows[] = {
	KEY_ID,
	VALUE("include-key-material", kmsmodel_IncludeKeyMaterial, "WHICH", "the rotations alone, or all key material"),
	TEXT("limit", "N", "entries of one page, 1 to 1000; no further page is asked for"),
	TEXT("marker", "MARKER", "NextMarker of the page before; no further page is asked for"),
};

static const struct opt_row replicate_rows[] = {
	KEY_ID, TEXT("replica-region", "REGION", "Region of the replica"), POLICY, LOCKOUT, DESCRIPTION, TAGS,
};

#define AT(field) .offset = offsetof(struct aws_settings, field)

static const char *const skeletons[] = {"input", "output", NULL};
static const char *const outputs[] = {"json", "text", "table", "yaml", NULL};
static const char *const colors[] = {"on", "off", "auto", NULL};
static const char *const formats[] = {"base64", "raw-in-base64-out", NULL};

const struct opt_row aws_input_rows[AWS_INPUT_ROWS] = {
	[AWS_ROW_INPUT_JSON] = {.name = "cli-input-json", .kind = OPT_INPUT, AT(input_json), .arg = "JSON",
				.text = "the request's members: JSON text, or file://PATH; options win over it"},
	[AWS_ROW_SKELETON] = {.name = "generate-cli-skeleton", .kind = OPT_CHOICE, AT(skeleton), .arg = "[WHICH]",
			      .choices = skeletons, .text = "print a sample and call nothing"},
};

static const struct opt_row page_rows[] = {
	{.name = "max-items", .kind = OPT_TEXT, AT(max_items), .arg = "N", .text = "entries of the output in all"},
	{.name = "page-size", .kind = OPT_TEXT, AT(page_size), .arg = "N", .text = "entries of one page that is asked for"},
	{.name = "starting-token", .kind = OPT_TEXT, AT(starting_token), .arg = "TOKEN",
	 .text = "NextToken of an output that --max-items had cut"},
};

static const struct opt_row output_rows[] = {
	{.name = "output", .kind = OPT_CHOICE, AT(output), .arg = "FORMAT", .choices = outputs,
	 .text = "form of the output (also AWS_DEFAULT_OUTPUT and the profile)"},
	{.name = "query", .kind = OPT_TEXT, AT(query), .arg = "PATH", .text = "a part of the output: a.b, [n], [*], [a,b]"},
	{.name = "color", .kind = OPT_CHOICE, AT(color), .arg = "WHEN", .choices = colors, .text = "colours in a table"},
	{.name = "no-paginate", .kind = OPT_FLAG, AT(no_paginate), .text = "ask for one page alone"},
	{.name = "no-sign-request", .kind = OPT_FLAG, AT(no_sign_request), .text = "send it without credentials"},
	{.name = "cli-binary-format", .kind = OPT_CHOICE, AT(binary_format), .arg = "FORM", .choices = formats,
	 .text = "how blobs are given that are no fileb://"},
	{.name = "no-cli-pager", .kind = OPT_FLAG, AT(ignored), .text = "there is no pager here"},
	{.name = "no-cli-auto-prompt", .kind = OPT_FLAG, AT(ignored), .text = "there are no prompts here"},
};

static const struct opt_row where_rows[] = {
	{.name = "profile", .kind = OPT_TEXT, AT(session.profile), .arg = "NAME",
	 .text = "profile in AWS's config and credentials files (also AWS_PROFILE)"},
	{.name = "region", .kind = OPT_TEXT, AT(session.region), .arg = "REGION",
	 .text = "Region (also AWS_REGION and the profile); an ARN's own does not count"},
	{.name = "endpoint-url", .kind = OPT_TEXT, AT(session.endpoint_url), .arg = "URL",
	 .text = "another endpoint than AWS's own (also AWS_ENDPOINT_URL_KMS)"},
	{.name = "ca-bundle", .kind = OPT_INPUT, AT(session.ca_bundle), .arg = "FILE",
	 .text = "certificates of the CAs to trust (also AWS_CA_BUNDLE)"},
	{.name = "no-verify-ssl", .kind = OPT_FLAG, AT(session.no_verify_ssl),
	 .text = "take any certificate; on this machine only"},
	{.name = "cli-connect-timeout", .kind = OPT_NUMBER, AT(session.connect_timeout), .arg = "SECONDS",
	 .text = "to connect (60; 0: no limit)", .min = 0, .max = 86400, .preset = 60},
	{.name = "cli-read-timeout", .kind = OPT_NUMBER, AT(session.read_timeout), .arg = "SECONDS",
	 .text = "to wait for a reply (60; 0: no limit)", .min = 0, .max = 86400, .preset = 60},
};

#define GROUPS(name)                                                                                                   \
	static const struct opt_group name##_groups[] = {                                                              \
		OPT_GROUP("The request", name##_rows, 0), OPT_GROUP("Input", aws_input_rows, 0),                       \
		OPT_GROUP("Output", output_rows, 0), OPT_GROUP("AWS", where_rows, 0), OPT_GROUPS_END,                  \
	}

GROUPS(create_key);
GROUPS(delete);
GROUPS(granted);
GROUPS(key);
GROUPS(parameters);
GROUPS(import);
GROUPS(replicate);
static const struct opt_group rotations_groups[] = {
	OPT_GROUP("The request", rotations_rows, 0), OPT_GROUP("Input", aws_input_rows, 0), OPT_GROUP("Pages", page_rows, 0),
	OPT_GROUP("Output", output_rows, 0), OPT_GROUP("AWS", where_rows, 0), OPT_GROUPS_END,
};

#define VERB(name, rows, must)                                                                                         \
	{.verb = (name), .operands = "", .needs = (must), .summary = "as 'aws kms " name "'", .groups = rows##_groups,         \
	 .run = aws_verb_run, .stands_in = true}

const struct cmd_row aws_rows[AWS_VERBS] = {
	VERB("create-key", create_key, NULL),
	VERB("delete-imported-key-material", delete, "--key-id ID"),
	VERB("describe-key", granted, "--key-id ID"),
	VERB("get-key-rotation-status", key, "--key-id ID"),
	VERB("get-parameters-for-import", parameters, "--key-id ID --wrapping-algorithm A --wrapping-key-spec S"),
	VERB("get-public-key", granted, "--key-id ID"),
	VERB("import-key-material", import, "--key-id ID --import-token BLOB --encrypted-key-material BLOB"),
	VERB("list-key-rotations", rotations, "--key-id ID"),
	VERB("replicate-key", replicate, "--key-id ID --replica-region REGION"),
	VERB("rotate-key-on-demand", key, "--key-id ID"),
};

bool aws_rows_have(const char *verb)
{
	for (size_t i = 0; i < AWS_VERBS; i++)
		if (strcmp(aws_rows[i].verb, verb) == 0)
			return true;
	return false;
}

bool aws_rows_are_global(const struct opt_group *group)
{
	return group->rows == output_rows || group->rows == where_rows;
}
