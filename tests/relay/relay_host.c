/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The program that relay.so starts: the real module is in here, and so are the PIN and all keys. relay.h says what it does. */
#include "relay_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct host {
	CK_FUNCTION_LIST *fn;
	int trace;
	pthread_mutex_t lock; /* of what follows */
	struct relay_rules rules;
	bool native; /* CKM_RSA_AES_KEY_WRAP is done here */
	unsigned busy; /* calls under way, but for those that hang */
	unsigned live; /* connections that have not ended, but for those */
	pthread_cond_t quiet;
};

/* One of the program's: a thread that makes its calls, one after the other. It lives as long as the host. */
struct connection {
	struct host *host;
	int socket;
	struct relay_message message;
	struct relay_arena arena;
};

/* Which call this is, of all and of its function, and what goes wrong with it. */
struct turn {
	const struct relay_rule *rule;
	unsigned long number, nth;
};

/* For a module that cannot have two calls at once. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

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

/* Which key was wrapped: asked beside the calls that are counted. */
static void name_of(const struct host *h, const struct relay_call *c, char *out, size_t size)
{
	char label[65] = "";
	CK_BBOOL token = CK_FALSE;
	CK_ATTRIBUTE v[] = {{CKA_TOKEN, &token, sizeof(token)}, {CKA_LABEL, label, sizeof(label) - 1}};

	out[0] = '\0';
	if (c->function == RELAY_C_Login)
		snprintf(out, size, " pin=%s", c->args[2].data != NULL ? "given" : "none");
	if (c->function != RELAY_C_WrapKey && c->function != RELAY_C_CopyObject)
		return;
	if (h->fn->C_GetAttributeValue(c->args[0].number, c->args[c->function == RELAY_C_WrapKey ? 3 : 1].number, v, 2) != CKR_OK)
		label[0] = '\0';
	else
		label[v[1].ulValueLen < sizeof(label) ? v[1].ulValueLen : 0] = '\0';
	snprintf(out, size, " token=%d object=%s", token == CK_TRUE, label);
}

static void trace(const struct host *h, const struct relay_call *c, const struct turn *turn, const char *rest)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%lu %s %lu 0x%lX%s\n", turn->number, relay_functions[c->function].name,
			 turn->nth, c->rv, rest);

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

static void take_turn(struct host *h, const struct relay_call *c, struct turn *out)
{
	bool ask = h->rules.by_subject && c->function == RELAY_C_WrapKey;
	struct relay_subject subject;

	if (ask)
		relay_subject_of(h->fn, c->args[0].number, c->args[3].number, &subject);
	pthread_mutex_lock(&h->lock);
	out->rule = relay_rules_next(&h->rules, c->function, ask ? &subject : NULL);
	out->number = h->rules.calls;
	out->nth = h->rules.of[c->function];
	h->busy++;
	pthread_mutex_unlock(&h->lock);
}

static void end_turn(struct host *h)
{
	pthread_mutex_lock(&h->lock);
	h->busy--;
	pthread_cond_signal(&h->quiet);
	pthread_mutex_unlock(&h->lock);
}

static void end_connection(struct host *h)
{
	pthread_mutex_lock(&h->lock);
	h->live--;
	pthread_cond_signal(&h->quiet);
	pthread_mutex_unlock(&h->lock);
}

/* The module that does not come back; the program that waits for it may be ended meanwhile, and then the host ends. */
static void hang(struct host *h)
{
	end_turn(h);
	end_connection(h);
	for (;;)
		pause();
}

static void make_call(const struct host *h, struct relay_call *c, const struct relay_rule *rule)
{
	bool native = h->native && relay_is_native(c);

	if (h->rules.undoes)
		relay_undo_prepare(h->fn, c);
	if (rule != NULL && (rule->action == RELAY_CODE || (rule->action == RELAY_SESSION_OBJECTS && relay_is_of_session(c))))
		c->rv = rule->code;
	else if (rule != NULL && rule->action == RELAY_UNDO)
		c->rv = relay_undo(h->fn, c);
	else if (rule != NULL && rule->action == RELAY_DROP)
		c->rv = relay_drop(h->fn, c, rule);
	else if (rule != NULL && rule->action == RELAY_SAME)
		c->rv = relay_same(h->fn, c);
	else if (rule != NULL && rule->action == RELAY_DEAF)
		c->rv = relay_deaf(h->fn, c);
	else if (rule != NULL && rule->action >= RELAY_OAEP_SHA1 && c->function == RELAY_C_WrapKey)
		c->rv = relay_lie(h->fn, c, rule->action, native);
	else if (native)
		c->rv = relay_native(h->fn, c);
	else
		c->rv = c->function == RELAY_C_Login ? relay_keypad(h->fn, c) : relay_invoke(h->fn, c);
	if (c->function == RELAY_C_Initialize && c->rv == CKR_OK)
		relay_log_in_first(h->fn);
	relay_note_session(c);
	if (rule != NULL && rule->action == RELAY_FLAGS)
		relay_flags(c, rule);
	if (rule != NULL && rule->action >= RELAY_LENGTH_ZERO && rule->action <= RELAY_LENGTH_MORE)
		relay_length(c, rule->action);
}

static void handle(struct host *h, struct relay_call *c)
{
	bool serial = relay_is_serial();
	struct turn turn;
	char rest[128];

	take_turn(h, c, &turn);
	if (turn.rule != NULL && turn.rule->action == RELAY_HANG) {
		trace(h, c, &turn, " hang");
		hang(h);
	}
	if (turn.rule != NULL && turn.rule->action == RELAY_DELAY)
		poll(NULL, 0, (int)turn.rule->milliseconds);
	if (serial)
		pthread_mutex_lock(&one_at_a_time);
	name_of(h, c, rest, sizeof(rest));
	make_call(h, c, turn.rule);
	if (serial)
		pthread_mutex_unlock(&one_at_a_time);
	trace(h, c, &turn, rest);
	end_turn(h);
}

static int answer_next(struct connection *n)
{
	ssize_t len = TEMP_FAILURE_RETRY(recv(n->socket, n->message.data, sizeof(n->message.data), 0));
	struct relay_call c;

	if (len <= 0)
		return -1;
	n->message.len = (size_t)len;
	n->arena.used = 0;
	if (relay_take_call(&n->message, &c, &n->arena) != 0)
		return complain("a call", "cannot be read");
	handle(n->host, &c);
	explicit_bzero(&n->message, sizeof(n->message));
	if (relay_put_answer(&n->message, &c) != 0)
		return complain("an answer", "is too long");
	if (send(n->socket, n->message.data, n->message.len, MSG_NOSIGNAL) < 0)
		return -1;
	explicit_bzero(n->arena.data, n->arena.used);
	return 0;
}

static void *serve(void *arg)
{
	struct connection *n = arg;
	struct host *h = n->host;

	while (answer_next(n) == 0)
		;
	close(n->socket);
	free(n);
	OPENSSL_thread_stop(); /* its errors, while there is an OpenSSL to free them */
	end_connection(h);
	return NULL;
}

/* The next connection that the program opens; -1 where it is gone. */
static int take_end(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights;
	char byte;
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof(rights)};
	const struct cmsghdr *head;
	int end;

	if (TEMP_FAILURE_RETRY(recvmsg(RELAY_SOCKET, &m, MSG_CMSG_CLOEXEC)) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&m);
	if (head == NULL || head->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&end, CMSG_DATA(head), sizeof(end));
	return end;
}

static int serve_connection(struct host *h, int end)
{
	struct connection *n = malloc(sizeof(*n));
	pthread_t thread;

	if (n == NULL)
		return complain("a connection", "no memory");
	n->host = h;
	n->socket = end;
	pthread_mutex_lock(&h->lock);
	h->live++;
	pthread_mutex_unlock(&h->lock);
	if (pthread_create(&thread, NULL, serve, n) != 0) {
		free(n);
		end_connection(h);
		return complain("a connection", "no thread");
	}
	pthread_detach(thread);
	return 0;
}

/*
 * Until the program closes its side; what is under way then is made to the end, so that the trace is whole, and threads
 * end before OpenSSL does, unless the program keeps its end of one.
 */
static int serve_all(struct host *h)
{
	struct timespec until;
	int rc = 0, late = 0, end;

	while (rc == 0 && (end = take_end()) >= 0)
		rc = serve_connection(h, end);
	pthread_mutex_lock(&h->lock);
	while (h->busy > 0)
		pthread_cond_wait(&h->quiet, &h->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2;
	while (h->live > 0 && late == 0)
		late = pthread_cond_timedwait(&h->quiet, &h->lock, &until);
	pthread_mutex_unlock(&h->lock);
	return rc;
}

int main(void)
{
	static struct host h = {
		.trace = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .quiet = PTHREAD_COND_INITIALIZER};
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
	h.native = getenv("KEYHAUL_RELAY_NATIVE") != NULL && strcmp(getenv("KEYHAUL_RELAY_NATIVE"), "yes") == 0;
	rc = serve_all(&h);
	trace_left(&h);
	_exit(rc == 0 ? 0 : 1); /* exit() would take down what the connections' threads are leaving by */
}
