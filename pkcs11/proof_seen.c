/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_seen.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

/* The slot that has the value, or the free one where it belongs. A digest is spread well as it is. */
static uint64_t *slot_of(uint64_t *slots, size_t size, uint64_t value)
{
	size_t i = (size_t)value & (size - 1);

	while (slots[i] != 0 && slots[i] != value)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static int grow(struct proof_seen *s, struct kh_error *err)
{
	size_t size = s->size > 0 ? 2 * s->size : SIZE_FIRST;
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return kh_fail_memory(err);
	for (size_t i = 0; i < s->size; i++)
		if (s->slots[i] != 0)
			*slot_of(slots, size, s->slots[i]) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->size = size;
	return 0;
}

int proof_seen_add(struct proof_seen *s, const unsigned char sha256[32], bool *again, struct kh_error *err)
{
	uint64_t value, *slot;

	*again = false;
	memcpy(&value, sha256, sizeof(value));
	if (value == 0)
		return 0;
	if (s->n >= s->size / 4 * 3 && grow(s, err) != 0)
		return -1;
	slot = slot_of(s->slots, s->size, value);
	*again = *slot == value;
	s->n += !*again;
	*slot = value;
	return 0;
}

void proof_seen_free(struct proof_seen *s)
{
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
