/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "renew.h"

#include "base/clock.h"
#include "bundle/csvtable.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "keymatch.h"

#include <string.h>

#define COUNTED_MAX 8

/* What became of one material. */
struct outcome {
	const char *item, *result;
	char until[CLOCK_TEXT];
	const json_t *error; /* NULL: none */
	json_t *object;	     /* for "results"; NULL where there is an error */
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* What a request has come to, as the bundle says it. */
static int look(struct outcome *o, struct kh_error *err)
{
	const struct bundle_receipt *receipt;
	struct bundle *b = NULL;
	int rc = 0;

	if (bundle_read(o->item, &b, err))
		return -1;
	receipt = bundle_receipt(b);
	o->result = receipt ? "renewed" : next_stage_name(next_stage(b));
	o->until[0] = '\0';
	if (receipt && receipt->valid_to)
		clock_format(receipt->valid_to, o->until);
	if (json_object_set_new(o->object, "result", json_string(o->result)) ||
	    (o->until[0] && json_object_set_new(o->object, "valid_to", json_string(o->until))) ||
	    (receipt && receipt->key_material_id &&
	     json_object_set_new(o->object, "key_material_id", json_string(receipt->key_material_id))) ||
	    (bundle_material(b) && json_object_set_new(o->object, "key", keymatch_json(bundle_material(b)))))
		rc = kh_fail_memory(err);
	bundle_free(b);
	return rc;
}

/* `told` is fetch's word; what failed behind it has the last. */
static int outcome_of(const struct renew *r, json_t *told, struct outcome *o, struct kh_error *err)
{
	const char *result = text_of(told, "result");

	*o = (struct outcome){.item = text_of(told, "item"), .result = result};
	o->error = json_object_get(told, "error");
	o->error = o->error ? o->error : json_object_get(r->errors, o->item);
	if (o->error) {
		o->result = "failed";
		return 0;
	}
	o->object = json_copy(told);
	if (!o->object)
		return kh_fail_memory(err);
	memcpy(o->until, text_of(told, "valid_to"), strnlen(text_of(told, "valid_to"), sizeof(o->until) - 1));
	return strcmp(result, "fetched") == 0 || strcmp(result, "kept") == 0 ? look(o, err) : 0;
}

/* The step that failed has printed it. */
static int add_failed(struct cmd *c, const struct outcome *o, struct kh_error *err)
{
	struct kh_error why;

	kh_fail(&why, step_code((int)json_integer_value(json_object_get(o->error, "status"))), 0, "%s",
		text_of(o->error, "message"));
	kh_hint(&why, "%s", text_of(o->error, "hint"));
	kh_name(&why, text_of(o->error, "native"));
	return cmd_item_add(c, o->item, &why, err);
}

struct counts {
	struct {
		char result[24];
		size_t n;
	} v[COUNTED_MAX];
};

static void count(struct counts *counts, const char *result)
{
	size_t i = 0;

	while (i < COUNTED_MAX - 1 && counts->v[i].n && strcmp(counts->v[i].result, result) != 0)
		i++;
	(void)snprintf(counts->v[i].result, sizeof(counts->v[i].result), "%s", result);
	counts->v[i].n++;
}

static int print_counts(struct cmd *c, const struct counts *counts, size_t all, struct kh_error *err)
{
	if (cmd_printf(c, err, "%zu material%s", all, all == 1 ? "" : "s"))
		return -1;
	for (size_t i = 0; i < COUNTED_MAX && counts->v[i].n; i++)
		if (cmd_printf(c, err, "%s %zu %s", i ? "," : ":", counts->v[i].n, counts->v[i].result))
			return -1;
	return cmd_printf(c, err, "\n");
}

static int add_csv(struct renew *r, const json_t *told, const struct outcome *o, struct kh_error *err)
{
	const struct csvtable_row row = {
		.bundle = o->item, .kms_key_arn = text_of(told, "kms_key_arn"), .result = o->result, .until = o->until,
		.status = (int)json_integer_value(json_object_get(o->error, "status")),
		.code = text_of(o->error, "native"), .message = text_of(o->error, "message"),
	};

	return csvtable_add(&r->csv_text, &row, err);
}

static int tell_one(struct renew *r, json_t *told, int width, struct counts *counts, struct kh_error *err)
{
	struct outcome o;
	int rc = -1;

	if (outcome_of(r, told, &o, err))
		goto out;
	count(counts, o.result);
	if (o.error ? add_failed(r->c, &o, err) : result_add(r->c, json_incref(o.object), err))
		goto out;
	rc = cmd_printf(r->c, err, "%-*s  %-16s  %s%s\n", width, o.item, o.result,
			o.until[0] ? "expires " : strcmp(o.result, "not due") == 0 ? "does not expire" : "-", o.until) ||
	     (r->csv && add_csv(r, told, &o, err)) ? -1 : 0;
out:
	json_decref(o.object);
	return rc;
}

int renew_tell(struct renew *r, struct kh_error *err)
{
	struct counts counts = {0};
	size_t width = 6, i;
	json_t *told;

	json_array_foreach(r->told, i, told)
		width = strlen(text_of(told, "item")) > width ? strlen(text_of(told, "item")) : width;
	if (cmd_printf(r->c, err, "%-*s  %-16s  %s\n", (int)width, "bundle", "result", "until"))
		return -1;
	json_array_foreach(r->told, i, told)
		if (tell_one(r, told, (int)width, &counts, err))
			return -1;
	if (r->csv && file_replace(r->csv, buf_text(&r->csv_text), r->csv_text.len, err))
		return -1;
	return print_counts(r->c, &counts, json_array_size(r->told), err);
}
