/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_json.h"

#include "base/cmd.h"
#include "wordsplit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 250 /* after which an interrupt is seen */
#define SAID_MAX 300 /* bytes of its standard error that are shown */

/* The program while it runs. */
struct process {
	pid_t pid;
	int out, err; /* our ends of its standard output and error; -1 once at their ends */
	struct secret *output;
	char said[SAID_MAX + 1];
	size_t n_said;
	bool too_much;
};

/* Without a shell. Signals are as if nobody had touched them: this may be a thread that has all of them blocked. */
static int spawn(struct process *p, char *const *words, int out, int err_fd, struct kh_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	(void)sigemptyset(&none);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return kh_fail_errno(err, KH_E_SYSTEM, rc, "%s", words[0]);
	rc = posix_spawnattr_init(&attr);
	if (!rc) {
		rc = posix_spawnattr_setsigmask(&attr, &none);
		rc = rc ? rc : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
		rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
		rc = rc ? rc : posix_spawnp(&p->pid, words[0], &actions, &attr, words, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	if (!rc)
		return 0;
	p->pid = -1;
	kh_fail_errno(err, KH_E_INPUT, rc, "'%.200s'", words[0]);
	return kh_hint(err, "no shell runs it: the first word is a program, by its path or in PATH");
}

static int start(struct process *p, char *const *words, struct kh_error *err)
{
	int out[2] = {-1, -1}, said[2] = {-1, -1}, rc = -1;

	if (pipe2(out, O_CLOEXEC) || pipe2(said, O_CLOEXEC))
		kh_fail_errno(err, KH_E_SYSTEM, errno, "a pipe");
	else
		rc = spawn(p, words, out[1], said[1], err);
	if (out[1] >= 0)
		close(out[1]);
	if (said[1] >= 0)
		close(said[1]);
	p->out = out[0];
	p->err = said[0];
	return rc;
}

/* Once more of what stands in the pipe; closes it at its end. */
static void take_output(struct process *p)
{
	size_t had = secret_len(p->output);
	char rest;
	ssize_t n = had < secret_cap(p->output) ? read(p->out, secret_data(p->output) + had, secret_cap(p->output) - had)
						: read(p->out, &rest, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0 && had == secret_cap(p->output)) {
		p->too_much = true;
		n = 0;
	}
	if (n > 0) {
		secret_set_len(p->output, had + (size_t)n);
		return;
	}
	close(p->out);
	p->out = -1;
}

static void take_said(struct process *p)
{
	char part[256];
	ssize_t n = read(p->err, part, sizeof(part));
	size_t room = SAID_MAX - p->n_said;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(p->err);
		p->err = -1;
		return;
	}
	room = (size_t)n < room ? (size_t)n : room;
	memcpy(p->said + p->n_said, part, room);
	p->n_said += room;
}

/* Both pipes until it closes them. */
static int listen_to(struct process *p, struct kh_error *err)
{
	while (p->out >= 0 || p->err >= 0) {
		struct pollfd fds[] = {{.fd = p->out, .events = POLLIN}, {.fd = p->err, .events = POLLIN}};
		int n = poll(fds, 2, POLL_MS);

		if (cmd_interrupted()) {
			(void)kill(p->pid, SIGTERM);
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted while credential_process was running");
		}
		if (n < 0 && errno != EINTR)
			return kh_fail_errno(err, KH_E_SYSTEM, errno, "waiting for credential_process");
		if (n > 0 && fds[0].revents)
			take_output(p);
		if (n > 0 && fds[1].revents)
			take_said(p);
	}
	return p->too_much ? kh_fail(err, KH_E_INPUT, 0, "it printed more than %d bytes", SECRET_MAX) : 0;
}

/* Waits for its end and judges it: its standard error is the message. */
static int end(struct process *p, const char *program, struct kh_error *err)
{
	int status = 0;

	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			return kh_fail_errno(err, KH_E_SYSTEM, errno, "waiting for '%.200s'", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	while (p->n_said && (p->said[p->n_said - 1] == '\n' || p->said[p->n_said - 1] == ' '))
		p->n_said--;
	p->said[p->n_said] = '\0';
	kh_fail(err, KH_E_INPUT, 0, WIFEXITED(status) ? "'%.200s' ended with status %d%s%s" : "'%.200s' was ended by signal %d%s%s",
		program, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), p->n_said ? ": " : "", p->said);
	return kh_hint(err, "run it by hand to see why");
}

static int run(const struct wordsplit *w, struct secret *output, struct kh_error *err)
{
	struct process p = {.pid = -1, .out = -1, .err = -1, .output = output};
	struct kh_error second;
	int rc;

	rc = start(&p, w->words, err);
	if (!rc)
		rc = listen_to(&p, err);
	if (p.out >= 0)
		close(p.out);
	if (p.err >= 0)
		close(p.err);
	if (p.pid >= 0 && end(&p, w->words[0], rc ? &second : err))
		rc = -1;
	return rc;
}

static int read_output(const struct creds_chain *c, const struct secret *output, struct creds *out, struct kh_error *err)
{
	static const struct creds_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", false};
	json_t *root = creds_json_parse(output, err);
	const json_t *version = json_object_get(root, "Version");
	int rc = -1;

	if (root && (!json_is_integer(version) || json_integer_value(version) != 1))
		kh_fail(err, KH_E_KMS, 0, "what it printed is not of Version 1");
	else if (root)
		rc = creds_json_keep(c, root, &names, out, err);
	json_decref(root);
	if (rc < 0 && err->code == KH_E_KMS && strcmp(err->name, "ExpiredToken") != 0)
		err->code = KH_E_INPUT; /* a program of the user's, not AWS */
	return rc;
}

int creds_from_process(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	const char *line = profile_get(c->profile, "credential_process");
	struct secret *output = NULL;
	struct wordsplit words = {0};
	int rc = -1;

	if (!line)
		return 0;
	out->provider = "custom-process";
	(void)snprintf(out->where, sizeof(out->where), "credential_process of profile '%.200s'", c->profile->name);
	output = secret_new(SECRET_MAX, err);
	if (output && !wordsplit(line, &words, err) && !run(&words, output, err))
		rc = read_output(c, output, out, err);
	wordsplit_clear(&words);
	secret_free(output);
	return rc < 0 && err->code != KH_E_MEMORY && err->code != KH_E_INTERRUPTED &&
		       strncmp(err->msg, out->where, strlen(out->where)) != 0
		       ? kh_context(err, "%s", out->where) : rc;
}
