/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "base/text.h"
#include "bundle/result.h"
#include "commands.h"
#include "describe.h"
#include "paragraph.h"
#include "pkcs11/ckm.h"
#include "pkcs11/module.h"
#include "pkcs11/registered.h"
#include "token_opts.h"

#include <stdlib.h>
#include <string.h>

struct slots_opts {
	const char *token;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct slots_opts, token), .arg = "URI",
	 .text = "show only the tokens that fit"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	{"Token (without a module: all that p11-kit has registered)", token_opt_rows, TOKEN_OPT_MODULE_ROWS,
	 offsetof(struct slots_opts, token_opts)},
	OPT_GROUPS_END,
};

/* The mechanisms of a token that hauling has to do with, in the table's order. */
struct offer {
	const struct ckm *v[32];
	size_t n;
	size_t vendor; /* how many others are the vendor's own */
};

/* What is passed through the walk over modules and slots. */
struct walk {
	struct cmd *c;
	const struct uri *uri; /* NULL: every token */
	const char *module;
	size_t tokens;
};

/* The flags of a token that a person acts on. */
static const struct {
	CK_FLAGS flag;
	bool shown_when_set;
	const char *name, *words;
} flags[] = {
	{CKF_TOKEN_INITIALIZED, false, "initialised", "not initialised"},
	{CKF_LOGIN_REQUIRED, true, "login_required", "login required"},
	{CKF_USER_PIN_INITIALIZED, false, "pin_set", "no user PIN"},
	{CKF_PROTECTED_AUTHENTICATION_PATH, true, "protected_authentication_path", "PIN entered at the token"},
	{CKF_USER_PIN_COUNT_LOW, true, "pin_count_low", "a wrong PIN was tried"},
	{CKF_USER_PIN_FINAL_TRY, true, "pin_final_try", "final try of the PIN"},
	{CKF_USER_PIN_LOCKED, true, "pin_locked", "PIN LOCKED"},
	{CKF_USER_PIN_TO_BE_CHANGED, true, "pin_to_be_changed", "PIN to be changed"},
	{CKF_WRITE_PROTECTED, true, "write_protected", "write-protected"},
};
#define FLAGS (sizeof(flags) / sizeof(flags[0]))

#define COLUMN 16 /* of what is said of a token */

/* A line of it: its name, and words that are broken where the terminal ends. */
static int print_line(struct cmd *c, const char *name, const struct buf *words, struct kh_error *err)
{
	return cmd_printf(c, err, "  %-*s", COLUMN - 2, name) ? -1 : paragraph_print(c, COLUMN, buf_text(words), err);
}

static int print_flags(struct cmd *c, const struct token *t, struct kh_error *err)
{
	struct buf line = BUF_INIT(1024);
	int rc = buf_addf(&line, "%s", err, t->hardware ? "hardware" : "software");

	for (size_t i = 0; i < FLAGS && rc == 0; i++)
		if (((t->info.flags & flags[i].flag) != 0) == flags[i].shown_when_set)
			rc = buf_addf(&line, ", %s", err, flags[i].words);
	if (rc == 0)
		rc = print_line(c, "flags", &line, err);
	buf_free(&line);
	return rc;
}

static bool has(const CK_MECHANISM_TYPE *list, size_t n, CK_MECHANISM_TYPE wanted)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == wanted)
			return true;
	return false;
}

/* A token that does not tell its mechanisms is shown all the same. KH_E_MEMORY is ours. */
static int get_offer(const struct token *t, struct offer *out, struct kh_error *err)
{
	CK_MECHANISM_TYPE *list = NULL;
	struct kh_error why;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (token_mechanisms(t, &list, &n, &why)) {
		if (why.code == KH_E_MEMORY)
			return kh_fail_memory(err);
		log_warning("%s: %s", t->name.label, why.msg);
	}
	for (size_t i = 0; i < ckm_count && out->n < sizeof(out->v) / sizeof(out->v[0]); i++)
		if (ckm_table[i].shown && has(list, n, ckm_table[i].number))
			out->v[out->n++] = &ckm_table[i];
	for (size_t i = 0; i < n; i++)
		out->vendor += list[i] >= CKM_VENDOR_DEFINED;
	free(list);
	return 0;
}

static int print_mechanisms(struct cmd *c, const struct offer *offer, struct kh_error *err)
{
	struct buf line = BUF_INIT(4096);
	int rc = buf_addf(&line, "%s", err, offer->n ? "" : "none that hauling needs");

	for (size_t i = 0; i < offer->n && rc == 0; i++)
		rc = buf_addf(&line, "%s%s (0x%lX)", err, i ? ", " : "", offer->v[i]->name, offer->v[i]->number);
	if (offer->vendor && rc == 0)
		rc = buf_addf(&line, ", %zu of the vendor's own", err, offer->vendor);
	if (rc == 0)
		rc = print_line(c, "mechanisms", &line, err);
	buf_free(&line);
	return rc;
}

static int print_names(struct cmd *c, const struct token *t, struct kh_error *err)
{
	char label[TEXT_SHOWN(32)], model[TEXT_SHOWN(16)], serial[TEXT_SHOWN(16)], maker[TEXT_SHOWN(32)];
	struct buf line = BUF_INIT(1024);
	int rc;

	text_shown(t->name.serial, serial, sizeof(serial));
	rc = buf_addf(&line, "'%s', model '%s', %s%s, firmware %s, by %s", err, text_shown(t->name.label, label, sizeof(label)),
		      text_shown(t->name.model, model, sizeof(model)), serial[0] ? "serial " : "no serial number", serial,
		      t->name.firmware, text_shown(t->name.manufacturer, maker, sizeof(maker)));
	if (rc == 0)
		rc = print_line(c, "token", &line, err);
	buf_free(&line);
	return rc;
}

/* What is not initialised has no name yet, and nothing to be hauled. */
static int print_token(struct cmd *c, const struct token *t, const char *module, const struct offer *offer,
		       struct kh_error *err)
{
	char file[TEXT_SHOWN(1024)];
	struct buf uri = BUF_INIT(URI_MAX);
	int rc = -1;

	text_shown(module, file, sizeof(file));
	if (!(t->info.flags & CKF_TOKEN_INITIALIZED))
		return cmd_printf(c, err, "slot %lu of %s: not initialised\n", t->slot, file);
	if (uri_format_token(&t->info, &uri, err) == 0 && cmd_printf(c, err, "%s\n", buf_text(&uri)) == 0 &&
	    cmd_printf(c, err, "  module        %s, slot %lu\n", file, t->slot) == 0 && print_names(c, t, err) == 0 &&
	    print_flags(c, t, err) == 0)
		rc = print_mechanisms(c, offer, err);
	buf_free(&uri);
	return rc;
}

static json_t *flags_of(const struct token *t)
{
	json_t *out = json_object();

	for (size_t i = 0; out && i < FLAGS; i++)
		if (json_object_set_new(out, flags[i].name, json_boolean((t->info.flags & flags[i].flag) != 0))) {
			json_decref(out);
			out = NULL;
		}
	return out;
}

static json_t *mechanisms_of(const struct offer *offer)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < offer->n; i++)
		if (json_array_append_new(out, json_pack("{s:s, s:I}", "name", offer->v[i]->name, "number",
							 (json_int_t)offer->v[i]->number))) {
			json_decref(out);
			out = NULL;
		}
	return out;
}

static json_t *result_of(const struct token *t, const char *module, const struct offer *offer)
{
	json_t *out = describe_token(t);

	if (out && (json_object_set_new(out, "module", describe_string(module, strlen(module))) ||
		    json_object_set_new(out, "slot", json_integer((json_int_t)t->slot)) ||
		    json_object_set_new(out, "flags", flags_of(t)) ||
		    json_object_set_new(out, "mechanisms", mechanisms_of(offer)) ||
		    json_object_set_new(out, "vendor_mechanisms", json_integer((json_int_t)offer->vendor)))) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

static int on_slot(const struct token *t, CK_SLOT_ID slot, const CK_SLOT_INFO *info, const struct kh_error *why,
		   void *arg, struct kh_error *err)
{
	struct walk *w = arg;
	struct offer offer;

	if (!t) {
		log_warning("%s: slot %lu: %s", w->module, slot, why->msg);
		return 0;
	}
	if (w->uri && !uri_matches_token(w->uri, &t->info, info, slot))
		return 0;
	w->tokens++;
	if (get_offer(t, &offer, err) || print_token(w->c, t, w->module, &offer, err))
		return -1;
	return result_add(w->c, result_of(t, w->module, &offer), err);
}

static int on_module(CK_FUNCTION_LIST *fn, const char *name, const struct kh_error *why, void *arg,
		     struct kh_error *err)
{
	struct walk *w = arg;
	struct kh_error failed = {0};

	w->module = name;
	if (!fn) {
		log_warning("%s", why->msg);
		return 0;
	}
	if (token_each(fn, on_slot, w, &failed) == 0)
		return 0;
	if (failed.code == KH_E_TOKEN) { /* this module's trouble, not the walk's */
		log_warning("%s: %s", name, failed.msg);
		return 0;
	}
	*err = failed;
	return -1;
}

static int walk_one(struct walk *w, const char *path, const char *init_args, struct kh_error *err)
{
	struct module *m = NULL;
	int rc;

	if (module_open(path, init_args, &m, err))
		return -1;
	w->module = path;
	rc = token_each(module_functions(m), on_slot, w, err);
	module_close(m);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct slots_opts *o = c->opts;
	struct walk w = {.c = c};
	struct uri *uri = NULL;
	const char *module = o->token_opts.module;
	int rc;

	if (o->token && uri_parse(o->token, URI_FROM_COMMAND_LINE, &uri, err))
		return -1;
	w.uri = uri;
	if (uri && uri_module_path(uri))
		module = uri_module_path(uri);
	if (!module && o->token_opts.module_init_args) {
		uri_free(uri);
		kh_fail(err, KH_E_USAGE, 0, "--module-init-args is for one module, and none is named");
		return kh_hint(err, "name it with --module or KEYHAUL_MODULE");
	}
	rc = module ? walk_one(&w, module, o->token_opts.module_init_args, err) : registered_each(on_module, &w, err);
	if (rc == 0 && w.tokens == 0 && uri) {
		rc = kh_fail(err, KH_E_INPUT, 0, "no token matches %s", uri_text(uri));
		kh_hint(err, "leave --token out to see all that are there");
	} else if (rc == 0 && w.tokens == 0) {
		rc = cmd_printf(c, err, "no tokens\n");
	}
	uri_free(uri);
	return rc;
}

const struct cmd_row cmd_slots = {
	.verb = "slots",
	.operands = "",
	.summary = "list the tokens that are there and what they can do",
	.groups = groups,
	.opts_size = sizeof(struct slots_opts),
	.run = run,
};
