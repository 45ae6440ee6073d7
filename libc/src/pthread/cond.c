/* SPDX-License-Identifier: MIT */
/*
 * Condition variables: a sequence number to sleep on.
 *
 * A waiter counts itself in, reads the number, gives the mutex back and sleeps while the number is still that. signal
 * and broadcast raise the number first and then wake, so a waiter that has yet to fall asleep finds it changed. The
 * kernel wakes first come, first served; hence whoever began to wait after a signal cannot take it from one who
 * waited before. That a sleeper misses exactly 2^32 signals between two instructions is left out of account. Without
 * waiters neither makes a system call.
 *
 * broadcast wakes all of them at once, and they queue up at the mutex. Moving them there (FUTEX_CMP_REQUEUE) would
 * spare wake-ups; it needs the mutex's address, which processes that share a condition variable do not agree on.
 *
 * A waiter leaves the count last, so that destroy can wait for it. When it is cancelled it takes the mutex again before
 * its clean-up handlers run.
 */
#include "pthread_impl.h"

enum { COND_SHARED = 1, COND_MONOTONIC = 2 };

struct waiter {
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
};

static void wait_end(void *arg)
{
	struct waiter *w = arg;

	__inside_leave(&w->cond->__waiters, w->cond->__flags & COND_SHARED);
	pthread_mutex_lock(w->mutex);
}

int pthread_cond_clockwait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m, clockid_t clock,
			   const struct timespec *__restrict until)
{
	struct waiter w = { c, m };
	int shared = c->__flags & COND_SHARED, error, locked;
	unsigned int sequence;

	pthread_testcancel();
	__atomic_add_fetch(&c->__waiters, 1, __ATOMIC_SEQ_CST);
	sequence = __atomic_load_n(&c->__sequence, __ATOMIC_SEQ_CST);
	error = pthread_mutex_unlock(m);
	if (error) {
		__inside_leave(&c->__waiters, shared);
		return error;
	}
	pthread_cleanup_push(wait_end, &w);
	do {
		error = __wait_cancel(&c->__sequence, sequence, clock, until, shared);
	} while (error == EINTR && __atomic_load_n(&c->__sequence, __ATOMIC_SEQ_CST) == sequence);
	pthread_cleanup_pop(0);
	__inside_leave(&c->__waiters, shared);
	locked = pthread_mutex_lock(m);
	if (locked)
		return locked;
	return error == ETIMEDOUT || error == EINVAL ? error : 0;
}

static clockid_t clock_of(const pthread_cond_t *c)
{
	return c->__flags & COND_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

int pthread_cond_wait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m)
{
	return pthread_cond_clockwait(c, m, CLOCK_REALTIME, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m,
			   const struct timespec *__restrict until)
{
	return pthread_cond_clockwait(c, m, clock_of(c), until);
}

static int wake(pthread_cond_t *c, int count)
{
	int shared = c->__flags & COND_SHARED;

	if (!__atomic_load_n(&c->__waiters, __ATOMIC_SEQ_CST))
		return 0;
	__atomic_add_fetch(&c->__sequence, 1, __ATOMIC_SEQ_CST);
	__wake(&c->__sequence, count, shared);
	return 0;
}

int pthread_cond_signal(pthread_cond_t *c)
{
	return wake(c, 1);
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
	return wake(c, INT_MAX);
}

int pthread_cond_init(pthread_cond_t *__restrict c, const pthread_condattr_t *__restrict attr)
{
	*c = (pthread_cond_t){ .__flags = attr ? attr->__flags : 0 };
	return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
	__inside_drain(&c->__waiters, c->__flags & COND_SHARED);
	return 0;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
	attr->__flags = 0;
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *__restrict attr, clockid_t *__restrict clock)
{
	*clock = attr->__flags & COND_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	attr->__flags = (attr->__flags & COND_SHARED) | (clock == CLOCK_MONOTONIC ? COND_MONOTONIC : 0);
	return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *__restrict attr, int *__restrict shared)
{
	*shared = attr->__flags & COND_SHARED;
	return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__flags = (attr->__flags & COND_MONOTONIC) | (shared ? COND_SHARED : 0);
	return 0;
}
