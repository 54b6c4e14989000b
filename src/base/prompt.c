/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "prompt.h"

#include "cmd.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int write_all(int fd, const char *s)
{
	size_t len = strlen(s);

	while (len) {
		ssize_t n = write(fd, s, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			s += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* One line; SIGINT ends the wait, because the terminal must get its echo back first. */
static int read_reply(int tty, size_t max, struct secret **out, struct kh_error *err)
{
	struct secret *s = secret_new(max, err);
	char c = 0;
	ssize_t n = 1;

	if (!s)
		return -1;
	for (;;) {
		n = read(tty, &c, 1);
		if (cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted while asking");
			goto fail;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (secret_len(s) == max) {
			kh_fail(err, KH_E_INPUT, 0, "what was typed is longer than %zu bytes", max);
			goto fail;
		}
		secret_data(s)[secret_len(s)] = (unsigned char)c;
		secret_set_len(s, secret_len(s) + 1);
	}
	secret_wipe(&c, 1);
	if (secret_len(s) == 0) {
		kh_fail(err, KH_E_INPUT, 0, "nothing was typed");
		goto fail;
	}
	*out = s;
	return 0;
fail:
	secret_wipe(&c, 1);
	secret_free(s);
	return -1;
}

static int ask(const char *prompt, size_t max, bool echo, struct secret **out, struct kh_error *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios was, quiet;
	int rc = -1;

	if (tty < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "no terminal to ask on");
	if (tcgetattr(tty, &was)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
		goto out;
	}
	quiet = was;
	if (!echo)
		quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
		goto out;
	}
	if (write_all(tty, prompt))
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
	else
		rc = read_reply(tty, max, out, err);
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	if (!echo)
		(void)write_all(tty, "\n");
out:
	close(tty);
	return rc;
}

int secret_prompt(const char *prompt, size_t max, struct secret **out, struct kh_error *err)
{
	return ask(prompt, max, false, out, err);
}

int prompt_confirm(const char *prompt, const char *word, struct kh_error *err)
{
	struct secret *reply = NULL;
	bool same;

	if (ask(prompt, PROMPT_REPLY_MAX, true, &reply, err) != 0) {
		if (err->code != KH_E_INPUT)
			return -1;
		kh_context(err, "not confirmed");
		err->code = KH_E_USAGE;
		return kh_hint(err, "where there is no terminal, --yes says it");
	}
	same = strcmp(secret_text(reply), word) == 0;
	secret_free(reply);
	return same ? 0 : kh_fail(err, KH_E_USAGE, 0, "not confirmed: '%s' was not typed", word);
}
