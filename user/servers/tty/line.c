/* SPDX-License-Identifier: MIT */
/*
 * A terminal: what its parts do for each other until nothing more can be done (line_run).
 *
 *     next_key ─► input.c ─► readers          writers ─► output.c ─► send
 *
 * next_key and send are the other end: a serial port, or the master's side of a pseudo-terminal.
 *
 * A read of a canonical terminal waits for a line. Else it waits for VMIN bytes (or all it wants, if that is less).
 * VTIME is a deadline: for the first reader's wait as a whole when VMIN is 0, else from the last byte that came. When it
 * has passed, the reader gets what is there.
 *
 * Who waits is told to give up by DEV_CANCEL, when a signal has come: a writer is answered how many of its bytes were
 * taken, a reader gets what is there, if anything is, for others EINTR. So nothing is lost, and nothing is sent twice.
 *
 * Sessions and groups are the kernel's: it stops who reads in the background before we are asked.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <abi/devproto.h>

#include "tty.h"

#define POLL_OUT_BELOW 256u /* poll says that a write would not wait while less output than that is under way */

static const uint8_t usual_keys[ABI_NCCS] = {
	[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17, [VSTOP] = 19,
	[VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
};

bool line_init(struct line *l, uint64_t number, uint32_t out_size, uint32_t cflag)
{
	l->number = number;
	l->termios = (struct abi_termios){
		.c_iflag = ICRNL | IXON, .c_oflag = OPOST | ONLCR, .c_cflag = cflag,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	};
	memcpy(l->termios.c_cc, usual_keys, sizeof(usual_keys));
	l->out = (struct ring){ .bytes = malloc(out_size + INPUT_MAX), .size = out_size + INPUT_MAX };
	return l->out.bytes;
}

void line_free(struct line *l)
{
	free(l->out.bytes);
}

/* ---- readers ---- */

/* As poll sees it. */
static bool readable(const struct line *l)
{
	const uint8_t *keys = l->termios.c_cc;

	if (line_local(l, ICANON))
		return l->canon != l->tail;
	return l->head - l->tail >= (keys[VTIME] == 0 && keys[VMIN] ? keys[VMIN] : 1u);
}

/* Whether the reader's wait is over. */
static bool may_read(const struct line *l, const struct waiter *w)
{
	const uint8_t *keys = l->termios.c_cc;
	uint32_t there = l->head - l->tail, least = keys[VMIN] < w->len ? keys[VMIN] : w->len;

	if (line_local(l, ICANON))
		return l->canon != l->tail;
	if (there >= (least ? least : 1) || (!keys[VMIN] && !keys[VTIME]))
		return true;
	return (l->time_over && (!least || there)) || (w->nonblock && there);
}

/* A reader has been answered. What was counted of VTIME was the first one's. */
static void reader_drop(struct line *l, struct waiter *w)
{
	if (w == l->readers.first) {
		l->deadline_ns = 0;
		l->time_over = false;
	}
	waiter_drop(&l->readers, w);
}

/* A reader gets what is there. */
static void give(struct line *l, struct waiter *w)
{
	static uint8_t bytes[MSG_DATA_MAX];
	uint32_t next, n = input_take(l, bytes, w->len, &next);

	if (answer(w->token, 0, n, bytes, n)) {
		l->tail = next;
		if (!line_local(l, ICANON))
			l->canon = l->tail;
	}
	reader_drop(l, w);
}

static bool serve_readers(struct line *l)
{
	bool any = false;

	for (struct waiter *w, *next; (w = l->readers.first); any = true) {
		if (may_read(l, w)) {
			give(l, w);
			continue;
		}
		for (; w; w = next) { /* nobody behind it gets anything either */
			next = w->next;
			if (!w->nonblock)
				continue;
			answer(w->token, -EAGAIN, 0, NULL, 0);
			reader_drop(l, w);
		}
		break;
	}
	return any;
}

/* The first reader goes on waiting: from now on, or (VMIN is not 0) from the last byte on, for so long at most. */
static void count_time(struct line *l, bool came)
{
	const uint8_t *keys = l->termios.c_cc;

	if (!l->readers.first || line_local(l, ICANON) || !keys[VTIME])
		return;
	if (keys[VMIN] ? l->head != l->tail && (came || !l->deadline_ns) : !l->deadline_ns)
		l->deadline_ns = now_ns() + keys[VTIME] * 100000000ul;
}

void line_time(struct line *l, uint64_t now)
{
	if (!l->deadline_ns || now < l->deadline_ns)
		return;
	l->deadline_ns = 0;
	l->time_over = true;
	line_run(l);
}

/* ---- all together ---- */

static bool take_keys(struct line *l)
{
	uint32_t before = l->head;
	uint8_t c;
	bool any = false;

	l->settled = l->out.count;
	for (; input_takes(l) && l->next_key(l, &c); any = true)
		input_key(l, c);
	if (any)
		count_time(l, l->head != before);
	return any;
}

static bool serve_writers(struct line *l)
{
	struct waiter *w = l->writers.first;

	if (!w)
		return false;
	bool any = output_write(l, w);
	if (w->done < w->len && !w->nonblock)
		return any;
	answer(w->token, w->done ? 0 : -EAGAIN, w->done, NULL, 0);
	waiter_drop(&l->writers, w);
	return true;
}

void line_run(struct line *l)
{
	bool more, any = false;

	do {
		more = take_keys(l);
		more |= serve_readers(l);
		more |= serve_writers(l);
		more |= l->send(l);
		more |= settings_after_output(l);
		any |= more;
	} while (more);
	count_time(l, false);
	if (any)
		poll_news();
}

static void read_from(struct line *l, const struct msg *m)
{
	if (l->hung_up) {
		answer(m->token, 0, 0, NULL, 0);
		return;
	}
	waiter_add(&l->readers, m, NULL, m->arg[1] < MSG_DATA_MAX ? m->arg[1] : MSG_DATA_MAX);
	line_run(l);
}

static void write_to(struct line *l, const struct message *m)
{
	if (l->hung_up || m->head.data_len == 0) {
		answer(m->head.token, l->hung_up ? -EIO : 0, 0, NULL, 0);
		return;
	}
	struct waiter *w = waiter_add(&l->writers, &m->head, m->data, m->head.data_len);
	if (w && w->nonblock && w != l->writers.first) {
		answer(w->token, -EAGAIN, 0, NULL, 0);
		waiter_drop(&l->writers, w);
	}
	line_run(l);
}

static unsigned poll_now(const struct line *l)
{
	bool writable = l->pty ? output_takes(l) : l->out.count < POLL_OUT_BELOW;

	if (l->hung_up)
		return POLLIN | POLLOUT | POLLERR | POLLHUP;
	return (readable(l) ? POLLIN : 0) | (writable ? POLLOUT : 0);
}

/* ---- ends ---- */

void line_cancel(struct line *l, uint64_t thread)
{
	struct waiter *w = waiter_find(&l->readers, thread);

	if (w && !line_local(l, ICANON) && l->head != l->tail) {
		give(l, w);
	} else if (w) {
		answer(w->token, -EINTR, 0, NULL, 0);
		reader_drop(l, w);
	} else if ((w = waiter_find(&l->writers, thread))) {
		answer(w->token, w->done ? 0 : -EINTR, w->done, NULL, 0);
		waiter_drop(&l->writers, w);
	} else if ((w = waiter_find(&l->drainers, thread))) {
		answer(w->token, -EINTR, 0, NULL, 0);
		waiter_drop(&l->drainers, w);
	}
	line_run(l);
}

/* Everybody is told the status; a writer of whom some was taken, how much. */
static void end_all(struct waiters *list, int status)
{
	for (struct waiter *w; (w = list->first); waiter_drop(list, w))
		answer(w->token, w->done ? 0 : status, w->done, NULL, 0);
}

void line_hang_up(struct line *l)
{
	end_all(&l->readers, 0);
	end_all(&l->writers, -EIO);
	end_all(&l->drainers, -EIO);
	l->deadline_ns = 0;
	input_flush(l);
	output_drop(l, 0);
	poll_news();
}

void line_call(struct line *l, const struct message *m)
{
	switch (m->head.op) {
	case DEV_READ:
		read_from(l, &m->head);
		break;
	case DEV_WRITE:
		write_to(l, m);
		break;
	case DEV_IOCTL:
		settings_ioctl(l, m, false);
		break;
	case DEV_POLL:
		answer_poll(m->head.token, poll_now(l), POLLIN | POLLOUT);
		break;
	case DEV_CANCEL:
		line_cancel(l, m->head.arg[1]);
		answer(m->head.token, 0, 0, NULL, 0);
		break;
	case DEV_HANGUP:
		line_hang_up(l);
		answer(m->head.token, 0, 0, NULL, 0);
		break;
	default:
		answer(m->head.token, m->head.op == DEV_MAP ? -ENODEV : -EINVAL, 0, NULL, 0);
	}
}
