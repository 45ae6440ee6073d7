/* SPDX-License-Identifier: MIT */
/*
 * Threads by number, for servers: thin layer over pthread/create.c.
 *
 * The threads made here hang in a list until they are joined, because their numbers say nothing about where their
 * blocks lie. The lock guards the list; it is not held while waiting. A thread that is never joined keeps its mapping
 * until the process ends: servers' threads run for ever anyhow.
 */
#include "../pthread/pthread_impl.h"
#include <atlas/thread.h>

#define PAGE ((size_t)4096)
#define DEFAULT_STACK ((size_t)64 * 1024)

static struct lock lock; /* guards the list */
static struct thread_block *threads;

int thread_create(void *(*function)(void *), void *arg, size_t stack_size)
{
	const pthread_attr_t attr = { .__stack_size = stack_size ? stack_size : DEFAULT_STACK, .__guard_size = PAGE };
	struct thread_block *t;
	int error, number;

	lock_acquire(&lock); /* the new thread may look for itself */
	error = __thread_start(&attr, function, arg, &t, &number);
	if (!error) {
		t->number = number;
		t->next = threads;
		threads = t;
	}
	lock_release(&lock);
	return error ? -error : number;
}

/* Takes the block with this number off the list; null if there is none. */
static struct thread_block *list_take(int tid)
{
	struct thread_block **link, *t;

	lock_acquire(&lock);
	for (link = &threads; *link && (*link)->number != tid;)
		link = &(*link)->next;
	t = *link;
	if (t)
		*link = t->next;
	lock_release(&lock);
	return t;
}

int thread_join(int tid, void **result)
{
	struct thread_block *t = list_take(tid);

	return t ? -__thread_join(t, result, NULL) : -ESRCH;
}
