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

#define IDLE_MAX 64

/* Each call has a connection to itself, so that calls of several threads are beside each other as on a network device. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int control = -1; /* by which the host is given its ends of connections */
static int idle[IDLE_MAX];
static size_t n_idle;
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
	control = ends[0];
	return 0;
}

static int give_end(int end)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec one = {(char[]){'c'}, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof(rights)};

	memcpy(CMSG_DATA(&rights.head), &end, sizeof(end));
	return sendmsg(control, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* One that is idle, or a new one; -1 where the host is gone. */
static int take_connection(void)
{
	int ends[2];

	if (n_idle > 0)
		return idle[--n_idle];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	if (give_end(ends[1]) != 0) {
		close(ends[0]);
		ends[0] = -1;
	}
	close(ends[1]);
	return ends[0];
}

static void keep_connection(int connection, bool good)
{
	pthread_mutex_lock(&lock);
	if (good && control >= 0 && n_idle < IDLE_MAX)
		idle[n_idle++] = connection;
	else
		close(connection);
	pthread_mutex_unlock(&lock);
}

/* Also where C_Finalize failed or was never called: the trace is whole when the program is gone. */
__attribute__((destructor)) void relay_end(void)
{
	pthread_mutex_lock(&lock);
	while (n_idle > 0)
		close(idle[--n_idle]);
	if (control >= 0) {
		close(control);
		control = -1;
		waitpid(host_pid, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
}

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

/* The connection for a call; C_Initialize starts the host. */
static CK_RV connect_for(enum relay_function function, int *connection)
{
	CK_RV rv = CKR_OK;

	pthread_mutex_lock(&lock);
	if (function == RELAY_C_Initialize && control < 0 && start_host() != 0)
		rv = CKR_GENERAL_ERROR;
	else if (control < 0)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	else if ((*connection = take_connection()) < 0)
		rv = CKR_DEVICE_REMOVED;
	pthread_mutex_unlock(&lock);
	return rv;
}

static CK_RV there_and_back(struct relay_message *m, struct relay_call *c)
{
	int connection = -1;
	CK_RV rv;
	ssize_t n = -1;

	if (relay_put_call(m, c) != 0)
		return CKR_ARGUMENTS_BAD;
	rv = connect_for(c->function, &connection);
	if (rv != CKR_OK)
		return rv;
	if (send(connection, m->data, m->len, MSG_NOSIGNAL) == (ssize_t)m->len)
		n = TEMP_FAILURE_RETRY(recv(connection, m->data, sizeof(m->data), 0));
	keep_connection(connection, n > 0);
	if (n <= 0)
		return CKR_DEVICE_REMOVED;
	m->len = (size_t)n;
	return relay_take_answer(m, c) == 0 ? c->rv : CKR_GENERAL_ERROR;
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
