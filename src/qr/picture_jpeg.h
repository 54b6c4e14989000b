/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_PICTURE_JPEG_H
#define KEYHAUL_QR_PICTURE_JPEG_H

#include "picture.h"

/* Room for a picture of this size. KH_E_INPUT over the limits, KH_E_MEMORY. */
int picture_room(unsigned width, unsigned height, struct picture *out, struct kh_error *err);

/* A JPEG file in memory (ITU-T T.81), in grey. KH_E_INPUT where it is damaged or has more scans than pictures have. */
int picture_read_jpeg(const unsigned char *data, size_t len, struct picture *out, struct kh_error *err);

#endif
