/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sts.h"

#include "aws/errname.h"
#include "base/cmd.h"
#include "base/log.h"
#include "web.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* Where no Region is known: the partition by its ARN, and a Region that each account of it has. */
static const char *region_of_arn(const char *arn)
{
	static const struct {
		const char *begin, *region;
	} rows[] = {
		{"arn:aws-cn:", "cn-north-1"}, {"arn:aws-us-gov:", "us-gov-west-1"}, {"arn:aws-eusc:", "eusc-de-east-1"},
		{"arn:aws-iso:", "us-iso-east-1"}, {"arn:aws-iso-b:", "us-isob-east-1"},
	};

	for (size_t i = 0; arn && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(arn, rows[i].begin, strlen(rows[i].begin)) == 0)
			return rows[i].region;
	return "us-east-1";
}

int sts_open(const struct profile *profile, const struct endpoint_wish *wish, const char *arn, struct sts *out,
	     struct kh_error *err)
{
	char region[ENDPOINT_REGION_MAX];

	memset(&out->endpoint, 0, sizeof(out->endpoint));
	if (!endpoint_region_said(wish, profile))
		(void)snprintf(region, sizeof(region), "%s", region_of_arn(arn));
	else if (endpoint_region(wish, profile, NULL, region, err))
		return -1;
	return endpoint_of_service("sts", "sts", wish->endpoint_url, region, profile, &out->endpoint, err);
}

static int add(struct secret *form, const char *text, struct kh_error *err)
{
	size_t had = secret_len(form), len = strlen(text);

	if (len > secret_cap(form) - had)
		return kh_fail(err, KH_E_INPUT, 0, "the request to STS is longer than %zu bytes", secret_cap(form));
	memcpy(secret_data(form) + had, text, len);
	secret_set_len(form, had + len);
	return 0;
}

struct secret *sts_form(const char *action, struct kh_error *err)
{
	struct secret *form = secret_new(SECRET_MAX, err);

	if (form && (add(form, "Version=2011-06-15&Action=", err) || add(form, action, err))) {
		secret_free(form);
		return NULL;
	}
	return form;
}

int sts_add(struct secret *form, const char *name, const char *value, struct kh_error *err)
{
	char one[4];

	if (!value || !*value)
		return 0;
	if (add(form, "&", err) || add(form, name, err) || add(form, "=", err))
		return -1;
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		bool plain = isalnum(c) || strchr("-._~", c);

		(void)snprintf(one, sizeof(one), plain ? "%c" : "%%%02X", c);
		if (add(form, one, err))
			return -1;
	}
	return 0;
}

/* An answer that is none of STS's own, or its error by code. `*again`: another try may help. */
static int refused(const char *action, const struct web_answer *answer, enum errname_retry *again, struct kh_error *err)
{
	struct sts_field e[] = {{"ErrorResponse/Error/Code", 63, NULL}, {"ErrorResponse/Error/Message", STS_TEXT_MAX, NULL}};
	struct kh_error ignored;
	const struct errname *row;

	if (sts_xml_read(answer->body, e, 2, &ignored) || !e[0].value) {
		*again = errname_retry_of("", (int)answer->status);
		kh_fail(err, *again == ERRNAME_FINAL ? KH_E_KMS : KH_E_AGAIN, (unsigned long)answer->status,
			"%s: HTTP %ld, not an answer of STS", action, answer->status);
		kh_hint(err, "check the endpoint (AWS_ENDPOINT_URL_STS) and whether a proxy answers in its place");
	} else {
		*again = errname_retry_of(sts_field_text(&e[0]), (int)answer->status);
		row = errname_find(sts_field_text(&e[0]));
		kh_fail(err, row ? row->code : *again == ERRNAME_FINAL ? KH_E_KMS : KH_E_AGAIN, (unsigned long)answer->status,
			"%s: %s: %s", action, sts_field_text(&e[0]), sts_field_text(&e[1]));
		kh_name(err, sts_field_text(&e[0]));
		if (row)
			kh_hint(err, "%s", row->hint);
	}
	sts_fields_clear(e, 2);
	return -1;
}

static int try_once(const struct sts *s, const char *action, const struct creds *sign, const struct secret *form,
		    struct sts_field *fields, size_t n, enum errname_retry *again, struct kh_error *err)
{
	char url[ENDPOINT_MAX + 1];
	const struct web_request request = {.method = "POST", .url = url, .headers = {{"Content-Type", CONTENT_TYPE}},
					    .body = form, .sign = sign, .service = "sts", .region = s->endpoint.region,
					    .local_only = !s->endpoint.tls, .no_proxy = endpoint_is_loopback(&s->endpoint)};
	struct web_answer answer = {0};
	int rc;

	*again = ERRNAME_FINAL;
	(void)snprintf(url, sizeof(url), "%s/", s->endpoint.url);
	rc = web_send(s->http, &request, &answer, err);
	if (rc) {
		*again = err->code == KH_E_AGAIN ? ERRNAME_TRANSIENT : ERRNAME_FINAL;
		kh_context(err, "%s", action);
	} else if (answer.status != 200) {
		rc = refused(action, &answer, again, err);
	} else {
		rc = sts_xml_read(answer.body, fields, n, err);
		if (rc)
			kh_context(err, "%s", action);
	}
	web_clear(&answer);
	return rc;
}

int sts_call(const struct sts *s, const char *action, const struct creds *sign, const struct secret *form,
	     struct sts_field *fields, size_t n, struct kh_error *err)
{
	for (int attempt = 1;; attempt++) {
		enum errname_retry again;

		if (try_once(s, action, sign, form, fields, n, &again, err) == 0)
			return 0;
		sts_fields_clear(fields, n);
		if (again == ERRNAME_FINAL || attempt >= s->attempts || cmd_interrupted())
			return -1;
		log_progress("%s", err->msg);
		web_wait(attempt);
	}
}
