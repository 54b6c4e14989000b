/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_FIELD_TABLE_H
#define KEYHAUL_BUNDLE_FIELD_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What a field is in JSON and in C. For bundle_fields.c and field_table.c alone. */
enum field_kind {
	FIELD_TEXT,	/* const char *; a string, never empty */
	FIELD_BLOB,	/* struct bundle_blob; padded base64, never empty */
	FIELD_TIME,	/* int64_t; "2026-11-22T10:00:00Z" */
	FIELD_INTEGER,	/* int64_t */
	FIELD_NUMBER,	/* unsigned long */
	FIELD_FLAG,	/* enum bundle_flag; true or false */
	FIELD_OBJECT,	/* fields of the same struct, one level down in JSON */
	FIELD_OBJECTS,	/* an array of structs in the struct, their number at `count` */
	FIELD_TEXTS,	/* an array of const char *, likewise */
};

/* One row says all of a field. */
struct field {
	const char *name;
	enum field_kind kind;
	bool required;
	size_t offset;
	size_t max;				 /* characters, bytes, value or elements */
	int (*check)(const char *, struct kh_error *); /* FIELD_TEXT: its form; NULL for any text */
	const struct field *fields;		 /* FIELD_OBJECT, FIELD_OBJECTS */
	size_t n_fields;
	size_t count;				 /* FIELD_OBJECTS, FIELD_TEXTS: offset of the size_t */
	size_t size;				 /* FIELD_OBJECTS: bytes of one */
};

struct fields_section {
	const char *name;
	const struct field *fields;
	size_t n_fields;
};

#endif
