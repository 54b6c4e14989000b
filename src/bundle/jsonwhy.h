/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_JSONWHY_H
#define KEYHAUL_BUNDLE_JSONWHY_H

#include <jansson.h>

/*
 * What jansson says of a text that is no JSON, without the piece of the text that it quotes: the file may be a PIN
 * file, named by mistake. Cut in place; `why` owns it.
 */
const char *jsonwhy(json_error_t *why);

#endif
