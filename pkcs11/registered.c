/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "registered.h"

#include "call.h"
#include "ckr.h"
#include "watch.h"

#include <p11-kit/p11-kit.h>
#include <stdlib.h>

static int visit(CK_FUNCTION_LIST *fn, registered_each_fn *each, void *arg, struct kh_error *err)
{
	char *name = p11_kit_module_get_filename(fn);
	const char *shown = name ? name : "?";
	struct kh_error why = {0};
	CK_RV rv;
	int rc;

	watch_place(shown);
	call_begin("C_Initialize");
	rv = call_end("C_Initialize", CALL_NO_MECHANISM, p11_kit_module_initialize(fn));
	if (rv != CKR_OK)
		ckr_fail(&why, rv, "C_Initialize", shown);
	rc = each(rv == CKR_OK ? fn : NULL, shown, &why, arg, err);
	if (rv == CKR_OK) {
		call_begin("C_Finalize");
		(void)call_end("C_Finalize", CALL_NO_MECHANISM, p11_kit_module_finalize(fn));
	}
	free(name);
	return rc;
}

int registered_each(registered_each_fn *each, void *arg, struct kh_error *err)
{
	CK_FUNCTION_LIST **modules;
	int rc = 0;

	p11_kit_be_loud(); /* its line on stderr is the one word about a module that cannot be loaded: it lists the others only */
	modules = p11_kit_modules_load(NULL, 0);
	p11_kit_be_quiet();
	if (!modules) {
		const char *why = p11_kit_message();

		return kh_fail(err, KH_E_INPUT, 0, "p11-kit's configuration: %s", why ? why : "it cannot be read");
	}
	watch_start();
	for (size_t i = 0; rc == 0 && modules[i]; i++)
		rc = visit(modules[i], each, arg, err);
	watch_stop();
	p11_kit_modules_release(modules);
	return rc;
}
