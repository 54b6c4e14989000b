/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/pinvalue.h"
#include "base/secret.h"

#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *bytes;
	size_t len;
	const char *line; /* NULL: refused */
} pins[] = {
	{"1234\n", 5, "1234"}, {"1234", 4, "1234"}, {"1234\r\nmore", 10, "1234"}, {" a:b \n", 6, " a:b "}, {"12345678", 8, "12345678"},
	{"\n", 1, NULL}, {"", 0, NULL}, {"\r\n", 2, NULL}, {"12\0", 3, NULL}, {"123456789\n", 10, NULL}, {"1234567890\n", 11, NULL},
};

Test(secret, secrets_are_one_line_and_wiped)
{
	struct kh_error err;
	struct secret *s = NULL;
	int fd[2];
	char next = 0;

	for (size_t i = 0; i < N(pins); i++) {
		cr_assert_eq(pipe(fd), 0);
		cr_assert_eq(write(fd[1], pins[i].bytes, pins[i].len), (ssize_t)pins[i].len);
		close(fd[1]);
		if (pins[i].line) {
			cr_assert_eq(secret_read_line(fd[0], "pipe", 8, &s, &err), 0, "%zu: %s", i, err.msg);
			cr_assert_str_eq(secret_text(s), pins[i].line);
			cr_assert_eq(secret_len(s), strlen(pins[i].line));
			secret_free(s);
		} else {
			cr_assert_eq(secret_read_line(fd[0], "pipe", 8, &s, &err), -1, "%zu", i);
			cr_assert_eq(err.code, KH_E_INPUT);
		}
		if (i == 2) /* nothing behind the line is taken */
			cr_assert(read(fd[0], &next, 1) == 1 && next == 'm');
		close(fd[0]);
	}
	cr_assert_null(secret_new(SECRET_MAX + 1, &err));
	s = secret_copy("abc", 3, &err);
	cr_assert(s && secret_cap(s) >= 3);
	secret_set_len(s, 1);
	cr_assert_str_eq(secret_text(s), "a");
	secret_free(s);
	secret_free(NULL);
}

/* secret.c's wipe, seen: what it was given last. */
static struct {
	const void *at;
	size_t len;
} cleansed;

void OPENSSL_cleanse(void *at, size_t len)
{
	volatile unsigned char *p = at;

	cleansed.at = at;
	cleansed.len = len;
	for (size_t i = 0; i < len; i++)
		p[i] = 0;
}

Test(secret, secrets_are_wiped_when_freed)
{
	struct kh_error err;
	struct secret *s = secret_copy("0123456789", 10, &err);
	const unsigned char *data = secret_data(s), *from;

	cleansed.at = NULL;
	secret_free(s);
	from = cleansed.at;
	cr_assert(from != NULL && from <= data && from + cleansed.len > data + 10, "all of it, and its NUL");
}

Test(secret, no_core_and_no_reader)
{
	struct rlimit core = {1, 1};

	cr_assert_eq(prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L), 0);
	secret_lockdown();
	cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
	cr_assert(core.rlim_cur == 0 && core.rlim_max == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(KEYHAUL_SANITIZED)
	cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
#endif
}

static const struct {
	const char *in, *out;
} pin_texts[] = {
	{"pkcs11:token=t?pin-value=918273645", "pkcs11:token=t?pin-value=***"},
	{"pkcs11:token=t?pin-value=91&module-path=/m.so", "pkcs11:token=t?pin-value=**&module-path=/m.so"},
	{"too many words: 'x?pin-value=secret'", "too many words: 'x?pin-value=***"},
	{"?pin-value=a;secret", "?pin-value=***"},
	{"?pin-value=12&918273645", "?pin-value=***"},
	{"?pin-value=12&secret&x=y", "?pin-value=***&x=y"},
	{"?pin-value:secret", "?pin-value:***"},
	{"?pin-value%3asecret", "?pin-value%3a***"},
	{"?pin-value=first&pin-value=second&x=y", "?pin-value=***&pin-value=***&x=y"},
	{"?pin%2Dvalue=secret", "?pin%2Dvalue=***"},
	{"?%70IN%2dvalue%3Dsecret", "?%70IN%2dvalue%3D***"},
	{"?PIN-VALUE=secret", "?PIN-VALUE=***"},
	{"?pin-value=%70in-value=x", "?pin-value=***"},
	{"?pin-value=", "?pin-value="},
	{"?pin-value", "?pin-value"},
	{"give pin-source and pin-value", "give pin-source and pin-value"},
	{"?pin-source=/file%", "?pin-source=/file%"},
	{"pkcs11:token=x?pin=246810", "pkcs11:token=x?pin=***"},
	{"pkcs11:token=x?pinvalue=246810&module-path=/m.so", "pkcs11:token=x?pinvalue=***&module-path=/m.so"},
	{"pkcs11:pin_value=246810", "pkcs11:pin_value=***"},
	{"pkcs11:token=x;%50in.VALUE=246810;id=%01", "pkcs11:token=x;%50in.VALUE=***"},
	{"?pin-source=/f&pin-sourcevalue=24", "?pin-source=/f&pin-sourcevalue=**"},
	{"a spin-value=24680", "a spin-value=***"},
	{"the pin=1 and the chip;spin=2", "the pin=1 and the chip;spin=2"},
	{"no 'https://ada:S3cret@host/' here@", "no 'https://***@host/' here@"},
	{"https://a:p@ss/w0rd@[::1]:9", "https://***@[::1]:9"},
	{"http://a@h?pin=2468", "http://*@h?pin=***"},
	{"x?pin=1&y=https://b:c@h", "x?pin=*&y=https://***@h"},
	{"https://host/ file:///a@b fileb://c@d", "https://host/ file:///a@b fileb://c@d"},
	{"", ""},
};

Test(secret, a_pin_value_is_in_no_message_and_no_argument)
{
	char verb[] = "verb", word[] = "pkcs11:?pin-value=918273645&x=y";
	char *argv[] = {verb, word, NULL}, **taken = NULL;
	struct kh_error err;
	char text[64];

	for (size_t i = 0; i < N(pin_texts); i++) {
		strcpy(text, pin_texts[i].in);
		pinvalue_hide(text);
		cr_assert_str_eq(text, pin_texts[i].out);
		kh_fail(&err, KH_E_USAGE, 0, "%s", pin_texts[i].in);
		cr_assert_str_eq(err.msg, pin_texts[i].out);
		kh_hint(&err, "%s", pin_texts[i].in);
		cr_assert_str_eq(err.hint, pin_texts[i].out);
		kh_fail(&err, KH_E_USAGE, 0, "x");
		kh_context(&err, "%s", pin_texts[i].in);
		cr_assert_eq(strncmp(err.msg, pin_texts[i].out, strlen(pin_texts[i].out)), 0);
	}
	cr_assert_eq(pinvalue_take(2, argv, &taken, &err), 0);
	cr_assert_str_eq(word, "pkcs11:?pin-value=*********&x=y");
	cr_assert_str_eq(taken[1], "pkcs11:?pin-value=918273645&x=y");
	cr_assert(taken[0] == verb && taken[2] == NULL);
	pinvalue_give_back(2, argv, taken);
}
