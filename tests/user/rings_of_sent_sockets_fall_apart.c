/* SPDX-License-Identifier: MIT */
/*
 * Sockets can be sent through sockets; those that nobody can reach any more are closed, also in rings and long
 * chains, and what can be reached stays. Each ring holds the writing end of a pipe, so the reading end tells when it
 * has gone.
 */
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

#define CHAIN 3000

static void send_fds(int to, int a, int b)
{
	const int fds[2] = { a, b };
	char control[CMSG_SPACE(sizeof fds)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "d", 1 };
	size_t size = b < 0 ? sizeof(int) : sizeof fds;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(size) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_len = CMSG_LEN(size);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), fds, size);
	CHECK(sendmsg(to, &m, 0) == 1);
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8))) = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
	                    .msg_controllen = CMSG_LEN(sizeof(int)) };
	int fd;

	CHECK(recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

static void pair(int s[2]) { CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0); }

static bool ended(int pipe_end, int wait_ms)
{
	struct pollfd p = { pipe_end, POLLIN, 0 };

	return poll(&p, 1, wait_ms) == 1 && p.revents & POLLHUP;
}

static void one_in_itself(void)
{
	int p[2], s[2];

	CHECK(pipe(p) == 0);
	pair(s);
	send_fds(s[0], s[1], p[1]);
	close(p[1]), close(s[1]);
	CHECK(!ended(p[0], 0));
	close(s[0]);
	CHECK(ended(p[0], 60000));
	close(p[0]);
}

static void two_in_each_other(bool keep)
{
	int p[2], s[2], t[2], got;

	CHECK(pipe(p) == 0);
	pair(s), pair(t);
	send_fds(s[0], t[1], p[1]), send_fds(t[0], s[1], -1);
	close(p[1]), close(s[0]), close(t[0]), close(s[1]);
	if (keep) {
		pair(s), close(s[0]), close(s[1]); /* another end, for who looks for rings then */
		CHECK(!ended(p[0], 0) && (got = receive_fd(t[1])) >= 0);
		close(t[1]);
		pair(s), close(s[0]), close(s[1]);
		CHECK(!ended(p[0], 0));
		t[1] = receive_fd(got);
		close(got);
	}
	close(t[1]);
	pair(s), close(s[0]), close(s[1]);
	CHECK(ended(p[0], 60000));
	close(p[0]);
}

static int listener(void)
{
	const struct sockaddr_un at = { AF_UNIX, "\0ring" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(s >= 0 && bind(s, (const void *)&at, 7) == 0 && listen(s, 3) == 0);
	return s;
}

static int client(void)
{
	const struct sockaddr_un at = { AF_UNIX, "\0ring" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(s >= 0 && connect(s, (const void *)&at, 7) == 0);
	return s;
}

static void a_listener_at_its_own_door(void)
{
	int p[2], l = listener(), c = client();

	CHECK(pipe(p) == 0);
	send_fds(c, l, p[1]);
	close(p[1]), close(l);
	CHECK(!ended(p[0], 0));
	close(c);
	CHECK(ended(p[0], 60000));
	close(p[0]);
}

static void a_sent_listener_listens(void)
{
	int s[2], l = listener();
	char byte;

	pair(s);
	send_fds(s[0], l, -1);
	close(l);
	int c = client();
	l = receive_fd(s[1]);
	int a = accept(l, NULL, NULL);
	CHECK(a >= 0 && write(c, "x", 1) == 1 && read(a, &byte, 1) == 1 && byte == 'x');
	close(a), close(c), close(l), close(s[0]), close(s[1]);
}

/* Each lies in the next one's queue: the last one's end is that of all. */
static void a_long_chain(void)
{
	int p[2], s[2], t[2];

	CHECK(pipe(p) == 0);
	pair(s);
	send_fds(s[0], p[1], -1);
	close(p[1]), close(s[0]);
	for (int i = 0; i < CHAIN; i++) {
		pair(t);
		send_fds(t[0], s[1], -1);
		close(s[1]), close(t[0]);
		s[1] = t[1];
	}
	CHECK(!ended(p[0], 0));
	close(s[1]);
	CHECK(ended(p[0], 20000));
	close(p[0]);
}

int main(void)
{
	for (int i = 0; i < 100; i++) {
		one_in_itself();
		two_in_each_other(false);
		two_in_each_other(true);
		a_listener_at_its_own_door();
		a_sent_listener_listens();
	}
	a_long_chain();
	return 0;
}
