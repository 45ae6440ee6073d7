/* SPDX-License-Identifier: MIT */
/* What the files of this folder share: waiting on words, and draining an object before it is destroyed. */
#ifndef PTHREAD_IMPL_H
#define PTHREAD_IMPL_H

#include "../internal.h"
#include <abi/misc.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>

enum thread_state { THREAD_JOINABLE, THREAD_DETACHED, THREAD_ENDED };

/* The kind of a mutex: its type, and what else. */
enum { KIND_TYPE = 3, KIND_ROBUST = 4, KIND_SHARED = 8, KIND_INCONSISTENT = 16 };

/*
 * futex.c. Sleeps while *word is val, until somebody wakes it or the clock shows `until` (null: for ever).
 * Returns 0, EAGAIN, EINTR, ETIMEDOUT or EINVAL. __wait_cancel may also end in cancellation.
 */
int __wait(volatile void *word, unsigned int val, clockid_t clock, const struct timespec *until, int shared);
int __wait_cancel(volatile void *word, unsigned int val, clockid_t clock, const struct timespec *until,
		  int shared);
void __wake(volatile void *word, int count, int shared);

/*
 * Objects that may be destroyed as soon as the last waiter has been woken, but not returned: waiters count themselves
 * in a word and leave it last; whoever destroys waits until nobody is inside.
 */
void __inside_leave(unsigned int *inside, int shared);
void __inside_drain(unsigned int *inside, int shared);

/* create.c */
_Noreturn void __thread_leave(struct thread_block *self);
int __thread_start(const pthread_attr_t *attr, void *(*function)(void *), void *arg,
		   struct thread_block **made, int *number);
int __thread_join(struct thread_block *t, void **result, const struct timespec *until);

/* key.c, cancel.c, mutex.c: at the end of a thread */
void __keys_destroy(struct thread_block *self);
void __robust_leave(struct thread_block *self);
_Noreturn void __thread_cancelled(void);

#endif
