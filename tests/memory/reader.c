/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * memory_reader --can
 * memory_reader --report FILE --preload planted.so [--host PROGRAM] [--needles FILE] [--record FILE] [--until-exit] --
 *	PROGRAM WORD...
 * memory_reader --report FILE --needles FILE --search RECORD
 *
 * Runs a program and reads its memory at every system call; or searches what such a run recorded. --until-exit: what a
 * line "pin" names may be there until the program asks to exit, and not until C_Login has returned. Exit status: 0 nothing
 * was found that may not be there; 3 something was; 4 a canary was not found where it has to be, or memory could not be
 * read; 2 usage; --can: 77 with a reason on stderr where this machine does not let us read.
 */
#include "trace.h"

#include <fcntl.h>
#include <getopt.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOTHING = 0, USAGE = 2, FOUND = 3, NOT_SEEN = 4, CANNOT = 77 };

struct options {
	const char *report, *preload, *host, *needles, *record, *search;
	bool can, until_exit;
};

static const struct option long_options[] = {
	{"report", required_argument, NULL, 'r'}, {"preload", required_argument, NULL, 'p'},
	{"host", required_argument, NULL, 'h'},	  {"needles", required_argument, NULL, 'n'},
	{"record", required_argument, NULL, 'o'}, {"search", required_argument, NULL, 's'},
	{"can", no_argument, NULL, 'c'},	  {"until-exit", no_argument, NULL, 'u'},
	{NULL, 0, NULL, 0},
};

static const char *const place_names[CANARY_PLACES] = {"stack", "heap", "mapping", "data"};

static int cannot(const char *why)
{
	fprintf(stderr, "%s\n", why);
	return CANNOT;
}

/* The program makes itself undumpable: who may read it then has CAP_SYS_PTRACE. */
static int can_read(void)
{
	static const char *const files[] = {"mem", "maps", "pagemap"};
	int status = 0, ret = NOTHING;
	pid_t pid;

	if (sysconf(_SC_PAGESIZE) != 4096)
		return cannot("the memory reader knows pages of 4096 bytes only");
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
		_exit(ptrace(PTRACE_TRACEME, 0, 0L, 0L) == 0 && raise(SIGSTOP) == 0 ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return cannot("a program cannot be traced here");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && ret == NOTHING; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			ret = cannot("no CAP_SYS_PTRACE: the memory of a program that is not dumpable cannot be read");
		else
			close(fd);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return ret;
}

static int add_canaries(struct needles *all, const unsigned char *canary)
{
	char hex[2 * CANARY_LEN + 1];
	struct needle n = {.kind = NEEDLE_CANARY, .form = "bytes", .len = 2 * CANARY_LEN};

	for (size_t i = 0; i < CANARY_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", canary[i]);
	memcpy(n.bytes, hex, n.len);
	snprintf(n.name, sizeof(n.name), "canary");
	if (needles_add(all, &n) != 0)
		return -1;
	n.len = CANARY_LEN;
	for (unsigned place = CANARY_HEAP; place < CANARY_PLACES; place++) {
		for (size_t i = 0; i < CANARY_LEN; i++)
			n.bytes[i] = CANARY_BYTE(canary[i], place);
		if (needles_add(all, &n) != 0)
			return -1;
	}
	return 0;
}

static bool canaries_hold(const struct trace *t)
{
	bool hold = true;

	for (size_t i = 0; i < CANARY_PLACES; i++)
		hold = hold && t->canaries[i].wanted > 0 && t->canaries[i].there == t->canaries[i].wanted &&
		       t->canaries[i].early == 0;
	return hold;
}

static void report(const struct trace *t)
{
	FILE *f = t->report;

	fprintf(f, "exit %d\nstops %lu\n", t->status, (unsigned long)t->watch.stop);
	fprintf(f, "read %lu MiB, searched %lu MiB\n", (unsigned long)(t->watch.bytes >> 20),
		(unsigned long)(t->watch.searched >> 20));
	fprintf(f, "processes %lu, threads more %lu, left alone %lu\n", t->processes, t->threads, t->left);
	fprintf(f, "needles %zu of keys, %zu of the PIN\n", needles_count(t->watch.needles, NEEDLE_KEY),
		needles_count(t->watch.needles, NEEDLE_PIN));
	for (size_t i = 0; i < CANARY_PLACES; i++)
		fprintf(f, "canary %s: at %lu of %lu stops, %lu before it was planted\n", place_names[i],
			t->canaries[i].there, t->canaries[i].wanted, t->canaries[i].early);
	fprintf(f, "login %s %lu, PIN at %lu stops before\n", t->login_returned ? "returned at stop" : "was not seen",
		(unsigned long)t->login_stop, t->pin_before);
	fprintf(f, "places %lu\n", t->found);
}

static int watch_program(const struct options *o, struct needles *all, FILE *out, char *const argv[])
{
	unsigned char canary[CANARY_LEN];
	struct trace t = {.preload = o->preload, .host = o->host, .until_exit = o->until_exit, .canary = canary, .report = out, .watch.needles = all};
	int ret = NOT_SEEN;

	t.first_canary = needles_count(all, NEEDLE_KEY) + needles_count(all, NEEDLE_PIN);
	if (RAND_bytes(canary, sizeof(canary)) != 1 || add_canaries(all, canary) != 0)
		return NOT_SEEN;
	t.watch.record = o->record != NULL ? fopen(o->record, "w") : NULL;
	if (o->record != NULL && t.watch.record == NULL) {
		perror(o->record);
		return NOT_SEEN;
	}
	if (trace_run(&t, argv) == 0 && canaries_hold(&t))
		ret = t.found > 0 ? FOUND : NOTHING;
	report(&t);
	if (t.watch.record != NULL && fclose(t.watch.record) != 0)
		ret = NOT_SEEN;
	return ret;
}

struct found {
	FILE *out;
	const struct needles *all;
	unsigned long told;
};

static void tell(const struct memory_hit *hit, void *arg)
{
	struct found *f = arg;
	struct needle *n = needles_at(f->all, hit->needle);

	if (n->told || f->told++ >= TRACE_TOLD_MAX)
		return;
	n->told = true;
	fprintf(f->out, "found %s: %s, %zu bytes from %zu on, in %s\n", n->name, n->form, n->len, n->at, hit->where);
}

static int search_record(const char *path, const struct needles *all, FILE *out)
{
	struct found f = {.out = out, .all = all};
	FILE *record = fopen(path, "r");
	long n = record != NULL ? record_search(record, all, tell, &f) : -1;

	if (record == NULL)
		perror(path);
	else
		(void)fclose(record);
	fprintf(out, "needles %zu of keys\nplaces %ld\n", needles_count(all, NEEDLE_KEY), n);
	return n < 0 ? NOT_SEEN : n > 0 ? FOUND : NOTHING;
}

static int parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		switch (c) {
		case 'r': o->report = optarg; break;
		case 'p': o->preload = optarg; break;
		case 'h': o->host = optarg; break;
		case 'n': o->needles = optarg; break;
		case 'o': o->record = optarg; break;
		case 's': o->search = optarg; break;
		case 'c': o->can = true; break;
		case 'u': o->until_exit = true; break;
		default: return -1;
		}
	}
	if (o->can)
		return 0;
	if (o->report == NULL || (o->search != NULL) == (optind < argc) || (o->search == NULL && o->preload == NULL))
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct needles *all = needles_new();
	FILE *out = NULL;
	int ret = USAGE;

	if (all == NULL || parse(argc, argv, &o) != 0) {
		fprintf(stderr, "memory_reader: see the head of tests/memory/reader.c for the usage\n");
		goto out;
	}
	if (o.can) {
		ret = can_read();
		goto out;
	}
	out = fopen(o.report, "we");
	if (out == NULL || (o.needles != NULL && needles_read(all, o.needles) != 0))
		goto out;
	ret = o.search != NULL ? search_record(o.search, all, out) : watch_program(&o, all, out, argv + optind);
	fprintf(out, "end %d\n", ret);
out:
	if (out != NULL)
		(void)fclose(out);
	needles_free(all);
	return ret;
}
