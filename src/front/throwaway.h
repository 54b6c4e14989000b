/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_THROWAWAY_H
#define KEYHAUL_FRONT_THROWAWAY_H

#include "ceremony.h"
#include "issue.h"

#define THROWAWAY_PATH 4096
#define THROWAWAY_LABEL "keyhaul-rehearsal" /* what a rehearsal's token is called, or begins with */

/* One that stands for a token of the day. */
struct throwaway_token {
	char label[40];
	char serial[POLICY_SERIAL_MAX];
};

/* SoftHSM tokens in a folder, for a rehearsal: the ceremony's and one of each approver; and their certificates. */
struct throwaway {
	const char *folder;
	char tool[THROWAWAY_PATH]; /* softhsm2-util */
	char pin_file[THROWAWAY_PATH];
	char pin[16]; /* of all of them: it opens nothing that matters */
	struct throwaway_token *tokens; /* as ceremony.tokens */
	size_t n_tokens;
	struct issued authority;
	struct issued *people; /* as ceremony.people */
	size_t n_people;
};

/*
 * Makes the tokens, keys and certificates in the folder (an absolute path, which is there and outlives it), and sets
 * SOFTHSM2_CONF and KEYHAUL_MODULE. A token of the ceremony has the policy's label where that is a rehearsal's. KH_E_USAGE
 * where softhsm2-util or SoftHSM's module is not there (KEYHAUL_SOFTHSM_MODULE names one), KH_E_SYSTEM. The caller clears it.
 */
int throwaway_make(const struct ceremony *c, const char *folder, struct throwaway *out, struct kh_error *err);

/* Removes the folder with all that is in it; nothing where it is not there. KH_E_SYSTEM names what is left. */
int throwaway_remove(const char *folder, struct kh_error *err);
void throwaway_clear(struct throwaway *t);

/* Writes the certificates into a host's folder, by the names that the steps and the policy have for them. */
int throwaway_certificates(const struct ceremony *c, const struct throwaway *t, const char *host, struct kh_error *err);

/* Writes a new file NAME, which may be in a folder below, into the host's folder. */
int throwaway_write(const char *host, const char *name, const struct buf *text, struct kh_error *err);

/* The name in a person's certificate: his certificate's file name without its end. */
void throwaway_name(const struct ceremony_person *p, char out[POLICY_NAME_MAX + 8]);

#endif
