/* SPDX-License-Identifier: MIT */
/*
 * Mutexes of every type, condition variables, read-write locks, barriers, spin locks and semaphores exclude, wait, time
 * out and refuse as POSIX says; between threads, and between processes that share them.
 */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "check.h"

#define THREADS 4
#define ROUNDS 3000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t sem;
static long counter;
static int queue[8], queued;

static struct timespec soon(clockid_t clock, long ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void together(void *(*function)(void *))
{
	pthread_t t[THREADS];
	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, function, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

/* ---- exclusion: each kind of lock guards the counter ---- */

static void *with_mutex(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(pthread_mutex_lock(&mutex) == 0);
		long now = counter;
		if (i % 64 == 0)
			sched_yield();
		counter = now + 1;
		CHECK(pthread_mutex_unlock(&mutex) == 0);
	}
	return arg;
}

static void *with_spin(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(pthread_spin_lock(&spin) == 0);
		counter++;
		CHECK(pthread_spin_unlock(&spin) == 0);
	}
	return arg;
}

static void *with_semaphore(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(sem_wait(&sem) == 0);
		counter++;
		CHECK(sem_post(&sem) == 0);
	}
	return arg;
}

/* The first two write, the others look whether a writer is there. */
static void *with_rwlock(void *arg)
{
	static volatile int writing;
	for (int i = 0; i < ROUNDS; i++) {
		if ((long)arg < 2) {
			CHECK(pthread_rwlock_wrlock(&rwlock) == 0);
			CHECK(!writing);
			writing = 1;
			counter++;
			writing = 0;
		} else {
			CHECK(pthread_rwlock_rdlock(&rwlock) == 0);
			CHECK(!writing);
		}
		CHECK(pthread_rwlock_unlock(&rwlock) == 0);
	}
	return arg;
}

static void *with_barrier(void *arg)
{
	int serial = 0;
	for (int i = 0; i < 200; i++) {
		int result = pthread_barrier_wait(&barrier);
		CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
		serial += result != 0;
		__atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&barrier);
		CHECK(__atomic_load_n(&counter, __ATOMIC_SEQ_CST) == (i + 1) * THREADS);
		pthread_barrier_wait(&barrier);
	}
	return arg;
}

static void excluded(void *(*function)(void *), long expected)
{
	counter = 0;
	together(function);
	CHECK(counter == expected);
}

static void exclusion(void)
{
	pthread_mutexattr_t attr;
	CHECK(sem_init(&sem, 0, 1) == 0 && pthread_spin_init(&spin, 0) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0 && pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
	for (int type = PTHREAD_MUTEX_NORMAL; type <= PTHREAD_MUTEX_ERRORCHECK; type++)
		for (int robust = 0; robust < 2; robust++) {
			CHECK(pthread_mutexattr_init(&attr) == 0 && pthread_mutexattr_settype(&attr, type) == 0);
			CHECK(pthread_mutexattr_setrobust(&attr, robust) == 0 && pthread_mutex_init(&mutex, &attr) == 0);
			excluded(with_mutex, THREADS * ROUNDS);
			CHECK(pthread_mutex_destroy(&mutex) == 0);
		}
	mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	excluded(with_spin, THREADS * ROUNDS);
	excluded(with_semaphore, THREADS * ROUNDS);
	excluded(with_rwlock, 2 * ROUNDS);
	excluded(with_barrier, 200 * THREADS);
	CHECK(pthread_barrier_destroy(&barrier) == 0);
}

/* ---- what each type refuses ---- */

static void *tries(void *arg)
{
	struct timespec until = soon(CLOCK_REALTIME, 20), monotonic = soon(CLOCK_MONOTONIC, 20), bad = { 0, 1000000000 };
	pthread_mutex_t *m = arg;
	CHECK(pthread_mutex_trylock(m) == EBUSY);
	CHECK(pthread_mutex_timedlock(m, &until) == ETIMEDOUT);
	CHECK(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT);
	CHECK(pthread_mutex_timedlock(m, &bad) == EINVAL);
	return arg;
}

static void from_another_thread(void *(*function)(void *), void *arg)
{
	pthread_t t;
	CHECK(pthread_create(&t, NULL, function, arg) == 0 && pthread_join(t, NULL) == 0);
}

static void *unlocks(void *arg)
{
	CHECK(pthread_mutex_unlock(arg) == EPERM);
	return arg;
}

static void types(void)
{
	pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER, recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pthread_mutex_t *all[] = { &normal, &recursive, &checking };
	pthread_mutexattr_t attr;

	for (int i = 0; i < 3; i++) {
		CHECK(pthread_mutex_lock(all[i]) == 0);
		from_another_thread(tries, all[i]);
		CHECK(pthread_mutex_destroy(all[i]) == EBUSY);
	}
	CHECK(pthread_mutex_trylock(&normal) == EBUSY && pthread_mutex_trylock(&checking) == EBUSY);
	CHECK(pthread_mutex_lock(&checking) == EDEADLK);
	CHECK(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_trylock(&recursive) == 0);
	from_another_thread(unlocks, &checking);
	from_another_thread(unlocks, &recursive);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_mutex_unlock(&recursive) == 0);
	CHECK(pthread_mutex_unlock(&normal) == 0 && pthread_mutex_unlock(&checking) == 0);
	CHECK(pthread_mutex_unlock(&recursive) == EPERM && pthread_mutex_unlock(&checking) == EPERM);
	CHECK(pthread_mutexattr_init(&attr) == 0 && pthread_mutexattr_settype(&attr, 9) == EINVAL);
	CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, 2) == EINVAL);
}

/* ---- dead owners ---- */

static void *locks_and_ends(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == 0);
	return arg;
}

static void robust(void)
{
	pthread_mutex_t m;
	pthread_mutexattr_t attr;
	pthread_t t;

	CHECK(pthread_mutexattr_init(&attr) == 0 && pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutex_init(&m, &attr) == 0);
	from_another_thread(locks_and_ends, &m);
	CHECK(pthread_mutex_lock(&m) == EOWNERDEAD && pthread_mutex_consistent(&m) == 0);
	CHECK(pthread_mutex_consistent(&m) == EINVAL && pthread_mutex_unlock(&m) == 0);
	from_another_thread(locks_and_ends, &m);
	CHECK(pthread_mutex_trylock(&m) == EOWNERDEAD && pthread_mutex_consistent(&m) == 0);
	CHECK(pthread_mutex_unlock(&m) == 0);
	/* Detached: its block is unmapped before it ends. */
	CHECK(pthread_create(&t, NULL, locks_and_ends, &m) == 0 && pthread_detach(t) == 0);
	int error;
	while ((error = pthread_mutex_lock(&m)) == 0) { /* until it has come */
		CHECK(pthread_mutex_unlock(&m) == 0);
		usleep(1000);
	}
	CHECK(error == EOWNERDEAD);
	CHECK(pthread_mutex_unlock(&m) == 0); /* and not made consistent */
	CHECK(pthread_mutex_lock(&m) == ENOTRECOVERABLE && pthread_mutex_trylock(&m) == ENOTRECOVERABLE);
}

/* ---- condition variables ---- */

static void *producer(void *arg)
{
	for (int i = 1; i <= 500; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == 8)
			pthread_cond_wait(&cond, &mutex);
		queue[queued++] = i;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void *consumer(void *arg)
{
	for (int i = 1; i <= 500; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == 0)
			pthread_cond_wait(&cond, &mutex);
		counter += queue[--queued];
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void *either(void *arg) { return (long)arg % 2 ? producer(arg) : consumer(arg); }

static void *waits_once(void *arg)
{
	pthread_mutex_lock(&mutex);
	counter++;
	CHECK(pthread_cond_wait(&cond, &mutex) == 0);
	counter += 100;
	pthread_mutex_unlock(&mutex);
	return arg;
}

/* Each signal wakes one at least; the last one may destroy it. */
static void signals(void)
{
	pthread_t t[THREADS];
	counter = 0;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, waits_once, NULL) == 0);
	for (long ended = 0; ended < THREADS;) {
		pthread_mutex_lock(&mutex);
		ended = counter / 100;
		if (counter % 100 == THREADS)
			pthread_cond_signal(&cond);
		pthread_mutex_unlock(&mutex);
		sched_yield();
	}
	CHECK(pthread_cond_destroy(&cond) == 0);
	memset(&cond, 0x55, sizeof(cond));
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

static void conditions(void)
{
	struct timespec until = soon(CLOCK_REALTIME, 30), monotonic = soon(CLOCK_MONOTONIC, 30), now;
	pthread_condattr_t attr;
	pthread_cond_t timed;

	counter = 0;
	together(either);
	CHECK(counter == 2 * 500 * 501 / 2 && queued == 0);
	signals();
	CHECK(pthread_mutex_lock(&mutex) == 0);
	CHECK(pthread_cond_timedwait(&cond, &mutex, &until) == ETIMEDOUT);
	CHECK(pthread_condattr_init(&attr) == 0 && pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID) == EINVAL);
	CHECK(pthread_cond_init(&timed, &attr) == 0 && pthread_cond_timedwait(&timed, &mutex, &monotonic) == ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &now);
	CHECK(now.tv_sec > monotonic.tv_sec || (now.tv_sec == monotonic.tv_sec && now.tv_nsec >= monotonic.tv_nsec));
	CHECK(pthread_mutex_trylock(&mutex) == EBUSY && pthread_mutex_unlock(&mutex) == 0);
}

/* ---- read-write locks and semaphores: refusals ---- */

static void *tries_rwlock(void *arg)
{
	struct timespec until = soon(CLOCK_REALTIME, 10);
	CHECK(pthread_rwlock_trywrlock(&rwlock) == EBUSY && pthread_rwlock_timedwrlock(&rwlock, &until) == ETIMEDOUT);
	CHECK(pthread_rwlock_tryrdlock(&rwlock) == (arg ? 0 : EBUSY));
	if (arg)
		CHECK(pthread_rwlock_unlock(&rwlock) == 0);
	else
		CHECK(pthread_rwlock_timedrdlock(&rwlock, &until) == ETIMEDOUT);
	return arg;
}

static void nothing(int signo) { (void)signo; }

static void refusals(void)
{
	struct timespec until = soon(CLOCK_REALTIME, 10), bad = { 0, -1 };
	struct sigaction sa = { .sa_handler = nothing };
	int value;

	CHECK(pthread_rwlock_rdlock(&rwlock) == 0 && pthread_rwlock_rdlock(&rwlock) == 0);
	from_another_thread(tries_rwlock, &rwlock);
	CHECK(pthread_rwlock_unlock(&rwlock) == 0 && pthread_rwlock_unlock(&rwlock) == 0);
	CHECK(pthread_rwlock_wrlock(&rwlock) == 0 && pthread_rwlock_wrlock(&rwlock) == EDEADLK);
	from_another_thread(tries_rwlock, NULL);
	CHECK(pthread_rwlock_unlock(&rwlock) == 0 && pthread_rwlock_destroy(&rwlock) == 0);

	FAILS(sem_init(&sem, 0, SEM_VALUE_MAX + 1u), EINVAL);
	CHECK(sem_init(&sem, 0, SEM_VALUE_MAX) == 0);
	FAILS(sem_post(&sem), EOVERFLOW);
	CHECK(sem_init(&sem, 0, 2) == 0 && sem_trywait(&sem) == 0 && sem_wait(&sem) == 0);
	FAILS(sem_trywait(&sem), EAGAIN);
	FAILS(sem_timedwait(&sem, &until), ETIMEDOUT);
	FAILS(sem_timedwait(&sem, &bad), EINVAL);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	pid_t parent = getpid(), pid = fork();
	while (pid == 0) { /* until it is killed: one of them will find the parent waiting */
		usleep(20000);
		kill(parent, SIGUSR1);
	}
	FAILS(sem_wait(&sem), EINTR);
	signal(SIGUSR1, SIG_IGN); /* another one may be on its way */
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(sem_getvalue(&sem, &value) == 0 && value == 0 && sem_post(&sem) == 0);
	CHECK(sem_getvalue(&sem, &value) == 0 && value == 1 && sem_destroy(&sem) == 0);
}

/* ---- between processes ---- */

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	pthread_barrier_t barrier;
	sem_t sem;
	int turn, killed;
	long in_turns, written; /* by mutex; by rwlock: the processes need not be at the same part */
};

static void shared_init(struct shared *s)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;
	pthread_rwlockattr_t r;
	pthread_barrierattr_t b;

	CHECK(pthread_mutexattr_init(&m) == 0 && pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST) == 0 && pthread_mutex_init(&s->mutex, &m) == 0);
	CHECK(pthread_condattr_init(&c) == 0 && pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_cond_init(&s->cond, &c) == 0);
	CHECK(pthread_rwlockattr_init(&r) == 0 && pthread_rwlockattr_setpshared(&r, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_rwlock_init(&s->rwlock, &r) == 0);
	CHECK(pthread_barrierattr_init(&b) == 0 && pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_barrier_init(&s->barrier, &b, 2) == 0);
	CHECK(sem_init(&s->sem, 1, 0) == 0);
}

/* Both processes: in turns by mutex and condition, then through each of the others. */
static void takes_part(struct shared *s, int me)
{
	for (int i = 0; i < 300; i++) {
		CHECK(pthread_mutex_lock(&s->mutex) == 0);
		while (s->turn != me)
			CHECK(pthread_cond_wait(&s->cond, &s->mutex) == 0);
		s->turn = !me;
		s->in_turns++;
		CHECK(pthread_cond_signal(&s->cond) == 0 && pthread_mutex_unlock(&s->mutex) == 0);
	}
	for (int i = 0; i < 300; i++) {
		CHECK(pthread_rwlock_wrlock(&s->rwlock) == 0);
		s->written++;
		CHECK(pthread_rwlock_unlock(&s->rwlock) == 0);
	}
	for (int i = 0; i < 100; i++)
		pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < 100; i++)
		CHECK((me ? sem_post(&s->sem) : sem_wait(&s->sem)) == 0);
}

static void between_processes(struct shared *s, struct shared *again)
{
	int status;
	shared_init(s);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		takes_part(again, 1);
		_exit(0);
	}
	takes_part(s, 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(s->in_turns == 600 && s->written == 600);

	/* One is killed while it holds the mutex and the other waits. */
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(pthread_mutex_lock(&again->mutex) == 0);
		sem_post(&again->sem);
		pause();
	}
	CHECK(sem_wait(&s->sem) == 0 && pthread_mutex_trylock(&s->mutex) == EBUSY);
	pid_t killer = fork();
	CHECK(killer >= 0);
	if (killer == 0) {
		usleep(50000);
		_exit(kill(pid, SIGKILL));
	}
	CHECK(pthread_mutex_lock(&s->mutex) == EOWNERDEAD && pthread_mutex_consistent(&s->mutex) == 0);
	CHECK(pthread_mutex_unlock(&s->mutex) == 0 && pthread_mutex_lock(&s->mutex) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid && waitpid(killer, &status, 0) == killer && status == 0);
	CHECK(pthread_mutex_unlock(&s->mutex) == 0);
}

static void named(void)
{
	sem_t *a, *b;
	int value;

	sem_unlink("/atlas-test");
	FAILS(sem_unlink("/atlas-test"), ENOENT);
	FAILS(sem_open("/atlas-test", 0) == SEM_FAILED ? -1 : 0, ENOENT);
	FAILS(sem_open("/", O_CREAT, 0600, 1u) == SEM_FAILED ? -1 : 0, ENOENT);
	a = sem_open("/atlas-test", O_CREAT | O_EXCL, 0600, 3u);
	CHECK(a != SEM_FAILED);
	FAILS(sem_open("/atlas-test", O_CREAT | O_EXCL, 0600, 3u) == SEM_FAILED ? -1 : 0, EEXIST);
	b = sem_open("/atlas-test", O_CREAT, 0600, 9u);
	CHECK(a == b && sem_getvalue(b, &value) == 0 && value == 3 && sem_close(b) == 0);
	CHILD_PASSES({
		sem_t *c = sem_open("/atlas-test", 0);
		CHECK(c != SEM_FAILED && sem_post(c) == 0);
		CHECK(sem_close(c) == 0);
	});
	CHECK(sem_getvalue(a, &value) == 0 && value == 4);
	CHECK(sem_unlink("/atlas-test") == 0 && sem_post(a) == 0 && sem_close(a) == 0);
	FAILS(sem_close(a), EINVAL);
}

int main(void)
{
	int fd = make_file("shared", PAGE);
	exclusion();
	types();
	robust();
	conditions();
	refusals();
	struct shared *anonymous = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	between_processes(anonymous, anonymous);
	memset(anonymous, 0, sizeof(*anonymous));
	struct shared *one = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct shared *two = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(one, 0, sizeof(*one));
	between_processes(one, two);
	named();
	return 0;
}
