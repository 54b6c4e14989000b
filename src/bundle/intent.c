/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "intent.h"

#include "aws/awstime.h"
#include "aws/limits.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static const char *const models[] = {INTENT_EXPIRES, INTENT_DOES_NOT_EXPIRE, NULL};
static const char *const types[] = {INTENT_NEW, INTENT_EXISTING, NULL};

#define AT(field) .offset = offsetof(struct intent_opts, field)

const struct opt_row intent_rows[5] = {
	{.name = "valid-to", .kind = OPT_TEXT, AT(valid_to), .arg = "T",
	 .text = "when the material expires: a time (ISO 8601, RFC 822, epoch), or 90d, 36h from the import on"},
	{.name = "expiration-model", .kind = OPT_CHOICE, AT(expiration_model), .arg = "MODEL", .choices = models,
	 .text = "whether the material expires (then --valid-to says when, which is enough)"},
	{.name = "import-type", .kind = OPT_CHOICE, AT(import_type), .arg = "TYPE", .choices = types,
	 .text = "whether KMS has had it (symmetric keys only)"},
	{.name = "key-material-id", .kind = OPT_TEXT, AT(key_material_id), .arg = "HEX",
	 .text = "which material of the key it is, 64 hex digits (symmetric keys only)"},
	{.name = "key-material-description", .kind = OPT_TEXT, AT(key_material_description), .arg = "TEXT",
	 .text = "a note that KMS keeps with the material (symmetric keys only)"},
};

int intent_from_opts(const struct intent_opts *opts, struct intent *out, struct kh_error *err)
{
	struct awstime t;

	memset(out, 0, sizeof(*out));
	out->expiration_model = opts->expiration_model;
	out->import_type = opts->import_type;
	out->key_material_id = opts->key_material_id;
	out->key_material_description = opts->key_material_description;
	if (!opts->valid_to)
		return 0;
	if (awstime_parse(opts->valid_to, &t, err))
		return kh_context(err, "--valid-to");
	if (t.seconds <= 0) {
		kh_fail(err, KH_E_USAGE, 0, "--valid-to: '%s' is past", opts->valid_to);
		return kh_hint(err, "a time in the future, at most 365 days ahead");
	}
	*(t.relative ? &out->valid_for : &out->valid_to) = t.seconds;
	if (!out->expiration_model)
		out->expiration_model = INTENT_EXPIRES;
	return 0;
}

static bool says_expiry(const struct intent *i)
{
	return i->expiration_model || i->valid_to || i->valid_for;
}

bool intent_is_empty(const struct intent *i)
{
	return !says_expiry(i) && !i->import_type && !i->key_material_id && !i->key_material_description;
}

static int check_material_id(const struct intent *i, struct kh_error *err)
{
	const char *id = i->key_material_id;

	if (!id)
		return 0;
	if (strlen(id) != KMS_KEY_MATERIAL_ID_LEN || strspn(id, "0123456789abcdef") != KMS_KEY_MATERIAL_ID_LEN) {
		kh_fail(err, KH_E_USAGE, 0, "key material id '%.80s' is not 64 hex digits (0-9, a-f)", id);
		return kh_hint(err, "'aws kms list-key-rotations --include-key-material ALL_KEY_MATERIAL' shows the ids");
	}
	if (i->import_type && strcmp(i->import_type, INTENT_NEW) == 0) {
		kh_fail(err, KH_E_USAGE, 0, "NEW_KEY_MATERIAL with a key material id: KMS gives new material its id itself");
		return kh_hint(err, "leave out --key-material-id, or say --import-type EXISTING_KEY_MATERIAL");
	}
	return 0;
}

static int check_description(const char *text, struct kh_error *err)
{
	/* of the model's \s the printable one: a bundle holds no other */
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_.- ";
	size_t len = text ? strlen(text) : 0;

	if (len > KMS_KEY_MATERIAL_DESCRIPTION_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "a key material description of %zu characters: at most %d are taken", len,
			       KMS_KEY_MATERIAL_DESCRIPTION_MAX);
	if (text && strspn(text, allowed) != len) {
		kh_fail(err, KH_E_USAGE, 0, "the key material description holds a character that KMS refuses");
		return kh_hint(err, "letters, digits, space and : / _ . -");
	}
	return 0;
}

static int check_choice(const char *value, const char *const *choices, const char *what, struct kh_error *err)
{
	for (size_t i = 0; value && choices[i]; i++)
		if (strcmp(choices[i], value) == 0)
			return 0;
	return value ? kh_fail(err, KH_E_USAGE, 0, "%s '%.64s' is none of KMS's", what, value) : 0;
}

static int check_symmetric_only(const struct intent *i, enum keyspec spec, struct kh_error *err)
{
	const char *what = i->import_type ? "an import type" : i->key_material_id ? "a key material id"
								: i->key_material_description ? "a key material description" : NULL;

	if (!what || keyspec_is_symmetric(spec))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "%s: KMS takes %s with SYMMETRIC_DEFAULT keys only", keyspec_name(spec), what);
	return kh_hint(err, "leave it out: %s keys take one material for life", keyspec_name(spec));
}

int intent_check_form(const struct intent *i, enum keyspec spec, struct kh_error *err)
{
	bool never = i->expiration_model && strcmp(i->expiration_model, INTENT_DOES_NOT_EXPIRE) == 0;

	if (check_choice(i->expiration_model, models, "expiration model", err) ||
	    check_choice(i->import_type, types, "import type", err))
		return -1;
	if (never && (i->valid_to || i->valid_for)) {
		kh_fail(err, KH_E_USAGE, 0, "KEY_MATERIAL_DOES_NOT_EXPIRE with an expiry time");
		return kh_hint(err, "leave out one of --valid-to and --expiration-model");
	}
	if (i->valid_to && i->valid_for)
		return kh_fail(err, KH_E_USAGE, 0, "two expiry times: valid_to and valid_for");
	if (i->expiration_model && !never && !i->valid_to && !i->valid_for) {
		kh_fail(err, KH_E_USAGE, 0, "KEY_MATERIAL_EXPIRES without an expiry time");
		return kh_hint(err, "say --valid-to, such as --valid-to 90d");
	}
	if (!i->expiration_model && (i->valid_to || i->valid_for))
		return kh_fail(err, KH_E_USAGE, 0, "an expiry time without KEY_MATERIAL_EXPIRES");
	if (i->valid_for < 0 || i->valid_for > KMS_VALID_TO_MAX) {
		kh_fail(err, KH_E_USAGE, 0, "an expiry %lld %s after the import: KMS takes at most 365 days",
			(long long)i->valid_for / (i->valid_for % 86400 ? 3600 : 86400), i->valid_for % 86400 ? "hours" : "days");
		return kh_hint(err, "365d, or --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE");
	}
	if (check_symmetric_only(i, spec, err) || check_material_id(i, err))
		return -1;
	return check_description(i->key_material_description, err);
}

int intent_check(const struct intent *i, enum keyspec spec, int64_t now, struct kh_error *err)
{
	char when[CLOCK_TEXT];

	if (!says_expiry(i)) {
		kh_fail(err, KH_E_USAGE, 0, "it is not said whether the key material expires");
		return kh_hint(err, "say --valid-to T (such as 90d), or --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE");
	}
	if (intent_check_form(i, spec, err))
		return -1;
	clock_format(i->valid_to, when);
	if (i->valid_to && i->valid_to <= now) {
		kh_fail(err, KH_E_USAGE, 0, "the expiry %s is past", when);
		return kh_hint(err, "a time in the future, at most 365 days ahead; a number alone is seconds since 1970, a span has its "
				    "unit: 90d or 36h");
	}
	if (i->valid_to > now + KMS_VALID_TO_MAX) {
		kh_fail(err, KH_E_USAGE, 0, "the expiry %s is more than 365 days ahead: KMS refuses it", when);
		return kh_hint(err, "at most 365d, or --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE");
	}
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* One value of the bundle and of the options: the bundle's if there, and never two different ones. */
static int merge_text(const char *name, const char *bundle, const char *opts, bool complete, const char **out,
		      struct kh_error *err)
{
	*out = bundle ? bundle : opts;
	if (!opts || same(bundle, opts) || (!bundle && !complete))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "--%s %.80s contradicts the bundle, which says %.80s", name, opts,
		bundle ? bundle : "nothing of it");
	return kh_hint(err, "leave the option out, or fetch again with it: a bundle's intent is not changed afterwards");
}

int intent_merge(const struct intent *bundle, const struct intent *opts, struct intent *out, struct kh_error *err)
{
	bool complete = says_expiry(bundle); /* an intent with its expiry said is whole: nothing is added to it */
	char ours[96], theirs[96];

	*out = complete ? *bundle : *opts;
	if (!complete && !says_expiry(opts)) {
		kh_fail(err, KH_E_USAGE, 0, "neither the bundle nor the command line says whether the key material expires");
		return kh_hint(err, "say --valid-to T (such as 90d), or --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE");
	}
	if (complete && says_expiry(opts) &&
	    (!same(bundle->expiration_model, opts->expiration_model) ||
	     ((opts->valid_to || opts->valid_for) &&
	      (bundle->valid_to != opts->valid_to || bundle->valid_for != opts->valid_for)))) {
		intent_words(&(struct intent){.expiration_model = bundle->expiration_model, .valid_to = bundle->valid_to,
					      .valid_for = bundle->valid_for}, ours, sizeof(ours));
		intent_words(&(struct intent){.expiration_model = opts->expiration_model, .valid_to = opts->valid_to,
					      .valid_for = opts->valid_for}, theirs, sizeof(theirs));
		kh_fail(err, KH_E_USAGE, 0, "the command line says \"%s\", the bundle \"%s\"", theirs, ours);
		return kh_hint(err, "leave the option out, or fetch again with it: a bundle's intent is not changed afterwards");
	}
	if (merge_text("import-type", bundle->import_type, opts->import_type, complete, &out->import_type, err) ||
	    merge_text("key-material-id", bundle->key_material_id, opts->key_material_id, complete, &out->key_material_id,
		       err))
		return -1;
	return merge_text("key-material-description", bundle->key_material_description, opts->key_material_description,
			  complete, &out->key_material_description, err);
}

void intent_words(const struct intent *i, char *out, size_t size)
{
	char expiry[64] = "expiry not said", when[CLOCK_TEXT];

	if (i->valid_to) {
		clock_format(i->valid_to, when);
		(void)snprintf(expiry, sizeof(expiry), "expires %s", when);
	} else if (i->valid_for) {
		bool days = i->valid_for % 86400 == 0;

		(void)snprintf(expiry, sizeof(expiry), "expires %lld%s after the import",
			       (long long)(i->valid_for / (days ? 86400 : 3600)), days ? "d" : "h");
	} else if (i->expiration_model) {
		bool never = strcmp(i->expiration_model, INTENT_DOES_NOT_EXPIRE) == 0;

		(void)snprintf(expiry, sizeof(expiry), never ? "does not expire" : "expires at a time not said");
	}
	(void)snprintf(out, size, "%s%s%s%s%s%s%s%s", expiry, i->import_type ? ", " : "",
		       i->import_type ? i->import_type : "", i->key_material_id ? ", key material id " : "",
		       i->key_material_id ? i->key_material_id : "", i->key_material_description ? ", \"" : "",
		       i->key_material_description ? i->key_material_description : "",
		       i->key_material_description ? "\"" : "");
}
