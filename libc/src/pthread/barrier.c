/* SPDX-License-Identifier: MIT */
/*
 * Barriers, spin locks, and pthread_once.
 *
 * A barrier has rounds. Arrivals are counted; the last one begins a new round and wakes the others, who sleep on the
 * round's number. Nobody can arrive for the next round before it has begun, so the count needs no lock. Those who were
 * woken count themselves out, which destroy waits for.
 *
 * once:  0 new -> RUNNING (-> RUNNING_AWAITED) -> DONE. When the function is cancelled it is new again.
 */
#include "pthread_impl.h"

int pthread_barrier_init(pthread_barrier_t *__restrict b, const pthread_barrierattr_t *__restrict attr,
			 unsigned int count)
{
	if (count == 0 || count > INT_MAX)
		return EINVAL;
	*b = (pthread_barrier_t){ .__count = count, .__shared = attr ? attr->__shared : 0 };
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	__inside_drain(&b->__leaving, b->__shared);
	return 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	unsigned int round = __atomic_load_n(&b->__round, __ATOMIC_SEQ_CST);
	int shared = b->__shared;

	if (__atomic_add_fetch(&b->__in, 1, __ATOMIC_SEQ_CST) == b->__count) {
		__atomic_store_n(&b->__in, 0, __ATOMIC_RELAXED);
		__atomic_add_fetch(&b->__leaving, b->__count, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&b->__round, 1, __ATOMIC_SEQ_CST);
		__wake(&b->__round, INT_MAX, shared);
		__inside_leave(&b->__leaving, shared);
		return PTHREAD_BARRIER_SERIAL_THREAD;
	}
	while (__atomic_load_n(&b->__round, __ATOMIC_SEQ_CST) == round)
		__wait(&b->__round, round, CLOCK_REALTIME, NULL, shared);
	__inside_leave(&b->__leaving, shared);
	return 0;
}

/* ---- spin locks ---- */

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	(void)shared;
	*lock = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
	(void)lock;
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
	while (pthread_spin_trylock(lock))
		while (__atomic_load_n(lock, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
	return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	return 0;
}

/* ---- once ---- */

enum { NEW, RUNNING, DONE, RUNNING_AWAITED };

static void once_set(pthread_once_t *once, int state)
{
	if (__atomic_exchange_n(once, state, __ATOMIC_SEQ_CST) == RUNNING_AWAITED)
		__wake(once, INT_MAX, 0);
}

static void once_undo(void *once)
{
	once_set(once, NEW);
}

int pthread_once(pthread_once_t *once, void (*function)(void))
{
	for (;;) {
		int state = NEW;

		if (__atomic_load_n(once, __ATOMIC_ACQUIRE) == DONE)
			return 0;
		if (__atomic_compare_exchange_n(once, &state, RUNNING, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			pthread_cleanup_push(once_undo, once);
			function();
			pthread_cleanup_pop(0);
			once_set(once, DONE);
			return 0;
		}
		if (state == RUNNING)
			__atomic_compare_exchange_n(once, &state, RUNNING_AWAITED, 0, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST);
		__wait(once, RUNNING_AWAITED, CLOCK_REALTIME, NULL, 0);
	}
}
