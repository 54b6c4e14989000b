/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_HAUL_BATCH_H
#define KEYHAUL_TOKEN_HAUL_BATCH_H

#include "haul.h"

#include <pthread.h>
#include <stdint.h>

/*
 * `wrap` over many bundles: one login, a session for each thread, the bundles taken in the order of the command line and
 * told in that order. A bundle is in memory only while it is worked on; what is kept of it is small.
 */

enum haul_state {
	HAUL_NOT_TRIED,
	HAUL_IN_USE, /* its lock was taken; another thread of this run may have it */
	HAUL_WRAPPED,
	HAUL_SKIPPED,
	HAUL_FAILED,
};

/* What is to be said of a bundle when all before it have been told. */
struct haul_telling {
	char *key, *why; /* for the table: escaped for a terminal, short; NULL: nothing to say */
	char *json; /* NULL: it failed, or nobody wants JSON */
	const struct proof *proof; /* NULL: none */
	enum keyspec spec;	   /* that it is for */
	enum wrapalg algorithm;	   /* WRAPALGS: not known */
	struct kh_error error; /* KH_OK: it did not fail */
};

/* What came of a bundle, for the table: little, there may be ten thousand. */
struct haul_outcome {
	struct haul_telling *telling; /* until it is told */
	uint32_t key, why;	 /* where in the batch's names; 0: nothing to say */
	unsigned char state;	 /* enum haul_state */
	unsigned char algorithm; /* enum wrapalg; WRAPALGS: not known */
};

struct haul_batch;

/* A thread with its session; the first is the one that began, and stays with the token when the others are gone. */
struct haul_worker {
	struct haul_batch *batch;
	struct session session;
	pthread_t thread;
};

/* A bundle in hand: with a worker until its key is wrapped, then with a writer. */
struct haul_task {
	struct haul_batch *batch;
	size_t i;		   /* which word */
	const struct token *token;
	struct haul_item item;
	struct haul_result result;
	enum haul_state state;
	struct haul_telling *telling;
	struct haul_task *next;
};

/* Threads that write bundles while the workers are at the token: a disk's sync takes as long as a token's answer. */
#define HAUL_WRITERS 2
#define HAUL_WRITER_TASKS 4 /* that wait for one; a worker writes what would be more */

struct haul_writers {
	pthread_t threads[HAUL_WRITERS];
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct haul_task *first, **last;
	size_t waiting;
	bool end; /* when there is nothing left */
};

#define HAUL_WARNED_MAX 64

struct haul_batch {
	struct cmd *c;
	const struct haul_opts *o;
	struct proof_run *proofs;
	struct haul_outcome *outcomes; /* one for each word */
	struct haul_worker first;
	bool is_open;		     /* the token */
	struct haul_worker *helpers;
	size_t n_helpers;
	struct haul_writers writers;
	bool is_shared;		     /* there are other threads, or will be in a moment */
	pthread_mutex_t lock;	     /* of all that follows, of `outcomes` once a telling is in, and of `c` */
	struct buf names;	     /* of the outcomes, each with its NUL */
	size_t next;		     /* the first word that nobody has taken */
	size_t told;		     /* all before it are */
	bool is_gone;		     /* the token: what is left is not tried */
	unsigned long native;	     /* by what code */
	bool failed;		     /* as a whole, by `error` */
	struct kh_error error;
	const struct proof *warned[HAUL_WARNED_MAX];
	size_t n_warned;
};

/*
 * Wraps the bundles of the command line, and prints the table or the JSON. -1 with what failed as a whole: the token could
 * not be opened, is gone, or the run was interrupted.
 */
int haul_batch_run(struct cmd *c, const struct haul_opts *o, const struct wrap_choice *choice, struct kh_error *err);

/* Writes the bundle where its key was wrapped, settles what came of it, and frees the task. */
void haul_batch_finish(struct haul_task *task);

/* Takes bundles and works on them until there is none left, or the run ends before. For each thread. */
void haul_batch_work(struct haul_worker *w);

/* Ends the run with a failure of the whole; the first counts. Under the lock. */
void haul_batch_fail(struct haul_batch *b, const struct kh_error *why);

/* Fills in what is told of a bundle when its turn has come, and what the table has of it. KH_E_MEMORY. */
int haul_tell_prepare(const struct haul_task *task, struct kh_error *err);

/* Takes over what came of a bundle, for its turn. KH_E_MEMORY. Under the lock. */
int haul_tell_keep(struct haul_batch *b, size_t i, enum haul_state state, struct haul_telling *t, struct kh_error *err);

/* Tells all bundles whose turn has come: error line, warnings, JSON. Under the lock. */
void haul_tell(struct haul_batch *b);

/* Tells the rest at the end, and the table. -1 where bundles were not tried, or the run failed as a whole. */
int haul_tell_end(struct haul_batch *b, struct kh_error *err);

/* NULL is fine. */
void haul_telling_free(struct haul_telling *t);

/*
 * Starts the writers, and as many threads beside the first as --jobs, the bundles that are left, the module and the token's sessions allow;
 * warns where that is fewer than asked for.
 */
void haul_jobs_start(struct haul_batch *b);

/* Gives a task whose key is wrapped to a writer; false where there is none that would come to it soon. */
bool haul_jobs_write(struct haul_task *task);

/* Waits for them, and closes their sessions. */
void haul_jobs_end(struct haul_batch *b);

/* Prints the table, and below it how many there are of each result. KH_E_MEMORY, KH_E_SYSTEM. */
int haul_table_show(const struct haul_batch *b, struct kh_error *err);

#endif
