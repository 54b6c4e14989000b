/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tokenprofile_fields.h"

#include "form.h"
#include "field_table.h"

#define INSIDE(table) .fields = (table), .n_fields = sizeof(table) / sizeof((table)[0])
#define AT(member) .offset = offsetof(struct tokenprofile, member)
#define ROW(member) .offset = offsetof(struct tokenprofile_row, member)
#define CLAIM(member) .offset = offsetof(struct tokenprofile_claim, member)
#define MUST .required = true
#define NUMBER_MAX 0xffffffff

static int check_way(const char *text, struct kh_error *err)
{
	static const char *const ways[] = {"oaep", "native", "two-step", NULL};

	return form_one_of(text, ways, err);
}

static int check_verdict(const char *text, struct kh_error *err)
{
	static const char *const verdicts[] = {TOKENPROFILE_PROVEN, "refused", "wrong", TOKENPROFILE_UNTOLD, NULL};

	return form_one_of(text, verdicts, err);
}

static int check_honour(const char *text, struct kh_error *err)
{
	static const char *const honours[] = {"honoured", "broken", "not-known", NULL};

	return form_one_of(text, honours, err);
}

static const struct field module[] = {
	{"file", FIELD_TEXT, MUST, AT(module.file), .max = 256},
	{"sha256", FIELD_TEXT, AT(module.sha256), .max = 64, .check = form_sha256},
};

static const struct field library[] = {
	{"description", FIELD_TEXT, AT(library.description), .max = 96},
	{"manufacturer", FIELD_TEXT, AT(library.manufacturer), .max = 96},
	{"version", FIELD_TEXT, AT(library.version), .max = 16},
};

static const struct field token[] = {
	{"label", FIELD_TEXT, AT(token.label), .max = 96},
	{"manufacturer", FIELD_TEXT, AT(token.manufacturer), .max = 96},
	{"model", FIELD_TEXT, AT(token.model), .max = 48},
	{"serial", FIELD_TEXT, AT(token.serial), .max = 48},
	{"firmware", FIELD_TEXT, AT(token.firmware), .max = 32},
	{"hardware", FIELD_FLAG, AT(token.hardware)},
};

static const struct field row[] = {
	{"key_spec", FIELD_TEXT, MUST, ROW(key_spec), .max = 64, .check = form_key_spec},
	{"wrapping_algorithm", FIELD_TEXT, MUST, ROW(wrapping_algorithm), .max = 64, .check = form_algorithm},
	{"way", FIELD_TEXT, MUST, ROW(way), .max = 16, .check = check_way},
	{"kwp_mechanism", FIELD_INTEGER, ROW(kwp_mechanism), .max = NUMBER_MAX},
	{"listed", FIELD_FLAG, ROW(listed)},
	{"verdict", FIELD_TEXT, MUST, ROW(verdict), .max = 16, .check = check_verdict},
	{"native", FIELD_INTEGER, ROW(native), .max = NUMBER_MAX},
	{"native_name", FIELD_TEXT, ROW(native_name), .max = 64},
	{"why", FIELD_TEXT, ROW(why), .max = TOKENPROFILE_WHY_MAX},
	{"oaep_hash", FIELD_TEXT, ROW(oaep_hash), .max = 16},
	{"mgf_hash", FIELD_TEXT, ROW(mgf_hash), .max = 16},
	{"kek_bits", FIELD_INTEGER, ROW(kek_bits), .max = 65536},
	{"key_wrap", FIELD_TEXT, ROW(key_wrap), .max = 64},
	{"pkcs8", FIELD_TEXT, ROW(pkcs8), .max = 32},
	{"trailing_zeros", FIELD_INTEGER, ROW(trailing_zeros), .max = 65536},
	{"same_by", FIELD_TEXT, ROW(same_by), .max = 32},
	{"warnings", FIELD_TEXTS, ROW(warnings), .max = TOKENPROFILE_WARNINGS_MAX,
	 .count = offsetof(struct tokenprofile_row, n_warnings)},
};

static const struct field claim[] = {
	{"claim", FIELD_TEXT, MUST, CLAIM(claim), .max = 32},
	{"stated", FIELD_FLAG, CLAIM(stated)},
	{"honour", FIELD_TEXT, MUST, CLAIM(honour), .max = 16, .check = check_honour},
	{"native", FIELD_INTEGER, CLAIM(native), .max = NUMBER_MAX},
	{"native_name", FIELD_TEXT, CLAIM(native_name), .max = 64},
	{"why", FIELD_TEXT, CLAIM(why), .max = TOKENPROFILE_WHY_MAX},
};

static const struct field left[] = {
	{"nothing", FIELD_FLAG, AT(left.nothing)},
	{"objects_before", FIELD_INTEGER, AT(left.objects_before), .max = 1000000},
	{"objects_after", FIELD_INTEGER, AT(left.objects_after), .max = 1000000},
	{"temporary", FIELD_INTEGER, AT(left.temporary), .max = 1000000},
};

static const struct field profile[] = {
	{"module", FIELD_OBJECT, MUST, INSIDE(module)},
	{"library", FIELD_OBJECT, INSIDE(library)},
	{"token", FIELD_OBJECT, MUST, INSIDE(token)},
	{"probed_at", FIELD_TIME, MUST, AT(probed_at)},
	{"generator", FIELD_TEXT, MUST, AT(generator), .max = 64},
	{"rows", FIELD_OBJECTS, MUST, AT(rows), .max = TOKENPROFILE_ROWS_MAX, INSIDE(row),
	 .count = offsetof(struct tokenprofile, n_rows), .size = sizeof(struct tokenprofile_row)},
	{"claims", FIELD_OBJECTS, AT(claims), .max = TOKENPROFILE_CLAIMS_MAX, INSIDE(claim),
	 .count = offsetof(struct tokenprofile, n_claims), .size = sizeof(struct tokenprofile_claim)},
	{"left", FIELD_OBJECT, INSIDE(left)},
};

const struct fields_section fields_tokenprofile = {"profile", profile, sizeof(profile) / sizeof(profile[0])};
