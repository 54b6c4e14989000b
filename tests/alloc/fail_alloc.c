/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * Linked with a program's own main (--wrap=main) and in front of the allocations of its own objects (--wrap=malloc and so
 * on; OpenSSL's, libp11-kit's and the module's are their own), jsontext.c's for jansson among them. It runs the program again and again, each
 * time in a child: the first allocation fails, then the second, until a run has none left to fail.
 *
 *	KEYHAUL_ALLOC_MODE	"one": the Nth fails; "rest": the Nth and all behind it, as on a machine that has no more
 *	KEYHAUL_ALLOC_STEP	every so manieth N; 1 when unset
 *	KEYHAUL_ALLOC_FRESH, KEYHAUL_ALLOC_BUNDLE	what the bundle is before each run, and must be behind one that failed
 *	KEYHAUL_ALLOC_OUT	a file or folder that only a run with status 0 may leave; it is removed behind each
 *	KEYHAUL_ALLOC_TOKEN	SoftHSM's folder of a token: a file an object
 *
 * Prints "bad N WHY" for a run that is not as it should be: ended by a status of 1 with one error line that says that
 * there is no memory, nothing else but hints, warnings and what is waited for, everything as it was; or by 0, with as many lines of result as
 * a run that has all it needs. At the end "walked N passed-over M", M of them with status 0.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX (1u << 20)
#define OBJECTS_MAX 64
#define RUNS_MAX 20000
#define DONE "was done all the same"

int __wrap_main(int argc, char **argv);
int __real_main(int argc, char **argv);
void *__wrap_malloc(size_t n);
void *__real_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__real_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__real_strdup(const char *s);

/* Shared with the child: how many allocations there were. */
static atomic_ulong *count;
static unsigned long fail_at;
static bool and_the_rest, walking;

static bool fails(void)
{
	unsigned long n;

	if (!walking || fail_at == 0)
		return false;
	n = atomic_fetch_add(count, 1) + 1;
	return n == fail_at || (and_the_rest && n > fail_at);
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

static char texts[4][TEXT_MAX];

/* A file's text, one of four at a time; NULL where there is none. */
static const char *text_of(const char *path, unsigned which)
{
	FILE *f = path != NULL ? fopen(path, "r") : NULL;
	size_t n;

	if (f == NULL)
		return NULL;
	n = fread(texts[which], 1, TEXT_MAX - 1, f);
	texts[which][n] = '\0';
	fclose(f);
	return texts[which];
}

static void copy(const char *from, const char *to)
{
	const char *text = text_of(from, 0);
	FILE *f = text != NULL && to != NULL ? fopen(to, "w") : NULL;

	if (f == NULL)
		return;
	fwrite(text, 1, strlen(text), f);
	fclose(f);
}

static void remove_out(const char *path)
{
	char command[4096];
	DIR *dir = path != NULL ? opendir(path) : NULL;

	if (dir != NULL) {
		for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
			snprintf(command, sizeof(command), "%s/%s", path, e->d_name);
			if (e->d_name[0] != '.' || e->d_name[1] == 'e')
				unlink(command);
		}
		closedir(dir);
		rmdir(path);
	} else if (path != NULL) {
		unlink(path);
	}
}

/* The token's objects at the start; what is there besides them is removed, and counted. */
static char objects[OBJECTS_MAX][64];
static size_t n_objects;

static bool is_known(const char *name)
{
	for (size_t i = 0; i < n_objects; i++)
		if (strcmp(objects[i], name) == 0)
			return true;
	return false;
}

/* `learn`: they are what is to be there. Gives how many were there that are not. */
static size_t look_at_token(const char *folder, bool learn)
{
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	size_t more = 0;

	if (dir == NULL)
		return 0;
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		size_t len = strlen(e->d_name);

		if (len < 7 || len >= sizeof(objects[0]) || strcmp(e->d_name + len - 7, ".object") != 0)
			continue;
		if (learn && n_objects < OBJECTS_MAX)
			memcpy(objects[n_objects++], e->d_name, len + 1);
		if (is_known(e->d_name))
			continue;
		more++;
		unlinkat(dirfd(dir), e->d_name, 0);
	}
	closedir(dir);
	return more;
}

static int run_once(int argc, char **argv)
{
	pid_t child;
	int status = 0;

	atomic_store(count, 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (freopen("alloc.out", "w", stdout) == NULL || freopen("alloc.err", "w", stderr) == NULL)
			_exit(99);
		walking = true;
		exit(__real_main(argc, argv));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Lines that begin so, and how many lines there are that are neither those, hints nor warnings. */
static size_t error_lines(const char *text, size_t *others)
{
	size_t n = 0;

	*others = 0;
	while (*text != '\0') {
		if (strncmp(text, "error: ", 7) == 0)
			n++;
		else if (strncmp(text, "hint: ", 6) != 0 && strncmp(text, "warning: ", 9) != 0 &&
			 strncmp(text, "waiting for ", 12) != 0)
			(*others)++;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return n;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Why a run that met its failing allocation is not as it should be; NULL: it is. */
static const char *judge(int status, size_t whole)
{
	const char *out = text_of("alloc.out", 0), *err = text_of("alloc.err", 1);
	const char *fresh = text_of(getenv("KEYHAUL_ALLOC_FRESH"), 2), *bundle = text_of(getenv("KEYHAUL_ALLOC_BUNDLE"), 3);
	size_t others, errors;

	if (out == NULL || err == NULL)
		return "no output";
	errors = error_lines(err, &others);
	if (status == 0)
		return lines(out) == whole && errors == 0 ? NULL : "status 0, and not the whole result";
	if (status != 1)
		return "neither 1 nor 0";
	if (errors != 1 || others != 0)
		return "other than one error line";
	if (strstr(err, "out of memory") == NULL)
		return "it does not say that there is no memory";
	if (out[0] != '\0')
		return "a result, and a failure";
	if (strstr(err, DONE) != NULL) /* a result that cannot be printed undoes nothing, and says so */
		return NULL;
	if (fresh != NULL && (bundle == NULL || strcmp(fresh, bundle) != 0))
		return "the bundle was changed";
	if (getenv("KEYHAUL_ALLOC_OUT") != NULL && access(getenv("KEYHAUL_ALLOC_OUT"), F_OK) == 0)
		return "a file that is half done";
	return NULL;
}

static void prepare(void)
{
	copy(getenv("KEYHAUL_ALLOC_FRESH"), getenv("KEYHAUL_ALLOC_BUNDLE"));
	remove_out(getenv("KEYHAUL_ALLOC_OUT"));
}

/* One run that has all it needs: how many lines it prints. -1 where it fails all the same. */
static int whole_result(int argc, char **argv, size_t *out)
{
	int status;

	prepare();
	fail_at = 0;
	status = run_once(argc, argv);
	look_at_token(getenv("KEYHAUL_ALLOC_TOKEN"), false);
	if (status != 0)
		printf("bad 0 status %d where nothing fails: %s\n", status, text_of("alloc.err", 1));
	else
		*out = lines(text_of("alloc.out", 0));
	return status == 0 ? 0 : -1;
}

static void walk(int argc, char **argv, size_t whole)
{
	const char *token = getenv("KEYHAUL_ALLOC_TOKEN"), *text = getenv("KEYHAUL_ALLOC_STEP");
	unsigned long step = text != NULL ? strtoul(text, NULL, 10) : 1, walked = 0, passed = 0;

	for (fail_at = 1; fail_at < RUNS_MAX; fail_at += step) {
		const char *why;
		size_t more;
		int status;

		prepare();
		status = run_once(argc, argv);
		more = look_at_token(token, false);
		if (atomic_load(count) < fail_at)
			break;
		walked++;
		passed += status == 0;
		why = judge(status, whole);
		if (why == NULL && more > 0 && status != 0 && strstr(text_of("alloc.err", 1), DONE) == NULL)
			why = "an object is left on the token";
		if (why != NULL)
			printf("bad %lu status %d: %s: %s\n", fail_at, status, why, text_of("alloc.err", 1));
	}
	prepare();
	printf("walked %lu passed-over %lu\n", walked, passed);
}

int __wrap_main(int argc, char **argv)
{
	const char *mode = getenv("KEYHAUL_ALLOC_MODE");
	size_t whole = 0;

	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED)
		return 2;
	and_the_rest = mode != NULL && strcmp(mode, "rest") == 0;
	look_at_token(getenv("KEYHAUL_ALLOC_TOKEN"), true);
	if (whole_result(argc, argv, &whole) != 0)
		return 2;
	walk(argc, argv, whole);
	return 0;
}
