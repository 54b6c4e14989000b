/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * usage: beside MODULE THREADS CALLS
 *
 * Each thread opens a session with the first token and asks it for random bytes so many times. Prints "done" and the
 * milliseconds from the first call to the last for each thread that comes to its end; ends when all have, or when all
 * but one have and that one is in a call that never comes back.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16

static CK_FUNCTION_LIST *fn;
static CK_SLOT_ID slot;
static unsigned long calls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_more = PTHREAD_COND_INITIALIZER;
static unsigned long ended;

static long milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *run(void *arg)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_BYTE random[16];
	long began = milliseconds();
	CK_RV rv = fn->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session);

	(void)arg;
	for (unsigned long i = 0; i < calls && rv == CKR_OK; i++)
		rv = fn->C_GenerateRandom(session, random, sizeof(random));
	pthread_mutex_lock(&lock);
	if (rv == CKR_OK)
		printf("done %ld\n", milliseconds() - began);
	else
		printf("failed 0x%lX\n", rv);
	fflush(stdout);
	ended++;
	pthread_cond_signal(&one_more);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int load(const char *path)
{
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_SLOT_ID slots[16];
	CK_ULONG n = 16;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	void *symbol = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;

	if (symbol == NULL)
		return -1;
	memcpy(&get, &symbol, sizeof(get)); /* ISO C has no such cast */
	if (get(&fn) != CKR_OK || fn->C_Initialize(&args) != CKR_OK || fn->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK ||
	    n == 0)
		return -1;
	slot = slots[0];
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long threads = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, waits;
	pthread_t thread;

	if (threads < 1 || threads > THREADS_MAX || load(argv[1]) != 0)
		return 2;
	calls = strtoul(argv[3], NULL, 10);
	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, run, NULL) != 0)
			return 2;
	waits = getenv("KEYHAUL_RELAY_RULES") != NULL ? threads - 1 : threads;
	pthread_mutex_lock(&lock);
	while (ended < waits)
		pthread_cond_wait(&one_more, &lock);
	if (waits < threads)
		_exit(0); /* the one that hangs holds up nobody */
	pthread_mutex_unlock(&lock);
	return fn->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
