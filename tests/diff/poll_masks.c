/* SPDX-License-Identifier: MIT */
/* Every event of poll, and select, on every kind of file; what a look at a socket (MSG_PEEK) shows; sizes of pipes. */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "show.h"

#define CHUNK 4096
#define SHOW(what, call) printf(" %s %s", what, shown(call))
#define LINE(...) (printf(__VA_ARGS__), printf("\n"))

static char bytes[1 << 16];

static void masks(const char *what, int fd)
{
	fd_set sets[3];

	printf("%s:", what);
	for (int bit = 0; bit <= 16; bit++) {
		struct pollfd p = { fd, (short)(bit == 16 ? 0xffff : bit == 15 ? 0 : 1 << bit), 0 };
		int n = poll(&p, 1, 0);
		printf(" %d/%x", n, p.revents & 0xffff);
	}
	for (int i = 0; i < 3; i++) {
		FD_ZERO(&sets[i]);
		FD_SET(fd < 0 ? 0 : fd, &sets[i]);
	}
	struct timeval none = { 0, 0 };
	if (fd >= 0)
		printf(" select %s", shown(CALL(select, fd + 1, &sets[0], &sets[1], &sets[2], &none)));
	printf("\n");
}

static void fill(int fd)
{
	CALL(fcntl, fd, F_SETFL, O_NONBLOCK);
	while (CALL(write, fd, bytes, CHUNK) > 0)
		;
}

static void drain(int fd)
{
	CALL(fcntl, fd, F_SETFL, O_NONBLOCK);
	while (CALL(read, fd, bytes, sizeof bytes) > 0)
		;
}

static void files(void)
{
	static const char *const names[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
	                                     "/proc/self/stat", "/proc/self/maps", "/proc/self", "." };
	close(make_file("file", 1));
	for (int fd, i = 0; i < (int)COUNT(names); i++, close(fd))
		masks(names[i], fd = open(names[i], O_RDONLY));
	masks("reading", open("file", O_RDONLY)), masks("writing", open("file", O_WRONLY));
	masks("a place", open("file", O_PATH)), masks("closed", 50), masks("none", -1);
	int fd = open("/dev/full", O_RDWR);
	SHOW("full", CALL(write, fd, "", 0)), SHOW("", CALL(write, fd, "a", 1));
	fd = open("/dev/random", O_RDWR);
	LINE(" ioctl %s %s", shown(CALL(ioctl, fd, FIONREAD, bytes)), shown(CALL(ioctl, fd, 0x5401, bytes)));
	CALL(close_range, 3, ~0u, 0);
}

static void pipes(void)
{
	static const unsigned sizes[] = { 0, 1, 4097, 1 << 20, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 65536 };
	int p[2];

	CALL(pipe2, p, 0);
	for (size_t i = 0; i < COUNT(sizes); i++)
		SHOW("size", CALL(fcntl, p[0], F_SETPIPE_SZ, sizes[i]));
	printf("\n"), masks("empty, read", p[0]), masks("written", p[1]);
	fill(p[1]), masks("full, read", p[0]), masks("written", p[1]);
	CALL(read, p[0], bytes, CHUNK), masks("a page free", p[1]);
	close(p[1]), masks("nobody writes", p[0]), drain(p[0]), masks("empty", p[0]), close(p[0]);
	CALL(pipe2, p, 0), close(p[0]), masks("nobody reads", p[1]), close(p[1]);
	int e = eventfd(0, 0);
	masks("event 0", e), eventfd_write(e, 1), masks("event 1", e), eventfd_write(e, ~0ull - 2), masks("event full", e);
	close(e);
}

static void sockets(int type)
{
	int s[2];

	CALL(socketpair, AF_UNIX, type, 0, s);
	masks("new", s[0]), CALL(write, s[1], "x", 1), masks("one", s[0]), fill(s[1]), masks("full", s[1]);
	drain(s[0]), masks("drained", s[1]);
	if (type != SOCK_STREAM)
		SHOW("urgent", CALL(sendto, s[0], "a", 1, MSG_OOB, 0, 0)), SHOW("", CALL(recvfrom, s[1], bytes, 1, MSG_OOB, 0, 0));
	CALL(write, s[0], "abcdef", 6);
	struct iovec v[3] = { { bytes, 3 }, { bytes + 100, 0 }, { bytes + 200, 9 } };
	LINE(" into parts %s %.3s %.3s", shown(CALL(readv, s[1], v, 3)), bytes, bytes + 200);
	CALL(shutdown, s[1], SHUT_WR), masks("says no more", s[0]), masks("own", s[1]);
	CALL(shutdown, s[1], SHUT_RD), masks("hears no more", s[0]), masks("own", s[1]);
	close(s[0]), masks("alone", s[1]), close(s[1]);
}

/* A look shows the descriptors too, and leaves them. */
static void looks(int type)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec v = { "b", 1 }, into = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int s[2], flags[] = { MSG_PEEK, MSG_PEEK, 0, MSG_DONTWAIT };

	CALL(socketpair, AF_UNIX, type, 0, s);
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	*(int *)CMSG_DATA(c) = open("file", O_RDONLY);
	SHOW("sent", CALL(sendmsg, s[0], &m, 0));
	for (size_t i = 0; i < COUNT(flags); i++) {
		struct msghdr r = { .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		long n = CALL(recvmsg, s[1], &r, flags[i]);
		printf(" got %s", shown(n));
		if (n > 0 && r.msg_controllen)
			printf(" with %d: %s", *(int *)CMSG_DATA(c), shown(CALL(read, *(int *)CMSG_DATA(c), &byte, 1)));
	}
	printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

/* What cannot be sent; and a file sent into itself, which would feed itself for ever. */
static void sending(void)
{
	static const long counts[] = { -1, 1l << 63, 5, 0, 100000 };
	int fd = make_file("itself", 1), append = open("itself", O_RDWR | O_APPEND), reading = open("itself", O_RDONLY);

	for (size_t i = 0; i < COUNT(counts); i++) {
		off_t from = 0, before = -1;
		lseek(fd, 3, SEEK_SET);
		printf("send %ld: %s", counts[i], shown(CALL(sendfile, fd, fd, &from, counts[i])));
		SHOW("append", CALL(sendfile, append, fd, &from, counts[i]));
		SHOW("read only", CALL(sendfile, reading, fd, &from, counts[i]));
		LINE(" before %s", shown(CALL(sendfile, fd, fd, &before, counts[i])));
	}
	CALL(close_range, 3, ~0u, 0);
}

int main(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	files();
	pipes();
	for (size_t i = 0; i < COUNT(types); i++) {
		printf("type %d\n", types[i]);
		sockets(types[i]);
		looks(types[i]);
	}
	sending();
	return 0;
}
