/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_REHEARSAL_H
#define KEYHAUL_FRONT_REHEARSAL_H

#include "throwaway.h"

/* The wrapping algorithm that SoftHSM does in place of this one; NULL: this one. */
const char *rehearsal_algorithm(const char *name);

/*
 * The plan and the policy of a rehearsal: those of the day byte for byte but for the accounts, the endpoint, the tokens'
 * serials and labels, the certificates, the rule that the token is hardware, the wrapping algorithms that SoftHSM has not
 * (`*other`: there were some), and in the plan the URIs of keys, whose account is the ARNs' too. The plan's keys are made, by
 * label and key spec. `text` is the day's file; adds to `out`. KH_E_INPUT where a value cannot be replaced.
 */
int rehearsal_policy(const struct ceremony *day, const struct throwaway *t, const char *endpoint, const struct buf *text,
		     struct buf *out, struct kh_error *err);
int rehearsal_plan(const struct ceremony *day, const struct throwaway *t, const struct buf *text, struct buf *out, bool *other,
		   struct kh_error *err);

/* Copies the key policies that the plan (its path) names into a host's folder, as it names them. */
int rehearsal_key_policies(const struct ceremony *day, const char *plan, const char *host, struct kh_error *err);

/* Starts keyhaul-sim with the plan of the folder; it ends with this process. Sets AWS's variables. KH_E_USAGE: it is not there. */
int rehearsal_service(const char *folder, const char *pool, struct kh_error *err);

/*
 * Does a step in the folder of hosts, as it would be typed but for the PIN, which comes from a file, and the approver's
 * words, which are a digest. The error's code is that of the command's status.
 */
int rehearsal_step(const struct ceremony_step *s, const struct throwaway *t, const char *folder, struct kh_error *err);

#endif
