/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_REGISTERED_H
#define KEYHAUL_PKCS11_REGISTERED_H

#include "base/error.h"

#include <p11-kit/pkcs11.h>

/* One module of p11-kit's configuration: `fn` is initialised, or NULL where it cannot be, and `why` says so. */
typedef int registered_each_fn(CK_FUNCTION_LIST *fn, const char *name, const struct kh_error *why, void *arg,
			       struct kh_error *err);

/*
 * Calls `each` for every module that p11-kit has registered on this host, and finalises it behind the call. For
 * `slots` alone: a key is never hauled through a module that nobody named. Stops with -1. KH_E_INPUT.
 */
int registered_each(registered_each_fn *each, void *arg, struct kh_error *err);

#endif
