/* SPDX-License-Identifier: MIT */
/*
 * poll on a device asks its driver, and asks again when the driver says that something changed; a driver that does not
 * know the question has a device that is always ready, and one that has died an error.
 */
#include <poll.h>
#include <time.h>

#include <abi/devproto.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "check.h"

#define NAME "sometimes"
#define PATH "/dev/" NAME

enum knows { POLLING = 1 };

/* Each byte written is one that can be read. */
static void driver(int port, enum knows polling)
{
	static struct { struct msg head; char data[MSG_DATA_MAX]; } call;
	struct msg *m = &call.head;
	uint64_t readable = 0;

	for (;;) {
		if (port_receive(port, m, sizeof(call.data), -1) < 0)
			_exit(1);
		m->status = 0;
		switch (m->op) {
		case DEV_WRITE:
			readable += m->arg[0] = m->data_len;
			dev_poll_changed();
			break;
		case DEV_READ:
			m->data_len = (uint32_t)readable;
			readable = 0;
			port_reply(port, m);
			continue;
		case DEV_POLL:
			m->arg[0] = POLLOUT | (readable ? POLLIN : 0);
			m->status = polling ? 0 : -EINVAL;
			break;
		}
		m->data_len = 0;
		port_reply(port, m);
	}
}

static pid_t driver_start(enum knows polling)
{
	int port = port_create(0);

	CHECK(port >= 0 && dev_register(port, NAME, 0666, 0x3e00) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		driver(port, polling);
	close(port);
	return pid;
}

static int bits(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

static int input(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

static void asks_and_waits(void)
{
	pid_t pid = driver_start(POLLING);
	int fd = open(PATH, O_RDWR), status;
	char bytes[16];

	CHECK(fd >= 0);
	CHECK(bits(fd, -1) == POLLOUT);
	CHECK(input(fd, 0) == 0);
	CHECK(input(fd, 10) == 0);
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (child == 0) {
			nanosleep(&(struct timespec){ 0, i * 200000 }, NULL);
			_exit(write(fd, "abc", 3) != 3);
		}
		CHECK(input(fd, -1) == POLLIN);
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		CHECK(read(fd, bytes, sizeof(bytes)) == 3);
		CHECK(input(fd, 0) == 0);
	}
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(bits(fd, -1) == (POLLERR | POLLHUP));
	close(fd);
}

static void without_an_answer(void)
{
	pid_t pid = driver_start(0);
	int fd = open(PATH, O_RDWR);

	CHECK(fd >= 0 && bits(fd, -1) == (POLLIN | POLLOUT));
	close(fd);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	asks_and_waits();
	without_an_answer();
	return 0;
}
