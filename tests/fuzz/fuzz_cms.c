/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "sign/cms.h"

#include <string.h>

/* A certificate's file as it is, and a signature of "content\n". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cms_signer signer = {NULL, 0};
	struct kh_error err = {0};
	X509 *cert = NULL;
	char name[CERT_NAME_MAX];

	if (size <= CERT_FILE_MAX && cert_parse("cert", data, size, &cert, &err) == 0)
		fuzz_must(strlen(cert_subject(cert, name)) < CERT_NAME_MAX && (cert_check_key(cert, &err) || cert_digest(cert)));
	X509_free(cert);
	if (cms_verify(data, size, "content\n", 8, &signer, &err)) {
		fuzz_must(err.msg[0] && !signer.cert);
		return 0;
	}
	fuzz_must(size <= CMS_SIGNATURE_MAX && cert_check_key(signer.cert, &err) == 0 && cert_digest(signer.cert));
	X509_free(signer.cert);
	return 0;
}
