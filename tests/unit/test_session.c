/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/http_handle.h"
#include "kms/session.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_file(const char *variable, char *path, const char *text)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	(void)setenv(variable, path, 1);
}

/* AWS's files hold keys: once the credentials are taken only the settings are left. */
Test(session, keeps_settings_and_no_file)
{
	char config[] = "/tmp/keyhaul-test-XXXXXX", credentials[] = "/tmp/keyhaul-test-XXXXXX";
	const struct session_opts opts = {.profile = "p", .connect_timeout = 1, .read_timeout = 1};
	const struct session_opts broken = {.profile = "q", .connect_timeout = 1, .read_timeout = 1};
	struct session s;
	struct endpoint e;
	struct kms kms;
	struct kh_error err = {0};

	write_file("AWS_CONFIG_FILE", config, "[profile p]\nregion = us-west-2\nservices = s\nmax_attempts = 7\n"
		   "[services s]\nkms =\n  endpoint_url = http://127.0.0.1:9\n"
		   "[profile q]\nregion = us-west-2\nservices = none\n");
	write_file("AWS_SHARED_CREDENTIALS_FILE", credentials,
		   "[p]\naws_access_key_id = AKID\naws_secret_access_key = hidden\n"
		   "[q]\naws_access_key_id = AKID\naws_secret_access_key = hidden\n");
	(void)unsetenv("AWS_ENDPOINT_URL_KMS");
	(void)unsetenv("AWS_ENDPOINT_URL");
	(void)unsetenv("AWS_REGION");
	(void)unsetenv("AWS_DEFAULT_REGION");
	(void)unsetenv("AWS_MAX_ATTEMPTS");
	cr_assert_eq(session_open(&opts, &s, &err), 0, "%s", err.msg);
	cr_assert(!s.profile.config && !s.profile.credentials);
	cr_assert_str_eq(secret_text(creds_current(s.source)->secret_key), "hidden");
	cr_assert_eq(s.max_attempts, 7);
	cr_assert_eq(session_connect(&s, NULL, &e, &kms, &err), 0, "%s", err.msg);
	cr_assert_str_eq(e.url, "http://127.0.0.1:9");
	cr_assert_str_eq(e.region, "us-west-2");
	cr_assert(kms.local_only && kms.no_proxy);
	cr_assert_null(profile_get(&s.profile, "aws_secret_access_key"));
	session_close(&s);
	cr_assert_eq(session_open(&broken, &s, &err), 0, "%s", err.msg);
	cr_assert(session_connect(&s, NULL, &e, &kms, &err));
	cr_assert_eq(err.code, KH_E_INPUT, "a services section that is not there");
	session_close(&s);
	(void)unlink(config);
	(void)unlink(credentials);
}

/* A limit that is switched off leaves the call with an end. */
Test(session, every_call_has_an_end)
{
	static const struct {
		long connect, read, cap;
	} rows[] = {{1, 2, 3}, {60, 60, 120}, {0, 2, 62}, {2, 0, 602}, {0, 0, 660}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_opts opts = {.connect_timeout = rows[i].connect, .read_timeout = rows[i].read};

		cr_assert_eq(http_handle_cap(&opts), rows[i].cap, "row %zu: %ld", i, http_handle_cap(&opts));
	}
}
