/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number behind a name in /proc/TID/status; -1. */
static pid_t status_number(pid_t tid, const char *name)
{
	char path[64], line[256];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ":%d", &n) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

struct task *task_find(struct tasks *all, pid_t tid)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (all->v[i].tid == tid)
			return &all->v[i];
	return NULL;
}

static struct process *process_find(struct tasks *all, pid_t pid)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (all->v[i].tid != 0 && all->v[i].process->pid == pid)
			return all->v[i].process;
	return NULL;
}

static struct process *process_new(struct tasks *all, pid_t pid, pid_t parent)
{
	struct process *p = calloc(1, sizeof(*p)), *from = process_find(all, parent);

	if (p == NULL)
		return NULL;
	p->pid = pid;
	p->planted = from != NULL && from->planted;
	p->memory = memory_open(pid);
	if (p->memory == NULL) {
		free(p);
		return NULL;
	}
	all->processes++;
	return p;
}

struct task *task_new(struct tasks *all, pid_t tid)
{
	pid_t pid = status_number(tid, "Tgid");
	struct process *p = process_find(all, pid);
	struct task *task = task_find(all, 0);

	if (p != NULL)
		all->threads++;
	else if (pid > 0)
		p = process_new(all, pid, status_number(tid, "PPid"));
	if (p == NULL || task == NULL) {
		fprintf(stderr, "memory_reader: no room for thread %d\n", (int)tid);
		return NULL;
	}
	p->tasks++;
	*task = (struct task){.tid = tid, .process = p, .fresh = true};
	return task;
}

void task_end(struct task *task)
{
	struct process *p = task->process;

	task->tid = 0;
	if (--p->tasks > 0)
		return;
	memory_close(p->memory);
	free(p);
}

void task_end_others(struct tasks *all, const struct task *task)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (all->v[i].tid != 0 && &all->v[i] != task && all->v[i].process == task->process)
			task_end(&all->v[i]);
}
