/* SPDX-License-Identifier: MIT */
/* Counters of eventfd: adding, taking, waiting, the largest number, poll; and vectors of buffers read from pipes. */
#include <poll.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))

static void show_poll(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	poll(&p, 1, 0);
	printf(" [%s%s]", p.revents & POLLIN ? "r" : "", p.revents & POLLOUT ? "w" : "");
}

static void add(int fd, unsigned long n)
{
	printf(" +%lx", n);
	SHOW("", CALL(write, fd, &n, 8));
	show_poll(fd);
}

static void take(int fd)
{
	unsigned long n = 99;

	SHOW("take", CALL(read, fd, &n, 8));
	printf("=%lx", n);
	show_poll(fd);
}

static void vectors(void)
{
	static char bytes[70000];
	struct iovec three[3] = { { bytes, 100 }, { bytes + 100, 100 }, { bytes + 200, 100 } },
		big[2] = { { bytes, 40000 }, { bytes, 30000 } };
	int ends[2];

	CALL(pipe2, ends, O_NONBLOCK);
	SHOW("in", CALL(write, ends[1], bytes, 8192)), SHOW("three", CALL(readv, ends[0], three, 3));
	SHOW("rest", CALL(read, ends[0], bytes, sizeof bytes)), SHOW("in", CALL(write, ends[1], bytes, 150));
	SHOW("three", CALL(readv, ends[0], three, 3)), SHOW("again", CALL(readv, ends[0], three, 3));
	SHOW("big", CALL(writev, ends[1], big, 2)), SHOW("more", CALL(writev, ends[1], big, 2));
	SHOW("out", CALL(read, ends[0], bytes, sizeof bytes)), printf("\n");
	close(ends[0]), close(ends[1]);
}

int main(void)
{
	int fd, status;
	unsigned long n = 1, two[2] = { 1, 1 };

	for (int flags = 0; flags < 4; flags++)
		SHOW("flags", CALL(eventfd2, 0, flags));
	SHOW("odd", CALL(eventfd2, 0, O_APPEND)), SHOW("old", CALL(eventfd, 7)), printf("\n");
	for (int semaphore = 0; semaphore < 2; semaphore++) {
		fd = (int)CALL(eventfd2, 3, O_NONBLOCK | semaphore);
		show_poll(fd), take(fd), take(fd), take(fd), take(fd), add(fd, 5), add(fd, 0), add(fd, 0xfffffffffffffffful);
		add(fd, 0xfffffffffffffffeul), add(fd, 0xfffffffffffffffeul - 5), add(fd, 1), take(fd), add(fd, 1), take(fd),
			take(fd);
		SHOW("short", CALL(read, fd, &n, 7)), SHOW("", CALL(write, fd, &n, 7)), SHOW("long", CALL(write, fd, two, 16));
		SHOW("bad", CALL(write, fd, 8, 8)), SHOW("", CALL(read, fd, 8, 8)), SHOW("seek", CALL(lseek, fd, 0, 0));
		SHOW("pread", CALL(pread64, fd, &n, 8, 0)), SHOW("map", CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0));
		SHOW("ftruncate", CALL(ftruncate, fd, 0)), printf("\n");
		close(fd);
	}
	fd = (int)CALL(eventfd2, 0, 0);
	fflush(stdout);
	if (!fork()) {
		for (n = 1; n < 4; n++)
			CALL(write, fd, &n, 8), usleep(20000);
		_exit(0);
	}
	for (unsigned long sum = 0; sum < 6; sum += n)
		CALL(read, fd, &n, 8);
	printf("all six have come\n");
	wait(&status);
	vectors();
	return 0;
}
