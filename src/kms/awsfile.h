/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWSFILE_H
#define KEYHAUL_KMS_AWSFILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define AWSFILE_MAX (1024 * 1024) /* bytes of a file */
#define AWSFILE_OPTIONS_MAX 4096 /* lines that count in one */
#define AWSFILE_NAME_MAX 512	  /* of a section or profile, with its NUL */

/*
 * A config or credentials file of AWS's, in the dialect of Python's RawConfigParser: full-line comments with # and ;
 * only, = or :, names of options in small letters, deeper lines continue a value, [DEFAULT] counts everywhere, a
 * section or option twice is an error. Its text is in one piece and wiped when freed: it holds secrets.
 */
struct awsfile;

/* Parses the text; `name` is for the errors. The caller frees `*out`. KH_E_INPUT with the line. */
int awsfile_parse(const char *name, const char *text, size_t len, struct awsfile **out, struct kh_error *err);

/* Reads and parses a file; `*out` NULL where there is none. */
int awsfile_read(const char *path, struct awsfile **out, struct kh_error *err);

void awsfile_free(struct awsfile *f);

/*
 * The section of a profile: [NAME] itself, or, with `kind` ("profile", "services"), the last [KIND NAME], quotes as a
 * shell's; [default] needs no kind. NULL where there is none or `f` is NULL. The file owns it.
 */
const char *awsfile_section(const struct awsfile *f, const char *kind, const char *name);

/* An option's value; NULL where the section (or [DEFAULT]) has none. The file owns it. */
const char *awsfile_get(const struct awsfile *f, const char *section, const char *option);

/* The value of `name` inside a nested value (lines of name = value) into `out`; false for none or no room. */
bool awsfile_nested(const char *value, const char *name, char *out, size_t size);

#endif
