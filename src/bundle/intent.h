/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_INTENT_H
#define KEYHAUL_BUNDLE_INTENT_H

#include "base/error.h"
#include "base/opt.h"
#include "keyspec.h"

#include <stdbool.h>
#include <stdint.h>

#define INTENT_EXPIRES "KEY_MATERIAL_EXPIRES"
#define INTENT_DOES_NOT_EXPIRE "KEY_MATERIAL_DOES_NOT_EXPIRE"
#define INTENT_NEW "NEW_KEY_MATERIAL"
#define INTENT_EXISTING "EXISTING_KEY_MATERIAL"

/* What an import is meant to say (ImportKeyMaterial's own members). Absent: NULL or 0. */
struct intent {
	const char *expiration_model;
	int64_t valid_to;  /* seconds since 1970 */
	int64_t valid_for; /* a span in seconds, counted from KMS's Date at import */
	const char *import_type;
	const char *key_material_id;
	const char *key_material_description;
};

/* The options of fetch, adopt, import and run. */
struct intent_opts {
	const char *valid_to;
	const char *expiration_model;
	const char *import_type;
	const char *key_material_id;
	const char *key_material_description;
};

/* Their rows (offsets in struct intent_opts), and how many. */
extern const struct opt_row intent_rows[5];

/* Reads the options into an intent that points at them. --valid-to alone means KEY_MATERIAL_EXPIRES. KH_E_USAGE. */
int intent_from_opts(const struct intent_opts *opts, struct intent *out, struct kh_error *err);

/* What is said where a bundle is made without an expiry, which is allowed until the import. */
#define INTENT_OPEN \
	"the bundle does not say whether the key material expires: import has to, by --valid-to or --expiration-model"

/* True where it says nothing at all. */
bool intent_is_empty(const struct intent *i);

/*
 * The rules of KMS that can be told before: the expiry is said (EXPIRES needs valid_to or valid_for, in the future
 * and at most 365 days; DOES_NOT_EXPIRE has neither), import type, description and material id on symmetric keys
 * only and of their form, no id with NEW. `now` in seconds. KH_E_USAGE.
 */
int intent_check(const struct intent *i, enum keyspec spec, int64_t now, struct kh_error *err);

/* Of these rules those that hold at any time and for a part of an intent (a bundle's). KH_E_USAGE. */
int intent_check_form(const struct intent *i, enum keyspec spec, struct kh_error *err);

/*
 * The intent to import by: the bundle's where it has one, the options' otherwise or as far as they say the same.
 * KH_E_USAGE where they contradict, or where neither says the expiry.
 */
int intent_merge(const struct intent *bundle, const struct intent *opts, struct intent *out, struct kh_error *err);

#define INTENT_WORDS_MAX 512

/* The intent in one line of words, into `out` of `size` bytes: "expires 2027-02-20T10:00:00Z, NEW_KEY_MATERIAL". */
void intent_words(const struct intent *i, char *out, size_t size);

#endif
