/* SPDX-License-Identifier: MIT */
/* A mutual exclusion lock for threads of one process. All zero is unlocked. */
#ifndef ATLAS_LOCK_H
#define ATLAS_LOCK_H

#include <sys/cdefs.h>

struct lock {
	int held;
};

#define LOCK_INIT { 0 }

__BEGIN_DECLS
/*
 * - a waiter spins a while and then sleeps
 * - not recursive, not fair, and not to be taken in a signal handler
 */
void lock_acquire(struct lock *lock);
int lock_try_acquire(struct lock *lock); /* 1 if it was taken */
void lock_release(struct lock *lock);
__END_DECLS

#endif
