/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CMD_SIGNAL_H
#define KEYHAUL_BASE_CMD_SIGNAL_H

/*
 * Catches SIGINT, SIGTERM, SIGQUIT and SIGHUP (unless nohup ignored it) for cmd_interrupted, and ignores SIGPIPE and SIGXFSZ.
 * For cmd_main.
 */
void signal_catch(void);

#endif
