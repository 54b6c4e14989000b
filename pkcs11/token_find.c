/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token.h"

#include "base/log.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MATCHES_MAX 16 /* that the hint can tell apart */
#define NAMES_MAX 440  /* bytes of the hint for it */

/* One of several tokens that a URI fits. */
struct match {
	struct token_name name;
	CK_SLOT_ID slot;
	bool told;
};

/* What a search has seen so far. Tokens that are not initialised count apart: most modules show an empty one. */
struct search {
	const struct uri *uri;
	struct token *found;
	size_t matches, blank, failed;
	struct match v[MATCHES_MAX]; /* the first of the matches */
	struct kh_error failure; /* of the last slot that could not be asked */
};

static void note_match(struct search *s, const struct token *t)
{
	if (s->matches < MATCHES_MAX)
		s->v[s->matches] = (struct match){t->name, t->slot, false};
}

static bool has_own_serial(const struct search *s, size_t n, const struct match *m)
{
	if (m->name.serial[0] == '\0')
		return false;
	for (size_t i = 0; i < n; i++)
		if (&s->v[i] != m && strcmp(s->v[i].name.serial, m->name.serial) == 0)
			return false;
	return true;
}

#define SERIAL_PERCENT (3 * sizeof(((CK_TOKEN_INFO *)NULL)->serialNumber) + 1)

/* As it is to be pasted into a URI (RFC 7512 section 2.3). */
static const char *for_uri(const char *value, char out[SERIAL_PERCENT])
{
	size_t n = 0;

	for (; *value != '\0' && n + 3 < SERIAL_PERCENT; value++)
		n += (size_t)snprintf(out + n, SERIAL_PERCENT - n, isalnum((unsigned char)*value) || strchr("-._", *value) ? "%c" : "%%%02X",
				      (unsigned char)*value);
	out[n] = '\0';
	return out;
}

/* Adds one to the hint's list, whole or not at all: behind others of its label, or with the label. */
static bool tell_match(const struct search *s, size_t n, const struct match *m, bool same_label, char names[NAMES_MAX])
{
	size_t len = strlen(names), room = NAMES_MAX - len;
	char which[SERIAL_PERCENT + 64], serial[SERIAL_PERCENT], label[TEXT_SHOWN(32)];
	int all;

	if (has_own_serial(s, n, m))
		(void)snprintf(which, sizeof(which), "serial=%s", for_uri(m->name.serial, serial));
	else
		(void)snprintf(which, sizeof(which), "slot-id=%lu", m->slot);
	all = same_label ? snprintf(names + len, room, " or %s", which)
			 : snprintf(names + len, room, "%s'%s' is %s", len > 0 ? "; " : "",
				    text_shown(m->name.label, label, sizeof(label)), which);
	if (all >= 0 && (size_t)all < room)
		return true;
	names[len] = '\0';
	return false;
}

/* "'two' is serial=79c8 or serial=a185; 'other' is serial=ce5e", and how many there was room for. */
static size_t tell_matches(struct search *s, char names[NAMES_MAX])
{
	size_t n = s->matches < MATCHES_MAX ? s->matches : MATCHES_MAX, told = 0;

	names[0] = '\0';
	for (size_t i = 0; i < n; i++)
		for (size_t k = i; k < n && !s->v[i].told; k++) {
			if (strcmp(s->v[i].name.label, s->v[k].name.label) != 0)
				continue;
			if (!tell_match(s, n, &s->v[k], k > i, names))
				return told;
			told++;
			s->v[k].told = k > i; /* the first of a label stays what the rest of it is compared with */
		}
	return told;
}

static int fail_several(struct search *s, struct kh_error *err)
{
	char names[NAMES_MAX];
	size_t told = tell_matches(s, names);

	kh_fail(err, KH_E_INPUT, 0, "%zu tokens match %s", s->matches, uri_text(s->uri));
	return told == s->matches ? kh_hint(err, "add to the URI what tells it apart: %s", names)
				  : kh_hint(err, "add to the URI what tells it apart: %s, and %zu more", names, s->matches - told);
}

static int look_at(const struct token *t, CK_SLOT_ID slot, const CK_SLOT_INFO *info, const struct kh_error *why,
		   void *arg, struct kh_error *err)
{
	struct search *s = arg;
	bool initialised;

	(void)err;
	if (!t) {
		log_debug("slot %lu is passed over: %s", slot, why->msg);
		s->failure = *why;
		s->failed++;
		return 0;
	}
	if (!uri_matches_token(s->uri, &t->info, info, slot))
		return 0;
	initialised = (t->info.flags & CKF_TOKEN_INITIALIZED) != 0;
	if (initialised)
		note_match(s, t);
	if (initialised ? !s->matches : !s->matches && !s->blank)
		*s->found = *t;
	s->matches += initialised;
	s->blank += !initialised;
	return 0;
}

int token_find(CK_FUNCTION_LIST *fn, const struct uri *uri, struct token *out, struct kh_error *err)
{
	struct search s = {.uri = uri, .found = out};

	memset(out, 0, sizeof(*out));
	if (token_each(fn, look_at, &s, err))
		return -1;
	if (s.matches == 1)
		return 0;
	if (s.matches > 1)
		return fail_several(&s, err);
	if (s.blank == 1)
		return token_not_initialised(out, err);
	if (s.failed) { /* it may be the token that was meant */
		*err = s.failure;
		return kh_context(err, "no other token matches %s", uri_text(uri));
	}
	kh_fail(err, KH_E_INPUT, 0, "no token matches %s", uri_text(uri));
	return kh_hint(err, "`keyhaul-token slots` lists the tokens that this module has");
}
