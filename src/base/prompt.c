/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "prompt.h"

#include "cmd.h"
#include "log.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define HINT_CONFIRM "nothing was done: run it again and type '%s', or give --yes"

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

/* The terminal while something is asked on it. */
struct asking {
	int tty;
	const char *prompt;
	struct termios was, quiet;
	sigset_t before; /* the signals that were blocked before; a wait lets the others in */
	struct sigaction on_stop;
};

static volatile sig_atomic_t stop_asked;

static void on_stop(int sig)
{
	(void)sig;
	stop_asked = 1;
}

/* Signals come in while we wait, and only there: none of them finds the terminal without its echo and ends us. */
static void hold_signals(struct asking *a)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct sigaction act;
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &a->before);
	stop_asked = 0;
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_stop;
	if (sigaction(SIGTSTP, NULL, &a->on_stop) == 0 && a->on_stop.sa_handler != SIG_IGN)
		(void)sigaction(SIGTSTP, &act, NULL);
}

static void let_signals(const struct asking *a)
{
	(void)sigaction(SIGTSTP, &a->on_stop, NULL);
	(void)sigprocmask(SIG_SETMASK, &a->before, NULL);
}

/* Stopped, with the terminal as it was; asks anew when it goes on. */
static int stop_here(const struct asking *a, struct kh_error *err)
{
	stop_asked = 0;
	(void)tcsetattr(a->tty, TCSAFLUSH, &a->was);
	(void)raise(SIGSTOP);
	if (tcsetattr(a->tty, TCSAFLUSH, &a->quiet) || write_all(a->tty, a->prompt))
		return kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
	return 0;
}

/* 0: there is something to read; 1: it was stopped and went on; -1. */
static int wait_for_reply(const struct asking *a, struct kh_error *err)
{
	struct pollfd fd = {.fd = a->tty, .events = POLLIN};

	for (;;) {
		int n = ppoll(&fd, 1, NULL, &a->before);

		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted while asking");
		if (stop_asked)
			return stop_here(a, err) ? -1 : 1;
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
	}
}

static int read_reply(const struct asking *a, size_t max, struct secret **out, struct kh_error *err)
{
	struct secret *s = secret_new(max, err);
	char c = 0;

	if (!s)
		return -1;
	for (;;) {
		int woken = wait_for_reply(a, err);
		ssize_t n;

		if (woken < 0)
			goto fail;
		if (woken > 0) {
			secret_set_len(s, 0);
			continue;
		}
		n = read(a->tty, &c, 1);
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

int prompt_terminal(const char *prompt, size_t max, bool echo, struct secret **out, struct kh_error *err)
{
	struct asking a = {.tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), .prompt = prompt};
	int rc = -1;

	if (a.tty < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "no terminal to ask on");
	hold_signals(&a);
	if (tcgetattr(a.tty, &a.was)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
		goto out;
	}
	a.quiet = a.was;
	if (!echo)
		a.quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(a.tty, TCSAFLUSH, &a.quiet)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
		goto out;
	}
	if (write_all(a.tty, prompt))
		kh_fail_errno(err, KH_E_INPUT, errno, "the terminal");
	else
		rc = read_reply(&a, max, out, err);
	(void)tcsetattr(a.tty, TCSAFLUSH, &a.was);
	if (!echo)
		(void)write_all(a.tty, "\n");
out:
	let_signals(&a);
	close(a.tty);
	return rc;
}

int secret_prompt(const char *prompt, size_t max, struct secret **out, struct kh_error *err)
{
	return prompt_terminal(prompt, max, false, out, err);
}

int prompt_confirm(const char *prompt, const char *word, struct kh_error *err)
{
	struct secret *reply = NULL;
	bool same;

	if (prompt_terminal(prompt, PROMPT_REPLY_MAX, true, &reply, err) != 0) {
		if (err->code != KH_E_INPUT)
			return -1;
		kh_context(err, "not confirmed");
		err->code = KH_E_USAGE;
		return kh_hint(err, err->native != 0 ? "where there is no terminal, --yes says it" : HINT_CONFIRM, word);
	}
	same = strcmp(secret_text(reply), word) == 0;
	secret_free(reply);
	if (same)
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "not confirmed: '%s' was not typed", word);
	return kh_hint(err, HINT_CONFIRM, word);
}

int prompt_line(const char *prompt, char out[PROMPT_LINE_MAX], struct kh_error *err)
{
	struct secret *reply = NULL;
	int rc;

	if (isatty(STDIN_FILENO)) {
		rc = prompt_terminal(prompt, PROMPT_LINE_MAX - 1, true, &reply, err);
	} else {
		log_line(prompt, "");
		rc = secret_read_line(STDIN_FILENO, "standard input", PROMPT_LINE_MAX - 1, &reply, err);
		if (rc && err->code == KH_E_INPUT) {
			kh_fail(err, KH_E_INPUT, 0, "standard input ended, or has a line that is empty or too long");
			kh_hint(err, "what is asked for is answered in order, a line each");
		}
	}
	if (rc)
		return -1;
	memcpy(out, secret_text(reply), secret_len(reply) + 1);
	secret_free(reply);
	return 0;
}
