/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_sim.h"

#include "aws/awstime.h"
#include "aws/partition.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "bundle/result.h"
#include "daemon.h"
#include "server.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCESS_KEY "AKIDKEYHAULSIM000000"
#define SECRET_BYTES 30 /* 40 characters of base64, as AWS's are */
#define SECRET_KEY_MAX 128

struct sim_opts {
	const char *listen, *state, *seed_plan, *key_pool, *make_key_pool, *clock, *cert, *key, *access_key, *secret_key_file, *region;
	bool allow_remote, daemon, strict_der, opaque_import;
	long die_with, visible_after, pool_size, lag, latency, quotas, rotation_delay, replica_delay;
	struct opt_list faults;
};

#define AT(field) offsetof(struct sim_opts, field)

static const struct opt_row server_rows[] = {
	{.name = "listen", .kind = OPT_TEXT, .offset = AT(listen), .arg = "ADDR:PORT",
	 .text = "where to listen; 127.0.0.1:0 (a free port) by default"},
	{.name = "allow-remote", .kind = OPT_FLAG, .offset = AT(allow_remote),
	 .text = "take an address of --listen that other hosts can reach"},
	{.name = "cert", .kind = OPT_INPUT, .offset = AT(cert), .arg = "FILE", .text = "certificate (PEM): serve https"},
	{.name = "key", .kind = OPT_INPUT, .offset = AT(key), .arg = "FILE", .text = "its private key (PEM)"},
	{.name = "daemon", .kind = OPT_FLAG, .offset = AT(daemon),
	 .text = "go to the background once it listens: eval \"$(keyhaul-sim --daemon)\""},
	{.name = "die-with", .kind = OPT_NUMBER, .offset = AT(die_with), .arg = "PID", .min = 1, .max = 4194304,
	 .text = "end when that process ends"},
	{.name = "access-key", .kind = OPT_TEXT, .offset = AT(access_key), .arg = "ID",
	 .text = "access key id to let in; " ACCESS_KEY " by default"},
	{.name = "secret-key-file", .kind = OPT_INPUT, .offset = AT(secret_key_file), .arg = "FILE",
	 .text = "its secret access key, the first line; random by default"},
	{.name = "region", .kind = OPT_TEXT, .offset = AT(region), .arg = "REGION",
	 .text = "Region to print; us-east-1 by default. Every Region is served"},
};

static const struct opt_row service_rows[] = {
	{.name = "state", .kind = OPT_OUTPUT, .offset = AT(state), .arg = "DIR",
	 .text = "keep the keys, material included, in this folder; in memory by default"},
	{.name = "seed-plan", .kind = OPT_INPUT, .offset = AT(seed_plan), .arg = "FILE",
	 .text = "make the keys of a plan, keyhaul-plan(5), and answer to its ARNs: for its rehearsal"},
	{.name = "key-pool", .kind = OPT_INPUT, .offset = AT(key_pool), .arg = "DIR",
	 .text = "take wrapping keys from this folder, in turn"},
	{.name = "make-key-pool", .kind = OPT_OUTPUT, .offset = AT(make_key_pool), .arg = "DIR",
	 .text = "make such a folder and end"},
	{.name = "pool-size", .kind = OPT_NUMBER, .offset = AT(pool_size), .arg = "N", .min = 1, .max = POOL_KEYS_MAX,
	 .preset = 2, .text = "keys of each size that --make-key-pool makes; 2 by default"},
	{.name = "clock", .kind = OPT_TEXT, .offset = AT(clock), .arg = "TIME",
	 .text = "move the service's time: +25h, -2d, +90s, or a time to start at; signatures go by the real clock"},
	{.name = "strict-der", .kind = OPT_FLAG, .offset = AT(strict_der),
	 .text = "refuse key material with bytes behind its PKCS#8"},
	{.name = "opaque-import", .kind = OPT_FLAG, .offset = AT(opaque_import),
	 .text = "say InvalidCiphertextException also of what opens and is no key material of the key's"},
	{.name = "visible-after", .kind = OPT_NUMBER, .offset = AT(visible_after), .arg = "N", .min = 0, .max = 1000,
	 .text = "show an import only after N further calls, as an eventually consistent service does"},
	{.name = "lag", .kind = OPT_NUMBER, .offset = AT(lag), .arg = "SECONDS", .min = 0, .max = 3600,
	 .text = "let reading show a key as it was for so long after each change"},
	{.name = "rotation-delay", .kind = OPT_NUMBER, .offset = AT(rotation_delay), .arg = "SECONDS", .min = 0, .max = 3600,
	 .preset = 2, .text = "RotateKeyOnDemand is done after so long; 2 by default, KMS takes about 60"},
	{.name = "replica-delay", .kind = OPT_NUMBER, .offset = AT(replica_delay), .arg = "SECONDS", .min = 0, .max = 3600,
	 .preset = 1, .text = "a replica is Creating for so long; 1 by default"},
	{.name = "latency", .kind = OPT_NUMBER, .offset = AT(latency), .arg = "MS", .min = 0, .max = 60000,
	 .text = "take so long to answer, each connection by itself"},
	{.name = "quotas", .kind = OPT_NUMBER, .offset = AT(quotas), .arg = "SCALE", .min = 0, .max = 100000,
	 .text = "throttle beyond SCALE times KMS's own calls a second (1: as KMS does); no limit by default"},
	{.name = "fault", .kind = OPT_LIST, .offset = AT(faults), .arg = "OP:N=WHAT|FILE",
	 .text = "fail call N (N+: and all after it, P%: that share) of OP; see keyhaul-sim(1)"},
};

static const struct opt_group groups[] = {
	OPT_GROUP("Server", server_rows, 0),
	OPT_GROUP("Service", service_rows, 0),
	OPT_GROUPS_END,
};

/* All that runs; torn down in the reverse order. */
struct running {
	const struct sim_opts *opts;
	struct server_address at;
	struct sim sim;
	struct faults *faults;
	struct quotas *quotas;
	struct service service;
	struct secret *secret_key;
	struct server *server;
};

/* --clock: the offset in seconds that the service's time is to have. */
static int parse_clock(const char *text, int64_t now, int64_t *offset, struct kh_error *err)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	int64_t t = 0;
	char *end = NULL;
	long n;

	if (!text)
		return 0;
	if ((text[0] == '+' || text[0] == '-') && isdigit((unsigned char)text[1])) {
		n = strtol(text, &end, 10);
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (end[0] == units[i].unit && end[1] == '\0' && n > -100000000 && n < 100000000) {
				*offset = (int64_t)n * units[i].seconds;
				return 0;
			}
	} else if (!awstime_parse_absolute(text, &t, err)) {
		*offset = t - now;
		return 0;
	}
	kh_fail(err, KH_E_USAGE, 0, "--clock: '%s' is no time", text);
	return kh_hint(err, "an offset such as +25h, -2d or +90s, or a time such as 2027-01-01T00:00:00Z");
}

static int check_options(const struct cmd *c, struct running *r, struct kh_error *err)
{
	const struct sim_opts *o = c->opts;

	if ((o->cert == NULL) != (o->key == NULL))
		return kh_fail(err, KH_E_USAGE, 0, "--cert and --key go together");
	if (c->common.json && !o->daemon && !o->make_key_pool) {
		kh_fail(err, KH_E_USAGE, 0, "--json needs --daemon: in front there is no end to print at");
		return kh_hint(err, "keyhaul-sim --daemon --json");
	}
	if (o->region && !partition_region_valid(o->region))
		return kh_fail(err, KH_E_USAGE, 0, "--region: '%s' is no Region", o->region);
	if (o->access_key && (strlen(o->access_key) < 16 || strlen(o->access_key) > 128 ||
			      strspn(o->access_key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(o->access_key)))
		return kh_fail(err, KH_E_USAGE, 0, "--access-key: 16 to 128 capital letters and digits");
	if (o->die_with && !daemon_is_alive(o->die_with))
		return kh_fail(err, KH_E_INPUT, 0, "--die-with: there is no process %ld", o->die_with);
	if (server_parse(o->listen ? o->listen : "127.0.0.1:0", &r->at, err))
		return -1;
	if (!r->at.loopback && !o->allow_remote) {
		kh_fail(err, KH_E_USAGE, 0, "--listen: other hosts can reach %s", r->at.text);
		return kh_hint(err, "a rehearsal's keys are for this host; add --allow-remote if that is meant");
	}
	if (!r->at.loopback)
		log_warning("other hosts can reach this simulator at %s; it keeps no real secrets safe", r->at.text);
	return parse_clock(o->clock, c->now, &r->sim.offset, err);
}

static int make_secret(struct secret **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(SECRET_BYTES));
	unsigned char bytes[SECRET_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
	else if (!base64_encode(bytes, sizeof(bytes), &text, err))
		*out = secret_copy(text.data, text.len, err);
	secret_wipe(bytes, sizeof(bytes));
	if (text.data)
		secret_wipe(text.data, text.cap);
	buf_free(&text);
	return *out ? 0 : -1;
}

/* Everything that serves, in the process that stays. */
static int start(struct running *r, struct kh_error *err)
{
	const struct sim_opts *o = r->opts;

	daemon_block_signals();
	if (faults_parse(&o->faults, &r->faults, err) || (o->quotas && quotas_new(o->quotas, &r->quotas, err)) ||
	    pool_open(o->key_pool, &r->sim.pool, err) ||
	    keystore_open(o->state, &r->sim.keys, err) || pool_start(r->sim.pool, err))
		return -1;
	if (o->seed_plan && seed_plan(o->seed_plan, o->region ? o->region : "us-east-1", clock_now() + r->sim.offset,
				      r->sim.keys, &r->sim.seed, err))
		return -1;
	r->sim.strict_der = o->strict_der;
	r->sim.opaque_import = o->opaque_import;
	r->sim.visible_after = o->visible_after;
	r->sim.lag = o->lag;
	r->sim.rotation_delay = o->rotation_delay;
	r->sim.replica_delay = o->replica_delay;
	r->sim.keys_max = SIM_KEYS_MAX;
	r->service.sim = &r->sim;
	r->service.faults = r->faults;
	r->service.quotas = r->quotas;
	r->service.latency = o->latency;
	r->service.door.access_key = o->access_key ? o->access_key : ACCESS_KEY;
	r->service.door.secret_key = secret_text(r->secret_key);
	return server_start(&r->at, o->cert, o->key, &r->service, &r->server, err);
}

static void stop(struct running *r)
{
	server_stop(r->server);
	pool_free(r->sim.pool);
	keystore_free(r->sim.keys);
	seed_free(r->sim.seed);
	faults_free(r->faults);
	quotas_free(r->quotas);
}

/* Adds 'value' for a shell. */
static int add_quoted(const char *value, struct buf *out, struct kh_error *err)
{
	if (buf_add(out, "'", 1, err))
		return -1;
	for (; *value; value++)
		if (*value == '\'' ? buf_add(out, "'\\''", 4, err) : buf_add(out, value, 1, err))
			return -1;
	return buf_add(out, "'\n", 2, err);
}

static int add_export(const char *name, const char *value, struct buf *out, struct kh_error *err)
{
	return buf_addf(out, "export %s=", err, name) || add_quoted(value, out, err) ? -1 : 0;
}

/* The lines for eval. */
static int shell_lines(const struct running *r, struct buf *out, struct kh_error *err)
{
	const char *region = r->opts->region ? r->opts->region : "us-east-1";
	char pid[24];

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (add_export("AWS_ENDPOINT_URL_KMS", server_url(r->server), out, err) ||
	    add_export("AWS_ENDPOINT_URL_STS", server_url(r->server), out, err) ||
	    add_export("AWS_ACCESS_KEY_ID", r->service.door.access_key, out, err) ||
	    add_export("AWS_SECRET_ACCESS_KEY", r->service.door.secret_key, out, err) ||
	    add_export("AWS_REGION", region, out, err) || add_export("AWS_DEFAULT_REGION", region, out, err) ||
	    add_export("KEYHAUL_SIM_PID", pid, out, err))
		return -1;
	return buf_addf(out, "unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE\n", err);
}

/* The process that serves: until it is told to end. */
static int serve(struct cmd *c, struct running *r, struct kh_error *err)
{
	struct buf lines = BUF_INIT(DAEMON_TEXT_MAX);
	int rc = -1;

	if (start(r, err) || shell_lines(r, &lines, err))
		goto out;
	if (r->opts->daemon ? daemon_ready(buf_text(&lines), err)
			    : buf_add(&c->text, lines.data, lines.len, err) || cmd_flush(c, err))
		goto out;
	daemon_wait(r->opts->die_with);
	rc = 0;
out:
	if (rc && r->opts->daemon)
		daemon_failed(err);
	stop(r);
	if (lines.data)
		secret_wipe(lines.data, lines.cap);
	buf_free(&lines);
	return rc;
}

/* The parent of --daemon: hands on what the child said. */
static int report(struct cmd *c, const struct buf *lines, struct kh_error *err)
{
	json_t *object = json_object(), *environment = json_object();
	const char *at = buf_text(lines);

	/* the values need no quoting of their own: none of ours has a quote or a line end */
	for (const char *next; (next = strchr(at, '\n')); at = next + 1) {
		char name[64], value[1024];

		if (sscanf(at, "export %63[A-Z_]='%1023[^'\n]'", name, value) == 2)
			(void)json_object_set_new(environment, name, json_string(value));
	}
	if (buf_add(&c->text, lines->data, lines->len, err) || json_object_set_new(object, "environment", environment)) {
		json_decref(object);
		return kh_fail_memory(err);
	}
	return result_add(c, object, err);
}

static int run_daemon(struct cmd *c, struct running *r, struct kh_error *err)
{
	struct buf lines = BUF_INIT(DAEMON_TEXT_MAX);
	bool child = false;
	int rc = daemon_fork(&child, &lines, err);

	if (!rc)
		rc = child ? serve(c, r, err) : report(c, &lines, err);
	if (lines.data)
		secret_wipe(lines.data, lines.cap);
	buf_free(&lines);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct running r = {.opts = c->opts};
	int rc = -1;

	if (r.opts->make_key_pool)
		return pool_make(r.opts->make_key_pool, (unsigned)r.opts->pool_size, err);
	(void)pthread_mutex_init(&r.sim.lock, NULL);
	if (check_options(c, &r, err))
		goto out;
	/* before the fork: the file may be a descriptor of the caller's */
	if (r.opts->secret_key_file ? secret_read_file(r.opts->secret_key_file, SECRET_KEY_MAX, &r.secret_key, err)
				    : make_secret(&r.secret_key, err))
		goto out;
	rc = r.opts->daemon ? run_daemon(c, &r, err) : serve(c, &r, err);
out:
	secret_free(r.secret_key);
	(void)pthread_mutex_destroy(&r.sim.lock);
	return rc;
}

const struct cmd_row cmd_sim_row = {
	.operands = "",
	.summary = "a KMS on this host for rehearsals and tests: account 000000000000, keys of no worth",
	.groups = groups,
	.opts_size = sizeof(struct sim_opts),
	.run = run,
	.serves = true,
	.on_failure = "false\n",
};
