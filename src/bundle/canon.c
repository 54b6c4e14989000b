/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "canon.h"

#include "base/base64.h"
#include "base/file.h"
#include "jsontext.h"

#include <stdlib.h>
#include <string.h>

#define CANON_MAX (1024 * 1024)

int canon_text(const json_t *value, struct buf *out, struct kh_error *err)
{
	char *text = jsontext_write(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	int rc = text ? buf_add(out, text, strlen(text), err) : kh_fail_memory(err);

	free(text);
	return rc;
}

int canon_sha256(const json_t *value, char out[CANON_HEX], struct kh_error *err)
{
	struct buf text = BUF_INIT(CANON_MAX);
	unsigned char digest[FILE_DIGEST];
	int rc = -1;

	if (canon_text(value, &text, err) || file_sha256(buf_text(&text), text.len, digest, err))
		goto out;
	hex_encode(digest, sizeof(digest), out);
	rc = 0;
out:
	buf_free(&text);
	return rc;
}
