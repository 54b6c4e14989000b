/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define A "abababababababababababababababababababababababababababababababab"
#define B "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define COLONS "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"
#define HEAD "keyhaul_policy: 1\napprovals: none\nmaterial_signers: none\n"
#define PEOPLE(threshold, people) \
	"keyhaul_policy: 1\nmaterial_signers: none\napprovals:\n  threshold: " threshold "\n  approvers:\n" people
#define ADA "    - {name: Ada, certificates: [" A "]}\n"
#define EVE(more) "    - {name: Eve, " more "}\n"

/* Each with its line and column; NULL: it is taken. */
static const struct {
	const char *text, *says;
} parsed[] = {
	{"", "line 1, column 1: there is nothing in it"},
	{"keyhaul_policy: 2\nfoo: 3\n", "line 1, column 17: keyhaul_policy '2': this keyhaul reads version 1"},
	{"- a\n", "line 1, column 1: a policy must be a map"},
	{"approvals: none\nmaterial_signers: none\n", "a policy lacks 'keyhaul_policy'"},
	{"keyhaul_policy: 1\nmaterial_signers: none\n", "line 1, column 1: a policy lacks 'approvals'"},
	{"keyhaul_policy: 1\napprovals: none\n", "a policy lacks 'material_signers'"},
	{HEAD, NULL},
	{HEAD "account: ['111122223333']\n", "line 4, column 10: a policy has no 'account'"},
	{HEAD "accounts: 111122223333\n", "line 4, column 11: 'accounts' must be a list of 1 to 1000 texts"},
	{HEAD "accounts: []\n", "'accounts' must be a list"},
	{HEAD "accounts: [11112222333]\n", "line 4, column 12: '11112222333' is no account"},
	{HEAD "accounts: [111122223333, '111122223333']\n", "line 4, column 26: '111122223333' stands there twice"},
	{HEAD "accounts: [{a: b}]\n", "line 4, column 12: 'an element' must be one text"},
	{HEAD "accounts: [&a 111122223333, *a]\n", "line 4, column 12: an anchor (&) is not taken here"},
	{HEAD "accounts: [!!str 111122223333]\n", "a tag (!) is not taken here"},
	{HEAD "regions: [eu-west-1]\nregions: [eu-west-2]\n", "line 5, column 1: 'regions' stands there twice"},
	{HEAD "regions: [x y]\n", "line 4, column 11: 'x y' is no Region"},
	{HEAD "endpoints: [https://kms.example, http://127.0.0.1:8080, 'http://[::1]:1', http://localhost, unstated]\n", NULL},
	{HEAD "endpoints: [kms.example]\n", "line 4, column 13: 'kms.example' is no endpoint: neither https:// nor http://"},
	{HEAD "endpoints: [http://kms.example]\n", "http:// to another machine"},
	{HEAD "endpoints: [http://127.0.0.1.example]\n", "http:// to another machine"},
	{HEAD "endpoints: ['https://a@b']\n", "a host with signs"},
	{HEAD "endpoints: [https://]\n", "no host"},
	{HEAD "endpoints: ['https://[::1']\n", "no host"},
	{HEAD "endpoints: ['https://a:x']\n", "no port"},
	{HEAD "endpoints: [https://a/b]\n", "more than a host and a port"},
	{HEAD "key_specs: [AES_256]\n", "line 4, column 13: "},
	{HEAD "key_specs: [ML_DSA_44]\n", "line 4, column 13: "},
	{HEAD "wrapping_algorithms: [RSAES_PKCS1_V1_5]\n", "line 4, column 23: "},
	{HEAD "key_specs: [HMAC_256, RSA_2048]\nwrapping_algorithms: [RSAES_OAEP_SHA_256]\n",
	 "line 4, column 23: none of 'wrapping_algorithms' (line 5) is for a key of RSA_2048"},
	{HEAD "key_specs: [SYMMETRIC_DEFAULT]\nwrapping_algorithms: [RSA_AES_KEY_WRAP_SHA_256]\n", "is for a key of SYMMETRIC_DEFAULT"},
	{HEAD "key_specs: [ECC_NIST_P521]\nwrapping_algorithms: [RSAES_OAEP_SHA_256]\n", NULL},
	{HEAD "least_wrapping_key_spec: RSA_1024\n", "line 4, column 26: "},
	{HEAD "longest_request_age: 25h\n", "line 4, column 22: 25h is longer than the 24 hours"},
	{HEAD "longest_request_age: 2026-11-22\n", "'2026-11-22' is no span of time"},
	{HEAD "longest_request_age: 0h\n", "is no span of time"},
	{HEAD "largest_expiry: 366d\n", "366d is longer than the 365 days"},
	{HEAD "largest_expiry: never\n", NULL},
	{HEAD "tokens: [{label: a}]\n", "line 4, column 10: a token lacks 'serial'"},
	{HEAD "tokens: [{serial: '12345678901234567'}]\n", "longer than 16 bytes"},
	{HEAD "tokens: [{serial: '1'}, {serial: 1, label: b}]\n", "line 4, column 25: the serial 1 stands there twice"},
	{HEAD "hardware: false\n", "line 4, column 11: 'hardware' can only be true"},
	{HEAD "hardware: 'true'\n", "must be true or false"},
	{HEAD "key: {sensitive: true, exportable: true}\n", "line 4, column 36: 'key' has no 'exportable'"},
	{HEAD "key: {local: false}\n", "'local' can only be true"},
	{HEAD "key: {key_gen_mechanisms: [AES]}\n", "'AES' is no mechanism"},
	{HEAD "key: {}\n", NULL},
	{HEAD "revoked: [" A ", " COLONS "]\n", NULL},
	{HEAD "revoked: [abab]\n", "line 4, column 11: 'abab' is no SHA-256 of a certificate"},
	{HEAD "revoked: ['AB::" A "']\n", "is no SHA-256 of a certificate"},
	{HEAD "revoked: [" A "ab]\n", "is no SHA-256 of a certificate"},
	{"keyhaul_policy: 1\napprovals: nobody\nmaterial_signers: none\n", "line 2, column 12: 'approvals' must be a map"},
	{"keyhaul_policy: 1\napprovals: none\nmaterial_signers: nobody\n", "'material_signers' must be a list"},
	{PEOPLE("1", ADA), NULL},
	{PEOPLE("2", ADA), "line 4, column 14: the threshold 2 cannot be met: there are 1 approvers"},
	{PEOPLE("0", ADA), "the threshold '0' is not from 1 to 8"},
	{PEOPLE("9", ADA), "the threshold '9' is not from 1 to 8"},
	{PEOPLE("01", ADA), "the threshold '01' is not"},
	{PEOPLE("1", ADA EVE("certificates: [" B "]")), NULL},
	{PEOPLE("1", ADA EVE("email: x")), "a person has no 'email'"},
	{PEOPLE("1", "    - {certificates: [" A "]}\n"), "a person lacks 'name'"},
	{PEOPLE("1", "    - {name: Ada}\n"), "line 6, column 7: 'Ada' has neither 'certificates' nor 'issued_by'"},
	{PEOPLE("1", ADA "    - {name: 'Ada ', certificates: [" B "]}\n"), "line 7, column 14: the name 'Ada ' begins or ends with a blank"},
	{PEOPLE("1", ADA "    - {name: ' Eve', certificates: [" B "]}\n"), "the name ' Eve' begins or ends with a blank"},
	{PEOPLE("1", ADA "    - {name: ADA, certificates: [" B "]}\n"), "line 7, column 7: the name 'ADA' stands there twice"},
	{PEOPLE("2", ADA EVE("certificates: [" B ", '" COLONS "']")),
	 "this certificate is another person's on line 6 already"},
	{PEOPLE("1", EVE("certificates: [" A ", " A "]")), "this certificate is this person's on line 6 already"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", subject: 'CN=Eve,O=x', file: ca.pem}]")), NULL},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: 'CN = Eve'}]")), "is no subject name"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: 'CN=Eve, O=x'}]")), "is no subject name"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: Eve}]")), "is no subject name"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: 'CN=Eve\\, Dr., O=x'}]")), "is no subject name"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: 'CN=Eve\\, Dr.,O=x'}]")), NULL},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem}]")), "'issued_by' lacks 'subject'"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", subject: CN=Eve}]")), "'issued_by' lacks 'file'"},
	{PEOPLE("1", EVE("issued_by: [{file: ca.pem, subject: CN=Eve}]")), "'issued_by' lacks 'issuer'"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", subject: CN=Eve, file: /ca.pem}]")), "is no file of the policy's folder"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: CN=Eve}]")
	 "    - {name: Eva, issued_by: [{issuer: " A ", file: ca.pem, subject: CN=Eve}]}\n"), "this subject of this issuer is another person's"},
	{PEOPLE("1", ADA) "revoked: ['" COLONS "']\n", "line 6, column 34: this certificate of 'Ada' is listed as revoked (line 7)"},
	{PEOPLE("1", EVE("issued_by: [{issuer: " A ", file: ca.pem, subject: CN=Eve}]")) "revoked: [" A "]\n", "this issuer is listed as revoked"},
	{"keyhaul_policy: 1\napprovals: none\nmaterial_signers: [{name: t, certificates: [" A ", " A "]}]\n",
	 "line 3, column 111: this certificate is this person's"},
};

static int parse(const char *text, struct policy **out, struct kh_error *err)
{
	memset(err, 0, sizeof(*err));
	*out = NULL;
	return policy_parse("p.yaml", text, strlen(text), out, err);
}

/* The example, which names a file that is not there. */
static void check_example(void)
{
	struct buf path = BUF_INIT(4096), text = BUF_INIT(POLICY_MAX);
	struct policy *p = NULL;
	struct kh_error err;

	cr_assert_eq(buf_addf(&path, "%s/doc/examples/policy.yaml", &err, getenv("KEYHAUL_SRC")), 0);
	cr_assert_eq(file_read(buf_text(&path), &text, &err), 0, "%s", err.msg);
	cr_assert_eq(policy_parse(buf_text(&path), buf_text(&text), text.len, &p, &err), 0, "%s", err.msg);
	cr_assert_eq(p->threshold, 2);
	cr_assert_eq(p->approvers.n, 3);
	policy_free(p);
	cr_assert_eq(policy_read(buf_text(&path), &p, &err), -1);
	cr_assert(strstr(err.msg, "policy.yaml: line 3") && strstr(err.msg, "ca.pem: No such file"), "%s", err.msg);
	buf_free(&path);
	buf_free(&text);
}

Test(policy, is_read_whole_or_refused_with_line_and_column)
{
	for (size_t i = 0; i < N(parsed); i++) {
		struct kh_error err;
		struct policy *p;
		int rc = parse(parsed[i].text, &p, &err);

		if (!parsed[i].says) {
			cr_assert_eq(rc, 0, "%s: %s", parsed[i].text, err.msg);
			policy_free(p);
			continue;
		}
		cr_assert_eq(rc, -1, "taken: %s", parsed[i].text);
		cr_assert_eq(err.code, KH_E_INPUT, "%s", parsed[i].text);
		cr_assert_not_null(strstr(err.msg, parsed[i].says), "%s: '%s' is not in '%s'", parsed[i].text, parsed[i].says,
				   err.msg);
		cr_assert_eq(strncmp(err.msg, "line ", 5), 0, "%s", err.msg);
	}
	check_example();
}

#define NOW INT64_C(1800000000)
#define DAY 86400
#define KEY_URI "pkcs11:token=t;object=o;id=%01%02"
#define AWS "https://kms.eu-west-1.amazonaws.com"

/* A request that is fine by itself, but for what a row says ("-": absent), and one rule. */
static const struct {
	const char *rule, *says; /* NULL: allowed */
	const char *endpoint, *key_uri, *serial, *model;
	int64_t valid_for, valid_to, age;
	enum keyspec spec;
	enum wrapalg alg;
	unsigned bits;
	enum bundle_flag tls;
} requests[] = {
	{.rule = "accounts: [111122223333, 444455556666]", .says = NULL},
	{.rule = "accounts: [111122223334, 444455556666]", .says = "policy rule 'accounts' allows 111122223334, 444455556666, and the account of "
						   "the KMS key is 111122223333 (p.yaml:4)"},
	{.rule = "\nregions:\n  - eu-west-2", .says = "'regions' allows eu-west-2, and the Region of the KMS key is eu-west-1 (p.yaml:5)"},
	{.rule = "regions: [eu-west-1]", .says = NULL},
	{.rule = "regions: [eu-west-10, eu-west]", .says = "'regions' allows eu-west-10, eu-west, and the Region of the KMS key is eu-west-1"},
	{.rule = "", .says = NULL, .endpoint = "https://kms-fips.eu-west-1.amazonaws.com"},
	{.rule = "", .says = NULL, .endpoint = "https://KMS.eu-west-1.api.aws/"},
	{.rule = "", .says = "'endpoints' allows KMS's own, and the endpoint that the request is from is https://kms.eu-west-2.amazonaws.com (p.yaml:1)",
	 .endpoint = "https://kms.eu-west-2.amazonaws.com"},
	{.rule = "", .says = "allows KMS's own, and", .endpoint = "https://x.execute-api.eu-west-1.amazonaws.com"},
	{.rule = "", .says = "allows KMS's own, and", .endpoint = "http://kms.eu-west-1.amazonaws.com"},
	{.rule = "", .says = "allows KMS's own, and", .endpoint = "https://kms.eu-west-1.amazonaws.com:8443"},
	{.rule = "", .says = "is unstated (p.yaml:1)", .endpoint = "-"},
	{.rule = "endpoints: [unstated]", .says = NULL, .endpoint = "-"},
	{.rule = "endpoints: [unstated]", .says = NULL},
	{.rule = "endpoints: [https://kms.example:8443/]", .says = NULL, .endpoint = "https://kms.example:8443"},
	{.rule = "endpoints: [https://kms.example]", .says = "allows KMS's own, https://kms.example, and the endpoint that the request is from is "
	 "https://kms.example.com (p.yaml:4)", .endpoint = "https://kms.example.com"},
	{.rule = "", .says = "allows KMS's own with verified TLS, and TLS there is not verified", .tls = BUNDLE_FALSE},
	{.rule = "endpoints: ['http://127.0.0.1:1']", .says = NULL, .endpoint = "http://127.0.0.1:1", .tls = BUNDLE_FALSE},
	{.rule = "key_specs: [HMAC_256]", .says = "'key_specs' allows HMAC_256, and the key spec is SYMMETRIC_DEFAULT"},
	{.rule = "wrapping_algorithms: [RSAES_OAEP_SHA_1]", .says = "'wrapping_algorithms' allows RSAES_OAEP_SHA_1, and the wrapping algorithm is "
						   "RSAES_OAEP_SHA_256"},
	{.rule = "least_wrapping_key_spec: RSA_4096", .says = "'least_wrapping_key_spec' allows RSA_4096 and larger, and the wrapping key is RSA_3072"},
	{.rule = "least_wrapping_key_spec: RSA_3072", .says = NULL},
	{.rule = "least_wrapping_key_spec: RSA_2048", .says = NULL},
	{.rule = "longest_request_age: 2h", .says = NULL, .age = 2 * 3600},
	{.rule = "longest_request_age: 2h", .says = "'longest_request_age' allows 2h, and the request is from 2027-01-15T05:59:59Z, and the time "
				    "2027-01-15T08:00:00Z (p.yaml:4)", .age = 2 * 3600 + 1},
	{.rule = "longest_request_age: 2h", .says = NULL, .age = -300},
	{.rule = "longest_request_age: 2h", .says = "which is before it", .age = -301},
	{.rule = "largest_expiry: 90d", .says = NULL, .valid_for = 90 * DAY},
	{.rule = "largest_expiry: 90d", .says = "'largest_expiry' allows 90d, and what the import is to say is", .valid_for = 90 * DAY + 1},
	{.rule = "largest_expiry: 90d", .says = NULL, .valid_to = NOW + 90 * DAY},
	{.rule = "largest_expiry: 90d", .says = "'largest_expiry' allows 90d", .valid_to = NOW + 90 * DAY + 1},
	{.rule = "largest_expiry: 90d", .says = "'largest_expiry' allows 90d", .model = INTENT_DOES_NOT_EXPIRE},
	{.rule = "largest_expiry: never", .says = NULL, .model = INTENT_DOES_NOT_EXPIRE},
	{.rule = "", .says = NULL, .model = INTENT_DOES_NOT_EXPIRE},
	{.rule = "", .says = "the expiry in this one is not stated (p.yaml:1)", .model = "-"},
	{.rule = "", .says = "requests that name the key by its id, and the key in this one is not stated", .key_uri = "-"},
	{.rule = "", .says = "the key in this one is pkcs11:token=t;object=id", .key_uri = "pkcs11:token=t;object=id"},
	{.rule = "", .says = "requests that name the token by its serial, and the token in this one is not stated", .serial = "-"},
	{.rule = "tokens: [{serial: 12ab}, {serial: 34cd}]", .says = NULL, .serial = "34cd"},
	{.rule = "tokens: [{serial: 12ab}, {serial: 34cd}]", .says = "'tokens' allows the serials 12ab, 34cd, and the serial of the request's token is "
						     "34CD (p.yaml:4)", .serial = "34CD"},
};

static const char *pick(const char *row, const char *usual)
{
	return !row ? usual : strcmp(row, "-") == 0 ? NULL : row;
}

Test(policy, refuses_a_request_by_the_rule_and_its_line)
{
	for (size_t i = 0; i < N(requests); i++) {
		struct bundle_request r = {.endpoint = pick(requests[i].endpoint, AWS), .key_uri = pick(requests[i].key_uri, KEY_URI),
					   .token_serial = pick(requests[i].serial, "12ab"), .fetched_at = NOW - requests[i].age,
					   .tls_verified = requests[i].tls ? requests[i].tls : BUNDLE_TRUE};
		struct bundle_facts facts = {.arn = {.partition = "aws", .region = "eu-west-1", .account = "111122223333"},
					     .key_spec = KEYSPEC_SYMMETRIC_DEFAULT, .algorithm = WRAPALG_RSAES_OAEP_SHA_256,
					     .wrapping_bits = 3072};
		struct kh_error err;
		struct policy *p;
		char text[1024];

		r.intent = (struct intent){.expiration_model = pick(requests[i].model, INTENT_EXPIRES),
					   .valid_for = requests[i].valid_for, .valid_to = requests[i].valid_to};
		if (!requests[i].valid_for && !requests[i].valid_to && r.intent.expiration_model &&
		    strcmp(r.intent.expiration_model, INTENT_EXPIRES) == 0)
			r.intent.valid_for = DAY;
		(void)snprintf(text, sizeof(text), HEAD "%s\n", requests[i].rule);
		cr_assert_eq(parse(text, &p, &err), 0, "%s", err.msg);
		if (!requests[i].says) {
			cr_assert_eq(policy_check_request(p, &r, &facts, NOW, &err), 0, "row %zu: %s", i, err.msg);
		} else {
			cr_assert_eq(policy_check_request(p, &r, &facts, NOW, &err), -1, "row %zu: %s", i, requests[i].rule);
			cr_assert_eq(err.code, KH_E_CHECK);
			cr_assert_not_null(strstr(err.msg, requests[i].says), "row %zu: %s", i, err.msg);
		}
		policy_free(p);
	}
}

/* What the token states of itself and of a key; ABSENT is not stated. */
static const struct {
	const char *rule, *says;
	const char *serial, *label, *mechanism;
	enum bundle_flag hardware, sensitive, always_sensitive, extractable, local, kept;
} materials[] = {
	{.rule = "tokens: [{serial: 1}, {serial: a%b, label: Room}]", .says = NULL, .serial = "a%25b", .label = "Room"},
	{.rule = "tokens: [{serial: 1}, {serial: a%b, label: Room}]", .says = "'tokens' allows those that it lists, and the token is 'Hall' with serial "
	 "a%25b (p.yaml:4)", .serial = "a%25b", .label = "Hall"},
	{.rule = "tokens: [{serial: 1}]", .says = "with serial not stated"},
	{.rule = "tokens: [{serial: 1}]", .says = NULL, .serial = "1", .label = "any"},
	{.rule = "hardware: true", .says = NULL, .hardware = BUNDLE_TRUE},
	{.rule = "hardware: true", .says = "'hardware' allows tokens in a slot that says it is hardware (CKF_HW_SLOT)", .hardware = BUNDLE_FALSE},
	{.rule = "hardware: true", .says = "'hardware'"},
	{.rule = "", .says = NULL, .hardware = BUNDLE_FALSE, .sensitive = BUNDLE_FALSE, .local = BUNDLE_FALSE},
	{.rule = "key: {sensitive: true, always_sensitive: true, extractable: true, local: true, kept: true}", .says = NULL},
	{.rule = "key: {sensitive: true}", .says = "'key.sensitive' allows true or not stated, and it of this key is false (p.yaml:4)",
	 .sensitive = BUNDLE_FALSE, .local = BUNDLE_FALSE},
	{.rule = "key: {sensitive: true}", .says = NULL, .sensitive = BUNDLE_TRUE},
	{.rule = "key: {always_sensitive: true}", .says = "'key.always_sensitive'", .always_sensitive = BUNDLE_FALSE},
	{.rule = "key: {extractable: true}", .says = "'key.extractable'", .extractable = BUNDLE_FALSE},
	{.rule = "key: {local: true}", .says = "'key.local'", .local = BUNDLE_FALSE},
	{.rule = "key: {kept: true}", .says = "'key.kept'", .kept = BUNDLE_FALSE},
	{.rule = "key: {key_gen_mechanisms: [CKM_AES_KEY_GEN]}", .says = NULL},
	{.rule = "key: {key_gen_mechanisms: [CKM_AES_KEY_GEN]}", .says = NULL, .mechanism = "CKM_AES_KEY_GEN"},
	{.rule = "key: {key_gen_mechanisms: [CKM_AES_KEY_GEN]}", .says = "the mechanism that made this key is CKM_GENERIC_SECRET_KEY_GEN",
	 .mechanism = "CKM_GENERIC_SECRET_KEY_GEN"},
};

Test(policy, refuses_a_token_and_a_key_by_what_they_state)
{
	for (size_t i = 0; i < N(materials); i++) {
		struct bundle_material m = {
			.token = {.serial = materials[i].serial, .label = materials[i].label, .hardware = materials[i].hardware},
			.key = {.sensitive = materials[i].sensitive, .always_sensitive = materials[i].always_sensitive,
				.extractable = materials[i].extractable, .local = materials[i].local, .kept = materials[i].kept,
				.key_gen_mechanism = materials[i].mechanism}};
		struct kh_error err;
		struct policy *p;
		char text[1024];
		int rc;

		(void)snprintf(text, sizeof(text), HEAD "%s\n", materials[i].rule);
		cr_assert_eq(parse(text, &p, &err), 0, "%s", err.msg);
		rc = policy_check_token(p, &m, &err) || policy_check_key(p, &m, &err) ? -1 : 0;
		cr_assert_eq(rc, materials[i].says ? -1 : 0, "row %zu", i);
		cr_assert(!rc || (err.code == KH_E_CHECK && strstr(err.msg, materials[i].says)), "row %zu: %s", i, err.msg);
		policy_free(p);
	}
}

/* Which token a request for a key goes to, by the URI and the policy. */
Test(policy, knows_the_token_where_there_is_one)
{
	static const struct {
		const char *tokens, *uri, *serial;
	} rows[] = {
		{"[{serial: 1}]", "pkcs11:object=o", "1"},
		{"[{serial: 1}]", "pkcs11:serial=2%203;object=o", "2 3"},
		{"[{serial: 1}, {serial: 2}]", "pkcs11:object=o", NULL},
		{"[{serial: 1, label: a}, {serial: 2, label: b c}]", "pkcs11:token=b%20c;object=o", "2"},
		{"[{serial: 1, label: a}, {serial: 2, label: a}]", "pkcs11:token=a;object=o", NULL},
		{"[{serial: 1, label: a}]", "pkcs11:token=b;object=o", NULL},
		{"[{serial: 1, label: a}]", "pkcs11:object=o", "1"},
	};

	for (size_t i = 0; i < N(rows); i++) {
		char serial[POLICY_SERIAL_MAX] = "", text[512];
		struct kh_error err;
		struct policy *p;
		bool there;

		(void)snprintf(text, sizeof(text), HEAD "tokens: %s\n", rows[i].tokens);
		cr_assert_eq(parse(text, &p, &err), 0, "%s", err.msg);
		there = policy_token_serial(p, rows[i].uri, serial);
		cr_assert_eq(there, rows[i].serial != NULL, "row %zu", i);
		cr_assert(!there || strcmp(serial, rows[i].serial) == 0, "row %zu: %s", i, serial);
		policy_free(p);
	}
}
