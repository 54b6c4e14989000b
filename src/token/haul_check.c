/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include "aws/arn.h"
#include "base/log.h"
#include "policy/approvers.h"

#include <string.h>
#include <unistd.h>

#define REHEARSAL_LABEL "keyhaul-rehearsal"

int haul_item_open(const char *path, const struct haul_opts *o, struct haul_item *item, struct kh_error *err)
{
	const struct bundle_request *r;

	memset(item, 0, sizeof(*item));
	item->path = path;
	if (o->out != NULL ? bundle_read(path, &item->bundle, err) : bundle_open(path, &item->file, &item->bundle, err))
		return -1;
	r = bundle_request(item->bundle);
	if (r->key_uri != NULL && uri_parse(r->key_uri, URI_FROM_BUNDLE, &item->key_uri, err) != 0)
		return kh_context(err, "%s: key_uri", path);
	return 0;
}

void haul_item_close(struct haul_item *item)
{
	uri_free(item->key_uri);
	bundle_free(item->bundle);
	file_close(item->file);
	memset(item, 0, sizeof(*item));
}

static int check_done(struct haul_item *item, const struct haul_opts *o, struct kh_error *err)
{
	bool receipt = bundle_receipt(item->bundle) != NULL;

	item->done = bundle_material(item->bundle) != NULL && !o->again;
	if (item->done) {
		kh_fail(err, KH_E_CHECK, 0, receipt ? "it is imported already" : "it has material already");
		return kh_hint(err, receipt ? "fetch another bundle for another import"
					    : "--again wraps again and puts the new material in its place");
	}
	if (receipt && o->out == NULL) {
		kh_fail(err, KH_E_CHECK, 0, "it is imported already: wrapping again would drop its receipt");
		return kh_hint(err, "fetch another bundle, or write to another file with --out");
	}
	return 0;
}

static int fail_other(const char *want, size_t want_len, const char *got, size_t got_len, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "the request is for the key '%.*s', not for '%.*s'", (int)want_len, want, (int)got_len,
		got);
	return kh_hint(err, "wrap the key that was asked for, or fetch again with another --key-uri");
}

/* What --key and the request both say of the key has to be the same; what one leaves out is compared with the key found. */
static int check_same_key(const struct uri *wanted, const struct uri *given, struct kh_error *err)
{
	size_t want_len = 0, got_len = 0;
	const char *want = uri_object(wanted, &want_len), *got = uri_object(given, &got_len);
	const unsigned char *want_id, *got_id;
	CK_OBJECT_CLASS want_class, got_class;

	if (want != NULL && got != NULL && (want_len != got_len || memcmp(want, got, got_len) != 0))
		return fail_other(want, want_len, got, got_len, err);
	want_id = uri_id(wanted, &want_len);
	got_id = uri_id(given, &got_len);
	if ((want_id != NULL && got_id != NULL && (want_len != got_len || memcmp(want_id, got_id, got_len) != 0)) ||
	    (uri_class(wanted, &want_class) && uri_class(given, &got_class) && want_class != got_class)) {
		want = uri_text(wanted);
		got = uri_text(given);
		return fail_other(want, strlen(want), got, strlen(got), err);
	}
	return 0;
}

static int check_named(const struct haul_item *item, const struct haul_opts *o, const struct uri *uri,
		       struct kh_error *err)
{
	size_t len = 0;
	const char *object = item->key_uri != NULL ? uri_object(item->key_uri, &len) : NULL;

	if (o->generate != NULL && object != NULL &&
	    (len != strlen(o->generate) || memcmp(object, o->generate, len) != 0))
		return fail_other(object, len, o->generate, strlen(o->generate), err);
	if (o->generate != NULL)
		return 0;
	if (o->key != NULL && !uri_has_object(uri)) {
		kh_fail(err, KH_E_USAGE, 0, "--key '%s' names no key", uri_text(uri));
		return kh_hint(err, "add object=LABEL or id=%%XX to the URI; 'keyhaul-token keys' prints them");
	}
	if (o->key != NULL)
		return item->key_uri != NULL ? check_same_key(item->key_uri, uri, err) : 0;
	if (item->key_uri != NULL && uri_has_object(item->key_uri))
		return 0;
	if (item->is_of_many) {
		kh_fail(err, KH_E_INPUT, 0, "the request names no key");
		return kh_hint(err, "of several bundles each names its key: fetch them again with --key-uri, or all by one --plan; "
				    "or wrap them one by one with --key");
	}
	kh_fail(err, KH_E_USAGE, 0, "the request names no key, and neither does the command line");
	return kh_hint(err, "say which key with --key, or make one with --generate");
}

/* What is approved is a key that is there, by its id. */
static int check_policy(const struct haul_item *item, const struct haul_opts *o, int64_t now, struct kh_error *err)
{
	if (policy_check_request(o->policy, bundle_request(item->bundle), bundle_facts(item->bundle), now, err) != 0 ||
	    (o->policy != NULL && approvers_check(o->policy, item->bundle, now, err) != 0))
		return -1;
	if (o->policy == NULL || o->generate == NULL)
		return 0;
	policy_refuse(o->policy, NULL, "keyhaul_policy", "keys that the request names by their id", "this key",
		      "one that --generate would make now", err);
	return kh_hint(err, "make it first with 'keyhaul-token generate', then fetch with its --key-uri");
}

/* Not an error: one command line may be for bundles of both sorts. */
static void warn_of_choice(const struct haul_opts *o, const struct bundle_facts *facts)
{
	if ((o->kwp_mechanism != NULL || (o->rsa_aes != NULL && strcmp(o->rsa_aes, "auto") != 0)) &&
	    !wrapalg_info(facts->algorithm)->two_layer)
		log_warning("%s chooses nothing for a request of %s, which is wrapped by CKM_RSA_PKCS_OAEP alone",
			    o->kwp_mechanism != NULL ? "--kwp-mechanism" : "--rsa-aes", wrapalg_name(facts->algorithm));
}

int haul_check_request(struct haul_item *item, const struct haul_opts *o, const struct uri *uri, int64_t now,
		       struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(item->bundle);

	if (check_done(item, o, err) != 0 || (o->told != NULL && told_check(o->told, item->bundle, err) != 0) ||
	    bundle_check_here(item->bundle, now, err) != 0 ||
	    check_policy(item, o, now, err) != 0 || check_named(item, o, uri, err) != 0 ||
	    wrapalg_check(facts->key_spec, facts->algorithm, facts->wrapping_bits, &facts->arn, err) != 0)
		return -1;
	warn_of_choice(o, facts);
	if (o->out != NULL && access(o->out, F_OK) == 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s: it exists already", o->out);
		return kh_hint(err, "--out writes a new file only");
	}
	return 0;
}

/* A simulator's bundle never takes a real key, and a real one that comes from a rehearsal token is said. */
static int check_rehearsal(const struct haul_item *item, const struct haul_opts *o, const struct token *t,
			   struct kh_error *err)
{
	bool token = strncmp(t->name.label, REHEARSAL_LABEL, strlen(REHEARSAL_LABEL)) == 0;
	bool account = arn_is_rehearsal(&bundle_facts(item->bundle)->arn);
	char words[TOKEN_WORDS_MAX];

	if (account && !token && !(o->generate != NULL && o->no_keep)) {
		kh_fail(err, KH_E_CHECK, 0, "the request is a rehearsal's (account " ARN_REHEARSAL_ACCOUNT
			"), and %s is not a rehearsal token", token_words(t, words));
		return kh_hint(err, "use a token whose label begins with " REHEARSAL_LABEL
				    ", or --generate LABEL --no-keep; there is no override");
	}
	if (!account && token)
		log_warning("%s is for rehearsals, but %s is a key of a real account", token_words(t, words),
			    bundle_request(item->bundle)->kms_key_arn);
	return 0;
}

int haul_check_token(const struct haul_item *item, const struct haul_opts *o, const struct session *s,
		     struct kh_error *err)
{
	const struct token *t = &s->token;
	const struct bundle_request *r = bundle_request(item->bundle);
	char words[TOKEN_WORDS_MAX];

	if (r->token_serial != NULL && strcmp(r->token_serial, t->name.serial) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "the request is for the token with serial %s, not for %s", r->token_serial,
			token_words(t, words));
		return kh_hint(err, "use that token, or fetch again for this one");
	}
	if (item->key_uri != NULL && !uri_matches_token(item->key_uri, &t->info, NULL, t->slot)) {
		kh_fail(err, KH_E_CHECK, 0, "the request is for a key of another token (%s), not of %s",
			uri_text(item->key_uri), token_words(t, words));
		return kh_hint(err, "use that token, or fetch again for this one");
	}
	return haul_policy_token(o->policy, t, err) == 0 ? check_rehearsal(item, o, t, err) : -1;
}
