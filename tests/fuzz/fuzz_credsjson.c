/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/creds_json.h"
#include "kms/sso_token.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1700000000
#define CACHE "/.aws/sso/cache/"
#define START "https://corp.awsapps.com/start"
#define START_SHA1 "a51746d4aa793ae07b25e90c3a5db96fc7832bd7"

/* A home folder for the cache of 'aws sso login', made once where it runs. */
static char home[] = "keyhaul-fuzz.XXXXXX", file[PATH_MAX];

static void at_home(const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s%s", home, name);
}

static void clean(void)
{
	static const char *const folders[] = {"/.aws/sso/cache", "/.aws/sso", "/.aws", ""};
	char path[PATH_MAX];

	(void)unlink(file);
	for (size_t i = 0; i < 4; i++) {
		at_home(folders[i], path);
		(void)rmdir(path);
	}
}

static bool make_home(void)
{
	static const char *const folders[] = {"/.aws", "/.aws/sso", "/.aws/sso/cache"};
	char path[PATH_MAX];

	if (file[0])
		return true;
	if (!mkdtemp(home) || setenv("HOME", home, 1) || atexit(clean))
		return false;
	for (size_t i = 0; i < 3; i++) {
		at_home(folders[i], path);
		if (mkdir(path, 0700))
			return false;
	}
	at_home(CACHE START_SHA1 ".json", file);
	return true;
}

/* The file of a login without a session: nothing is asked of anybody. */
static void read_login(const struct creds_chain *c, const uint8_t *data, size_t size)
{
	struct secret *token = NULL;
	struct kh_error err = {0};
	int fd = make_home() ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	enum sso_token found;

	if (fd < 0)
		return;
	if (write(fd, data, size) == (ssize_t)size) {
		found = sso_token_find(c, NULL, START, "eu-west-1", &token, &err);
		fuzz_must(found != SSO_TOKEN_NONE);
		fuzz_must((found == SSO_TOKEN_GOOD) == (token != NULL) && (found == SSO_TOKEN_FAILED) == (err.msg[0] != '\0'));
		fuzz_must(!token || secret_len(token) > 0);
	}
	secret_free(token);
	(void)close(fd);
}

/* What a process, a container, the metadata or Identity Center answers: half a key is none, and no answer is shown. */
static void read_answer(const struct creds_chain *c, const struct creds_names *names, const char *inside, const uint8_t *data,
			size_t size)
{
	struct creds out = {.provider = "fuzz", .where = "fuzz"};
	struct kh_error err = {0};
	struct secret *text = secret_copy(data, size < SECRET_MAX ? size : SECRET_MAX, &err);
	json_t *root = text ? creds_json_parse(text, &err) : NULL;
	const json_t *keys = inside ? json_object_get(root, inside) : root;

	if (json_is_object(keys) && creds_json_keep(c, keys, names, &out, &err) > 0) {
		fuzz_must(out.access_key_id[0] && !strpbrk(out.access_key_id, " \r\n") && secret_len(out.secret_key) > 0);
		fuzz_must(!strpbrk(secret_text(out.secret_key), " \r\n"));
		fuzz_must(!out.session_token || !strpbrk(secret_text(out.session_token), " \r\n"));
		fuzz_must(!names->must_expire || (out.session_token && out.expires > NOW));
		fuzz_must(out.renewable == (out.expires != 0));
	} else if (!root || json_is_object(keys)) {
		fuzz_must(err.msg[0] && (err.code == KH_E_KMS || err.code == KH_E_INPUT || err.code == KH_E_MEMORY));
	}
	json_decref(root);
	secret_free(text);
	creds_clear(&out);
}

/* The first byte says whose answer it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct creds_names process = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", false},
					container = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", true},
					sso = {"accessKeyId", "secretAccessKey", "sessionToken", "expiration", true};
	const struct creds_chain c = {.now = NOW};

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		read_answer(&c, &process, NULL, data + 1, size - 1);
		break;
	case 1:
		read_answer(&c, &container, NULL, data + 1, size - 1);
		break;
	case 2:
		read_answer(&c, &sso, "roleCredentials", data + 1, size - 1);
		break;
	default:
		read_login(&c, data + 1, size - 1);
	}
	return 0;
}
