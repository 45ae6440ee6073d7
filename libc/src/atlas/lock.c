/* SPDX-License-Identifier: MIT */
/*
 * struct lock: the lock inside the library (allocator, streams, tables) and of servers.
 *
 * Three states: 0 free, 1 held, 2 held and perhaps awaited. Taking a free lock is an exchange with acquire order,
 * giving back one that nobody awaits an exchange with release order; neither makes a system call. A waiter first only
 * reads the word for a while, which keeps its cache line shared: locks are held for a few hundred instructions, and
 * on several CPUs the holder is mostly running. Then it sets 2 and sleeps on a futex; so a thread that holds a
 * stream's lock while it waits for a terminal costs the others nothing.
 *
 * The lock takes no part in priorities and is not fair.
 */
#include "../internal.h"
#include <abi/misc.h>

#define SPINS 100

enum { FREE, HELD, AWAITED };

int lock_try_acquire(struct lock *lock)
{
	int free = FREE;

	return __atomic_compare_exchange_n(&lock->held, &free, HELD, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void lock_acquire(struct lock *lock)
{
	if (lock_try_acquire(lock))
		return;
	for (int i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) == FREE && lock_try_acquire(lock))
			return;
		__builtin_ia32_pause();
	}
	while (__atomic_exchange_n(&lock->held, AWAITED, __ATOMIC_ACQUIRE) != FREE)
		raw4(SYS_futex, &lock->held, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, AWAITED, 0);
}

void lock_release(struct lock *lock)
{
	if (__atomic_exchange_n(&lock->held, FREE, __ATOMIC_RELEASE) == AWAITED)
		raw3(SYS_futex, &lock->held, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}
