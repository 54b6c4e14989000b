/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "verbs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "keyhaul-token"
#define KMS "keyhaul-kms"
#define QR "keyhaul-qr"

/* tests/cli/verbs.sh holds it against each program's --dump-options */
static const struct verb verbs[] = {
	{"slots", TOKEN, "list the tokens that are there and what they can do"},
	{"probe", TOKEN, "find out what a token really does, with throwaway keys"},
	{"generate", TOKEN, "make a key that can be hauled, in the token"},
	{"keys", TOKEN, "list the keys on a token and whether each can be hauled"},
	{"wrap", TOKEN, "wrap a key in the token for the KMS key of each bundle"},
	{"verify", TOKEN, "compare the MAC that KMS made of a challenge with the token's own"},
	{"lock", TOKEN, "make a key that was hauled unextractable, for ever"},
	{"trust", TOKEN, "as the security officer, let a bundle's wrapping key wrap keys that ask for trust"},
	{"clean", TOKEN, "remove keyhaul-tmp-* objects that a power cut left on a token"},
	{"sign", TOKEN, "sign a file: a CMS detached signature by a key in a token or a file"},
	{"approve", TOKEN, "approve the request of each bundle under a policy, with a key in a token or a file"},
	{"create", KMS, "makes a KMS key that waits for imported material (Origin EXTERNAL), and prints its ARN"},
	{"fetch", KMS, "gets a wrapping key and an import token for a KMS key into a new bundle"},
	{"import", KMS, "imports wrapped key material into its KMS key, and writes the receipt into the bundle"},
	{"status", KMS, "tells how KMS keys and their materials stand, and which expire soon"},
	{"prove", KMS, "proves that KMS holds the very key that the token wrapped, and writes that into the bundle"},
	{"confirm", KMS, "asks KMS whether a bundle's wrapping key is its own: from a second host, with other credentials"},
	{"rotate", KMS, "makes new imported material the current one, in every Region: stages it, rotates, and waits"},
	{"replicate", KMS, "makes a replica of a multi-Region key in another Region, and a bundle for it"},
	{"delete", KMS, "deletes imported key material; the KMS key stays, and takes the same material again"},
	{"whoami", KMS, "tells whose AWS credentials are found, where they come from and when they end; never the secret"},
	{"qr", QR, "shows a bundle as QR codes, in the terminal or as pictures"},
	{"scan", QR, "reads a bundle's QR codes out of pictures, in any order, and writes it once all are there"},
	{"create-key", KMS, "as 'aws kms create-key'"},
	{"delete-imported-key-material", KMS, "as 'aws kms delete-imported-key-material'"},
	{"describe-key", KMS, "as 'aws kms describe-key'"},
	{"get-key-rotation-status", KMS, "as 'aws kms get-key-rotation-status'"},
	{"get-parameters-for-import", KMS, "as 'aws kms get-parameters-for-import'"},
	{"get-public-key", KMS, "as 'aws kms get-public-key'"},
	{"import-key-material", KMS, "as 'aws kms import-key-material'"},
	{"list-key-rotations", KMS, "as 'aws kms list-key-rotations'"},
	{"replicate-key", KMS, "as 'aws kms replicate-key'"},
	{"rotate-key-on-demand", KMS, "as 'aws kms rotate-key-on-demand'"},
};

const struct verb *verbs_find(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return &verbs[i];
	return NULL;
}

/* The folder of the running program. */
static int own_folder(char out[VERBS_PATH], struct kh_error *err)
{
	ssize_t n = readlink("/proc/self/exe", out, VERBS_PATH - 1);
	char *slash;

	if (n < 0)
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "/proc/self/exe");
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (!slash || n == VERBS_PATH - 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "/proc/self/exe does not say where keyhaul is");
	*slash = '\0';
	return 0;
}

int verbs_path(const char *program, char out[VERBS_PATH], struct kh_error *err)
{
	const char *set = secure_getenv("KEYHAUL_BINDIR");
	char folder[VERBS_PATH];
	int n;

	if (!set || !*set) {
		if (own_folder(folder, err))
			return -1;
		set = folder;
	}
	n = snprintf(out, VERBS_PATH, "%s/%s", set, program);
	if (n < 0 || n >= VERBS_PATH)
		return kh_fail(err, KH_E_SYSTEM, 0, "the path of %s is too long", program);
	return 0;
}

int verbs_not_started(const char *program, int errnum, struct kh_error *err)
{
	char path[VERBS_PATH];

	if (verbs_path(program, path, err))
		return -1;
	if (errnum != ENOENT && errnum != ENOTDIR)
		return kh_fail_errno(err, KH_E_SYSTEM, errnum, "%s", path);
	kh_fail_errno(err, KH_E_USAGE, errnum, "%s is not installed here: %s", program, path);
	return kh_hint(err, "a host may have one half alone: do this on the one that has %s, or install %s beside keyhaul", program,
		       program);
}

int verbs_exec(const struct verb *verb, char **argv, struct kh_error *err)
{
	char path[VERBS_PATH], name[64];

	if (verbs_path(verb->program, path, err))
		return -1;
	/* what its messages begin with */
	(void)snprintf(name, sizeof(name), "%s", verb->program);
	argv[0] = name;
	(void)execv(path, argv);
	return verbs_not_started(verb->program, errno, err);
}

const char *verbs_name(size_t i)
{
	return i < sizeof(verbs) / sizeof(verbs[0]) ? verbs[i].verb : NULL;
}

static bool is_here(const char *program)
{
	char path[VERBS_PATH];
	struct kh_error ignored;

	return !verbs_path(program, path, &ignored) && access(path, X_OK) == 0;
}

int verbs_help(struct buf *out, struct kh_error *err)
{
	if (buf_addf(out, "Verbs of the other programs, which keyhaul runs from its own folder:\n", err))
		return -1;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (buf_addf(out, strchr(verbs[i].verb, '-') ? "  %-28s %-14s %s%s\n" : "  %-11s %-14s %s%s\n", err, verbs[i].verb, verbs[i].program, verbs[i].summary,
			     is_here(verbs[i].program) ? "" : " (not installed here)"))
			return -1;
	return 0;
}
