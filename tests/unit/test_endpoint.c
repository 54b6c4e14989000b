/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/endpoint.h"
#include "kms/profile.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define KEY "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"

Test(endpoint, takes_endpoint_urls_apart)
{
	static const struct {
		const char *url, *form, *host;
	} rows[] = {
		{"https://Example.COM/", "https://example.com", "example.com"},
		{"https://example.com:443", "https://example.com", "example.com"},
		{"http://127.0.0.1:80/", "http://127.0.0.1", "127.0.0.1"},
		{"HTTP://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1"},
		{"http://[::1]:8080/", "http://[::1]:8080", "::1"},
		{"https://example.com:80", "https://example.com:80", "example.com"},
		{"ftp://example.com", NULL, NULL},
		{"https://", NULL, NULL},
		{"https://user:passw0rd@example.com", NULL, NULL},
		{"ftp://user:passw0rd@example.com", NULL, NULL},
		{"https://example.com/path", NULL, NULL},
		{"https://example.com?x", NULL, NULL},
		{"https://example.com:0", NULL, NULL},
		{"https://example.com:65536", NULL, NULL},
		{"https://example.com:", NULL, NULL},
		{"https://exa mple.com", NULL, NULL},
		{"http://[::1", NULL, NULL},
		{"example.com", NULL, NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct endpoint e = {0};
		struct kh_error err = {0};
		int rc = endpoint_parse(rows[i].url, &e, &err);

		cr_assert_eq(rc == 0, rows[i].form != NULL, "%s: %s", rows[i].url, err.msg);
		cr_assert(rc || (strcmp(e.url, rows[i].form) == 0 && strcmp(e.host, rows[i].host) == 0), "%s: %s %s",
			  rows[i].url, e.url, e.host);
		cr_assert(rc == 0 || err.code == KH_E_USAGE);
		cr_assert(rc == 0 || !strstr(err.msg, "passw0rd"), "%s", err.msg);
	}
}

/* What goes through no proxy. */
Test(endpoint, tells_this_machine)
{
	static const struct {
		const char *host;
		bool local;
	} rows[] = {
		{"localhost", true}, {"localhost.", true}, {"sim.localhost", true}, {"127.0.0.1", true}, {"127.1", true},
		{"127.255.0.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true}, {"128.0.0.1", false}, {"::2", false},
		{"::ffff:10.0.0.1", false}, {"127.evil.example", false}, {"notlocalhost", false}, {"0.0.0.0", false},
		{"localhost.example", false}, {"localhos", false}, {"", false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct endpoint e = {0};

		strcpy(e.host, rows[i].host);
		cr_assert_eq(endpoint_is_loopback(&e), rows[i].local, "%s", rows[i].host);
	}
}

static void clean_environment(void)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS",
					    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
					    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};

	for (size_t i = 0; i < N(names); i++)
		(void)unsetenv(names[i]);
}

/* The order of endpoint and Region: each row takes the strongest away. */
Test(endpoint, resolves_region_and_endpoint_in_order)
{
	static const char text[] = "[default]\nregion = ap-south-1\nservices = s\nendpoint_url = http://profile\n"
				   "[services s]\nkms =\n  endpoint_url = http://services\n";
	struct profile p = {.name = "default"};
	struct endpoint_wish wish = {"http://option", "us-east-2"};
	struct endpoint e;
	struct kh_error err;

	clean_environment();
	cr_assert_eq(awsfile_parse("config", text, sizeof(text) - 1, &p.config, &err), 0);
	p.config_section = awsfile_section(p.config, "profile", "default");
	(void)setenv("AWS_REGION", "us-west-1", 1);
	(void)setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
	(void)setenv("AWS_ENDPOINT_URL_KMS", "http://kms", 1);
	(void)setenv("AWS_ENDPOINT_URL", "http://all", 1);
#define RESOLVES(id, url_, region_)                                                                       \
	do {                                                                                              \
		cr_assert_eq(endpoint_resolve(&wish, &p, id, &e, &err), 0, "%s", err.msg);                \
		cr_assert_str_eq(e.url, url_);                                                            \
		cr_assert_str_eq(e.region, region_);                                                      \
	} while (0)
	RESOLVES(NULL, "http://option", "us-east-2");
	cr_assert(endpoint_resolve(&wish, &p, KEY, &e, &err));
	cr_assert_eq(err.code, KH_E_USAGE);
	wish.region = "eu-west-1";
	RESOLVES(KEY, "http://option", "eu-west-1");
	wish.region = NULL;
	RESOLVES(KEY, "http://option", "eu-west-1");
	RESOLVES("alias/x", "http://option", "us-west-1");
	(void)unsetenv("AWS_REGION");
	wish.endpoint_url = NULL;
	RESOLVES(NULL, "http://kms", "us-west-2");
	(void)unsetenv("AWS_DEFAULT_REGION");
	(void)unsetenv("AWS_ENDPOINT_URL_KMS");
	RESOLVES(NULL, "http://all", "ap-south-1");
	(void)unsetenv("AWS_ENDPOINT_URL");
	RESOLVES(NULL, "http://services", "ap-south-1");
	(void)setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	RESOLVES(NULL, "https://kms.ap-south-1.amazonaws.com", "ap-south-1");
	(void)setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	(void)setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
	RESOLVES(NULL, "https://kms-fips.ap-south-1.api.aws", "ap-south-1");
	(void)unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	cr_assert(endpoint_resolve(&wish, &p, NULL, &e, &err), "FIPS and an endpoint of one's own");
	profile_clear(&p);
	clean_environment();
	p = (struct profile){.name = "default"};
	cr_assert(endpoint_resolve(&wish, &p, NULL, &e, &err), "no Region");
	cr_assert_eq(err.code, KH_E_USAGE);
}

/* AWS's own cases, where they lie beside the project. */
Test(endpoint, resolves_awss_own_endpoint_cases)
{
	const char *src = getenv("KEYHAUL_SRC");
	struct profile p = {.name = "default"};
	char path[4096];
	json_t *root, *test;
	size_t i, n = 0;

	(void)snprintf(path, sizeof(path), "%s/../shared/data/kms-endpoint-tests-1.json", src ? src : ".");
	root = json_load_file(path, 0, NULL);
	if (!root)
		cr_skip_test("../shared/data/kms-endpoint-tests-1.json is not there");
	clean_environment();
	json_array_foreach(json_object_get(root, "testCases"), i, test) {
		const json_t *params = json_object_get(test, "params"), *expect = json_object_get(test, "expect");
		const char *url = json_string_value(json_object_get(json_object_get(expect, "endpoint"), "url"));
		struct endpoint_wish wish = {json_string_value(json_object_get(params, "Endpoint")),
					     json_string_value(json_object_get(params, "Region"))};
		struct endpoint e;
		struct kh_error err;
		/* a signature needs a Region: where the case names none the key's ARN does, and nothing else would */
		bool by_arn = url && !wish.region;
		int rc;

		(void)setenv("AWS_USE_FIPS_ENDPOINT", json_is_true(json_object_get(params, "UseFIPS")) ? "true" : "false", 1);
		(void)setenv("AWS_USE_DUALSTACK_ENDPOINT",
			     json_is_true(json_object_get(params, "UseDualStack")) ? "true" : "false", 1);
		if (by_arn) {
			cr_assert(endpoint_resolve(&wish, &p, NULL, &e, &err));
			cr_assert(err.code == KH_E_USAGE && strstr(err.msg, "Region"), "%s", err.msg);
		}
		rc = endpoint_resolve(&wish, &p, by_arn ? KEY : NULL, &e, &err);
		cr_assert_eq(rc == 0, url != NULL, "%s", json_string_value(json_object_get(test, "documentation")));
		cr_assert(rc || strcmp(e.url, url) == 0, "%s: %s", e.url, url);
		n++;
	}
	cr_assert_eq(n, 68, "%zu cases", n);
	json_decref(root);
	clean_environment();
}
