/* SPDX-License-Identifier: MIT */
/* Sockets with names: bind, listen, connect and accept by paths and abstract names, backlogs, ends, packets, options. */
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))

static char buf[1 << 16];
static struct sockaddr_un un;

/* A name of that path; "@x" is abstract. The length that connect and bind take. */
static unsigned name(const char *path)
{
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, path);
	if (*path != '@')
		return sizeof un;
	un.sun_path[0] = 0;
	return (unsigned)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

static int make(int type) { return (int)CALL(socket, AF_UNIX, type | SOCK_NONBLOCK, 0); }

static long bind_to(int fd, const char *path)
{
	unsigned len = name(path);
	return CALL(bind, fd, &un, len);
}

static long connect_to(int fd, const char *path)
{
	unsigned len = name(path);
	return CALL(connect, fd, &un, len);
}

static void show_name(const struct sockaddr_un *n, unsigned len)
{
	printf("(%u %d ", len, len >= 2 ? n->sun_family : -1);
	for (unsigned i = 2; i < len && i < sizeof *n; i++)
		printf("%c", n->sun_path[i - 2] ? n->sun_path[i - 2] : '.');
	printf(")");
}

static void names(int fd)
{
	struct sockaddr_un n;
	unsigned len = sizeof n;
	long err = CALL(getsockname, fd, &n, &len);

	printf(" name %s", shown(err));
	if (!err)
		show_name(&n, len);
	len = sizeof n;
	err = CALL(getpeername, fd, &n, &len);
	printf(" peer %s", shown(err));
	if (!err)
		show_name(&n, len);
}

static void show_poll(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | 0x2000, 0 };

	poll(&p, 1, 0);
	printf(" [%s%s%s%s%s]", p.revents & POLLIN ? "r" : "", p.revents & POLLOUT ? "w" : "",
	       p.revents & POLLHUP ? "H" : "", p.revents & POLLERR ? "E" : "", p.revents & 0x2000 ? "h" : "");
}

static int option(int fd, int which)
{
	int value = -77;
	unsigned len = sizeof value;
	long err = CALL(getsockopt, fd, SOL_SOCKET, which, &value, &len);

	return err ? (int)err : value;
}

static void put(int fd, const char *text) { SHOW("put", CALL(sendto, fd, text, strlen(text), MSG_NOSIGNAL, 0, 0)); }

static void get(int fd)
{
	struct sockaddr_un from;
	unsigned len = sizeof from;
	long n;

	memset(buf, 0, 32);
	n = CALL(recvfrom, fd, buf, 100, 0, &from, &len);
	printf(" get %s \"%.20s\"", shown(n), buf);
	if (n >= 0)
		show_name(&from, len);
}

static void kinds(void)
{
	for (int type = -1; type < 12; type++)
		SHOW("socket", CALL(socket, AF_UNIX, type, 0));
	printf("\n");
	SHOW("protocol", CALL(socket, AF_UNIX, 1, 1)), SHOW("protocol", CALL(socket, AF_UNIX, 1, 2));
	SHOW("flags", CALL(socket, AF_UNIX, 1 | 16, 0)), SHOW("family", CALL(socket, 46, 1, 0));
	SHOW("family", CALL(socket, -1, 1, 0)), SHOW("type", CALL(socket, 40, 12, 0)), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

static void binding(void)
{
	struct stat st;
	int s = make(SOCK_STREAM), t = make(SOCK_STREAM);
	unsigned char bytes[200] = { AF_UNIX, 0 };

	memset(bytes + 2, 'x', sizeof bytes - 2);
	for (unsigned len = 0; len < 4; len++)
		if (len != 2)
			SHOW("short", CALL(bind, s, bytes, len));
	SHOW("long", CALL(bind, s, bytes, 111)), SHOW("longer", CALL(bind, s, bytes, 129)), SHOW("neg", CALL(bind, s, bytes, -1));
	SHOW("bad", CALL(bind, s, 8, 10)), names(s), printf("\n");
	s = make(SOCK_STREAM);
	bytes[0] = 2;
	SHOW("family", CALL(bind, s, bytes, 10));
	SHOW("no dir", bind_to(s, "none/a")), SHOW("no dir", bind_to(s, "/dev/null/a")), SHOW("slash", bind_to(s, "new/"));
	SHOW("dot", bind_to(s, ".")), SHOW("root", bind_to(s, "/")), SHOW("proc", bind_to(s, "/proc/a"));
	umask(027);
	SHOW("bind", bind_to(s, "sock"));
	umask(022);
	stat("sock", &st);
	printf(" mode %o", st.st_mode), names(s), printf("\n");
	SHOW("again", bind_to(s, "sock2")), SHOW("again", bind_to(s, "sock")), SHOW("exists", CALL(access, "sock2", 0));
	SHOW("taken", bind_to(t, "sock")), SHOW("open", CALL(open, "sock", O_RDWR)), SHOW("path", CALL(open, "sock", O_PATH) >= 0);
	SHOW("abstract", bind_to(t, "@name")), names(t), SHOW("other", bind_to(t, "@other")), printf("\n");
	t = make(SOCK_STREAM);
	SHOW("taken", bind_to(t, "@name")), SHOW("packet", bind_to(make(SOCK_DGRAM), "@name"));
	t = make(SOCK_STREAM);
	bytes[0] = AF_UNIX;
	SHOW("auto", CALL(bind, t, bytes, 2)), SHOW("auto", CALL(bind, t, bytes, 2));
	unsigned len = sizeof un;
	CALL(getsockname, t, &un, &len);
	printf(" len %u zero %d\n", len, !un.sun_path[0]);
	t = make(SOCK_STREAM);
	memset(bytes + 2, 'y', sizeof bytes - 2);
	SHOW("full", CALL(bind, t, bytes, 110));
	len = 200;
	memset(bytes, 0, sizeof bytes);
	SHOW("", CALL(getsockname, t, bytes, &len)), printf(" len %u %d %d", len, bytes[109], bytes[110]);
	len = 5;
	memset(bytes, 0, sizeof bytes);
	SHOW("cut", CALL(getsockname, t, bytes, &len)), printf(" len %u %d %d", len, bytes[4], bytes[5]);
	len = (unsigned)-1;
	SHOW("neg", CALL(getsockname, t, bytes, &len)), SHOW("bad", CALL(getsockname, t, bytes, 8)), printf("\n");
	CALL(unlink, "sock");
	CALL(close_range, 3, ~0u, 0);
}

static void errors(void)
{
	int s = make(SOCK_STREAM), l = make(SOCK_STREAM), c = make(SOCK_STREAM), d = make(SOCK_DGRAM);

	names(s), show_poll(s), get(s), put(s, "x"), SHOW("listen", CALL(listen, s, 1)), SHOW("accept", CALL(accept, s, 0, 0));
	SHOW("shutdown", CALL(shutdown, s, 3)), SHOW("shutdown", CALL(shutdown, s, 2)), show_poll(s), printf("\n");
	SHOW("none", connect_to(c, "none")), SHOW("none", connect_to(c, "@none")), SHOW("dir", connect_to(c, "/tmp"));
	SHOW("bind", bind_to(l, "sock")), SHOW("not listening", connect_to(c, "sock")), SHOW("listen", CALL(listen, l, 0));
	show_poll(l), SHOW("accept", CALL(accept, l, 0, 0)), SHOW("type", connect_to(d, "sock")), get(l), put(l, "x");
	SHOW("self", connect_to(l, "sock")), SHOW("inq", CALL(ioctl, l, FIONREAD, buf)), names(l), printf("\n");
	printf(" listens %d %d", option(l, SO_ACCEPTCONN), option(c, SO_ACCEPTCONN));
	SHOW("one", connect_to(c, "sock")), SHOW("again", connect_to(c, "sock")), SHOW("other", connect_to(c, "none"));
	SHOW("two", connect_to(make(SOCK_STREAM), "sock")), SHOW("listen", CALL(listen, l, 5));
	SHOW("two", connect_to(make(SOCK_STREAM), "sock")), names(c), show_poll(l), show_poll(c), put(c, "early"), printf("\n");
	CALL(link, "sock", "second"), CALL(rename, "sock", "third");
	SHOW("second", connect_to(make(SOCK_STREAM), "second")), SHOW("third", connect_to(make(SOCK_STREAM), "third"));
	CALL(unlink, "second"), CALL(unlink, "third");
	SHOW("gone", connect_to(make(SOCK_STREAM), "third")), SHOW("flags", CALL(accept4, l, 0, 0, 4));
	SHOW("no socket", CALL(accept, 0, 0, 0)), SHOW("no fd", CALL(accept, 999, 0, 0)), SHOW("dgram", CALL(accept, d, 0, 0));
	SHOW("dgram", CALL(listen, d, 1)), printf("\n");
	unsigned len = sizeof un;
	int a = (int)CALL(accept4, l, &un, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	show_name(&un, len), printf(" %ld %lx", CALL(fcntl, a, F_GETFD), CALL(fcntl, a, F_GETFL)), names(a), get(a), put(a, "late"), get(c);
	SHOW("to", CALL(sendto, c, "x", 1, 0, &un, sizeof un)), SHOW("listen", CALL(listen, c, 1)), printf("\n");
	a = (int)CALL(accept, l, 0, 0);
	printf(" flags %lx", CALL(fcntl, a, F_GETFL)), SHOW("bad", CALL(accept, l, buf, 8));
	SHOW("shutdown", CALL(shutdown, l, SHUT_RD)), show_poll(l), SHOW("connect", connect_to(make(SOCK_STREAM), "@none"));
	SHOW("accept", CALL(accept, l, 0, 0)), SHOW("accept", CALL(accept, l, 0, 0)), SHOW("accept", CALL(accept, l, 0, 0)), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

static void ends(int type)
{
	int l = make(type), c = make(type), e = make(type);

	SHOW("bind", bind_to(l, "@end")), SHOW("listen", CALL(listen, l, 5)), SHOW("c", connect_to(c, "@end"));
	SHOW("e", connect_to(e, "@end"));
	int a = (int)CALL(accept, l, 0, 0);
	put(e, "lost"), CALL(close, l), show_poll(e), printf(" error %d", option(e, SO_ERROR)), show_poll(e), get(e), put(e, "x"), names(e);
	SHOW("again", connect_to(make(type), "@end")), printf("\n");
	put(a, "one"), put(c, "two"), CALL(close, c), show_poll(a), printf(" error %d", option(a, SO_ERROR)), get(a), get(a), put(a, "x");
	names(a), show_poll(a), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

static void packets(void)
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM), c = make(SOCK_DGRAM), n = 0;

	show_poll(a), put(a, "nowhere"), SHOW("bind", bind_to(a, "@a")), SHOW("bind", bind_to(b, "bee"));
	unsigned len = name("@a");
	SHOW("to", CALL(sendto, b, "hello", 5, 0, &un, len)), SHOW("to", CALL(sendto, c, "unnamed", 7, 0, &un, len));
	show_poll(a), get(a), get(a), get(a), SHOW("empty", CALL(sendto, b, "", 0, 0, &un, len)), get(a), printf("\n");
	SHOW("family", CALL(sendto, b, "x", 1, 0, &un, 1)), SHOW("none", CALL(sendto, b, "x", 1, 0, "\1\0none", 6));
	while (CALL(sendto, c, "filling", 7, 0, &un, len) == 7)
		n++;
	printf(" %d fit", n), SHOW("full", CALL(sendto, b, "x", 1, 0, &un, len)), show_poll(c), SHOW("connect", connect_to(c, "@a"));
	show_poll(c), put(c, "x"), names(c), get(a), show_poll(c), put(c, "y"), printf("\n");
	SHOW("connect a", connect_to(a, "bee")), put(c, "z"), SHOW("c", connect_to(c, "@a")), put(a, "to b"), get(b), printf("\n");
	SHOW("b", connect_to(b, "@a")), put(b, "to a"), get(a), SHOW("a", connect_to(a, "@a")), printf(" error %d", option(b, SO_ERROR));
	put(b, "not"), put(a, "myself"), get(a), names(a), printf("\n");
	SHOW("none", CALL(connect, a, "\0\0", 2)), names(a), put(a, "x"), SHOW("short", CALL(connect, a, "\0\0", 1)), put(b, "lost");
	SHOW("a", connect_to(a, "bee")), SHOW("a", CALL(connect, a, "\0\0", 2)), get(a), printf(" error %d\n", option(b, SO_ERROR));
	CALL(close, a), show_poll(b), put(b, "x"), put(b, "x"), names(b), SHOW("gone", connect_to(b, "@a"));
	SHOW("gone", CALL(sendto, c, "x", 1, 0, &un, len)), printf("\n");
	SHOW("big", CALL(sendto, c, buf, 212992, 0, "\1\0bee", 5)), CALL(unlink, "bee");
	CALL(close_range, 3, ~0u, 0);
	int p[2];
	CALL(socketpair, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p);
	for (n = 0; CALL(write, p[0], "x", 1) == 1;)
		n++;
	printf(" of one byte %d", n), SHOW("outq", CALL(ioctl, p[0], TIOCOUTQ, &n)), printf(" %d", n);
	for (int size = 3000; size < 60000; size *= 2) {
		CALL(socketpair, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p);
		for (n = 0; CALL(write, p[0], buf, size) == size;)
			n++;
		printf(" of %d bytes %d", size, n);
	}
	CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	for (n = 0; CALL(write, p[0], buf, 4096) == 4096;)
		n++;
	printf(" pages %d", n);
	CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	for (n = 0; (len = (unsigned)CALL(write, p[0], buf, 65536)) < 100000;)
		n += (int)len;
	printf(" of 64 KiB %d\n", n);
	CALL(close_range, 3, ~0u, 0);
}

static void options(void)
{
	static const int known[] = { SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE,
	                             SO_OOBINLINE, SO_LINGER, SO_REUSEPORT, SO_PASSCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN };
	static const int sizes[] = { 0, 1, 5000, 100000, 300000, -1 };
	int s = make(SOCK_STREAM), one = 1;
	struct timeval time = { 1, 500000 };
	unsigned len;

	for (size_t i = 0; i < COUNT(known); i++) {
		int before = option(s, known[i]);
		long err = known[i] == SO_LINGER || known[i] == SO_RCVLOWAT ? 0 : CALL(setsockopt, s, SOL_SOCKET, known[i], &one, 4);
		printf(" %d: %d %s %d,", known[i], before, shown(err), option(s, known[i]));
	}
	printf("\n");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		CALL(setsockopt, s, SOL_SOCKET, SO_SNDBUF, &sizes[i], 4), CALL(setsockopt, s, SOL_SOCKET, SO_RCVBUF, &sizes[i], 4);
		printf(" %d: %d %d,", sizes[i], option(s, SO_SNDBUF), option(s, SO_RCVBUF));
	}
	SHOW("time", CALL(setsockopt, s, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time)), len = sizeof time, time.tv_sec = 0;
	SHOW("", CALL(getsockopt, s, SOL_SOCKET, SO_RCVTIMEO, &time, &len)), printf(" %ld.%06ld %u", (long)time.tv_sec, (long)time.tv_usec, len);
	time.tv_usec = 1000000, SHOW("", CALL(setsockopt, s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
	SHOW("", CALL(setsockopt, s, SOL_SOCKET, SO_SNDTIMEO, &time, 8));
	time.tv_usec = 1, SHOW("", CALL(setsockopt, s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
	SHOW("", CALL(getsockopt, s, SOL_SOCKET, SO_SNDTIMEO, &time, &len)), printf(" %ld.%06ld\n", (long)time.tv_sec, (long)time.tv_usec);
	SHOW("level", CALL(getsockopt, s, 77, 1, &one, &len)), SHOW("level", CALL(setsockopt, s, 77, 1, &one, 4));
	SHOW("unknown", CALL(getsockopt, s, SOL_SOCKET, 999, &one, &len)), SHOW("unknown", CALL(setsockopt, s, SOL_SOCKET, 999, &one, 4));
	SHOW("short", CALL(setsockopt, s, SOL_SOCKET, SO_REUSEADDR, &one, 3)), SHOW("bad", CALL(setsockopt, s, SOL_SOCKET, SO_REUSEADDR, 8, 4)), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

/* One line of who sent it, as the receiver hears. */
static void hear(int fd, size_t room)
{
	char control[128] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { buf, 100 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room ? control : NULL, .msg_controllen = room };
	long n = CALL(recvmsg, fd, &m, 0);
	struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	struct { int pid; unsigned uid, gid; } *who = c ? (void *)CMSG_DATA(c) : NULL;

	printf(" heard %s flags %x control %zu", shown(n), (unsigned)m.msg_flags, n >= 0 ? m.msg_controllen : 0);
	if (c)
		printf(" type %d %s %d %d", c->cmsg_type, who->pid == getpid() ? "mine" : who->pid ? "other" : "nobody", (int)who->uid, (int)who->gid);
}

static long claim(int fd, int pid, int uid, int len)
{
	char control[64] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "claim", 5 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 32 };
	struct cmsghdr *c = (void *)control;
	int who[3] = { pid, uid, 0 };

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN((size_t)len), .cmsg_level = SOL_SOCKET, .cmsg_type = 2 };
	memcpy(CMSG_DATA(c), who, sizeof who);
	return CALL(sendmsg, fd, &m, 0);
}

static void credentials(int type)
{
	struct { int pid, uid, gid; } peer;
	unsigned len = sizeof peer;
	int p[2], one = 1, s = make(type);

	CALL(getsockopt, s, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	printf(" nobody %d %d %d", peer.pid, peer.uid, peer.gid);
	CALL(socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	CALL(getsockopt, p[0], SOL_SOCKET, SO_PEERCRED, &peer, &len);
	printf(" pair %d %d %d %u", peer.pid == getpid(), peer.uid, peer.gid, len);
	put(p[0], "before"), CALL(setsockopt, p[1], SOL_SOCKET, SO_PASSCRED, &one, 4), put(p[0], "after"), hear(p[1], 100);
	hear(p[1], 100), put(p[0], "x"), hear(p[1], 0), put(p[0], "x"), hear(p[1], 20), put(p[0], "x"), hear(p[1], 8), printf("\n");
	SHOW("mine", claim(p[0], getpid(), 0, 12)), SHOW("init", claim(p[0], 1, 5, 12)), SHOW("none", claim(p[0], 9999999, 0, 12));
	SHOW("short", claim(p[0], 1, 5, 8)), hear(p[1], 100), hear(p[1], 100), hear(p[1], 100), CALL(close, p[0]), hear(p[1], 100), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

static void rights(void)
{
	int l = make(SOCK_STREAM), status;

	SHOW("bind", bind_to(l, "/tmp/names.sock")), SHOW("listen", CALL(listen, l, 5)), CALL(chmod, "/tmp/names.sock", 0755);
	fflush(stdout);
	if (!fork()) {
		int c = make(SOCK_STREAM);
		CALL(setresuid, 1000, 1000, 1000);
		SHOW("not writable", connect_to(c, "/tmp/names.sock")), SHOW("bind", bind_to(c, "/new.sock")), SHOW("claim", claim(l, 1, 0, 12));
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	CALL(chmod, "/tmp/names.sock", 0777);
	if (!fork()) {
		struct { int pid, uid, gid; } peer;
		unsigned len = sizeof peer;
		int c = make(SOCK_STREAM), p[2];
		CALL(setresuid, 1000, 1000, 1000);
		SHOW("writable", connect_to(c, "/tmp/names.sock")), CALL(getsockopt, c, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		printf(" peer %d %d", peer.pid == getppid(), peer.uid);
		CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, p);
		SHOW("root", claim(p[0], getpid(), 0, 12)), SHOW("init", claim(p[0], 1, 1000, 12)), SHOW("self", claim(p[0], getpid(), 1000, 12));
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	struct { int pid, uid, gid; } peer;
	unsigned len = sizeof peer;
	int a = (int)CALL(accept, l, 0, 0);
	CALL(getsockopt, a, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	printf(" accepted %d %d\n", peer.pid != getpid(), peer.uid);
	CALL(unlink, "/tmp/names.sock");
	CALL(close_range, 3, ~0u, 0);
}

/* Many messages by one call. */
static void many(int type)
{
	struct iovec out[3] = { { "one", 3 }, { "second", 6 }, { "third", 5 } }, in[4];
	struct mmsghdr m[4] = { 0 };
	struct timespec time = { 0, 0 };
	int p[2];

	CALL(socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	for (int i = 0; i < 4; i++) {
		m[i].msg_hdr.msg_iov = &out[i], m[i].msg_hdr.msg_iovlen = 1;
		in[i] = (struct iovec){ buf + 100 * i, 4 };
	}
	SHOW("send", CALL(sendmmsg, p[0], m, 3, 0)), printf(" %u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	m[1].msg_hdr.msg_iov = (void *)8;
	SHOW("bad second", CALL(sendmmsg, p[0], m, 3, 0)), SHOW("bad first", CALL(sendmmsg, p[0], m + 1, 2, 0)), SHOW("none", CALL(sendmmsg, p[0], m, 0, 0));
	for (int i = 0; i < 4; i++)
		m[i].msg_hdr.msg_iov = &in[i];
	SHOW("timed", CALL(recvmmsg, p[1], m, 4, 0, &time)), printf(" %u %x", m[0].msg_len, (unsigned)m[0].msg_hdr.msg_flags);
	SHOW("rest", CALL(recvmmsg, p[1], m, 4, MSG_WAITFORONE, 0)), printf(" %u %u %x", m[0].msg_len, m[1].msg_len, (unsigned)m[0].msg_hdr.msg_flags);
	while (CALL(read, p[1], buf, 100) > 0)
		;
	SHOW("empty", CALL(recvmmsg, p[1], m, 4, 0, 0)), SHOW("no socket", CALL(recvmmsg, 0, m, 4, 0, 0)), time.tv_nsec = -1;
	SHOW("time", CALL(recvmmsg, 99, m, 4, 0, &time)), SHOW("fd", CALL(sendmmsg, 99, m, 4, 0));
	put(p[0], "x"), put(p[1], "y"), CALL(close, p[0]), SHOW("reset", CALL(recvmmsg, p[1], m, 4, 0, 0)), printf(" %u", m[0].msg_len);
	SHOW("then", CALL(recvmmsg, p[1], m, 2, 0, 0)), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

/* Calls that wait: for a connection, for room in the backlog, for a packet's room, for a time. */
static void waiting(void)
{
	int l = (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0), d = (int)CALL(socket, AF_UNIX, SOCK_DGRAM, 0), status;
	struct timeval time = { 0, 20000 };

	bind_to(l, "@wait"), CALL(listen, l, 0), bind_to(d, "@packets");
	fflush(stdout);
	if (!fork()) {
		for (int i = 0; i < 4; i++) {
			int c = (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0);
			SHOW("connect", connect_to(c, "@wait")), CALL(write, c, "abc", 3);
		}
		int c = (int)CALL(socket, AF_UNIX, SOCK_DGRAM, 0);
		connect_to(c, "@packets");
		for (int i = 0; i < 40; i++)
			CALL(write, c, buf, (unsigned)i);
		printf("\n"), fflush(stdout);
		_exit(0);
	}
	usleep(50000);
	for (int i = 0; i < 4; i++) {
		int a = (int)CALL(accept, l, 0, 0);
		if (CALL(recvfrom, a, buf, 3, MSG_WAITALL, 0, 0) != 3)
			printf("not all\n");
	}
	long sum = 0;
	for (int i = 0; i < 40; i++)
		sum += CALL(read, d, buf, 100);
	wait(&status);
	printf(" packets %ld", sum);
	CALL(setsockopt, d, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), CALL(setsockopt, l, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
	SHOW("read", CALL(read, d, buf, 10)), SHOW("accept", CALL(accept, l, 0, 0));
	int c = (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0), e = (int)CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	CALL(setsockopt, e, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
	SHOW("connect", connect_to(c, "@wait")), SHOW("connect", connect_to(e, "@wait")), printf("\n");
	CALL(close_range, 3, ~0u, 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	CALL(close_range, 3, ~0u, 0);
	kinds();
	binding();
	errors();
	ends(SOCK_STREAM), ends(SOCK_SEQPACKET);
	packets();
	options();
	credentials(SOCK_STREAM), credentials(SOCK_DGRAM), credentials(SOCK_SEQPACKET);
	many(SOCK_STREAM), many(SOCK_DGRAM), many(SOCK_SEQPACKET);
	rights();
	waiting();
	return 0;
}
