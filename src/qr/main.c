/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"

static const struct cmd_row *const rows[] = {&cmd_qr, &cmd_scan};

static const struct cmd_program program = {
	.name = "keyhaul-qr",
	.summary = "carries bundles over the air gap as QR codes; knows no token, no PIN and no network",
	.rows = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
};

int main(int argc, char **argv)
{
	return cmd_main(&program, argc, argv);
}
