/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ceremony.h"

#include "base/buf.h"
#include "ceremony_names.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 16)

enum each { ONCE, BUNDLE, APPROVAL, TOKEN, ROTATION };
enum when { ALWAYS, SIGNED, UNSIGNED, CLOSED, UNCLOSED };

struct row {
	enum ceremony_host host;
	enum each each;
	enum when when;
	const char *title, *command, *seen;
};

/*
 * A command that begins with "carry" has no program: the second word becomes the third. {bundles} is as many words as there are
 * bundles, {these} as the step's token or rotation has. They are done one after the other, so that transcripts can be
 * compared line by line.
 */
static const struct row table[] = {
	{CEREMONY_ONLINE, ONCE, ALWAYS, "The policy, on the online host", "keyhaul policy policy.yaml",
	 "the words of its SHA-256 are those on the first page"},
	{CEREMONY_GAP, ONCE, ALWAYS, "The policy, behind the gap", "keyhaul policy policy.yaml",
	 "the words of its SHA-256 are those on the first page"},
	{CEREMONY_GAP, TOKEN, ALWAYS, "What is on the token{of}", "keyhaul keys --token {token}",
	 "the plan's keys on it, and that each can be hauled"},
	{CEREMONY_ONLINE, ONCE, ALWAYS, "Wrapping keys for all keys of the plan", "keyhaul fetch --plan plan.yaml --policy policy.yaml --jobs 1 --out requests",
	 "{count}: one for each key, material and Region of the plan"},
	{CEREMONY_WITNESS, ONCE, ALWAYS, "To the witness", "carry online/requests witness/requests", "{count}"},
	{CEREMONY_WITNESS, BUNDLE, ALWAYS, "KMS's own wrapping key: {bundle}", "keyhaul confirm requests/{bundle}",
	 "yes, the wrapping key is KMS's; the words of the request are read aloud"},
	{CEREMONY_GAP, ONCE, ALWAYS, "Over the gap", "carry online/requests gap/requests", "{count}"},
	{CEREMONY_GAP, ONCE, ALWAYS, "What came over the gap", "keyhaul inspect requests/{bundles}",
	 "in each the plan's and the policy's SHA-256 are those on the first page"},
	{CEREMONY_GAP, APPROVAL, ALWAYS, "{person} approves {bundle}",
	 "keyhaul approve --policy policy.yaml --signer {signer} --cert {cert} requests/{bundle}",
	 "key, token and expiry are those of the plan; the words typed back are those that the witness read"},
	{CEREMONY_GAP, TOKEN, SIGNED, "The keys are wrapped, and signed by {room}{of}",
	 "keyhaul wrap --policy policy.yaml --token {token} --signer {roomsigner} --cert {roomcert} requests/{these}",
	 "each key wrapped{approved}"},
	{CEREMONY_GAP, TOKEN, UNSIGNED, "The keys are wrapped{of}", "keyhaul wrap --policy policy.yaml --token {token} requests/{these}",
	 "each key wrapped{approved}"},
	{CEREMONY_GAP, ONCE, ALWAYS, "What goes back", "keyhaul inspect requests/{bundles}",
	 "for each the key and its proof{approved}; the words of the material are read aloud"},
	{CEREMONY_ONLINE, ONCE, ALWAYS, "Back over the gap", "carry gap/requests online/wrapped", "{count}"},
	{CEREMONY_ONLINE, ONCE, ALWAYS, "The keys are imported", "keyhaul import --policy policy.yaml --jobs 1 wrapped/{bundles}",
	 "each key imported, with its expiry"},
	{CEREMONY_ONLINE, ONCE, ALWAYS, "KMS has them", "keyhaul status --expiring-within 1h wrapped/{bundles}", "each key Enabled"},
	{CEREMONY_ONLINE, ROTATION, ALWAYS, "The new material becomes the current one: {bundle}", "keyhaul rotate --policy policy.yaml wrapped/{these}",
	 "the key rotated to this material"},
	{CEREMONY_GAP, ONCE, CLOSED, "To be closed: online", "carry online/online.transcript gap/online.transcript", "the file"},
	{CEREMONY_GAP, ONCE, CLOSED, "To be closed: witness", "carry witness/witness.transcript gap/witness.transcript", "the file"},
	{CEREMONY_GAP, ONCE, CLOSED, "The online host's transcript is closed; {closer}'s token",
	 "keyhaul transcript close --signer {closersigner} --cert {closercert} online.transcript", "the words, which go onto the last page"},
	{CEREMONY_GAP, ONCE, CLOSED, "The witness's transcript is closed; {closer}'s token",
	 "keyhaul transcript close --signer {closersigner} --cert {closercert} witness.transcript", "the words, which go onto the last page"},
	{CEREMONY_GAP, ONCE, CLOSED, "The transcript behind the gap is closed; {closer}'s token",
	 "keyhaul transcript close --signer {closersigner} --cert {closercert} gap.transcript", "the words, which go onto the last page"},
	{CEREMONY_DESK, ONCE, CLOSED, "For the record: online", "carry gap/online.transcript desk/online.transcript", "the file"},
	{CEREMONY_DESK, ONCE, CLOSED, "For the record: witness", "carry gap/witness.transcript desk/witness.transcript", "the file"},
	{CEREMONY_DESK, ONCE, UNCLOSED, "For the record: online", "carry online/online.transcript desk/online.transcript", "the file"},
	{CEREMONY_DESK, ONCE, UNCLOSED, "For the record: witness", "carry witness/witness.transcript desk/witness.transcript", "the file"},
	{CEREMONY_DESK, ONCE, ALWAYS, "For the record: behind the gap", "carry gap/gap.transcript desk/gap.transcript", "the file"},
	{CEREMONY_DESK, ONCE, ALWAYS, "For the record: the bundles", "carry online/wrapped desk/wrapped", "{count}"},
	{CEREMONY_DESK, ONCE, CLOSED, "The record",
	 "keyhaul record --out record.html --policy policy.yaml --closed-by {closercert} -- online.transcript witness.transcript gap.transcript "
	 "wrapped/{bundles}", "0 findings; its SHA-256 goes onto the last page"},
	{CEREMONY_DESK, ONCE, UNCLOSED, "The record; no one of the policy can close a transcript",
	 "keyhaul record --out record.html --policy policy.yaml --open -- online.transcript witness.transcript gap.transcript wrapped/{bundles}",
	 "0 findings; its SHA-256 goes onto the last page"},
};

/* What a step is about. */
struct about {
	enum each each;
	size_t bundle, person, token;
};

bool ceremony_is_new(const struct ceremony_bundle *b)
{
	return b->material > 0 && !b->key->materials[b->material].key_material_id;
}

/* Whether {these} has the bundle: those of the step's token, or of its material in every Region. */
static bool is_about(const struct ceremony *c, const struct about *a, size_t bundle)
{
	const struct ceremony_bundle *b = &c->bundles[bundle], *own = &c->bundles[a->bundle];

	if (a->each == ROTATION)
		return b->key == own->key && b->material == own->material;
	return b->token == a->token;
}

static const char *value_of(const struct ceremony *c, const struct about *a, const char *name, size_t len)
{
	const struct ceremony_person *none = NULL, *person = c->n_people ? &c->people[a->person] : none;
	const struct ceremony_person *closer = c->n_approvers ? &c->people[0] : none;
	const struct ceremony_person *room = c->n_people > c->n_approvers ? &c->people[c->n_approvers] : none;
	const struct {
		const char *name, *value;
	} values[] = {
		{"count", c->count},
		{"approved", closer ? ", and who approved" : ""},
		{"token", c->tokens[a->token].uri},
		{"of", c->tokens[a->token].of},
		{"bundle", c->bundles[a->bundle].name},
		{"bundles", c->bundles[a->bundle].name},
		{"these", c->bundles[a->bundle].name},
		{"person", person ? person->who->name : NULL},
		{"signer", person ? person->signer : NULL},
		{"cert", person ? person->cert : NULL},
		{"closer", closer ? closer->who->name : NULL},
		{"closersigner", closer ? closer->signer : NULL},
		{"closercert", closer ? closer->cert : NULL},
		{"room", room ? room->who->name : NULL},
		{"roomsigner", room ? room->signer : NULL},
		{"roomcert", room ? room->cert : NULL},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value;
	return NULL;
}

/* The text with its {names} filled in; the caller frees it. */
static int fill(const struct ceremony *c, const struct about *a, const char *text, size_t len, char **out, struct kh_error *err)
{
	const char *end = text + len;
	struct buf b = BUF_INIT(TEXT_MAX);
	int rc = 0;

	while (text < end && !rc) {
		const char *close = *text == '{' ? memchr(text, '}', (size_t)(end - text)) : NULL;
		const char *value = close ? value_of(c, a, text + 1, (size_t)(close - text - 1)) : NULL;

		rc = value ? buf_add(&b, value, strlen(value), err) : buf_add(&b, text, 1, err);
		text = value ? close + 1 : text + 1;
	}
	*out = rc ? NULL : strdup(buf_text(&b));
	buf_free(&b);
	return rc || *out ? rc : kh_fail_memory(err);
}

static int add_word(const struct ceremony *c, const struct about *a, const char *text, size_t len, struct ceremony_step *s,
		    struct kh_error *err)
{
	char **words = realloc((void *)s->words, (s->n + 2) * sizeof(*words));

	if (!words)
		return kh_fail_memory(err);
	s->words = words;
	words[s->n] = words[s->n + 1] = NULL;
	if (fill(c, a, text, len, &words[s->n], err))
		return -1;
	s->n++;
	return 0;
}

/* A word that stands for several: one for each bundle that it is about. */
static int add_each(const struct ceremony *c, const struct about *a, const char *text, size_t len, bool these, struct ceremony_step *s,
		    struct kh_error *err)
{
	struct about each = *a;

	for (each.bundle = 0; each.bundle < c->n_bundles; each.bundle++)
		if ((!these || is_about(c, a, each.bundle)) && add_word(c, &each, text, len, s, err))
			return -1;
	return 0;
}

static int add_words(const struct ceremony *c, const struct about *a, const char *command, struct ceremony_step *s,
		     struct kh_error *err)
{
	for (size_t len; *command; command += len + (command[len] == ' ')) {
		bool all, these;

		len = strcspn(command, " ");
		all = memmem(command, len, "{bundles}", 9);
		these = memmem(command, len, "{these}", 7);
		if (all || these ? add_each(c, a, command, len, these, s, err) : add_word(c, a, command, len, s, err))
			return -1;
	}
	return 0;
}

static int add_step(struct ceremony *c, const struct row *row, const struct about *a, struct kh_error *err)
{
	static const char carry[] = "carry ";
	struct ceremony_step *steps = realloc(c->steps, (c->n_steps + 1) * sizeof(*steps)), *s;
	const char *command = row->command;

	if (!steps)
		return kh_fail_memory(err);
	c->steps = steps;
	s = &steps[c->n_steps++];
	memset(s, 0, sizeof(*s));
	s->host = row->host;
	s->alone = row->each == APPROVAL;
	s->carried = strncmp(command, carry, strlen(carry)) == 0;
	if (s->carried)
		command += strlen(carry);
	return fill(c, a, row->title, strlen(row->title), &s->title, err) || fill(c, a, row->seen, strlen(row->seen), &s->seen, err) ||
			       add_words(c, a, command, s, err)
		       ? -1
		       : 0;
}

static bool counts(const struct ceremony *c, enum when when)
{
	const bool is_signed = c->n_people > c->n_approvers, is_closed = c->n_approvers > 0;

	return when == ALWAYS || (when == SIGNED && is_signed) || (when == UNSIGNED && !is_signed) ||
	       (when == CLOSED && is_closed) || (when == UNCLOSED && !is_closed);
}

/* A rotation is its key's, not its Regions'. */
static bool rotates(const struct ceremony *c, size_t bundle)
{
	return c->rotates && c->bundles[bundle].replica == 0 && ceremony_is_new(&c->bundles[bundle]);
}

static int add_row(struct ceremony *c, const struct row *row, struct kh_error *err)
{
	const bool of_bundles = row->each == BUNDLE || row->each == APPROVAL || row->each == ROTATION;
	const size_t bundles = of_bundles ? c->n_bundles : 1, people = row->each == APPROVAL ? c->n_approvers : 1;
	const size_t tokens = row->each == TOKEN ? c->n_tokens : 1;
	struct about a = {.each = row->each};

	for (a.person = 0; a.person < people; a.person++)
		for (a.token = 0; a.token < tokens; a.token++)
			for (a.bundle = 0; a.bundle < bundles; a.bundle++)
				if ((row->each != ROTATION || rotates(c, a.bundle)) && add_step(c, row, &a, err))
					return -1;
	return 0;
}

int ceremony_make(const struct plan *plan, const char *plan_path, const struct policy *policy, bool rotates_too, struct ceremony *out,
		  struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->plan = plan;
	out->plan_path = plan_path;
	out->policy = policy;
	out->rotates = rotates_too;
	if (ceremony_names(out, err))
		return -1;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (counts(out, table[i].when) && add_row(out, &table[i], err))
			return -1;
	return 0;
}

static void clear_step(struct ceremony_step *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->words[i]);
	free((void *)s->words);
	free(s->title);
	free(s->seen);
}

void ceremony_clear(struct ceremony *c)
{
	for (size_t i = 0; i < c->n_steps; i++)
		clear_step(&c->steps[i]);
	free(c->steps);
	ceremony_names_clear(c);
	memset(c, 0, sizeof(*c));
}

const char *ceremony_host_name(enum ceremony_host host)
{
	static const char *const names[] = {
		[CEREMONY_ONLINE] = "online", [CEREMONY_WITNESS] = "witness", [CEREMONY_GAP] = "gap", [CEREMONY_DESK] = "desk"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == CEREMONY_HOSTS, "a name for each host");
	return names[host];
}
