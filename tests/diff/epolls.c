/* SPDX-License-Identifier: MIT */
/*
 * epoll: what is refused, levels and edges, one-shot, turns in a short array, descriptors closed and copied, one epoll in
 * another, timers, waiting, signals.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))

static int make(void) { return (int)CALL(epoll_create1, 0); }

static long control(int ep, int op, int fd, unsigned events, unsigned long data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return CALL(epoll_ctl, ep, op, fd, &event);
}

static void add(int ep, int fd, unsigned events, unsigned long data)
{
	SHOW("add", control(ep, EPOLL_CTL_ADD, fd, events, data));
}

static void modify(int ep, int fd, unsigned events, unsigned long data)
{
	SHOW("mod", control(ep, EPOLL_CTL_MOD, fd, events, data));
}

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *one = a, *two = b;

	return one->data.u64 < two->data.u64 ? -1 : one->data.u64 > two->data.u64;
}

/* The order in which files became ready is Linux's alone to know. */
static void look_for(int ep, int max, int ms)
{
	struct epoll_event events[16];
	long n = CALL(epoll_wait, ep, events, max, ms);

	SHOW("wait", n);
	if (n > 0)
		qsort(events, (size_t)n, sizeof events[0], by_data);
	for (long i = 0; i < n; i++)
		printf(" {%x %lx}", events[i].events, (unsigned long)events[i].data.u64);
}

static void look(int ep) { look_for(ep, 16, 0); }

/* Two are ready, there is room for one: each has its turn. */
static void turns(int ep)
{
	struct epoll_event event[2];

	SHOW("turns", CALL(epoll_wait, ep, &event[0], 1, 0)), SHOW("", CALL(epoll_wait, ep, &event[1], 1, 0));
	qsort(event, 2, sizeof event[0], by_data);
	printf(" {%lx %lx}", (unsigned long)event[0].data.u64, (unsigned long)event[1].data.u64);
}

static void put(int fd, int n)
{
	static char bytes[8192];

	SHOW("put", CALL(write, fd, bytes, n));
}

static void take(int fd, int n)
{
	static char bytes[65536];

	SHOW("take", CALL(read, fd, bytes, n));
}

static void refused(void)
{
	int ep = make(), other = make(), ends[2], plain = open("plain", O_RDWR | O_CREAT, 0666), dir = open(".", O_RDONLY);
	int place = open("plain", O_PATH), null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
	struct epoll_event event = { .events = EPOLLIN };
	char link[32], text[64] = "";

	SHOW("create", CALL(epoll_create, 0)), SHOW("create", CALL(epoll_create, -1)), SHOW("create1", CALL(epoll_create1, 1));
	int old = (int)CALL(epoll_create, 5);
	printf(" %x", (unsigned)fcntl(old, F_GETFD)), close(old);
	old = (int)CALL(epoll_create1, O_CLOEXEC), printf(" %x %x", (unsigned)fcntl(old, F_GETFD), (unsigned)fcntl(old, F_GETFL));
	close(old), CALL(pipe2, ends, 0);
	printf("\nctl"), SHOW("memory", CALL(epoll_ctl, 77, 1, 77, 8)), SHOW("del", CALL(epoll_ctl, 77, 2, 77, 8));
	SHOW("closed", control(ep, 1, 77, 0, 0)), SHOW("not one", control(ends[0], 1, ends[1], 0, 0));
	SHOW("itself", control(ep, 1, ep, 0, 0)), SHOW("plain", control(ep, 1, plain, 0, 0)), SHOW("dir", control(ep, 1, dir, 0, 0));
	SHOW("path", control(ep, 1, place, 0, 0)), SHOW("on a path", control(place, 1, ends[0], 0, 0));
	SHOW("null", control(ep, 1, null, 0, 0)), SHOW("zero", control(ep, 1, zero, 0, 0));
	SHOW("plain, not one", control(ends[0], 1, plain, 0, 0)), SHOW("op", control(ep, 4, ends[0], 0, 0));
	SHOW("op 0", control(ep, 0, ends[0], 0, 0)), SHOW("op, memory", CALL(epoll_ctl, ep, 9, ends[0], 8));
	SHOW("del", CALL(epoll_ctl, ep, 2, ends[0], 0)), SHOW("mod", control(ep, 3, ends[0], 1, 0));
	add(ep, ends[0], 1, 0), add(ep, ends[0], 1, 0), SHOW("del", CALL(epoll_ctl, ep, 2, ends[0], 0));
	printf("\nexclusive"), SHOW("epoll", control(ep, 1, other, EPOLLEXCLUSIVE | EPOLLIN, 0));
	SHOW("pri", control(ep, 1, ends[0], EPOLLEXCLUSIVE | EPOLLPRI, 0));
	SHOW("oneshot", control(ep, 1, ends[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLONESHOT, 0));
	SHOW("add", control(ep, 1, ends[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLET, 0)), modify(ep, ends[0], EPOLLIN, 0);
	SHOW("mod", control(ep, 3, ends[1], EPOLLEXCLUSIVE | EPOLLIN, 0)), SHOW("del", CALL(epoll_ctl, ep, 2, ends[0], 0));
	printf("\nwait"), SHOW("0", CALL(epoll_wait, ep, &event, 0, 0)), SHOW("-1", CALL(epoll_wait, 77, &event, -1, 0));
	SHOW("many", CALL(epoll_wait, 77, &event, 0x7fffffff / 12 + 1, 0)), SHOW("closed", CALL(epoll_wait, 77, &event, 1, 0));
	SHOW("pipe", CALL(epoll_wait, ends[0], &event, 1, 0)), SHOW("kernel", CALL(epoll_wait, 77, -64ul, 1, 0));
	SHOW("nothing there", CALL(epoll_wait, ep, 8, 1, 0)), add(ep, ends[1], EPOLLOUT, 1), SHOW("memory", CALL(epoll_wait, ep, 8, 1, 0));
	look(ep), SHOW("mask", CALL(epoll_pwait, ep, &event, 1, 0, 8, 8)), SHOW("size", CALL(epoll_pwait, ep, &event, 1, 0, &event, 4));
	SHOW("time", CALL(epoll_pwait2, ep, &event, 1, 8, 0, 8)), SHOW("none", CALL(epoll_pwait2, ep, &event, 1, 0, 0, 8));
	struct timespec odd = { 0, 1000000000 };
	SHOW("odd", CALL(epoll_pwait2, ep, &event, 1, &odd, 0, 8));
	snprintf(link, sizeof link, "/proc/self/fd/%d", ep);
	printf("\nfile"), SHOW("read", CALL(read, ep, text, 8)), SHOW("write", CALL(write, ep, text, 8)), SHOW("seek", CALL(lseek, ep, 0, 1));
	SHOW("link", CALL(readlink, link, text, sizeof text - 1)), printf(" %s\n", text);
	close(ep), close(other), close(ends[0]), close(ends[1]), close(plain), close(dir), close(place), close(null), close(zero);
}

static void levels_and_edges(void)
{
	int ep = make(), ends[2];

	CALL(pipe2, ends, O_NONBLOCK);
	printf("level:"), add(ep, ends[0], EPOLLIN, 0x1234567890abcdef), add(ep, ends[1], EPOLLOUT, 2), look(ep), look(ep);
	put(ends[1], 10), turns(ep), turns(ep), turns(ep), look(ep), take(ends[0], 5), look(ep), take(ends[0], 9), look(ep);
	modify(ep, ends[1], 0, 3), look(ep), close(ends[0]), look(ep), close(ends[1]), look(ep), printf("\n");
	CALL(pipe2, ends, O_NONBLOCK);
	printf("edge:"), put(ends[1], 1), add(ep, ends[0], EPOLLIN | EPOLLET, 1), look(ep), look(ep), put(ends[1], 2000), look(ep), look(ep);
	take(ends[0], 1000), look(ep), put(ends[1], 1), look(ep), modify(ep, ends[0], EPOLLIN | EPOLLET, 2), look(ep), look(ep);
	put(ends[1], 1), put(ends[1], 1), take(ends[0], 9999), look(ep), put(ends[1], 1), look(ep), close(ends[1]), look(ep), look(ep);
	close(ends[0]), look(ep), printf("\n");
	CALL(pipe2, ends, O_NONBLOCK);
	printf("out edge:"), add(ep, ends[1], EPOLLOUT | EPOLLET, 1), look(ep), look(ep), put(ends[1], 1), look(ep);
	while (write(ends[1], "12345678901234567890123456789012", 32) > 0)
		;
	look(ep), take(ends[0], 65536), look(ep), look(ep), close(ends[0]), look(ep), look(ep), close(ends[1]), printf("\n");
	CALL(pipe2, ends, O_NONBLOCK);
	printf("one shot:"), add(ep, ends[0], EPOLLIN | EPOLLONESHOT, 1), look(ep), put(ends[1], 1), look(ep), look(ep), put(ends[1], 1), look(ep);
	close(ends[1]), look(ep), modify(ep, ends[0], EPOLLIN | EPOLLONESHOT, 2), look(ep), look(ep), close(ends[0]), printf("\n");
	int fd = eventfd(0, EFD_NONBLOCK);
	unsigned long one = 1;
	printf("counter:"), add(ep, fd, EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLET, 1), look(ep), look(ep), write(fd, &one, 8), look(ep);
	write(fd, &one, 8), look(ep), read(fd, &one, 8), look(ep), look(ep), close(fd), printf("\n"), close(ep);
}

static void sockets(void)
{
	int ep = make(), ends[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
	printf("socket:"), add(ep, ends[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 1), look(ep), look(ep), put(ends[1], 100), look(ep), look(ep);
	take(ends[0], 50), look(ep), put(ends[1], 1), look(ep), shutdown(ends[1], SHUT_WR), look(ep), look(ep), close(ends[1]), look(ep);
	close(ends[0]), close(ep), printf("\n");
}

static void closed_and_copied(void)
{
	int ep = make(), ends[2], copy;

	CALL(pipe2, ends, 0);
	printf("copies:"), copy = dup(ends[0]), add(ep, ends[0], EPOLLIN, 1), add(ep, copy, EPOLLIN, 2), put(ends[1], 1), look(ep);
	close(ends[0]), look(ep), SHOW("del", control(ep, 2, ends[0], 0, 0)), SHOW("del", control(ep, 2, copy, 0, 0)), look(ep);
	dup2(copy, ends[0]), SHOW("del", control(ep, 2, ends[0], 0, 0)), look(ep), add(ep, ends[0], EPOLLIN, 3), look(ep);
	close(copy), close(ends[0]), look(ep), close(ends[1]);
	CALL(pipe2, ends, 0), add(ep, ends[0], EPOLLIN, 4);
	IN_CHILD(put(ends[1], 1), look(ep), SHOW("del", control(ep, 2, ends[0], 0, 0)));
	look(ep), copy = dup(ep), add(copy, ends[0], EPOLLIN, 5), close(ep), look(copy), close(copy), close(ends[0]), close(ends[1]), printf("\n");
}

static void nested(void)
{
	int ep[9], ends[2];

	for (size_t i = 0; i < COUNT(ep); i++)
		ep[i] = make();
	CALL(pipe2, ends, 0);
	printf("nested:"), add(ep[0], ep[1], EPOLLIN, 1), add(ep[1], ep[0], EPOLLIN, 2), add(ep[1], ep[2], EPOLLIN, 3), add(ep[2], ep[0], EPOLLIN, 4);
	look(ep[0]), add(ep[2], ends[0], EPOLLIN, 5), look(ep[0]), put(ends[1], 1), look(ep[0]), look(ep[1]), look(ep[2]), look(ep[0]);
	struct pollfd p = { ep[0], POLLIN | POLLOUT | POLLRDNORM, 0 };
	SHOW("poll", poll(&p, 1, 0)), printf(" %x", (unsigned)p.revents), take(ends[0], 1), look(ep[0]), SHOW("poll", poll(&p, 1, 0));
	modify(ep[2], ends[0], EPOLLIN | EPOLLET, 6), put(ends[1], 1), look(ep[0]), look(ep[2]), look(ep[2]), look(ep[0]), printf("\n chain:");
	for (size_t i = 0; i < COUNT(ep); i++)
		close(ep[i]), ep[i] = make();
	for (size_t i = 0; i + 1 < COUNT(ep); i++)
		add(ep[i + 1], ep[i], EPOLLIN, 1);
	printf("\n");
	for (size_t i = 0; i < COUNT(ep); i++)
		close(ep[i]);
	close(ends[0]), close(ends[1]);
}

static volatile sig_atomic_t caught;

static void on_signal(int signo) { caught = signo; }

static void waited_for(void)
{
	int ep = make(), ends[2], timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec soon = { .it_value.tv_nsec = 10000000 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct epoll_event event;
	sigset_t usr, none;

	CALL(pipe2, ends, 0), add(ep, ends[0], EPOLLIN, 1), look_for(ep, 1, 5), fflush(stdout);
	if (!fork()) {
		usleep(20000), CALL(write, ends[1], "x", 1);
		_exit(0);
	}
	look_for(ep, 1, -1), take(ends[0], 1), wait(NULL);
	add(ep, timer, EPOLLIN | EPOLLET, 2), timerfd_settime(timer, 0, &soon, NULL), look_for(ep, 1, -1), look_for(ep, 1, 0);
	timerfd_settime(timer, 0, &soon, NULL), look_for(ep, 1, -1), fflush(stdout);
	if (!fork()) { /* added while it is waited for */
		int mine = eventfd(1, 0);
		usleep(20000), control(ep, EPOLL_CTL_ADD, mine, EPOLLIN, 7);
		usleep(200000);
		_exit(0);
	}
	look_for(ep, 1, -1), wait(NULL), look(ep);
	sigaction(SIGALRM, &action, NULL), ualarm(20000, 0), look_for(ep, 1, -1), printf(" caught %d", caught);
	sigemptyset(&usr), sigaddset(&usr, SIGUSR1), sigemptyset(&none), sigprocmask(SIG_BLOCK, &usr, NULL);
	sigaction(SIGUSR1, &action, NULL), kill(getpid(), SIGUSR1), look(ep), printf(" caught %d", caught);
	SHOW("pwait", CALL(epoll_pwait, ep, &event, 1, -1, &none, 8)), printf(" caught %d\n", caught);
	close(ep), close(timer), close(ends[0]), close(ends[1]);
}

/* However often a timer comes due, it is one event until it has been read. */
static void ticks(void)
{
	int ep = make(), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec often = { { 0, 20000000 }, { 0, 20000000 } };
	unsigned long n;

	printf("ticks:"), add(ep, timer, EPOLLIN | EPOLLET, 1), timerfd_settime(timer, 0, &often, NULL);
	look_for(ep, 1, -1), look_for(ep, 1, 100), look_for(ep, 1, 100), SHOW("read", CALL(read, timer, &n, 8));
	look_for(ep, 1, -1), printf("\n"), close(ep), close(timer);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	refused();
	levels_and_edges();
	sockets();
	closed_and_copied();
	nested();
	waited_for();
	ticks();
	return 0;
}
