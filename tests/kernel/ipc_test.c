/* SPDX-License-Identifier: MIT */
/*
 * Ports and loans from inside the kernel: the client is port_call_kernel in kernel threads, the server is this thread
 * with port_take and port_answer, as sys/port.c would be on behalf of a process. Each test makes a port of its own
 * and leaves nothing behind.
 */
#include "ipc/ipc_impl.h"

#include <abi/errno.h>

#include "file/file.h"
#include "lib/string.h"
#include "lib/test.h"
#include "mm/mm.h"
#include "task/task_impl.h"

#define CLIENTS 5
#define CALLS 60

struct client {
	struct port *port;
	struct loan *loan;
	uint64_t value;
	volatile int result;
	volatile int status;
	volatile uint64_t answer;
	char data[32];
	volatile bool done;
	struct thread *thread;
};

static uint64_t threads_before;

static void pass_time(void)
{
	wait_begin(WAIT_ALWAYS);
	wait_end(NULL, clock_now_ns() + 100000);
}

static void call_once(void *arg)
{
	struct client *c = arg;
	struct msg m = { .op = 7, .arg = { c->value } };
	char text[] = "question";
	m.data_len = sizeof(text);
	c->result = port_call_kernel(c->port, &m, text, c->data, sizeof(c->data), c->loan, false);
	c->status = m.status;
	c->answer = m.arg[0];
	c->done = true;
}

static bool client_start(struct client *c, struct port *p, uint64_t value)
{
	*c = (struct client){ .port = p, .value = value };
	threads_before = thread_count;
	c->thread = thread_create_kernel("client", call_once, c);
	return c->thread != NULL;
}

static void clients_end(void)
{
	while (thread_count > threads_before)
		pass_time();
}

static struct call *take(struct port *p)
{
	struct call *call = NULL;
	uint64_t bits = 0;
	int err = port_take(p, MSG_DATA_MAX, NO_DEADLINE, NULL, &call, &bits);
	EXPECT(err == 0 && bits == 0);
	return call;
}

static int answer(struct port *p, struct call *call, int status, uint64_t value, const char *text)
{
	struct msg m = { .token = call->m.token, .status = status, .arg = { value } };
	struct thread *next;
	char *data = NULL;
	if (text) {
		m.data_len = strlen(text) + 1;
		data = kmalloc(m.data_len);
		memcpy(data, text, m.data_len);
	}
	call_put(call);
	int err = port_answer(p, &m, data, &next);
	if (next)
		sched_ready(next);
	return err;
}

/* ---- ipc.call ---- */

TEST(call_brings_the_reply_back)
{
	struct file *f = port_file_create(0);
	struct client c;
	REQUIRE(f && client_start(&c, f->data, 41));
	struct call *call = take(f->data);
	REQUIRE(call != NULL);
	EXPECT(call->m.op == 7 && call->m.arg[0] == 41 && !strcmp(call->data, "question"));
	EXPECT(answer(f->data, call, -ENOSPC, 42, "reply") == 0);
	clients_end();
	EXPECT(c.done && c.result == 0 && c.status == -ENOSPC && c.answer == 42 && !strcmp(c.data, "reply"));
	file_put(f);
}

static void call_often(void *arg)
{
	struct client *c = arg;
	for (uint64_t i = 0; i < CALLS; i++) {
		struct msg m = { .arg = { i } };
		int err = port_call_kernel(c->port, &m, NULL, NULL, 0, NULL, false);
		c->result |= err;
		__atomic_add_fetch(&c->answer, m.arg[0], __ATOMIC_RELAXED);
	}
}

TEST(many_clients_each_get_their_own_reply)
{
	struct file *f = port_file_create(0);
	REQUIRE(f != NULL);
	struct client c = { .port = f->data };
	threads_before = thread_count;
	for (int i = 0; i < CLIENTS; i++)
		EXPECT(thread_create_kernel("client", call_often, &c) != NULL);
	for (int i = 0; i < CLIENTS * CALLS; i++) {
		struct call *call = take(f->data);
		REQUIRE(call != NULL);
		uint64_t value = call->m.arg[0];
		EXPECT(answer(f->data, call, 0, value * 2, NULL) == 0);
	}
	clients_end();
	EXPECT(c.result == 0 && c.answer == CLIENTS * CALLS * (CALLS - 1ul));
	file_put(f);
}

TEST(replies_may_come_in_any_order)
{
	struct file *f = port_file_create(0);
	struct client a, b;
	REQUIRE(f && client_start(&a, f->data, 1));
	struct call *first = take(f->data);
	uint64_t before = threads_before;
	REQUIRE(first && client_start(&b, f->data, 2));
	threads_before = before;
	struct call *second = take(f->data);
	REQUIRE(second != NULL);
	EXPECT(answer(f->data, second, 0, 20, NULL) == 0);
	EXPECT(answer(f->data, first, 0, 10, NULL) == 0);
	clients_end();
	EXPECT(a.answer == 10 && b.answer == 20);
	file_put(f);
}

TEST(reply_to_a_token_nobody_holds_is_refused)
{
	struct file *f = port_file_create(0);
	struct msg m = { .token = 12345 };
	struct thread *next;
	REQUIRE(f != NULL);
	EXPECT(port_answer(f->data, &m, NULL, &next) == -ESRCH && !next);
	file_put(f);
}

TEST(data_that_do_not_fit_leave_the_call_waiting)
{
	struct file *f = port_file_create(0);
	struct client c;
	struct call *call;
	uint64_t bits;
	REQUIRE(f && client_start(&c, f->data, 1));
	struct port *p = f->data;
	while (list_empty(&p->waiting))
		pass_time();
	EXPECT(port_take(p, 2, 0, NULL, &call, &bits) == -EMSGSIZE);
	call = take(p);
	REQUIRE(call != NULL);
	EXPECT(answer(p, call, 0, 0, NULL) == 0);
	clients_end();
	file_put(f);
}

TEST_SUITE(call, "ipc.call", TEST_CASE(call_brings_the_reply_back), TEST_CASE(many_clients_each_get_their_own_reply),
           TEST_CASE(replies_may_come_in_any_order), TEST_CASE(reply_to_a_token_nobody_holds_is_refused),
           TEST_CASE(data_that_do_not_fit_leave_the_call_waiting));

/* ---- ipc.death ---- */

TEST(dead_port_fails_waiting_and_active_calls)
{
	struct file *f = port_file_create(0);
	struct client active, waiting;
	REQUIRE(f && client_start(&active, f->data, 1));
	struct port *p = f->data;
	struct call *call = take(p);
	uint64_t before = threads_before;
	REQUIRE(call && client_start(&waiting, p, 2));
	threads_before = before;
	while (list_empty(&p->waiting))
		pass_time();
	call_put(call);
	file_put(f);
	clients_end();
	EXPECT(active.result == -EPIPE && waiting.result == -EPIPE);
}

TEST(call_to_a_dead_port_fails_at_once)
{
	struct file *f = port_file_create(0);
	REQUIRE(f != NULL);
	struct file *client = port_client_create(f->data, 5, 0);
	REQUIRE(client != NULL);
	struct port *p = port_from_file(client, false);
	file_put(f);
	struct msg m = { .op = 1 };
	EXPECT(!port_alive(p));
	EXPECT(port_call_kernel(p, &m, NULL, NULL, 0, NULL, false) == -EPIPE);
	port_put(p);
	file_put(client);
}

static void kill_thread(struct thread *t)
{
	__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
	thread_kick(t);
}

TEST(killed_caller_takes_back_a_waiting_call)
{
	struct file *f = port_file_create(0);
	struct client c;
	REQUIRE(f && client_start(&c, f->data, 1));
	struct port *p = f->data;
	while (list_empty(&p->waiting))
		pass_time();
	kill_thread(c.thread);
	clients_end();
	EXPECT(c.result == -EINTR && list_empty(&p->waiting));
	file_put(f);
}

TEST(killed_caller_abandons_an_active_call)
{
	struct file *f = port_file_create(0);
	struct client c;
	REQUIRE(f && client_start(&c, f->data, 1));
	struct call *call = take(f->data);
	REQUIRE(call != NULL);
	kill_thread(c.thread);
	clients_end();
	EXPECT(c.result == -EINTR);
	EXPECT(answer(f->data, call, 0, 0, "late") == -ESRCH);
	file_put(f);
}

TEST_SUITE(death, "ipc.death", TEST_CASE(dead_port_fails_waiting_and_active_calls),
           TEST_CASE(call_to_a_dead_port_fails_at_once), TEST_CASE(killed_caller_takes_back_a_waiting_call),
           TEST_CASE(killed_caller_abandons_an_active_call));

/* ---- ipc.notify ---- */

TEST(notifications_are_gathered_and_come_first)
{
	struct file *f = port_file_create(0);
	struct client c;
	struct call *call;
	uint64_t bits = 0;
	REQUIRE(f && client_start(&c, f->data, 1));
	struct port *p = f->data;
	while (list_empty(&p->waiting))
		pass_time();
	port_notify_bits(p, 1);
	port_notify_bits(p, 4);
	EXPECT(port_take(p, MSG_DATA_MAX, NO_DEADLINE, NULL, &call, &bits) == 0);
	EXPECT(!call && bits == 5);
	call = take(p);
	REQUIRE(call != NULL);
	EXPECT(answer(p, call, 0, 0, NULL) == 0);
	clients_end();
	file_put(f);
}

TEST(receive_without_anything_times_out)
{
	struct file *f = port_file_create(0);
	struct call *call;
	uint64_t bits;
	REQUIRE(f != NULL);
	EXPECT(port_take(f->data, 0, 0, NULL, &call, &bits) == -ETIMEDOUT);
	EXPECT(port_take(f->data, 0, clock_now_ns() + 1000000, NULL, &call, &bits) == -ETIMEDOUT);
	EXPECT(list_empty(&((struct port *)f->data)->receivers));
	file_put(f);
}

TEST(port_timer_notifies)
{
	struct file *f = port_file_create(0);
	struct call *call;
	uint64_t bits = 0;
	REQUIRE(f != NULL);
	struct port *p = f->data;
	p->timer_bits = 8;
	timer_set(&p->timer, clock_now_ns() + 500000);
	EXPECT(port_take(p, 0, NO_DEADLINE, NULL, &call, &bits) == 0);
	EXPECT(!call && bits == 8);
	file_put(f);
}

TEST_SUITE(notify, "ipc.notify", TEST_CASE(notifications_are_gathered_and_come_first),
           TEST_CASE(receive_without_anything_times_out), TEST_CASE(port_timer_notifies));

/* ---- ipc.loan ---- */

static volatile unsigned released;

static void note_release(struct loan *l)
{
	released++;
	page_put(l->page[0]);
	kfree(l);
}

static struct loan *loan_make(void)
{
	struct loan *l = kzalloc(sizeof(*l));
	struct page *page = page_alloc(0, ALLOC_ZERO);
	if (!l || !page)
		return NULL;
	released = 0;
	l->refs = 1;
	l->npages = 1;
	l->page[0] = page;
	l->release = note_release;
	return l;
}

TEST(loan_is_released_after_the_reply)
{
	struct file *f = port_file_create(0);
	struct client c = { .port = f ? f->data : NULL, .loan = loan_make() };
	REQUIRE(f && c.loan);
	threads_before = thread_count;
	REQUIRE(thread_create_kernel("client", call_once, &c) != NULL);
	struct call *call = take(f->data);
	REQUIRE(call != NULL);
	EXPECT(call->m.npages == 1);
	struct loan *l = loan_of_call(f->data, call->m.token);
	REQUIRE(l == c.loan);
	EXPECT(loan_bytes_zero(l, PAGE_SIZE - 8, 8) == 0);
	EXPECT(loan_bytes_zero(l, PAGE_SIZE - 8, 9) == -EINVAL);
	EXPECT(loan_bytes_zero(l, ~0ul, 2) == -EINVAL);
	loan_put(l);
	loan_put(c.loan); /* the maker's reference: the call's is left */
	EXPECT(released == 0);
	uint64_t token = call->m.token;
	EXPECT(answer(f->data, call, 0, 0, NULL) == 0);
	clients_end();
	EXPECT(released == 1);
	EXPECT(loan_of_call(f->data, token) == NULL);
	file_put(f);
}

TEST(abandoned_call_keeps_its_loan_until_the_port_dies)
{
	struct file *f = port_file_create(0);
	struct client c = { .port = f ? f->data : NULL, .loan = loan_make() };
	REQUIRE(f && c.loan);
	threads_before = thread_count;
	c.thread = thread_create_kernel("client", call_once, &c);
	REQUIRE(c.thread != NULL);
	struct call *call = take(f->data);
	REQUIRE(call != NULL);
	kill_thread(c.thread);
	clients_end();
	loan_put(c.loan);
	call_put(call);
	EXPECT(released == 0);
	file_put(f);
	EXPECT(released == 1);
}

TEST(loan_lent_on_outlives_the_first_call)
{
	struct file *upper = port_file_create(0), *lower = port_file_create(0);
	struct client c = { .port = upper ? upper->data : NULL, .loan = loan_make() },
		on = { .port = lower ? lower->data : NULL };
	REQUIRE(upper && lower && c.loan);
	threads_before = thread_count;
	REQUIRE(thread_create_kernel("client", call_once, &c) != NULL);
	struct call *call = take(upper->data);
	REQUIRE(call != NULL);
	on.loan = loan_of_call(upper->data, call->m.token);
	REQUIRE(on.loan != NULL);
	REQUIRE(thread_create_kernel("client", call_once, &on) != NULL);
	struct call *second = take(lower->data);
	REQUIRE(second != NULL);
	loan_put(on.loan);
	loan_put(c.loan);
	call_put(call);
	file_put(upper); /* the filesystem dies; the disk still has the frames */
	while (!c.done)
		pass_time();
	EXPECT(c.result == -EPIPE && released == 0);
	EXPECT(answer(lower->data, second, 0, 0, NULL) == 0);
	clients_end();
	EXPECT(released == 1);
	file_put(lower);
}

TEST_SUITE(loan, "ipc.loan", TEST_CASE(loan_is_released_after_the_reply),
           TEST_CASE(abandoned_call_keeps_its_loan_until_the_port_dies),
           TEST_CASE(loan_lent_on_outlives_the_first_call));
