/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "region.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE REGION_PAGE

enum { PAGE_READ = 1, PAGE_CHANGED = 2 };

void region_free(struct region *r)
{
	if (r == NULL)
		return;
	if (r->copy != NULL)
		munmap(r->copy, r->end - r->start);
	free(r->state);
	free(r->hits);
	free(r);
}

struct region *region_parse(const char *line)
{
	struct region *r = calloc(1, sizeof(*r));
	unsigned long start, end, inode;
	char perms[5], dev[16];
	int name = 0;

	if (r == NULL)
		return NULL;
	snprintf(r->line, sizeof(r->line), "%s", line);
	if (sscanf(r->line, "%lx-%lx %4s %*x %15s %lu %n", &start, &end, perms, dev, &inode, &name) != 5) {
		free(r);
		return NULL;
	}
	r->start = start;
	r->end = end;
	r->constant = perms[1] != 'w' && perms[3] == 'p';
	r->anonymous = inode == 0 && perms[3] == 'p';
	r->where = r->line[name] != '\0' ? r->line + name : "anonymous";
	r->state = calloc((end - start) / PAGE, 1);
	r->copy = mmap(NULL, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->copy == MAP_FAILED)
		r->copy = NULL;
	if (r->state != NULL && r->copy != NULL)
		return r;
	region_free(r);
	return NULL;
}

void region_take_page(struct region *r, size_t page, const unsigned char *now)
{
	unsigned char *was = r->copy + page * PAGE;

	if ((r->state[page] & PAGE_READ) && memcmp(was, now, PAGE) == 0)
		return;
	memcpy(was, now, PAGE);
	r->state[page] = PAGE_READ | PAGE_CHANGED;
}

void region_drop_page(struct region *r, size_t page)
{
	if (!(r->state[page] & PAGE_READ))
		return;
	memset(r->copy + page * PAGE, 0, PAGE);
	r->state[page] = PAGE_CHANGED;
}

struct finding {
	struct region *r;
	size_t from, end; /* what is searched begins at `from`; what begins at `end` or behind it was found before */
	bool failed;
};

static void found(size_t needle, size_t offset, void *arg)
{
	struct finding *f = arg;
	struct region *r = f->r;
	size_t at = f->from + offset;

	if (at >= f->end)
		return;
	if (r->n_hits == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		struct region_hit *hits = realloc(r->hits, room * sizeof(*hits));

		if (hits == NULL) {
			f->failed = true;
			return;
		}
		r->hits = hits;
		r->room = room;
	}
	r->hits[r->n_hits++] = (struct region_hit){needle, at};
}

/* What began there is looked for anew. */
static void forget(struct region *r, size_t from, size_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_hits; i++)
		if (r->hits[i].offset < from || r->hits[i].offset >= end)
			r->hits[kept++] = r->hits[i];
	r->n_hits = kept;
}

static int search_changed(struct region *r, size_t begin, size_t end, struct memory_watch *watch)
{
	size_t size = r->end - r->start;
	size_t from = begin > NEEDLE_MAX ? begin - NEEDLE_MAX : 0;
	size_t to = end + NEEDLE_MAX < size ? end + NEEDLE_MAX : size;
	struct finding f = {.r = r, .from = from, .end = end};

	forget(r, from, end);
	needles_search(watch->needles, r->copy + from, to - from, found, &f);
	watch->searched += to - from;
	if (watch->record != NULL && record_add(watch->record, r->where, r->start + from, r->copy + from, to - from) != 0)
		return -1;
	return f.failed ? -1 : 0;
}

int region_search(struct region *r, struct memory_watch *watch)
{
	size_t pages = (r->end - r->start) / PAGE;

	for (size_t i = 0, end; i < pages; i = end + 1) {
		for (end = i; end < pages && (r->state[end] & PAGE_CHANGED); end++)
			r->state[end] &= (unsigned char)~PAGE_CHANGED;
		if (end > i && search_changed(r, i * PAGE, end * PAGE, watch) != 0)
			return -1;
	}
	return 0;
}
