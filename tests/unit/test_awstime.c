/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws/awstime.h"
#include "base/clock.h"
#include "bundle/intent.h"

#include <criterion/criterion.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define DAY 86400
#define NOW INT64_C(1795341600) /* 2026-11-22T10:00:00Z */

static const struct {
	const char *text, *means;
} absolute[] = {
	{"1795341600", "2026-11-22T10:00:00Z"},
	{"1795341600.999", "2026-11-22T10:00:00Z"},
	{"0", "1970-01-01T00:00:00Z"},
	{"2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"},
	{"2026-11-22t10:00:00z", "2026-11-22T10:00:00Z"},
	{"2026-11-22 10:00:00", "2026-11-22T10:00:00Z"},
	{"2026-11-22T10:00", "2026-11-22T10:00:00Z"},
	{"2026-11-22T10:00Z", "2026-11-22T10:00:00Z"},
	{"2026-11-22", "2026-11-22T00:00:00Z"},
	{"20261122T100000Z", "2026-11-22T10:00:00Z"},
	{"20261122T1000+0130", "2026-11-22T08:30:00Z"},
	{"2026-11-22T10:00:00.457000Z", "2026-11-22T10:00:00Z"},
	{"2025-11-22T03:28:43.457000-05:00", "2025-11-22T08:28:43Z"},
	{"2025-11-22T03:28:43-05:00", "2025-11-22T08:28:43Z"},
	{"2026-11-22T10:00:00+0130", "2026-11-22T08:30:00Z"},
	{"2026-11-22T10:00:00+02", "2026-11-22T08:00:00Z"},
	{"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"},
	{"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
	{"Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22T10:00:00Z"},
	{"sun, 22 nov 2026 10:00:00 gmt", "2026-11-22T10:00:00Z"},
	{"22 Nov 2026 10:00:00", "2026-11-22T10:00:00Z"},
	{"22 Nov 2026 10:00 UTC", "2026-11-22T10:00:00Z"},
	{"22 Nov 26 10:00 UT", "2026-11-22T10:00:00Z"},
	{"Sun, 22 Nov 2026 10:00:00 +0130", "2026-11-22T08:30:00Z"},
	{"Sun, 22 Nov 2026 10:00:00 EST", "2026-11-22T15:00:00Z"},
	{"Sun, 22 Nov 2026 23:00:00 PDT", "2026-11-23T06:00:00Z"},
	{"1 Jan 2027 00:00:00 Z", "2027-01-01T00:00:00Z"},
};

static const char *const refused[] = {
	"", " ", "now", "tomorrow", "-1", "+1795341600", "1795341600 ", " 1795341600", "1.795e9", "1795341600.", "0x6b", "1795341600000",
	"99999999999999999999999999", "2026-11-22T", "2026-11-22T10", "2026-11-22T10:0", "2026-11-22T10:00:00ZZ", "2026-11-22T10:00:00+",
	"20261122T10:00:00Z", "20261122T100", "2026-11-22T100000Z", "202611-22T10:00:00Z", "2026-11-22T10:00:00+1", "2026-11-22T10:00:00+0", "2026-11-22T10:00:00+01:", "2026-11-22T10:00:00+01:0", "2026-11-22T10:00:00+24:00",
	"2026-11-22T10:00:00+01:60", "2026-11-22T10:00:00.Z", "2026-02-29", "2026-13-01", "2026-00-01", "2026-11-31", "2026-11-22T24:00:00Z",
	"2026-11-22T10:60:00Z", "2026-11-22T10:00:60Z", "26-11-22", "2026/11/22", "22.11.2026", "11/22/2026", "1969-12-31T23:59:59Z",
	"1970-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "Mon, 22 Nov 2026 10:00:00 GMT", "Sun 22 Nov 2026 10:00:00 GMT",
	"Sun, 22 Nov 2026", "22 Nov 2026", "22 Foo 2026 10:00:00", "31 Nov 2026 10:00:00", "22 Nov 202 10:00:00", "22 Nov 2026 10:00:00 CET",
	"22 Nov 2026 10:00:00 +1", "Sun, 22 Nov 2026 10:00:00 GMT and much more text behind it, past every form there is",
};

Test(awstime, absolute_forms)
{
	struct kh_error err;
	struct awstime both;
	char text[CLOCK_TEXT];
	int64_t t;

	for (size_t i = 0; i < N(absolute); i++) {
		cr_assert_eq(awstime_parse_absolute(absolute[i].text, &t, &err), 0, "%s: %s", absolute[i].text, err.msg);
		clock_format(t, text);
		cr_assert_str_eq(text, absolute[i].means, "%s is %s", absolute[i].text, text);
		cr_assert_eq(awstime_parse(absolute[i].text, &both, &err), 0);
		cr_assert(!both.relative && both.seconds == t);
	}
	for (size_t i = 0; i < N(refused); i++) {
		cr_assert_eq(awstime_parse_absolute(refused[i], &t, &err), -1, "'%s'", refused[i]);
		cr_assert_eq(err.code, KH_E_INPUT);
		cr_assert_eq(awstime_parse(refused[i], &both, &err), -1, "'%s'", refused[i]);
		cr_assert(err.code == KH_E_USAGE && err.hint[0], "'%s'", refused[i]);
	}
}

Test(awstime, spans)
{
	static const char *const bad[] = {"0d", "0h", "d", "h", "-1d", "+1d", "1.5d", "90 d", "90D", "90m", "90days", "1w", "9999999d", "1d1h"};
	struct kh_error err;
	struct awstime t;

	cr_assert(awstime_parse("90d", &t, &err) == 0 && t.relative && t.seconds == 90 * DAY);
	cr_assert(awstime_parse("36h", &t, &err) == 0 && t.relative && t.seconds == 36 * 3600);
	cr_assert(awstime_parse("007d", &t, &err) == 0 && t.seconds == 7 * DAY);
	for (size_t i = 0; i < N(bad); i++) {
		cr_assert_eq(awstime_parse(bad[i], &t, &err), -1, "%s", bad[i]);
		cr_assert_eq(err.code, KH_E_USAGE);
	}
	cr_assert_eq(awstime_parse_absolute("90d", &t.seconds, &err), -1, "KMS prints no spans");
}

Test(awstime, http_dates)
{
	static const char *const bad[] = {"", "2026-11-22T02:31:59Z", "Sun, 22 Nov 2026 02:31:59 UTC", "Sun, 22 Nov 2026 02:31:59",
					  "Mon, 22 Nov 2026 02:31:59 GMT", "Sun, 22 Nov 2026 02:31:60 GMT", "1795341600",
					  "22 Nov 2026 02:31:59.0000 GMT", "Sun, 22 Nov 26 02:31:59.0 GMT "};
	struct kh_error err;
	char text[CLOCK_TEXT];
	int64_t t;

	cr_assert_eq(awstime_parse_http("Sun, 22 Nov 2026 02:31:59 GMT", &t, &err), 0);
	clock_format(t, text);
	cr_assert_str_eq(text, "2026-11-22T02:31:59Z");
	for (size_t i = 0; i < N(bad); i++)
		cr_assert_eq(awstime_parse_http(bad[i], &t, &err), -1, "%s", bad[i]);
}

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NEVER .expiration_model = INTENT_DOES_NOT_EXPIRE
#define UNTIL(t) .expiration_model = INTENT_EXPIRES, .valid_to = (t)

static const struct {
	struct intent intent;
	enum keyspec spec;
	bool good;
} intents[] = {
	{{NEVER}, KEYSPEC_RSA_2048, true},
	{{UNTIL(NOW + 1)}, KEYSPEC_RSA_2048, true},
	{{UNTIL(NOW + 365 * DAY)}, KEYSPEC_HMAC_256, true},
	{{.expiration_model = INTENT_EXPIRES, .valid_for = 365 * DAY}, KEYSPEC_HMAC_256, true},
	{{NEVER, .import_type = INTENT_NEW, .key_material_description = "a:b/c_d.e-f 1"}, KEYSPEC_SYMMETRIC_DEFAULT, true},
	{{NEVER, .import_type = INTENT_EXISTING, .key_material_id = ID64}, KEYSPEC_SYMMETRIC_DEFAULT, true},
	{{NEVER, .key_material_id = ID64}, KEYSPEC_SYMMETRIC_DEFAULT, true},
	{{0}, KEYSPEC_RSA_2048, false},				/* nothing said of the expiry */
	{{.import_type = INTENT_NEW}, KEYSPEC_SYMMETRIC_DEFAULT, false},
	{{UNTIL(NOW)}, KEYSPEC_RSA_2048, false},		/* past */
	{{UNTIL(NOW + 365 * DAY + 1)}, KEYSPEC_RSA_2048, false},
	{{.expiration_model = INTENT_EXPIRES, .valid_for = 365 * DAY + 1}, KEYSPEC_HMAC_256, false},
	{{.expiration_model = INTENT_EXPIRES}, KEYSPEC_RSA_2048, false},
	{{NEVER, .valid_to = NOW + DAY}, KEYSPEC_RSA_2048, false},
	{{NEVER, .valid_for = DAY}, KEYSPEC_RSA_2048, false},
	{{UNTIL(NOW + 1), .valid_for = DAY}, KEYSPEC_RSA_2048, false},
	{{.valid_to = NOW + 1}, KEYSPEC_RSA_2048, false},
	{{.expiration_model = "SOON"}, KEYSPEC_RSA_2048, false},
	{{NEVER, .import_type = INTENT_NEW}, KEYSPEC_HMAC_256, false},
	{{NEVER, .key_material_id = ID64}, KEYSPEC_RSA_2048, false},
	{{NEVER, .key_material_description = "x"}, KEYSPEC_ECC_NIST_P256, false},
	{{NEVER, .import_type = "OTHER"}, KEYSPEC_SYMMETRIC_DEFAULT, false},
	{{NEVER, .import_type = INTENT_NEW, .key_material_id = ID64}, KEYSPEC_SYMMETRIC_DEFAULT, false},
	{{NEVER, .key_material_id = "0123"}, KEYSPEC_SYMMETRIC_DEFAULT, false},
	{{NEVER, .key_material_id = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"}, KEYSPEC_SYMMETRIC_DEFAULT,
	 false},
	{{NEVER, .key_material_description = "a#b"}, KEYSPEC_SYMMETRIC_DEFAULT, false},
};

Test(intent, what_kms_would_refuse_is_refused)
{
	struct kh_error err;
	char longer[258];

	for (size_t i = 0; i < N(intents); i++) {
		cr_assert_eq(intent_check(&intents[i].intent, intents[i].spec, NOW, &err), intents[i].good ? 0 : -1, "%zu: %s", i,
			     intents[i].good ? err.msg : "taken");
		if (!intents[i].good)
			cr_assert_eq(err.code, KH_E_USAGE);
	}
	memset(longer, 'x', sizeof(longer));
	longer[257] = '\0';
	cr_assert_eq(intent_check(&(struct intent){NEVER, .key_material_description = longer}, KEYSPEC_SYMMETRIC_DEFAULT, NOW,
				  &err), -1);
	cr_assert_eq(intent_check(&(struct intent){NEVER, .key_material_description = longer + 1}, KEYSPEC_SYMMETRIC_DEFAULT, NOW,
				  &err), 0);
}

Test(intent, is_read_from_the_options)
{
	struct kh_error err;
	struct intent i;
	char words[128];

	cr_assert_eq(intent_from_opts(&(struct intent_opts){.valid_to = "90d"}, &i, &err), 0);
	cr_assert(i.valid_for == 90 * DAY && i.valid_to == 0);
	cr_assert_str_eq(i.expiration_model, INTENT_EXPIRES);
	intent_words(&i, words, sizeof(words));
	cr_assert_str_eq(words, "expires 90d after the import");
	cr_assert_eq(intent_from_opts(&(struct intent_opts){.valid_to = "2027-02-20T10:00:00Z", .import_type = INTENT_NEW}, &i, &err),
		     0);
	intent_words(&i, words, sizeof(words));
	cr_assert_str_eq(words, "expires 2027-02-20T10:00:00Z, NEW_KEY_MATERIAL");
	cr_assert_eq(intent_from_opts(&(struct intent_opts){0}, &i, &err), 0);
	cr_assert(intent_is_empty(&i));
	cr_assert_eq(intent_from_opts(&(struct intent_opts){.valid_to = "1970-01-01"}, &i, &err), -1);
	cr_assert_eq(intent_from_opts(&(struct intent_opts){.valid_to = "soon"}, &i, &err), -1);
	cr_assert(err.code == KH_E_USAGE && strncmp(err.msg, "--valid-to: 'soon'", 18) == 0, "%s", err.msg);
	intent_words(&(struct intent){NEVER}, words, 8);
	cr_assert_str_eq(words, "does no", "cut to the room there is");
}

Test(intent, a_bundles_is_not_contradicted)
{
	static const struct {
		struct intent bundle, opts;
		bool good;
	} rows[] = {
		{{NEVER}, {0}, true},
		{{0}, {NEVER}, true},
		{{NEVER}, {NEVER}, true},
		{{UNTIL(NOW + 9)}, {UNTIL(NOW + 9)}, true},
		{{UNTIL(NOW + 9)}, {.expiration_model = INTENT_EXPIRES}, true},
		{{.import_type = INTENT_NEW}, {NEVER}, true},
		{{.import_type = INTENT_NEW}, {NEVER, .import_type = INTENT_NEW}, true},
		{{0}, {0}, false},
		{{0}, {.import_type = INTENT_NEW}, false},
		{{NEVER}, {UNTIL(NOW + 9)}, false},
		{{UNTIL(NOW + 9)}, {NEVER}, false},
		{{UNTIL(NOW + 9)}, {UNTIL(NOW + 8)}, false},
		{{UNTIL(NOW + 9)}, {.expiration_model = INTENT_EXPIRES, .valid_for = DAY}, false},
		{{NEVER, .import_type = INTENT_NEW}, {.import_type = INTENT_EXISTING}, false},
		{{NEVER}, {.import_type = INTENT_NEW}, false}, /* what was approved says nothing of it */
		{{NEVER, .key_material_description = "a"}, {.key_material_description = "b"}, false},
		{{NEVER, .key_material_id = ID64}, {.key_material_id = "0"}, false},
	};
	struct intent out;
	struct kh_error err;

	for (size_t i = 0; i < N(rows); i++) {
		cr_assert_eq(intent_merge(&rows[i].bundle, &rows[i].opts, &out, &err), rows[i].good ? 0 : -1, "%zu", i);
		if (!rows[i].good)
			cr_assert(err.code == KH_E_USAGE && err.hint[0], "%zu", i);
		else
			cr_assert_not_null(out.expiration_model, "%zu", i);
	}
	cr_assert_eq(intent_merge(&rows[5].bundle, &rows[5].opts, &out, &err), 0);
	cr_assert_str_eq(out.import_type, INTENT_NEW);
	cr_assert_str_eq(out.expiration_model, INTENT_DOES_NOT_EXPIRE);
}
