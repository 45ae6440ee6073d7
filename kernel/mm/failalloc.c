/* SPDX-License-Identifier: MIT */
/*
 * Allocation failure on demand. Every allocation of the kernel (a block of frames, a slab object, a
 * kmalloc, a kernel stack) begins with failalloc_hit(). failalloc_arm(n) makes the n-th from now
 * return NULL, once. A test arms 1, 2, 3, ... around the same operation until it succeeds with the
 * switch still armed, and so has seen every failure path in it; the boot option failalloc=N does
 * the same to a whole run.
 *
 * An allocation may begin another one (a slab object that needs a new slab): both count, so that
 * the inner one can fail as well.
 *
 * Cost when disarmed: one increment of a CPU's own counter, one load and one branch not taken. The
 * countdown is shared by all CPUs and atomic; with several CPUs it is not repeatable which
 * allocation is the n-th, with one it is.
 */
#include "mm/mm_impl.h"

volatile uint64_t failalloc_left;
struct alloc_counter alloc_counter[MAX_CPUS];

void failalloc_arm(uint64_t n)
{
	__atomic_store_n(&failalloc_left, n, __ATOMIC_RELAXED);
}

bool failalloc_hit_slow(void)
{
	uint64_t left = __atomic_load_n(&failalloc_left, __ATOMIC_RELAXED);

	while (left > 0)
		if (__atomic_compare_exchange_n(&failalloc_left, &left, left - 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return left == 1;
	return false;
}

uint64_t failalloc_count(void)
{
	uint64_t count = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		count += alloc_counter[cpu].begun;
	return count;
}
