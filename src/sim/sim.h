/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SIM_H
#define KEYHAUL_SIM_SIM_H

#include "keystore.h"
#include "pool.h"
#include "seed.h"

#include <pthread.h>
#include <stdbool.h>

/* The simulated service: its keys, its wrapping keys and how it is to behave. */
struct sim {
	struct keystore *keys;
	struct seed *seed; /* --seed-plan; NULL: none */
	struct pool *pool;
	bool strict_der;    /* refuse zeros behind the PKCS#8 too */
	bool opaque_import; /* say of every blob that is no material that it does not open */
	long visible_after; /* calls for which a change by ImportKeyMaterial stays unseen */
	int64_t lag;	    /* --lag: seconds in which reading shows a key as it was */
	int64_t rotation_delay, replica_delay; /* seconds that RotateKeyOnDemand and ReplicateKey take */
	size_t keys_max;    /* CreateKey beyond is LimitExceededException */
	int64_t offset;	    /* --clock: seconds that the service's time is ahead of the real one */
	pthread_mutex_t lock; /* over keys; the pool has its own */
};

#define SIM_KEYS_MAX 10000

#endif
