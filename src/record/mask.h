/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_MASK_H
#define KEYHAUL_RECORD_MASK_H

#include "base/buf.h"

/*
 * Adds a transcript's (or a bundle's) text with names in place of what differs between a rehearsal and the day, so that
 * diff shows what else does: TIME, DIGEST, ACCOUNT, UUID (but a KMS key's own), HEX of 16 digits and more, BASE64 of 64
 * characters and more, PORT of 127.0.0.1, SERIAL, the label of a token that a message names and the values of host, check_value and of a token's label, manufacturer
 * and model; --pin-file, --signer-pin-file and --confirm with their values, which stand for what a person types, are left out. Lines stay lines.
 */
int mask_text(const char *text, size_t len, struct buf *out, struct kh_error *err);

#endif
