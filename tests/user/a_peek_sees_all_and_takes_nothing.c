/* SPDX-License-Identifier: MIT */
/*
 * MSG_PEEK on a stream shows what several sends have left there, up to descriptors, and leaves it there. To receive or
 * send no bytes is a question, not nothing: it waits for a sender, and hears that nobody is there.
 */
#include <sys/socket.h>

#include "check.h"

static void pair(int end[2], int type)
{
	CHECK(socketpair(AF_UNIX, type, 0, end) == 0);
}

static void send_descriptor(int to, int fd, const char *text)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	CHECK(sendmsg(to, &m, 0) == (ssize_t)strlen(text));
}

static void stream_is_seen_as_one(void)
{
	char b[16] = "";
	int s[2];

	pair(s, SOCK_STREAM);
	CHECK(write(s[0], "abc", 3) == 3 && write(s[0], "def", 3) == 3);
	CHECK(recv(s[1], b, 1, MSG_PEEK) == 1 && b[0] == 'a');
	CHECK(recv(s[1], b, sizeof b, MSG_PEEK) == 6 && !memcmp(b, "abcdef", 6));
	CHECK(recv(s[1], b, 4, MSG_PEEK) == 4 && read(s[1], b, 2) == 2);
	CHECK(recv(s[1], b, sizeof b, MSG_PEEK) == 4 && !memcmp(b, "cdef", 4));
	FAILS(recv(s[1], NULL, 4, MSG_PEEK), EFAULT);
	send_descriptor(s[0], 0, "gh");
	CHECK(write(s[0], "ij", 2) == 2);
	CHECK(recv(s[1], b, sizeof b, MSG_PEEK) == 6 && !memcmp(b, "cdefgh", 6));
	CHECK(read(s[1], b, sizeof b) == 6 && read(s[1], b, sizeof b) == 2 && !memcmp(b, "ij", 2));
	FAILS(recv(s[1], b, sizeof b, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	close(s[0]);
	CHECK(recv(s[1], b, sizeof b, MSG_PEEK) == 0);
	close(s[1]);
}

static void messages_are_seen_one_by_one(void)
{
	char b[16];
	int s[2];

	pair(s, SOCK_SEQPACKET);
	CHECK(write(s[0], "abc", 3) == 3 && write(s[0], "def", 3) == 3);
	CHECK(recv(s[1], b, sizeof b, MSG_PEEK) == 3 && read(s[1], b, 0) == 0);
	CHECK(read(s[1], b, sizeof b) == 3 && b[0] == 'a' && read(s[1], b, 1) == 1 && b[0] == 'd');
	FAILS(recv(s[1], b, sizeof b, MSG_DONTWAIT), EAGAIN);
	close(s[0]);
	close(s[1]);
}

static void no_bytes_ask(void)
{
	char b[1];
	int s[2];

	pair(s, SOCK_STREAM);
	FAILS(recv(s[1], b, 0, MSG_DONTWAIT), EAGAIN);
	CHECK(read(s[1], b, 0) == 0 && send(s[1], b, 0, 0) == 0 && write(s[0], "x", 1) == 1);
	CHECK(recv(s[1], b, 0, MSG_DONTWAIT) == 0 && read(s[1], b, 1) == 1);
	close(s[0]);
	CHECK(recv(s[1], b, 0, 0) == 0);
	FAILS(send(s[1], b, 0, MSG_NOSIGNAL), EPIPE);
	close(s[1]);
}

int main(void)
{
	stream_is_seen_as_one();
	messages_are_seen_one_by_one();
	no_bytes_ask();
	return 0;
}
