/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token_opts.h"

const struct opt_row token_opt_rows[] = {
	{.name = "module", .kind = OPT_INPUT, .offset = offsetof(struct token_opts, module), .arg = "FILE",
	 .text = "the token vendor's PKCS#11 module", .env = "KEYHAUL_MODULE"},
	{.name = "module-init-args", .kind = OPT_TEXT, .offset = offsetof(struct token_opts, module_init_args),
	 .arg = "TEXT", .text = "what the module's C_Initialize is given (NSS softokn needs it)"},
	{.name = "pin-file", .kind = OPT_INPUT, .offset = offsetof(struct token_opts, pin_file), .arg = "FILE",
	 .text = "a file whose first line is the PIN"},
	{.name = "pin-fd", .kind = OPT_NUMBER, .offset = offsetof(struct token_opts, pin_fd), .arg = "N",
	 .text = "an open file descriptor whose first line is the PIN", .min = 0, .max = 1023, .preset = -1},
	{.name = "no-login", .kind = OPT_FLAG, .offset = offsetof(struct token_opts, no_login),
	 .text = "do not log in to the token"},
	{.name = "token-objects", .kind = OPT_FLAG, .offset = offsetof(struct token_opts, token_objects),
	 .text = "make temporary objects on the token, for devices without session objects"},
};
_Static_assert(sizeof(token_opt_rows) / sizeof(token_opt_rows[0]) == TOKEN_OPT_ROWS, "the header's count");
