/* SPDX-License-Identifier: MIT */
/*
 * Threads: their memory, their first and their last steps.
 *
 * A thread is one slab object that ends in its FPU image (aligned by hand, so that it asks nothing of the allocator),
 * and a kernel stack. A user thread's register frame lies at the top of that stack; whoever makes the thread fills
 * the frame, and thread_start_user leaves through it.
 *
 *   thread_alloc -> (fork, exec or a kernel function is attached) -> sched_ready -> ... -> thread_exit -> thread_free
 *
 * The last steps cannot be done by the thread itself, which stands on the stack to be freed: it marks itself DEAD,
 * and the next thread on that CPU frees it (sched_finish_switch). By then everything that could sleep has been let
 * go: the process's files, its space. What remains is memory.
 *
 * Idle threads are adopted: the code that runs at boot on each CPU becomes one, on the stack that it has.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/misc.h>

#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define FPU_ALIGN 64
#define TIMER_SLACK_NS 50000 /* Linux's default */

volatile uint64_t thread_count;
static struct cache *thread_cache;

/* The locks that are held now, for lib/lockcheck.c: the thread's, or the CPU's before it has one. */
struct held_locks *lock_check_stack(void)
{
	static struct held_locks early[MAX_CPUS];
	struct thread *t = thread_current();
	return t ? &t->held : &early[cpu_index()];
}

void thread_init_all(void)
{
	thread_cache = cache_create("thread", sizeof(struct thread) + FPU_ALIGN + fpu_size());
}

static void thread_timeout(struct timer *timer)
{
	thread_wake(container_of(timer, struct thread, timer), WAKE_TIMEOUT);
}

static struct thread *thread_new(const char *name)
{
	struct thread *t = cache_alloc(thread_cache);
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	signal_queue_init(&t->sigpending);
	list_init(&t->fault_entry.link);
	t->altstack.ss_flags = SS_DISABLE;
	list_init(&t->run_link);
	list_init(&t->wait_link);
	list_init(&t->proc_link);
	timer_init(&t->timer, thread_timeout);
	t->cpu = cpu_index();
	t->affinity = ~0u;
	t->slack_ns = t->default_slack_ns = TIMER_SLACK_NS;
	t->mce_kill = PR_MCE_KILL_DEFAULT;
	strlcpy(t->name, name, sizeof(t->name));
	__atomic_add_fetch(&thread_count, 1, __ATOMIC_RELAXED);
	return t;
}

static void thread_delete(struct thread *t)
{
	cache_free(thread_cache, t);
	__atomic_sub_fetch(&thread_count, 1, __ATOMIC_RELEASE);
}

struct thread *thread_adopt(const char *name)
{
	struct thread *t = thread_new(name);
	if (!t)
		panic("no memory for the thread of CPU %u", cpu_index());
	t->cycles = -(int64_t)rdtsc();
	return t;
}

struct thread *thread_alloc(const char *name)
{
	struct thread *t = thread_new(name);
	if (!t)
		return NULL;
	t->arch.stack = kstack_alloc();
	if (!t->arch.stack) {
		thread_delete(t);
		return NULL;
	}
	t->arch.fpu = (void *)ALIGN_UP((uintptr_t)(t + 1), FPU_ALIGN);
	return t;
}

void thread_free(struct thread *t)
{
	if (t->tid && !(t->proc && t->proc->pid == t->tid)) /* a process keeps its number until it is waited for */
		pid_put(t->tid);
	if (t->proc)
		proc_put(t->proc);
	kstack_free(t->arch.stack);
	thread_delete(t);
}

static void kernel_thread_main(void *arg)
{
	struct thread *t = arg;
	sched_finish_switch();
	t->kernel_fn(t->kernel_arg);
	thread_exit();
}

struct thread *thread_create_kernel(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_alloc(name);
	if (!t)
		return NULL;
	t->kernel_fn = fn;
	t->kernel_arg = arg;
	fpu_init(t->arch.fpu);
	arch_thread_init(&t->arch, t->arch.stack, kernel_thread_main, t);
	t->arch.fpu = NULL; /* the kernel is compiled without vector registers */
	sched_ready(t);
	return t;
}

void thread_start_user(void *arg)
{
	struct thread *t = arg;
	sched_finish_switch();
	int tid = t->tid;
	if (t->set_child_tid && copy_to_user(t->set_child_tid, &tid, sizeof(tid)) != 0)
		klog(LOG_DEBUG, "clone: cannot store the thread id at 0x%lx", t->set_child_tid);
	if (t->pending)
		thread_exit_work(arch_thread_frame(&t->arch));
	arch_return_to_user();
}
