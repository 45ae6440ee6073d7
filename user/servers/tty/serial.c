/* SPDX-License-Identifier: MIT */
/*
 * The terminal on COM1: keys come from the UART as long as there is room for them, and wait there otherwise; output goes
 * when the UART takes it. Whether it has left the UART nobody waits for: it holds 16 bytes.
 */
#include <errno.h>

#include "tty.h"

#define COM1_BASE 0x3f8
#define COM1_IRQ  4
#define OUT_SIZE  4096u

struct line serial_line;
static struct uart uart;

static bool next_key(struct line *l, uint8_t *c)
{
	(void)l;
	return uart_receive(&uart, c);
}

static bool send(struct line *l)
{
	bool any = false;

	for (; l->open > 0 && uart_can_send(&uart); any = true) {
		uart_send(&uart, ring_get(&l->out));
		l->open--;
	}
	uart_want(&uart, input_takes(l), l->open > 0);
	return any;
}

static void serve(void)
{
	do
		line_run(&serial_line);
	while (uart_pending(&uart));
}

void serial_interrupt(void)
{
	serve();
	uart_acknowledge(&uart);
	serve(); /* a cause that came in between made no edge */
}

int serial_open(void)
{
	int error = uart_open(&uart, COM1_BASE, COM1_IRQ, server_port, NOTE_COM1);

	if (error < 0)
		return error;
	if (!line_init(&serial_line, 0, OUT_SIZE, B115200 | CS8 | CREAD | HUPCL | CLOCAL))
		return -ENOMEM;
	serial_line.window = (struct abi_winsize){ .ws_row = 24, .ws_col = 80 };
	serial_line.next_key = next_key;
	serial_line.send = send;
	line_run(&serial_line);
	return 0;
}
