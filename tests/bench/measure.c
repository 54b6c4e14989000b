/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * Runs a command as a whole process and says what it took:
 *
 *	measure COMMAND...      prints "CPU-microseconds peak-KiB microseconds", and exits as the command does
 *
 * The command's output goes to standard error.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(const struct timeval *t)
{
	return (long long)t->tv_sec * 1000000 + t->tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage used;
	struct timespec from = {0, 0}, to = {0, 0};
	int status = 0;
	pid_t child;

	if (argc < 2)
		return 2;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	child = fork();
	if (child == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return 126;
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)printf("%lld %ld %lld\n", microseconds(&used.ru_utime) + microseconds(&used.ru_stime), used.ru_maxrss,
		     (long long)(to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
