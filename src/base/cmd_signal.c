/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_signal.h"

#include "cmd.h"
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/*
 * A terminal's Ctrl-C reaches a run and the program that it runs, a kill the run alone. So a run passes on how many
 * signals it has had: the other takes the greater of that and of its own count, and no Ctrl-C counts twice.
 */
static atomic_int own;    /* that were sent to this process */
static atomic_int told;   /* that its parent says that it had */
static atomic_int helper; /* the process that is told; 0 for none */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler counts");

static int seen(void)
{
	int mine = atomic_load(&own), theirs = atomic_load(&told);

	return mine > theirs ? mine : theirs;
}

static void count(const siginfo_t *info)
{
	if (info->si_code != SI_QUEUE || info->si_pid != getppid())
		(void)atomic_fetch_add(&own, 1);
	else if (info->si_value.sival_int > atomic_load(&told))
		atomic_store(&told, info->si_value.sival_int);
}

/* At the second it ends by itself; one that does not is killed at the third. */
static void tell(pid_t pid, int sig, int n)
{
	const union sigval value = {.sival_int = n};

	if (n > 2)
		(void)kill(pid, SIGKILL);
	else
		(void)sigqueue(pid, sig, value);
}

/* With what a signal handler may do. */
static void say_ended(void)
{
	static const char line[] = "error: interrupted again: ended at once\n"
				   "hint: each bundle is as it was or as it was to be; look at the rest before this is run again\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		return; /* a terminal that is gone */
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	int pid = atomic_load(&helper), why = errno, n;

	(void)context;
	count(info);
	n = seen();
	if (pid) {
		tell(pid, sig, n);
	} else if (n > 1) {
		log_abandon();
		say_ended();
		_exit(kh_status(KH_E_INTERRUPTED));
	}
	errno = why;
}

bool cmd_interrupted(void)
{
	return seen() != 0;
}

void cmd_pass_signals_to(pid_t pid)
{
	atomic_store(&helper, (int)pid);
	/* one that came before it was there; its name is lost, its meaning is the same */
	if (pid && seen())
		tell(pid, SIGTERM, seen());
}

static const int crashes[] = {SIGSEGV, SIGBUS};
#define CRASHES (sizeof(crashes) / sizeof(crashes[0]))

static struct sigaction before_crash[CRASHES];
static const char *volatile crash_lines;

static void on_crash(int sig)
{
	const char *lines = crash_lines;

	(void)sig;
	log_abandon();
	_exit(kh_status(lines && write(STDERR_FILENO, lines, strlen(lines)) < 0 ? KH_E_SYSTEM : KH_E_TOKEN));
}

void cmd_catch_crash(const char *lines)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_crash;
	for (size_t i = 0; i < CRASHES; i++)
		(void)sigaction(crashes[i], lines ? &act : &before_crash[i], lines ? &before_crash[i] : NULL);
	crash_lines = lines;
}

void signal_catch(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
	struct sigaction act, was;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_signal; /* no SA_RESTART: a wait for the terminal or the network must end */
	act.sa_flags = SA_SIGINFO;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* nohup's wish counts */
		if (ends[i] == SIGHUP && sigaction(SIGHUP, NULL, &was) == 0 && was.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(ends[i], &act, NULL);
	}
	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &act, NULL);
	(void)sigaction(SIGXFSZ, &act, NULL); /* ulimit -f: a write that fails is told and undone */
}
