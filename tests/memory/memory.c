/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE REGION_PAGE
#define TRIES 20
#define RUN_MAX 256u /* pages of one read */
#define IN_MEMORY (1ull << 63 | 1ull << 62) /* of a pagemap entry: present, swapped (Documentation/admin-guide/mm/pagemap) */

struct memory {
	pid_t pid;
	int mem, maps, pagemap;
	struct region **regions;
	size_t n, room;
	size_t known, next; /* those of the last time, and which is expected */
	bool again;	    /* a failure now is not yet one */
};

static int trouble(const struct memory *m, const char *what, const char *which)
{
	if (!m->again)
		fprintf(stderr, "memory_reader: process %d: %s: %s (%s)\n", (int)m->pid, what, which, strerror(errno));
	return -1;
}

static int open_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct memory *memory_open(pid_t pid)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->pid = pid;
	m->mem = open_file(pid, "mem");
	m->maps = open_file(pid, "maps");
	m->pagemap = open_file(pid, "pagemap");
	if (m->mem >= 0 && m->maps >= 0 && m->pagemap >= 0)
		return m;
	trouble(m, "cannot be opened", "mem, maps, pagemap");
	memory_close(m);
	return NULL;
}

void memory_close(struct memory *m)
{
	const int files[] = {m != NULL ? m->mem : -1, m != NULL ? m->maps : -1, m != NULL ? m->pagemap : -1};

	if (m == NULL)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i] >= 0)
			close(files[i]);
	for (size_t i = 0; i < m->n; i++)
		region_free(m->regions[i]);
	free(m->regions);
	free(m);
}

static int keep(struct memory *m, struct region *r)
{
	if (m->n == m->room) {
		size_t room = m->room ? 2 * m->room : 128;
		struct region **regions = realloc(m->regions, room * sizeof(struct region *));

		if (regions == NULL)
			return -1;
		m->regions = regions;
		m->room = room;
	}
	m->regions[m->n++] = r;
	return 0;
}

/* A file's mapping may go on behind the file's end: nothing is there. Anonymous memory can always be read. */
static int read_singly(const struct memory *m, struct region *r, size_t i, size_t n)
{
	static unsigned char now[PAGE];

	for (; n > 0; i++, n--) {
		ssize_t got = pread(m->mem, now, PAGE, (off_t)(r->start + i * PAGE));

		if (got == (ssize_t)PAGE)
			region_take_page(r, i, now);
		else if (r->anonymous)
			return trouble(m, "cannot be read", r->line);
	}
	return 0;
}

static int read_run(const struct memory *m, struct region *r, size_t i, size_t n, struct memory_watch *watch)
{
	static unsigned char now[RUN_MAX * PAGE];
	ssize_t got = pread(m->mem, now, n * PAGE, (off_t)(r->start + i * PAGE));

	watch->bytes += n * PAGE;
	if (got != (ssize_t)(n * PAGE))
		return read_singly(m, r, i, n);
	for (size_t k = 0; k < n; k++)
		region_take_page(r, i + k, now + k * PAGE);
	return 0;
}

/* Which of the pages from `i` on have something in them: all, or as the kernel says. */
static int touched(const struct memory *m, const struct region *r, size_t i, size_t n, uint64_t out[RUN_MAX])
{
	size_t len = n * sizeof(out[0]);

	if (!r->anonymous) {
		memset(out, 0xff, len);
		return 0;
	}
	return pread(m->pagemap, out, len, (off_t)((r->start / PAGE + i) * sizeof(out[0]))) == (ssize_t)len
		       ? 0
		       : trouble(m, "no pagemap", r->line);
}

static int read_pages(const struct memory *m, struct region *r, struct memory_watch *watch)
{
	size_t pages = (r->end - r->start) / PAGE;
	uint64_t entries[RUN_MAX];

	for (size_t i = 0; i < pages; i += RUN_MAX) {
		size_t n = pages - i < RUN_MAX ? pages - i : RUN_MAX;

		if (touched(m, r, i, n, entries) != 0)
			return -1;
		for (size_t k = 0, end; k < n; k = end) {
			bool any = (entries[k] & IN_MEMORY) != 0;

			for (end = k; end < n && ((entries[end] & IN_MEMORY) != 0) == any; end++)
				if (!any)
					region_drop_page(r, i + end);
			if (any && read_run(m, r, i + k, end - k, watch) != 0)
				return -1;
		}
	}
	return 0;
}

static int region_read(const struct memory *m, struct region *r, struct memory_watch *watch)
{
	if (read_pages(m, r, watch) != 0)
		return -1;
	r->whole = true;
	return region_search(r, watch) == 0 ? 0 : trouble(m, "cannot be searched", r->line);
}

/* The kernel's own pages in each process, which the process cannot write. */
static bool is_kernels(const char *line)
{
	return strstr(line, "[vvar") != NULL || strstr(line, "[vsyscall]") != NULL;
}

/* The lines come in the regions' order. */
static struct region *region_find(struct memory *m, const char *line)
{
	for (size_t i = 0; i < m->known; i++) {
		struct region *r = m->regions[m->next];

		m->next = m->next + 1 < m->known ? m->next + 1 : 0;
		if (strcmp(r->line, line) == 0)
			return r;
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct region *x = *(struct region *const *)a, *y = *(struct region *const *)b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Those whose line was not there again are gone. */
static void drop_gone(struct memory *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->regions[i]->there)
			m->regions[kept++] = m->regions[i];
		else
			region_free(m->regions[i]);
	m->n = kept;
	qsort(m->regions, m->n, sizeof(struct region *), by_address);
}

static int read_line(struct memory *m, const char *line, struct memory_watch *watch)
{
	struct region *r = region_find(m, line);

	if (r != NULL) {
		r->there = true;
		return r->constant && r->whole ? 0 : region_read(m, r, watch);
	}
	r = region_parse(line);
	if (r == NULL || keep(m, r) != 0) {
		region_free(r);
		return trouble(m, "no such line", line);
	}
	r->there = true;
	return region_read(m, r, watch);
}

static char *read_maps(const struct memory *m)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	if (lseek(m->maps, 0, SEEK_SET) != 0)
		return NULL;
	while (len < sizeof(text) - 1 && (n = read(m->maps, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return len < sizeof(text) - 1 ? text : NULL;
}

static int read_all(struct memory *m, struct memory_watch *watch)
{
	char *text = read_maps(m), *rest = text;

	if (text == NULL || text[0] == '\0')
		return trouble(m, "cannot be read", "maps");
	for (size_t i = 0; i < m->n; i++)
		m->regions[i]->there = false;
	m->known = m->n;
	m->next = 0;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
		if (line[0] != '\0' && !is_kernels(line) && read_line(m, line, watch) != 0)
			return -1;
	drop_gone(m);
	return 0;
}

/* Another thread may be unmapping what is read. */
int memory_read(struct memory *m, struct memory_watch *watch)
{
	int ret = -1;

	for (int i = 1; i <= TRIES && ret != 0; i++) {
		m->again = i < TRIES;
		ret = read_all(m, watch);
	}
	return ret;
}

int memory_peek(const struct memory *m, uintptr_t at, void *out, size_t len)
{
	return pread(m->mem, out, len, (off_t)at) == (ssize_t)len ? 0 : -1;
}

void memory_hits(const struct memory *m, memory_each_hit *each, void *arg)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct region *r = m->regions[i];

		for (size_t k = 0; k < r->n_hits; k++) {
			struct memory_hit hit = {r->hits[k].needle, r->start + r->hits[k].offset, r->where};

			each(&hit, arg);
		}
	}
}
