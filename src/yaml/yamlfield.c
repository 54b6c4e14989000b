/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "yamlfield.h"

#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

static const struct yamlfield *find(const struct yamlfield *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* The names that there are, for the hint. */
static int unknown(const struct yamldoc_node *node, const char *what, const char *elsewhere, const struct yamlfield *rows,
		   size_t n, struct kh_error *err)
{
	struct buf names = BUF_INIT(sizeof(err->hint) - 64);
	struct kh_error ignored;

	for (size_t i = 0; i < n; i++)
		(void)buf_addf(&names, "%s%s", &ignored, i ? ", " : "", rows[i].name);
	yamldoc_fail(node, err, "%s has no '%.64s'", what, node->name);
	kh_hint(err, "it can have %s%s%s", buf_text(&names), elsewhere ? "; " : "", elsewhere ? elsewhere : "");
	buf_free(&names);
	return -1;
}

int yamlfield_map(const struct yamldoc_node *map, const char *what, const char *elsewhere, const struct yamlfield *rows,
		  size_t n, void *out, struct kh_error *err)
{
	if (map->kind != YAMLDOC_MAP)
		return yamldoc_fail(map, err, "%s must be a map of names and values", what);
	for (const struct yamldoc_node *node = map->first; node; node = node->next) {
		const struct yamlfield *row = find(rows, n, node->name);

		if (!row)
			return unknown(node, what, elsewhere, rows, n, err);
		if (row->take(node, out, err))
			return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].required && !yamldoc_get(map, rows[i].name))
			return yamldoc_fail(map, err, "%s lacks '%s'", what, rows[i].name);
	return 0;
}

int yamlfield_version(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char *text = "";

	(void)out;
	if (yamlfield_text(node, 16, &text, err))
		return -1;
	if (strcmp(text, "1") == 0)
		return 0;
	yamldoc_fail(node, err, "%s '%.16s': this keyhaul reads version 1", node->name, text);
	return kh_hint(err, "such a file begins with '%s: 1'", node->name);
}

int yamlfield_document(const char *data, size_t len, const char *what, const char *elsewhere, const struct yamlfield *rows,
		       size_t n, void *out, char sha256[2 * FILE_DIGEST + 1], struct yamldoc_node **root,
		       struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	const struct yamldoc_node *version;

	if (file_sha256(data, len, digest, err) || yamldoc_parse(data, len, root, err))
		return -1;
	hex_encode(digest, sizeof(digest), sha256);
	version = yamldoc_get(*root, rows[0].name);
	if (version && rows[0].take(version, out, err))
		return -1;
	return yamlfield_map(*root, what, elsewhere, rows, n, out, err);
}

int yamlfield_text(const struct yamldoc_node *node, size_t max, const char **out, struct kh_error *err)
{
	const char *name = node->name ? node->name : "an element";

	if (node->kind != YAMLDOC_TEXT)
		return yamldoc_fail(node, err, "'%.64s' must be one text", name);
	if (!*node->text)
		return yamldoc_fail(node, err, "'%.64s' has no value", name);
	if (strlen(node->text) > max)
		return yamldoc_fail(node, err, "'%.64s' is longer than %zu bytes", name, max);
	*out = node->text;
	return 0;
}

int yamlfield_flag(const struct yamldoc_node *node, bool *out, struct kh_error *err)
{
	if (node->kind == YAMLDOC_TEXT && node->plain) {
		*out = strcmp(node->text, "true") == 0;
		if (*out || strcmp(node->text, "false") == 0)
			return 0;
	}
	return yamldoc_fail(node, err, "'%.64s' must be true or false", node->name);
}

int yamlfield_list(const struct yamldoc_node *node, size_t max, size_t size,
		   int (*take)(const struct yamldoc_node *node, void *out, struct kh_error *err), void **out, size_t *n,
		   struct kh_error *err)
{
	const char *name = node->name ? node->name : "an element";
	char *array;

	if (node->kind != YAMLDOC_LIST || node->n == 0)
		return yamldoc_fail(node, err, "'%.64s' must be a list that is not empty", name);
	if (node->n > max)
		return yamldoc_fail(node, err, "'%.64s' has %zu elements, and at most %zu are taken", name, node->n, max);
	array = calloc(node->n, size);
	if (!array)
		return kh_fail_memory(err);
	*out = array;
	for (const struct yamldoc_node *one = node->first; one; one = one->next)
		if (take(one, array + size * (*n)++, err))
			return -1;
	return 0;
}

int yamlfield_file(const struct yamldoc_node *node, const char *whose, const char **out, struct kh_error *err)
{
	if (yamlfield_text(node, 1024, out, err))
		return -1;
	for (const char *at = *out; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
		if (*at == '/' || !*at || (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2]))) {
			yamldoc_fail(node, err, "'%.200s' is no file of the %s's folder", *out, whose);
			return kh_hint(err, "a name, or FOLDER/NAME, from where the %s is", whose);
		}
	return 0;
}

int yamlfield_beside(const char *path, const char *file, struct buf *out, struct kh_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash && file[0] != '/' ? (size_t)(slash - path) + 1 : 0;

	return buf_add(out, path, folder, err) || buf_add(out, file, strlen(file), err) ? -1 : 0;
}
