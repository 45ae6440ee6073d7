/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a word, and the one question that waiting leaves: when may the word's memory go?
 *
 * A wait ends with a reason; the callers look at their words again and decide. Deadlines are points in time of
 * CLOCK_REALTIME or CLOCK_MONOTONIC. A word that processes share is marked as such, since only then the kernel looks
 * for what is mapped there.
 *
 * POSIX lets a condition variable or barrier be destroyed when its waiters have been woken, though some of them have
 * yet to look at it. So they count themselves: `inside` is their number, and DRAINING is set by who waits for it to
 * fall to none. The last one out touches the word once more only to wake, which may hit memory that is gone, and is
 * harmless.
 */
#include "pthread_impl.h"
#include <stdbool.h>

#define DRAINING 0x80000000u
#define NSEC_PER_SEC 1000000000l

static int prepare(clockid_t clock, const struct timespec *until, int shared, long *op)
{
	*op = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG);
	if (!until)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	if (until->tv_nsec < 0 || until->tv_nsec >= NSEC_PER_SEC)
		return EINVAL;
	if (until->tv_sec < 0)
		return ETIMEDOUT;
	if (clock == CLOCK_REALTIME)
		*op |= FUTEX_CLOCK_REALTIME;
	return 0;
}

int __wait(volatile void *word, unsigned int val, clockid_t clock, const struct timespec *until, int shared)
{
	long op;
	int error = prepare(clock, until, shared, &op);

	return error ? error : (int)-raw6(SYS_futex, word, op, val, until, 0, FUTEX_BITSET_MATCH_ANY);
}

int __wait_cancel(volatile void *word, unsigned int val, clockid_t clock, const struct timespec *until, int shared)
{
	long op;
	int error = prepare(clock, until, shared, &op);

	if (error)
		return error;
	return (int)-__cancel_call(SYS_futex, (long)word, op, val, (long)until, 0, FUTEX_BITSET_MATCH_ANY);
}

void __wake(volatile void *word, int count, int shared)
{
	raw3(SYS_futex, word, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG), count);
}

void __inside_leave(unsigned int *inside, int shared)
{
	if (__atomic_sub_fetch(inside, 1, __ATOMIC_SEQ_CST) == DRAINING)
		__wake(inside, INT_MAX, shared);
}

void __inside_drain(unsigned int *inside, int shared)
{
	unsigned int now = __atomic_or_fetch(inside, DRAINING, __ATOMIC_SEQ_CST);

	while (now != DRAINING) {
		__wait(inside, now, CLOCK_REALTIME, NULL, shared);
		now = __atomic_load_n(inside, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(inside, 0, __ATOMIC_RELAXED);
}
