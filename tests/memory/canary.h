/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_CANARY_H
#define KEYHAUL_MEMORY_CANARY_H

/*
 * What has to be found. memory_reader makes 32 random bytes for each run and hands them to the program in hex, in this
 * variable: on the stack from the exec on. planted.so decodes it when p11_kit_uri_parse or curl_global_init_mem is called first,
 * puts it, each time with another byte xor-ed over it, into the heap, an anonymous mapping and its own data, and tells the
 * reader by a prctl that no kernel knows.
 */
#define CANARY_VARIABLE "KEYHAUL_MEMORY_CANARY"
#define CANARY_LEN 32
#define CANARY_PRCTL 0x4b48

enum canary_place { CANARY_STACK, CANARY_HEAP, CANARY_MAPPING, CANARY_DATA, CANARY_PLACES };

#define CANARY_BYTE(plain, place) ((unsigned char)((plain) ^ (place)*0x55))

#endif
