/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals (pty(7)): terminals at whose other end is a program.
 *
 *     master writes ─► keys ─► line ─► slave reads           open /dev/ptmx: a new pair, /dev/pts/N appears
 *     master reads ◄─ out ◄─── line ◄─ slave writes          open /dev/pts/N: the slave, once it is unlocked
 *
 * Bytes wait in both directions, QUEUE_SIZE of them; then their writers wait. The line takes keys as long as it has
 * room for them. Settings belong to the pair: asked through either end they are the same.
 *
 * The pair lives as long as one end is open. When the last slave is closed the master reads what is left and then EIO,
 * until a slave is opened again. When the master is closed the slave is hung up for good and its name vanishes; that
 * is the kernel's doing (file/devpts.c), which also tells the session. There is no packet mode.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <abi/devproto.h>
#include <atlas/port.h>

#include "tty.h"

#define QUEUE_SIZE 65536u

struct pty {
	struct line line; /* first: a line of a pty is one */
	uint32_t index;
	bool master_open, locked;
	bool slave_gone;           /* there was one, and there is none */
	uint32_t slaves;           /* how often it is open */
	struct ring keys;
	struct waiters readers, writers; /* at the master's side */
};

static struct pty *ptys[PTY_MAX];

/* ---- the master's side ---- */

static bool give(struct pty *p, struct waiter *w)
{
	static uint8_t bytes[MSG_DATA_MAX];
	struct line *l = &p->line;
	uint32_t n = w->len < l->open ? w->len : l->open;

	if (n == 0 && !p->slave_gone && !w->nonblock)
		return false;
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = l->out.bytes[(l->out.first + i) % l->out.size];
	int status = n ? 0 : p->slave_gone ? -EIO : -EAGAIN;
	if (answer(w->token, status, n, bytes, n)) {
		l->out.first = (l->out.first + n) % l->out.size;
		l->out.count -= n;
		l->open -= n;
	}
	waiter_drop(&p->readers, w);
	return true;
}

static bool take(struct pty *p, struct waiter *w)
{
	uint32_t before = w->done;

	while (w->done < w->len && ring_put(&p->keys, w->data[w->done]))
		w->done++;
	if (w->done < w->len && !w->nonblock)
		return w->done > before;
	answer(w->token, w->done ? 0 : -EAGAIN, w->done, NULL, 0);
	waiter_drop(&p->writers, w);
	return true;
}

static bool send(struct line *l)
{
	struct pty *p = (struct pty *)l;
	bool any = false;

	while (p->readers.first && give(p, p->readers.first))
		any = true;
	while (p->writers.first && take(p, p->writers.first))
		any = true;
	return any;
}

static bool next_key(struct line *l, uint8_t *c)
{
	struct ring *keys = &((struct pty *)l)->keys;

	if (keys->count == 0)
		return false;
	*c = ring_get(keys);
	return true;
}

static void master_write(struct pty *p, const struct message *m)
{
	if (m->head.data_len == 0)
		answer(m->head.token, 0, 0, NULL, 0);
	else
		waiter_add(&p->writers, &m->head, m->data, m->head.data_len);
	line_run(&p->line);
}

static void master_read(struct pty *p, const struct msg *m)
{
	waiter_add(&p->readers, m, NULL, m->arg[1] < MSG_DATA_MAX ? m->arg[1] : MSG_DATA_MAX);
	line_run(&p->line);
}

/* What waits to be read here, what was written here and is no key yet. */
static int master_flush(struct pty *p, uint64_t queue)
{
	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue != TCOFLUSH)
		output_drop(&p->line, 0);
	if (queue != TCIFLUSH)
		p->keys.count = 0;
	line_run(&p->line);
	return 0;
}

static void master_ioctl(struct pty *p, const struct message *m)
{
	int32_t number = m->head.arg[1] == TIOCGPTN ? (int32_t)p->index : p->locked;

	switch (m->head.arg[1]) {
	case TIOCGPTN:
	case TIOCGPTLCK:
		answer_ioctl(m->head.token, 0, p->line.termios.c_lflag, &number, sizeof(number));
		break;
	case TIOCSPTLCK:
		p->locked = m->data[0] | m->data[1] | m->data[2] | m->data[3];
		answer_ioctl(m->head.token, 0, p->line.termios.c_lflag, NULL, 0);
		break;
	case TCFLSH:
		answer_ioctl(m->head.token, master_flush(p, m->head.arg[2]), p->line.termios.c_lflag, NULL, 0);
		break;
	default:
		settings_ioctl(&p->line, m, true);
	}
}

static unsigned master_poll(const struct pty *p)
{
	return (p->line.open > 0 ? POLLIN : 0) | (p->slave_gone ? POLLHUP : 0) |
	       (p->keys.count < p->keys.size ? POLLOUT : 0);
}

static void master_cancel(struct pty *p, uint64_t thread)
{
	struct waiter *w = waiter_find(&p->readers, thread);
	struct waiters *list = w ? &p->readers : &p->writers;

	if (!w && !(w = waiter_find(list, thread))) {
		line_cancel(&p->line, thread); /* an ioctl */
		return;
	}
	answer(w->token, w->done ? 0 : -EINTR, w->done, NULL, 0);
	waiter_drop(list, w);
}

/* ---- both ---- */

static void destroy(struct pty *p)
{
	ptys[p->index] = NULL;
	line_free(&p->line);
	free(p->keys.bytes);
	free(p);
}

static void close_end(struct pty *p, bool master)
{
	if (master) {
		p->master_open = false;
		p->line.hung_up = true;
		line_hang_up(&p->line);
	} else if (--p->slaves == 0) {
		p->slave_gone = true;
		line_run(&p->line);
		poll_news();
	}
	if (!p->master_open && p->slaves == 0)
		destroy(p);
}

static struct pty *create(uint32_t index)
{
	struct pty *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->index = index;
	p->master_open = p->locked = p->line.pty = true;
	p->line.next_key = next_key;
	p->line.send = send;
	p->keys = (struct ring){ .bytes = malloc(QUEUE_SIZE), .size = QUEUE_SIZE };
	ptys[index] = p;
	if (line_init(&p->line, 1 + index, QUEUE_SIZE, B38400 | CS8 | CREAD) && p->keys.bytes)
		return p;
	destroy(p);
	return NULL;
}

/* Says the instance, the terminal, and which name the kernel is to give the other end. Who asked may have died. */
static void opened(const struct msg *m, struct pty *p, bool master)
{
	struct msg reply = { .token = m->token, .arg = { (master ? PTY_MASTER : PTY_SLAVE) | p->index,
		DEV_IS_TERMINAL | (master ? DEV_IS_MASTER : 0), p->line.number, p->index } };

	if (port_reply(server_port, &reply) < 0)
		close_end(p, master);
}

void pty_open_master(const struct msg *m)
{
	uint32_t index = 0;

	while (index < PTY_MAX && ptys[index])
		index++;
	struct pty *p = index < PTY_MAX ? create(index) : NULL;
	if (p)
		opened(m, p, true);
	else
		answer(m->token, index == PTY_MAX ? -ENOSPC : -ENOMEM, 0, NULL, 0);
}

void pty_open_slave(const struct msg *m, uint64_t minor)
{
	struct pty *p = minor < PTY_MAX ? ptys[minor] : NULL;

	if (p && p->master_open && !p->locked) {
		p->slaves++;
		p->slave_gone = false;
		opened(m, p, false);
	} else {
		answer(m->token, -EIO, 0, NULL, 0);
	}
}

static void master_call(struct pty *p, const struct message *m)
{
	switch (m->head.op) {
	case DEV_READ:
		master_read(p, &m->head);
		break;
	case DEV_WRITE:
		master_write(p, m);
		break;
	case DEV_IOCTL:
		master_ioctl(p, m);
		break;
	case DEV_POLL:
		answer_poll(m->head.token, master_poll(p), POLLIN | POLLOUT | POLLHUP);
		break;
	case DEV_CANCEL:
		master_cancel(p, m->head.arg[1]);
		answer(m->head.token, 0, 0, NULL, 0);
		break;
	default:
		answer(m->head.token, m->head.op == DEV_MAP ? -ENODEV : -EINVAL, 0, NULL, 0);
	}
}

void pty_call(const struct message *m)
{
	uint64_t instance = m->head.arg[0];
	bool master = instance & PTY_MASTER;
	struct pty *p = (uint16_t)instance < PTY_MAX ? ptys[(uint16_t)instance] : NULL;

	if (!p || (master ? !p->master_open : p->slaves == 0)) {
		answer(m->head.token, -EIO, 0, NULL, 0);
	} else if (m->head.op == DEV_CLOSE) {
		close_end(p, master);
		answer(m->head.token, 0, 0, NULL, 0);
	} else if (master) {
		master_call(p, m);
	} else {
		line_call(&p->line, m);
	}
}

void pty_time(uint64_t now)
{
	for (uint32_t i = 0; i < PTY_MAX; i++)
		if (ptys[i])
			line_time(&ptys[i]->line, now);
}

uint64_t pty_deadline(uint64_t first)
{
	for (uint32_t i = 0; i < PTY_MAX; i++) {
		uint64_t mine = ptys[i] ? ptys[i]->line.deadline_ns : 0;
		first = mine && (!first || mine < first) ? mine : first;
	}
	return first;
}
