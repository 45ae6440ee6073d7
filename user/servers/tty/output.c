/* SPDX-License-Identifier: MIT */
/*
 * Output: what is written and what is echoed, on its way to the other end.
 *
 *     writer ─► output modes ─┐
 *     key ─► echo ────────────┴─► ring ─► UART, or who reads the master's side
 *
 * Writers leave INPUT_MAX bytes of the ring, and wait when there are no more; those are for echo, so that typing
 * ahead of a busy program shows. A screen that lags further behind loses echo, nothing else.
 *
 * Output that is held (^S, tcflow) stays where it is. On a serial line writers go on until the ring is full; at a
 * pseudo-terminal, whose ring stands for the other end, they wait at once, and what came before can still be read
 * there: `open` counts those bytes.
 *
 * What is dropped by tcflush or a key that signals is all that has not left a serial line yet. At the other end of a
 * pseudo-terminal OUTPUT_READ bytes have arrived already, and can still be read.
 *
 * The column is followed for tabs, for what ONOCR and ONLRET ask, and for erasing.
 */
#include <ctype.h>

#include "tty.h"

bool ring_put(struct ring *r, uint8_t c)
{
	if (r->count == r->size)
		return false;
	r->bytes[(r->first + r->count++) % r->size] = c;
	return true;
}

bool ring_insert(struct ring *r, uint32_t place, uint8_t c)
{
	if (!ring_put(r, c))
		return false;
	for (uint32_t i = r->count - 1; i > place; i--)
		r->bytes[(r->first + i) % r->size] = r->bytes[(r->first + i - 1) % r->size];
	r->bytes[(r->first + place) % r->size] = c;
	return true;
}

uint8_t ring_get(struct ring *r)
{
	uint8_t c = r->bytes[r->first];

	r->first = (r->first + 1) % r->size;
	r->count--;
	return c;
}

static void put(struct line *l, uint8_t c)
{
	if (ring_put(&l->out, c) && !output_is_held(l))
		l->open++;
}

void output_drop(struct line *l, uint32_t but)
{
	l->out.count = l->out.count < but ? l->out.count : but;
	l->open = l->open < but ? l->open : but;
}

void output_hold(struct line *l, bool held, bool by_call)
{
	if (by_call)
		l->held_by_call = held;
	else
		l->held = held;
	if (!output_is_held(l))
		l->open = l->out.count;
	else if (!l->pty)
		l->open = 0;
}

/* ---- output modes ---- */

static bool mode(const struct line *l, uint32_t flag) { return l->termios.c_oflag & flag; }

static bool is_wide(const struct line *l, uint8_t c)
{
	return !iscntrl(c) && !((l->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80);
}

static void put_newline(struct line *l)
{
	if (mode(l, ONLRET | ONLCR))
		l->column = 0;
	if (mode(l, ONLCR))
		put(l, '\r');
	l->canon_column = l->column;
	put(l, '\n');
}

static void put_return(struct line *l)
{
	if (mode(l, ONOCR) && l->column == 0)
		return;
	if (!mode(l, OCRNL) || mode(l, ONLRET))
		l->canon_column = l->column = 0;
	put(l, mode(l, OCRNL) ? '\n' : '\r');
}

static void put_tab(struct line *l)
{
	uint32_t width = 8 - l->column % 8;

	l->column += width;
	if ((l->termios.c_oflag & TABDLY) != XTABS)
		put(l, '\t');
	else
		while (width-- > 0)
			put(l, ' ');
}

static void put_processed(struct line *l, uint8_t c)
{
	if (c == '\n') {
		put_newline(l);
	} else if (c == '\r') {
		put_return(l);
	} else if (c == '\t') {
		put_tab(l);
	} else {
		if (c == '\b' && l->column > 0)
			l->column--;
		l->column += is_wide(l, c);
		put(l, mode(l, OLCUC) ? (uint8_t)toupper(c) : c);
	}
}

/* ---- writers ---- */

/* Whether one more byte, whatever becomes of it, finds room. */
bool output_takes(const struct line *l)
{
	return l->out.count + (mode(l, OPOST) ? 8 : 1) <= l->out.size - INPUT_MAX && !(l->pty && output_is_held(l));
}

bool output_write(struct line *l, struct waiter *w)
{
	uint32_t before = w->done;

	while (w->done < w->len && output_takes(l)) {
		uint8_t c = w->data[w->done++];
		if (mode(l, OPOST))
			put_processed(l, c);
		else
			put(l, c);
	}
	return w->done > before;
}

/* ---- echo ---- */

void output_echo_raw(struct line *l, uint8_t c)
{
	if (mode(l, OPOST))
		put_processed(l, c);
	else
		put(l, c);
}

void output_echo(struct line *l, uint8_t c)
{
	if (line_local(l, ECHOCTL) && iscntrl(c) && c != '\t') {
		put(l, '^');
		put(l, c ^ 0x40);
		l->column += 2;
	} else {
		output_echo_raw(l, c);
	}
}
