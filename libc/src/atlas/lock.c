/* SPDX-License-Identifier: MIT */
/*
 * struct lock: spin briefly, then give up the processor between tries.
 *
 * Two states: 0 free, 1 held. Taking is an exchange with acquire order, releasing a store with
 * release order, so that what the holder wrote is seen by the next one. A waiter first only reads
 * the word, which keeps its cache line shared, and tries the exchange when it sees it free.
 *
 * Servers hold these locks for a few hundred instructions, and on several CPUs the holder is
 * mostly running, so spinning wins; on one CPU the holder cannot run while we spin, hence
 * sched_yield after SPINS reads. A futex would let a waiter sleep, but needs a third state and
 * a system call in every contended release, and a server on the paging path should depend on as
 * few calls as it can.
 *
 * The lock takes no part in priorities and is not fair.
 */
#include "../internal.h"

#define SPINS 100

int lock_try_acquire(struct lock *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

void lock_acquire(struct lock *lock)
{
	while (!lock_try_acquire(lock)) {
		for (int i = 0; i < SPINS && __atomic_load_n(&lock->held, __ATOMIC_RELAXED); i++)
			__builtin_ia32_pause();
		if (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			raw0(SYS_sched_yield);
	}
}

void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
