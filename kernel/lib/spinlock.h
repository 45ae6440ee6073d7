/* SPDX-License-Identifier: MIT */
/*
 * Spin locks. The kernel is never interrupted (interrupts are off from entry to exit, see docs/invariants.md), so a
 * spin lock needs no interrupt flag; but a CPU that spins must still answer TLB shootdowns, hence cpu_poll().
 * A lock has a rank; in the checked build taking a lock of a rank not above all held ones panics.
 */
#ifndef LIB_SPINLOCK_H
#define LIB_SPINLOCK_H

#include "lib/types.h"

/* The one order tree (kernel/vm/vm_impl.h draws it): ranks are taken in rising order. Mutexes share it. */
enum lock_rank {
	RANK_NONE,      /* unchecked: the log */
	RANK_PROC_TREE, /* mutex: process table, parents and children */
	RANK_MOUNT,     /* mutex: the mount table */
	RANK_FS,        /* mutex: node cache, devices, the names of a memory filesystem */
	RANK_NODE,      /* mutex: a node's size and attributes while a write extends it */
	RANK_FILE,      /* mutex: an open file's offset; a pipe */
	RANK_FDTABLE,
	RANK_SPACE,     /* mutex: an address space's VMAs */
	RANK_OBJECT,    /* spin: an object's page index and VMA list */
	RANK_LINKS,     /* spin: which leaf page tables hang in a space */
	RANK_TABLE,     /* spin: one leaf page table */
	RANK_QUEUES,    /* spin: page queues */
	RANK_PORT,      /* spin: a port's calls */
	RANK_PROC,      /* spin: a process's signals */
	RANK_POLL,      /* spin: who waits for several files */
	RANK_WAIT,      /* spin: a wait queue, a mutex's own */
	RANK_TIMER,
	RANK_SCHED,     /* spin: a CPU's run queue */
	RANK_HEAP,      /* spin: slab caches */
	RANK_FRAMES,    /* spin: the buddy allocator */
	RANK_KMAP,      /* spin: kernel page tables, stack slots */
};

struct spinlock {
	volatile uint32_t held;
	uint8_t rank;
};

#define SPINLOCK_INIT(r) { 0, (r) }

void cpu_poll(void); /* arch: answer pending shootdowns; pause */
void lock_check_acquire(const void *lock, uint8_t rank); /* checked build; kernel/lib/lockcheck.c */
void lock_check_release(const void *lock);
bool lock_check_held(const void *lock);
struct held_locks *lock_check_stack(void); /* task part: the current thread's, or a static one before threads exist */
void lock_check_none_held(void); /* panics when this CPU's thread holds any lock (before it waits for a server) */

static inline void spin_init(struct spinlock *l, uint8_t rank)
{
	l->held = 0;
	l->rank = rank;
}
static inline bool spin_trylock(struct spinlock *l)
{
	if (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE))
		return false;
	if (CHECKED)
		lock_check_acquire(l, RANK_NONE);
	return true;
}
static inline void spin_lock(struct spinlock *l)
{
	if (CHECKED)
		lock_check_acquire(l, l->rank);
	while (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
		while (l->held)
			cpu_poll();
}
static inline void spin_unlock(struct spinlock *l)
{
	if (CHECKED)
		lock_check_release(l);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}
#define assert_spin_held(l) assert_checked((l)->held)

#endif
