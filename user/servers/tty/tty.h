/* SPDX-License-Identifier: MIT */
/*
 * The tty server's parts. One thread, no locks.
 *
 *     tty.c        calls and interrupts come in        uart.c     drives a serial port
 *     line.c       a terminal: what goes on by itself  serial.c   the terminal on COM1
 *     input.c      keys, the edited line               pty.c      pseudo-terminals
 *     output.c     output processing, echo             stream.c   the raw streams of COM2 and COM3
 *     settings.c   termios, ioctl                      call.c     callers that wait
 */
#ifndef TTY_H
#define TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/atlas.h>
#include <abi/termios.h>

/* Minor numbers of what is no pseudo-terminal; an instance of the device protocol is that number. */
enum minor { MINOR_CONSOLE = 1, MINOR_TERMINAL = 64 };
enum minor_stream { MINOR_STREAM_IN = 2, MINOR_STREAM_OUT = 3, MINOR_STREAM_ERR = 4 }; /* of another major number */
#define MINOR_PTMX 2

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

/* A call that waits: a reader for `len` bytes, a writer with its bytes behind it, or who waits until output is out. */
struct waiter {
	struct waiter *next;
	uint64_t token;
	uint64_t thread; /* by which it is cancelled */
	uint64_t op;     /* of an ioctl: the command */
	uint32_t len;    /* reader: bytes wanted; else bytes in data */
	uint32_t done;   /* writer: bytes taken */
	bool nonblock;
	uint8_t data[];
};

struct waiters { struct waiter *first, *last; };

extern int server_port;
/*
 * waiter_add: the call m waits; `data` (NULL: none) of len bytes is copied. Without memory the caller is answered ENOMEM
 * and there is no waiter.
 */
struct waiter *waiter_add(struct waiters *list, const struct msg *m, const void *data, uint32_t len);
void waiter_drop(struct waiters *list, struct waiter *w);
struct waiter *waiter_find(const struct waiters *list, uint64_t thread);
/* answer: replies with a status, arg[0] and data. -> false when the caller has left. */
bool answer(uint64_t token, int status, uint64_t result, const void *data, uint32_t len);
bool answer_ioctl(uint64_t token, int status, uint32_t lflag, const void *data, uint32_t len);

/* ---- line.c ---- */

#define INPUT_MAX 4096u /* the longest line, with its end */
#define INPUT_MARK 0x100 /* an entry of the input that ends a line */
#define INPUT_END  0x200 /* ... and is no byte: end of file */

#define OUTPUT_READ 4095u /* bytes that have arrived at the master's side, as far as flushing is concerned */

struct ring {
	uint8_t *bytes;
	uint32_t size, first, count;
};

bool ring_put(struct ring *r, uint8_t c); /* false: it is full */
bool ring_insert(struct ring *r, uint32_t place, uint8_t c); /* behind so many; false: it is full */
uint8_t ring_get(struct ring *r);         /* only if count is not 0 */

/*
 * A terminal. Its input is a ring whose places only grow:
 *
 *     tail ────────── canon ─────── head          canonical: what may be read, then the edited line
 *     tail ──────────────────────── head          else: all may be read, canon means nothing
 */
struct line {
	struct abi_termios termios;
	struct abi_winsize window;
	uint64_t number;          /* by which the kernel knows the terminal */
	bool pty;
	bool hung_up;             /* nobody is at the other end any more */
	uint16_t input[INPUT_MAX];
	uint32_t tail, canon, head;
	bool literal_next;        /* the key before was VLNEXT */
	bool erasing;             /* ECHOPRT: a "\" is out, its "/" is not */
	struct ring out;
	uint32_t settled;         /* bytes of out that were there before the keys that are being taken */
	uint32_t open;            /* bytes of out that may leave: those behind came while it was held */
	bool held, held_by_call;  /* by ^S, by tcflow: output waits */
	uint32_t column, canon_column; /* of the cursor; where on the screen the edited line begins */
	uint64_t deadline_ns;     /* VTIME for the first reader; 0: not counted */
	bool time_over;           /* and it has passed */
	struct waiters readers, writers, drainers;
	bool (*next_key)(struct line *, uint8_t *);
	bool (*send)(struct line *); /* passes on output; whether it did */
};

/* line_init: with Linux's settings; out_size: room for output */
bool line_init(struct line *l, uint64_t number, uint32_t out_size, uint32_t cflag);
void line_free(struct line *l);
void line_run(struct line *l);  /* whatever can go on goes on */
void line_call(struct line *l, const struct message *m); /* anything but open and close */
void line_cancel(struct line *l, uint64_t thread);
void line_hang_up(struct line *l); /* all who wait are answered */
void line_time(struct line *l, uint64_t now);
static inline bool line_local(const struct line *l, uint32_t flag) { return l->termios.c_lflag & flag; }

/* ---- input.c ---- */

bool input_takes(const struct line *l);     /* there is room for a key */
void input_key(struct line *l, uint8_t c);
void input_flush(struct line *l);
void input_mode_changed(struct line *l);    /* ICANON is another */
uint32_t input_available(const struct line *l);
/* input_take: what one read of up to `len` bytes returns; *next: where the input goes on then */
uint32_t input_take(const struct line *l, uint8_t *to, uint32_t len, uint32_t *next);

/* ---- output.c ---- */

void output_echo(struct line *l, uint8_t c);      /* as a key is shown: control characters as ^X */
void output_echo_raw(struct line *l, uint8_t c);
bool output_write(struct line *l, struct waiter *w); /* some bytes of a writer; whether any */
bool output_takes(const struct line *l);              /* a byte of a writer */
void output_drop(struct line *l, uint32_t but); /* all but the first bytes */
void output_hold(struct line *l, bool held, bool by_call);
static inline bool output_is_held(const struct line *l) { return l->held || l->held_by_call; }

/* ---- settings.c ---- */

void settings_ioctl(struct line *l, const struct message *m, bool master);
bool settings_after_output(struct line *l); /* whether somebody had waited for output */

/* ---- serial.c: minors TERMINAL and CONSOLE ---- */

extern struct line serial_line;
int serial_open(void);
void serial_interrupt(void);

/* ---- pty.c ---- */

#define PTY_MASTER 0x10000u /* instances: its number, and this for the master's side */
#define PTY_SLAVE  0x20000u
#define PTY_MAX    64u
void pty_open_master(const struct msg *m);
void pty_open_slave(const struct msg *m, uint64_t minor);
void pty_call(const struct message *m);
void pty_time(uint64_t now);
uint64_t pty_deadline(uint64_t first); /* the earliest of theirs and `first`; 0: none */

/* ---- tty.c ---- */

void poll_news(void); /* more may be true than was said to who polls */
void answer_poll(uint64_t token, unsigned now, unsigned all); /* all: what can ever be true */
uint64_t now_ns(void);

/* ---- stream.c: minors STREAM_* ---- */

int streams_open(void);
void streams_interrupt(uint64_t notes);
void stream_read(const struct msg *m);
void stream_write(const struct message *m);
bool stream_readable(void);

/* Notification bits. */
enum { NOTE_COM1 = 1, NOTE_COM2 = 2, NOTE_COM3 = 4, NOTE_TIME = 8 };

#endif
