/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "step.h"

#include "base/cmd.h"
#include "base/log.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void step_begin(struct step *s, const char *program, const char *verb)
{
	memset(s, 0, sizeof(*s));
	s->output.max = STEP_OUTPUT_MAX;
	s->program = program;
	s->words[s->n++] = program;
	s->words[s->n++] = verb;
}

static int add(struct step *s, const char *word, struct kh_error *err)
{
	if (s->n == STEP_WORDS_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "more than %d words for %s", STEP_WORDS_MAX, s->program);
	s->words[s->n++] = word;
	return 0;
}

int step_option(struct step *s, const char *name, const char *value, struct kh_error *err)
{
	char *room = s->names[s->n < STEP_WORDS_MAX ? s->n : 0];

	(void)snprintf(room, sizeof(s->names[0]), "--%s", name);
	return add(s, room, err) || (value && add(s, value, err)) ? -1 : 0;
}

void step_operands(struct step *s, const char *const *words, size_t n)
{
	s->operands = words;
	s->n_operands = n;
}

/* The words up to a NULL; the caller frees the array alone. */
static const char **all_words(const struct step *s)
{
	size_t n = s->n + s->n_operands;
	const char **out;

	for (n = s->whole ? 0 : n; s->whole && s->whole[n]; n++)
		;
	out = calloc(n + 2, sizeof(*out));
	if (!out)
		return NULL;
	if (s->whole) {
		memcpy((void *)out, (const void *)s->whole, n * sizeof(*out));
		return out;
	}
	memcpy((void *)out, (const void *)s->words, s->n * sizeof(*out));
	if (s->n_operands) {
		out[s->n] = "--";
		memcpy((void *)(out + s->n + 1), (const void *)s->operands, s->n_operands * sizeof(*out));
	}
	return out;
}

/* Gives the pid, or -1. No shell and no PATH: the path is whole. */
static pid_t start(const struct step *s, int out, struct kh_error *err)
{
	posix_spawn_file_actions_t actions;
	const char **words;
	char path[VERBS_PATH];
	pid_t pid = -1;
	int rc;

	if (!s->path && verbs_path(s->program, path, err))
		return -1;
	words = all_words(s);
	if (!words) {
		kh_fail_memory(err);
		return -1;
	}
	rc = posix_spawn_file_actions_init(&actions);
	if (!rc) {
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		if (!rc && s->folder)
			rc = posix_spawn_file_actions_addchdir_np(&actions, s->folder);
		if (!rc)
			rc = posix_spawn(&pid, s->path ? s->path : path, &actions, NULL, (char *const *)(uintptr_t)words, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	free((void *)words);
	if (!rc)
		return pid;
	verbs_not_started(s->program, rc, err);
	return -1;
}

/* Reads to the end even when there is too much of it: the other program must not be ended by a closed pipe. */
static int read_output(struct step *s, int fd, struct kh_error *err)
{
	char part[4096];
	ssize_t n;
	int rc = 0;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_SYSTEM, errno, "reading from %s", s->program);
		rc = rc ? rc : buf_add(&s->output, part, (size_t)n, err);
	}
	return rc;
}

static int ended_by(const struct step *s, int sig, struct kh_error *err)
{
	const struct verb *verb = verbs_find(s->words[1]);
	const char *program = verb && strcmp(s->words[0], "keyhaul") == 0 ? verb->program : s->words[0];

	if (!cmd_interrupted())
		return kh_fail(err, KH_E_SYSTEM, 0, "%s %s was ended by signal %d", program, s->words[1], sig);
	return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %s %s was ended", s->words[0], s->words[1]);
}

static int wait_for(struct step *s, pid_t pid, struct kh_error *err)
{
	siginfo_t info;
	int status = 0;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	cmd_pass_signals_to(0); /* while the pid is still its own */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return kh_fail_errno(err, KH_E_SYSTEM, errno, "waiting for %s", s->program);
	if (!WIFEXITED(status))
		return ended_by(s, WIFSIGNALED(status) ? WTERMSIG(status) : 0, err);
	s->status = WEXITSTATUS(status);
	log_debug("%s %s: status %d", s->words[0], s->words[1], s->status);
	return 0;
}

int step_run(struct step *s, struct kh_error *err)
{
	int ends[2] = {-1, -1}, rc = -1;
	struct kh_error second;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "a pipe");
	pid = start(s, ends[1], err);
	close(ends[1]);
	if (pid >= 0) {
		cmd_pass_signals_to(pid);
		rc = read_output(s, ends[0], err);
		if (wait_for(s, pid, rc ? &second : err))
			rc = -1;
	}
	close(ends[0]);
	return rc;
}

enum kh_code step_code(int status)
{
	for (int k = 0; k < KH_CODES; k++)
		if (kh_status((enum kh_code)k) == status)
			return (enum kh_code)k;
	return KH_E_SYSTEM;
}

void step_end(struct step *s)
{
	buf_free(&s->output);
}
