/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_COMMANDS_H
#define KEYHAUL_QR_COMMANDS_H

#include "base/cmd.h"

extern const struct cmd_row cmd_qr;
extern const struct cmd_row cmd_scan;

#endif
