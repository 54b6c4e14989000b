/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sts_xml.h"

#include "wipe.h"

#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE 256

/* Where the parser stands. */
struct reader {
	XML_Parser parser;
	struct sts_field *fields;
	size_t n;
	char path[PATH_SIZE];
	struct sts_field *open; /* whose text comes now */
	const char *bad;
	struct kh_error *err;
	bool failed; /* err is set */
};

static void stop(struct reader *r, const char *why)
{
	if (!r->bad)
		r->bad = why;
	(void)XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = ctx;
	const char *colon = strrchr(name, ':');
	size_t had = strlen(r->path);
	int n;

	(void)attributes;
	name = colon ? colon + 1 : name;
	n = snprintf(r->path + had, sizeof(r->path) - had, had ? "/%s" : "%s", name);
	if (n < 0 || (size_t)n >= sizeof(r->path) - had) {
		stop(r, "nested too deep");
		return;
	}
	r->open = NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->path, r->fields[i].path) != 0)
			continue;
		if (r->fields[i].value) {
			stop(r, "an element twice");
			return;
		}
		r->fields[i].value = secret_new(r->fields[i].max, r->err);
		r->failed = !r->fields[i].value;
		if (r->failed)
			stop(r, "");
		r->open = &r->fields[i];
	}
}

static void on_end(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;
	char *slash = strrchr(r->path, '/');

	(void)name;
	*(slash ? slash : r->path) = '\0';
	r->open = NULL;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct reader *r = ctx;
	struct secret *s = r->open ? r->open->value : NULL;
	size_t n = (size_t)len, had;

	if (!s)
		return;
	had = secret_len(s);
	while (had == 0 && n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	if (n > secret_cap(s) - had) {
		stop(r, "an element that is too long");
		return;
	}
	memcpy(secret_data(s) + had, text, n);
	secret_set_len(s, had + n);
}

/* Entities of its own: no answer of AWS's has them. */
static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(ctx, "a DOCTYPE");
}

static void cut_spaces(struct sts_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct secret *s = fields[i].value;

		while (s && secret_len(s) && isspace(secret_bytes(s)[secret_len(s) - 1]))
			secret_set_len(s, secret_len(s) - 1);
	}
}

int sts_xml_read(const struct secret *text, struct sts_field *fields, size_t n, struct kh_error *err)
{
	static const XML_Memory_Handling_Suite memory = {wipe_malloc, wipe_realloc, wipe_free};
	struct reader r = {.parser = XML_ParserCreate_MM(NULL, &memory, NULL), .fields = fields, .n = n, .err = err};
	enum XML_Status status;

	if (!r.parser)
		return kh_fail_memory(err);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	status = XML_Parse(r.parser, secret_text(text), (int)secret_len(text), XML_TRUE);
	if (status != XML_STATUS_OK && XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY)
		kh_fail_memory(err);
	else if (status != XML_STATUS_OK && !r.failed)
		kh_fail(err, KH_E_KMS, 0, "no XML of STS: %s", r.bad ? r.bad : XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	cut_spaces(fields, n);
	return status == XML_STATUS_OK ? 0 : -1;
}

const char *sts_field_text(const struct sts_field *field)
{
	return field->value ? secret_text(field->value) : "";
}

void sts_fields_clear(struct sts_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		secret_free(fields[i].value);
		fields[i].value = NULL;
	}
}
