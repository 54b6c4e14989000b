/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_COMMANDS_H
#define KEYHAUL_TOKEN_COMMANDS_H

#include "base/cmd.h"

/* keyhaul-token's commands, a file each. */
extern const struct cmd_row cmd_slots;
extern const struct cmd_row cmd_probe;
extern const struct cmd_row cmd_generate;
extern const struct cmd_row cmd_keys;
extern const struct cmd_row cmd_wrap;
extern const struct cmd_row cmd_lock;
extern const struct cmd_row cmd_trust;
extern const struct cmd_row cmd_clean;
extern const struct cmd_row cmd_verify;
extern const struct cmd_row cmd_sign;
extern const struct cmd_row cmd_approve;

#endif
