/* SPDX-License-Identifier: MIT */
/*
 * The tty server's parts: uart.c drives a serial port, call.c keeps callers that wait, terminal.c is the line
 * discipline of COM1, stream.c the raw streams of COM2 and COM3, tty.c receives calls and interrupts. One thread,
 * no locks.
 */
#ifndef TTY_H
#define TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/atlas.h>

/* Minor numbers; an instance of the device protocol is the minor number of what was opened. */
enum minor { MINOR_CONSOLE = 1, MINOR_STREAM_IN = 2, MINOR_STREAM_OUT = 3, MINOR_STREAM_ERR = 4, MINOR_TERMINAL = 64 };

struct message {
	struct msg head;
	uint8_t data[MSG_DATA_MAX];
};

/* ---- uart.c ---- */

struct uart {
	uint16_t base;
	uint8_t irq;
	uint8_t room;      /* bytes the transmit FIFO surely takes */
	uint8_t interrupts; /* what is in the interrupt enable register */
	int irq_fd;
};

/* uart_open: sets the port up, its interrupts arrive at `port` as `note`. -> 0; -ENXIO when there is none. */
int uart_open(struct uart *u, uint16_t base, uint8_t irq, int port, uint32_t note);
bool uart_can_send(struct uart *u);
void uart_send(struct uart *u, uint8_t byte); /* only after uart_can_send said yes */
bool uart_receive(struct uart *u, uint8_t *byte);
void uart_want(struct uart *u, bool receive, bool send); /* which interrupts shall come */
bool uart_pending(struct uart *u); /* a wanted interrupt has its cause still */
void uart_acknowledge(struct uart *u);

/* ---- call.c ---- */

/* A call that waits: a reader for `len` bytes, or a writer with its remaining bytes behind it. */
struct waiter {
	struct waiter *next;
	uint64_t token;
	uint32_t len;  /* reader: bytes wanted; writer: bytes in data */
	uint32_t done; /* writer: bytes sent */
	uint8_t data[];
};

struct waiters { struct waiter *first, *last; };

extern int server_port;
/* waiter_add: appends; `data` may be NULL. Without memory the caller is answered ENOMEM and there is no waiter. */
struct waiter *waiter_add(struct waiters *list, uint64_t token, const void *data, uint32_t len);
void waiter_drop_first(struct waiters *list);
/* answer: replies with a status, arg[0] and data. -> false when the caller has left. */
bool answer(uint64_t token, int status, uint64_t result, const void *data, uint32_t len);

/* ---- terminal.c: minors TERMINAL and CONSOLE ---- */

int terminal_open(void);
void terminal_interrupt(void);
void terminal_time(void); /* what VTIME counts is over */
void terminal_read(const struct msg *m);
void terminal_write(const struct message *m);
void terminal_ioctl(const struct message *m);
bool terminal_readable(void); /* a read would not wait */

/* ---- stream.c: minors STREAM_* ---- */

int streams_open(void);
void streams_interrupt(uint64_t notes);
void stream_read(const struct msg *m);
void stream_write(const struct message *m);
bool stream_readable(void);

/* Notification bits. */
enum { NOTE_COM1 = 1, NOTE_COM2 = 2, NOTE_COM3 = 4, NOTE_TIME = 8 };

#endif
