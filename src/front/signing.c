/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "signing.h"

#include "base/file.h"
#include "bundle/told.h"
#include "step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define OPT(n, k, field, value, words) \
	{.name = (n), .kind = (k), .offset = offsetof(struct signing_opts, field), .arg = (value), .text = (words)}

const struct opt_row signing_rows[] = {
	OPT("signer", OPT_URI, signer, "URI|FILE", "who signs: his private key, in a token or a PEM file"),
	OPT("cert", OPT_INPUT, cert, "FILE", "his certificate, PEM or DER"),
	/* no .env: keyhaul-token reads KEYHAUL_MODULE itself */
	OPT("module", OPT_INPUT, module, "FILE", "the token's PKCS#11 module"),
	OPT("module-init-args", OPT_TEXT, module_init_args, "TEXT", "text that the module is initialised with"),
	OPT("pin-file", OPT_INPUT, pin_file, "FILE", "the PIN, in the first line"),
	OPT("pin-fd", OPT_TEXT, pin_fd, "N", "the PIN, from a file descriptor"),
	OPT("no-login", OPT_FLAG, no_login, NULL, "the token asks for no PIN"),
	TOLD_OPT(struct signing_opts, now),
	OPT("bundle", OPT_INPUT, bundle, "FILE", TOLD_BUNDLE_TEXT),
};
_Static_assert(sizeof(signing_rows) / sizeof(signing_rows[0]) == SIGNING_ROWS, "the header's count");

int signing_check(const struct signing_opts *o, bool needed, bool *wanted, struct kh_error *err)
{
	*wanted = o->signer != NULL;
	if ((needed && !o->signer) || (o->cert && !o->signer))
		return kh_fail(err, KH_E_USAGE, 0, "--signer is missing");
	if (o->signer && !o->cert)
		return kh_fail(err, KH_E_USAGE, 0, "--cert is missing");
	return 0;
}

/* `flag`: one more, or NULL. */
static int sign(const struct signing_opts *o, const char *flag, const char *path, const char *signature, struct kh_error *err)
{
	const struct {
		const char *name, *value;
	} options[] = {{"signer", o->signer}, {"cert", o->cert}, {"module", o->module}, {"module-init-args", o->module_init_args},
		       {"pin-file", o->pin_file}, {"pin-fd", o->pin_fd}, {"now", o->now}, {"bundle", o->bundle}, {"out", signature}};
	struct step s;
	int rc = -1;

	step_begin(&s, "keyhaul-token", "sign");
	step_operands(&s, &path, 1);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].value && step_option(&s, options[i].name, options[i].value, err))
			goto out;
	if ((o->no_login && step_option(&s, "no-login", NULL, err)) || (flag && step_option(&s, flag, NULL, err)) || step_run(&s, err))
		goto out;
	if (s.status) {
		kh_fail(err, step_code(s.status), 0, "keyhaul-token sign failed");
		kh_hint(err, "its error line is above");
		goto out;
	}
	rc = 0;
out:
	step_end(&s);
	return rc;
}

int signing_run(const struct signing_opts *o, const char *path, const char *signature, struct kh_error *err)
{
	return sign(o, NULL, path, signature, err);
}

/* A new folder where one can be made: of a live system's folders many are read-only. */
static int make_folder(char folder[PATH_SIZE], struct kh_error *err)
{
	const char *temp = getenv("TMPDIR");
	const char *const places[] = {temp && *temp ? temp : "/tmp", "/tmp", "/dev/shm", "."};
	int why = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(folder, PATH_SIZE, "%.4000s/keyhaul-XXXXXX", places[i]);
		if (mkdtemp(folder))
			return 0;
		if (i == 0)
			why = errno;
	}
	kh_fail_errno(err, KH_E_SYSTEM, why, "no folder for what is to be signed can be made in %s, /tmp, /dev/shm or here", places[0]);
	return kh_hint(err, "set TMPDIR to a folder that can be written to, such as one on a tmpfs");
}

int signing_close(const struct signing_opts *o, const struct buf *content, struct buf *out, struct kh_error *err)
{
	char folder[PATH_SIZE], path[PATH_SIZE + 16], signature[PATH_SIZE + 16];
	int rc = -1;

	if (make_folder(folder, err))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/content", folder);
	(void)snprintf(signature, sizeof(signature), "%s/signature", folder);
	if (!file_create(path, 0600, buf_text(content), content->len, err) && !sign(o, "close-transcript", path, signature, err) &&
	    !file_read(signature, out, err))
		rc = 0;
	(void)unlink(path);
	(void)unlink(signature);
	(void)rmdir(folder);
	return rc;
}
