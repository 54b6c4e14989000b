/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_SIGNEDFILES_H
#define KEYHAUL_FRONT_SIGNEDFILES_H

#include "bundle/bundle.h"
#include "folder.h"

#define SIGNEDFILES_MAX (2 * BUNDLE_APPROVALS_MAX + 2)

/* What people signed in a bundle, as files that `openssl cms -verify` takes: approval-1.json and .p7s, ..., material.json and .p7s. */
struct signedfiles {
	struct buf texts[BUNDLE_APPROVALS_MAX + 1];
	char names[SIGNEDFILES_MAX][48];
	size_t n; /* texts */
};

/*
 * Adds them to `files`, which has room for SIGNEDFILES_MAX behind `*n`; what they point to is the bundle's and `s`'s, which
 * begins as zeros and is freed by signedfiles_free, also after a failure.
 */
int signedfiles_add(const struct bundle *b, struct signedfiles *s, struct folder_file *files, size_t *n, struct kh_error *err);
void signedfiles_free(struct signedfiles *s);

#endif
