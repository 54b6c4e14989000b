/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* LD_PRELOADed into the program whose memory is read: canary.h says what it does. */
#include "canary.h"

#include <dlfcn.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static volatile unsigned char in_data[CANARY_LEN]; /* nobody reads it here */
static unsigned char *in_heap, *in_mapping;

/* libcurl's, of keyhaul-kms; as curl.h has it, but for the allocators' types, which nobody looks at here. */
typedef void next_function(void);
int curl_global_init_mem(long flags, next_function *m, next_function *f, next_function *r, next_function *s, next_function *c);

static void plant(void)
{
	const char *hex = getenv(CANARY_VARIABLE);
	unsigned byte = 0;

	in_heap = malloc(CANARY_LEN);
	in_mapping = mmap(NULL, CANARY_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hex == NULL || strlen(hex) != 2 * (size_t)CANARY_LEN || in_heap == NULL || in_mapping == MAP_FAILED)
		return;
	for (size_t i = 0; i < CANARY_LEN; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return;
		in_heap[i] = CANARY_BYTE(byte, CANARY_HEAP);
		in_mapping[i] = CANARY_BYTE(byte, CANARY_MAPPING);
		in_data[i] = CANARY_BYTE(byte, CANARY_DATA);
	}
	(void)prctl(CANARY_PRCTL, 0UL, 0UL, 0UL, 0UL);
	mprotect(in_mapping, CANARY_LEN, PROT_NONE); /* the reader reads what the program itself cannot */
}

int curl_global_init_mem(long flags, next_function *m, next_function *f, next_function *r, next_function *s, next_function *c)
{
	int (*next)(long, next_function *, next_function *, next_function *, next_function *, next_function *) = NULL;
	void *symbol = dlsym(RTLD_NEXT, "curl_global_init_mem");

	if (in_heap == NULL)
		plant();
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no such cast */
	return symbol != NULL ? next(flags, m, f, r, s, c) : 2;
}

int p11_kit_uri_parse(const char *string, P11KitUriType type, P11KitUri *uri)
{
	int (*next)(const char *, P11KitUriType, P11KitUri *) = NULL;
	void *symbol = dlsym(RTLD_NEXT, "p11_kit_uri_parse");

	if (in_heap == NULL)
		plant();
	else if (getenv("KEYHAUL_MEMORY_WIPES") != NULL) /* what the reader must miss */
		explicit_bzero(in_heap, CANARY_LEN);
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no such cast */
	return symbol != NULL ? next(string, type, uri) : P11_KIT_URI_UNEXPECTED;
}
