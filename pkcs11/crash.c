/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "crash.h"

#include "base/error.h"
#include "base/log.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {SIGSEGV, SIGBUS};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[SIGNALS];

/* With what a signal handler may do, and nothing of the module's is called again. */
static void on_crash(int sig)
{
	static const char line[] = "error: the module crashed in C_Initialize\n"
				   "hint: check --module and --module-init-args: some modules do not look at what they are given\n";

	(void)sig;
	log_abandon();
	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(kh_status(KH_E_SYSTEM));
	_exit(kh_status(KH_E_TOKEN));
}

void crash_catch(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_crash;
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &act, &before[i]);
}

void crash_release(void)
{
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &before[i], NULL);
}
