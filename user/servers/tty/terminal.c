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
 * Job control is what a shell needs to have ^C reach the right processes: a foreground process group and the signals
 * SIGINT, SIGQUIT and SIGTSTP for it. Background readers are not stopped (no SIGTTIN), ^S and ^Q do nothing. VMIN and
 * VTIME count as 1 and 0, and VMIN 0 as "do not wait". There is one terminal, and it is everybody's controlling one.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <abi/fcntl.h>
#include <abi/termios.h>

#include "tty.h"

#define COM1_BASE 0x3f8
#define COM1_IRQ  4
#define INPUT_MAX 4096u /* entries; a line longer than EDIT_MAX is not accepted */
#define EDIT_MAX  1024u
#define ECHO_MAX  1024u
#define END_OF_FILE 0x100

static struct uart uart;
static struct abi_termios termios = {
	.c_iflag = ICRNL, .c_oflag = OPOST | ONLCR, .c_cflag = CS8 | CREAD | B38400,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSUSP] = 26,
		  [VWERASE] = 23, [VLNEXT] = 22 },
};
static struct abi_winsize window = { .ws_row = 24, .ws_col = 80 };
static int32_t foreground; /* process group; 0: none yet */

static uint16_t input[INPUT_MAX];
static uint32_t input_first, input_count;
static uint8_t edit[EDIT_MAX];
static uint32_t edit_len, edit_column; /* where on the screen the edited line begins */
static bool literal_next;              /* the key before was VLNEXT */
static uint8_t echo[ECHO_MAX];
static uint32_t echo_first, echo_count;
static uint32_t column;
static bool newline_due; /* a writer's "\r" is out, its "\n" is not */
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
	while (writers.first && uart_can_send(&uart)) {
		struct waiter *w = writers.first;
		if (!send_processed(w->data[w->done]))
			break;
		if (++w->done == w->len) {
			answer(w->token, 0, w->len, NULL, 0);
			waiter_drop_first(&writers);
		}
	}
	uart_want(&uart, true, writers.first || echo_count > 0);
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
	} else if (c == '\n' || is_key(c, VEOL)) {
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
	if (foreground > 0)
		kill(-foreground, signal);
	return true;
}

static void key(uint8_t c)
{
	if (signal_key(c))
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

bool terminal_readable(void)
{
	return input_count > 0 || (!local(ICANON) && termios.c_cc[VMIN] == 0);
}

static void input_deliver(void)
{
	static uint8_t bytes[MSG_DATA_MAX];
	uint32_t entries;

	while (readers.first && (terminal_readable() || readers.first->len == 0)) {
		uint32_t n = input_peek(bytes, readers.first->len, &entries);
		if (answer(readers.first->token, 0, n, bytes, n)) {
			input_first = (input_first + entries) % INPUT_MAX;
			input_count -= entries;
		}
		waiter_drop_first(&readers);
	}
}

void terminal_read(const struct msg *m)
{
	if ((m->arg[2] & O_NONBLOCK) && !terminal_readable()) {
		answer(m->token, -EAGAIN, 0, NULL, 0);
		return;
	}
	waiter_add(&readers, m->token, NULL, m->arg[1] < MSG_DATA_MAX ? m->arg[1] : MSG_DATA_MAX);
	input_deliver();
}

/* ---- interrupts and ioctl ---- */

static void serve(void)
{
	uint8_t c;

	do {
		while (uart_receive(&uart, &c))
			key(c);
		input_deliver();
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
	input_deliver();
	return 0;
}

static int set_window(const struct message *m)
{
	if (m->head.data_len < sizeof(window))
		return -EINVAL;
	bool changed = memcmp(&window, m->data, sizeof(window)) != 0;
	memcpy(&window, m->data, sizeof(window));
	if (changed && foreground > 0)
		kill(-foreground, SIGWINCH);
	return 0;
}

static int set_foreground(const struct message *m)
{
	int32_t group;

	if (m->head.data_len < sizeof(group))
		return -EINVAL;
	memcpy(&group, m->data, sizeof(group));
	if (group <= 0)
		return -EINVAL;
	foreground = group;
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
	case TIOCGPGRP:
		data = &foreground;
		len = sizeof(foreground);
		break;
	case TIOCSPGRP:
		status = set_foreground(m);
		break;
	case FIONREAD:
		number = (int32_t)input_count;
		data = &number;
		len = sizeof(number);
		break;
	case TCFLSH:
		if (m->head.arg[2] != 1) /* TCOFLUSH: nothing is queued that could be dropped */
			flush_input();
		break;
	case TIOCSCTTY:
	case TCSBRK:
	case TCXONC:
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
