/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_sim.h"

int main(int argc, char **argv)
{
	static const struct cmd_row *const rows[] = {&cmd_sim_row};
	static const struct cmd_program program = {
		.name = "keyhaul-sim",
		.summary = "a local KMS for rehearsals and tests",
		.rows = rows,
		.n = sizeof(rows) / sizeof(rows[0]),
	};

	return cmd_main(&program, argc, argv);
}
