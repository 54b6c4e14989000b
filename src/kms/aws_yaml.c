/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_output.h"

#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

struct writer {
	const struct aws_output *output;
	yaml_emitter_t emitter;
	struct buf *out;
	struct kh_error *err;
};

static int on_bytes(void *ctx, unsigned char *data, size_t len)
{
	struct writer *w = ctx;

	return buf_add(w->out, data, len, w->err) == 0;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789_");
}

/* A number by YAML 1.2's rules, as the AWS CLI's library has them. */
static bool is_number(const char *text)
{
	const char *at = text + (*text == '+' || *text == '-');
	size_t n = digits(at), fraction = 0, exponent;

	if (*at == '0' && at[1] && strchr("box", at[1]) && at[2])
		return at[2 + strspn(at + 2, at[1] == 'b' ? "01_" : at[1] == 'o' ? "01234567_" : "0123456789abcdefABCDEF_")] == '\0';
	if (strcmp(at, ".inf") == 0 || strcmp(at, ".Inf") == 0 || strcmp(at, ".INF") == 0)
		return true;
	at += n;
	if (*at == '.') {
		fraction = 1 + digits(at + 1);
		at += fraction;
	}
	if (!(n || fraction > 1))
		return false;
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '+' || at[1] == '-');
		exponent = digits(at);
		return exponent && at[exponent] == '\0';
	}
	return *at == '\0';
}

/* 2026-11-22, with a time or without. */
static bool is_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";
	size_t i = 0;

	while (form[i] && (form[i] == 'd' ? isdigit((unsigned char)text[i]) : text[i] == form[i]))
		i++;
	if (form[i])
		return false;
	return text[i] == '\0' || (strchr("Tt ", text[i]) && isdigit((unsigned char)text[i + 1]) && strchr(text + i, ':'));
}

/* What would be read as something else than a text. */
static bool needs_quotes(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE",
					    "=", "<<", ".nan", ".NaN", ".NAN"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return is_number(text) || is_date(text);
}

/* libyaml frees the event, also where it fails. */
static int emit(struct writer *w, yaml_event_t *event, int made)
{
	if (made && yaml_emitter_emit(&w->emitter, event))
		return 0;
	return w->err->code != KH_OK ? -1 : kh_fail_memory(w->err);
}

static int emit_word(struct writer *w, const char *text, size_t len, bool is_text)
{
	bool plain = !is_text || !needs_quotes(text);
	struct buf bytes = BUF_INIT(16u << 20);
	yaml_event_t event;
	int rc = -1;

	if (w->output->terminal ? text_for_terminal(text, len, &bytes, w->err) : buf_add(&bytes, text, len, w->err))
		goto out;
	if (bytes.len <= INT32_MAX)
		rc = emit(w, &event, yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)buf_text(&bytes),
								  (int)bytes.len, plain, 1, YAML_ANY_SCALAR_STYLE));
out:
	buf_free(&bytes);
	return rc;
}

static int write_value(struct writer *w, const json_t *value);

static int write_array(struct writer *w, const json_t *value)
{
	yaml_sequence_style_t style = json_array_size(value) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	const json_t *one;
	yaml_event_t event;
	size_t i;

	if (emit(w, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style)))
		return -1;
	json_array_foreach(value, i, one)
		if (write_value(w, one))
			return -1;
	return emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static int write_object(struct writer *w, const json_t *value)
{
	yaml_mapping_style_t style = json_object_size(value) ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	json_t *names = aws_output_names(value);
	const json_t *name;
	yaml_event_t event;
	size_t i;
	int rc;

	if (!names)
		return kh_fail_memory(w->err);
	rc = emit(w, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
	json_array_foreach(names, i, name)
		if (!rc && (emit_word(w, json_string_value(name), json_string_length(name), true) ||
			    write_value(w, json_object_get(value, json_string_value(name)))))
			rc = -1;
	json_decref(names);
	return rc ? rc : emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static int write_value(struct writer *w, const json_t *value)
{
	struct buf text = BUF_INIT(64);
	const char *word;
	int rc;

	if (json_is_object(value))
		return write_object(w, value);
	if (json_is_array(value))
		return write_array(w, value);
	if (json_is_string(value))
		return emit_word(w, json_string_value(value), json_string_length(value), true);
	if (json_is_number(value)) {
		rc = aws_output_scalar(w->output, value, &text, w->err) ? -1 : emit_word(w, buf_text(&text), text.len, false);
		buf_free(&text);
		return rc;
	}
	word = json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null";
	return emit_word(w, word, strlen(word), false);
}

static int write_document(struct writer *w, const json_t *value)
{
	yaml_event_t event;

	if (emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) ||
	    emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) || write_value(w, value) ||
	    emit(w, &event, yaml_document_end_event_initialize(&event, 1)))
		return -1;
	return emit(w, &event, yaml_stream_end_event_initialize(&event));
}

int aws_output_yaml(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	struct writer w = {.output = o, .out = out, .err = err};
	int rc;

	/* YAML would end a scalar that is alone with three dots; JSON's is YAML's too */
	if (!json_is_object(value) && !json_is_array(value))
		return aws_output_json(o, value, out, err);
	err->code = KH_OK;
	if (!yaml_emitter_initialize(&w.emitter))
		return kh_fail_memory(err);
	yaml_emitter_set_output(&w.emitter, on_bytes, &w);
	yaml_emitter_set_unicode(&w.emitter, 1);
	rc = write_document(&w, value);
	yaml_emitter_delete(&w.emitter);
	return rc;
}
