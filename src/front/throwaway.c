/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "throwaway.h"

#include "base/file.h"
#include "step.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_ID "01"
#define PEM_MAX 65536

static int path_of(const char *folder, const char *name, char out[THROWAWAY_PATH], struct kh_error *err)
{
	int n = snprintf(out, THROWAWAY_PATH, "%s/%s", folder, name);

	return n < 0 || n >= THROWAWAY_PATH ? kh_fail(err, KH_E_USAGE, 0, "the path of %s is too long", name) : 0;
}

static int find_tool(struct throwaway *t, struct kh_error *err)
{
	const char *path = secure_getenv("PATH");

	for (const char *at = path ? path : "/usr/bin:/bin"; *at; at += strcspn(at, ":"), at += *at == ':') {
		int n = snprintf(t->tool, sizeof(t->tool), "%.*s/softhsm2-util", (int)strcspn(at, ":"), at);

		if (*at == '/' && n > 0 && (size_t)n < sizeof(t->tool) && access(t->tool, X_OK) == 0)
			return 0;
	}
	kh_fail(err, KH_E_USAGE, 0, "softhsm2-util is not there");
	return kh_hint(err, "a rehearsal is run on SoftHSM tokens: install softhsm2, or add its folder to PATH");
}

/* Where distributions put it; as softhsm-conf/fresh-token has them. */
static int find_module(struct kh_error *err)
{
	static const char *const folders[] = {"/usr/lib", "/usr/lib64", "/usr/lib/*-linux-*", "/usr/local/lib"};
	const char *set = secure_getenv("KEYHAUL_SOFTHSM_MODULE");
	char pattern[256];
	int rc = -1;

	for (size_t i = 0; !set && rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
		glob_t found;

		(void)snprintf(pattern, sizeof(pattern), "%s/{softhsm/,pkcs11/,}libsofthsm2.so", folders[i]);
		if (glob(pattern, GLOB_BRACE, NULL, &found) == 0) {
			rc = setenv("KEYHAUL_MODULE", found.gl_pathv[0], 1);
			globfree(&found);
		}
	}
	if (set)
		rc = setenv("KEYHAUL_MODULE", set, 1);
	if (!rc)
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "libsofthsm2.so is not there");
	return kh_hint(err, "install softhsm2, or set KEYHAUL_SOFTHSM_MODULE to the file");
}

static int write_text(const char *folder, const char *name, const char *text, size_t len, struct kh_error *err)
{
	char path[THROWAWAY_PATH];

	return path_of(folder, name, path, err) || file_create(path, 0600, text, len, err) ? -1 : 0;
}

static int prepare(struct throwaway *t, struct kh_error *err)
{
	char tokens[THROWAWAY_PATH], conf[THROWAWAY_PATH + 256];
	uint64_t random = 0;

	if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL has no random numbers");
	(void)snprintf(t->pin, sizeof(t->pin), "%012llu", (unsigned long long)(random % 1000000000000ULL));
	if (path_of(t->folder, "tokens", tokens, err) || path_of(t->folder, "pin", t->pin_file, err))
		return -1;
	if (mkdir(tokens, 0700))
		return kh_fail(err, KH_E_SYSTEM, 0, "%s cannot be made", tokens);
	(void)snprintf(conf, sizeof(conf),
		       "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
		       "slots.mechanisms = ALL\nlibrary.reset_on_fork = false\n", tokens);
	if (write_text(t->folder, "softhsm2.conf", conf, strlen(conf), err) || write_text(t->folder, "pin", t->pin, strlen(t->pin), err) ||
	    path_of(t->folder, "softhsm2.conf", tokens, err))
		return -1;
	return setenv("SOFTHSM2_CONF", tokens, 1) ? kh_fail_memory(err) : find_module(err);
}

/* Runs softhsm2-util with these words; what it prints is in s->output, and the caller ends it. */
static int run_tool(const struct throwaway *t, const char *const *words, struct step *s, struct kh_error *err)
{
	step_begin(s, "softhsm2-util", words[1]);
	s->path = t->tool;
	s->whole = words;
	if (step_run(s, err))
		return -1;
	return s->status ? kh_fail(err, KH_E_SYSTEM, 0, "softhsm2-util %s ended with status %d: %.300s", words[1], s->status, buf_text(&s->output)) : 0;
}

static int make_token(const struct throwaway *t, const char *label, struct kh_error *err)
{
	const char *const words[] = {"softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", t->pin, "--pin", t->pin, NULL};
	struct step s;
	int rc = run_tool(t, words, &s, err);

	step_end(&s);
	return rc;
}

static int import_key(const struct throwaway *t, const struct issued *i, const char *token, const char *label, struct kh_error *err)
{
	struct buf pem = BUF_INIT(PEM_MAX);
	char path[THROWAWAY_PATH];
	const char *const words[] = {"softhsm2-util", "--import", path, "--token", token, "--label", label, "--id", KEY_ID, "--pin", t->pin, NULL};
	struct step s = {.status = 0};
	int rc = -1;

	if (path_of(t->folder, "import.key", path, err) || issued_key_pem(i, &pem, err) || file_create(path, 0600, pem.data, pem.len, err))
		goto out;
	rc = run_tool(t, words, &s, err);
	(void)unlink(path);
out:
	step_end(&s);
	buf_free(&pem);
	return rc;
}

static struct throwaway_token *token_of(const struct throwaway *t, const char *label)
{
	for (size_t i = 0; i < t->n_tokens; i++)
		if (strcmp(t->tokens[i].label, label) == 0)
			return &t->tokens[i];
	return NULL;
}

/* The serials of our tokens, out of --show-slots, which has them in the lines before the labels. */
static int find_serials(struct throwaway *t, struct kh_error *err)
{
	const char *const words[] = {"softhsm2-util", "--show-slots", NULL};
	char serial[POLICY_SERIAL_MAX] = "", label[64];
	struct step s;
	int rc = run_tool(t, words, &s, err);

	for (const char *at = rc ? NULL : buf_text(&s.output); at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		struct throwaway_token *token;

		(void)sscanf(at, " Serial number: %48s", serial);
		if (sscanf(at, " Label: %63s", label) == 1 && (token = token_of(t, label)) != NULL)
			memcpy(token->serial, serial, sizeof(serial));
	}
	step_end(&s);
	for (size_t i = 0; !rc && i < t->n_tokens; i++)
		if (!t->tokens[i].serial[0])
			rc = kh_fail(err, KH_E_SYSTEM, 0, "softhsm2-util --show-slots has no token '%s'", t->tokens[i].label);
	return rc;
}

static bool is_taken(const struct ceremony *c, const struct throwaway *t, const char *label)
{
	for (size_t i = 0; i < c->n_approvers; i++)
		if (strcmp(c->people[i].token, label) == 0)
			return true;
	return token_of(t, label) != NULL;
}

/* Labels that may wrap for keyhaul-sim's account: the policy's own where it is one, which is as long as a token's and no word more. */
static void choose_label(const struct ceremony *c, const struct throwaway *t, const char *own, char out[40])
{
	unsigned n = 1;

	(void)snprintf(out, 40, "%s", own && strncmp(own, THROWAWAY_LABEL, strlen(THROWAWAY_LABEL)) == 0 ? own : THROWAWAY_LABEL);
	while (strlen(out) > 32 || strpbrk(out, " \t") || is_taken(c, t, out))
		(void)snprintf(out, 40, THROWAWAY_LABEL "-%u", ++n);
}

static int make_tokens(const struct ceremony *c, struct throwaway *t, struct kh_error *err)
{
	t->tokens = calloc(c->n_tokens, sizeof(*t->tokens));
	if (!t->tokens)
		return kh_fail_memory(err);
	for (size_t i = 0; i < c->n_tokens; i++) {
		char label[40];

		choose_label(c, t, c->tokens[i].rule->label, label);
		memcpy(t->tokens[t->n_tokens++].label, label, sizeof(label));
		if (make_token(t, label, err))
			return -1;
	}
	return find_serials(t, err);
}

void throwaway_name(const struct ceremony_person *p, char out[POLICY_NAME_MAX + 8])
{
	(void)snprintf(out, POLICY_NAME_MAX + 8, "%.*s", (int)(strlen(p->cert) - strlen(".crt")), p->cert);
}

static int make_people(const struct ceremony *c, struct throwaway *t, struct kh_error *err)
{
	char name[POLICY_NAME_MAX + 8];

	t->people = calloc(c->n_people + 1, sizeof(*t->people));
	if (!t->people)
		return kh_fail_memory(err);
	if (issue("keyhaul rehearsal", NULL, &t->authority, err))
		return -1;
	for (; t->n_people < c->n_people; t->n_people++) {
		const struct ceremony_person *p = &c->people[t->n_people];
		struct issued *i = &t->people[t->n_people];
		const bool approves = t->n_people < c->n_approvers;

		throwaway_name(p, name);
		if (issue(name, &t->authority, i, err) || (approves && make_token(t, p->token, err)) ||
		    import_key(t, i, approves ? p->token : t->tokens[0].label, p->who->name, err))
			return -1;
	}
	return 0;
}

int throwaway_make(const struct ceremony *c, const char *folder, struct throwaway *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->folder = folder;
	return find_tool(out, err) || prepare(out, err) || make_tokens(c, out, err) || make_people(c, out, err) ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

int throwaway_remove(const char *folder, struct kh_error *err)
{
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT)
		return 0;
	return kh_fail_errno(err, KH_E_SYSTEM, errno, "%s is left: it has throwaway tokens and their PIN", folder);
}

void throwaway_clear(struct throwaway *t)
{
	for (size_t i = 0; i < t->n_people; i++)
		issued_clear(&t->people[i]);
	free(t->people);
	free(t->tokens);
	issued_clear(&t->authority);
	OPENSSL_cleanse(t->pin, sizeof(t->pin));
}

/* A file that a policy names is in its folder or below. */
static int make_way(char *path, size_t from, struct kh_error *err)
{
	for (char *at = path + from + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", path);
	}
	return 0;
}

int throwaway_write(const char *host, const char *name, const struct buf *text, struct kh_error *err)
{
	char path[THROWAWAY_PATH];

	return path_of(host, name, path, err) || make_way(path, strlen(host), err) || file_create(path, 0600, buf_text(text), text->len, err)
		       ? -1
		       : 0;
}

static int write_cert(const char *host, const char *name, const struct issued *i, struct kh_error *err)
{
	struct buf pem = BUF_INIT(PEM_MAX);
	int rc = issued_cert_pem(i, &pem, err) || throwaway_write(host, name, &pem, err) ? -1 : 0;

	buf_free(&pem);
	return rc;
}

/* The authority's, by each name that the policy has for an issuer's file; a name may be there twice. */
static int write_issuers(const struct policy_people *people, const struct throwaway *t, const char *host, struct kh_error *err)
{
	char path[THROWAWAY_PATH];

	for (size_t i = 0; i < people->n; i++)
		for (size_t k = 0; k < people->v[i].n_issued; k++) {
			const char *file = people->v[i].issued[k].file;

			if (path_of(host, file, path, err) || (access(path, F_OK) && write_cert(host, file, &t->authority, err)))
				return -1;
		}
	return 0;
}

int throwaway_certificates(const struct ceremony *c, const struct throwaway *t, const char *host, struct kh_error *err)
{
	for (size_t i = 0; i < c->n_people; i++)
		if (write_cert(host, c->people[i].cert, &t->people[i], err))
			return -1;
	return write_issuers(&c->policy->approvers, t, host, err) || write_issuers(&c->policy->material_signers, t, host, err) ? -1 : 0;
}
