/* SPDX-License-Identifier: MIT */
/*
 * Lock order, checked at every acquisition of the checked build. Every lock has a rank
 * (lib/spinlock.h); ranks may only rise. So two CPUs cannot each hold what the other wants, and a
 * run on one CPU finds the wrong order that would deadlock two, once in a million.
 *
 * The locks held are a short stack, spin locks and mutexes together, that belongs to the thread: a
 * mutex is held over a sleep and the thread may wake on another CPU. Before threads exist there is
 * one static stack. Which one is current is the task part's knowledge (lock_check_stack).
 *
 * A lock taken by trylock cannot deadlock and is recorded with RANK_NONE: it constrains nothing
 * that comes after it, and is found by the questions "is it held" and "is none held" all the same.
 *
 * Locks may be released in any order. Everything here is a panic, for it is always our bug; the
 * message has the ranks and the addresses, and the return addresses that follow it say where.
 *
 * In the plain build nobody calls these functions.
 */
#include "lib/log.h"
#include "lib/spinlock.h"
#include "task/task.h" /* struct held_locks, the only thing from above */

static const char *rank_name(uint8_t rank)
{
	static const char *const name[] = {
		"none", "process tree", "fs", "node", "file", "fd table", "space", "object", "table",
		"queues", "port", "process", "wait", "timer", "sched", "heap", "frames", "kmap",
	};

	return rank < ARRAY_SIZE(name) ? name[rank] : "?";
}

void lock_check_acquire(const void *lock, uint8_t rank)
{
	struct held_locks *held = lock_check_stack();

	for (unsigned i = 0; i < held->depth; i++) {
		if (held->lock[i] == lock)
			panic("lock %p (%s) is taken twice", lock, rank_name(rank));
		if (rank != RANK_NONE && held->rank[i] >= rank)
			panic("lock order: %p (%s) is taken while %p (%s) is held",
			      lock, rank_name(rank), held->lock[i], rank_name(held->rank[i]));
	}
	if (held->depth == ARRAY_SIZE(held->lock))
		panic("more than %u locks are held", held->depth);
	held->lock[held->depth] = lock;
	held->rank[held->depth] = rank;
	held->depth++;
}

/* The position of a lock in the stack, or its depth. */
static unsigned position(const struct held_locks *held, const void *lock)
{
	unsigned i = 0;

	while (i < held->depth && held->lock[i] != lock)
		i++;
	return i;
}

void lock_check_release(const void *lock)
{
	struct held_locks *held = lock_check_stack();
	unsigned i = position(held, lock);

	if (i == held->depth)
		panic("lock %p is released but not held", lock);
	held->depth--;
	for (; i < held->depth; i++) {
		held->lock[i] = held->lock[i + 1];
		held->rank[i] = held->rank[i + 1];
	}
}

bool lock_check_held(const void *lock)
{
	const struct held_locks *held = lock_check_stack();

	return position(held, lock) < held->depth;
}

void lock_check_none_held(void)
{
	const struct held_locks *held = lock_check_stack();

	if (held->depth > 0)
		panic("a wait for a server begins while %u locks are held, the last one %p (%s)",
		      held->depth, held->lock[held->depth - 1], rank_name(held->rank[held->depth - 1]));
}
