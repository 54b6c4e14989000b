/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "secret.h"
#include "cmd.h"

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

int secret_prompt(const char *prompt, size_t max, struct secret **out, struct kh_error *err)
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
	(void)write_all(tty, "\n");
out:
	close(tty);
	return rc;
}
