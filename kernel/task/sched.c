/* SPDX-License-Identifier: MIT */
/*
 * Who runs on which CPU.
 *
 *              sched_ready                picked
 *   BLOCKED ───────────────► READY ───────────────► RUNNING
 *      ▲                       ▲   slice over, yield   │
 *      │                       └───────────────────────┤
 *      └──────────── wait_begin, sched_block ──────────┴──► DEAD (thread_exit)
 *
 * Each CPU has a queue of ready threads, first come first served, and an idle thread that runs when the queue is
 * empty. A thread that becomes ready goes to an idle CPU if there is one (the one it last ran on first), else to the
 * queue of its last CPU; a CPU without work takes a waiting thread from another's queue before it halts. While
 * somebody waits in a queue its CPU grants slices of 10 ms by a one-shot timer; a CPU with one runnable thread, or
 * none, takes no timer interrupts.
 *
 * The kernel is not preemptive and interrupts are off in it: all that a timer or another CPU can do is set
 * cpu->resched, which is looked at on the way to user mode (thread_exit_work). The few calls that touch as many pages as
 * they are told to give way of their own accord, between two pages (sched_point).
 *
 * A thread may be made ready before it has finished going to sleep: between wait_begin and the moment its registers
 * are saved. thread.on_cpu covers that time. Such a thread is queued only on the CPU it is leaving, and nobody steals
 * it; when that CPU then looks for its next thread it may find the same one again, which simply goes on.
 *
 * Locks: a queue's lock (RANK_SCHED), never held across a switch. What must happen after the switch (the old thread
 * may now run elsewhere, or its stack be freed) is done by the next thread, in sched_finish_switch.
 *
 * Which CPUs a thread may run on is looked at where it is placed or stolen. One that finds itself on another CPU (its
 * affinity has just changed, or it was woken before it had left) is moved on its way to user mode: it goes off its CPU,
 * and whoever runs next there queues it anew.
 *
 * CPU time is counted in cycles of the TSC. What a thread spends on a CPU is added up where it leaves it; the part of it
 * that is the kernel's from entry to exit (entry.S), and here when the thread changes in between. For that part the low
 * half of the clock is enough: it comes round after more than a second, and calls that take so long pass sched_point.
 *
 * Rejected: one global queue (every wake-up would bounce it between CPUs), priorities and fair shares (nothing here
 * is measured against them), preemption inside the kernel (every per-CPU datum would need protection). Threads on the
 * paging path are an exception to first come first served: they go to the front, for others wait for them. So do threads
 * that are to end: others may wait for their memory.
 */
#include "task/task_impl.h"

#include "lib/log.h"
#include "vm/vm.h"

struct run_queue {
	struct spinlock lock;
	struct list ready;
	volatile unsigned nready;
	struct thread *leaving;          /* switched away from; sched_finish_switch lets it go */
	volatile uint64_t slice_end_ns;  /* UINT64_MAX: nobody waits */
};

static struct run_queue queues[MAX_CPUS];
static volatile uint32_t idle_cpus;      /* bit per CPU that halts or is about to */

const char *const thread_state_name[] = { "ready", "running", "blocked", "dead", "migrating" };

static inline struct run_queue *queue_here(void) { return cpu_this()->sched; }

uint64_t sched_slice_end(void) { return queue_here()->slice_end_ns; }

/* Somebody waits for this CPU: the running thread's time is limited from now on. */
static void slice_begin(struct run_queue *q)
{
	q->slice_end_ns = clock_now_ns() + SLICE_NS;
	timer_arm_before(q->slice_end_ns);
}

/* Let an idle CPU look into queue `target`, or a busy one start to count its slice. */
static void prod(unsigned target)
{
	if (target != cpu_index()) {
		cpus[target]->resched = true;
		smp_kick(target);
	} else if (thread_current() != cpu_this()->idle && queues[target].slice_end_ns == NO_DEADLINE) {
		slice_begin(&queues[target]);
	}
}

static void enqueue(struct thread *t, unsigned target, bool front)
{
	struct run_queue *q = &queues[target];
	spin_lock(&q->lock);
	t->state = THREAD_READY;
	__atomic_store_n(&t->queue, target, __ATOMIC_RELAXED);
	if (front)
		list_push_front(&q->ready, &t->run_link);
	else
		list_push_back(&q->ready, &t->run_link);
	q->nready++;
	spin_unlock(&q->lock);
}

static inline bool may_run_on(const struct thread *t, unsigned cpu) { return t->affinity >> cpu & 1; }

/* Claims an idle CPU, its last one first; or the CPU it last ran on. All within its affinity. */
static unsigned place(struct thread *t)
{
	for (;;) {
		uint32_t idle = idle_cpus & t->affinity;
		if (!idle)
			return may_run_on(t, t->cpu) ? t->cpu : (unsigned)__builtin_ctz(t->affinity);
		unsigned target = idle & 1u << t->cpu ? t->cpu : (unsigned)__builtin_ctz(idle);
		if (__atomic_fetch_and(&idle_cpus, ~(1u << target), __ATOMIC_ACQ_REL) & 1u << target)
			return target;
	}
}

void sched_ready(struct thread *t)
{
	unsigned target = __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) ? t->cpu : place(t);
	bool urgent = t->pager, ending = t->pending & PENDING_KILL;
	enqueue(t, target, urgent || ending); /* from now on it may run elsewhere, end, and be gone */
	if (urgent && target == cpu_index())
		cpu_this()->resched = true;
	prod(target);
}

/* Which queue has it is known only while that one's lock is held. It is written before the thread is put there. */
void sched_hurry(struct thread *t)
{
	unsigned here = __atomic_load_n(&t->queue, __ATOMIC_RELAXED);
	struct run_queue *q = &queues[here];
	spin_lock(&q->lock);
	bool queued = !list_empty(&t->run_link);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (queued && __atomic_load_n(&t->queue, __ATOMIC_RELAXED) == here) {
		list_remove(&t->run_link);
		list_push_front(&q->ready, &t->run_link);
	}
	spin_unlock(&q->lock);
}

static struct thread *pick_from(struct run_queue *q, bool stealing)
{
	struct thread *found = NULL;
	if (!q->nready)
		return NULL;
	spin_lock(&q->lock);
	list_for_each(n, &q->ready) {
		struct thread *t = list_entry(n, struct thread, run_link);
		if (stealing && (!may_run_on(t, cpu_index()) || __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE)))
			continue;
		list_remove(&t->run_link);
		q->nready--;
		found = t;
		break;
	}
	spin_unlock(&q->lock);
	return found;
}

static struct thread *steal(void)
{
	unsigned here = cpu_index();
	for (unsigned i = 1; i < cpu_count; i++) {
		struct thread *t = pick_from(&queues[(here + i) % cpu_count], true);
		if (t)
			return t;
	}
	return NULL;
}

/* The thread that ran here before has saved its registers: it may run elsewhere, or be freed. */
void sched_finish_switch(void)
{
	struct run_queue *q = queue_here();
	struct thread *prev = q->leaving;
	q->leaving = NULL;
	if (!prev)
		return;
	enum thread_state state = prev->state;
	__atomic_store_n(&prev->on_cpu, false, __ATOMIC_RELEASE);
	if (likely(state < THREAD_DEAD))
		return;
	if (state == THREAD_DEAD)
		thread_free(prev);
	else
		sched_ready(prev);
}

static void switch_to(struct thread *next)
{
	struct cpu *cpu = cpu_this();
	struct thread *prev = cpu->current;
	if (next == prev) {
		prev->state = THREAD_RUNNING;
		return;
	}
	uint64_t now = rdtsc();
	uint32_t in_kernel = (uint32_t)now - cpu->entered;
	prev->cycles += now;
	next->cycles -= now;
	prev->system_cycles += in_kernel;
	prev->switches++;
	cpu->entered = (uint32_t)now;
	unsigned here = next->cpu = cpu->index;
	next->state = THREAD_RUNNING;
	next->on_cpu = true;
	if (unlikely(!may_run_on(next, here)))
		cpu->resched = true; /* its affinity has changed while it was queued: it moves on its way to user mode */
	((struct run_queue *)cpu->sched)->leaving = prev;
	/*
	 * Kernel threads run in whatever space is loaded: switching there and back is then free (arch_space_evict copes).
	 */
	if (next->space)
		space_load(next->space);
	arch_switch(&prev->arch, &next->arch);
	sched_finish_switch();
}

static struct thread *pick_next(void)
{
	struct run_queue *q = queue_here();
	struct thread *next = pick_from(q, false);
	if (!next)
		next = cpu_this()->idle;
	if (q->nready && next != cpu_this()->idle)
		slice_begin(q);
	else
		q->slice_end_ns = NO_DEADLINE;
	return next;
}

void sched_block(void)
{
	switch_to(pick_next());
}

void sched_switch_to(struct thread *t)
{
	/* It may have been woken before it had left its CPU: only that CPU can continue it. */
	if (__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE)) {
		sched_ready(t);
		sched_block();
		return;
	}
	switch_to(t);
}

void sched_yield(void)
{
	struct thread *t = thread_current();
	if (t == cpu_this()->idle || !queue_here()->nready)
		return;
	uint64_t before = t->switches;
	enqueue(t, cpu_index(), false);
	sched_block();
	t->preempted += t->switches - before;
}

/* It can be queued on another CPU only when it has left this one, so whoever runs here next does that. */
void sched_migrate_if_must(void)
{
	struct thread *t = thread_current();
	if (likely(may_run_on(t, cpu_index())))
		return;
	t->state = THREAD_MIGRATING;
	sched_block();
}

void sched_set_affinity(struct thread *t, uint32_t mask)
{
	t->affinity = mask;
	if (t != thread_current() && t->on_cpu && !may_run_on(t, t->cpu)) {
		cpus[t->cpu]->resched = true;
		smp_kick(t->cpu);
	}
}

void sched_arm_slice(void)
{
	struct run_queue *q = queue_here();
	if (q->slice_end_ns == NO_DEADLINE)
		return;
	if (clock_now_ns() >= q->slice_end_ns)
		cpu_this()->resched = true;
	else
		timer_arm_before(q->slice_end_ns);
}

void sched_resched(void)
{
	cpu_this()->resched = false;
	sched_migrate_if_must();
	struct run_queue *q = queue_here();
	if (!q->nready) {
		q->slice_end_ns = NO_DEADLINE; /* who waited has been stolen; the next one starts a new slice */
		return;
	}
	spin_lock(&q->lock);
	bool urgent = !list_empty(&q->ready) && list_first(&q->ready, struct thread, run_link)->pager;
	spin_unlock(&q->lock);
	if (q->slice_end_ns == NO_DEADLINE)
		slice_begin(q);
	if (urgent || clock_now_ns() >= q->slice_end_ns)
		sched_yield();
}

/* So that the clock's low half does not come round in a call that takes seconds. */
static void count_kernel_time(void)
{
	uint32_t now = (uint32_t)rdtsc(), in_kernel = now - cpu_this()->entered;
	thread_current()->system_cycles += in_kernel;
	cpu_this()->entered = now;
}

void sched_point(void)
{
	if (CHECKED)
		lock_check_none_held();
	cpu_irq_window();
	if (cpu_this()->resched)
		sched_resched();
	count_kernel_time();
}

static noreturn void idle_loop(void)
{
	uint32_t bit = 1u << cpu_index();
	for (;;) {
		cpu_this()->resched = false;
		/* The bit first: who makes a thread ready from here on sees it, or puts it in a queue searched below. */
		__atomic_fetch_or(&idle_cpus, bit, __ATOMIC_SEQ_CST);
		struct thread *next = pick_from(queue_here(), false);
		if (!next)
			next = steal();
		if (!next) {
			if (cpu_count > 1)
				space_load(NULL); /* else every shootdown of that space would have to wake this CPU */
			cpu_idle_wait();
		}
		__atomic_fetch_and(&idle_cpus, ~bit, __ATOMIC_SEQ_CST);
		if (!next)
			continue;
		queue_here()->slice_end_ns = NO_DEADLINE;
		if (queue_here()->nready)
			slice_begin(queue_here());
		switch_to(next);
	}
}

static void adopt_idle(void)
{
	struct thread *t = thread_adopt("idle");
	struct cpu *c = cpu_this();
	t->cpu = c->index;
	t->on_cpu = true;
	t->state = THREAD_RUNNING;
	c->sched = &queues[c->index];
	c->idle = t;
	c->current = t;
}

void sched_init(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		spin_init(&queues[i].lock, RANK_SCHED);
		list_init(&queues[i].ready);
		queues[i].slice_end_ns = NO_DEADLINE;
	}
	timer_init_all();
	thread_init_all();
	adopt_idle();
}

noreturn void sched_start(void)
{
	idle_loop();
}

noreturn void cpu_start(void)
{
	adopt_idle();
	idle_loop();
}
