/* SPDX-License-Identifier: MIT */
/* Pairs of sockets of three types: bytes and packets, ends and shutdowns, poll, and descriptors that are sent along. */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))

static int s[2];
static char buf[1 << 16];

static void show_poll(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | 0x2000, 0 };

	poll(&p, 1, 0);
	printf(" [%s%s%s%s%s]", p.revents & POLLIN ? "r" : "", p.revents & POLLOUT ? "w" : "",
	       p.revents & POLLHUP ? "H" : "", p.revents & POLLERR ? "E" : "", p.revents & 0x2000 ? "h" : "");
}

static void put(int fd, const char *text) { SHOW("put", CALL(write, fd, text, strlen(text))); }

static void get(int fd, long n, int flags)
{
	memset(buf, 0, 32);
	SHOW("get", CALL(recvfrom, fd, buf, n, flags, 0, 0));
	printf(" \"%.20s\"", buf);
}

static void bytes_and_packets(void)
{
	struct iovec iov[2] = { { "ab", 2 }, { "cde", 3 } };
	int left;

	show_poll(s[0]), put(s[0], "hello"), put(s[0], "world"), show_poll(s[1]);
	ioctl(s[1], 0x541b, &left);
	printf(" left %d", left);
	get(s[1], 3, MSG_DONTWAIT | MSG_PEEK), get(s[1], 3, MSG_DONTWAIT), get(s[1], 4, MSG_DONTWAIT),
		get(s[1], 9, MSG_DONTWAIT);
	get(s[1], 9, MSG_DONTWAIT), SHOW("writev", CALL(writev, s[1], iov, 2)), get(s[0], 2, MSG_DONTWAIT | MSG_TRUNC);
	get(s[0], 20, MSG_DONTWAIT), SHOW("nothing", CALL(write, s[0], "", 0)), get(s[1], 5, MSG_DONTWAIT), printf("\n");
	SHOW("lseek", CALL(lseek, s[0], 0, 0)), SHOW("pread", CALL(pread64, s[0], buf, 1, 0)),
		SHOW("fsync", CALL(fsync, s[0]));
	SHOW("mmap", CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, s[0], 0)), SHOW("ftruncate", CALL(ftruncate, s[0], 0));
	SHOW("bad", CALL(write, s[0], 8, 5)), put(s[0], "x"), SHOW("bad", CALL(read, s[1], 8, 5)),
		get(s[1], 5, MSG_DONTWAIT);
	SHOW("flags", CALL(fcntl, s[0], F_GETFL)), printf("\n");
}

static void ends(int type)
{
	for (int how = -1; how < 4; how++) {
		CALL(socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, s);
		put(s[0], "to 1"), put(s[1], "to 0"), SHOW("shutdown", CALL(shutdown, s[0], how));
		show_poll(s[0]), show_poll(s[1]), put(s[0], "more"), put(s[1], "more");
		get(s[0], 20, 0), get(s[1], 20, 0), get(s[0], 20, 0), get(s[1], 20, 0), get(s[0], 20, 0), get(s[1], 20, 0),
			printf("\n");
		close(s[0]), close(s[1]);
	}
	for (int unread = 0; unread < 2; unread++) {
		CALL(socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, s);
		put(s[1], "sent before"), show_poll(s[1]);
		if (unread)
			put(s[0], "unread by 0");
		else
			get(s[0], 20, 0);
		close(s[0]);
		show_poll(s[1]), put(s[1], "x"), SHOW("send", CALL(sendto, s[1], "x", 1, MSG_NOSIGNAL, 0, 0)), get(s[1], 20, 0);
		get(s[1], 20, 0), get(s[1], 20, 0), show_poll(s[1]), printf("\n");
		close(s[1]);
	}
}

static long send_fds(int fd, const int *fds, int n, int level, int type)
{
	char control[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "d", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
	                    .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	c->cmsg_level = level;
	c->cmsg_type = type;
	memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
	return CALL(sendmsg, fd, &m, MSG_DONTWAIT);
}

static void receive_fds(int fd, size_t room, int flags)
{
	char control[256] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { buf, 10 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
	long n = CALL(recvmsg, fd, &m, MSG_DONTWAIT | flags);
	struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;

	printf(" received %s flags %x control %zu", shown(n), (unsigned)m.msg_flags, n >= 0 ? m.msg_controllen : 0);
	for (size_t i = 0; c && i < (c->cmsg_len - sizeof *c) / sizeof(int); i++) {
		int got = ((int *)CMSG_DATA(c))[i];
		printf(" fd %d cloexec %ld", got, CALL(fcntl, got, F_GETFD));
		if (CALL(pread64, got, buf, 1, 0) == 1)
			printf(" byte %d", buf[0]);
		close(got);
	}
	printf("\n");
}

static void receive_at(int fd, void *control)
{
	struct iovec iov = { buf, 10 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 64 };

	printf(" received %s", shown(CALL(recvmsg, fd, &m, MSG_DONTWAIT)));
	printf(" flags %x control %zu\n", (unsigned)m.msg_flags, m.msg_controllen);
}

static void descriptors(void)
{
	int fds[3] = { make_file("sent", 1), open("/dev/null", O_RDONLY), -1 };

	SHOW("one", send_fds(s[0], fds, 1, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 64, 0);
	SHOW("two", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 64, MSG_CMSG_CLOEXEC);
	SHOW("little room", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], CMSG_LEN(4), 0);
	SHOW("no room", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 0, 0);
	SHOW("bad", send_fds(s[0], fds, 3, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 64, 0);
	SHOW("other level", send_fds(s[0], fds, 1, 77, SCM_RIGHTS)), receive_fds(s[1], 64, 0);
	SHOW("other type", send_fds(s[0], fds, 1, SOL_SOCKET, 77)), receive_fds(s[1], 64, 0);
	SHOW("read instead", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), get(s[1], 5, MSG_DONTWAIT), printf("\n");
	IN_CHILD(close(s[1]); send_fds(s[0], fds, 1, SOL_SOCKET, SCM_RIGHTS));
	SHOW("looked at", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 64, MSG_PEEK);
	printf("and again:"), receive_fds(s[1], 64, MSG_PEEK), printf("and taken:"), receive_fds(s[1], 64, 0);
	SHOW("nowhere to put them", send_fds(s[0], fds, 2, SOL_SOCKET, SCM_RIGHTS)), receive_at(s[1], (void *)8);
	SHOW("none", send_fds(s[0], fds, 0, SOL_SOCKET, SCM_RIGHTS)), receive_fds(s[1], 64, 0);
	close(fds[0]);
	printf("from a child that ended:"), receive_fds(s[1], 64, 0);
	SHOW("left unread", send_fds(s[0], fds + 1, 1, SOL_SOCKET, SCM_RIGHTS)), printf("\n");
	close(fds[1]);
}

static void through(void)
{
	long sum = 0, n;
	int status;

	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, s);
	fflush(stdout);
	if (!fork()) {
		close(s[1]);
		memset(buf, 1, sizeof buf);
		for (int i = 0; i < 20; i++)
			CALL(write, s[0], buf, sizeof buf - (unsigned)i);
		_exit(0);
	}
	close(s[0]);
	while ((n = CALL(read, s[1], buf, 50000)) > 0)
		for (long i = 0; i < n; i++)
			sum += buf[i];
	wait(&status);
	printf("through a stream: %ld, then %s\n", sum, shown(n));
	close(s[1]);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, s);
	if (!fork()) {
		CALL(write, s[0], "12345", 5), usleep(50000), CALL(write, s[0], "67890", 5);
		_exit(0);
	}
	get(s[1], 10, MSG_WAITALL), printf("\n");
	wait(&status);
	close(s[0]), close(s[1]);
}

int main(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct stat st;
	int value, len = 4;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	for (int type = 0; type < 12; type++)
		SHOW("type", CALL(socketpair, AF_UNIX, type, 0, s));
	SHOW("protocol", CALL(socketpair, AF_UNIX, 1, 1, s)), SHOW("", CALL(socketpair, AF_UNIX, 1, 2, s)),
		SHOW("family", CALL(socketpair, 99, 1, 0, s));
	SHOW("flags", CALL(socketpair, AF_UNIX, 1 | 16, 0, s)), SHOW("pointer", CALL(socketpair, AF_UNIX, 1, 0, 8)),
		SHOW("family", CALL(socket, 99, 1, 0));
	SHOW("no socket", CALL(sendto, 0, buf, 1, 0, 0, 0)), SHOW("", CALL(recvmsg, 99, buf, 0)),
		SHOW("", CALL(shutdown, 1, 0)), printf("\n");
	CALL(close_range, 3, ~0u, 0);
	for (size_t t = 0; t < COUNT(types); t++) {
		printf("type %d\n", types[t]);
		CALL(socketpair, AF_UNIX, types[t] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s);
		fstat(s[0], &st);
		printf("mode %o, exec %ld %ld", st.st_mode & S_IFMT, CALL(fcntl, s[0], F_GETFD), CALL(fcntl, s[1], F_GETFL));
		SHOW("getsockopt", CALL(getsockopt, s[0], SOL_SOCKET, SO_TYPE, &value, &len)), printf(" %d\n", value);
		bytes_and_packets();
		descriptors();
		close(s[0]), close(s[1]);
		ends(types[t]);
	}
	through();
	return 0;
}
