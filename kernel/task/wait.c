/* SPDX-License-Identifier: MIT */
/*
 * Waiting: the one protocol by which threads sleep and are woken, wait queues, and mutexes built on it.
 *
 *   sleeper                                  waker (queue, timer, signal, reply)
 *   wait_begin: wake = WAITING
 *   hang itself where wakers look            change the condition
 *   let go of the lock of the condition      find the thread there
 *   wait_end: look for signals, sleep        thread_claim: WAITING -> NORMAL | SIGNAL | TIMEOUT; if it succeeds, sched_ready
 *   unhang itself, look at thread.wake
 *
 * The compare-and-exchange in thread_claim decides which of several wakers ended the wait, so a thread becomes ready
 * exactly once, and a waker that loses goes on to the next sleeper: no wake-up is lost to a thread that a signal has
 * already taken. A signal or a timer never touches the queue (which may be gone when they come), only the thread.
 *
 * Why none is lost: the condition changes under a lock that the sleeper holds until it hangs in the queue; a signal
 * first sets thread.pending and then looks at thread.wake, the sleeper writes wake first and then looks at pending,
 * both with full barriers.
 *
 * Mutex: owner is the thread, NULL when free. unlock stores NULL and then looks for sleepers; a sleeper hangs itself
 * in the queue and then tries once more. Ownership is not handed over: the woken thread tries again, so a running
 * thread never waits for one that has yet to be scheduled. Rejected: spinning on a running owner, which needs the
 * owner's state and pays only under contention that a teaching system does not have.
 *
 * Locks: a queue's own (RANK_WAIT), leaf but for the run queues.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "lib/log.h"

void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock, RANK_WAIT);
	list_init(&q->waiters);
	q->wakes = 0;
}

bool thread_wake(struct thread *t, enum wake_reason why)
{
	if (!thread_claim(t, why))
		return false;
	sched_ready(t);
	return true;
}

static bool wait_refused(struct thread *t)
{
	if (likely(!t->pending) || t->wait_how == WAIT_ALWAYS)
		return false;
	return t->wait_how == WAIT_KILLABLE ? thread_killed() : thread_interrupted();
}

int wait_end(struct thread *next, uint64_t deadline_ns)
{
	struct thread *t = thread_current();
	if (unlikely(wait_refused(t)) && thread_claim(t, WAKE_SIGNAL)) {
		t->state = THREAD_RUNNING;
		if (next)
			sched_ready(next);
		return -EINTR;
	}
	if (deadline_ns != NO_DEADLINE)
		timer_set(&t->timer, deadline_ns);
	if (next)
		sched_switch_to(next);
	else
		sched_block();
	if (deadline_ns != NO_DEADLINE)
		timer_cancel(&t->timer);
	return t->wake == WAKE_NORMAL ? 0 : t->wake == WAKE_TIMEOUT ? -ETIMEDOUT : -EINTR;
}

static void queue_enter(struct wait_queue *q, enum wait_how how)
{
	spin_lock(&q->lock);
	wait_begin(how);
	list_push_back(&q->waiters, &thread_current()->wait_link);
	spin_unlock(&q->lock);
}

static void queue_leave(struct wait_queue *q)
{
	spin_lock(&q->lock);
	list_remove(&thread_current()->wait_link);
	spin_unlock(&q->lock);
}

int wait_on(struct wait_queue *q, struct spinlock *held, enum wait_how how, uint64_t deadline_ns)
{
	queue_enter(q, how);
	if (held)
		spin_unlock(held);
	if (CHECKED)
		lock_check_none_held();
	int err = wait_end(NULL, deadline_ns);
	queue_leave(q);
	if (held)
		spin_lock(held);
	return err;
}

int wait_on_mutex(struct wait_queue *q, struct mutex *held, enum wait_how how, uint64_t deadline_ns)
{
	queue_enter(q, how);
	mutex_unlock(held);
	if (CHECKED)
		lock_check_none_held();
	int err = wait_end(NULL, deadline_ns);
	queue_leave(q);
	mutex_lock(held);
	return err;
}

/* The first waiter whose wait nobody else has ended. */
static struct thread *queue_claim_locked(struct wait_queue *q)
{
	struct list *n;
	while ((n = list_pop_front(&q->waiters))) {
		struct thread *t = list_entry(n, struct thread, wait_link);
		if (thread_claim(t, WAKE_NORMAL))
			return t;
	}
	return NULL;
}

void wait_wake_one(struct wait_queue *q)
{
	spin_lock(&q->lock);
	struct thread *t = queue_claim_locked(q);
	if (t)
		sched_ready(t);
	spin_unlock(&q->lock);
}

void wait_wake_all(struct wait_queue *q)
{
	struct thread *t;
	spin_lock(&q->lock);
	q->wakes++;
	while ((t = queue_claim_locked(q)))
		sched_ready(t);
	spin_unlock(&q->lock);
}

void mutex_init(struct mutex *m, uint8_t rank)
{
	m->owner = NULL;
	m->rank = rank;
	wait_queue_init(&m->queue);
}

static bool mutex_try(struct mutex *m)
{
	struct thread *none = NULL;
	return __atomic_compare_exchange_n(&m->owner, &none, thread_current(), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void mutex_lock_slow(struct mutex *m)
{
	for (;;) {
		queue_enter(&m->queue, WAIT_ALWAYS);
		bool got = mutex_try(m); /* freed since the first try, by an unlock that saw no sleeper */
		if (!got || !thread_claim(thread_current(), WAKE_NORMAL))
			wait_end(NULL, NO_DEADLINE); /* also when got: a waker has us on its way to a run queue */
		else
			thread_current()->state = THREAD_RUNNING;
		queue_leave(&m->queue);
		if (got || mutex_try(m))
			return;
	}
}

void mutex_lock(struct mutex *m)
{
	if (CHECKED)
		lock_check_acquire(m, m->rank);
	if (unlikely(!mutex_try(m)))
		mutex_lock_slow(m);
}

bool mutex_trylock(struct mutex *m)
{
	if (!mutex_try(m))
		return false;
	if (CHECKED)
		lock_check_acquire(m, RANK_NONE);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	assert_mutex_held(m);
	if (CHECKED)
		lock_check_release(m);
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (unlikely(*(struct list *volatile *)&m->queue.waiters.next != &m->queue.waiters))
		wait_wake_one(&m->queue);
}
