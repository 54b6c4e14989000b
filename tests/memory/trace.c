/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * PTRACE_SYSCALL: every thread of every process stops where a system call begins and where it ends, at fork, clone, exec
 * and exit, and at a signal. The token's process is the one exception: it is told by the file that it executes.
 */
#include "task.h"
#include "trace.h"

#include "relay/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

struct tracer {
	struct trace *t;
	struct tasks tasks;
	pid_t first;
	unsigned long told;
	const char *who, *at; /* this stop in words: "the program", "a thread", "a child"; where, and the call's number */
	uint64_t call;
	unsigned seen; /* a bit for each canary that is there */
	bool pin;
};

static int trouble(const char *what)
{
	fprintf(stderr, "memory_reader: %s: %s\n", what, strerror(errno));
	return -1;
}

/* Each needle once, where it is found first. */
static void tell(struct tracer *r, struct needle *n, const struct memory_hit *hit)
{
	r->t->found++;
	if (n->told || r->told++ >= TRACE_TOLD_MAX)
		return;
	n->told = true;
	fprintf(r->t->report, "found %s: %s, %zu bytes from %zu on, in %s of %s at stop %lu (%s %lu)\n", n->name, n->form, n->len,
		n->at, hit->where, r->who, (unsigned long)r->t->watch.stop, r->at, (unsigned long)r->call);
}

static void judge_hit(const struct memory_hit *hit, void *arg)
{
	struct tracer *r = arg;
	struct trace *t = r->t;
	struct needle *n = needles_at(t->watch.needles, hit->needle);

	if (n->kind == NEEDLE_CANARY)
		r->seen |= 1u << (hit->needle - t->first_canary);
	else if (n->kind == NEEDLE_KEY || t->login_returned)
		tell(r, n, hit);
	else
		r->pin = true;
}

/* Reads the process that has stopped, and says what that is worth. */
static int look(struct tracer *r, struct process *p)
{
	struct trace *t = r->t;

	t->watch.stop++;
	if (memory_read(p->memory, &t->watch) != 0)
		return -1;
	r->seen = 0;
	r->pin = false;
	memory_hits(p->memory, judge_hit, r);
	t->pin_before += r->pin;
	for (size_t i = 0; i < CANARY_PLACES; i++) {
		bool wanted = i == CANARY_STACK || p->planted, there = r->seen >> i & 1;

		t->canaries[i].wanted += wanted;
		t->canaries[i].there += wanted && there;
		t->canaries[i].early += !wanted && there;
	}
	return 0;
}

/* From the next stop on (`next` stops later), the PIN may be nowhere. */
static void end_wait(struct trace *t, uint64_t next)
{
	if (t->login_returned)
		return;
	t->login_returned = true;
	t->login_stop = t->watch.stop + next;
}

static bool is_login(const struct process *p, const struct __ptrace_syscall_info *info)
{
	CK_ULONG function = 0;

	return info->entry.nr == SYS_sendto && memory_peek(p->memory, info->entry.args[1], &function, sizeof(function)) == 0 &&
	       function == RELAY_C_Login;
}

static int at_syscall(struct tracer *r, struct task *task)
{
	struct __ptrace_syscall_info info;
	struct process *p = task->process;
	bool entry;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof(info), &info) <= 0)
		return trouble("PTRACE_GET_SYSCALL_INFO");
	entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
	if (entry) {
		task->call = info.entry.nr;
		p->planted = p->planted || (info.entry.nr == SYS_prctl && info.entry.args[0] == CANARY_PRCTL);
		task->asks_login = task->asks_login || (!r->t->until_exit && is_login(p, &info));
		if (r->t->until_exit && info.entry.nr == SYS_exit_group && p->pid == r->first)
			end_wait(r->t, 0);
	}
	r->at = entry ? "begin of system call" : "end of system call";
	r->call = task->call;
	if (look(r, p) != 0)
		return -1;
	task->answered = !entry && task->asks_login && task->call == SYS_recvfrom;
	task->asks_login = task->asks_login && !task->answered;
	return 0;
}

static bool same_file(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The other threads are gone, and so is the memory. The token's process is let go. */
static int at_exec(struct tracer *r, struct task *task, bool *let_go)
{
	struct process *p = task->process;
	char path[64];

	task_end_others(&r->tasks, task);
	p->planted = false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	*let_go = r->t->host != NULL && same_file(path, r->t->host);
	if (*let_go) {
		r->t->left++;
		task_end(task);
		return 0;
	}
	memory_close(p->memory);
	p->memory = memory_open(p->pid);
	return p->memory != NULL ? look(r, p) : -1;
}

static int at_stop(struct tracer *r, struct task *task, int status)
{
	pid_t tid = task->tid;
	int event = status >> 16, sig = 0;
	bool let_go = false;

	if (task->answered)
		end_wait(r->t, 1);
	r->who = task->process->pid != r->first ? "a child" : tid != r->first ? "a thread" : "the program";
	r->at = event != 0 ? "event" : "signal";
	r->call = (unsigned)(event != 0 ? event : WSTOPSIG(status));
	if (event == PTRACE_EVENT_EXEC) {
		if (at_exec(r, task, &let_go) != 0)
			return -1;
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (at_syscall(r, task) != 0)
			return -1;
	} else {
		if (look(r, task->process) != 0)
			return -1;
		sig = event != 0 || (task->fresh && WSTOPSIG(status) == SIGSTOP) ? 0 : WSTOPSIG(status);
		task->fresh = task->fresh && event != 0;
	}
	if (let_go)
		return ptrace(PTRACE_DETACH, tid, 0L, 0L) == 0 ? 0 : trouble("PTRACE_DETACH");
	/* ESRCH: killed meanwhile, which waitpid tells */
	return ptrace(PTRACE_SYSCALL, tid, 0L, (long)sig) == 0 || errno == ESRCH ? 0 : trouble("PTRACE_SYSCALL");
}

static int follow(struct tracer *r)
{
	for (;;) {
		int status = 0;
		pid_t tid = waitpid(-1, &status, __WALL);
		struct task *task;

		if (tid < 0)
			return errno == ECHILD ? 0 : trouble("waitpid");
		task = task_find(&r->tasks, tid);
		if (WIFSTOPPED(status)) {
			if (task == NULL)
				task = task_new(&r->tasks, tid);
			if (task == NULL || at_stop(r, task, status) != 0)
				return -1;
			continue;
		}
		if (tid == r->first)
			r->t->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (task != NULL)
			task_end(task);
	}
}

static void become(const struct trace *t, char *const argv[])
{
	char hex[2 * CANARY_LEN + 1];

	for (size_t i = 0; i < CANARY_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", t->canary[i]);
	if (setenv(CANARY_VARIABLE, hex, 1) == 0 && setenv("LD_PRELOAD", t->preload, 1) == 0 &&
	    ptrace(PTRACE_TRACEME, 0, 0L, 0L) == 0 && raise(SIGSTOP) == 0)
		execv(argv[0], argv);
	trouble(argv[0]);
	_exit(127);
}

/* Up to the exec it is this program, with the needles in it: not read. */
static int up_to_exec(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, pid, 0L, (long)OPTIONS) != 0)
		return trouble("ptrace");
	do
		if (ptrace(PTRACE_CONT, pid, 0L, 0L) != 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return trouble("the program does not start");
	while (status >> 16 != PTRACE_EVENT_EXEC);
	return 0;
}

int trace_run(struct trace *t, char *const argv[])
{
	struct tracer r = {.t = t, .first = fork()};
	struct task *task;
	int ret;

	if (r.first == 0)
		become(t, argv);
	if (r.first < 0 || up_to_exec(r.first) != 0)
		return -1;
	task = task_new(&r.tasks, r.first);
	r.who = "the program";
	r.at = "event";
	r.call = PTRACE_EVENT_EXEC;
	if (task == NULL || look(&r, task->process) != 0 || ptrace(PTRACE_SYSCALL, r.first, 0L, 0L) != 0)
		return -1;
	task->fresh = false; /* its SIGSTOP was before the exec */
	ret = follow(&r);
	t->processes = r.tasks.processes;
	t->threads = r.tasks.threads;
	return ret;
}
