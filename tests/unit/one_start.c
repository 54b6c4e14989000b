/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * In front of Criterion's library (LD_PRELOAD) where valgrind runs a unit test. Criterion executes the program anew for each
 * test, and its start costs more there than what most tests do; here the program starts once, and each test is a child that it
 * forks. The same asserts, a line of TAP for each test; fixtures, which none of our tests has, are refused.
 *
 * usage: PROGRAM --tap=FILE [--filter SUITE/NAME]; other arguments are passed over
 */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/stats.h>
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int done_fd = -1; /* what the test at hand came to: 'd', or 's' and why it is skipped */

void criterion_internal_test_setup(void)
{
}

void criterion_internal_test_main(void (*fn)(void))
{
	fn();
}

void criterion_internal_test_teardown(void)
{
}

void cri_asserts_passed_incr(void)
{
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
	if (!stats->passed)
		fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message ? stats->message : "");
}

void criterion_abort_test(void)
{
	fflush(NULL);
	_exit(1);
}

/* The library's header does not say so. */
void criterion_skip_test(const char *format, ...) __attribute__((format(printf, 1, 2)));

void criterion_skip_test(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (dprintf(done_fd, "s") != 1 || vdprintf(done_fd, format, ap) < 0)
		abort();
	va_end(ap);
	exit(0);
}

static int find_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	memcpy(base, &info->dlpi_addr, sizeof(info->dlpi_addr));
	return 1; /* the first is the program */
}

/* The program's tests: pointers in a section of its own, which has no symbols. */
static struct criterion_test **find_tests(const char *program, size_t *n)
{
	struct criterion_test **tests = NULL;
	FILE *f = fopen(program, "rb");
	char names[8192];
	ElfW(Ehdr) head;
	ElfW(Shdr) at;
	ElfW(Addr) base = 0;

	if (!f || fread(&head, sizeof(head), 1, f) != 1)
		goto out;
	dl_iterate_phdr(find_base, &base);
	if (fseek(f, (long)(head.e_shoff + (size_t)head.e_shstrndx * sizeof(at)), SEEK_SET) || fread(&at, sizeof(at), 1, f) != 1 ||
	    at.sh_size > sizeof(names) || fseek(f, (long)at.sh_offset, SEEK_SET) || fread(names, at.sh_size, 1, f) != 1)
		goto out;
	for (unsigned i = 0; i < head.e_shnum && !tests; i++) {
		if (fseek(f, (long)(head.e_shoff + i * sizeof(at)), SEEK_SET) || fread(&at, sizeof(at), 1, f) != 1)
			goto out;
		if (strcmp(names + at.sh_name, "cr_tst") == 0) {
			tests = (struct criterion_test **)(base + at.sh_addr);
			*n = at.sh_size / sizeof(*tests);
		}
	}
out:
	if (f)
		fclose(f);
	return tests;
}

static _Noreturn void run_here(const struct criterion_test *t)
{
	if (t->data->init || t->data->fini || t->data->signal || t->data->exit_code || t->data->param_) {
		fprintf(stderr, "%s: one_start.c has no fixtures\n", t->name);
		_exit(1);
	}
	t->test();
	if (write(done_fd, "d", 1) != 1)
		_exit(1);
	exit(0); /* as a program ends: what is not freed is looked for then */
}

/* 0: passed or skipped. */
static int run(const struct criterion_test *t, FILE *tap)
{
	char said[256] = "";
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		close(fds[0]);
		done_fd = fds[1];
		run_here(t);
	}
	close(fds[1]);
	len = read(fds[0], said, 1);
	for (ssize_t more = len; more > 0 && (size_t)len < sizeof(said) - 1; len += more)
		more = read(fds[0], said + len, sizeof(said) - 1 - (size_t)len);
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	status = len > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	fprintf(tap, "%sok - %s::%s%s%s\n", status ? "not " : "", t->category, t->name, said[0] == 's' ? " # SKIP " : "",
		said[0] == 's' ? said + 1 : "");
	return status;
}

int main(int argc, char *argv[])
{
	const char *filter = NULL, *path = NULL;
	struct criterion_test **tests;
	char name[256];
	int failed = 0;
	size_t n = 0;
	FILE *tap;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--tap=", 6) == 0)
			path = argv[i] + 6;
		else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
			filter = argv[i + 1];
	}
	tests = find_tests(argv[0], &n);
	tap = path ? fopen(path, "w") : NULL;
	if (!tests || !tap) {
		fprintf(stderr, "one_start.c: %s has no tests, or --tap= cannot be written\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", tests[i]->category, tests[i]->name);
		if (!filter || strcmp(filter, name) == 0)
			failed += run(tests[i], tap) != 0;
	}
	fclose(tap);
	return failed ? 1 : 0;
}
