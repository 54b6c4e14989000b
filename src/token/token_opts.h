/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_TOKEN_OPTS_H
#define KEYHAUL_TOKEN_TOKEN_OPTS_H

#include "base/opt.h"

/* The options that every command with a token has; its --token and --key are the command's own. */
struct token_opts {
	const char *module;	      /* --module, KEYHAUL_MODULE */
	const char *module_init_args; /* --module-init-args */
	const char *pin_file;
	long pin_fd;		      /* -1: not given */
	bool no_login;
	bool token_objects;
};

#define TOKEN_OPT_ROWS 6
#define TOKEN_OPT_MODULE_ROWS 2 /* the first ones: the module alone */
extern const struct opt_row token_opt_rows[TOKEN_OPT_ROWS];

/* Their group, at `where` in the command's options struct. */
#define TOKEN_OPT_GROUP(where) {"Token", token_opt_rows, TOKEN_OPT_ROWS, (where)}

#endif
