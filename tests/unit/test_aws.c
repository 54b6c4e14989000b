/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws/arn.h"
#include "aws/errname.h"
#include "aws/partition.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define UUID "1234abcd-12ab-34cd-56ef-1234567890ab"
#define MRK "mrk-1234abcd12ab34cd56ef1234567890ab"

static const struct {
	const char *text;
	enum arn_kind kind;
	const char *region; /* NULL for none */
} ids[] = {
	{UUID, ARN_KEY_ID, NULL},
	{MRK, ARN_KEY_ID, NULL},
	{"alias/a/b-c_d:e", ARN_ALIAS_NAME, NULL},
	{"arn:aws:kms:eu-central-1:111122223333:key/" UUID, ARN_KEY_ARN, "eu-central-1"},
	{"arn:aws:kms:us-west-2:111122223333:key/" MRK, ARN_KEY_ARN, "us-west-2"},
	{"arn:aws-cn:kms:cn-north-1:111122223333:key/" UUID, ARN_KEY_ARN, "cn-north-1"},
	{"arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/x", ARN_ALIAS_ARN, "us-gov-west-1"},
	{"arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/x", ARN_ALIAS_ARN, "eusc-de-east-1"},
	{"", ARN_NONE, NULL},
	{"alias/", ARN_NONE, NULL},
	{"alias/a b", ARN_NONE, NULL},
	{"1234ABCD-12ab-34cd-56ef-1234567890ab", ARN_NONE, NULL},
	{"1234abcd12ab34cd56ef1234567890ab", ARN_NONE, NULL},
	{UUID "0", ARN_NONE, NULL},
	{"mrk-1234", ARN_NONE, NULL},
	{"arn:aws:kms:eu-central-1:111122223333:key/nothing", ARN_NONE, NULL},
	{"arn:aws:kms:eu-central-1:11112222333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:kms:eu-central-1:1111222233334:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:kms:cn-north-1:111122223333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws-xy:kms:eu-central-1:111122223333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:kms:eu_central_1:111122223333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:kms::111122223333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:s3:eu-central-1:111122223333:key/" UUID, ARN_NONE, NULL},
	{"arn:aws:kms:eu-central-1:111122223333:key/" UUID ":x", ARN_NONE, NULL},
	{"arn:aws:kms:eu-central-1:111122223333", ARN_NONE, NULL},
};

Test(aws, key_ids_of_every_form)
{
	struct kh_error err;
	struct arn arn;
	char region[32];

	for (size_t i = 0; i < N(ids); i++) {
		cr_assert_eq(arn_kind_of(ids[i].text), ids[i].kind, "%s", ids[i].text);
		cr_assert_eq(arn_region(ids[i].text, region), ids[i].region != NULL, "%s", ids[i].text);
		if (ids[i].region)
			cr_assert_str_eq(region, ids[i].region);
		cr_assert_eq(arn_parse_key(ids[i].text, &arn, &err), ids[i].kind == ARN_KEY_ARN ? 0 : -1, "%s", ids[i].text);
		if (ids[i].kind != ARN_KEY_ARN)
			cr_assert(err.code == KH_E_INPUT && err.hint[0], "%s", ids[i].text);
	}
	cr_assert_eq(arn_parse_key("arn:aws-cn:kms:cn-north-1:000000000000:key/" UUID, &arn, &err), 0);
	cr_assert(arn_is_china(&arn) && arn_is_rehearsal(&arn));
	cr_assert_str_eq(arn.key_id, UUID);
	cr_assert_eq(arn_parse_key("arn:aws:kms:eu-west-1:000000000001:key/" MRK, &arn, &err), 0);
	cr_assert(!arn_is_china(&arn) && !arn_is_rehearsal(&arn));
	cr_assert_str_eq(arn.account, "000000000001");
}

static const struct {
	const char *region;
	bool fips, dual;
	const char *host;
} hosts[] = {
	{"eu-central-1", false, false, "kms.eu-central-1.amazonaws.com"},
	{"eu-central-1", true, true, "kms-fips.eu-central-1.api.aws"},
	{"us-gov-west-1", true, false, "kms-fips.us-gov-west-1.amazonaws.com"},
	{"cn-north-1", false, false, "kms.cn-north-1.amazonaws.com.cn"},
	{"cn-north-1", false, true, "kms.cn-north-1.api.amazonwebservices.com.cn"},
	{"us-iso-east-1", false, false, "kms.us-iso-east-1.c2s.ic.gov"},
	{"us-isob-east-1", false, true, "kms.us-isob-east-1.api.aws.scloud"},
	{"eu-isoe-west-1", false, false, "kms.eu-isoe-west-1.cloud.adc-e.uk"},
	{"us-isof-south-1", false, true, "kms.us-isof-south-1.api.aws.hci.ic.gov"},
	{"eusc-de-east-1", false, false, "kms.eusc-de-east-1.amazonaws.eu"},
	{"xx-new-9", false, false, "kms.xx-new-9.amazonaws.com"},
	{"", false, false, NULL}, {"-a", false, false, NULL}, {"a-", false, false, NULL}, {"a.b", false, false, NULL},
	{"a/b", false, false, NULL}, {"a@b", false, false, NULL}, {"eu central", false, false, NULL},
	{"abcdefghijklmnopqrstuvwxyz-12345", false, false, NULL},
};

static const char *const aws_hosts[] = {
	"kms.eu-central-1.amazonaws.com", "KMS.EU-CENTRAL-1.AMAZONAWS.COM", "kms.eu-central-1.amazonaws.com.",
	"vpce-1.kms.us-east-1.vpce.amazonaws.com", "kms.cn-north-1.amazonaws.com.cn", "x.api.aws", "amazonaws.com",
	"kms.us-iso-east-1.c2s.ic.gov", "kms.eusc-de-east-1.amazonaws.eu",
};
static const char *const other_hosts[] = {"localhost", "127.0.0.1", "", ".", "notamazonaws.com", "amazonaws.com.example.org", "aws"};

Test(aws, endpoints_of_every_partition)
{
	static const struct {
		const char *typed, *meant;
	} slips[] = {{"eu-cental-1", "eu-central-1"}, {"us-wst-2", "us-west-2"}, {"eu-central1", "eu-central-1"}, {"mars", NULL}};
	char host[PARTITION_HOST_MAX];
	const char *nearest;
	struct kh_error err;

	for (size_t i = 0; i < N(hosts); i++) {
		int rc = partition_host("kms", hosts[i].region, hosts[i].fips, hosts[i].dual, host, &err);

		cr_assert_eq(rc, hosts[i].host ? 0 : -1, "%s", hosts[i].region);
		if (hosts[i].host) {
			cr_assert_str_eq(host, hosts[i].host);
			cr_assert(partition_is_aws_host(host), "%s", host);
		} else {
			cr_assert_eq(err.code, KH_E_USAGE);
		}
	}
	for (size_t i = 0; i < N(aws_hosts); i++)
		cr_assert(partition_is_aws_host(aws_hosts[i]), "%s", aws_hosts[i]);
	for (size_t i = 0; i < N(other_hosts); i++)
		cr_assert(!partition_is_aws_host(other_hosts[i]), "%s", other_hosts[i]);
	cr_assert_null(partition_find("aws-xy"));
	for (size_t i = 0; i < N(slips); i++) {
		cr_assert(!partition_region_published(slips[i].typed, &nearest), "%s", slips[i].typed);
		cr_assert((nearest && slips[i].meant && strcmp(nearest, slips[i].meant) == 0) || nearest == slips[i].meant, "%s: %s",
			  slips[i].typed, nearest ? nearest : "none");
	}
	cr_assert(partition_region_published("eu-central-1", &nearest));
}

/* The reference data beside the project, where it is there. */
static json_t *reference(const char *name)
{
	const char *source = getenv("KEYHAUL_SRC");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/../shared/data/%s", source ? source : ".", name);
	return json_load_file(path, 0, NULL);
}

/* AWS's pattern in POSIX's dialect. */
static void compile(const char *pattern, regex_t *out)
{
	char text[256], *to = text;

	for (const char *p = pattern; *p && to < text + sizeof(text) - 8; p++) {
		if (p[0] == '\\' && p[1] == 'd')
			to = stpcpy(to, "[0-9]");
		else if (p[0] == '\\' && p[1] == 'w')
			to = stpcpy(to, "[A-Za-z0-9_]");
		else if (p[0] == '\\')
			*to++ = p[1];
		else {
			*to++ = *p;
			continue;
		}
		p++;
	}
	*to = '\0';
	cr_assert_eq(regcomp(out, text, REG_EXTENDED | REG_NOSUB), 0, "%s", text);
}

static void check_partition(json_t *row)
{
	static const char *const more[] = {"us-east-99", "us-iso-x-1", "us-gov-x-1", "mx-y-1", "us-isob-x-2", "eu-isoe-x-1",
					   "cn-x-1", "eusc-de-x-1", "eusc-fr-x-1", "zz-x-1", "us-isof-a-1", "eu-x-1a"};
	const char *id = json_string_value(json_object_get(row, "id")), *region;
	json_t *outputs = json_object_get(row, "outputs"), *value;
	const struct partition *p = partition_find(id);
	const char *nearest;
	regex_t regex;

	cr_assert_not_null(p, "%s", id);
	cr_assert_str_eq(p->suffix, json_string_value(json_object_get(outputs, "dnsSuffix")));
	cr_assert_str_eq(p->dual_stack_suffix, json_string_value(json_object_get(outputs, "dualStackDnsSuffix")));
	json_object_foreach(json_object_get(row, "regions"), region, value) {
		cr_assert_str_eq(partition_of_region(region)->id, id, "%s", region);
		cr_assert_eq(partition_region_published(region, &nearest), !strstr(region, "-global"), "%s", region);
	}
	compile(json_string_value(json_object_get(row, "regionRegex")), &regex);
	for (size_t i = 0; i < N(more); i++) {
		bool fits = regexec(&regex, more[i], 0, NULL, 0) == 0;

		if (fits || strcmp(id, "aws") != 0) /* what fits none is aws */
			cr_assert_eq(strcmp(partition_of_region(more[i])->id, id) == 0, fits, "%s %s", id, more[i]);
	}
	regfree(&regex);
}

Test(aws, partitions_are_those_that_aws_publishes)
{
	json_t *root = reference("partitions.json"), *row;
	size_t i;

	if (!root)
		cr_skip_test("../shared/data/partitions.json is not there");
	cr_assert_eq(json_array_size(json_object_get(root, "partitions")), 8);
	json_array_foreach(json_object_get(root, "partitions"), i, row)
		check_partition(row);
	json_decref(root);
}

Test(aws, endpoint_cases_that_aws_publishes)
{
	json_t *root = reference("kms-endpoint-tests-1.json"), *row;
	size_t i, n = 0;

	if (!root)
		cr_skip_test("../shared/data/kms-endpoint-tests-1.json is not there");
	json_array_foreach(json_object_get(root, "testCases"), i, row) {
		json_t *params = json_object_get(row, "params"), *expect = json_object_get(row, "expect");
		const char *region = json_string_value(json_object_get(params, "Region"));
		const char *url = json_string_value(json_object_get(json_object_get(expect, "endpoint"), "url"));
		char host[PARTITION_HOST_MAX];
		struct kh_error err;

		if (!region || !url || json_object_get(params, "Endpoint"))
			continue; /* custom endpoints and errors are the client's */
		n++;
		cr_assert_eq(partition_host("kms", region, json_is_true(json_object_get(params, "UseFIPS")),
					    json_is_true(json_object_get(params, "UseDualStack")), host, &err), 0);
		cr_assert_str_eq(host, url + strlen("https://"), "%s", region);
	}
	cr_assert_gt(n, 50);
	json_decref(root);
}

static const struct {
	const char *name;
	enum errname_retry retry;
	enum kh_code code;
} codes[] = {
	{"InvalidCiphertextException", ERRNAME_FINAL, KH_E_KMS}, {"IncorrectKeyMaterialException", ERRNAME_FINAL, KH_E_KMS},
	{"ExpiredImportTokenException", ERRNAME_FINAL, KH_E_KMS}, {"InvalidImportTokenException", ERRNAME_FINAL, KH_E_KMS},
	{"KMSInvalidStateException", ERRNAME_FINAL, KH_E_KMS}, {"UnsupportedOperationException", ERRNAME_FINAL, KH_E_KMS},
	{"NotFoundException", ERRNAME_FINAL, KH_E_KMS}, {"InvalidArnException", ERRNAME_FINAL, KH_E_KMS},
	{"ValidationException", ERRNAME_FINAL, KH_E_KMS}, {"LimitExceededException", ERRNAME_FINAL, KH_E_KMS},
	{"DependencyTimeoutException", ERRNAME_TRANSIENT, KH_E_AGAIN}, {"KMSInternalException", ERRNAME_TRANSIENT, KH_E_AGAIN},
	{"KeyUnavailableException", ERRNAME_TRANSIENT, KH_E_AGAIN}, {"ThrottlingException", ERRNAME_THROTTLE, KH_E_AGAIN},
	{"DisabledException", ERRNAME_FINAL, KH_E_KMS}, {"ConflictException", ERRNAME_FINAL, KH_E_KMS},
	{"AlreadyExistsException", ERRNAME_FINAL, KH_E_KMS}, {"MalformedPolicyDocumentException", ERRNAME_FINAL, KH_E_KMS},
	{"TagException", ERRNAME_FINAL, KH_E_KMS}, {"InvalidMarkerException", ERRNAME_FINAL, KH_E_KMS},
	{"InvalidKeyUsageException", ERRNAME_FINAL, KH_E_KMS}, {"InvalidAliasNameException", ERRNAME_FINAL, KH_E_KMS},
	{"IncorrectKeyException", ERRNAME_FINAL, KH_E_KMS}, {"KMSInvalidMacException", ERRNAME_FINAL, KH_E_KMS},
	{"KMSInvalidSignatureException", ERRNAME_FINAL, KH_E_KMS}, {"AccessDeniedException", ERRNAME_FINAL, KH_E_KMS},
	{"ExpiredTokenException", ERRNAME_FINAL, KH_E_KMS}, {"UnrecognizedClientException", ERRNAME_FINAL, KH_E_KMS},
	{"InvalidSignatureException", ERRNAME_FINAL, KH_E_KMS}, {"IncompleteSignature", ERRNAME_FINAL, KH_E_KMS},
	{"MissingAuthenticationToken", ERRNAME_FINAL, KH_E_KMS}, {"SlowDown", ERRNAME_THROTTLE, KH_E_AGAIN},
	{"RequestTimeTooSkewed", ERRNAME_FINAL, KH_E_KMS}, {"RequestTimeout", ERRNAME_TRANSIENT, KH_E_AGAIN},
	{"RequestLimitExceeded", ERRNAME_THROTTLE, KH_E_AGAIN}, {"SignatureDoesNotMatch", ERRNAME_FINAL, KH_E_KMS},
};

Test(aws, error_codes_have_a_class_and_a_hint)
{
	static const struct {
		const char *raw, *bare;
	} forms[] = {
		{"NotFoundException", "NotFoundException"}, {"com.amazonaws.kms#NotFoundException", "NotFoundException"},
		{"NotFoundException:http://x/y#z", "NotFoundException"}, {"a#B:http://c", "B"}, {"", ""},
	};
	char bare[64], longer[200];

	for (size_t i = 0; i < N(codes); i++) {
		const struct errname *row = errname_find(codes[i].name);

		cr_assert_not_null(row, "%s", codes[i].name);
		cr_assert(row->retry == codes[i].retry && row->code == codes[i].code, "%s", codes[i].name);
		cr_assert(row->http >= 400 && row->http < 600 && row->hint && strlen(row->hint) > 10, "%s", codes[i].name);
		cr_assert_lt(strlen(row->hint), sizeof(((struct kh_error *)NULL)->hint), "%s is cut", codes[i].name);
		cr_assert_eq(errname_retry_of(codes[i].name, 400), codes[i].retry);
	}
	for (size_t i = 0; i < N(forms); i++) {
		errname_bare(forms[i].raw, bare);
		cr_assert_str_eq(bare, forms[i].bare);
	}
	memset(longer, 'A', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	errname_bare(longer, bare);
	cr_assert_eq(strlen(bare), 63);
	cr_assert_null(errname_find("NoSuchThing"));
	cr_assert_eq(errname_retry_of("NoSuchThing", 400), ERRNAME_FINAL);
	cr_assert_eq(errname_retry_of("NoSuchThing", 429), ERRNAME_THROTTLE);
	for (int http = 500; http <= 504; http++)
		cr_assert_eq(errname_retry_of("", http), http == 501 ? ERRNAME_FINAL : ERRNAME_TRANSIENT);
}

/* Every exception of the operations that an import needs, in AWS's own model, has its row and its status. */
Test(aws, error_codes_are_those_of_the_model)
{
	static const char *const operations[] = {"CreateKey", "DescribeKey", "GetParametersForImport", "ImportKeyMaterial",
						 "GetPublicKey", "DeleteImportedKeyMaterial", "ListKeyRotations"};
	json_t *root = reference("kms-service-2.json"), *error;
	size_t k;

	if (!root)
		cr_skip_test("../shared/data/kms-service-2.json is not there");
	for (size_t i = 0; i < N(operations); i++)
		json_array_foreach(json_object_get(json_object_get(json_object_get(root, "operations"), operations[i]), "errors"),
				   k, error) {
			const char *name = json_string_value(json_object_get(error, "shape"));

			cr_assert_not_null(errname_find(name), "%s", name);
		}
	json_decref(root);
}
