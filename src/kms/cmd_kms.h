/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CMD_KMS_H
#define KEYHAUL_KMS_CMD_KMS_H

#include "base/cmd.h"

/* The verbs of keyhaul-kms. */
extern const struct cmd_row cmd_create;
extern const struct cmd_row cmd_delete;
extern const struct cmd_row cmd_fetch;
extern const struct cmd_row cmd_import;
extern const struct cmd_row cmd_prove;
extern const struct cmd_row cmd_confirm;
extern const struct cmd_row cmd_replicate;
extern const struct cmd_row cmd_rotate;
extern const struct cmd_row cmd_status;
extern const struct cmd_row cmd_whoami;

#endif
