/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks: a word that counts readers.
 *
 *   0 free · 1 .. WRITER - 1 so many readers · WRITER held for writing · bit WAITERS: somebody sleeps
 *
 * Readers prefer themselves: one comes in while others are, though a writer waits (POSIX leaves it open). Whoever frees
 * the lock clears WAITERS and wakes all sleepers, who try again. The writer's number is kept so that locking twice is
 * EDEADLK instead of silence.
 */
#include "pthread_impl.h"

#define WRITER 0x7fffffff
#define WAITERS ((int)0x80000000)

static int word_change(pthread_rwlock_t *l, int from, int to)
{
	return __atomic_compare_exchange_n(&l->__word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* What the word becomes when we get the lock; -1: not now. */
static int wanted(int word, int write)
{
	int held = word & WRITER;

	if (write)
		return held ? -1 : WRITER;
	return held >= WRITER - 1 ? -1 : held + 1;
}

static int try(pthread_rwlock_t *l, int write)
{
	for (;;) {
		int word = __atomic_load_n(&l->__word, __ATOMIC_RELAXED), held = wanted(word, write);

		if (held < 0)
			return (word & WRITER) == WRITER - 1 && !write ? EAGAIN : EBUSY;
		if (word_change(l, word, held | (word & WAITERS)))
			break;
	}
	if (write)
		l->__writer = __thread_tid(thread_self());
	return 0;
}

static int lock(pthread_rwlock_t *l, int write, const struct timespec *until)
{
	int error;

	while ((error = try(l, write)) == EBUSY) {
		int word = __atomic_load_n(&l->__word, __ATOMIC_RELAXED);

		if ((word & WRITER) == WRITER && l->__writer == __thread_tid(thread_self()))
			return EDEADLK;
		if (wanted(word, write) >= 0 || (!(word & WAITERS) && !word_change(l, word, word | WAITERS)))
			continue;
		error = __wait(&l->__word, (unsigned int)(word | WAITERS), CLOCK_REALTIME, until, l->__shared);
		if (error == ETIMEDOUT || error == EINVAL)
			return error;
	}
	return error;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return lock(l, 0, NULL);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return try(l, 0);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *__restrict l, const struct timespec *__restrict until)
{
	return lock(l, 0, until);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return lock(l, 1, NULL);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return try(l, 1);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *__restrict l, const struct timespec *__restrict until)
{
	return lock(l, 1, until);
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	int word, held, shared = l->__shared;

	if ((__atomic_load_n(&l->__word, __ATOMIC_RELAXED) & WRITER) == WRITER)
		l->__writer = 0;
	do {
		word = __atomic_load_n(&l->__word, __ATOMIC_RELAXED);
		held = (word & WRITER) == WRITER ? 0 : (word & WRITER) - 1;
	} while (!word_change(l, word, held ? held | (word & WAITERS) : 0));
	if (!held && word & WAITERS)
		__wake(&l->__word, INT_MAX, shared);
	return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *__restrict l, const pthread_rwlockattr_t *__restrict attr)
{
	*l = (pthread_rwlock_t){ .__shared = attr ? attr->__shared : 0 };
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	return l->__word & WRITER ? EBUSY : 0;
}
