/* SPDX-License-Identifier: MIT */
/*
 * POSIX threads begin with what they were given and end in every way that there is: by return, exit, cancellation,
 * detached, last of all; with clean-up handlers and destructors run, and their memory given back.
 */
#include <pthread.h>
#include <semaphore.h>

#include "check.h"

static sem_t ready, go;
static int order[16], steps;

static void note(int what) { order[__atomic_fetch_add(&steps, 1, __ATOMIC_SEQ_CST)] = what; }
static void note_arg(void *arg) { note((int)(long)arg); }

static void *returns(void *arg) { return (char *)arg + 1; }

static void *exits(void *arg)
{
	pthread_cleanup_push(note_arg, (void *)1);
	pthread_cleanup_push(note_arg, (void *)2);
	pthread_cleanup_push(note_arg, (void *)3);
	pthread_cleanup_pop(1);
	pthread_exit(arg);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
}

static void results(void)
{
	pthread_t t;
	void *result;

	CHECK(pthread_create(&t, NULL, returns, order) == 0 && !pthread_equal(t, pthread_self()));
	CHECK(pthread_join(t, &result) == 0 && result == (char *)order + 1);
	CHECK(pthread_create(&t, NULL, exits, &steps) == 0);
	CHECK(pthread_join(t, &result) == 0 && result == &steps);
	CHECK(steps == 3 && order[0] == 3 && order[1] == 2 && order[2] == 1);
	CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static void *sets_errno(void *arg)
{
	errno = 5;
	sem_post(&ready);
	while (sem_wait(&go) < 0)
		;
	CHECK(errno == 5);
	return arg;
}

static void *waits(void *arg)
{
	sem_post(&ready);
	sem_wait(&go);
	return arg;
}

static void attributes(void)
{
	pthread_attr_t attr, now;
	pthread_t t;
	void *stack, *result;
	size_t size;
	int state;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, 100) == EINVAL && pthread_attr_setdetachstate(&attr, 7) == EINVAL);
	CHECK(pthread_attr_setstacksize(&attr, 1 << 20) == 0);
	CHECK(pthread_create(&t, &attr, sets_errno, NULL) == 0);
	errno = 0;
	CHECK(sem_wait(&ready) == 0 && errno == 0);
	CHECK(pthread_getattr_np(t, &now) == 0 && pthread_attr_getstack(&now, &stack, &size) == 0 && size >= 1 << 20);
	CHECK(pthread_tryjoin_np(t, NULL) == EBUSY);
	CHECK(sem_post(&go) == 0 && pthread_join(t, NULL) == 0);

	void *mine = map_anon(16 * PAGE);
	CHECK(pthread_attr_setstack(&attr, mine, 16 * PAGE) == 0);
	CHECK(pthread_create(&t, &attr, returns, mine) == 0 && pthread_join(t, &result) == 0 && result == (char *)mine + 1);
	CHECK(munmap(mine, 16 * PAGE) == 0);

	CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	CHECK(pthread_attr_getdetachstate(&attr, &state) == 0 && state == PTHREAD_CREATE_DETACHED);
	CHECK(pthread_create(&t, &attr, waits, NULL) == 0 && sem_wait(&ready) == 0);
	CHECK(pthread_join(t, NULL) == EINVAL && pthread_detach(t) == EINVAL && sem_post(&go) == 0);
	CHECK(pthread_create(&t, NULL, waits, NULL) == 0 && sem_wait(&ready) == 0);
	CHECK(pthread_detach(t) == 0 && sem_post(&go) == 0);
	CHECK(pthread_create(&t, NULL, returns, NULL) == 0 && usleep(20000) == 0);
	CHECK(pthread_detach(t) == 0); /* it has ended */
	CHECK(pthread_getattr_np(pthread_self(), &now) == 0 && pthread_attr_getstack(&now, &stack, &size) == 0);
	CHECK((char *)&state > (char *)stack && (char *)&state < (char *)stack + size);
}

/* Below the stack lies a page that faults. */
static int overflow(volatile char *deep)
{
	volatile char here[2048];
	here[0] = 1;
	return *deep ? overflow(here) + here[0] : 0;
}

static void *overflows(void *arg) { return (void *)(long)overflow(arg); }

static void guard(void)
{
	DIES_BY(SIGSEGV, {
		pthread_t t;
		char c = 1;
		CHECK(pthread_create(&t, NULL, overflows, &c) == 0);
		pthread_join(t, NULL);
	});
}

/* ---- cancellation ---- */

static int fds[2];

static void *reads(void *arg)
{
	char c;
	pthread_cleanup_push(note_arg, (void *)7);
	sem_post(&ready);
	read(fds[0], &c, 1);
	pthread_cleanup_pop(0);
	return arg;
}

static void *refuses_first(void *arg)
{
	int old;
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0 && old == PTHREAD_CANCEL_ENABLE);
	sem_post(&ready);
	while (sem_wait(&go) < 0)
		;
	pthread_testcancel();
	note(8);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0);
	pthread_testcancel();
	return arg;
}

static void *spins(void *arg)
{
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
	sem_post(&ready);
	for (;;)
		*(volatile int *)arg = 1;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void unlock(void *arg)
{
	note(9);
	CHECK(pthread_mutex_unlock(arg) == 0);
}

static void *waits_for_cond(void *arg)
{
	CHECK(pthread_mutex_lock(&mutex) == 0);
	pthread_cleanup_push(unlock, &mutex);
	sem_post(&ready);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	return arg;
}

static void *sleeps(void *arg)
{
	sem_post(&ready);
	for (;;)
		sleep(100);
	return arg;
}

static void cancelled(void *(*function)(void *), long pause_us)
{
	pthread_t t;
	void *result = NULL;
	int dummy;

	CHECK(pthread_create(&t, NULL, function, &dummy) == 0 && sem_wait(&ready) == 0);
	usleep((useconds_t)pause_us);
	CHECK(pthread_cancel(t) == 0);
	if (function == refuses_first)
		CHECK(sem_post(&go) == 0);
	CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
}

static void *joins(void *arg)
{
	sem_post(&ready);
	pthread_join(*(pthread_t *)arg, NULL);
	return arg;
}

static void cancellation(void)
{
	pthread_t t, joiner;
	void *result;

	CHECK(pipe(fds) == 0);
	for (int pause = 0; pause <= 20000; pause += 20000) {
		steps = 0;
		cancelled(reads, pause);
		CHECK(steps == 1 && order[0] == 7);
		cancelled(refuses_first, pause);
		CHECK(steps == 2 && order[1] == 8);
		cancelled(spins, pause);
		cancelled(waits_for_cond, pause);
		CHECK(steps == 3 && order[2] == 9 && pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
		cancelled(sleeps, pause);
	}
	/* A thread that is cancelled while it joins leaves the other one to be joined. */
	CHECK(pthread_create(&t, NULL, waits, NULL) == 0 && sem_wait(&ready) == 0);
	CHECK(pthread_create(&joiner, NULL, joins, &t) == 0 && sem_wait(&ready) == 0);
	CHECK(pthread_cancel(joiner) == 0 && pthread_join(joiner, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(sem_post(&go) == 0 && pthread_join(t, NULL) == 0);
}

/* ---- keys and once ---- */

static pthread_key_t key, other;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int onces, destroyed;

static void destroy(void *value)
{
	CHECK(pthread_getspecific(key) == NULL);
	destroyed += (int)(long)value;
	if (value == (void *)1)
		CHECK(pthread_setspecific(key, (void *)10) == 0);
}

static void count_once(void) { onces++; }

static void *stores_values(void *arg)
{
	CHECK(pthread_getspecific(key) == NULL);
	CHECK(pthread_setspecific(key, arg) == 0 && pthread_getspecific(key) == arg);
	CHECK(pthread_once(&once, count_once) == 0);
	return NULL;
}

static void keys(void)
{
	pthread_t t[3];

	CHECK(pthread_key_create(&key, destroy) == 0 && pthread_key_create(&other, NULL) == 0 && key != other);
	CHECK(pthread_setspecific(key, &t) == 0);
	for (long i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, stores_values, (void *)(i + 1)) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(destroyed == 1 + 10 + 2 + 3 && onces == 1 && pthread_getspecific(key) == &t);
	CHECK(pthread_key_delete(key) == 0 && pthread_setspecific(key, &t) == EINVAL && pthread_key_delete(key) == EINVAL);
	CHECK(pthread_key_create(&key, NULL) == 0 && pthread_getspecific(key) == NULL);
}

/* ---- the process ---- */

static void *ends_last(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	printf("last\n");
	return NULL;
}

static int forked;
static void before(void) { forked = forked * 10 + 1; }
static void in_parent(void) { forked = forked * 10 + 2; }
static void in_child(void) { forked = forked * 10 + 3; }

static void *allocates(void *arg)
{
	while (!*(volatile int *)arg)
		free(malloc(100));
	return NULL;
}

static void processes(void)
{
	pthread_t t, self = pthread_self();
	int stop = 0, out[2];
	char text[8] = "";

	/* The first thread may leave and be joined; the last to leave ends the process as exit does. */
	CHECK(pipe(out) == 0);
	CHILD_PASSES({
		dup2(out[1], 1);
		pthread_t last = pthread_self();
		CHECK(pthread_create(&t, NULL, ends_last, &last) == 0);
		pthread_exit(NULL);
	});
	CHECK(read(out[0], text, sizeof(text)) == 5 && memcmp(text, "last\n", 5) == 0);

	CHECK(pthread_atfork(before, in_parent, in_child) == 0);
	CHECK(pthread_create(&t, NULL, allocates, &stop) == 0);
	for (int i = 0; i < 20; i++) {
		forked = 0;
		CHILD_PASSES({
			CHECK(forked == 13 && pthread_equal(self, pthread_self()));
			free(malloc(100));
			pthread_t again;
			CHECK(pthread_create(&again, NULL, returns, NULL) == 0 && pthread_join(again, NULL) == 0);
		});
		CHECK(forked == 12);
	}
	stop = 1;
	CHECK(pthread_join(t, NULL) == 0);
}

static void *nothing(void *arg) { return arg; }

static long memory_of_this(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%ld", &pages) == 1 && fclose(f) == 0);
	return pages;
}

/* A thousand threads leave nothing behind. */
static void many(void)
{
	pthread_t t[10];
	long size = 0;

	for (int round = 0; round < 100; round++) {
		if (round == 1)
			size = memory_of_this();
		for (int i = 0; i < 10; i++)
			CHECK(pthread_create(&t[i], NULL, nothing, NULL) == 0);
		for (int i = 0; i < 10; i++)
			CHECK((i % 2 ? pthread_join(t[i], NULL) : pthread_detach(t[i])) == 0);
	}
	for (int tries = 0; memory_of_this() > size; tries++) {
		CHECK(tries < 1000); /* detached ones may be a little late */
		usleep(5000);
	}
}

int main(void)
{
	CHECK(sem_init(&ready, 0, 0) == 0 && sem_init(&go, 0, 0) == 0);
	results();
	attributes();
	guard();
	cancellation();
	keys();
	processes();
	many();
	return 0;
}
