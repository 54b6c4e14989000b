/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_SIGNING_H
#define KEYHAUL_FRONT_SIGNING_H

#include "base/buf.h"
#include "base/opt.h"

/* The options that 'keyhaul-token sign' takes; kept as the text they came as, for that program checks them. */
struct signing_opts {
	const char *signer, *cert, *module, *module_init_args, *pin_file, *pin_fd, *now, *bundle;
	bool no_login;
};

#define SIGNING_ROWS 9
extern const struct opt_row signing_rows[SIGNING_ROWS];

/* Their group, at `where` in the command's options struct. */
#define SIGNING_GROUP(where) {"Signing, by keyhaul-token", signing_rows, SIGNING_ROWS, (where)}

/* Whether a signature is asked for; KH_E_USAGE where only a part of it is said. */
int signing_check(const struct signing_opts *o, bool needed, bool *wanted, struct kh_error *err);

/* Has 'keyhaul-token sign' sign the file into a new one. Its own error line is on stderr; the status is its own. */
int signing_run(const struct signing_opts *o, const char *path, const char *signature, struct kh_error *err);

/* The same of the end of a transcript, by way of a folder under TMPDIR, /tmp, /dev/shm or here; the signature (DER) is added to `out`. */
int signing_close(const struct signing_opts *o, const struct buf *content, struct buf *out, struct kh_error *err);

#endif
