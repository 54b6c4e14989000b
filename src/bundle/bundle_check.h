/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_BUNDLE_CHECK_H
#define KEYHAUL_BUNDLE_BUNDLE_CHECK_H

#include "bundle.h"

/* What must hold between fields and between sections once each field is of its own form. For bundle.c alone. */

/* Key, algorithm, wrapping key and intent of a request fit each other; fills in the facts. KH_E_INPUT, KH_E_CHECK. */
int bundle_check_request(const struct bundle_request *r, struct bundle_facts *facts, struct kh_error *err);

/* The material is this request's, and of the kind and length that it asks for. KH_E_INPUT, KH_E_CHECK. */
int bundle_check_material(const struct bundle_material *m, const struct bundle_facts *facts, const char *request_sha256,
			  struct kh_error *err);

/* The approval is of this request, as it says; who signed it is a policy's matter. KH_E_CHECK. */
int bundle_check_approval(const struct bundle_approval *a, const char *request_sha256, struct kh_error *err);

/* A time that was told, where one was, lies from fetched_at to before `end`, such as parameters_valid_to. KH_E_INPUT. */
int bundle_check_told(const struct bundle_told *told, int64_t fetched_at, int64_t end, const char *section, struct kh_error *err);

/* The receipt is this material's and says what an import of it can say. KH_E_INPUT, KH_E_CHECK. */
int bundle_check_receipt(const struct bundle_receipt *r, const struct bundle_facts *facts, const char *material_sha256,
			 struct kh_error *err);

/* The proof is of this material, and has what its method needs. KH_E_INPUT, KH_E_CHECK. */
int bundle_check_proof(const struct bundle_proof *p, const char *material_sha256, struct kh_error *err);

#endif
