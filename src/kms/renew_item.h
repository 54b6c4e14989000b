/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_RENEW_ITEM_H
#define KEYHAUL_KMS_RENEW_ITEM_H

#include "fetch_item.h"

/*
 * The bundle of one material in the folder of a renewal. NAME.REGION.bundle is that of its last import, until a request
 * for the next takes its place; the one of before is then NAME.REGION.bundle.renewed-N.
 */
struct renew_item {
	struct bundle *now;  /* what is there; NULL: nothing */
	struct bundle *last; /* the bundle of the last import that is known: `now`, or one that it took the place of */
};

/* Reads it; the caller clears `out`, also after an error. KH_E_INPUT where something else is there. */
int renew_item_read(const char *path, struct renew_item *out, struct kh_error *err);
void renew_item_clear(struct renew_item *i);

/* True where a request is there that is not imported yet, and good at `now` (KMS's clock). */
bool renew_item_is_open(const struct renew_item *i, int64_t now);

/*
 * Fetches the request over f->kms and f->endpoint, and puts it in the place of what is there, which stays beside it:
 * PATH.renewed-N where it was imported, PATH.expired-N where its time ran out. At any instant one of the two is there.
 */
int renew_item_get(struct fetch_item *i, struct fetch *f, struct kh_error *err);

#endif
