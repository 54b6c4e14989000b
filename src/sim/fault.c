/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fault_row.h"

#include "base/file.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 65536

struct faults {
	struct fault_row rows[FAULTS_MAX];
	size_t n;
	pthread_mutex_t lock;
};

static int add_row(struct faults *f, const char *text, struct kh_error *err)
{
	if (f->n == FAULTS_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "--fault: more than %d", FAULTS_MAX);
	return fault_row_parse(text, &f->rows[f->n++], err);
}

static int add_line(struct faults *f, char *line, struct kh_error *err)
{
	size_t len;

	line += strspn(line, " \t");
	len = strlen(line);
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	return *line && *line != '#' ? add_row(f, line, err) : 0;
}

static int add_file(struct faults *f, const char *path, struct kh_error *err)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char *line, *next;
	long number = 0;
	int rc;

	if (access(path, F_OK)) {
		kh_fail(err, KH_E_USAGE, 0, "--fault: '%.200s' is neither OP:N=WHAT nor a file", path);
		return kh_hint(err, "for example ImportKeyMaterial:1=throttle, or a file with one of these on each line");
	}
	rc = file_read(path, &text, err);
	if (rc)
		kh_context(err, "--fault");
	/* buf_text ends it with a NUL; a file with one inside would be cut there */
	if (!rc && memchr(buf_text(&text), '\0', text.len))
		rc = kh_fail(err, KH_E_INPUT, 0, "--fault: %s is no text", path);
	for (line = rc ? NULL : text.data; line && !rc; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		rc = add_line(f, line, err);
		if (rc)
			kh_context(err, "%s, line %ld", path, number);
	}
	buf_free(&text);
	return rc;
}

/* OP:WHICH=WHAT has a colon and an equals sign behind it; a file named so is written ./NAME. */
static bool is_row(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon && strchr(colon, '=') && !memchr(word, '/', (size_t)(colon - word));
}

int faults_parse(const struct opt_list *list, struct faults **out, struct kh_error *err)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (!f)
		return kh_fail_memory(err);
	(void)pthread_mutex_init(&f->lock, NULL);
	for (size_t i = 0; i < list->n; i++)
		if (is_row(list->v[i]) ? add_row(f, list->v[i], err) : add_file(f, list->v[i], err)) {
			faults_free(f);
			return -1;
		}
	*out = f;
	return 0;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->rows[i].what.text);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

/* Each row counts for itself, so that rows may name several calls. */
static bool counts_in(struct fault_row *row)
{
	long before = row->calls++;

	if (row->percent)
		return row->calls * row->percent / 100 > before * row->percent / 100;
	return row->calls == row->from || (row->onwards && row->calls > row->from);
}

const struct fault *faults_next(struct faults *f, const char *op)
{
	const struct fault *what = NULL;

	if (!f)
		return NULL;
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n; i++) {
		struct fault_row *row = &f->rows[i];

		if ((!row->op || strcmp(row->op, op) == 0) && counts_in(row) && !what)
			what = &row->what;
	}
	(void)pthread_mutex_unlock(&f->lock);
	return what;
}
