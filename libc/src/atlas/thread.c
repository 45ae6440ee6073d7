/* SPDX-License-Identifier: MIT */
/*
 * Threads on clone(2).
 *
 *      map -> | guard page | stack ............... | TLS copy | thread block |
 *                                                  ^ top of the stack
 *
 * One mapping holds all that a thread needs. The new thread begins in assembly (clone.S) with its
 * stack and %fs set by the kernel, calls thread_begin, stores the result and leaves by exit(2),
 * which ends this thread only. The kernel then clears the block's tid and wakes the futex there
 * (CLONE_CHILD_CLEARTID): that is the last touch of the mapping, so thread_join, which waits for
 * it, may unmap. A kernel without futexes is waited for by giving up the processor.
 *
 * States of a block: on the list from creation to join; tid > 0 while it runs, 0 afterwards. The
 * number is kept apart in `joinable`, because tid is gone when it matters.
 *
 * The lock guards the list. It is not held while waiting. A thread that is never joined keeps its
 * mapping until the process ends: servers' threads run for ever anyhow. There is no cancellation,
 * no detaching, and the main thread cannot be joined.
 */
#include "../internal.h"
#include <abi/misc.h>
#include <abi/mman.h>
#include <atlas/thread.h>
#include <errno.h>

#define PAGE ((size_t)4096)
#define DEFAULT_STACK ((size_t)64 * 1024)
#define FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

long __clone(unsigned long flags, void *stack, int *parent_tid, int *child_tid, void *tls,
	     void (*begin)(struct thread_block *));

static struct lock lock; /* guards the list */
static struct thread_block *threads;

static void thread_begin(struct thread_block *t)
{
	t->result = t->function(t->arg);
	for (;;)
		raw1(SYS_exit, 0);
}

static void list_add(struct thread_block *t)
{
	lock_acquire(&lock);
	t->next = threads;
	threads = t;
	lock_release(&lock);
}

/* Takes the block with this number off the list; null if there is none. */
static struct thread_block *list_take(int tid)
{
	struct thread_block **link, *t;

	lock_acquire(&lock);
	for (link = &threads; *link && (*link)->joinable != tid;)
		link = &(*link)->next;
	t = *link;
	if (t)
		*link = t->next;
	lock_release(&lock);
	return t;
}

int thread_create(void *(*function)(void *), void *arg, size_t stack_size)
{
	size_t stack = ((stack_size ? stack_size : DEFAULT_STACK) + PAGE - 1) & ~(PAGE - 1);
	size_t len = (PAGE + stack + tls_size() + PAGE - 1) & ~(PAGE - 1);
	struct thread_block *t;
	char *map;
	long tid;

	map = (char *)raw6(SYS_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	if ((long)map < 0)
		return (int)(long)map;
	raw3(SYS_mprotect, map, PAGE, PROT_NONE);
	t = tls_layout(map + PAGE + stack);
	t->map = map;
	t->map_len = len;
	t->function = function;
	t->arg = arg;
	/* Not zero before the kernel clears it, however early that is. */
	t->tid = -1;
	tid = __clone(FLAGS, map + PAGE + stack, &t->joinable, &t->tid, t, thread_begin);
	if (tid < 0) {
		raw2(SYS_munmap, map, len);
		return (int)tid;
	}
	list_add(t);
	return (int)tid;
}

int thread_join(int tid, void **result)
{
	struct thread_block *t = list_take(tid);
	int running;

	if (!t)
		return -ESRCH;
	while ((running = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
		if (raw4(SYS_futex, &t->tid, FUTEX_WAIT, running, 0) == -ENOSYS)
			raw0(SYS_sched_yield);
	if (result)
		*result = t->result;
	raw2(SYS_munmap, t->map, t->map_len);
	return 0;
}
