/* SPDX-License-Identifier: MIT */
/*
 * Threads, waiting and timers from inside the kernel: these tests run kernel threads, which have no process and are
 * not preempted. What needs processes and signals is in tests/user.
 *
 * Time is never asserted, only order and counts. A test that starts threads ends when they are freed (crowd_end), for
 * a thread that has finished is freed by whoever runs next on its CPU, which on several CPUs is some time later.
 */
#include "task/exec_impl.h"

#include <abi/errno.h>

#include "lib/string.h"
#include "lib/test.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define CROWD 6

static uint64_t crowd_before;

/* Lets other threads run, also those that wait for a timer interrupt. */
static void pass_time(uint64_t ns)
{
	wait_begin(WAIT_ALWAYS);
	wait_end(NULL, clock_now_ns() + ns);
}

static bool crowd_begin(void (*fn)(void *), void *arg, unsigned count)
{
	bool ok = true;
	crowd_before = thread_count;
	for (unsigned i = 0; i < count; i++)
		ok &= thread_create_kernel("crowd", fn, arg) != NULL;
	return ok;
}

static void crowd_end(void)
{
	while (thread_count > crowd_before)
		pass_time(100000);
}

/* ---- task.sched ---- */

static void count_up(void *arg)
{
	__atomic_add_fetch((volatile unsigned *)arg, 1, __ATOMIC_RELAXED);
}

TEST(every_ready_thread_runs_once)
{
	volatile unsigned ran = 0;
	EXPECT(crowd_begin(count_up, (void *)&ran, 50));
	crowd_end();
	EXPECT(ran == 50);
}

static void yield_often(void *arg)
{
	for (int i = 0; i < 100; i++) {
		__atomic_add_fetch((volatile unsigned *)arg, 1, __ATOMIC_RELAXED);
		sched_yield();
	}
}

TEST(yielding_threads_all_finish)
{
	volatile unsigned steps = 0;
	EXPECT(crowd_begin(yield_often, (void *)&steps, CROWD));
	crowd_end();
	EXPECT(steps == CROWD * 100);
}

TEST(thread_keeps_its_stack_over_a_switch)
{
	uint64_t words[64];
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i * 0x0101010101010101ull;
	for (int i = 0; i < 20; i++)
		pass_time(10000);
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		EXPECT(words[i] == i * 0x0101010101010101ull);
}

TEST_SUITE(sched, "task.sched", TEST_CASE(every_ready_thread_runs_once), TEST_CASE(yielding_threads_all_finish),
           TEST_CASE(thread_keeps_its_stack_over_a_switch));

/* ---- task.wait ---- */

struct counter { struct mutex lock; uint64_t value; };

static void add_under_mutex(void *arg)
{
	struct counter *c = arg;
	for (int i = 0; i < 200; i++) {
		mutex_lock(&c->lock);
		uint64_t seen = c->value;
		if (i % 10 == 0)
			sched_yield(); /* whoever wants the lock now has to sleep */
		c->value = seen + 1;
		mutex_unlock(&c->lock);
	}
}

TEST(mutex_lets_one_in_at_a_time)
{
	struct counter c = { .value = 0 };
	mutex_init(&c.lock, RANK_FILE);
	EXPECT(crowd_begin(add_under_mutex, &c, CROWD));
	crowd_end();
	EXPECT(c.value == CROWD * 200);
	EXPECT(c.lock.owner == NULL && list_empty(&c.lock.queue.waiters));
}

TEST(trylock_fails_on_a_held_mutex)
{
	struct mutex m;
	mutex_init(&m, RANK_FILE);
	EXPECT(mutex_trylock(&m));
	EXPECT(!mutex_trylock(&m));
	mutex_unlock(&m);
	EXPECT(mutex_trylock(&m));
	mutex_unlock(&m);
}

/* A buffer of one item between producers and consumers: every lost wake-up would leave somebody asleep. */
struct slot { struct spinlock lock; struct wait_queue changed; bool full; unsigned made, taken, wanted; };

static void produce(struct slot *s)
{
	spin_lock(&s->lock);
	while (s->full)
		wait_on(&s->changed, &s->lock, WAIT_ALWAYS, NO_DEADLINE);
	s->full = true;
	s->made++;
	wait_wake_all(&s->changed);
	spin_unlock(&s->lock);
}

static void consume(void *arg)
{
	struct slot *s = arg;
	spin_lock(&s->lock);
	while (s->taken < s->wanted) {
		if (!s->full) {
			wait_on(&s->changed, &s->lock, WAIT_ALWAYS, NO_DEADLINE);
			continue;
		}
		s->full = false;
		s->taken++;
		wait_wake_all(&s->changed);
	}
	spin_unlock(&s->lock);
}

TEST(no_wake_up_is_lost)
{
	struct slot s = { .wanted = 500 };
	spin_init(&s.lock, RANK_PORT);
	wait_queue_init(&s.changed);
	EXPECT(crowd_begin(consume, &s, CROWD));
	for (unsigned i = 0; i < s.wanted; i++)
		produce(&s);
	crowd_end();
	EXPECT(s.made == s.wanted && s.taken == s.wanted && !s.full);
}

struct sleepers { struct spinlock lock; struct wait_queue queue; volatile unsigned asleep, woken;
                  volatile int result; };

static void sleep_once(void *arg)
{
	struct sleepers *s = arg;
	spin_lock(&s->lock);
	s->asleep++;
	int err = wait_on(&s->queue, &s->lock, WAIT_KILLABLE, NO_DEADLINE);
	s->woken++;
	s->result = err;
	spin_unlock(&s->lock);
}

static void sleepers_init(struct sleepers *s)
{
	memset(s, 0, sizeof(*s));
	spin_init(&s->lock, RANK_PORT);
	wait_queue_init(&s->queue);
}

static void wait_until(volatile unsigned *count, unsigned want)
{
	while (*count < want)
		pass_time(100000);
}

TEST(wake_one_wakes_one)
{
	struct sleepers s;
	sleepers_init(&s);
	REQUIRE(crowd_begin(sleep_once, &s, CROWD));
	wait_until(&s.asleep, CROWD);
	for (unsigned i = 1; i <= CROWD; i++) {
		EXPECT(s.woken == i - 1);
		spin_lock(&s.lock); /* a sleeper lets go of it only when it hangs in the queue */
		wait_wake_one(&s.queue);
		spin_unlock(&s.lock);
		wait_until(&s.woken, i);
	}
	crowd_end();
	EXPECT(list_empty(&s.queue.waiters));
}

TEST(kill_ends_a_killable_wait)
{
	struct sleepers s;
	sleepers_init(&s);
	crowd_before = thread_count;
	struct thread *t = thread_create_kernel("victim", sleep_once, &s);
	REQUIRE(t != NULL);
	wait_until(&s.asleep, 1);
	spin_lock(&s.lock);
	spin_unlock(&s.lock);
	__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
	thread_kick(t);
	wait_until(&s.woken, 1);
	crowd_end();
	EXPECT(s.result == -EINTR);
	EXPECT(list_empty(&s.queue.waiters));
}

TEST(timed_wait_ends_at_its_deadline)
{
	struct sleepers s;
	sleepers_init(&s);
	uint64_t deadline = clock_now_ns() + 2000000;
	spin_lock(&s.lock);
	int err = wait_on(&s.queue, &s.lock, WAIT_ALWAYS, deadline);
	spin_unlock(&s.lock);
	EXPECT(err == -ETIMEDOUT);
	EXPECT(clock_now_ns() >= deadline);
	EXPECT(list_empty(&s.queue.waiters));
}

TEST(deadline_in_the_past_does_not_hang)
{
	wait_begin(WAIT_ALWAYS);
	EXPECT(wait_end(NULL, 1) == -ETIMEDOUT);
}

TEST_SUITE(wait, "task.wait", TEST_CASE(mutex_lets_one_in_at_a_time), TEST_CASE(trylock_fails_on_a_held_mutex),
           TEST_CASE(no_wake_up_is_lost), TEST_CASE(wake_one_wakes_one), TEST_CASE(kill_ends_a_killable_wait),
           TEST_CASE(timed_wait_ends_at_its_deadline), TEST_CASE(deadline_in_the_past_does_not_hang));

/* ---- task.timer ---- */

#define TIMERS 16

static volatile unsigned fired_order[TIMERS], fired;
static struct timer timers[TIMERS];

static void note_fire(struct timer *t)
{
	unsigned at = __atomic_fetch_add(&fired, 1, __ATOMIC_SEQ_CST);
	fired_order[at] = t - timers;
}

TEST(timers_fire_in_order_of_time)
{
	uint64_t now = clock_now_ns();
	fired = 0;
	for (unsigned i = 0; i < TIMERS; i++) {
		timer_init(&timers[i], note_fire);
		timer_set(&timers[i], now + 1000000 + (i * 7 % TIMERS) * 100000);
	}
	wait_until(&fired, TIMERS);
	for (unsigned i = 0; i < TIMERS; i++)
		EXPECT(fired_order[i] * 7 % TIMERS == i);
}

TEST(cancelled_timer_does_not_fire)
{
	fired = 0;
	for (unsigned i = 0; i < TIMERS; i++) {
		timer_init(&timers[i], note_fire);
		timer_set(&timers[i], clock_now_ns() + 500000);
	}
	for (unsigned i = 1; i < TIMERS; i++)
		timer_cancel(&timers[i]);
	wait_until(&fired, 1);
	pass_time(1000000);
	EXPECT(fired == 1 && fired_order[0] == 0);
}

TEST(setting_a_timer_again_moves_it)
{
	fired = 0;
	timer_init(&timers[0], note_fire);
	timer_set(&timers[0], clock_now_ns() + 3600 * NSEC_PER_SEC);
	timer_set(&timers[0], clock_now_ns() + 100000);
	wait_until(&fired, 1);
	EXPECT(fired == 1 && !timers[0].armed);
}

TEST_SUITE(timer, "task.timer", TEST_CASE(timers_fire_in_order_of_time), TEST_CASE(cancelled_timer_does_not_fire),
           TEST_CASE(setting_a_timer_again_moves_it));

/* ---- task.exec, task.pid, task.random ---- */

TEST(arguments_survive_page_borders)
{
	struct exec_args a;
	char text[700], back[700];
	size_t off = 0;
	REQUIRE(args_init(&a) == 0);
	for (unsigned i = 0; i < 40; i++) {
		memset(text, 'a' + i % 26, sizeof(text));
		text[600 + i] = '\0';
		EXPECT(args_add(&a, text) == 0);
	}
	for (unsigned i = 0; i < 40; i++) {
		args_copy(&a, off, back, 601 + i);
		EXPECT(strlen(back) == 600 + i && back[0] == (char)('a' + i % 26) && back[599 + i] == back[0]);
		off += 601 + i;
	}
	EXPECT(off == a.len);
	args_free(&a);
}

TEST(too_many_arguments_are_refused)
{
	struct exec_args a;
	int err = 0;
	char *text = kmalloc(65536);
	REQUIRE(text && args_init(&a) == 0);
	memset(text, 'x', 65536);
	text[65535] = '\0';
	for (unsigned i = 0; i < 64 && !err; i++)
		err = args_add(&a, text);
	EXPECT(err == -E2BIG);
	args_free(&a);
	kfree(text);
}

TEST(pids_are_unique_until_freed)
{
	int pid[40];
	for (unsigned i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = pid_alloc();
		EXPECT(pid[i] > 0);
		for (unsigned j = 0; j < i; j++)
			EXPECT(pid[i] != pid[j]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pid); i++)
		pid_put(pid[i]);
	int next = pid_alloc(); /* a freed number is not used at once */
	for (unsigned i = 0; i < ARRAY_SIZE(pid); i++)
		EXPECT(next != pid[i]);
	pid_put(next);
}

TEST(random_bytes_differ)
{
	uint8_t a[100], b[100];
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	EXPECT(memcmp(a, b, sizeof(a)) != 0);
}

/* ---- task.audit ---- */

TEST(the_audit_sees_a_signal_that_is_not_queued)
{
	REQUIRE(vm_audit() == 0);
	struct user_count *nobody = signal_charge(4711, 1);
	REQUIRE(nobody);
	EXPECT(vm_audit() == 1);
	signal_uncharge(nobody);
	EXPECT(vm_audit() == 0);
}

/* In the tree, without threads or memory. */
static struct proc *proc_bare(void)
{
	struct proc *p = proc_alloc();
	if (!p || !(p->actions = actions_create()) || (p->pid = pid_alloc()) < 0)
		return NULL;
	mutex_lock(&proc_tree_lock);
	proc_link_locked(p, NULL);
	mutex_unlock(&proc_tree_lock);
	return p;
}

static void proc_bare_free(struct proc *p)
{
	mutex_lock(&proc_tree_lock);
	proc_unlink_locked(p);
	mutex_unlock(&proc_tree_lock);
	proc_put(p);
}

TEST(the_audit_sees_a_table_of_actions_that_too_many_have)
{
	struct proc *p = proc_bare(), *other = proc_bare();
	REQUIRE(p && other);
	struct actions *own = other->actions;
	other->actions = p->actions;
	EXPECT(vm_audit() == 1);
	actions_get(p->actions);
	EXPECT(vm_audit() == 0);
	actions_put(own);
	proc_bare_free(other);
	proc_bare_free(p);
	EXPECT(vm_audit() == 0);
}

TEST(the_audit_sees_a_wrong_table_of_numbers)
{
	struct proc *p = proc_bare();
	REQUIRE(p);
	EXPECT(vm_audit() == 0);
	pid_put(p->pid);
	EXPECT(vm_audit() >= 1);
	pid_get(p->pid);
	EXPECT(vm_audit() == 0);
	pid_set_owner(p->pid, NULL);
	EXPECT(vm_audit() >= 1);
	pid_set_owner(p->pid, p);
	EXPECT(vm_audit() == 0);
	proc_bare_free(p);
}

TEST(the_audit_sees_that_nobody_is_ending)
{
	struct proc *p = proc_bare();
	REQUIRE(p && procs_ending == 0);
	spin_lock(&p->lock);
	proc_kill_threads_locked(p, SIGKILL);
	proc_kill_threads_locked(p, SIGTERM); /* counts once */
	spin_unlock(&p->lock);
	EXPECT(procs_ending == 1 && vm_audit() == 0);
	p->counted_ending = false;
	EXPECT(vm_audit() == 1);
	procs_ending--;
	EXPECT(vm_audit() == 0);
	proc_bare_free(p);
}

TEST_SUITE(exec, "task.exec", TEST_CASE(arguments_survive_page_borders), TEST_CASE(too_many_arguments_are_refused));
TEST_SUITE(audit, "task.audit", TEST_CASE(the_audit_sees_a_signal_that_is_not_queued),
           TEST_CASE(the_audit_sees_a_table_of_actions_that_too_many_have),
           TEST_CASE(the_audit_sees_a_wrong_table_of_numbers), TEST_CASE(the_audit_sees_that_nobody_is_ending));
TEST_SUITE(pid, "task.pid", TEST_CASE(pids_are_unique_until_freed), TEST_CASE(random_bytes_differ));
