/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Memory put aside to be searched for what is only known later: a key that was made in the run. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH_MAX (1u << 30)

struct head {
	uint64_t at, len;
	char where[64];
};

struct search {
	const struct head *head;
	memory_each_hit *each;
	void *arg;
	long n;
};

int record_add(FILE *record, const char *where, uintptr_t at, const unsigned char *data, size_t len)
{
	struct head head = {.at = at, .len = len};

	snprintf(head.where, sizeof(head.where), "%s", where);
	return fwrite(&head, sizeof(head), 1, record) == 1 && fwrite(data, 1, len, record) == len ? 0 : -1;
}

static void found(size_t needle, size_t offset, void *arg)
{
	struct search *s = arg;
	struct memory_hit hit = {.needle = needle, .at = s->head->at + offset, .where = s->head->where};

	s->n++;
	s->each(&hit, s->arg);
}

long record_search(FILE *record, const struct needles *needles, memory_each_hit *each, void *arg)
{
	struct head head;
	struct search s = {.head = &head, .each = each, .arg = arg};
	unsigned char *data = NULL;
	size_t room = 0;
	long ret = -1;

	while (fread(&head, sizeof(head), 1, record) == 1) {
		head.where[sizeof(head.where) - 1] = '\0';
		if (head.len > STRETCH_MAX)
			goto out;
		if (head.len > room) {
			free(data);
			room = head.len;
			data = malloc(room);
		}
		if (data == NULL || fread(data, 1, head.len, record) != head.len)
			goto out;
		needles_search(needles, data, head.len, found, &s);
	}
	ret = ferror(record) ? -1 : s.n;
out:
	if (ret < 0)
		fprintf(stderr, "memory_reader: the record cannot be read\n");
	free(data);
	return ret;
}
