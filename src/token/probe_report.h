/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_PROBE_REPORT_H
#define KEYHAUL_TOKEN_PROBE_REPORT_H

#include "base/cmd.h"
#include "bundle/tokenprofile.h"
#include "pkcs11/probe.h"
#include "session.h"

/* A profile under construction: the texts that it points into. */
struct probe_profile {
	struct tokenprofile profile;
	struct buf file, description, manufacturer, label, maker, model, serial;
	char sha256[BUNDLE_DIGEST_HEX], version[16];
};

/*
 * Makes a profile of what was found, of the module's file and of who the token says it is; it points into `p` and the
 * session. The caller clears it, also after a failure. A module file that cannot be read is a warning. KH_E_MEMORY.
 */
int probe_profile_fill(const struct probe *p, const struct session *s, int64_t now, struct probe_profile *out,
		       struct kh_error *err);
void probe_profile_clear(struct probe_profile *out);

/* The table for people: who the token is, what it does, in which way, what it says of keys, what is left on it. */
int probe_show(struct cmd *c, const struct token *t, const struct probe *p, const struct tokenprofile *profile,
	       struct kh_error *err);

/* The part of it with a paragraph for each way of wrapping. */
int probe_show_ways(struct cmd *c, const struct probe *p, struct kh_error *err);

#endif
