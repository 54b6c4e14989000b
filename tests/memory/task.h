/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_TASK_H
#define KEYHAUL_MEMORY_TASK_H

#include "memory.h"

#define TASKS_MAX 256

/* An address space; threads share it. */
struct process {
	pid_t pid;
	int tasks;
	bool planted; /* with the canaries of planted.so: by itself or from the process that it was forked off */
	struct memory *memory;
};

struct task {
	pid_t tid; /* 0: free */
	struct process *process;
	bool fresh;	/* its first stop is the kernel's SIGSTOP, which is not for it */
	bool asks_login; /* the relay has sent C_Login, and no answer was taken */
	bool answered;	 /* it was: at this thread's next stop C_Login has returned */
	uint64_t call;
};

/* All threads of all processes of a run. */
struct tasks {
	struct task v[TASKS_MAX];
	unsigned long processes, threads; /* so far; a process's first thread is not counted */
};

/* NULL where there is none of that id. */
struct task *task_find(struct tasks *all, pid_t tid);

/* One that was not seen before: the first, a fork's or a clone's. NULL with a line on stderr. */
struct task *task_new(struct tasks *all, pid_t tid);

/* It has ended; the last one takes its process with it. */
void task_end(struct task *task);

/* An exec left this one alone in its process. */
void task_end_others(struct tasks *all, const struct task *task);

#endif
