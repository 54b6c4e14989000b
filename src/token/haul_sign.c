/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_sign.h"

#include "policy/approvers.h"
#include "sign/cms.h"
#include "signer.h"

#include <string.h>

int haul_sign_check(const struct haul_opts *o, int64_t now, struct kh_error *err)
{
	const struct policy *p = o->policy;
	const struct policy_person *who = NULL;
	X509 *cert = NULL;
	int ret;

	if ((o->signer == NULL) != (o->cert == NULL))
		return kh_fail(err, KH_E_USAGE, 0, "--signer and --cert go together");
	if (o->signer == NULL && o->signer_pin_file != NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--signer-pin-file goes with --signer");
	if (p == NULL || p->material_signers.n == 0)
		return 0;
	if (o->signer == NULL) {
		kh_fail(err, KH_E_CHECK, 0, "%s wants the material signed, and nobody would sign it", p->path);
		return kh_hint(err, "--signer and --cert name a key that the policy's material_signers lists");
	}
	if (cert_load(o->cert, &cert, err) != 0)
		return -1;
	ret = approvers_person(p, &p->material_signers, cert, now, &who, err);
	X509_free(cert);
	return ret != 0 ? kh_context(err, "%s", o->cert) : 0;
}

int haul_sign_open(const struct haul_opts *o, int64_t now, struct kh_error *err)
{
	struct haul_signing *s = o->signing;

	if (o->signer == NULL || s->signer != NULL)
		return 0;
	memset(&s->opts, 0, sizeof(s->opts));
	s->opts.pin_fd = -1;
	s->opts.pin_file = o->signer_pin_file;
	/* the module of the keys, where the signer's URI names none of its own */
	if (strstr(o->signer, "module-path=") == NULL) {
		s->opts.module = o->token_opts.module;
		s->opts.module_init_args = o->token_opts.module_init_args;
	}
	return signer_open(o->signer, o->cert, &s->opts, now, &s->signer, err) == 0 ? 0 : kh_context(err, "--signer");
}

int haul_sign_material(const struct haul_opts *o, struct bundle *b, int64_t now, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	struct bundle_blob blob;
	int ret = -1;

	if (o->signer == NULL)
		return 0;
	if (bundle_canonical(b, "material", &text, err) != 0 ||
	    signer_sign(o->signing->signer, now, buf_text(&text), text.len, &signature, err) != 0)
		goto out;
	blob = (struct bundle_blob){(const unsigned char *)signature.data, signature.len};
	ret = bundle_set_material_signature(b, blob, err);
out:
	buf_free(&text);
	buf_free(&signature);
	return ret != 0 ? kh_context(err, "the material's signature") : 0;
}

const char *haul_sign_name(const struct haul_opts *o, char out[CERT_NAME_MAX])
{
	return o->signer != NULL && o->signing->signer != NULL ? cert_subject(signer_cert(o->signing->signer), out) : NULL;
}

void haul_sign_close(const struct haul_opts *o)
{
	signer_close(o->signing->signer);
	o->signing->signer = NULL;
}
