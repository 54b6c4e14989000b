/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_CMD_SIM_H
#define KEYHAUL_SIM_CMD_SIM_H

#include "base/cmd.h"

/* The program's one command. */
extern const struct cmd_row cmd_sim_row;

#endif
