/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers. Each CPU has a tree of the timers set on it, ordered by time, and programs its clock for the
 * earliest of them and for the end of the running thread's slice (sched.c), whichever comes first; with neither, it
 * is not interrupted at all.
 *
 * A timer fires in interrupt context, when user code or the idle loop was interrupted, on the CPU that it was set on.
 * `fire` runs without a lock, because what it does (wake a thread, notify a port) takes locks of lower rank than
 * ours. So a timer is in one of three states: idle; armed (in a tree); firing. timer_cancel takes it out of the tree,
 * or waits on another CPU until fire has returned; after that its memory may go. On the CPU itself fire cannot be
 * under way, for it ran to its end before the kernel was entered again.
 *
 * `armed_ns` is what a CPU's clock stands at. It is moved only to an earlier time; a timer that was cancelled leaves
 * an interrupt behind that finds nothing to do. That keeps timed waits that do not expire (most of them) off the
 * clock's registers.
 *
 * Locks: one for all trees (RANK_TIMER); at eight CPUs a lock each would buy nothing but the care that moving a timer
 * between trees takes.
 */
#include "task/task_impl.h"

#include "lib/log.h"

static struct spinlock timer_lock = SPINLOCK_INIT(RANK_TIMER);
static struct rb_tree trees[MAX_CPUS];
static uint64_t armed_ns[MAX_CPUS];

void timer_init_all(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++)
		armed_ns[i] = NO_DEADLINE;
}

void timer_init(struct timer *t, void (*fire)(struct timer *))
{
	t->fire = fire;
	t->armed = false;
	t->firing = 0;
	t->cpu = 0;
}

void timer_arm_before(uint64_t at_ns)
{
	uint64_t *armed = &armed_ns[cpu_index()];
	if (at_ns >= *armed)
		return;
	*armed = at_ns;
	clock_arm(at_ns);
}

static void tree_insert(struct rb_tree *tree, struct timer *t)
{
	struct rb_node *parent = NULL, *n = tree->root;
	int side = 0;
	while (n) {
		parent = n;
		side = t->at_ns >= container_of(n, struct timer, node)->at_ns;
		n = n->child[side];
	}
	rb_insert(tree, parent, side, &t->node);
}

static void disarm_locked(struct timer *t)
{
	if (t->armed)
		rb_remove(&trees[t->cpu], &t->node);
	t->armed = false;
}

void timer_set(struct timer *t, uint64_t at_ns)
{
	spin_lock(&timer_lock);
	disarm_locked(t);
	t->at_ns = at_ns;
	t->cpu = cpu_index();
	t->armed = true;
	tree_insert(&trees[t->cpu], t);
	spin_unlock(&timer_lock);
	timer_arm_before(at_ns);
}

void timer_cancel(struct timer *t)
{
	spin_lock(&timer_lock);
	disarm_locked(t);
	while (t->firing) {
		spin_unlock(&timer_lock);
		cpu_poll();
		spin_lock(&timer_lock);
	}
	spin_unlock(&timer_lock);
}

/* Takes the first timer that is due out of this CPU's tree. */
static struct timer *due_locked(struct rb_tree *tree, uint64_t now)
{
	struct rb_node *first = rb_first(tree);
	struct timer *t = first ? container_of(first, struct timer, node) : NULL;
	if (!t || t->at_ns > now)
		return NULL;
	disarm_locked(t);
	t->firing++;
	return t;
}

void timer_interrupt(void)
{
	struct rb_tree *tree = &trees[cpu_index()];
	struct timer *t;
	armed_ns[cpu_index()] = NO_DEADLINE;
	spin_lock(&timer_lock);
	while ((t = due_locked(tree, clock_now_ns()))) {
		spin_unlock(&timer_lock);
		t->fire(t);
		spin_lock(&timer_lock);
		t->firing--; /* from here on the timer may be gone */
	}
	struct rb_node *first = rb_first(tree);
	uint64_t next = first ? container_of(first, struct timer, node)->at_ns : NO_DEADLINE;
	spin_unlock(&timer_lock);
	timer_arm_before(next);
	sched_arm_slice();
}
