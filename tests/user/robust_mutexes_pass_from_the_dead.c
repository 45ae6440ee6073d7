/* SPDX-License-Identifier: MIT */
/*
 * Whoever ends holding a robust mutex, a thread or a process, by returning, cancelled, killed or running another
 * program, leaves it to the next: who locks it, or waits for it, gets EOWNERDEAD and makes it consistent; when that is
 * left out it is ENOTRECOVERABLE for everybody. In private memory, in anonymous shared memory and in a file.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#define MANY 32

static struct shared {
	pthread_mutex_t many[MANY];
	pthread_cond_t cond;
	volatile int held, waiting, count;
} *s;

static pthread_mutex_t *lock; /* the first of them */

static void init(int shared)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;

	memset(s, 0, sizeof *s);
	CHECK(pthread_mutexattr_init(&m) == 0 && pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutexattr_setpshared(&m, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_condattr_init(&c) == 0);
	CHECK(pthread_condattr_setpshared(&c, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE) == 0);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_mutex_init(&s->many[i], &m) == 0);
	CHECK(pthread_cond_init(&s->cond, &c) == 0);
	lock = &s->many[0];
}

/* ---- owners, each ending in its way ---- */

static void take(void)
{
	CHECK(pthread_mutex_lock(lock) == 0);
	s->held = 1;
}

static void while_another_waits(void)
{
	for (int i = 0; i < 2000 && !s->waiting; i++)
		usleep(1000);
	usleep(20000);
}

static void stays(void)
{
	for (;;)
		pause();
}

static void *returns(void *arg)
{
	take(), while_another_waits();
	return arg;
}

static void *exits(void *arg)
{
	take(), while_another_waits();
	pthread_exit(arg);
}

static void *leaves(void *arg)
{
	take(), while_another_waits();
	syscall(SYS_exit, 0);
	return arg;
}

static void *is_cancelled(void *arg)
{
	take(), stays();
	return arg;
}

static void *(*const threads[])(void *) = { returns, exits, leaves, is_cancelled };

enum end { EXITS, KILLED, SEGFAULTS, EXECUTES, ANOTHER_EXECUTES, ENDS };

static void *executes(void *arg)
{
	execl("/proc/self/exe", "test", "again", NULL);
	_exit(1);
	return arg;
}

static void ends_by(enum end end)
{
	pthread_t t;

	take(), while_another_waits();
	switch (end) {
	case EXITS:
		_exit(0);
	case SEGFAULTS:
		raise(SIGSEGV);
		break;
	case EXECUTES:
		executes(NULL);
		break;
	case ANOTHER_EXECUTES:
		CHECK(pthread_create(&t, NULL, executes, NULL) == 0);
		break;
	default:
		break;
	}
	stays();
}

/* ---- the next ---- */

/* The lock of an owner that is ending; -> what the call returned. */
static int next_locks(int patiently)
{
	struct timespec until;

	while (!s->held)
		usleep(1000);
	s->waiting = 1;
	if (!patiently)
		return pthread_mutex_lock(lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	return pthread_mutex_timedlock(lock, &until);
}

static void is_usable_again(void)
{
	CHECK(pthread_mutex_consistent(lock) == 0 && pthread_mutex_consistent(lock) == EINVAL);
	CHECK(pthread_mutex_unlock(lock) == 0);
	CHECK(pthread_mutex_trylock(lock) == 0 && pthread_mutex_unlock(lock) == 0);
}

static void is_lost(void)
{
	CHECK(pthread_mutex_unlock(lock) == 0); /* not consistent */
	CHECK(pthread_mutex_lock(lock) == ENOTRECOVERABLE && pthread_mutex_trylock(lock) == ENOTRECOVERABLE);
	CHECK(pthread_mutex_consistent(lock) == EINVAL);
}

static void a_thread_ends(void *(*owner)(void *), int shared, int lost)
{
	pthread_t t;

	init(shared);
	CHECK(pthread_create(&t, NULL, owner, NULL) == 0);
	if (owner == is_cancelled) {
		while (!s->held)
			usleep(1000);
		CHECK(pthread_cancel(t) == 0);
	}
	CHECK(next_locks(lost) == EOWNERDEAD);
	(lost ? is_lost : is_usable_again)();
	if (owner == leaves)
		CHECK(pthread_detach(t) == 0); /* what it should have done at its end it has not */
	else
		CHECK(pthread_join(t, NULL) == 0);
}

static void a_process_ends(enum end end, int lost)
{
	int status;

	init(1);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		ends_by(end);
	if (end == KILLED) {
		while (!s->held)
			usleep(1000);
		CHECK(kill(pid, SIGKILL) == 0);
	}
	CHECK(next_locks(lost) == EOWNERDEAD);
	(lost ? is_lost : is_usable_again)();
	CHECK(waitpid(pid, &status, 0) == pid);
}

/* ---- several at once ---- */

static void many_are_held_by_one(void)
{
	init(1);
	DIES_BY(SIGKILL, {
		for (int i = 0; i < MANY; i++)
			CHECK(pthread_mutex_lock(&s->many[i]) == 0);
		for (int i = 0; i < MANY; i += 3) /* given back in the middle of the list */
			CHECK(pthread_mutex_unlock(&s->many[i]) == 0);
		kill(getpid(), SIGKILL);
	});
	for (int i = 0; i < MANY; i++) {
		CHECK(pthread_mutex_lock(&s->many[i]) == (i % 3 ? EOWNERDEAD : 0));
		CHECK(i % 3 == 0 || pthread_mutex_consistent(&s->many[i]) == 0);
		CHECK(pthread_mutex_unlock(&s->many[i]) == 0);
	}
}

/* Everybody who gets it is killed with it: each death is told to exactly one. */
static void owners_die_in_a_row(void)
{
	enum { OWNERS = 12 };
	int status, killed = 0;

	init(1);
	for (int i = 0; i < OWNERS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			int error = pthread_mutex_lock(lock);
			CHECK(error == (s->count ? EOWNERDEAD : 0));
			CHECK(!error || pthread_mutex_consistent(lock) == 0);
			s->count++;
			kill(getpid(), SIGKILL);
		}
	}
	while (wait(&status) > 0)
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	CHECK(killed == OWNERS && s->count == OWNERS);
	CHECK(pthread_mutex_lock(lock) == EOWNERDEAD);
	is_usable_again();
}

/* All who wait learn that it is lost. */
static void nobody_waits_for_what_is_lost(void)
{
	enum { WAITERS = 5 };
	int status, passed = 0;

	init(1);
	CHILD_PASSES(take());
	CHECK(pthread_mutex_lock(lock) == EOWNERDEAD);
	for (int i = 0; i < WAITERS; i++)
		if (fork() == 0)
			_exit(pthread_mutex_lock(lock) == ENOTRECOVERABLE ? 0 : 1);
	usleep(50000);
	CHECK(pthread_mutex_unlock(lock) == 0);
	while (wait(&status) > 0)
		passed += status == 0;
	CHECK(passed == WAITERS);
}

/* A waiter of a condition comes back to a mutex whose owner has died. */
static void a_condition_comes_back_with_it(void)
{
	int status;

	init(1);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		take();
		int error = pthread_cond_wait(&s->cond, lock);
		CHECK(error == EOWNERDEAD && pthread_mutex_consistent(lock) == 0);
		_exit(pthread_mutex_unlock(lock));
	}
	while (!s->held)
		usleep(1000);
	CHILD_PASSES({
		CHECK(pthread_mutex_lock(lock) == 0); /* so it waits */
		CHECK(pthread_cond_broadcast(&s->cond) == 0);
		usleep(20000);
	});
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void everywhere(void)
{
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
		for (int lost = 0; lost < 2; lost++)
			a_thread_ends(threads[i], 1, lost);
	for (enum end end = EXITS; end < ENDS; end++)
		for (int lost = 0; lost < 2; lost++)
			a_process_ends(end, lost);
	many_are_held_by_one();
	owners_die_in_a_row();
	nobody_waits_for_what_is_lost();
	a_condition_comes_back_with_it();
}

int main(int argc, char **argv)
{
	static struct shared private;

	(void)argv;
	if (argc > 1)
		return 0;
	s = &private;
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
		a_thread_ends(threads[i], 0, 0);
	s = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	everywhere();
	s = (struct shared *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, make_file("locks", PAGE), 0);
	everywhere();
	return 0;
}
