/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

Test(base, error_codes_and_statuses)
{
	/* DESIGN's table, and of many the worst: 7, 4, 5, 3, 1, 6 */
	static const int status[KH_CODES] = {[KH_OK] = 0, [KH_E_USAGE] = 2, [KH_E_INPUT] = 3, [KH_E_TOKEN] = 4,
					     [KH_E_KMS] = 5, [KH_E_AGAIN] = 6, [KH_E_CHECK] = 7, [KH_E_SYSTEM] = 1,
					     [KH_E_MEMORY] = 1, [KH_E_INTERRUPTED] = 130};
	static const enum kh_code order[] = {KH_E_CHECK, KH_E_TOKEN, KH_E_KMS, KH_E_INPUT, KH_E_SYSTEM, KH_E_AGAIN, KH_OK};

	for (int i = 0; i < KH_CODES; i++) {
		cr_assert_eq(kh_status((enum kh_code)i), status[i], "code %d", i);
		cr_assert_gt(strlen(kh_code_name((enum kh_code)i)), 0);
		for (int k = 0; k < i; k++)
			cr_assert_str_neq(kh_code_name((enum kh_code)i), kh_code_name((enum kh_code)k));
	}
	for (size_t i = 0; i + 1 < N(order); i++) {
		cr_assert_eq(kh_worse(order[i], order[i + 1]), order[i], "%zu", i);
		cr_assert_eq(kh_worse(order[i + 1], order[i]), order[i], "%zu", i);
	}
}

Test(base, errors_are_built_on_the_way_up)
{
	struct kh_error err;
	char longer[3000];

	cr_assert_eq(kh_fail(&err, KH_E_TOKEN, 0x6a, "C_WrapKey: %s", "CKR_KEY_UNEXTRACTABLE"), -1);
	kh_name(&err, "CKR_KEY_UNEXTRACTABLE");
	kh_hint(&err, "take %s", "another");
	kh_context(&err, "key '%s'", "k1");
	cr_assert_str_eq(err.msg, "key 'k1': C_WrapKey: CKR_KEY_UNEXTRACTABLE");
	cr_assert(err.code == KH_E_TOKEN && err.native == 0x6a);
	cr_assert_str_eq(err.name, "CKR_KEY_UNEXTRACTABLE");
	cr_assert_str_eq(err.hint, "take another");
	kh_fail_errno(&err, KH_E_SYSTEM, 28, "file");
	cr_assert_str_eq(err.name, "ENOSPC");
	cr_assert_str_eq(err.msg, "file: No space left on device");
	cr_assert_str_eq(err.hint, "make room, then run this again", "an old hint must not stay");
	for (int k = KH_OK + 1; k < KH_CODES; k++) {
		kh_fail(&err, (enum kh_code)k, 0, "without a hint of its own");
		cr_assert(kh_error_hint(&err)[0], "code %d", k);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	kh_fail(&err, KH_E_INPUT, 0, "%s", longer);
	kh_context(&err, "%s", longer);
	kh_context(&err, "here");
	cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
	cr_assert_eq(strncmp(err.msg, "here: xxx", 9), 0);
}

Test(base, buffers_hold_to_their_maximum)
{
	struct buf b = BUF_INIT(10);
	struct kh_error err;

	cr_assert_str_eq(buf_text(&b), "");
	cr_assert_eq(buf_add(&b, "12345", 5, &err), 0);
	cr_assert_eq(buf_addf(&b, "%d-%s", &err, 67, "89"), 0);
	cr_assert_str_eq(buf_text(&b), "1234567-89");
	cr_assert_eq(buf_add(&b, "x", 1, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_eq(buf_add(&b, "x", (size_t)-1, &err), -1);
	cr_assert_str_eq(buf_text(&b), "1234567-89", "what was there stays");
	buf_free(&b);
	cr_assert(b.len == 0 && b.max == 10);
}

static const struct {
	const char *text, *bytes;
	size_t len;
} base64_good[] = {
	{"", "", 0}, {"Zg==", "f", 1}, {"Zm8=", "fo", 2}, {"Zm9v", "foo", 3}, {"Zm9vYg==", "foob", 4},
	{"Zm9vYmE=", "fooba", 5}, {"Zm9vYmFy", "foobar", 6}, {"AP/+", "\0\xff\xfe", 3},
};

static const char *const base64_bad[] = {
	"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v\n", "Zm9 ", " Zm9v", "Zm8=Zg==", "Zh==", "Zm9=", "Zm-_", "Zm9v====",
	"Zm\xc3\xa4",
};

Test(base, base64_is_strict)
{
	struct kh_error err;

	for (size_t i = 0; i < N(base64_good); i++) {
		struct buf out = BUF_INIT(64), back = BUF_INIT(64);

		cr_assert_eq(base64_decode(base64_good[i].text, strlen(base64_good[i].text), &out, &err), 0, "%zu", i);
		cr_assert_eq(out.len, base64_good[i].len);
		cr_assert_eq(memcmp(buf_text(&out), base64_good[i].bytes, out.len), 0, "%zu", i);
		cr_assert_eq(base64_encode(base64_good[i].bytes, base64_good[i].len, &back, &err), 0);
		cr_assert_str_eq(buf_text(&back), base64_good[i].text);
		cr_assert_eq(back.len, BASE64_LEN(out.len));
		buf_free(&out);
		buf_free(&back);
	}
	for (size_t i = 0; i < N(base64_bad); i++) {
		struct buf out = BUF_INIT(64);

		cr_assert_eq(base64_decode(base64_bad[i], strlen(base64_bad[i]), &out, &err), -1, "'%s'", base64_bad[i]);
		cr_assert_eq(err.code, KH_E_INPUT);
		buf_free(&out);
	}
}

static const struct {
	const char *in, *terminal, *json;
} escapes[] = {
	{"plain, with umlaut \xc3\xa4", "plain, with umlaut \xc3\xa4", "\"plain, with umlaut \\u00e4\""},
	{"\x1b[2J", "\\x1B[2J", "\"\\u001b[2J\""},
	{"a\nb\tc\x7f", "a\\x0Ab\\x09c\\x7F", "\"a\\u000ab\\u0009c\\u007f\""},
	{"\xc2\x9b\x31m", "\\u{9B}1m", "\"\\u009b1m\""},		/* C1 CSI */
	{"x\xe2\x80\xaey", "x\\u{202E}y", "\"x\\u202ey\""},		/* right-to-left override */
	{"\xe2\x81\xa6\xe2\x80\x8b", "\\u{2066}\\u{200B}", "\"\\u2066\\u200b\""},
	{"\xf3\xa0\x81\x81", "\\u{E0041}", "\"\\udb40\\udc41\""},	/* a tag character */
	{"\xc0\xaf", "\\xC0\\xAF", "\"\\ufffd\\ufffd\""},		/* overlong */
	{"\xe0\x80\xaf", "\\xE0\\x80\\xAF", "\"\\ufffd\\ufffd\\ufffd\""},
	{"\xed\xa0\x80", "\\xED\\xA0\\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
	{"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xe2\x82", "\\xE2\\x82", "\"\\ufffd\\ufffd\""},		/* cut */
	{"\"q\\", "\"q\\", "\"\\\"q\\\\\""},
	{"\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91", "\"\\ud83d\\udd11\""},
};

Test(base, text_from_outside_is_escaped)
{
	struct kh_error err;

	for (size_t i = 0; i < N(escapes); i++) {
		struct buf terminal = BUF_INIT(256), json = BUF_INIT(256);
		char shown[TEXT_SHOWN(32)], little[8];

		cr_assert_eq(text_for_terminal(escapes[i].in, strlen(escapes[i].in), &terminal, &err), 0);
		cr_assert_str_eq(buf_text(&terminal), escapes[i].terminal, "%zu", i);
		cr_assert_str_eq(text_shown(escapes[i].in, shown, sizeof(shown)), escapes[i].terminal, "%zu", i);
		(void)text_shown(escapes[i].in, little, sizeof(little));
		cr_assert(strncmp(little, escapes[i].terminal, strlen(little)) == 0, "%zu", i);
		cr_assert_eq(text_for_json(escapes[i].in, strlen(escapes[i].in), &json, &err), 0);
		cr_assert_str_eq(buf_text(&json), escapes[i].json, "%zu", i);
		buf_free(&terminal);
		buf_free(&json);
	}
}

static const struct {
	const char *text;
	int64_t t;
} times[] = {
	{"1970-01-01T00:00:00Z", 0}, {"2026-11-22T10:00:00Z", 1795341600}, {"2000-02-29T23:59:59Z", 951868799},
	{"9999-12-31T23:59:59Z", CLOCK_MAX}, {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
};

static const char *const no_times[] = {
	"", "2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00:00z", "2026-11-22 10:00:00Z", "2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
	"2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T23:59:60Z", "1969-12-31T23:59:59Z", "2026-11-22T10:00:00Z ",
	"+026-11-22T10:00:00Z", "2026-11-22T10:00:00.0Z", "2026-11-2210:00:00ZZ",
};

Test(base, clock_reads_one_form)
{
	struct kh_error err;
	char text[CLOCK_TEXT];
	int64_t t;

	for (size_t i = 0; i < N(times); i++) {
		cr_assert_eq(clock_parse(times[i].text, &t, &err), 0, "%s", times[i].text);
		cr_assert_eq(t, times[i].t, "%s", times[i].text);
		clock_format(t, text);
		cr_assert_str_eq(text, times[i].text);
	}
	for (size_t i = 0; i < N(no_times); i++)
		cr_assert_eq(clock_parse(no_times[i], &t, &err), -1, "%s", no_times[i]);
	clock_format(-5, text);
	cr_assert_str_eq(text, "1970-01-01T00:00:00Z");
	clock_format(INT64_MAX, text);
	cr_assert_str_eq(text, "9999-12-31T23:59:59Z");
	cr_assert_gt(clock_now(), 1700000000);
}

struct options {
	bool flag;
	const char *text, *choice;
	long number;
	struct opt_list list;
};

static const char *const choices[] = {"red", "green", NULL};
static const struct opt_row rows[] = {
	{.name = "flag", .kind = OPT_FLAG, .offset = offsetof(struct options, flag)},
	{.name = "text", .kind = OPT_TEXT, .offset = offsetof(struct options, text), .arg = "T", .env = "KEYHAUL_TEST_TEXT"},
	{.name = "choice", .kind = OPT_CHOICE, .offset = offsetof(struct options, choice), .arg = "C", .choices = choices},
	{.name = "number", .kind = OPT_NUMBER, .offset = offsetof(struct options, number), .arg = "N", .min = 1, .max = 9,
	 .preset = 3},
	{.name = "list", .kind = OPT_LIST, .offset = offsetof(struct options, list), .arg = "L"},
};
static const struct opt_group groups[] = {OPT_GROUP(NULL, rows, 0), OPT_GROUPS_END};

/* Parses up to 8 words cut at spaces. */
static int parse(const char *line, struct options *o, struct opt_words *w, char *words, struct kh_error *err)
{
	char *argv[9] = {NULL}, *rest = NULL;
	int argc = 0;

	memset(o, 0, sizeof(*o));
	memset(w, 0, sizeof(*w));
	strcpy(words, line);
	for (char *p = strtok_r(words, " ", &rest); p && argc < 8; p = strtok_r(NULL, " ", &rest))
		argv[argc++] = p;
	return opt_parse(groups, argc, argv, o, w, err);
}

static const char *const bad_lines[] = {
	"--unknown", "-x", "--fla", "--flag=1", "--flag --flag", "--text", "--text a --text b", "--choice blue", "--number 0",
	"--number 10", "--number 1x", "--number +1", "--number=", "--list", "--Text a",
};

Test(base, options_are_read_by_their_rows)
{
	struct kh_error err;
	struct options o;
	struct opt_words w;
	char words[256];

	cr_assert_eq(parse("a --flag --text=x=y --choice green b -- --c", &o, &w, words, &err), 0, "%s", err.msg);
	cr_assert(o.flag && o.number == 3 && w.n == 3);
	cr_assert_str_eq(o.text, "x=y");
	cr_assert_str_eq(o.choice, "green");
	cr_assert_str_eq(w.v[2], "--c");
	free(w.v);
	cr_assert_eq(parse("--list 1 2 --number 7 --list 3", &o, &w, words, &err), 0);
	cr_assert(o.list.n == 3 && o.number == 7 && w.n == 0);
	cr_assert(opt_given(&rows[4], &o) && opt_given(&rows[3], &o) && !opt_given(&rows[0], &o));
	free(w.v);
	for (size_t i = 0; i < N(bad_lines); i++) {
		cr_assert_eq(parse(bad_lines[i], &o, &w, words, &err), -1, "%s", bad_lines[i]);
		cr_assert_eq(err.code, KH_E_USAGE);
		free(w.v);
	}
}

Test(base, options_from_the_environment_count_last)
{
	struct kh_error err;
	struct options o;
	struct opt_words w;
	char words[256];

	cr_assert_eq(setenv("KEYHAUL_TEST_TEXT", "outside", 1), 0);
	cr_assert_eq(parse("", &o, &w, words, &err), 0);
	cr_assert_str_eq(o.text, "outside");
	free(w.v);
	cr_assert_eq(parse("--text here --help", &o, &w, words, &err), 0);
	cr_assert_str_eq(o.text, "here");
	cr_assert(w.help && !w.version);
	free(w.v);
	cr_assert_eq(setenv("KEYHAUL_TEST_TEXT", "", 1), 0);
	cr_assert_eq(parse("", &o, &w, words, &err), 0);
	cr_assert_null(o.text);
	free(w.v);
}

Test(base, a_bar_fits_its_terminal)
{
	static const struct {
		struct progress p;
		size_t columns;
		const char *wanted;
	} bars[] = {
		{{"wrapping", 0, 40, 0, 0}, 100, "wrapping [------------------------------] 0/40"},
		{{"wrapping", 30, 40, 104.2, 0}, 100, "wrapping [######################--------] 30/40  104/s  1 s left"},
		{{"wrapping", 30, 10000, 2.5, 0}, 100, "wrapping [------------------------------] 30/10000  2.5/s  1 h 7 min left"},
		{{"wrapping", 30, 100, 0.25, 0}, 100, "wrapping [#########---------------------] 30/100  0.25/s  5 min left"},
		{{"wrapping", 40, 40, 7, 0}, 100, "wrapping [##############################] 40/40"},
		{{"wrapping", 3, 40, 7, 1}, 100, "wrapping [##----------------------------] 3/40  finishing the keys in hand; again ends at once"},
		{{"wrapping", 30, 40, 20, 0}, 50, "wrapping [#########----] 30/40  20/s  1 s left"},
		{{"wrapping", 30, 40, 20, 0}, 36, "30/40  20/s  1 s left"},
		{{"wrapping", 30, 40, 20, 0}, 24, "30/40"},
		{{"wrapping", 30, 40, 20, 0}, 8, ""},
		{{"wrapping", 30, 40, 20, 0}, 0, ""},
	};
	char line[PROGRESS_LINE_MAX];

	for (size_t i = 0; i < N(bars); i++) {
		size_t n = progress_line(&bars[i].p, bars[i].columns, line);

		cr_assert_eq(n, strlen(bars[i].wanted), "%zu: %zu, %s", i, n, line);
		cr_assert(n == 0 || strcmp(line, bars[i].wanted) == 0, "%zu: %s", i, line);
		cr_assert(n == 0 || n + 4 <= bars[i].columns, "%zu", i);
	}
	cr_assert_eq(text_columns("abc"), 3);
	cr_assert_eq(text_columns("\u00e9\u0301\u9375"), 3); /* one, none, two */
	cr_assert_eq(text_columns("\xff"), 1);
}
