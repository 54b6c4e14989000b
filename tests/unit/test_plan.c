/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "plan/plan.h"
#include "yaml/yamlfield.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ID "12345678-1234-1234-1234-123456789012"
#define ARN "arn:aws:kms:eu-west-1:111122223333:key/" ID
#define MRK "mrk-12345678123412341234123456789012"
#define HEX64 "abababababababababababababababababababababababababababababababab"
#define HEAD "keyhaul_plan: 1\nkeys:\n"
#define URI "pkcs11:token=t;object=o"
#define MATERIAL "    materials: [{key_uri: '" URI "'}]\n"
#define END "    expires: never\n" MATERIAL
#define MANY 9000
#define KEY(name, id) "  - name: " name "\n    key_id: " id "\n" END
#define ONE(more) HEAD "  - name: a\n    key_id: " ARN "\n" more
#define MADE(more) HEAD "  - name: a\n    create: {" more "}\n" END

static int parse(const char *text, struct plan **out, struct kh_error *err)
{
	memset(err, 0, sizeof(*err));
	*out = NULL;
	return plan_parse(text, strlen(text), out, err);
}

/* Each with its line and column; the lines count from keyhaul_plan. */
static const struct {
	const char *text, *says;
} refused[] = {
	{"keyhaul_plan: 2\nkeys: 3\n", "line 1, column 15: keyhaul_plan '2'"},
	{"keys: []\n", "line 1, column 7: 'keys' must be a list that is not empty"},
	{"- a\n", "line 1, column 1: a plan must be a map"},
	{HEAD KEY("a", ARN) "default: 1\n", "line 7, column 10: a plan has no 'default'"},
	{"keyhaul_plan: 1\n", "line 1, column 1: a plan lacks 'keys'"},
	{"keys:\n" KEY("a", ARN), "a plan lacks 'keyhaul_plan'"},
	{ONE(END "    module: /x.so\n"), "line 7, column 13: a key has no 'module'"},
	{ONE(END "    profile: x\n"), "a key has no 'profile'"},
	{ONE(END "    pin: x\n"), "a key has no 'pin'"},
	{ONE(MATERIAL), "line 3, column 5: a key lacks 'expires'"},
	{ONE("    expires: never\n"), "a key lacks 'materials'"},
	{HEAD "  - key_id: " ARN "\n" END, "a key lacks 'name'"},
	{HEAD "  - name: a\n" END, "line 3, column 5: a key lacks 'key_id' or 'create'"},
	{ONE(END "    create: {key_spec: HMAC_256}\n"), "line 7, column 13: 'key_id' and 'create' contradict"},
	{HEAD KEY("a/b", ARN), "line 3, column 11: the name 'a/b'"},
	{HEAD KEY("..", ARN), "the name '..'"},
	{HEAD KEY("-a", ARN), "the name '-a'"},
	{HEAD KEY("'a b'", ARN), "the name"},
	{HEAD KEY("a", "alias/x"), "line 4, column 13: 'alias/x' is no ARN"},
	{HEAD KEY("a", "arn:aws:kms:nowhere!:111122223333:key/" ID), "is no ARN"},
	{HEAD KEY("a", ARN) KEY("a", ID), "line 7, column 11: name 'a' stands there twice: the key on line 3"},
	{HEAD KEY("a", ARN) KEY("A", ID), "line 7, column 11: name 'A' stands there twice: the key on line 3"},
	{HEAD KEY("a", ARN) KEY("b", ARN), "line 8, column 13: key_id '" ARN "' stands there twice"},
	{HEAD KEY("a", ARN) KEY("b", ID), "line 8, column 13: key_id '" ID "' stands there twice"},
	{HEAD KEY("a", MRK) KEY("b", "arn:aws:kms:eu-west-1:111122223333:key/" MRK), "stands there twice"},
	{HEAD KEY("a", "arn:aws:kms:eu-west-1:111122223333:key/" MRK) KEY("b", "arn:aws:kms:us-east-1:111122223333:key/" MRK),
	 NULL},
	{ONE("    region: us-east-1\n" END), "line 5, column 13: the Region us-east-1 is not that of the ARN, eu-west-1"},
	{ONE("    region: 'x y'\n" END), "is no Region"},
	{ONE("    expires: 2020-01-01\n" MATERIAL), NULL}, /* plan_check_times' matter */
	{ONE("    expires: soon\n" MATERIAL), "line 5, column 14: 'soon' is no time in the future"},
	{ONE("    expires:\n" MATERIAL), "line 5, column 5: 'expires' has no value"},
	{ONE("    expires: [never]\n" MATERIAL), "'expires' must be one text"},
	{ONE("    expires: 0d\n" MATERIAL), "no time in the future"},
	{ONE("    wrapping_algorithm: RSAES_PKCS1_V1_5\n" END), "line 5, column 25: "},
	{ONE("    wrapping_key_spec: RSA_1024\n" END), "line 5, column 24: "},
	{ONE("    key_spec: RSA_2048\n    wrapping_algorithm: RSAES_OAEP_SHA_256\n" END), "line 6, column 25: "},
	{ONE("    key_spec: ML_DSA_44\n" END), "line 5, column 15: "},
	{ONE("    key_spec: HMAC_256\n    key_usage: SIGN_VERIFY\n" END), "line 6, column 16: a key of HMAC_256"},
	{ONE("    key_usage: SIGN_VERIFY\n" END), "'key_usage' without 'key_spec'"},
	{ONE("    expires: never\n    materials: []\n"), "line 6, column 16: 'materials' must be a list"},
	{ONE("    expires: never\n    materials: [{}]\n"), "line 6, column 17: a material lacks 'key_uri'"},
	{ONE("    expires: never\n    materials: [{key_uri: '" URI "', slot: 1}]\n"), "a material has no 'slot'"},
	{ONE("    expires: never\n    materials: [{key_uri: 'pkcs11:token=t;object=o?pin-value=1'}]\n"),
	 "line 6, column 27: URI: "},
	{ONE("    expires: never\n    materials: [{key_uri: 'pkcs11:serial=1;object=o'}]\n"), "attribute 'serial' is not allowed"},
	{ONE("    expires: never\n    materials: [{key_uri: 'pkcs11:token=t'}]\n"), "the URI names no key"},
	{ONE("    expires: never\n    materials: [{key_uri: '" URI "'}, {key_uri: '" URI "'}]\n"), "the same key_uri"},
	{ONE("    expires: never\n    materials:\n      - {key_uri: 'pkcs11:object=a;token=t'}\n"
	     "      - {key_uri: 'pkcs11:token=%74;object=%61'}\n"), "line 8, column 9: the same key_uri"},
	{ONE("    expires: never\n    materials:\n      - {key_uri: 'pkcs11:object=a'}\n"
	     "      - {key_uri: 'pkcs11:object=A', key_material_id: " HEX64 "}\n"), NULL},
	{ONE("    expires: never\n    materials:\n      - {key_uri: 'pkcs11:object=a'}\n"
	     "      - {key_uri: 'pkcs11:object=a;id=%00', key_material_id: " HEX64 "}\n"), NULL},
	{ONE("    expires: never\n    materials: [{key_uri: '" URI "', key_material_id: AB}]\n"), "64 hex digits"},
	{ONE("    expires: never\n    materials: [{key_uri: '" URI "', description: 'a,b'}]\n"), "line 6, column 17: "},
	{ONE("    key_spec: HMAC_256\n    expires: never\n    materials: [{key_uri: '" URI "', description: x}]\n"),
	 "line 7, column 17: HMAC_256"},
	{ONE("    key_spec: HMAC_256\n    expires: never\n    materials: [{key_uri: 'pkcs11:object=a'}, {key_uri: 'pkcs11:object=b'}]\n"),
	 "takes one for life"},
	{ONE("    expires: never\n    materials: [{key_uri: 'pkcs11:object=a'}, {key_uri: 'pkcs11:object=b'}, "
	     "{key_uri: 'pkcs11:object=c'}]\n"), "a second new material"},
	{ONE("    expires: never\n    materials:\n      - {key_uri: 'pkcs11:object=a', key_material_id: " HEX64 "}\n"
	     "      - {key_uri: 'pkcs11:object=b', key_material_id: " HEX64 "}\n"), "line 8, column 9: the same key_material_id"},
	{MADE("key_usage: SIGN_VERIFY"), "line 4, column 13: 'create' lacks 'key_spec'"},
	{MADE("key_spec: RSA_2048"), "'create' lacks 'key_usage'"},
	{MADE("key_spec: HMAC_256, origin: EXTERNAL"), "'create' has no 'origin'"},
	{MADE("key_spec: HMAC_256, alias: alias/aws/x"), "no alias of a user's"},
	{MADE("key_spec: HMAC_256, alias: x"), "no alias of a user's"},
	{MADE("key_spec: HMAC_256, policy: /etc/passwd"), "'/etc/passwd' is no file of the plan's folder"},
	{MADE("key_spec: HMAC_256, policy: ../p.json"), "no file of the plan's folder"},
	{MADE("key_spec: HMAC_256, policy: a/../../p.json"), "no file of the plan's folder"},
	{MADE("key_spec: HMAC_256, policy: a//p.json"), "no file of the plan's folder"},
	{MADE("key_spec: HMAC_256, policy: a/..p.json"), NULL},
	{MADE("key_spec: HMAC_256, multi_region: yes"), "must be true or false"},
	{MADE("key_spec: HMAC_256, multi_region: 'true'"), "must be true or false"},
	{MADE("key_spec: HMAC_256, tags: {'aws:x': 1}"), "the tag 'aws:x'"},
	{MADE("key_spec: HMAC_256, tags: {'" PLAN_TAG_ID "': 1}"), "not for users"},
	{MADE("key_spec: HMAC_256, tags: [a]"), "'tags' must be a map"},
	{MADE("key_spec: HMAC_256, replicas: [{region: us-east-1, policy: default-policy}]"), "without 'multi_region"},
	{MADE("key_spec: HMAC_256, multi_region: true, replicas: [{region: us-east-1}]"), "a replica lacks 'policy'"},
	{MADE("key_spec: HMAC_256, multi_region: true, replicas: [{region: us-east-1, policy: p}, {region: us-east-1, "
	      "policy: p}]"), "has two replicas"},
	{HEAD "  - name: a\n    create: {key_spec: HMAC_256}\n    key_spec: HMAC_256\n" END, "belongs into 'create'"},
	{HEAD "  - name: a\n    create: {key_spec: HMAC_256, alias: alias/x}\n" END
	      "  - name: b\n    create: {key_spec: HMAC_256, alias: alias/x}\n" END, "line 8, column 41: alias 'alias/x'"},
};

Test(plan, refuses_with_line_and_column)
{
	for (size_t i = 0; i < N(refused); i++) {
		struct kh_error err;
		struct plan *p;
		int rc = parse(refused[i].text, &p, &err);

		cr_assert_eq(rc == 0, refused[i].says == NULL, "row %zu: %s", i, err.msg);
		cr_assert(!refused[i].says || strstr(err.msg, refused[i].says), "row %zu: '%s' in:\n%s", i, err.msg, refused[i].text);
		cr_assert(rc == 0 || (err.code == KH_E_INPUT && strncmp(err.msg, "line ", 5) == 0), "row %zu: %s", i, err.msg);
		plan_free(p);
	}
}

#define FULL HEAD \
	"  - name: orders\n    key_id: " ARN "\n    key_spec: SYMMETRIC_DEFAULT\n    wrapping_algorithm: RSAES_OAEP_SHA_1\n" \
	"    wrapping_key_spec: RSA_3072\n    expires: 90d\n    materials:\n" \
	"      - key_uri: pkcs11:token=t;object=old\n        key_material_id: " HEX64 "\n        description: the first\n" \
	"      - key_uri: pkcs11:token=t;object=new;type=secret-key\n" \
	"  - name: signing\n    region: eu-central-1\n    create:\n      key_spec: RSA_2048\n      key_usage: SIGN_VERIFY\n" \
	"      description: signs\n      tags: {Team: a, Stage: ''}\n      alias: alias/signing\n      policy: p.json\n" \
	"      multi_region: true\n      replicas:\n        - {region: us-east-1, policy: default-policy}\n" \
	"        - {region: us-west-2, policy: q.json}\n    expires: 2027-02-20T10:00:00Z\n" MATERIAL

Test(plan, says_all_that_it_holds)
{
	const struct plan_key *k;
	struct intent intent;
	struct kh_error err;
	struct plan *p;
	char name[PLAN_BUNDLE_MAX];

	cr_assert_eq(parse(FULL, &p, &err), 0, "%s", err.msg);
	cr_assert_eq(plan_count(p), 2);
	k = plan_key(p, 0);
	cr_assert(k->key_spec == KEYSPEC_SYMMETRIC_DEFAULT && k->algorithm == WRAPALG_RSAES_OAEP_SHA_1 &&
		  k->wrapping_bits == 3072 && k->n_materials == 2 && !k->create.at);
	cr_assert_str_eq(k->region, "eu-west-1");
	cr_assert_str_eq(k->key_id, ARN);
	plan_intent(k, 0, false, &intent);
	cr_assert_str_eq(intent.import_type, INTENT_EXISTING);
	cr_assert_str_eq(intent.key_material_id, HEX64);
	cr_assert_str_eq(intent.key_material_description, "the first");
	cr_assert(strcmp(intent.expiration_model, INTENT_EXPIRES) == 0 && intent.valid_for == 90 * 86400);
	plan_intent(k, 1, false, &intent);
	cr_assert_str_eq(intent.import_type, INTENT_NEW);
	cr_assert_null(intent.key_material_id);
	plan_intent(k, 1, true, &intent);
	cr_assert_str_eq(intent.import_type, INTENT_EXISTING);
	plan_bundle_name(k, 0, "eu-west-1", name);
	cr_assert_str_eq(name, "orders.eu-west-1.bundle");
	plan_bundle_name(k, 1, "eu-west-1", name);
	cr_assert_str_eq(name, "orders.2.eu-west-1.bundle");
	k = plan_key(p, 1);
	cr_assert(!k->key_id && k->key_spec == KEYSPEC_RSA_2048 && k->wrapping_bits == 4096 && k->create.multi_region);
	cr_assert(k->create.n_tags == 2 && strcmp(k->create.tags[0].value, "a") == 0 && !*k->create.tags[1].value);
	cr_assert(k->create.n_replicas == 2 && !k->create.replicas[0].policy);
	cr_assert_str_eq(k->create.replicas[1].policy, "q.json");
	cr_assert_str_eq(k->create.policy, "p.json");
	cr_assert_str_eq(k->create.alias, "alias/signing");
	plan_intent(k, 0, true, &intent);
	cr_assert(!intent.import_type && intent.valid_to == 1803117600);
	cr_assert_null(plan_key(p, 2));
	plan_free(p);
}

Test(plan, times_are_judged_by_a_clock_that_is_given)
{
	static const struct {
		int64_t now;
		const char *says;
	} rows[] = {
		{1803117600 - 365 * 86400, NULL},
		{1803117600 - 365 * 86400 - 1, "line 27, column 14: the expiry 2027-02-20T10:00:00Z is more than 365 days"},
		{1803117599, NULL},
		{1803117600, "line 27, column 14: the expiry 2027-02-20T10:00:00Z is past"},
	};
	struct kh_error err;
	struct plan *p;

	cr_assert_eq(parse(FULL, &p, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < N(rows); i++) {
		int rc = plan_check_times(p, rows[i].now, &err);

		cr_assert_eq(rc == 0, rows[i].says == NULL, "row %zu: %s", i, err.msg);
		cr_assert(!rows[i].says || (strstr(err.msg, rows[i].says) && err.code == KH_E_INPUT), "row %zu: %s", i, err.msg);
	}
	plan_free(p);
}

/* The largest plan is read at once, and its digest is that of its bytes. */
Test(plan, takes_thousands_of_keys)
{
	struct buf text = BUF_INIT(PLAN_MAX), where = BUF_INIT(64);
	struct kh_error err = {0};
	struct plan *p = NULL;

	cr_assert_eq(buf_addf(&text, "keyhaul_plan: 1\nkeys:\n", &err), 0);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(buf_addf(&text, "- {name: k%u, key_id: %08x-0000-0000-0000-000000000000, expires: 9d, ", &err, i, i) ||
				     buf_addf(&text, "materials: [{key_uri: 'pkcs11:id=1'}]}\n", &err), 0, "%s", err.msg);
	cr_assert_eq(plan_parse(text.data, text.len, &p, &err), 0, "%s", err.msg);
	cr_assert_eq(plan_count(p), MANY);
	plan_free(p);
	buf_free(&text);
	cr_assert_eq(plan_parse("keyhaul_plan: 1\n", 16, &p, &err), -1);
	cr_assert_eq(yamlfield_beside("a/b/plan.yaml", "p.json", &where, &err) || strcmp(where.data, "a/b/p.json"), 0);
	where.len = 0;
	cr_assert_eq(yamlfield_beside("plan.yaml", "p.json", &where, &err) || strcmp(where.data, "p.json"), 0);
	where.len = 0;
	cr_assert_eq(yamlfield_beside("a/plan.yaml", "/p.json", &where, &err) || strcmp(where.data, "/p.json"), 0);
	buf_free(&where);
}
