/* SPDX-License-Identifier: MIT */
/*
 * The settings of a terminal and what else ioctl_tty(2) asks of it. Commands about sessions and groups are the
 * kernel's (file/terminal.c); it also looks whether the caller may change anything.
 *
 * TCSETSW, TCSETSF and TCSBRK wait until what was written has left a serial line. What is written at a pseudo-terminal
 * is at the other end at once, so there nobody waits.
 *
 * The answer to every command carries c_lflag, for the kernel wants to know of TOSTOP.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <atlas/system.h>

#include "tty.h"

#define PTY_CFLAG_FIXED (CSIZE | PARENB) /* bits that a pseudo-terminal does not let be changed, see below */

static void set(struct line *l, const struct abi_termios *now)
{
	uint32_t changed = l->termios.c_lflag ^ now->c_lflag;

	l->termios = *now;
	if (l->pty)
		l->termios.c_cflag = (now->c_cflag & ~PTY_CFLAG_FIXED) | CS8 | CREAD;
	if (changed & ICANON)
		input_mode_changed(l);
	if (!(now->c_iflag & IXON))
		output_hold(l, false, false);
	l->deadline_ns = 0;
	l->time_over = false;
	poll_news();
}

/* The old form: half of each word, eight keys. */
static void set_short(struct line *l, const struct abi_termio *now)
{
	struct abi_termios t = l->termios;

	t.c_iflag = (t.c_iflag & ~0xffffu) | now->c_iflag;
	t.c_oflag = (t.c_oflag & ~0xffffu) | now->c_oflag;
	t.c_cflag = (t.c_cflag & ~0xffffu) | now->c_cflag;
	t.c_lflag = (t.c_lflag & ~0xffffu) | now->c_lflag;
	t.c_line = now->c_line;
	memcpy(t.c_cc, now->c_cc, ABI_NCC);
	set(l, &t);
}

static void get_short(const struct line *l, struct abi_termio *now)
{
	*now = (struct abi_termio){
		.c_iflag = (uint16_t)l->termios.c_iflag, .c_oflag = (uint16_t)l->termios.c_oflag,
		.c_cflag = (uint16_t)l->termios.c_cflag, .c_lflag = (uint16_t)l->termios.c_lflag, .c_line = l->termios.c_line,
	};
	memcpy(now->c_cc, l->termios.c_cc, ABI_NCC);
}

static bool waits_for_output(uint64_t command)
{
	return command == TCSETSW || command == TCSETSF || command == TCSETAW || command == TCSETAF || command == TCSBRK ||
	       command == TCSBRKP;
}

/* Does what needs no output to be waited for any more. */
static void change(struct line *l, uint64_t token, uint64_t command, const void *data)
{
	if (command == TCSETSF || command == TCSETAF)
		input_flush(l);
	if (command == TCSETA || command == TCSETAW || command == TCSETAF)
		set_short(l, data);
	else if (command != TCSBRK && command != TCSBRKP)
		set(l, data);
	answer_ioctl(token, 0, l->termios.c_lflag, NULL, 0);
}

bool settings_after_output(struct line *l)
{
	struct waiter *w = l->drainers.first;

	if (!w || (l->out.count > 0 && !l->pty))
		return false;
	change(l, w->token, w->op, w->data);
	waiter_drop(&l->drainers, w);
	return true;
}

static int set_window(struct line *l, const void *data)
{
	bool changed = memcmp(&l->window, data, sizeof(l->window)) != 0;

	memcpy(&l->window, data, sizeof(l->window));
	if (changed)
		dev_signal(server_port, l->number, SIGWINCH);
	return 0;
}

/* A key that tells the other end to be silent, or to go on: it goes before what ^S holds, and is lost after TCOOFF. */
static void send_key(struct line *l, uint8_t c)
{
	if (c && !l->held_by_call && ring_insert(&l->out, l->open, c))
		l->open++;
}

static int flow(struct line *l, uint64_t what)
{
	if (what > TCION)
		return -EINVAL;
	if (what <= TCOON)
		output_hold(l, what == TCOOFF, true);
	else
		send_key(l, l->termios.c_cc[what == TCIOFF ? VSTOP : VSTART]);
	return 0;
}

static int flush(struct line *l, uint64_t queue)
{
	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue != TCOFLUSH) {
		input_flush(l);
		for (uint8_t c; l->next_key(l, &c);) /* those that found no room yet */
			;
	}
	if (queue != TCIFLUSH)
		output_drop(l, l->pty ? OUTPUT_READ : 0);
	return 0;
}

static int count(const struct line *l, bool input, bool master)
{
	if (master)
		return input ? (int)l->open : 0;
	return input ? (int)input_available(l) : l->pty ? 0 : (int)l->out.count;
}

/* What is to be stored for the caller: bytes; < 0: an errno, or the command stores nothing and -ENOTTY. */
static int get(struct line *l, uint64_t command, bool master, void *to)
{
	int32_t number = command == TIOCOUTQ || command == FIONREAD ? count(l, command == FIONREAD, master) : 0;

	switch (command) {
	case TCGETS:
		memcpy(to, &l->termios, sizeof(l->termios));
		return sizeof(l->termios);
	case TCGETA:
		get_short(l, to);
		return sizeof(struct abi_termio);
	case TIOCGWINSZ:
		memcpy(to, &l->window, sizeof(l->window));
		return sizeof(l->window);
	case FIONREAD:
	case TIOCOUTQ:
	case TIOCGETD:
		memcpy(to, &number, sizeof(number));
		return sizeof(number);
	default:
		return -ENOTTY;
	}
}

static int perform(struct line *l, const struct message *m)
{
	uint64_t argument = m->head.arg[2];

	switch (m->head.arg[1]) {
	case TIOCSWINSZ:
		return set_window(l, m->data);
	case TCFLSH:
		return flush(l, argument);
	case TCXONC:
		return flow(l, argument);
	case TIOCSTI:
		if (input_takes(l))
			input_key(l, m->data[0]);
		return 0;
	default:
		return -ENOTTY;
	}
}

void settings_ioctl(struct line *l, const struct message *m, bool master)
{
	const struct msg *h = &m->head;
	struct abi_termios bytes;

	if (waits_for_output(h->arg[1])) {
		waiter_add(&l->drainers, h, m->data, h->data_len);
	} else if (h->arg[1] == TCSETS || h->arg[1] == TCSETA) {
		change(l, h->token, h->arg[1], m->data);
	} else {
		int len = get(l, h->arg[1], master, &bytes);
		int status = len >= 0 ? 0 : perform(l, m);
		answer_ioctl(h->token, status, l->termios.c_lflag, &bytes, len > 0 ? (uint32_t)len : 0);
	}
	line_run(l);
}
