/* SPDX-License-Identifier: MIT */
/*
 * Listeners that are closed and made anew, connections that are begun, accepted, used, shut and dropped, packets to
 * names that may be gone, sockets sent along: by several processes at once. Every call ends, with success or with an
 * error that says what happened, and no byte of a connection is lost or wrong.
 */
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

#define CLIENTS 4
#define SERVERS 2
#define ROUNDS  150

static struct sockaddr_un stream_name = { AF_UNIX, "/tmp/many.socket" }, packet_name = { AF_UNIX, "\0many" };
static unsigned random_state;

static unsigned any(unsigned below)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % below;
}

/* A result that may be one of these errors. */
static bool one_of(long result, int a, int b, int c, int d)
{
	return result >= 0 || errno == a || errno == b || errno == c || errno == d;
}

static void send_socket(int to, int fd)
{
	char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "s", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_len = CMSG_LEN(sizeof fd);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	CHECK(one_of(sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT), EPIPE, EAGAIN, ECONNRESET, ETOOMANYREFS));
}

/* Bytes count up from 1, so that the other end knows each. */
static void talk(int s)
{
	unsigned char bytes[3000];
	size_t n = any(sizeof bytes) + 1;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(i % 255 + 1);
	CHECK(one_of(send(s, bytes, n, MSG_NOSIGNAL), EPIPE, ECONNRESET, 0, 0));
	if (any(3) == 0)
		shutdown(s, (int)any(3));
	if (any(3) == 0)
		send_socket(s, s);
	if (any(3) == 0)
		CHECK(one_of(recv(s, bytes, sizeof bytes, MSG_DONTWAIT), EAGAIN, ECONNRESET, 0, 0));
}

static void client(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int s = socket(AF_UNIX, SOCK_STREAM | (any(2) ? SOCK_NONBLOCK : 0), 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
		CHECK(s >= 0 && d >= 0);
		if (connect(s, (const void *)&stream_name, sizeof stream_name) == 0)
			talk(s);
		else
			CHECK(errno == ECONNREFUSED || errno == ENOENT || errno == EAGAIN);
		if (any(2))
			CHECK(one_of(connect(d, (const void *)&packet_name, 7), ECONNREFUSED, 0, 0, 0));
		long sent = sendto(d, "packet", 6, MSG_DONTWAIT, (const void *)&packet_name, 7);
		CHECK(one_of(sent, ECONNREFUSED, EAGAIN, EPIPE, 0));
		close(d), close(s);
	}
	exit(0);
}

static void serve(int l)
{
	struct pollfd p = { l, POLLIN, 0 };
	unsigned char bytes[700];
	ssize_t n;

	if (poll(&p, 1, 1) != 1)
		return;
	int a = accept4(l, NULL, NULL, SOCK_NONBLOCK);
	CHECK(one_of(a, EAGAIN, 0, 0, 0));
	size_t at = 0;
	while (a >= 0 && (n = recv(a, bytes, sizeof bytes, 0)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			CHECK(bytes[i] == at % 255 + 1 || (bytes[i] == 's' && i == n - 1));
	if (a >= 0 && any(2))
		send(a, "answer", 6, MSG_NOSIGNAL);
	if (a >= 0)
		close(a);
}

static void server(void)
{
	char bytes[10];

	for (int i = 0; i < ROUNDS; i++) {
		int l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), d = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		CHECK(l >= 0 && d >= 0);
		unlink(stream_name.sun_path);
		bool named = bind(l, (const void *)&stream_name, sizeof stream_name) == 0;
		CHECK(named || errno == EADDRINUSE);
		CHECK(!named || listen(l, (int)any(4)) == 0);
		CHECK(one_of(bind(d, (const void *)&packet_name, 7), EADDRINUSE, 0, 0, 0));
		for (int k = 0; k < 5; k++) {
			if (named)
				serve(l);
			CHECK(one_of(recv(d, bytes, sizeof bytes, 0), EAGAIN, ECONNRESET, 0, 0));
		}
		close(l), close(d);
	}
	exit(0);
}

int main(void)
{
	int status;

	for (int i = 0; i < CLIENTS + SERVERS; i++) {
		random_state = (unsigned)i * 7919 + 1;
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			i < SERVERS ? server() : client();
	}
	for (int i = 0; i < CLIENTS + SERVERS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	unlink(stream_name.sun_path);
	return 0;
}
