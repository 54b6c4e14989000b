/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * Criterion takes a test that calls exit(0) for one that passed. Unit tests are
 * linked with --wrap for the ways out, and each leads here: in the process of the
 * test itself it is a failure; a child that the test forked may end as it likes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

_Noreturn void __real_exit(int status);
_Noreturn void __real__exit(int status);
_Noreturn void __real__Exit(int status);
_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap__Exit(int status);

static pid_t test_pid;

/* Criterion executes the program anew for each test, so that this is the test's. */
__attribute__((constructor)) static void remember_pid(void)
{
	test_pid = getpid();
}

static void refuse(const char *name, int status)
{
	if (getpid() != test_pid)
		return;
	fprintf(stderr, "%s(%d) within a test\n", name, status);
	abort();
}

_Noreturn void __wrap_exit(int status)
{
	refuse("exit", status);
	__real_exit(status);
}

_Noreturn void __wrap__exit(int status)
{
	refuse("_exit", status);
	__real__exit(status);
}

_Noreturn void __wrap__Exit(int status)
{
	refuse("_Exit", status);
	__real__Exit(status);
}
