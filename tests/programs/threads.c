/* SPDX-License-Identifier: MIT */
/*
 * Threads of the C library's own making: creation, joining, locks, conditions, barriers, keys, cancellation, and what
 * two processes share. Built with glibc and with musl; prints only what does not depend on who came first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define ROUNDS 2000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t slots;
static _Thread_local int own;
static long sum, reads, turns, inits;
static atomic_long atomic_sum;
static int turn, destroyed;

static void must(int error, const char *what)
{
	if (error) {
		printf("%s: error %d\n", what, error);
		exit(1);
	}
}

static void init_once(void) { inits++; }

static void destroy(void *value)
{
	must(pthread_mutex_lock(&lock), "lock in a destructor");
	destroyed += *(int *)value;
	must(pthread_mutex_unlock(&lock), "unlock in a destructor");
	free(value);
}

static void *add(void *arg)
{
	int *value = malloc(sizeof(*value));

	*value = 1;
	must(pthread_setspecific(key, value), "setspecific");
	pthread_once(&once, init_once);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		own++;
		atomic_fetch_add(&atomic_sum, 1);
		must(pthread_mutex_lock(&lock), "lock");
		sum += (long)arg;
		must(pthread_mutex_unlock(&lock), "unlock");
		if (i % 16 == 0) {
			must(pthread_rwlock_wrlock(&rwlock), "wrlock");
			reads++;
			must(pthread_rwlock_unlock(&rwlock), "unlock");
		} else {
			must(pthread_rwlock_rdlock(&rwlock), "rdlock");
			must(pthread_rwlock_unlock(&rwlock), "unlock");
		}
	}
	return (void *)(long)own;
}

static void many_add(void)
{
	pthread_t thread[WORKERS];
	long all = 0;

	must(pthread_barrier_init(&barrier, NULL, WORKERS), "barrier");
	must(pthread_key_create(&key, destroy), "key");
	for (long i = 0; i < WORKERS; i++)
		must(pthread_create(&thread[i], NULL, add, (void *)i), "create");
	for (int i = 0; i < WORKERS; i++) {
		void *result;
		must(pthread_join(thread[i], &result), "join");
		all += (long)result;
	}
	printf("sum %ld atomic %ld writers %ld own %ld inits %ld destroyed %d\n", sum, atomic_load(&atomic_sum), reads, all,
	       inits, destroyed);
}

/* A token goes round: thread N may only move it when it is at N. */
static void *pass_on(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < 300; i++) {
		must(pthread_mutex_lock(&lock), "lock");
		while (turn != me)
			must(pthread_cond_wait(&changed, &lock), "wait");
		turn = (turn + 1) % WORKERS;
		turns++;
		must(pthread_cond_broadcast(&changed), "broadcast");
		must(pthread_mutex_unlock(&lock), "unlock");
	}
	return NULL;
}

static void token_ring(void)
{
	pthread_t thread[WORKERS];

	for (long i = 0; i < WORKERS; i++)
		must(pthread_create(&thread[i], NULL, pass_on, (void *)i), "create");
	for (int i = 0; i < WORKERS; i++)
		must(pthread_join(thread[i], NULL), "join");
	printf("turns %ld\n", turns);
}

static void *nothing(void *arg) { return arg; }

static void *sleeper(void *arg)
{
	sem_post(&slots);
	pause();
	return arg;
}

static void create_and_cancel(void)
{
	struct timespec soon;
	pthread_attr_t attr;
	pthread_t thread;
	void *result;

	for (int i = 0; i < 1000; i++) {
		must(pthread_create(&thread, NULL, nothing, NULL), "create");
		must(pthread_join(thread, &result), "join");
	}
	must(pthread_attr_init(&attr), "attr");
	must(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), "detached");
	must(pthread_attr_setstacksize(&attr, 1 << 20), "stacksize");
	must(sem_init(&slots, 0, 0), "sem_init");
	must(pthread_create(&thread, &attr, (void *(*)(void *))(void *)sem_post, &slots), "create detached");
	must(sem_wait(&slots), "sem_wait");
	must(pthread_create(&thread, NULL, sleeper, NULL), "create");
	must(sem_wait(&slots), "sem_wait");
	must(pthread_cancel(thread), "cancel");
	must(pthread_join(thread, &result), "join the cancelled");
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	must(pthread_mutex_lock(&lock), "lock");
	int late = pthread_cond_timedwait(&changed, &lock, &soon);
	must(pthread_mutex_unlock(&lock), "unlock");
	printf("cancelled %d, late %d, sem_timedwait %d\n", result == PTHREAD_CANCELED, late == ETIMEDOUT,
	       sem_timedwait(&slots, &soon) == -1 && errno == ETIMEDOUT);
}

static void kinds_of_mutexes(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t recursive, checking;

	must(pthread_mutexattr_init(&attr), "attr");
	must(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE), "recursive");
	must(pthread_mutex_init(&recursive, &attr), "init");
	must(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK), "errorcheck");
	must(pthread_mutex_init(&checking, &attr), "init");
	for (int i = 0; i < 3; i++)
		must(pthread_mutex_lock(&recursive), "lock again");
	must(pthread_mutex_lock(&checking), "lock");
	int again = pthread_mutex_lock(&checking), not_held = pthread_mutex_trylock(&checking);
	printf("again %d, try %d\n", again == EDEADLK, not_held == EBUSY);
}

/* A process ends with a robust lock held in shared memory; the next owner is told. */
static void across_processes(void)
{
	struct shared {
		pthread_mutex_t lock;
		sem_t go, done;
		int value;
	} *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	int status;

	must(pthread_mutexattr_init(&attr), "attr");
	must(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), "pshared");
	must(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), "robust");
	must(pthread_mutex_init(&s->lock, &attr), "init");
	must(sem_init(&s->go, 1, 0) | sem_init(&s->done, 1, 0), "sem_init");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		sem_wait(&s->go);
		pthread_mutex_lock(&s->lock);
		s->value++;
		sem_post(&s->done);
		_exit(3);
	}
	must(sem_post(&s->go), "sem_post");
	must(sem_wait(&s->done), "sem_wait");
	int dead = pthread_mutex_lock(&s->lock);
	must(pthread_mutex_consistent(&s->lock), "consistent");
	must(pthread_mutex_unlock(&s->lock), "unlock");
	must(waitpid(pid, &status, 0) != pid, "waitpid");
	printf("owner dead %d, value %d, status %d\n", dead == EOWNERDEAD, s->value, WEXITSTATUS(status));
}

int main(void)
{
	many_add();
	token_ring();
	create_and_cancel();
	kinds_of_mutexes();
	across_processes();
	return 0;
}
