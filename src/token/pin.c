/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pin.h"

#include "base/text.h"

#include <string.h>

bool pin_is_given(const struct token_opts *opts, const struct uri *uri)
{
	return opts->pin_file || opts->pin_fd >= 0 || uri_pin_source(uri) || uri_has_pin(uri);
}

int pin_check_sources(const struct token_opts *opts, const struct uri *uri, struct kh_error *err)
{
	int n = (opts->pin_file != NULL) + (opts->pin_fd >= 0) + (uri_pin_source(uri) != NULL) + uri_has_pin(uri);

	if (n > 1) {
		kh_fail(err, KH_E_USAGE, 0, "the PIN is said in %d ways", n);
		return kh_hint(err, "give one of --pin-file, --pin-fd, pin-source and pin-value");
	}
	if (n && opts->no_login)
		return kh_fail(err, KH_E_USAGE, 0, "a PIN and --no-login contradict each other");
	return 0;
}

/* `whose` is the prompt's first word, `option` what spares it. */
static int ask(const struct token *t, const char *whose, const char *option, struct secret **out, struct kh_error *err)
{
	struct buf prompt = BUF_INIT(1024);
	int rc = -1;

	if (buf_addf(&prompt, "%s of token '", err, whose) ||
	    text_for_terminal(t->name.label, strlen(t->name.label), &prompt, err) || buf_addf(&prompt, "': ", err))
		goto out;
	rc = secret_prompt(buf_text(&prompt), URI_PIN_MAX, out, err);
	if (rc && err->code == KH_E_INPUT) {
		kh_context(err, "the %s", whose);
		kh_hint(err, err->native != 0 ? "give it with %s where there is no terminal"
					      : "no try was spent: run it again and type it, or give %s", option);
	}
out:
	buf_free(&prompt);
	return rc;
}

int pin_get(const struct token_opts *opts, struct uri *uri, const struct token *t, struct secret **out,
	    struct kh_error *err)
{
	const char *path = opts->pin_file ? opts->pin_file : uri_pin_source(uri);
	int rc;

	*out = uri_take_pin(uri);
	if (*out)
		return 0;
	if (path)
		rc = secret_read_file(path, URI_PIN_MAX, out, err);
	else if (opts->pin_fd >= 0)
		rc = secret_read_line((int)opts->pin_fd, "--pin-fd", URI_PIN_MAX, out, err);
	else
		return ask(t, "PIN", "--pin-file or --pin-fd", out, err);
	return rc ? kh_context(err, "the PIN") : 0;
}

int pin_get_officer(const char *path, const struct token *t, struct secret **out, struct kh_error *err)
{
	if (!path)
		return ask(t, "SO PIN", "--so-pin-file", out, err);
	return secret_read_file(path, URI_PIN_MAX, out, err) ? kh_context(err, "the SO PIN") : 0;
}
