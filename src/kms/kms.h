/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_KMS_H
#define KEYHAUL_KMS_KMS_H

#include "base/buf.h"
#include "creds.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define KMS_ID_MAX 128 /* a request id with its NUL */

/* One POST as the transport gets it. Strings belong to the caller for the call. */
struct kms_request {
	const char *url;      /* scheme://host[:port]/ */
	const char *service;  /* of the signature's scope: "kms" */
	const char *region;
	const char *target;   /* X-Amz-Target: "TrentService.DescribeKey" */
	const char *body;
	size_t body_len;
	const struct creds *creds; /* NULL: it is not signed */
	bool fresh;	      /* a connection of its own, so that nothing is sent again unseen */
	bool local_only;      /* refuse to connect to what is not this machine */
	bool no_proxy;	      /* to the host itself, whatever the environment says */
};

/* What came back, or how far it got. */
struct kms_answer {
	long status;
	struct buf body;
	char type[128];	      /* Content-Type */
	char location[256];
	char error_type[128]; /* x-amzn-ErrorType */
	char request_id[KMS_ID_MAX];
	int64_t date;	      /* the Date header; 0 for none */
	char sim_clock[16];   /* seconds that keyhaul-sim's time is ahead of Date (its --clock); "" for none */
	bool sent;	      /* some of the request left this machine */
	bool tls_verified;
};

struct pace;

/* Time and chance, so that tests need not wait. */
struct kms_pace {
	int64_t (*now_ms)(void *ctx); /* since 1970 */
	void (*wait_ms)(void *ctx, unsigned ms); /* may end early on a signal */
	double (*random)(void *ctx); /* 0 to 1 */
	bool (*stop)(void *ctx); /* the user wants to end: no more waiting */
	void *ctx;
};

/*
 * A client for one endpoint and Region. `post` sends one request: 0 with a whole HTTP reply of any status; -1 where
 * there is none (answer->sent says how far it got): KH_E_AGAIN where another try may help, anything else is final.
 */
struct kms {
	int (*post)(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err);
	void *post_ctx;
	struct kms_pace pace;
	const char *url;
	const char *region;
	const struct creds *creds;
	struct creds_source *source; /* gives others when these end; NULL: nothing does */
	struct pace *limits; /* how fast calls may follow each other; NULL: as they come */
	char account[13];    /* whose calls they are; "" where it is not known */
	int max_attempts;
	bool local_only;
	bool no_proxy;
	int64_t date;	 /* KMS's last Date that can be; 0 before any */
	int64_t date_ms; /* pace's time when it came */
	bool date_warned;
};

/* What is known of a call that did not give a reply. */
enum kms_outcome {
	KMS_DONE,    /* the reply is here */
	KMS_REFUSED, /* an exception: KMS did nothing */
	KMS_UNSENT,  /* nothing left this machine */
	KMS_UNKNOWN, /* sent, and no answer that says what came of it */
};

struct kms_reply {
	json_t *json; /* an object; kms_reply_clear drops it */
	enum kms_outcome outcome;
	char request_id[KMS_ID_MAX];
	bool tls_verified;
	long status; /* HTTP's, of the last try; 0 where it had no answer */
};

/* On a connection of its own: on one used before libcurl may send again unseen. */
#define KMS_FRESH 1u
/* And taken at most once: for what KMS would take twice differently. */
#define KMS_ONCE 2u
/* Its answer has no body (CreateAlias): `reply->json` is then an empty object. */
#define KMS_NO_OUTPUT 4u

/*
 * Calls an operation ("DescribeKey") with a JSON object, in botocore's standard retry mode; with KMS_ONCE it is sent
 * again only where nothing had left this machine, or KMS throttled it, which is before it does anything. KH_E_KMS for an exception or what is no KMS answer (err->name is
 * the code), KH_E_AGAIN where there was no answer or it was throttled to the end. `reply` is set in any case.
 */
int kms_call(struct kms *k, const char *operation, const json_t *body, unsigned flags, struct kms_reply *reply,
	     struct kh_error *err);

/* The same with a body that is freed here in any case; NULL is out of memory. */
int kms_call_owned(struct kms *k, const char *operation, json_t *body, unsigned flags, struct kms_reply *reply,
		   struct kh_error *err);

void kms_reply_clear(struct kms_reply *reply);

/*
 * Seconds since 1970 by KMS's own clock as far as a reply showed it, else by ours. A Date further from ours than KMS
 * takes signatures is passed over: nobody sets an expiry by it. A rehearsal on this machine has the time that it says.
 */
int64_t kms_now(const struct kms *k);

/* True where KMS says that these credentials may not do this. */
bool kms_is_denied(const struct kh_error *err);

/* True where the error is this exception ("NotFoundException"). */
bool kms_is_error(const struct kh_error *err, const char *name);

#endif
