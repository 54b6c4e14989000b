/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "alone.h"

#include "base/cmd.h"
#include "base/log.h"

#include <errno.h>
#include <time.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WAIT_S 60 /* whoever may read the module's file can hold its lock */
#define STEP_MS 50

/* 0 where it was let go in time. -1 with errno, EWOULDBLOCK: it was not. */
static int wait_for(int fd)
{
	const struct timespec step = {0, STEP_MS * 1000000L};
	int rc = -1;

	log_line("", "waiting for another program that makes a key with this module");
	for (int i = 0; rc != 0 && i < WAIT_S * 1000 / STEP_MS && !cmd_interrupted(); i++) {
		(void)nanosleep(&step, NULL);
		rc = flock(fd, LOCK_EX | LOCK_NB);
		if (rc != 0 && errno != EWOULDBLOCK && errno != EINTR)
			return -1;
	}
	return rc;
}

static int in_use(const char *file, struct kh_error *err)
{
	kh_fail(err, KH_E_AGAIN, 0, "another program has held the lock on %s for %d s", file, WAIT_S);
	return kh_hint(err, "keyhaul-token takes it while it makes a key, so that no label is used twice: see with 'fuser' or 'lslocks' "
			    "who has it, and run this again");
}

/*
 * Looking and making are two calls, and SoftHSM does not see what another process made between them: its own write hides
 * it. The module's file is the one thing that all who use the module have. -1 in `*fd` where it cannot be locked: the
 * label is counted again all the same.
 */
static int lock(const struct session *s, int *fd, struct kh_error *err)
{
	const char *file;
	int rc;

	*fd = -1;
	if (s->module == NULL) /* functions of a test's own */
		return 0;
	file = module_file(s->module);
	*fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	rc = *fd < 0 ? -1 : flock(*fd, LOCK_EX | LOCK_NB);
	if (rc != 0 && *fd >= 0 && errno == EWOULDBLOCK)
		rc = wait_for(*fd);
	if (rc == 0)
		return 0;
	rc = errno;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	if (cmd_interrupted())
		return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before the key was made");
	if (rc == EWOULDBLOCK)
		return in_use(file, err);
	log_debug("%s: no lock: %s", file, strerror(rc));
	return 0;
}

static int generate(const struct token *t, const struct keygen_request *r, struct keygen_key *made, struct kh_error *err)
{
	if (keygen_check_label(t, r->label, err) != 0 || keygen_generate(t, r, made, err) != 0)
		return -1;
	if (keygen_check_alone(t, r->label, made, err) == 0)
		return 0;
	kh_context(err, keygen_destroy(t, made) == CKR_OK ? "the key '%s' was made and destroyed again"
							   : "the key '%s' was made, and stays on the token", r->label);
	return -1;
}

int alone_generate(const struct session *s, const struct keygen_request *r, struct keygen_key *made,
		   struct kh_error *err)
{
	int fd, rc;

	if (lock(s, &fd, err) != 0)
		return -1;
	rc = generate(&s->token, r, made, err);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}
