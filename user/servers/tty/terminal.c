/* SPDX-License-Identifier: MIT */
/*
 * The terminal on COM1 and its line discipline (termios(3)).
 *
 *     UART ─► key ─► signal characters ─► canonical: edit line ──newline, EOF──► input ring ─► readers
 *                          │              raw: straight into the input ring
 *                          └─► echo ring ─► UART ◄─ writers (OPOST: "\n" becomes "\r\n")
 *
 * The input ring holds 16-bit entries so that the end-of-file mark, which is no byte, has a place in it. A read in
 * canonical mode ends after a newline, or before an end-of-file mark, which it takes along. Switching to raw mode hands
 * over the line being edited.
 *
 * Echo goes before the output of programs, byte-wise, so that typing ahead of a busy program shows at once. The column
 * is followed so that erasing a tab erases what it printed.
 *
 * Sessions and groups are the kernel's: it stops who reads in the background before we are asked, and sends the signals
 * of keys to the foreground (dev_signal).
 *
 * In raw mode a read waits for VMIN bytes (or all it wants, if that is less). VTIME is counted by the port's timer: for
 * the first reader's wait as a whole when VMIN is 0, else from the last byte that came. When it is over, the reader
 * gets what is there.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <abi/fcntl.h>
#include <abi/termios.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "tty.h"

#define COM1_BASE 0x3f8
#define COM1_IRQ  4
#define INPUT_MAX 4096u /* entries; a line longer than EDIT_MAX is not accepted */
#define EDIT_MAX  1024u
#define ECHO_MAX  1024u
#define END_OF_FILE 0x100

static struct uart uart;
static struct abi_termios termios = {
	.c_iflag = ICRNL | IXON, .c_oflag = OPOST | ONLCR, .c_cflag = CS8 | CREAD | B38400,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17,
		  [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 },
};
static struct abi_winsize window = { .ws_row = 24, .ws_col = 80 };

static uint16_t input[INPUT_MAX];
static uint32_t input_first, input_count;
static uint8_t edit[EDIT_MAX];
static uint32_t edit_len, edit_column; /* where on the screen the edited line begins */
static bool literal_next;              /* the key before was VLNEXT */
static uint8_t echo[ECHO_MAX];
static uint32_t echo_first, echo_count;
static uint32_t column;
static bool newline_due; /* a writer's "\r" is out, its "\n" is not */
static bool held;        /* ^S: output waits for ^Q */
static bool time_counts; /* VTIME's timer is set */
static bool time_over;   /* and has run out, for the first reader */
static struct waiters readers, writers;

static bool local(uint32_t flag) { return termios.c_lflag & flag; }
static bool is_key(uint8_t c, int which) { return termios.c_cc[which] && c == termios.c_cc[which]; }

/* ---- output ---- */

static uint32_t column_after(uint32_t at, uint8_t c)
{
	if (c == '\t')
		return (at | 7) + 1;
	if (c == '\b')
		return at > 0 ? at - 1 : 0;
	if (c == '\r' || c == '\n')
		return 0;
	return c < ' ' || c == 127 || (c & 0xc0) == 0x80 ? at : at + 1; /* bytes inside a UTF-8 character have no width */
}

static void send(uint8_t c)
{
	uart_send(&uart, c);
	column = column_after(column, c);
}

/* Sends one byte of a writer with its output processing. -> false when the UART has to be waited for in between. */
static bool send_processed(uint8_t c)
{
	if (c == '\n' && (termios.c_oflag & OPOST) && (termios.c_oflag & ONLCR) && !newline_due) {
		send('\r');
		newline_due = true;
		if (!uart_can_send(&uart))
			return false;
	}
	newline_due = false;
	send(c);
	return true;
}

static void output_pump(void)
{
	while (echo_count > 0 && !newline_due && uart_can_send(&uart)) {
		send(echo[echo_first]);
		echo_first = (echo_first + 1) % ECHO_MAX;
		echo_count--;
	}
	while (writers.first && !held && uart_can_send(&uart)) {
		struct waiter *w = writers.first;
		if (!send_processed(w->data[w->done]))
			break;
		if (++w->done == w->len) {
			answer(w->token, 0, w->len, NULL, 0);
			waiter_drop_first(&writers);
		}
	}
	uart_want(&uart, true, (writers.first && !held) || echo_count > 0);
}

void terminal_write(const struct message *m)
{
	if (m->head.data_len == 0) {
		answer(m->head.token, 0, 0, NULL, 0);
		return;
	}
	waiter_add(&writers, m->head.token, m->data, m->head.data_len);
	output_pump();
}

/* ---- echo ---- */

static void echo_byte(uint8_t c)
{
	if (echo_count < ECHO_MAX) /* a screen that lags this far behind loses echo, nothing else */
		echo[(echo_first + echo_count++) % ECHO_MAX] = c;
}

static bool shows_as_control(uint8_t c)
{
	return (c < ' ' || c == 127) && c != '\t' && c != '\n' && local(ECHOCTL);
}

static void echo_key(uint8_t c)
{
	if (!local(ECHO) && !(c == '\n' && local(ECHONL)))
		return;
	if (shows_as_control(c)) {
		echo_byte('^');
		echo_byte(c ^ 0x40);
		return;
	}
	if (c == '\n' && (termios.c_oflag & OPOST))
		echo_byte('\r');
	echo_byte(c);
}

static uint32_t edit_end_column(void)
{
	uint32_t at = edit_column;

	for (uint32_t i = 0; i < edit_len; i++)
		at = shows_as_control(edit[i]) ? at + 2 : column_after(at, edit[i]);
	return at;
}

/* ---- editing ---- */

/* Takes the last character, all its bytes, off the edited line and the screen. */
static void erase_character(void)
{
	uint32_t before = edit_end_column();

	while (edit_len > 0 && (edit[--edit_len] & 0xc0) == 0x80)
		;
	if (!local(ECHO))
		return;
	for (uint32_t n = before - edit_end_column(); n > 0; n--) {
		echo_byte('\b');
		echo_byte(' ');
		echo_byte('\b');
	}
}

static bool ends_in_blank(void)
{
	return edit[edit_len - 1] == ' ' || edit[edit_len - 1] == '\t';
}

static void erase_word(void)
{
	while (edit_len > 0 && ends_in_blank())
		erase_character();
	while (edit_len > 0 && !ends_in_blank())
		erase_character();
}

static void input_add(uint16_t c)
{
	if (input_count < INPUT_MAX)
		input[(input_first + input_count++) % INPUT_MAX] = c;
}

static void edit_commit(void)
{
	for (uint32_t i = 0; i < edit_len; i++)
		input_add(edit[i]);
	edit_len = 0;
}

static void edit_add(uint8_t c)
{
	if (edit_len == EDIT_MAX - 1 || input_count + edit_len >= INPUT_MAX - 2) {
		echo_byte('\a');
		return;
	}
	if (edit_len == 0)
		edit_column = column;
	edit[edit_len++] = c;
	echo_key(c);
}

/* The line once more, below where it was. */
static void reprint(uint8_t c)
{
	if (!local(ECHO))
		return;
	echo_key(c);
	echo_key('\n');
	edit_column = 0;
	for (uint32_t i = 0; i < edit_len; i++)
		echo_key(edit[i]);
}

static void canonical_key(uint8_t c)
{
	if (literal_next) {
		literal_next = false;
		edit_add(c);
	} else if (is_key(c, VLNEXT) && local(IEXTEN)) {
		literal_next = true;
	} else if (is_key(c, VERASE) || c == '\b') {
		erase_character();
	} else if (is_key(c, VKILL)) {
		while (edit_len > 0)
			erase_character();
	} else if (is_key(c, VWERASE) && local(IEXTEN)) {
		erase_word();
	} else if (is_key(c, VEOF)) {
		edit_commit();
		input_add(END_OF_FILE);
	} else if (is_key(c, VREPRINT) && local(IEXTEN)) {
		reprint(c);
	} else if (c == '\n' || is_key(c, VEOL) || (is_key(c, VEOL2) && local(IEXTEN))) {
		edit_commit(); /* edit_add left room for the newline */
		input_add(c);
		echo_key(c);
	} else {
		edit_add(c);
	}
}

/* ---- keys ---- */

static void flush_input(void)
{
	input_count = edit_len = 0;
	literal_next = false;
}

/* -> whether the key was one that sends a signal. */
static bool signal_key(uint8_t c)
{
	int signal = is_key(c, VINTR) ? SIGINT : is_key(c, VQUIT) ? SIGQUIT : is_key(c, VSUSP) ? SIGTSTP : 0;

	if (!signal || !local(ISIG) || literal_next)
		return false;
	if (!local(NOFLSH))
		flush_input();
	echo_key(c);
	held = false;
	dev_signal(server_port, signal);
	return true;
}

/* -> whether the key was one that holds output or lets it go. */
static bool flow_key(uint8_t c)
{
	if (!(termios.c_iflag & IXON) || literal_next || (!is_key(c, VSTART) && !is_key(c, VSTOP)))
		return false;
	held = is_key(c, VSTOP) && !is_key(c, VSTART);
	return true;
}

static void key(uint8_t c)
{
	if (flow_key(c) || signal_key(c))
		return;
	if (!literal_next) {
		if (c == '\r' && (termios.c_iflag & IGNCR))
			return;
		if (c == '\r' && (termios.c_iflag & ICRNL))
			c = '\n';
		else if (c == '\n' && (termios.c_iflag & INLCR))
			c = '\r';
	}
	if (local(ICANON)) {
		canonical_key(c);
	} else {
		input_add(c);
		echo_key(c);
	}
}

/* ---- readers ---- */

/* Copies what one read of up to `len` bytes returns; says how many ring entries that is. */
static uint32_t input_peek(uint8_t *to, uint32_t len, uint32_t *entries)
{
	uint32_t n = 0;

	*entries = 0;
	while (n < len && *entries < input_count) {
		uint16_t c = input[(input_first + *entries) % INPUT_MAX];
		if (c == END_OF_FILE) {
			*entries += n == 0 || local(ICANON);
			break;
		}
		to[n++] = (uint8_t)c;
		++*entries;
		if (c == '\n' && local(ICANON))
			break;
	}
	return n;
}

/* As poll sees it. */
bool terminal_readable(void)
{
	uint32_t least = !local(ICANON) && termios.c_cc[VTIME] == 0 && termios.c_cc[VMIN] ? termios.c_cc[VMIN] : 1;

	return input_count >= least;
}

/* Whether a read of up to `len` bytes ends now. */
static bool may_read(uint32_t len)
{
	uint32_t least = termios.c_cc[VMIN] < len ? termios.c_cc[VMIN] : len;

	if (local(ICANON))
		return input_count > 0;
	return input_count >= (least ? least : termios.c_cc[VTIME] ? 1 : 0) || (time_over && (!least || input_count > 0));
}

static void time_stop(void)
{
	if (time_counts)
		port_timer(server_port, 0, NOTE_TIME);
	time_counts = time_over = false;
}

/* The first reader goes on waiting: from now on, or (VMIN is not 0) from the last byte on, for so long at most. */
static void time_start(bool came)
{
	struct timespec now;

	if (local(ICANON) || termios.c_cc[VTIME] == 0 || (termios.c_cc[VMIN] ? input_count == 0 : time_counts) ||
	    (time_counts && !came))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	port_timer(server_port, now.tv_sec * 1000000000ul + now.tv_nsec + termios.c_cc[VTIME] * 100000000ul, NOTE_TIME);
	time_counts = true;
}

/* came: there is a byte that was not there before. */
static void input_deliver(bool came)
{
	static uint8_t bytes[MSG_DATA_MAX];
	uint32_t entries;

	while (readers.first && may_read(readers.first->len)) {
		uint32_t n = input_peek(bytes, readers.first->len, &entries);
		if (answer(readers.first->token, 0, n, bytes, n)) {
			input_first = (input_first + entries) % INPUT_MAX;
			input_count -= entries;
		}
		waiter_drop_first(&readers);
		time_stop();
	}
	if (readers.first)
		time_start(came);
}

void terminal_time(void)
{
	if (!time_counts)
		return; /* it was put off when this note was under way */
	time_counts = false;
	time_over = true;
	input_deliver(false);
}

void terminal_read(const struct msg *m)
{
	uint32_t len = m->arg[1] < MSG_DATA_MAX ? m->arg[1] : MSG_DATA_MAX;

	if ((m->arg[2] & O_NONBLOCK) && input_count == 0 && !may_read(len)) {
		answer(m->token, -EAGAIN, 0, NULL, 0);
		return;
	}
	time_over |= m->arg[2] & O_NONBLOCK; /* what is there is enough */
	waiter_add(&readers, m->token, NULL, len);
	input_deliver(false);
}

/* ---- interrupts and ioctl ---- */

static void serve(void)
{
	uint8_t c;

	do {
		uint32_t before = input_count;
		while (uart_receive(&uart, &c))
			key(c);
		input_deliver(input_count > before);
		output_pump();
	} while (uart_pending(&uart));
}

void terminal_interrupt(void)
{
	serve();
	uart_acknowledge(&uart);
	serve(); /* a cause that came in between made no edge */
}

static int set_termios(const struct message *m)
{
	if (m->head.data_len < sizeof(termios))
		return -EINVAL;
	if (m->head.arg[1] == TCSETSF)
		flush_input();
	memcpy(&termios, m->data, sizeof(termios));
	if (!local(ICANON))
		edit_commit();
	if (!(termios.c_iflag & IXON))
		held = false;
	time_stop();
	input_deliver(false);
	output_pump();
	return 0;
}

static int set_window(const struct message *m)
{
	if (m->head.data_len < sizeof(window))
		return -EINVAL;
	bool changed = memcmp(&window, m->data, sizeof(window)) != 0;
	memcpy(&window, m->data, sizeof(window));
	if (changed)
		dev_signal(server_port, SIGWINCH);
	return 0;
}

static int flow(uint64_t what)
{
	if (what > TCION)
		return -EINVAL;
	if (what <= TCOON)
		held = what == TCOOFF;
	output_pump();
	return 0;
}

void terminal_ioctl(const struct message *m)
{
	const void *data = NULL;
	uint32_t len = 0;
	int32_t number;
	int status = 0;

	switch (m->head.arg[1]) {
	case TCGETS:
		data = &termios;
		len = sizeof(termios);
		break;
	case TCSETS:
	case TCSETSW: /* a write is answered when it is out, so nothing is left to drain */
	case TCSETSF:
		status = set_termios(m);
		break;
	case TIOCGWINSZ:
		data = &window;
		len = sizeof(window);
		break;
	case TIOCSWINSZ:
		status = set_window(m);
		break;
	case FIONREAD:
		number = (int32_t)input_count;
		data = &number;
		len = sizeof(number);
		break;
	case TCFLSH:
		if (m->head.arg[2] > TCIOFLUSH)
			status = -EINVAL;
		else if (m->head.arg[2] != TCOFLUSH) /* no output is queued that could be dropped */
			flush_input();
		break;
	case TIOCOUTQ:
		number = 0; /* writers wait until all is out */
		data = &number;
		len = sizeof(number);
		break;
	case TCXONC:
		status = flow(m->head.arg[2]);
		break;
	case TCSBRK:
		break;
	default:
		status = -ENOTTY;
	}
	answer(m->head.token, status, 0, data, len);
}

int terminal_open(void)
{
	int error = uart_open(&uart, COM1_BASE, COM1_IRQ, server_port, NOTE_COM1);

	if (error == 0)
		output_pump();
	return error;
}
