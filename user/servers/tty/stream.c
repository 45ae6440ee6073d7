/* SPDX-License-Identifier: MIT */
/*
 * The three raw streams of a program that tools/atlas runs: what it writes leaves byte for byte, what the tool's
 * standard input holds arrives with its end.
 *
 *     /dev/stream0  input   COM2, framed by the tool: [2-byte little-endian length][bytes]; length 0 is the end
 *     /dev/stream1  output  COM2, raw, after one byte STX: UEFI firmware and GRUB talk on this line before us
 *     /dev/stream2  output  COM3, raw
 *
 * A write is answered when its last byte is in the UART. Then nothing is left to flush when the program has ended and
 * the machine is switched off, and a slow reader on the host slows the program down, as a pipe would.
 *
 * Input waits in a buffer of a page; when it is full the UART is left alone, which stops the tool. End of input is a
 * state, not a byte: every read after the last byte returns 0.
 */
#include <errno.h>
#include <stdio.h>

#include <abi/fcntl.h>

#include "tty.h"

#define COM2_BASE 0x2f8
#define COM2_IRQ  3
#define COM3_BASE 0x3e8
#define COM3_IRQ  5
#define STREAM_MAX 4096u
#define START_OF_TEXT 2

struct output {
	struct uart uart;
	struct waiters writers;
	bool receives;
};

static struct output out = { .receives = true }, err;

static struct {
	uint8_t bytes[STREAM_MAX];
	uint32_t first, count;   /* ring */
	uint32_t frame_left;     /* bytes of the current frame still to come */
	uint8_t header[2];
	uint8_t header_have;
	bool ended;
	struct waiters readers;
} in;

/* ---- output ---- */

/* Sends what the UART takes; returns how many bytes it took. */
static uint32_t send_some(struct uart *u, const uint8_t *data, uint32_t len)
{
	uint32_t sent = 0;

	while (sent < len && uart_can_send(u))
		uart_send(u, data[sent++]);
	return sent;
}

static bool wants_input(const struct output *o)
{
	return o->receives && in.count < STREAM_MAX;
}

static void output_pump(struct output *o)
{
	struct waiter *w;

	while ((w = o->writers.first)) {
		w->done += send_some(&o->uart, w->data + w->done, w->len - w->done);
		if (w->done < w->len)
			break;
		answer(w->token, 0, w->len, NULL, 0);
		waiter_drop(&o->writers, w);
	}
	uart_want(&o->uart, wants_input(o), o->writers.first);
}

void stream_write(const struct message *m)
{
	struct output *o = m->head.arg[0] == MINOR_STREAM_OUT ? &out : &err;
	uint32_t len = m->head.data_len, sent = 0;

	if (m->head.arg[0] == MINOR_STREAM_IN) {
		answer(m->head.token, -EBADF, 0, NULL, 0);
		return;
	}
	if (!o->writers.first)
		sent = send_some(&o->uart, m->data, len);
	if (sent == len) {
		answer(m->head.token, 0, len, NULL, 0);
		return;
	}
	struct waiter *w = waiter_add(&o->writers, &m->head, m->data, len);
	if (w)
		w->done = sent;
	output_pump(o);
}

/* ---- input ---- */

static void input_byte(uint8_t byte)
{
	if (in.frame_left > 0) {
		in.bytes[(in.first + in.count++) % STREAM_MAX] = byte;
		in.frame_left--;
		poll_news();
		return;
	}
	in.header[in.header_have++] = byte;
	if (in.header_have < 2)
		return;
	in.header_have = 0;
	in.frame_left = in.header[0] | (uint32_t)in.header[1] << 8;
	if (in.frame_left == 0) {
		in.ended = true;
		poll_news();
	}
}

static void input_receive(void)
{
	uint8_t byte;

	while (in.count < STREAM_MAX && uart_receive(&out.uart, &byte))
		input_byte(byte);
}

bool stream_readable(void)
{
	return in.count > 0 || in.ended;
}

/* Answers readers while there is something to say to them. */
static void input_deliver(void)
{
	struct waiter *w;

	while ((w = in.readers.first) && (stream_readable() || w->len == 0)) {
		uint32_t len = w->len < in.count ? w->len : in.count;
		if (len > STREAM_MAX - in.first) /* up to where the ring wraps */
			len = STREAM_MAX - in.first;
		if (answer(w->token, 0, len, in.bytes + in.first, len)) {
			in.first = (in.first + len) % STREAM_MAX;
			in.count -= len;
		}
		waiter_drop(&in.readers, w);
	}
}

void stream_read(const struct msg *m)
{
	if (m->arg[0] != MINOR_STREAM_IN) {
		answer(m->token, -EBADF, 0, NULL, 0);
		return;
	}
	input_receive();
	if ((m->arg[2] & O_NONBLOCK) && !stream_readable()) {
		answer(m->token, -EAGAIN, 0, NULL, 0);
	} else {
		waiter_add(&in.readers, m, NULL, m->arg[1] < MSG_DATA_MAX ? m->arg[1] : MSG_DATA_MAX);
		input_deliver();
	}
	output_pump(&out); /* there may be room for input again */
}

/* ---- both ---- */

static void serve(struct output *o)
{
	do {
		if (o->receives) {
			input_receive();
			input_deliver();
		}
		output_pump(o);
	} while (uart_pending(&o->uart));
}

void streams_interrupt(uint64_t notes)
{
	struct output *outputs[] = { &out, &err };
	const uint64_t bits[] = { NOTE_COM2, NOTE_COM3 };

	for (int i = 0; i < 2; i++) {
		if (!(notes & bits[i]))
			continue;
		serve(outputs[i]);
		uart_acknowledge(&outputs[i]->uart);
		serve(outputs[i]); /* a cause that came in between made no edge */
	}
}

int streams_open(void)
{
	int error = uart_open(&out.uart, COM2_BASE, COM2_IRQ, server_port, NOTE_COM2);

	if (error == 0)
		error = uart_open(&err.uart, COM3_BASE, COM3_IRQ, server_port, NOTE_COM3);
	if (error < 0)
		return error;
	while (!uart_can_send(&out.uart))
		;
	uart_send(&out.uart, START_OF_TEXT);
	output_pump(&out);
	return 0;
}
