/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_STATE_H
#define KEYHAUL_SIM_STATE_H

#include "keystore.h"

/* Who takes what is read: a key belongs to the taker once it gave 0. */
struct state_reader {
	int (*key)(void *ctx, struct simkey *key, struct kh_error *err);
	int (*alias)(void *ctx, const struct simalias *alias, struct kh_error *err);
};

/* A folder of --state: sim.json (locked while it is open) and one file a key, each 0600 and written whole. */
struct state;

/*
 * Opens the folder, makes it (0700) where it is missing, and hands out what is in it. `master` is read from it, or
 * written to a new one. KH_E_AGAIN while another keyhaul-sim has it, KH_E_INPUT for a file that is none of ours.
 */
int state_open(const char *dir, unsigned char master[KEYSTORE_MASTER], const struct state_reader *reader, void *ctx,
	       struct state **out, struct kh_error *err);

/* Unlocks and frees; NULL is fine. */
void state_close(struct state *s);

/* Writes sim.json. */
int state_save(struct state *s, const unsigned char master[KEYSTORE_MASTER], const struct simalias *aliases, size_t n,
	       struct kh_error *err);

/* Writes a key's file, material included: a rehearsal's keys are nobody's secrets, and 0600 all the same. */
int state_save_key(struct state *s, const struct simkey *key, struct kh_error *err);

#endif
