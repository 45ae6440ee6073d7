/* SPDX-License-Identifier: MIT */
/*
 * tty: the server of terminals and serial lines as character devices (abi/devproto.h). `tty PORT_FD` makes COM1 the
 * terminal, /dev/ttyS0 and /dev/console; `tty PORT_FD streams` leaves COM1 to the kernel's log and serves the raw
 * streams /dev/stream0, 1 and 2 of a program that tools/atlas runs. Never both: a program that is run by a tool has no
 * terminal, and opening /dev/tty tells it so. Pseudo-terminals (/dev/ptmx) are served by either.
 *
 * One thread receives calls and interrupts from one port. Opening a serial line has no state of its own, so an instance
 * is just the minor number. init knows that the devices are there when its own DEV_OPEN on the port is answered.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <abi/devproto.h>
#include <abi/stat.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "tty.h"

int server_port;

static struct message message;
static bool streams;
static bool poller_waits, changed;

#define MAJOR_CONSOLE 5
#define MAJOR_PTS 136

enum serves { ALWAYS, STREAMS, TERMINAL };

static const struct device {
	const char *name;
	uint8_t major, minor;
	uint16_t mode;
	enum serves when;
} devices[] = {
	{ "ttyS0", 4, MINOR_TERMINAL, 0620, TERMINAL },
	{ "console", MAJOR_CONSOLE, MINOR_CONSOLE, 0600, TERMINAL },
	{ "ptmx", MAJOR_CONSOLE, MINOR_PTMX, 0666, ALWAYS },
	{ "stream0", 60, MINOR_STREAM_IN, 0400, STREAMS },
	{ "stream1", 60, MINOR_STREAM_OUT, 0200, STREAMS },
	{ "stream2", 60, MINOR_STREAM_ERR, 0200, STREAMS },
};

#define DEVICES (sizeof(devices) / sizeof(devices[0]))

/* Whether this process was started for the device. */
static bool is_served(const struct device *d)
{
	return d->when == ALWAYS || (d->when == STREAMS) == streams;
}

static int register_devices(void)
{
	for (const struct device *d = devices; d < devices + DEVICES; d++) {
		if (!is_served(d))
			continue;
		int error = dev_register(server_port, d->name, S_IFCHR | d->mode, (uint64_t)d->major << 8 | d->minor);
		if (error < 0)
			return error;
	}
	return 0;
}

static const struct device *find(uint64_t major, uint64_t minor)
{
	for (const struct device *d = devices; d < devices + DEVICES; d++)
		if (d->major == major && d->minor == minor && is_served(d))
			return d;
	return NULL;
}

static void open_device(const struct msg *m)
{
	const struct device *d = find(m->arg[3], m->arg[1]);
	struct msg reply = { .token = m->token, .arg = { m->arg[1], streams ? 0 : DEV_IS_TERMINAL } };

	if (m->arg[3] == MAJOR_PTS) {
		pty_open_slave(m, m->arg[1]);
		return;
	}
	if (d && d->major == MAJOR_CONSOLE && d->minor == MINOR_PTMX) {
		pty_open_master(m);
		return;
	}
	reply.status = d || m->arg[3] == 0 ? 0 : -ENXIO; /* init, which looks whether we are there, says no major */
	port_reply(server_port, &reply);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ul + (uint64_t)now.tv_nsec;
}

/* ---- poll: who was told that something is not true asks again when it may be ---- */

void answer_poll(uint64_t token, unsigned now, unsigned all)
{
	poller_waits |= (now & all) != all;
	answer(token, 0, now, NULL, 0);
}

void poll_news(void)
{
	changed = true;
}

static void tell_poller(void)
{
	if (changed && poller_waits) {
		poller_waits = false;
		dev_poll_changed();
	}
	changed = false;
}

/* ---- calls ---- */

static void stream_call(const struct message *message)
{
	const struct msg *m = &message->head;
	bool input = m->arg[0] == MINOR_STREAM_IN;

	switch (m->op) {
	case DEV_CLOSE:
		answer(m->token, 0, 0, NULL, 0);
		break;
	case DEV_READ:
		stream_read(m);
		break;
	case DEV_WRITE:
		stream_write(message);
		break;
	case DEV_IOCTL:
		answer(m->token, -ENOTTY, 0, NULL, 0);
		break;
	case DEV_POLL: /* output is always possible: a writer waits in its write */
		answer_poll(m->token, POLLOUT | (input && stream_readable() ? POLLIN : 0), input ? POLLIN : 0);
		break;
	default:
		answer(m->token, m->op == DEV_MAP ? -ENODEV : -EINVAL, 0, NULL, 0);
	}
}

static void handle_call(void)
{
	const struct msg *m = &message.head;

	if (m->op == DEV_OPEN)
		open_device(m);
	else if (m->arg[0] & (PTY_MASTER | PTY_SLAVE))
		pty_call(&message);
	else if (streams)
		stream_call(&message);
	else if (m->op == DEV_CLOSE)
		answer(m->token, 0, 0, NULL, 0);
	else
		line_call(&serial_line, &message);
}

/* ---- notifications ---- */

/* The port has one timer, for the earliest deadline of any terminal. */
static void set_timer(void)
{
	static uint64_t set;
	uint64_t first = pty_deadline(streams ? 0 : serial_line.deadline_ns);

	if (first != set)
		port_timer(server_port, first, NOTE_TIME);
	set = first;
}

static void notified(uint64_t notes)
{
	uint64_t now = notes & NOTE_TIME ? now_ns() : 0;

	if (streams)
		streams_interrupt(notes);
	else if (notes & NOTE_COM1)
		serial_interrupt();
	if (notes & NOTE_TIME) {
		pty_time(now);
		if (!streams)
			line_time(&serial_line, now);
	}
}

static int serve(void)
{
	for (;;) {
		int error = port_receive(server_port, &message.head, MSG_DATA_MAX, -1);
		if (error == -EINTR)
			continue;
		if (error < 0)
			return error;
		if (message.head.op != MSG_NOTIFY)
			handle_call();
		else
			notified(message.head.arg[0]);
		set_timer();
		tell_poller();
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: tty PORT_FD [streams] (init starts it)\n");
		return 2;
	}
	server_port = atoi(argv[1]);
	streams = argc > 2 && strcmp(argv[2], "streams") == 0;
	if (syscall(SYS_iopl, 3) < 0) {
		fprintf(stderr, "tty: no access to the serial ports\n");
		return 1;
	}
	int error = streams ? streams_open() : serial_open();
	if (error == 0)
		error = register_devices();
	if (error == 0)
		error = serve();
	fprintf(stderr, "tty: %s: %s\n", streams ? "streams" : "terminal", strerror(-error));
	return 1;
}
