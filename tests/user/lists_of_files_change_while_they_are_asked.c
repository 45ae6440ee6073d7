/* SPDX-License-Identifier: MIT */
/*
 * Threads add, change, remove and close files in two lists of epoll, one in the other, while others wait for them: every
 * call succeeds or says one of the errors that a race can bring, and in the end all is free again.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "check.h"

#define ROUNDS 400

static int outer, inner;
static volatile int ended;

static void one_of(long result, int a, int b)
{
	CHECK(result >= 0 || errno == a || errno == b);
}

static void *change(void *seed)
{
	unsigned n = (unsigned)(long)seed;

	for (int i = 0; i < ROUNDS; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | (i & 1 ? EPOLLET : i & 2 ? EPOLLONESHOT : 0) };
		int fd = eventfd(i & 4 ? 1 : 0, EFD_NONBLOCK), list = (n = n * 69069 + 1) & 0x10000 ? outer : inner;
		CHECK(fd >= 0);
		event.data.fd = fd;
		CHECK(epoll_ctl(list, EPOLL_CTL_ADD, fd, &event) == 0);
		one_of(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event), EEXIST, EEXIST);
		if (n & 0x20000)
			CHECK(epoll_ctl(list, EPOLL_CTL_MOD, fd, &event) == 0);
		if (n & 0x40000)
			CHECK(epoll_ctl(list, EPOLL_CTL_DEL, fd, NULL) == 0);
		if (n & 0x80000)
			one_of(epoll_ctl(outer, EPOLL_CTL_DEL, inner, NULL), ENOENT, ENOENT);
		CHECK(close(fd) == 0);
	}
	return NULL;
}

static void *ask(void *list)
{
	struct epoll_event events[4];

	while (!ended)
		CHECK(epoll_wait(*(int *)list, events, 4, 1) >= 0);
	return NULL;
}

int main(void)
{
	pthread_t askers[2], changers[3];

	outer = epoll_create1(0), inner = epoll_create1(0);
	CHECK(outer >= 0 && inner >= 0);
	CHECK(pthread_create(&askers[0], NULL, ask, &outer) == 0 && pthread_create(&askers[1], NULL, ask, &inner) == 0);
	for (long i = 0; i < 3; i++)
		CHECK(pthread_create(&changers[i], NULL, change, (void *)(i + 1)) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(changers[i], NULL);
	ended = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(askers[i], NULL);
	CHECK(close(inner) == 0);
	struct epoll_event left;
	CHECK(epoll_wait(outer, &left, 1, 0) == 0);
	return 0;
}
