/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wordquiz.h"

#include "base/prompt.h"

#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLANKS " \t\r"
#define TRIES 3

struct quiz {
	const char *whose;
	unsigned char digest[WORDS_COUNT];
	size_t places[WORDS_COUNT]; /* the first `n` are asked for */
	size_t n;
	bool wrong[WORDS_COUNT]; /* by place */
};

/* The places in an order of chance: nobody can prepare the eight that will be asked for. */
static int draw_places(struct quiz *q, struct kh_error *err)
{
	unsigned char bytes[4 * WORDS_COUNT];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL gives no random bytes");
	for (size_t i = 0; i < WORDS_COUNT; i++)
		q->places[i] = i;
	for (size_t i = 0; i + 1 < WORDS_COUNT; i++) {
		uint32_t chance;
		size_t other, was = q->places[i];

		memcpy(&chance, bytes + 4 * i, sizeof(chance));
		other = i + chance % (WORDS_COUNT - i);
		q->places[i] = q->places[other];
		q->places[other] = was;
	}
	return 0;
}

/* A slip of the pen, which no word of the list is, need not end the comparison: it is asked for again. */
static bool is_listed(const char *typed, size_t place)
{
	for (unsigned byte = 0; byte < 256; byte++)
		if (words_same(typed, (unsigned char)byte, place))
			return true;
	return false;
}

static bool is_many(const char *line)
{
	size_t begin = strspn(line, BLANKS), word = strcspn(line + begin, BLANKS);

	return line[begin + word + strspn(line + begin + word, BLANKS)] != '\0';
}

/* All the words, in lines as they are shown: numbers at a line's beginning are passed over. */
static int take_all(struct quiz *q, char line[PROMPT_LINE_MAX], struct kh_error *err)
{
	char prompt[64], *rest = NULL;

	q->n = WORDS_COUNT;
	for (size_t place = 0;;) {
		for (char *word = strtok_r(line, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
			if (strspn(word, "0123456789") == strlen(word))
				continue;
			if (place == WORDS_COUNT)
				return kh_fail(err, KH_E_INPUT, 0, "more than %d words were given for the %s", WORDS_COUNT, q->whose);
			q->wrong[place] = !words_same(word, q->digest[place], place);
			place++;
		}
		if (place == WORDS_COUNT)
			return 0;
		(void)snprintf(prompt, sizeof(prompt), "words %zu and on: ", place + 1);
		if (prompt_line(prompt, line, err))
			return kh_context(err, "%zu of %d words were given for the %s", place, WORDS_COUNT, q->whose);
	}
}

/* 0: taken; 1: it was all the words. */
static int ask_place(struct quiz *q, size_t at, struct kh_error *err)
{
	const size_t place = q->places[at];
	char line[PROMPT_LINE_MAX], prompt[128];
	bool again = isatty(STDIN_FILENO) != 0;

	for (int i = 0; i < TRIES; i++) {
		(void)snprintf(prompt, sizeof(prompt), "%s%zu of %zu: word %zu of the %s: ", i ? "no word of the list; " : "",
			       at + 1, q->n, place + 1, q->whose);
		if (prompt_line(prompt, line, err))
			return kh_context(err, "word %zu of the %s", place + 1, q->whose);
		if (at == 0 && is_many(line))
			return take_all(q, line, err) ? -1 : 1;
		q->wrong[place] = !words_same(line, q->digest[place], place);
		if (!again || is_listed(line, place))
			break;
	}
	return 0;
}

static int judge(const struct quiz *q, struct kh_error *err)
{
	char places[160] = "";
	size_t len = 0, wrong = 0;

	for (size_t place = 0; place < WORDS_COUNT; place++)
		if (q->wrong[place])
			len += (size_t)snprintf(places + len, sizeof(places) - len, "%s%zu", wrong++ ? ", " : "", place + 1);
	if (wrong == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%zu of %zu words are not those of the %s: place %s", wrong, q->n, q->whose, places);
	return kh_hint(err, "have all words read again from where they were first shown; where they still differ, stop: this is "
			    "not what was shown there");
}

int wordquiz_ask(const char *whose, const char *hex, size_t n, struct kh_error *err)
{
	struct quiz q = {.whose = whose, .n = n < WORDQUIZ_LEAST ? WORDQUIZ_LEAST : n > WORDS_COUNT ? WORDS_COUNT : n};

	if (words_digest(hex, q.digest, err) || draw_places(&q, err))
		return -1;
	for (size_t i = 0; i < q.n; i++) {
		int rc = ask_place(&q, i, err);

		if (rc < 0)
			return -1;
		if (rc > 0)
			break;
	}
	return judge(&q, err);
}
