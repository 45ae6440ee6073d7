/* SPDX-License-Identifier: MIT */
/*
 * Threads: how they begin and end.
 *
 *      map -> | guard page | stack ............... | TLS copy | thread block |
 *                                                  ^ top of the stack
 *
 * One mapping holds all that a thread needs; with a stack of the caller's the last two lie at its top. The new thread
 * begins in assembly (atlas/clone.S) with its stack and %fs set by the kernel and calls thread_begin. It ends by
 * exit(2), which ends this thread only; the kernel then clears the block's tid and wakes the futex there
 * (CLONE_CHILD_CLEARTID). That is the last touch of the mapping, so pthread_join, which waits for it, may unmap.
 * pthread_t is the block's address.
 *
 *   state      JOINABLE ──pthread_detach──► DETACHED    the thread unmaps itself, standing on no stack (leave.S)
 *                  └──────its end─────────► ENDED       whoever joins or detaches it unmaps
 *
 * The first thread has no mapping, and the kernel learns of its tid word when it is first needed (its number, or a
 * second thread). When the last thread leaves, the process ends as by exit(0).
 */
#include "pthread_impl.h"
#include <abi/mman.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((size_t)4096)
#define DEFAULT_STACK ((size_t)1024 * 1024)
#define FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

long __clone(unsigned long flags, void *stack, int *parent_tid, int *child_tid, void *tls,
	     void (*begin)(struct thread_block *));
_Noreturn void __unmap_and_exit(void *map, size_t len);

int __thread_count = 1;

int __thread_tid(struct thread_block *self)
{
	if (!self->tid)
		self->tid = (int)raw1(SYS_set_tid_address, &self->tid);
	return self->tid;
}

void __fork_child(void)
{
	struct thread_block *self = thread_self();

	self->tid = 0;
	self->robust_known = 0;
	self->cancel = 0;
	__thread_count = 1;
}

/* Where the block and the TLS copy lie in the end of [low, high); null: they do not fit. */
static struct thread_block *place_block(char *low, char *high, char **top)
{
	size_t room = (tls_size() + 63) & ~(size_t)63;

	if ((size_t)(high - low) < room + PAGE)
		return NULL;
	*top = (char *)((uintptr_t)(high - room) & ~(uintptr_t)63);
	return tls_layout(*top);
}

static struct thread_block *make_stack(const pthread_attr_t *attr, char **top)
{
	size_t guard = (attr->__guard_size + PAGE - 1) & ~(PAGE - 1);
	size_t len = guard + ((attr->__stack_size + tls_size() + PAGE + PAGE - 1) & ~(PAGE - 1));
	struct thread_block *t;
	char *map;

	map = (char *)raw6(SYS_mmap, 0, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if ((unsigned long)map >= -PAGE)
		return NULL;
	if (guard && raw3(SYS_mprotect, map, guard, PROT_NONE) < 0) {
		raw2(SYS_munmap, map, len);
		return NULL;
	}
	t = place_block(map + guard, map + len, top);
	t->map = map;
	t->map_len = len;
	t->stack = map + guard;
	t->stack_len = len - guard;
	t->guard_len = guard;
	return t;
}

static struct thread_block *take_stack(const pthread_attr_t *attr, char **top)
{
	char *low = (char *)attr->__stack, *high = low + attr->__stack_size;
	size_t room = tls_size() + 128;
	struct thread_block *t;

	if (attr->__stack_size < room + PAGE)
		return NULL;
	memset(high - room, 0, room);
	t = place_block(low, high, top);
	t->stack = low;
	t->stack_len = attr->__stack_size;
	return t;
}

static void thread_begin(struct thread_block *t)
{
	pthread_exit(t->function(t->arg));
}

/* A detached thread's block may be gone when this returns. */
int __thread_start(const pthread_attr_t *attr, void *(*function)(void *), void *arg, struct thread_block **made,
		   int *number)
{
	struct thread_block *self = thread_self(), *t;
	char *top;
	long tid;

	__thread_tid(self);
	t = attr->__stack ? take_stack(attr, &top) : make_stack(attr, &top);
	if (!t)
		return EAGAIN;
	t->function = function;
	t->arg = arg;
	t->state = attr->__detached ? THREAD_DETACHED : THREAD_JOINABLE;
	t->cancel_disabled = 0;
	__atomic_add_fetch(&__thread_count, 1, __ATOMIC_SEQ_CST);
	*made = t;
	tid = __clone(FLAGS, top, &t->tid, &t->tid, t, thread_begin);
	if (tid > 0) {
		*number = (int)tid;
		return 0;
	}
	__atomic_sub_fetch(&__thread_count, 1, __ATOMIC_SEQ_CST);
	if (t->map)
		raw2(SYS_munmap, t->map, t->map_len);
	return EAGAIN;
}

int pthread_create(pthread_t *__restrict thread, const pthread_attr_t *__restrict attr, void *(*function)(void *),
		   void *__restrict arg)
{
	const pthread_attr_t usual = { .__stack_size = DEFAULT_STACK, .__guard_size = PAGE };
	struct thread_block *t;
	int number, error = __thread_start(attr ? attr : &usual, function, arg, &t, &number);

	if (!error)
		*thread = (pthread_t)t;
	return error;
}

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){ .__stack_size = DEFAULT_STACK, .__guard_size = PAGE };
	return 0;
}

/* ---- the end ---- */

_Noreturn void __thread_leave(struct thread_block *self)
{
	unsigned long all = ~0ul;
	int state = THREAD_JOINABLE;

	if (__atomic_sub_fetch(&__thread_count, 1, __ATOMIC_SEQ_CST) == 0) {
		__thread_count = 1;
		exit(0);
	}
	/* A handler could neither run on a stack that is gone nor be waited for by whoever joins. */
	raw4(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof(all));
	if (!__atomic_compare_exchange_n(&self->state, &state, THREAD_ENDED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    self->map) {
		/* The kernel must not touch the block after it is unmapped. */
		__robust_leave(self);
		raw1(SYS_set_tid_address, 0);
		__unmap_and_exit(self->map, self->map_len);
	}
	for (;;)
		raw1(SYS_exit, 0);
}

_Noreturn void pthread_exit(void *result)
{
	struct thread_block *self = thread_self();

	self->result = result;
	self->cancel_disabled = 1;
	while (self->cleanup) {
		struct __cleanup *c = self->cleanup;

		self->cleanup = c->__outer;
		c->__function(c->__arg);
	}
	__keys_destroy(self);
	__thread_leave(self);
}

static void block_free(struct thread_block *t)
{
	if (t->map)
		raw2(SYS_munmap, t->map, t->map_len);
}

/* The kernel wakes the word as one that is shared. */
int __thread_join(struct thread_block *t, void **result, const struct timespec *until)
{
	int running, error;

	while ((running = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE))) {
		error = __wait_cancel(&t->tid, (unsigned int)running, CLOCK_REALTIME, until, 1);
		if (error == ETIMEDOUT || error == EINVAL)
			return error;
	}
	if (result)
		*result = t->result;
	block_free(t);
	return 0;
}

static int join(pthread_t thread, void **result, const struct timespec *until)
{
	struct thread_block *t = (struct thread_block *)thread;

	if (t == thread_self())
		return EDEADLK;
	if (__atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_DETACHED)
		return EINVAL;
	return __thread_join(t, result, until);
}

int pthread_join(pthread_t thread, void **result)
{
	pthread_testcancel();
	return join(thread, result, NULL);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	pthread_testcancel();
	return join(thread, result, until);
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
	struct thread_block *t = (struct thread_block *)thread;

	return __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE) ? EBUSY : join(thread, result, NULL);
}

int pthread_detach(pthread_t thread)
{
	struct thread_block *t = (struct thread_block *)thread;
	int state = THREAD_JOINABLE;

	if (__atomic_compare_exchange_n(&t->state, &state, THREAD_DETACHED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return 0;
	if (state == THREAD_DETACHED)
		return EINVAL;
	while ((state = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE))) /* it is on its last steps */
		__wait(&t->tid, (unsigned int)state, CLOCK_REALTIME, NULL, 1);
	block_free(t);
	return 0;
}

pthread_t pthread_self(void)
{
	return (pthread_t)thread_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}
