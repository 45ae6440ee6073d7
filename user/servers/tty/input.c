/* SPDX-License-Identifier: MIT */
/*
 * Keys: what a terminal's line discipline makes of the bytes that come in (termios(3)).
 *
 *     key ─► ^Q, ^S ─► keys that signal ─► "\r" and "\n" ─► canonical: edited line ──newline, EOF──► readers
 *                                                      └──► else: straight to the readers
 *
 * The edited line is the end of the input itself, behind `canon`; what ends a line is marked. When it is as long as
 * the input, its last character gives way to the next, so that it can still be ended and erased.
 *
 * When canonical mode begins with input there, all of it is a line, whatever is in it; when it ends, the edited line
 * may be read, and an end-of-file mark is a NUL.
 *
 * A key's signal goes to the terminal's foreground group; which that is only the kernel knows (dev_signal). Input and
 * output that are under way are dropped then, unless NOFLSH says otherwise.
 */
#include <ctype.h>
#include <signal.h>

#include <atlas/system.h>

#include "tty.h"

static bool is_key(const struct line *l, uint8_t c, int which)
{
	return l->termios.c_cc[which] && c == l->termios.c_cc[which];
}

static uint16_t *entry(struct line *l, uint32_t at)
{
	return &l->input[at % INPUT_MAX];
}

static void add(struct line *l, uint16_t e)
{
	*entry(l, l->head++) = e;
}

bool input_takes(const struct line *l)
{
	return l->head - l->tail < INPUT_MAX - 1 || (line_local(l, ICANON) && l->canon == l->tail);
}

void input_flush(struct line *l)
{
	l->tail = l->canon = l->head;
	l->erasing = false;
}

void input_mode_changed(struct line *l)
{
	for (uint32_t at = l->tail; at != l->head; at++)
		*entry(l, at) &= 0xff;
	l->canon = line_local(l, ICANON) ? l->head : l->tail;
	if (l->canon != l->tail)
		*entry(l, l->canon - 1) |= INPUT_MARK;
	l->erasing = l->literal_next = false;
}

/* ---- erasing ---- */

static void end_erasing(struct line *l)
{
	if (l->erasing)
		output_echo_raw(l, '/');
	l->erasing = false;
}

static bool is_continuation(const struct line *l, uint8_t c)
{
	return (l->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static void blank_out(struct line *l)
{
	output_echo_raw(l, '\b');
	output_echo_raw(l, ' ');
	output_echo_raw(l, '\b');
}

/* As many steps back as the tab that stood at head was wide. */
static void blank_out_tab(struct line *l)
{
	uint32_t width = 0, at = l->head;
	bool after_tab = false;

	while (at != l->canon && !after_tab) {
		uint8_t c = (uint8_t)*entry(l, --at);
		after_tab = c == '\t';
		if (iscntrl(c))
			width += !after_tab && line_local(l, ECHOCTL) ? 2 : 0;
		else
			width += !is_continuation(l, c);
	}
	if (!after_tab)
		width += l->canon_column;
	for (uint32_t n = 8 - width % 8; n > 0; n--)
		output_echo_raw(l, '\b');
}

/* The character c, of count bytes from head on, leaves the screen. */
static void show_erased(struct line *l, uint8_t c, uint32_t count, bool one)
{
	if (line_local(l, ECHOPRT)) {
		if (!l->erasing)
			output_echo_raw(l, '\\');
		l->erasing = true;
		output_echo(l, c);
		for (uint32_t i = 1; i < count; i++)
			output_echo_raw(l, (uint8_t)*entry(l, l->head + i));
	} else if (one && !line_local(l, ECHOE)) {
		output_echo(l, l->termios.c_cc[VERASE]);
	} else if (c == '\t') {
		blank_out_tab(l);
	} else {
		if (iscntrl(c) && line_local(l, ECHOCTL))
			blank_out(l);
		if (!iscntrl(c) || line_local(l, ECHOCTL))
			blank_out(l);
	}
}

/* Takes the last character, all its bytes, off the line: its first byte; -1: it is no whole character. */
static int last_character(struct line *l, uint32_t *count)
{
	uint32_t at = l->head;
	uint8_t c;

	do
		c = (uint8_t)*entry(l, --at);
	while (is_continuation(l, c) && at != l->canon);
	*count = l->head - at;
	return is_continuation(l, c) ? -1 : c;
}

static void erase(struct line *l, bool one, bool word)
{
	bool in_word = false;
	uint32_t count;

	while (l->head != l->canon) {
		int c = last_character(l, &count);
		bool of_word = isalnum(c) || c == '_';
		if (c < 0 || (word && in_word && !of_word))
			break;
		in_word |= of_word;
		l->head -= count;
		if (line_local(l, ECHO))
			show_erased(l, (uint8_t)c, count, one);
		if (one)
			break;
	}
	if (l->head == l->canon && line_local(l, ECHO))
		end_erasing(l);
}

/* VKILL where the line is not to vanish from the screen. */
static void drop_line(struct line *l)
{
	l->head = l->canon;
	if (!line_local(l, ECHO))
		return;
	end_erasing(l);
	output_echo(l, l->termios.c_cc[VKILL]);
	if (line_local(l, ECHOK))
		output_echo_raw(l, '\n');
}

static void erase_by_key(struct line *l, uint8_t c)
{
	const uint32_t vanishing = ECHO | ECHOK | ECHOKE | ECHOE;

	if (l->head == l->canon)
		return;
	if (is_key(l, c, VERASE))
		erase(l, true, false);
	else if (is_key(l, c, VWERASE) && line_local(l, IEXTEN))
		erase(l, false, true);
	else if ((l->termios.c_lflag & vanishing) == vanishing)
		erase(l, false, false);
	else
		drop_line(l);
}

/* ---- the edited line ---- */

static void echo_key(struct line *l, uint8_t c)
{
	end_erasing(l);
	if (l->canon == l->head)
		l->canon_column = l->column;
	output_echo(l, c);
}

static void add_character(struct line *l, uint8_t c)
{
	if (line_local(l, ECHO))
		echo_key(l, c);
	if (c == 0xff && (l->termios.c_iflag & PARMRK) && l->head - l->tail < INPUT_MAX - 1)
		add(l, c);
	add(l, c);
}

static void end_line(struct line *l, uint16_t e)
{
	add(l, e | INPUT_MARK);
	l->canon = l->head;
}

/* The line once more, below where it was. */
static void reprint(struct line *l, uint8_t c)
{
	end_erasing(l);
	output_echo(l, c);
	output_echo_raw(l, '\n');
	for (uint32_t at = l->canon; at != l->head; at++)
		output_echo(l, (uint8_t)*entry(l, at));
}

static void quote_next(struct line *l)
{
	l->literal_next = true;
	if (!line_local(l, ECHO))
		return;
	end_erasing(l);
	if (line_local(l, ECHOCTL)) {
		output_echo_raw(l, '^');
		output_echo_raw(l, '\b');
	}
}

/* -> false: c is an ordinary character there too */
static bool canonical_key(struct line *l, uint8_t c)
{
	bool extended = line_local(l, IEXTEN);

	if (is_key(l, c, VERASE) || is_key(l, c, VKILL) || (is_key(l, c, VWERASE) && extended)) {
		erase_by_key(l, c);
	} else if (is_key(l, c, VLNEXT) && extended) {
		quote_next(l);
	} else if (is_key(l, c, VREPRINT) && line_local(l, ECHO) && extended) {
		reprint(l, c);
	} else if (c == '\n') {
		if (l->termios.c_lflag & (ECHO | ECHONL))
			output_echo_raw(l, c);
		end_line(l, c);
	} else if (is_key(l, c, VEOF)) {
		end_line(l, INPUT_END);
	} else if (is_key(l, c, VEOL) || (is_key(l, c, VEOL2) && extended)) {
		if (line_local(l, ECHO))
			echo_key(l, c);
		end_line(l, c);
	} else {
		return false;
	}
	return true;
}

/* ---- keys ---- */

/* -> whether the key was one that sends a signal. */
static bool signal_key(struct line *l, uint8_t c)
{
	int signal = is_key(l, c, VINTR) ? SIGINT : is_key(l, c, VQUIT) ? SIGQUIT : is_key(l, c, VSUSP) ? SIGTSTP : 0;

	if (!signal || !line_local(l, ISIG))
		return false;
	dev_signal(server_port, l->number, signal);
	if (!line_local(l, NOFLSH)) {
		output_drop(l, !l->pty ? 0 : l->settled < OUTPUT_READ ? l->settled : OUTPUT_READ);
		input_flush(l);
	}
	if (l->termios.c_iflag & IXON)
		output_hold(l, false, false);
	if (line_local(l, ECHO))
		output_echo(l, c);
	return true;
}

/* -> whether the key was one that holds output or lets it go. */
static bool flow_key(struct line *l, uint8_t c)
{
	if (!(l->termios.c_iflag & IXON) || (!is_key(l, c, VSTART) && !is_key(l, c, VSTOP)))
		return false;
	output_hold(l, !is_key(l, c, VSTART), false);
	return true;
}

static uint8_t stripped(const struct line *l, uint8_t c)
{
	if (l->termios.c_iflag & ISTRIP)
		c &= 0x7f;
	return (l->termios.c_iflag & IUCLC) && line_local(l, IEXTEN) ? (uint8_t)tolower(c) : c;
}

/* What becomes of a return or newline: -1 nothing. */
static int translate(const struct line *l, uint8_t c)
{
	uint32_t modes = l->termios.c_iflag;

	if (c == '\r')
		return modes & IGNCR ? -1 : modes & ICRNL ? '\n' : c;
	return c == '\n' && (modes & INLCR) ? '\r' : c;
}

/* Whether c is no ordinary character, though the terminal is not canonical: a newline shows as one only then. */
static bool is_translated(const struct line *l, uint8_t before)
{
	uint32_t modes = l->termios.c_iflag;

	return before == '\r' ? modes & (IGNCR | ICRNL) : before == '\n' && (modes & INLCR);
}

static void plain_key(struct line *l, uint8_t c, bool newline)
{
	if (!newline) {
		add_character(l, c);
		return;
	}
	if (line_local(l, ECHO)) {
		end_erasing(l);
		output_echo_raw(l, c);
	}
	add(l, c);
}

void input_key(struct line *l, uint8_t key)
{
	bool literal = l->literal_next;
	uint8_t c = stripped(l, key);
	int translated = literal ? c : translate(l, c);

	if (l->head - l->tail == INPUT_MAX)
		l->head--;
	l->literal_next = false;
	if (!literal && (flow_key(l, c) || signal_key(l, c)))
		return;
	if (l->held && (l->termios.c_iflag & (IXON | IXANY)) == (IXON | IXANY))
		output_hold(l, false, false);
	if (translated < 0)
		return;
	if (!literal && line_local(l, ICANON) && canonical_key(l, (uint8_t)translated))
		return;
	plain_key(l, (uint8_t)translated, translated == '\n' && !literal && is_translated(l, c));
}

/* ---- readers ---- */

uint32_t input_available(const struct line *l)
{
	uint32_t n = 0;

	if (!line_local(l, ICANON))
		return l->head - l->tail;
	for (uint32_t at = l->tail; at != l->canon; at++)
		n += !(l->input[at % INPUT_MAX] & INPUT_END);
	return n;
}

/* A read ends behind what ends a line; an end of file that follows at once goes along. */
static uint32_t take_line(const struct line *l, uint8_t *to, uint32_t len, uint32_t *next)
{
	uint32_t n = 0, at = l->tail;

	for (; at != l->canon && n < len; at++) {
		uint16_t e = l->input[at % INPUT_MAX];
		if (!(e & INPUT_END))
			to[n++] = (uint8_t)e;
		if (e & INPUT_MARK) {
			*next = at + 1;
			return n;
		}
	}
	*next = at + (at != l->canon && (l->input[at % INPUT_MAX] & INPUT_END));
	return n;
}

uint32_t input_take(const struct line *l, uint8_t *to, uint32_t len, uint32_t *next)
{
	uint32_t n = 0;

	if (line_local(l, ICANON))
		return take_line(l, to, len, next);
	while (n < len && l->tail + n != l->head) {
		to[n] = (uint8_t)l->input[(l->tail + n) % INPUT_MAX];
		n++;
	}
	*next = l->tail + n;
	return n;
}
