/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_LIMITS_H
#define KEYHAUL_AWS_LIMITS_H

/* KMS's limits, from the API model; sizes in bytes, times in seconds. */
#define KMS_IMPORT_TOKEN_MAX 6144
#define KMS_ENCRYPTED_KEY_MATERIAL_MAX 6144
#define KMS_PUBLIC_KEY_MAX 4096
#define KMS_DESCRIPTION_MAX 8192
#define KMS_KEY_MATERIAL_DESCRIPTION_MAX 256
#define KMS_KEY_MATERIAL_ID_LEN 64
#define KMS_POLICY_MAX 131072
#define KMS_TAGS_MAX 50
#define KMS_PARAMETERS_LIFETIME (24 * 3600)
#define KMS_VALID_TO_MAX (365 * 24 * 3600)
#define KMS_ON_DEMAND_ROTATIONS_MAX 25 /* in a key's life */
#define KMS_REPLY_MAX (1024 * 1024) /* ours: no reply of KMS is larger */

#endif
