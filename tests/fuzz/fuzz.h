/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_FUZZ_FUZZ_H
#define KEYHAUL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* A fuzz target: one input, which it does not keep. Gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that must hold for whatever was accepted. */
#define fuzz_must(condition) ((condition) ? (void)0 : abort())

#endif
