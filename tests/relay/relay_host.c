/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The program that relay.so starts: the real module is in here, and so are the PIN and all keys. relay.h says what it does. */
#include "relay_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct host {
	CK_FUNCTION_LIST *fn;
	struct relay_rules rules;
	int trace;
	struct relay_message message;
	struct relay_arena arena;
};

static int complain(const char *what, const char *which)
{
	fprintf(stderr, "relay_host: %s: %s\n", what, which);
	return -1;
}

static CK_FUNCTION_LIST *load(const char *path)
{
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
	CK_FUNCTION_LIST *fn = NULL;
	void *module, *symbol;

	module = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
	symbol = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;
	if (symbol == NULL) {
		complain("KEYHAUL_RELAY_MODULE is no module", path != NULL ? path : "it is not set");
		return NULL;
	}
	memcpy(&get, &symbol, sizeof(get)); /* ISO C has no such cast */
	return get(&fn) == CKR_OK ? fn : NULL;
}

/* The module that does not come back; the program that waits for it may be ended meanwhile. */
static void hang(void)
{
	struct pollfd end = {.fd = RELAY_SOCKET, .events = 0};

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Which key was wrapped: asked beside the calls that are counted. */
static void name_of(const struct host *h, const struct relay_call *c, char *out, size_t size)
{
	char label[65] = "";
	CK_BBOOL token = CK_FALSE;
	CK_ATTRIBUTE v[] = {{CKA_TOKEN, &token, sizeof(token)}, {CKA_LABEL, label, sizeof(label) - 1}};

	out[0] = '\0';
	if (c->function == RELAY_C_Login)
		snprintf(out, size, " pin=%s", c->args[2].data != NULL ? "given" : "none");
	if (c->function != RELAY_C_WrapKey)
		return;
	if (h->fn->C_GetAttributeValue(c->args[0].number, c->args[3].number, v, 2) != CKR_OK)
		label[0] = '\0';
	else
		label[v[1].ulValueLen < sizeof(label) ? v[1].ulValueLen : 0] = '\0';
	snprintf(out, size, " token=%d object=%s", token == CK_TRUE, label);
}

static void trace(const struct host *h, const struct relay_call *c, const char *rest)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%lu %s %lu 0x%lX%s\n", h->rules.calls, relay_functions[c->function].name,
			 h->rules.of[c->function], c->rv, rest);

	if (h->trace >= 0 && write(h->trace, line, (size_t)n) != n)
		complain("the trace", strerror(errno));
}

static void trace_left(const struct host *h)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "left %lu\n", relay_left());

	if (h->trace >= 0 && write(h->trace, line, (size_t)n) != n)
		complain("the trace", strerror(errno));
}

static void handle(struct host *h, struct relay_call *c)
{
	const struct relay_rule *rule = relay_rules_next(&h->rules, c->function);
	char rest[128];

	name_of(h, c, rest, sizeof(rest));
	if (rule != NULL && rule->action == RELAY_HANG) {
		trace(h, c, " hang");
		hang();
	}
	if (rule != NULL && (rule->action == RELAY_CODE || (rule->action == RELAY_SESSION_OBJECTS && relay_is_of_session(c))))
		c->rv = rule->code;
	else if (rule != NULL && rule->action >= RELAY_OAEP_SHA1 && c->function == RELAY_C_WrapKey)
		c->rv = relay_lie(h->fn, c, rule->action);
	else
		c->rv = c->function == RELAY_C_Login ? relay_keypad(h->fn, c) : relay_invoke(h->fn, c);
	if (c->function == RELAY_C_Initialize && c->rv == CKR_OK)
		relay_log_in_first(h->fn);
	if (rule != NULL && rule->action == RELAY_FLAGS)
		relay_flags(c, rule);
	if (rule != NULL && rule->action >= RELAY_LENGTH_ZERO && rule->action <= RELAY_LENGTH_MORE)
		relay_length(c, rule->action);
	trace(h, c, rest);
}

static int serve(struct host *h)
{
	struct relay_call c;
	ssize_t n;

	while ((n = recv(RELAY_SOCKET, h->message.data, sizeof(h->message.data), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return complain("the socket", strerror(errno));
		h->message.len = (size_t)n;
		h->arena.used = 0;
		if (relay_take_call(&h->message, &c, &h->arena) != 0)
			return complain("a call", "cannot be read");
		handle(h, &c);
		explicit_bzero(&h->message, sizeof(h->message));
		if (relay_put_answer(&h->message, &c) != 0)
			return complain("an answer", "is too long");
		if (send(RELAY_SOCKET, h->message.data, h->message.len, MSG_NOSIGNAL) < 0)
			break;
		explicit_bzero(h->arena.data, h->arena.used);
	}
	return 0;
}

int main(void)
{
	static struct host h = {.trace = -1};
	const char *path = getenv("KEYHAUL_RELAY_TRACE"), *bad = "";
	int rc;

	close_range(RELAY_SOCKET + 1, ~0U, 0); /* what the program that hosts the relay has open is its own */
	signal(SIGINT, SIG_IGN);	       /* a person interrupts that program, not the token */
	h.fn = load(getenv("KEYHAUL_RELAY_MODULE"));
	if (h.fn == NULL)
		return 1;
	if (relay_rules_parse(getenv("KEYHAUL_RELAY_RULES"), &h.rules, &bad) != 0) {
		complain("no rule", bad);
		return 1;
	}
	if (path != NULL)
		h.trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	rc = serve(&h);
	trace_left(&h);
	return rc == 0 ? 0 : 1;
}
