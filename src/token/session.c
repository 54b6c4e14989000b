/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "session.h"

#include "base/log.h"
#include "base/trail.h"
#include "pin.h"

#include <stdlib.h>
#include <string.h>

/* The variable gives way to the URI; the option and the URI have to agree. */
static int choose_module(const struct uri *uri, const struct token_opts *opts, const char **out, struct kh_error *err)
{
	const char *in_uri = uri_module_path(uri), *variable = getenv("KEYHAUL_MODULE");
	bool from_variable = opts->module && variable == opts->module;

	if (in_uri && opts->module && !from_variable && strcmp(in_uri, opts->module) != 0)
		return kh_fail(err, KH_E_USAGE, 0, "--module and the URI's module-path contradict each other");
	*out = in_uri ? in_uri : opts->module;
	if (*out)
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "no PKCS#11 module is named");
	return kh_hint(err, "give --module FILE, KEYHAUL_MODULE or ?module-path= in the URI; `keyhaul-token slots` shows "
			    "the modules that p11-kit knows of");
}

static int log_in(struct session *s, const struct token_opts *opts, struct kh_error *err)
{
	enum token_login kind = TOKEN_LOGIN_NONE;
	char words[TOKEN_WORDS_MAX];
	struct secret *pin = NULL;
	int rc;

	if (opts->no_login)
		return 0;
	if (token_login_kind(&s->token, &kind, err))
		return -1;
	if (kind != TOKEN_LOGIN_PIN && pin_is_given(opts, s->uri))
		log_warning("%s takes no PIN from this host; the one that was given is not used",
			    token_words(&s->token, words));
	if (kind == TOKEN_LOGIN_NONE)
		return 0;
	if (token_login_state(&s->token, err))
		return -1;
	if (s->token.was_logged_in) {
		if (kind == TOKEN_LOGIN_PIN && pin_is_given(opts, s->uri))
			log_warning("the user is logged in to %s already; the PIN that was given is not used",
				    token_words(&s->token, words));
		return 0;
	}
	if (kind == TOKEN_LOGIN_PROTECTED)
		log_line("", "the token asks for the PIN itself: enter it at its keypad or dialogue");
	else if (pin_get(opts, s->uri, &s->token, &pin, err))
		return -1;
	/* token_login wipes its own */
	if (pin && s->keeps_pin)
		s->pin = secret_copy(secret_bytes(pin), secret_len(pin), err);
	rc = pin && s->keeps_pin && !s->pin ? -1 : token_login(&s->token, pin, err);
	secret_free(pin);
	return rc;
}

int session_parse(const char *uri, const struct token_opts *opts, struct session *s, struct kh_error *err)
{
	memset(s, 0, sizeof(*s));
	s->token.session = CK_INVALID_HANDLE;
	if (uri_parse(uri, URI_FROM_COMMAND_LINE, &s->uri, err))
		return -1;
	return pin_check_sources(opts, s->uri, err);
}

int session_check_token_alone(const struct session *s, const char *hint, struct kh_error *err)
{
	if (!uri_has_object(s->uri))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "--token '%s' names an object, not the token alone", uri_text(s->uri));
	return kh_hint(err, "leave object=, id= and type= out: %s", hint);
}

int session_start(const struct token_opts *opts, bool read_write, struct session *s, struct kh_error *err)
{
	const char *module = NULL;

	if (choose_module(s->uri, opts, &module, err) ||
	    module_open(module, opts->module_init_args, &s->module, err) ||
	    token_find(module_functions(s->module), s->uri, &s->token, err))
		return -1;
	trail_token(s->token.name.label, s->token.name.manufacturer, s->token.name.model, s->token.name.serial);
	s->token.token_objects = opts->token_objects;
	s->token.left = &s->left;
	s->token.stuck = &s->stuck;
	if (token_open(&s->token, read_write, err))
		return -1;
	return log_in(s, opts, err);
}

int session_check_left(const struct session *s, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX], why[TOKEN_STUCK_MAX];

	if (s->left == 0)
		return 0;
	kh_fail(err, KH_E_TOKEN, s->stuck.rv, "%zu object%s that this command made could not be taken off %s%s", s->left,
		s->left == 1 ? "" : "s", token_words(&s->token, words), token_stuck_words(&s->stuck, why));
	return kh_hint(err, "the bundles that are said to be wrapped are; 'keyhaul-token clean' removes keyhaul-tmp-* objects, "
			    "the vendor's tool any other");
}

int session_open_beside(const struct session *first, struct session *out, struct kh_error *err)
{
	*out = *first;
	out->left = 0;
	if (token_open_beside(&first->token, &out->token, err))
		return -1;
	out->token.left = &out->left;
	out->stuck.call = NULL;
	out->token.stuck = &out->stuck;
	return 0;
}

void session_close_beside(struct session *first, struct session *s)
{
	token_close(&s->token);
	first->left += s->left;
	if (s->stuck.call != NULL)
		first->stuck = s->stuck;
	s->left = 0;
}

int session_open(const char *uri, const struct token_opts *opts, bool read_write, struct session *s,
		 struct kh_error *err)
{
	if (session_parse(uri, opts, s, err))
		return -1;
	return session_start(opts, read_write, s, err);
}

void session_close(struct session *s)
{
	secret_free(s->pin);
	token_close(&s->token);
	module_close(s->module);
	uri_free(s->uri);
	s->pin = NULL;
	s->module = NULL;
	s->uri = NULL;
}
