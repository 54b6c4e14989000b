/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "kms/sts_xml.h"

#include <ctype.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* STS's answers as far as they are read: what is found has no space around, is within its maximum, and was in the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_field fields[] = {
		{"AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId", 128, NULL},
		{"AssumeRoleResponse/AssumeRoleResult/Credentials/SessionToken", 1024, NULL},
		{"AssumeRoleResponse/AssumeRoleResult/Credentials/Expiration", 64, NULL},
		{"ErrorResponse/Error/Code", 100, NULL},
		{"ErrorResponse/Error/Message", 16, NULL},
	};
	struct kh_error err = {0};
	struct secret *text = secret_copy(data, size < SECRET_MAX ? size : SECRET_MAX, &err);

	if (!text)
		return 0;
	if (sts_xml_read(text, fields, N(fields), &err))
		fuzz_must(err.msg[0] && (err.code == KH_E_KMS || err.code == KH_E_MEMORY));
	for (size_t i = 0; i < N(fields); i++) {
		size_t len = fields[i].value ? secret_len(fields[i].value) : 0;
		const char *value = sts_field_text(&fields[i]);

		fuzz_must(len <= fields[i].max && len <= size && strlen(value) == len);
		fuzz_must(!len || (!isspace((unsigned char)value[0]) && !isspace((unsigned char)value[len - 1])));
	}
	sts_fields_clear(fields, N(fields));
	secret_free(text);
	return 0;
}
