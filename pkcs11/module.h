/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_MODULE_H
#define KEYHAUL_PKCS11_MODULE_H

#include "base/error.h"

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

/* A PKCS#11 module in this process: loaded, initialised and, at the end, finalised if we were the first. */
struct module;

/*
 * Loads the shared object at `path` (as dlopen finds it; RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), asks it for its one
 * function list and initialises it with CKF_OS_LOCKING_OK. `init_args` is the text behind CK_C_INITIALIZE_ARGS'
 * reserved pointer (NSS softokn needs it), NULL for none. The caller closes it. KH_E_INPUT where it is no module,
 * KH_E_TOKEN where C_Initialize fails.
 */
int module_open(const char *path, const char *init_args, struct module **out, struct kh_error *err);

/* True where threads may call it at once: C_Initialize was ours, and took CKF_OS_LOCKING_OK. */
bool module_is_threaded(const struct module *m);

/* Its functions; the module owns them. */
CK_FUNCTION_LIST *module_functions(const struct module *m);

/* The path it was loaded by; the module owns it. */
const char *module_path(const struct module *m);

/* The shared object that the path led to, for a path without a slash too; the path where the loader does not say. */
const char *module_file(const struct module *m);

/* C_Finalize where C_Initialize was ours, and frees; NULL is fine. */
void module_close(struct module *m);

#endif
