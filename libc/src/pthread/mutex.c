/* SPDX-License-Identifier: MIT */
/*
 * Mutexes. One word says all:
 *
 *   0                          free
 *   tid                        held, nobody waits
 *   tid | WAITERS              held, and whoever gives it back must wake one
 *   OWNER_DIED (| WAITERS)     a robust one whose holder ended; the kernel wrote this (set_robust_list(2))
 *   TID_MASK                   a robust one that was given back without being made consistent: unusable for ever
 *
 * All types are locked alike; they differ in what happens when the holder locks again, and in who may unlock. A
 * thread that has slept takes the lock with WAITERS set, for it cannot know whether others still sleep. Nothing is
 * handed over: a running thread may take a free lock before the one that was woken.
 *
 * A robust mutex hangs in its holder's list, which the kernel walks when the thread ends; `pending` names the one
 * that is just being taken or given back. Only the holder touches the links, so they may lie in memory that processes
 * share, at different addresses. The kernel wakes waiters of dead holders as shared, so all robust ones are waited
 * for as shared.
 *
 * After the word is free the memory may be gone: what unlock needs then is read before.
 */
#include "pthread_impl.h"

#define UNUSABLE ((int)FUTEX_TID_MASK)
#define WAITERS ((int)FUTEX_WAITERS)
#define OWNER_DIED ((int)FUTEX_OWNER_DIED)

static inline int holder(int word) { return word & (int)FUTEX_TID_MASK; }
static inline int is_shared(int kind) { return kind & (KIND_SHARED | KIND_ROBUST); }

static int word_change(pthread_mutex_t *m, int from, int to)
{
	return __atomic_compare_exchange_n(&m->__word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* ---- the list of robust ones ---- */

struct link {
	struct link *next, *prev;
};

static void robust_begin(struct thread_block *self, pthread_mutex_t *m)
{
	if (!self->robust_known) {
		self->robust.next = &self->robust;
		self->robust.offset = (long)offsetof(pthread_mutex_t, __word) - (long)offsetof(pthread_mutex_t, __link);
		self->robust_known = 1;
		raw2(SYS_set_robust_list, &self->robust, sizeof(self->robust));
	}
	__atomic_store_n(&self->robust.pending, (void *)&m->__link, __ATOMIC_SEQ_CST);
}

static void robust_end(struct thread_block *self)
{
	__atomic_store_n(&self->robust.pending, NULL, __ATOMIC_SEQ_CST);
}

/* The head is no struct link: it has no prev. */
static void robust_add(struct thread_block *self, pthread_mutex_t *m)
{
	struct link *l = (struct link *)&m->__link, *next = self->robust.next;

	l->next = next;
	l->prev = (struct link *)&self->robust;
	if ((void *)next != &self->robust)
		next->prev = l;
	__atomic_store_n(&self->robust.next, l, __ATOMIC_SEQ_CST);
}

static void robust_remove(struct thread_block *self, pthread_mutex_t *m)
{
	struct link *l = (struct link *)&m->__link;

	__atomic_store_n(&l->prev->next, l->next, __ATOMIC_SEQ_CST);
	if ((void *)l->next != &self->robust)
		l->next->prev = l->prev;
}

/* What the kernel would do at the end of this thread, for a list that it will not find. */
void __robust_leave(struct thread_block *self)
{
	if (!self->robust_known)
		return;
	for (struct link *l = self->robust.next; (void *)l != &self->robust;) {
		pthread_mutex_t *m = (void *)((char *)l - offsetof(pthread_mutex_t, __link));

		l = l->next;
		if (__atomic_exchange_n(&m->__word, OWNER_DIED, __ATOMIC_SEQ_CST) & WAITERS)
			__wake(&m->__word, 1, 1);
	}
	raw2(SYS_set_robust_list, NULL, sizeof(self->robust));
}

/* ---- taking and giving back ---- */

/* Takes a lock that is not held by this thread. */
static int word_take(pthread_mutex_t *m, int me, clockid_t clock, const struct timespec *until)
{
	int slept = 0;

	for (;;) {
		int word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);

		if (!holder(word)) {
			if (word_change(m, word, me | (word & WAITERS) | slept))
				return word & OWNER_DIED ? EOWNERDEAD : 0;
			continue;
		}
		if (word == UNUSABLE)
			return ENOTRECOVERABLE;
		if (word & WAITERS || word_change(m, word, word | WAITERS)) {
			int error = __wait(&m->__word, (unsigned int)(word | WAITERS), clock, until,
					   is_shared(m->__kind));

			if (error == ETIMEDOUT || error == EINVAL)
				return error;
			slept = WAITERS;
		}
	}
}

static int word_try(pthread_mutex_t *m, int me)
{
	int word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);

	if (word == UNUSABLE)
		return ENOTRECOVERABLE;
	if (holder(word) || !word_change(m, word, me | (word & WAITERS)))
		return EBUSY;
	return word & OWNER_DIED ? EOWNERDEAD : 0;
}

/* The holder locks again: -1 when this type has nothing to say to that. */
static int again(pthread_mutex_t *m, int me, int trying)
{
	int type = m->__kind & KIND_TYPE;

	if (type == PTHREAD_MUTEX_NORMAL || holder(__atomic_load_n(&m->__word, __ATOMIC_RELAXED)) != me)
		return -1;
	if (type == PTHREAD_MUTEX_ERRORCHECK)
		return trying ? EBUSY : EDEADLK;
	if (m->__depth == INT_MAX)
		return EAGAIN;
	m->__depth++;
	return 0;
}

static int lock_with(pthread_mutex_t *m, int trying, clockid_t clock, const struct timespec *until)
{
	struct thread_block *self = thread_self();
	int me = __thread_tid(self), robust = m->__kind & KIND_ROBUST;
	int error = again(m, me, trying);

	if (error >= 0)
		return error;
	if (robust)
		robust_begin(self, m);
	error = trying ? word_try(m, me) : word_take(m, me, clock, until);
	if (!error || error == EOWNERDEAD)
		m->__depth = 0;
	if (error == EOWNERDEAD)
		m->__kind |= KIND_INCONSISTENT;
	if (robust) {
		if (!error || error == EOWNERDEAD)
			robust_add(self, m);
		robust_end(self);
	}
	return error;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	if (m->__kind <= KIND_TYPE && word_change(m, 0, __thread_tid(thread_self())))
		return 0;
	return lock_with(m, 0, CLOCK_REALTIME, NULL);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
	return lock_with(m, 1, CLOCK_REALTIME, NULL);
}

int pthread_mutex_clocklock(pthread_mutex_t *__restrict m, clockid_t clock, const struct timespec *__restrict until)
{
	return lock_with(m, 0, clock, until);
}

int pthread_mutex_timedlock(pthread_mutex_t *__restrict m, const struct timespec *__restrict until)
{
	return lock_with(m, 0, CLOCK_REALTIME, until);
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	struct thread_block *self = thread_self();
	int kind = m->__kind, robust = kind & KIND_ROBUST, unusable = kind & KIND_INCONSISTENT;

	if (kind & (KIND_TYPE | KIND_ROBUST) &&
	    holder(__atomic_load_n(&m->__word, __ATOMIC_RELAXED)) != __thread_tid(self))
		return EPERM;
	if (m->__depth > 0) {
		m->__depth--;
		return 0;
	}
	if (robust) {
		robust_begin(self, m);
		robust_remove(self, m);
		m->__kind &= ~KIND_INCONSISTENT;
	}
	if (__atomic_exchange_n(&m->__word, unusable ? UNUSABLE : 0, __ATOMIC_SEQ_CST) & WAITERS)
		__wake(&m->__word, unusable ? INT_MAX : 1, is_shared(kind));
	if (robust)
		robust_end(self);
	return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
	if (!(m->__kind & KIND_INCONSISTENT) || holder(m->__word) != __thread_tid(thread_self()))
		return EINVAL;
	m->__kind &= ~KIND_INCONSISTENT;
	return 0;
}

int pthread_mutex_init(pthread_mutex_t *__restrict m, const pthread_mutexattr_t *__restrict attr)
{
	*m = (pthread_mutex_t){ .__kind = attr ? attr->__kind : 0 };
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
	return holder(m->__word) && m->__word != UNUSABLE ? EBUSY : 0;
}
