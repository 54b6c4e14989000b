/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "awsfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPACES " \t\v\f"
#define DEFAULT_SECTION "DEFAULT"

/* One option; name NULL: the head of a section. All of it points into the text. */
struct option {
	const char *section;
	const char *name;
	char *value;
};

struct awsfile {
	char *text;
	size_t len;
	struct option *options;
	size_t n;
	size_t cap;
};

/* Where the parser stands. */
struct parser {
	struct awsfile *f;
	const char *file_name;
	unsigned line;
	const char *section;
	char *value_end; /* of the last option; NULL where a deeper line would be a line of its own */
	size_t indent;
};

static int bad_line(const struct parser *p, const char *what, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "%s:%u: %s", p->file_name, p->line, what);
	return kh_hint(err, "the form is that of the AWS CLI's files: [section] and name = value, # before a comment");
}

static struct option *add(struct parser *p, const char *name, char *value, struct kh_error *err)
{
	struct awsfile *f = p->f;

	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 64;
		struct option *more = cap > AWSFILE_OPTIONS_MAX ? NULL : realloc(f->options, cap * sizeof(*more));

		if (!more) {
			if (cap > AWSFILE_OPTIONS_MAX)
				bad_line(p, "too many options", err);
			else
				kh_fail_memory(err);
			return NULL;
		}
		f->options = more;
		f->cap = cap;
	}
	f->options[f->n] = (struct option){p->section, name, value};
	return &f->options[f->n++];
}

static const struct option *find(const struct awsfile *f, const char *section, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct option *o = &f->options[i];

		if (strcmp(o->section, section) == 0 && (name ? o->name && strcmp(o->name, name) == 0 : !o->name))
			return o;
	}
	return NULL;
}

/* Cuts white space off the end of the text [at, end) and ends it with a NUL. */
static char *cut_end(char *at, char *end)
{
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return end;
}

static int take_section(struct parser *p, char *at, struct kh_error *err)
{
	char *close = strrchr(at, ']');

	*close = '\0';
	p->section = at + 1;
	p->value_end = NULL;
	if (find(p->f, p->section, NULL)) {
		if (strcmp(p->section, DEFAULT_SECTION) == 0)
			return 0;
		return bad_line(p, "this section is there already", err);
	}
	return add(p, NULL, NULL, err) ? 0 : -1;
}

static int take_option(struct parser *p, char *at, char *end, struct kh_error *err)
{
	char *mark = strpbrk(at, "=:");
	char *value;

	if (!p->section)
		return bad_line(p, "an option before any [section]", err);
	if (!mark)
		return bad_line(p, "neither [section] nor name = value", err);
	value = mark + 1 + strspn(mark + 1, SPACES);
	cut_end(at, mark);
	if (!*at)
		return bad_line(p, "no name before the sign", err);
	for (char *c = at; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (find(p->f, p->section, at))
		return bad_line(p, "this option is in the section already", err);
	p->value_end = end > value ? end : value;
	return add(p, at, value, err) ? 0 : -1;
}

/* Adds a line to the value before it, inside the text itself: what is added is never longer than what it came from. */
static void continue_value(struct parser *p, const char *at, size_t len)
{
	*p->value_end++ = '\n';
	memmove(p->value_end, at, len);
	p->value_end += len;
	*p->value_end = '\0';
}

/* One line [at, end); *end is the parser's to overwrite. */
static int take_line(struct parser *p, char *line, char *end, struct kh_error *err)
{
	char *at = line + strspn(line, SPACES);
	size_t indent = (size_t)(at - line);

	end = cut_end(at, end);
	if (*at == '#' || *at == ';')
		return 0;
	if (at == end) {
		if (p->value_end)
			continue_value(p, "", 0);
		return 0;
	}
	if (p->value_end && indent > p->indent) {
		continue_value(p, at, (size_t)(end - at));
		return 0;
	}
	p->indent = indent;
	if (*at == '[' && strrchr(at, ']') > at + 1)
		return take_section(p, at, err);
	return take_option(p, at, end, err);
}

/* A value that begins with a line end is nested: each of its lines must be name = value. */
static int check_values(struct parser *p, struct kh_error *err)
{
	for (size_t i = 0; i < p->f->n; i++) {
		char *value = p->f->options[i].value;

		if (!value)
			continue;
		cut_end(value, value + strlen(value));
		for (const char *at = value[0] == '\n' ? value + 1 : ""; *at;) {
			size_t len = strcspn(at, "\n");

			if (len && !memchr(at, '=', len)) {
				kh_fail(err, KH_E_INPUT, 0, "%s: [%s] %s: a nested line is not name = value",
					p->file_name, p->f->options[i].section, p->f->options[i].name);
				return -1;
			}
			at += len + (at[len] == '\n');
		}
	}
	return 0;
}

static int parse(struct parser *p, struct kh_error *err)
{
	char *at = p->f->text, *end = at + p->f->len;

	if (memchr(at, '\0', p->f->len))
		return kh_fail(err, KH_E_INPUT, 0, "%s: a NUL byte in the file", p->file_name);
	if (p->f->len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		return kh_fail(err, KH_E_INPUT, 0, "%s: begins with a byte order mark", p->file_name);
	while (at < end) {
		char *line_end = at + strcspn(at, "\r\n");
		char *next = line_end + (line_end[0] == '\r' && line_end[1] == '\n' ? 2 : line_end < end);

		p->line++;
		if (take_line(p, at, line_end, err))
			return -1;
		at = next;
	}
	return check_values(p, err);
}

static struct awsfile *file_new(size_t len, struct kh_error *err)
{
	struct awsfile *f = calloc(1, sizeof(*f));

	if (f)
		f->text = calloc(1, len + 1);
	if (!f || !f->text) {
		free(f);
		kh_fail_memory(err);
		return NULL;
	}
	f->len = len;
	return f;
}

static int parse_into(const char *name, struct awsfile *f, struct awsfile **out, struct kh_error *err)
{
	struct parser p = {.f = f, .file_name = name};

	if (parse(&p, err)) {
		awsfile_free(f);
		return -1;
	}
	*out = f;
	return 0;
}

int awsfile_parse(const char *name, const char *text, size_t len, struct awsfile **out, struct kh_error *err)
{
	struct awsfile *f;

	*out = NULL;
	if (len > AWSFILE_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "%s: larger than %d bytes", name, AWSFILE_MAX);
	f = file_new(len, err);
	if (!f)
		return -1;
	memcpy(f->text, text, len);
	return parse_into(name, f, out, err);
}

static int read_whole(int fd, const char *path, struct awsfile *f, struct kh_error *err)
{
	size_t got = 0;

	while (got < f->len) {
		ssize_t n = read(fd, f->text + got, f->len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	f->len = got;
	f->text[got] = '\0';
	return 0;
}

int awsfile_read(const char *path, struct awsfile **out, struct kh_error *err)
{
	struct awsfile *f = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc = -1;

	*out = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
	if (fstat(fd, &st)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = 0; /* as AWS's tools: what is no file (/dev/null, a folder) is not there */
		goto out;
	}
	if (st.st_size > AWSFILE_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "%s: larger than %d bytes", path, AWSFILE_MAX);
		goto out;
	}
	f = file_new((size_t)st.st_size, err);
	if (!f || read_whole(fd, path, f, err))
		goto out;
	rc = parse_into(path, f, out, err);
	f = NULL;
out:
	awsfile_free(f);
	close(fd);
	return rc;
}

void awsfile_free(struct awsfile *f)
{
	if (!f)
		return;
	OPENSSL_cleanse(f->text, f->len + 1);
	free(f->text);
	free(f->options);
	free(f);
}

/* One word as a shell splits it; gives where the next begins, NULL for an open quote or no room. */
static const char *shell_word(const char *at, char out[AWSFILE_NAME_MAX])
{
	char quote = '\0';
	size_t n = 0;

	at += strspn(at, SPACES);
	for (; *at && (quote || !strchr(SPACES, *at)); at++) {
		bool escaped = *at == '\\' && quote != '\'' && (!quote || at[1] == '"' || at[1] == '\\');

		if (!escaped && *at == quote) {
			quote = '\0';
			continue;
		}
		if (!escaped && !quote && (*at == '\'' || *at == '"')) {
			quote = *at;
			continue;
		}
		at += escaped;
		if (!*at || n == AWSFILE_NAME_MAX - 1)
			return NULL;
		out[n++] = *at;
	}
	out[n] = '\0';
	return quote ? NULL : at + strspn(at, SPACES);
}

/* True for [KIND NAME]; as AWS's tools do, any first word that begins with the kind counts. */
static bool is_section_of(const char *section, const char *kind, const char *name)
{
	char first[AWSFILE_NAME_MAX], second[AWSFILE_NAME_MAX];
	const char *at = strncmp(section, kind, strlen(kind)) == 0 ? shell_word(section, first) : NULL;

	if (!at || !*at)
		return false;
	at = shell_word(at, second);
	return at && !*at && strcmp(second, name) == 0;
}

const char *awsfile_section(const struct awsfile *f, const char *kind, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; f && i < f->n; i++) {
		const struct option *o = &f->options[i];
		bool plain = !kind || (strcmp(kind, "profile") == 0 && strcmp(name, "default") == 0);

		if (!o->name && strcmp(o->section, DEFAULT_SECTION) != 0 &&
		    ((plain && strcmp(o->section, name) == 0) || (kind && is_section_of(o->section, kind, name))))
			found = o->section;
	}
	return found;
}

const char *awsfile_get(const struct awsfile *f, const char *section, const char *option)
{
	const struct option *o = f && section ? find(f, section, option) : NULL;

	if (f && section && !o)
		o = find(f, DEFAULT_SECTION, option);
	return o ? o->value : NULL;
}

bool awsfile_nested(const char *value, const char *name, char *out, size_t size)
{
	bool found = false;

	for (const char *at = value && value[0] == '\n' ? value + 1 : ""; *at;) {
		size_t len = strcspn(at, "\n"), head = strcspn(at, "="), tail;
		const char *v;

		if (head < len) {
			v = at + head + 1 + strspn(at + head + 1, SPACES);
			tail = (size_t)(at + len - v);
			while (head && isspace((unsigned char)at[head - 1]))
				head--;
			if (head == strlen(name) && memcmp(at, name, head) == 0 && tail < size) {
				memcpy(out, v, tail);
				out[tail] = '\0';
				found = true;
			}
		}
		at += len + (at[len] == '\n');
	}
	return found;
}
