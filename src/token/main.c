/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"

int main(int argc, char **argv)
{
	static const struct cmd_row *const rows[] = {&cmd_slots, &cmd_probe, &cmd_generate, &cmd_keys, &cmd_wrap,
						      &cmd_verify, &cmd_lock, &cmd_trust, &cmd_clean, &cmd_sign, &cmd_approve};
	static const struct cmd_program program = {
		.name = "keyhaul-token",
		.summary = "makes and wraps keys in a PKCS#11 token; has no network code",
		.rows = rows,
		.n = sizeof(rows) / sizeof(rows[0]),
	};

	return cmd_main(&program, argc, argv);
}
