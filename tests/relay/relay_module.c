/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The module's side of the socket: the host program, and a call there and back. Keeps nothing of what passes. */
#include "relay_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int host_socket = -1;
static pid_t host_pid = -1;

static const char *host_path(char *room, size_t size)
{
	static const char here;
	const char *path = getenv("KEYHAUL_RELAY_HOST"), *slash;
	Dl_info info;

	if (path != NULL)
		return path;
	if (dladdr(&here, &info) == 0 || info.dli_fname == NULL)
		return NULL;
	slash = strrchr(info.dli_fname, '/');
	if (slash == NULL || (size_t)(slash - info.dli_fname) + sizeof("/relay_host") > size)
		return NULL;
	snprintf(room, size, "%.*s/relay_host", (int)(slash - info.dli_fname), info.dli_fname);
	return room;
}

/* In the child: between fork and exec only what may be called there. */
static void become_host(const char *path, int end)
{
	char *const argv[] = {(char *)"relay_host", NULL};

	if (end != RELAY_SOCKET)
		dup2(end, RELAY_SOCKET);
	execv(path, argv);
	_exit(127);
}

static int start_host(void)
{
	char room[4096];
	const char *path = host_path(room, sizeof(room));
	int ends[2];

	if (path == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	host_pid = fork();
	if (host_pid == 0) {
		/* dup2 onto itself would leave close-on-exec set */
		int end = ends[1] == RELAY_SOCKET ? dup(ends[1]) : ends[1];

		become_host(path, end);
	}
	close(ends[1]);
	if (host_pid < 0) {
		close(ends[0]);
		return -1;
	}
	host_socket = ends[0];
	return 0;
}

/* Also where C_Finalize failed or was never called: the trace is whole when the program is gone. */
__attribute__((destructor)) void relay_end(void)
{
	pthread_mutex_lock(&one_at_a_time);
	if (host_socket >= 0) {
		close(host_socket);
		host_socket = -1;
		waitpid(host_pid, NULL, 0);
	}
	pthread_mutex_unlock(&one_at_a_time);
}

/* Outside the lock: round trips of several threads overlap, as they do over a network. */
static void delay(void)
{
	const char *text = getenv("KEYHAUL_RELAY_DELAY_US");
	long us = text != NULL ? strtol(text, NULL, 10) : 0;
	struct timespec left = {us / 1000000, us % 1000000 * 1000};

	while (us > 0 && nanosleep(&left, &left) != 0)
		;
}

static void fill(struct relay_call *c, va_list ap)
{
	const char *kinds = relay_functions[c->function].args;

	c->n = strlen(kinds);
	for (size_t i = 0; i < c->n; i++) {
		struct relay_arg *a = &c->args[i];

		a->kind = kinds[i];
		if (a->kind == 'u')
			a->number = va_arg(ap, CK_ULONG);
		else if (a->kind == 'h')
			a->out = va_arg(ap, CK_ULONG *);
		else
			a->data = va_arg(ap, void *);
		if (strchr("bAoGF", a->kind) != NULL)
			a->n = va_arg(ap, CK_ULONG);
		if (strchr("BLF", a->kind) != NULL)
			a->out = va_arg(ap, CK_ULONG *);
		if ((a->kind == 'B' || a->kind == 'L') && a->out != NULL)
			a->n = a->data != NULL ? *a->out : 0;
	}
}

static bool lacks_pointer(const struct relay_call *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct relay_arg *a = &c->args[i];

		if ((strchr("hBLF", a->kind) != NULL && a->out == NULL) ||
		    (strchr("oF", a->kind) != NULL && a->data == NULL))
			return true;
	}
	return false;
}

static CK_RV there_and_back(struct relay_message *m, struct relay_call *c)
{
	CK_RV rv = CKR_DEVICE_REMOVED;
	ssize_t n;

	pthread_mutex_lock(&one_at_a_time);
	if (c->function == RELAY_C_Initialize && host_socket < 0 && start_host() != 0)
		rv = CKR_GENERAL_ERROR;
	else if (host_socket < 0)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	else if (relay_put_call(m, c) != 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (send(host_socket, m->data, m->len, MSG_NOSIGNAL) == (ssize_t)m->len &&
		 (n = TEMP_FAILURE_RETRY(recv(host_socket, m->data, sizeof(m->data), 0))) > 0) {
		m->len = (size_t)n;
		rv = relay_take_answer(m, c) == 0 ? c->rv : CKR_GENERAL_ERROR;
	}
	pthread_mutex_unlock(&one_at_a_time);
	return rv;
}

CK_RV relay_pass(enum relay_function function, ...)
{
	struct relay_message *m = malloc(sizeof(*m));
	struct relay_call c = {.function = function};
	CK_RV rv = CKR_ARGUMENTS_BAD;
	va_list ap;

	if (m == NULL)
		return CKR_HOST_MEMORY;
	va_start(ap, function);
	fill(&c, ap);
	va_end(ap);
	delay();
	if (!lacks_pointer(&c))
		rv = there_and_back(m, &c);
	explicit_bzero(m, sizeof(*m));
	free(m);
	return rv;
}
