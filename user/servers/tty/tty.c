/* SPDX-License-Identifier: MIT */
/*
 * tty: the server of the serial lines as character devices (abi/devproto.h). `tty PORT_FD` makes COM1 the terminal,
 * /dev/ttyS0 and /dev/console; `tty PORT_FD streams` leaves COM1 to the kernel's log and serves the raw streams
 * /dev/stream0, 1 and 2 of a program that tools/atlas runs. Never both: a program that is run by a tool has no
 * terminal, and opening /dev/tty tells it so.
 *
 * One thread receives calls and interrupts from one port. Opening has no state of its own, so an instance is just the
 * minor number. init knows that the devices are there when its own DEV_OPEN on the port is answered.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <abi/devproto.h>
#include <abi/stat.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "tty.h"

int server_port;

static struct message message;
static bool streams;
static bool poller_waits;

static const struct device {
	const char *name;
	uint8_t major, minor;
	uint16_t mode;
} devices[] = {
	{ "ttyS0", 4, MINOR_TERMINAL, 0620 },
	{ "console", 5, MINOR_CONSOLE, 0600 },
	{ "stream0", 60, MINOR_STREAM_IN, 0400 },
	{ "stream1", 60, MINOR_STREAM_OUT, 0200 },
	{ "stream2", 60, MINOR_STREAM_ERR, 0200 },
};

#define DEVICES (sizeof(devices) / sizeof(devices[0]))

/* Whether we serve the device: a stream or a name of the terminal, whichever this process was started for. */
static bool is_served(uint64_t minor)
{
	bool stream = minor >= MINOR_STREAM_IN && minor <= MINOR_STREAM_ERR;

	return stream ? streams : !streams && (minor == MINOR_TERMINAL || minor == MINOR_CONSOLE);
}

static int register_devices(void)
{
	for (const struct device *d = devices; d < devices + DEVICES; d++) {
		if (!is_served(d->minor))
			continue;
		int error = dev_register(server_port, d->name, S_IFCHR | d->mode, (uint64_t)d->major << 8 | d->minor);
		if (error < 0)
			return error;
	}
	return 0;
}

static void answer_open(const struct msg *m)
{
	struct msg reply = { .token = m->token, .arg = { m->arg[1], streams ? 0 : DEV_IS_TERMINAL } };

	if (!is_served(m->arg[1]))
		reply.status = -ENXIO;
	port_reply(server_port, &reply);
}

/* Output is always possible: a writer waits in its write. */
static void answer_poll(const struct msg *m)
{
	bool readable = streams ? m->arg[0] == MINOR_STREAM_IN && stream_readable() : terminal_readable();

	poller_waits |= !readable;
	answer(m->token, 0, POLLOUT | (readable ? POLLIN : 0), NULL, 0);
}

/* Who was told that there is nothing to read asks again. */
static void tell_poller(void)
{
	if (!poller_waits || !(streams ? stream_readable() : terminal_readable()))
		return;
	poller_waits = false;
	dev_poll_changed();
}

static void handle_call(void)
{
	const struct msg *m = &message.head;

	if (m->op != DEV_OPEN && !is_served(m->arg[0])) {
		answer(m->token, -ENXIO, 0, NULL, 0);
		return;
	}
	switch (m->op) {
	case DEV_OPEN:
		answer_open(m);
		break;
	case DEV_CLOSE:
		answer(m->token, 0, 0, NULL, 0);
		break;
	case DEV_READ:
		(streams ? stream_read : terminal_read)(m);
		break;
	case DEV_WRITE:
		(streams ? stream_write : terminal_write)(&message);
		break;
	case DEV_IOCTL:
		if (streams)
			answer(m->token, -ENOTTY, 0, NULL, 0);
		else
			terminal_ioctl(&message);
		break;
	case DEV_POLL:
		answer_poll(m);
		break;
	case DEV_MAP:
		answer(m->token, -ENODEV, 0, NULL, 0);
		break;
	default:
		answer(m->token, -EINVAL, 0, NULL, 0);
	}
}

static void terminal_notified(uint64_t notes)
{
	if (notes & NOTE_COM1)
		terminal_interrupt();
	if (notes & NOTE_TIME)
		terminal_time();
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
		else if (streams)
			streams_interrupt(message.head.arg[0]);
		else
			terminal_notified(message.head.arg[0]);
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
	int error = streams ? streams_open() : terminal_open();
	if (error == 0)
		error = register_devices();
	if (error == 0)
		error = serve();
	fprintf(stderr, "tty: %s: %s\n", streams ? "streams" : "terminal", strerror(-error));
	return 1;
}
