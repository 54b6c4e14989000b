/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_PASS_H
#define KEYHAUL_FRONT_PASS_H

#include "base/opt.h"
#include "step.h"

/* Options of the other programs that our verbs pass on. They are kept as the text they came as: who takes it checks it. */

struct pass_token {
	const char *module, *module_init_args, *pin_file, *pin_fd, *rsa_aes, *kwp_mechanism;
	const char *signer, *cert, *signer_pin_file; /* of the material */
	bool no_login, token_objects, allow_non_sensitive;
};

struct pass_kms {
	const char *profile, *region, *endpoint_url, *ca_bundle, *connect_timeout, *read_timeout, *max_attempts, *rate;
	bool no_verify_ssl;
};

struct pass_import {
	const char *wait_timeout;
	bool yes;
};

extern const struct opt_row pass_token_rows[12];
extern const struct opt_row pass_kms_rows[9];
extern const struct opt_row pass_import_rows[2];

/* KH_E_USAGE for a URI with a pin-value in it: in another program's arguments others could read it. NULL is fine. */
int pass_check_uri(const char *name, const char *uri, struct kh_error *err);

/* Passes on what was given of a group, word for word. `opts` is the command's struct. KH_E_USAGE for too many words. */
int pass_on(struct step *s, const struct opt_group *group, const void *opts, struct kh_error *err);

#endif
