/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_ROWS_H
#define KEYHAUL_FRONT_ROWS_H

#include "base/cmd.h"

/* keyhaul's own verbs, a file each (cmd_VERB.c). */
extern const struct cmd_row inspect_row;
extern const struct cmd_row export_row;
extern const struct cmd_row adopt_row;
extern const struct cmd_row run_row;
extern const struct cmd_row renew_row;
extern const struct cmd_row compare_row;
extern const struct cmd_row transcript_row;
extern const struct cmd_row record_row;
extern const struct cmd_row merge_row;
extern const struct cmd_row policy_row;
extern const struct cmd_row sheet_row;
extern const struct cmd_row rehearse_row;

#endif
