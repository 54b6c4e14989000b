/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "module.h"

#include "base/cmd.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "watch.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Its functions follow the version, all of them pointers (PKCS#11 v3.1 section 3.6). */
#define LIST_HEAD offsetof(CK_FUNCTION_LIST, C_Initialize)
#define LIST_FUNCTIONS ((sizeof(CK_FUNCTION_LIST) - LIST_HEAD) / sizeof(void *))

#define CRASHED \
	"error: the module crashed in C_Initialize\n" \
	"hint: check --module and --module-init-args: some modules do not look at what they are given\n"

struct module {
	void *handle;
	char *path;
	char *init_args; /* some modules keep the pointer */
	char *file; /* what the loader found by the path; NULL where it does not say */
	CK_FUNCTION_LIST *fn;
	bool ours; /* C_Initialize was */
	bool threaded;
};

static int not_a_module(struct kh_error *err, const char *path, const char *why)
{
	kh_fail(err, KH_E_INPUT, 0, "%s is no PKCS#11 module: %s", path, why);
	return kh_hint(err, "--module takes the shared object that the token's vendor supplies, by its full path");
}

static int load(struct module *m, struct kh_error *err)
{
	const char *why;

	if (!m->path[0]) /* dlopen would take it for this program itself */
		return not_a_module(err, "''", "the path is empty");
	m->handle = dlopen(m->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (m->handle)
		return 0;
	why = dlerror();
	return not_a_module(err, m->path, why ? why : "it cannot be loaded");
}

static int check_list(const struct module *m, struct kh_error *err)
{
	const unsigned char *at = (const unsigned char *)m->fn + LIST_HEAD;

	if (m->fn->version.major < 2 || m->fn->version.major > 3)
		return not_a_module(err, m->path, "it speaks an unknown edition of PKCS#11");
	for (size_t i = 0; i < LIST_FUNCTIONS; i++) {
		void *function;

		memcpy(&function, at + i * sizeof(function), sizeof(function));
		if (!function)
			return not_a_module(err, m->path, "its function list has holes");
	}
	return 0;
}

static int get_list(struct module *m, struct kh_error *err)
{
	CK_RV (*get_function_list)(CK_FUNCTION_LIST **) = NULL;
	void *symbol = dlsym(m->handle, "C_GetFunctionList");
	Dl_info where = {0};
	CK_RV rv;

	if (!symbol)
		return not_a_module(err, m->path, "it has no C_GetFunctionList");
	if (dladdr(symbol, &where) != 0 && where.dli_fname != NULL) {
		m->file = strdup(where.dli_fname);
		if (!m->file)
			return kh_fail_memory(err);
	}
	memcpy(&get_function_list, &symbol, sizeof(get_function_list)); /* ISO C has no such cast */
	rv = get_function_list(&m->fn);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetFunctionList", m->path);
	if (!m->fn)
		return not_a_module(err, m->path, "C_GetFunctionList gave no list");
	return check_list(m, err);
}

static int initialise(struct module *m, struct kh_error *err)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = m->init_args};
	CK_RV rv;

	cmd_catch_crash(CRASHED); /* NSS softokn does, by arguments that it does not know [seen] */
	rv = P11_CALL(m->fn, C_Initialize, &args);
	m->threaded = rv == CKR_OK;
	if (rv == CKR_CANT_LOCK) { /* then we are one thread */
		args.flags = 0;
		rv = P11_CALL(m->fn, C_Initialize, &args);
	}
	cmd_catch_crash(NULL);
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return 0;
	if (rv == CKR_OK) {
		m->ours = true;
		return 0;
	}
	ckr_fail(err, rv, "C_Initialize", m->path);
	if (rv == CKR_ARGUMENTS_BAD)
		kh_hint(err, "the module may need --module-init-args, as NSS softokn does");
	return -1;
}

int module_open(const char *path, const char *init_args, struct module **out, struct kh_error *err)
{
	struct module *m = calloc(1, sizeof(*m));

	*out = NULL;
	if (!m)
		return kh_fail_memory(err);
	watch_start();
	watch_place(path);
	m->path = strdup(path);
	m->init_args = init_args ? strdup(init_args) : NULL;
	if (!m->path || (init_args && !m->init_args)) {
		kh_fail_memory(err);
		goto fail;
	}
	if (load(m, err) || get_list(m, err) || initialise(m, err))
		goto fail;
	log_debug("module %s: PKCS#11 %u.%u", m->path, m->fn->version.major, m->fn->version.minor);
	*out = m;
	return 0;
fail:
	module_close(m);
	return -1;
}

bool module_is_threaded(const struct module *m)
{
	return m->threaded;
}

CK_FUNCTION_LIST *module_functions(const struct module *m)
{
	return m->fn;
}

const char *module_path(const struct module *m)
{
	return m->path;
}

const char *module_file(const struct module *m)
{
	return m->file ? m->file : m->path;
}

void module_close(struct module *m)
{
	if (!m)
		return;
	if (m->ours) {
		CK_RV rv = P11_CALL(m->fn, C_Finalize, NULL);

		if (rv != CKR_OK)
			log_warning("C_Finalize on %s: %s (0x%lX)", m->path, ckr_name(rv), rv);
	}
	if (m->handle)
		(void)dlclose(m->handle);
	watch_stop();
	free(m->init_args);
	free(m->file);
	free(m->path);
	free(m);
}
