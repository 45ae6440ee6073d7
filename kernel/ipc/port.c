/* SPDX-License-Identifier: MIT */
/*
 * Ports: synchronous calls from many clients to one owner, and notifications.
 *
 *   client                       port                         server
 *   port_call ── call ──►   waiting ──► active   ── call ──►  port_receive
 *      sleeps                               │                 ... works, may have several active ...
 *   wakes  ◄── reply ───────────────────────┘     ◄────────   port_reply, port_reply_receive
 *
 * A call is one heap object that carries the message both ways; data behind the head are a second one, only when
 * there are any. The server names an active call by its token.
 *
 * The CPU goes with the message: a caller that finds a receiver asleep puts the call into its hands and switches to
 * it directly, and a reply that is followed by an empty receive switches back, so a round trip on one CPU never
 * visits a run queue.
 *
 * Who may disappear: the caller (killed, interrupted) takes back a waiting call, and abandons an active one, whose
 * reply then finds nobody (ESRCH) but whose loan stays valid until that reply. Or, interrupted, it has the server
 * asked to make an end, and waits on. The owner (the receive right is closed) fails all its calls with EPIPE. Client
 * rights hold a reference to the port, so a dead port remains as an object that says EPIPE.
 *
 * Notifications are bits ORed into a word; whoever receives next gets all of them. They come before calls, for
 * interrupts are notifications and a busy server must see them.
 *
 * A driver's answer may carry memory to map (port_offer): an object hangs in the call until the client takes it. What
 * was offered vanishes from every mapping before the port dies: who has been told that the driver is gone finds no page
 * of it.
 *
 * Locks: the port's (RANK_PORT). Threads are claimed under it (so they cannot vanish) and made ready or switched to
 * after it is released. Nothing is copied from or to user memory here.
 *
 * Rejected: embedding the call in the thread (an abandoned call outlives it); a queue of replies; asynchronous sends,
 * which need buffers that somebody must limit.
 */
#include "ipc/ipc_impl.h"

#include <abi/devproto.h>
#include <abi/errno.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

static struct cache *call_cache;

void ipc_init(void)
{
	call_cache = cache_create("call", sizeof(struct call));
}

/* ---- calls ---- */

struct call *call_alloc(void)
{
	struct call *c = cache_alloc(call_cache);
	if (!c)
		return NULL;
	list_init(&c->link);
	c->refs = 1;
	c->state = CALL_WAITING;
	c->result = 0;
	c->data = NULL;
	c->loan = NULL;
	c->offer = NULL;
	return c;
}

void call_put(struct call *c)
{
	if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (c->loan)
		loan_put(c->loan);
	if (c->offer)
		object_put(c->offer);
	kfree(c->data);
	cache_free(call_cache, c);
}

/* ---- ports ---- */

static void port_timer_fire(struct timer *t)
{
	struct port *p = container_of(t, struct port, timer);
	port_notify_bits(p, p->timer_bits);
}

static struct port *port_create(void)
{
	struct port *p = kzalloc(sizeof(*p));
	if (!p)
		return NULL;
	spin_init(&p->lock, RANK_PORT);
	p->refs = 1;
	list_init(&p->waiting);
	list_init(&p->active);
	list_init(&p->receivers);
	timer_init(&p->timer, port_timer_fire);
	return p;
}

void port_get(struct port *p) { __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED); }

void port_put(struct port *p)
{
	if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(p);
}

bool port_alive(struct port *p) { return !p->dead; }

/* A thread in port_receive whose wait this ends; the caller makes it ready or switches to it. */
static inline struct thread *receiver_claim_locked(struct port *p)
{
	struct list *n;
	while ((n = list_pop_front(&p->receivers))) {
		struct thread *t = list_entry(n, struct thread, wait_link);
		if (thread_claim(t, WAKE_NORMAL))
			return t;
	}
	return NULL;
}

void port_notify_bits(struct port *p, uint64_t bits)
{
	spin_lock(&p->lock);
	p->pending |= bits;
	struct thread *t = bits && !p->dead ? receiver_claim_locked(p) : NULL;
	spin_unlock(&p->lock);
	if (t)
		sched_ready(t);
}

/* The call is in the server's hands from here on; one reference is the receiver's. */
static inline void activate_locked(struct port *p, struct call *c)
{
	list_push_front(&p->active, &c->link);
	c->state = CALL_ACTIVE;
	c->m.token = ++p->next_token;
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
}

/* ---- the client's side ---- */

/* The wait was broken off. True when the reply had come all the same. */
static bool call_give_up(struct port *p, struct call *c)
{
	bool drop = false;
	spin_lock(&p->lock);
	bool done = c->state == CALL_DONE;
	c->caller = NULL;
	if (c->state == CALL_WAITING) {
		list_remove(&c->link);
		c->state = CALL_DONE;
		drop = true;
	}
	spin_unlock(&p->lock);
	if (drop)
		call_put(c); /* the list's reference */
	return done;
}

/* A receiver that sleeps is given the call, else it waits its turn. */
static inline struct thread *call_pass_locked(struct port *p, struct call *c)
{
	struct thread *receiver = receiver_claim_locked(p);

	if (receiver && c->m.data_len <= receiver->receive_cap) {
		activate_locked(p, c);
		receiver->received = c;
	} else {
		list_push_back(&p->waiting, &c->link);
	}
	return receiver;
}

/*
 * A signal has come: the server is asked to answer c soon, by a call that nobody waits for. It comes behind c itself,
 * so the server knows whether c had to wait. Without memory for it c goes on as if no signal had come.
 */
static int call_cancel(struct port *p, struct call *c)
{
	struct call *request = call_alloc();
	struct thread *receiver = NULL;

	spin_lock(&p->lock);
	bool done = c->state == CALL_DONE;
	if (!done) {
		wait_begin(WAIT_KILLABLE);
		if (request) {
			request->m = (struct msg){ .op = DEV_CANCEL, .arg = { c->m.arg[0], c->m.arg[5] } };
			request->caller = NULL;
			receiver = call_pass_locked(p, request);
		}
	}
	spin_unlock(&p->lock);
	if (done && request)
		call_put(request);
	return done ? 0 : wait_end(receiver, UINT64_MAX);
}

int port_call_send(struct port *p, struct call *c, enum call_end end)
{
	if (CHECKED)
		lock_check_none_held();
	c->caller = thread_current();
	c->refs = 2; /* nobody else knows it yet */
	spin_lock(&p->lock);
	if (p->dead) {
		spin_unlock(&p->lock);
		c->refs = 1;
		return -EPIPE;
	}
	wait_begin(end == CALL_TO_DEATH ? WAIT_KILLABLE : WAIT_SIGNALS);
	struct thread *receiver = call_pass_locked(p, c);
	spin_unlock(&p->lock);
	int err = wait_end(receiver, UINT64_MAX);
	if (unlikely(err && end == CALL_CANCELLED))
		err = call_cancel(p, c);
	if (err && !call_give_up(p, c))
		return err;
	if (c->loan) {
		loan_put(c->loan);
		c->loan = NULL;
	}
	return c->result;
}

int port_call_kernel(struct port *p, struct msg *m, const void *data, void *reply_data, size_t reply_cap,
                     struct loan *loan, enum call_end end)
{
	struct call *c = call_alloc();
	if (!c)
		return -ENOMEM;
	c->m = *m;
	c->m.badge = 0;
	c->m.npages = loan ? loan->npages : 0;
	if (loan) {
		loan_get(loan);
		c->loan = loan;
	}
	if (m->data_len) {
		c->data = kmalloc(m->data_len);
		if (!c->data) {
			call_put(c);
			return -ENOMEM;
		}
		memcpy(c->data, data, m->data_len);
	}
	int err = port_call_send(p, c, end);
	if (!err) {
		*m = c->m;
		m->data_len = MIN(c->m.data_len, reply_cap);
		if (m->data_len)
			memcpy(reply_data, c->data, m->data_len);
	}
	call_put(c);
	return err;
}

int port_call_memory(struct port *p, struct msg *m, struct object **object, pgoff_t *pgoff)
{
	struct call *c = call_alloc();

	*object = NULL;
	if (!c)
		return -ENOMEM;
	c->m = *m;
	c->m.badge = c->m.npages = c->m.data_len = 0;
	int err = port_call_send(p, c, CALL_TO_DEATH);
	if (!err) {
		*m = c->m;
		*object = c->offer;
		*pgoff = c->offer_pgoff;
		c->offer = NULL;
	}
	call_put(c);
	return err;
}

/* ---- the server's side ---- */

/* The first waiting call becomes active; *out has a reference of its own. */
static int take_waiting_locked(struct port *p, size_t cap, struct call **out)
{
	struct call *c = list_first(&p->waiting, struct call, link);
	if (c->m.data_len > cap)
		return -EMSGSIZE;
	list_remove(&c->link);
	activate_locked(p, c);
	*out = c;
	return 0;
}

/* What there is to receive now: 0 or -EMSGSIZE, or -EAGAIN when there is nothing. */
static int take_locked(struct port *p, size_t cap, struct call **out, uint64_t *bits)
{
	*out = NULL;
	if (p->dead)
		return -EBADF;
	if (p->pending) {
		*bits = p->pending;
		p->pending = 0;
		return 0;
	}
	return list_empty(&p->waiting) ? -EAGAIN : take_waiting_locked(p, cap, out);
}

int port_take(struct port *p, size_t cap, uint64_t deadline_ns, struct thread *next, struct call **out, uint64_t *bits)
{
	struct thread *self = thread_current();
	int broken = 0;
	for (;;) {
		spin_lock(&p->lock);
		list_remove(&self->wait_link);
		int err = take_locked(p, cap, out, bits);
		if (err == -EAGAIN && (broken || deadline_ns == 0))
			err = broken ? broken : -ETIMEDOUT;
		if (err != -EAGAIN) {
			spin_unlock(&p->lock);
			if (next)
				sched_ready(next);
			return err;
		}
		self->received = NULL;
		self->receive_cap = cap;
		wait_begin(WAIT_SIGNALS);
		list_push_front(&p->receivers, &self->wait_link); /* the last to come is the one whose cache is warm */
		spin_unlock(&p->lock);
		broken = wait_end(next, deadline_ns);
		next = NULL;
		if (likely(self->received)) { /* a caller has put it there and taken us off the list */
			*out = self->received;
			return 0;
		}
	}
}

static struct call *active_find_locked(struct port *p, uint64_t token)
{
	list_for_each(n, &p->active) {
		struct call *c = list_entry(n, struct call, link);
		if (c->m.token == token)
			return c;
	}
	return NULL;
}

/* The call is over: off its list, and its caller's wait ended. NULL: there is nobody to run. */
static struct thread *call_finish_locked(struct call *c, int result)
{
	struct thread *caller = c->caller;
	list_remove(&c->link);
	c->state = CALL_DONE;
	c->result = result;
	return caller && thread_claim(caller, WAKE_NORMAL) ? caller : NULL;
}

int port_answer(struct port *p, const struct msg *m, void *data, struct thread **next)
{
	void *old_data = data;
	bool abandoned = true;
	*next = NULL;
	spin_lock(&p->lock);
	struct call *c = active_find_locked(p, m->token);
	if (c) {
		abandoned = !c->caller;
		old_data = c->data;
		c->m = *m;
		c->data = data;
		*next = call_finish_locked(c, 0);
	}
	spin_unlock(&p->lock);
	kfree(old_data);
	if (c)
		call_put(c);
	return abandoned ? -ESRCH : 0;
}

int port_attach_offer(struct port *p, uint64_t token, struct object *o, pgoff_t pgoff)
{
	struct object *drop = o;
	int err = -EBADF;

	spin_lock(&p->lock);
	if (!p->offers_ended) {
		struct call *c = active_find_locked(p, token);
		err = c ? 0 : -ESRCH;
		if (c) {
			drop = c->offer;
			c->offer = o;
			c->offer_pgoff = pgoff;
			p->offers = true;
		}
	}
	spin_unlock(&p->lock);
	if (drop)
		object_put(drop);
	return err;
}

void port_fail(struct port *p, struct call *c, int status)
{
	struct msg m = { .token = c->m.token, .op = c->m.op, .status = status };
	struct thread *next;
	int err = port_answer(p, &m, NULL, &next);
	if (!err && next)
		sched_ready(next);
}

void port_kill(struct port *p)
{
	struct list over = LIST_INIT(over);
	struct thread *t;
	spin_lock(&p->lock);
	p->dead = true;
	list_splice_back(&over, &p->waiting);
	list_splice_back(&over, &p->active);
	while ((t = receiver_claim_locked(p)))
		sched_ready(t);
	while (!list_empty(&over)) {
		struct call *c = list_first(&over, struct call, link);
		t = call_finish_locked(c, -EPIPE);
		spin_unlock(&p->lock); /* dropping an abandoned call may release a loan, which takes other locks */
		if (t)
			sched_ready(t);
		call_put(c);
		spin_lock(&p->lock);
	}
	spin_unlock(&p->lock);
	timer_cancel(&p->timer);
}

static void port_end_offers(struct port *p)
{
	spin_lock(&p->lock);
	p->offers_ended = true;
	bool offers = p->offers;
	spin_unlock(&p->lock);
	if (offers)
		object_revoke(p);
}

/* ---- descriptors ---- */

static void receive_release(struct file *f)
{
	struct port *p = f->data;
	port_end_offers(p);
	port_kill(p);
	port_put(p);
}

static void client_release(struct file *f)
{
	struct port_client *client = f->data;
	port_put(client->port);
	kfree(client);
}

static const struct file_ops receive_ops = { .release = receive_release };
static const struct file_ops client_ops = { .release = client_release };

struct file *port_file_create(uint32_t flags)
{
	struct port *p = port_create();
	struct file *f = p ? file_create(FILE_PORT, &receive_ops, O_RDWR | flags, p) : NULL;
	if (p && !f)
		port_put(p);
	return f;
}

struct file *port_client_create(struct port *p, uint64_t badge, uint32_t flags)
{
	struct port_client *client = kmalloc(sizeof(*client));
	if (!client)
		return NULL;
	*client = (struct port_client){ p, badge };
	struct file *f = file_create(FILE_PORT, &client_ops, O_RDWR | flags, client);
	if (!f) {
		kfree(client);
		return NULL;
	}
	port_get(p);
	return f;
}

struct port_client *port_client_from_file(struct file *f)
{
	return f->ops == &client_ops ? f->data : NULL;
}

struct port *port_of_receiver(struct file *f)
{
	return f->ops == &receive_ops ? f->data : NULL;
}

struct port *port_from_file(struct file *f, bool receive)
{
	struct port *p = port_of_receiver(f);
	if (p)
		port_get(p);
	else if (f->ops == &client_ops && !receive)
		port_get(p = ((struct port_client *)f->data)->port);
	return p;
}
