/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rehearsal.h"

#include "base/file.h"
#include "base/log.h"
#include "bundle/bundle.h"
#include "bundle/jsontext.h"
#include "document.h"
#include "step.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX (64u << 20)
#define OUTPUT_LINES 60 /* of a step that failed */
#define PATH_BYTES (4 * THROWAWAY_PATH)

static int set_environment(const struct step *s, struct kh_error *err)
{
	const json_t *set;
	json_t *doc = NULL;
	const char *name;
	json_t *value;
	int rc = 0;

	if (document_read(s, &doc, err))
		return -1;
	set = json_object_get(json_array_get(json_object_get(doc, "results"), 0), "environment");
	if (json_object_size(set) == 0)
		rc = kh_fail(err, KH_E_SYSTEM, 0, "keyhaul-sim does not say where it is");
	json_object_foreach((json_t *)(uintptr_t)set, name, value)
		if (!rc && setenv(name, json_string_value(value), 1))
			rc = kh_fail_memory(err);
	json_decref(doc);
	return rc;
}

/* Nothing of the host's AWS settings and proxies is a rehearsal's, and keyhaul-kms is told to ask this machine alone. */
static int leave_environment(struct kh_error *err)
{
	static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	static const char *const set[][2] = {{"AWS_CONFIG_FILE", "/dev/null"},	       {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
					     {"AWS_EC2_METADATA_DISABLED", "true"},    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"},
					     {"KEYHAUL_REHEARSAL", "yes"}};
	char name[256];

	for (char **at = environ; *at;) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(*at, "="), *at);
		if (strncmp(name, "AWS_", 4) != 0 || strcspn(*at, "=") >= sizeof(name) || unsetenv(name))
			at++;
		else
			at = environ; /* it has moved */
	}
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		(void)unsetenv(proxies[i]);
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		if (setenv(set[i][0], set[i][1], 1))
			return kh_fail_memory(err);
	return 0;
}

int rehearsal_service(const char *folder, const char *pool, struct kh_error *err)
{
	char pid[24];
	const char *const words[] = {"keyhaul-sim", "--daemon", "--json", "--die-with", pid, "--seed-plan", "online/plan.yaml",
				     pool ? "--key-pool" : NULL, pool, NULL};
	struct step s;
	int rc = -1;

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	step_begin(&s, "keyhaul-sim", "--daemon");
	s.whole = words;
	s.folder = folder;
	if (step_run(&s, err))
		goto out;
	if (s.status) {
		kh_fail(err, step_code(s.status), 0, "keyhaul-sim ended with status %d", s.status);
		goto out;
	}
	rc = leave_environment(err) || set_environment(&s, err) ? -1 : 0;
out:
	step_end(&s);
	return rc;
}

static int copy_file(const char *from, const char *to, struct kh_error *err)
{
	struct buf b = BUF_INIT(FILE_MAX);
	int rc = file_read(from, &b, err) || file_create(to, 0600, buf_text(&b), b.len, err) ? -1 : 0;

	buf_free(&b);
	return rc;
}

static int copy_folder(const char *from, const char *to, struct kh_error *err)
{
	char a[PATH_BYTES], b[PATH_BYTES];
	const struct dirent *entry;
	DIR *dir = opendir(from);
	int rc = 0;

	if (!dir || mkdir(to, 0700)) {
		if (dir)
			closedir(dir);
		return kh_fail(err, KH_E_SYSTEM, 0, "%s cannot be carried to %s", from, to);
	}
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(a, sizeof(a), "%s/%s", from, entry->d_name) >= PATH_BYTES ||
		    snprintf(b, sizeof(b), "%s/%s", to, entry->d_name) >= PATH_BYTES)
			rc = kh_fail(err, KH_E_USAGE, 0, "the path of %s is too long", entry->d_name);
		else
			rc = copy_file(a, b, err);
	}
	closedir(dir);
	return rc;
}

static int carry(const struct ceremony_step *s, const char *folder, struct kh_error *err)
{
	char from[2 * THROWAWAY_PATH], to[2 * THROWAWAY_PATH];
	struct stat st;

	(void)snprintf(from, sizeof(from), "%s/%s", folder, s->words[0]);
	(void)snprintf(to, sizeof(to), "%s/%s", folder, s->words[1]);
	if (stat(from, &st))
		return kh_fail(err, KH_E_SYSTEM, 0, "%s is not there to be carried", from);
	return S_ISDIR(st.st_mode) ? copy_folder(from, to, err) : copy_file(from, to, err);
}

/* The word behind this one; NULL where it is not there. */
static const char *behind(const struct ceremony_step *s, const char *word)
{
	for (size_t i = 0; i + 1 < s->n; i++)
		if (strcmp(s->words[i], word) == 0)
			return s->words[i + 1];
	return NULL;
}

/* What a step that failed had to say; of one that went well nothing is shown. */
static void tell_output(const struct step *s)
{
	const char *at = buf_text(&s->output);

	for (int lines = 0; *at && lines < OUTPUT_LINES; lines++, at += strcspn(at, "\n"), at += *at == '\n')
		if (*at != '\n')
			log_warning("it said: %.*s", (int)strcspn(at, "\n"), at);
}

/* The words as typed, and behind the verb what a person gives otherwise. */
static int run_words(const struct ceremony_step *s, const struct throwaway *t, const char *host, const char *digest, struct kh_error *err)
{
	const char *token = behind(s, "--token"), *signer = behind(s, "--signer");
	const char **words = calloc(s->n + 7, sizeof(*words));
	struct step step;
	size_t n = 0;
	int rc;

	if (!words)
		return kh_fail_memory(err);
	words[n++] = s->words[0];
	words[n++] = s->words[1];
	if (token || signer) {
		words[n++] = "--pin-file";
		words[n++] = t->pin_file;
	}
	if (token && signer && strncmp(signer, token, strlen(token)) != 0) { /* on another token, whose PIN is asked for too */
		words[n++] = "--signer-pin-file";
		words[n++] = t->pin_file;
	}
	if (digest) {
		words[n++] = "--confirm";
		words[n++] = digest;
	}
	memcpy((void *)(words + n), (const void *)(s->words + 2), (s->n - 2) * sizeof(*words));
	step_begin(&step, "keyhaul", s->words[1]);
	step.whole = words;
	step.folder = host;
	rc = step_run(&step, err);
	if (!rc && step.status) {
		tell_output(&step);
		rc = kh_fail(err, step_code(step.status), 0, "keyhaul %s ended with status %d", s->words[1], step.status);
	}
	step_end(&step);
	free((void *)words);
	return rc;
}

/* True where the process has ended, also where nobody has taken notice of that. */
static bool is_gone(long pid)
{
	struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U), .events = POLLIN};
	bool gone = fd.fd < 0 ? errno == ESRCH : poll(&fd, 1, 0) > 0;

	if (fd.fd >= 0)
		close(fd.fd);
	return gone;
}

/* What a command says of a service that is no longer there is not the cause. */
static int tell_service(struct kh_error *err)
{
	const char *text = getenv("KEYHAUL_SIM_PID");
	long pid = text ? strtol(text, NULL, 10) : 0;

	if (pid <= 0 || !is_gone(pid) || err->code == KH_E_INTERRUPTED)
		return -1;
	return kh_context(err, "keyhaul-sim (process %ld) has ended", pid);
}

int rehearsal_step(const struct ceremony_step *s, const struct throwaway *t, const char *folder, struct kh_error *err)
{
	char host[2 * THROWAWAY_PATH], path[PATH_BYTES], transcript[64];
	struct bundle *b = NULL;
	int rc = -1;

	if (s->carried)
		return carry(s, folder, err);
	(void)snprintf(host, sizeof(host), "%s/%s", folder, ceremony_host_name(s->host));
	(void)snprintf(transcript, sizeof(transcript), "%s.transcript", ceremony_host_name(s->host));
	if (s->host == CEREMONY_DESK ? unsetenv("KEYHAUL_TRANSCRIPT") : setenv("KEYHAUL_TRANSCRIPT", transcript, 1))
		return kh_fail_memory(err);
	(void)snprintf(path, sizeof(path), "%s/%s", host, s->words[s->n - 1]);
	if (!s->alone || !bundle_read(path, &b, err))
		rc = run_words(s, t, host, b ? bundle_request_sha256(b) : NULL, err) ? tell_service(err) : 0;
	bundle_free(b);
	return rc;
}
