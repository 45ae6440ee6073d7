/* SPDX-License-Identifier: MIT */
/*
 * Who is told by a signal that a file is ready, when, and what the signal says: F_SETOWN, F_SETOWN_EX, F_SETSIG and O_ASYNC
 * of fcntl(2), for pipes, sockets and what tells nothing.
 */
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "show.h"

struct owner { int kind, number; };

static volatile int told;
static siginfo_t news;

static void on_news(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	told++;
	news = *info;
}

static void handle(int signo)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_news;
	sigaction(signo, &action, NULL);
}

/* What has been told since the last time; fd: of which descriptor it should be. */
static void show_news(const char *after, int fd)
{
	printf("  %s:", after);
	if (!told)
		printf(" nothing\n");
	else if (news.si_code == SI_KERNEL)
		printf(" %d, signal %d by the kernel\n", told, news.si_signo);
	else
		printf(" %d, signal %d code %d band %lx of %s\n", told, news.si_signo, news.si_code, (long)news.si_band,
		       news.si_fd == fd ? "it" : "another");
	told = 0;
}

static long own(int fd, int kind, int number)
{
	struct owner owner = { kind, number };

	return CALL(fcntl, fd, F_SETOWN_EX, &owner);
}

static void show_owner(int fd)
{
	struct owner owner = { 9, 9 };

	printf("  owner %s", shown(CALL(fcntl, fd, F_GETOWN_EX, &owner)));
	long plain = CALL(fcntl, fd, F_GETOWN);
	printf(" kind %d is %s, plainly %s\n", owner.kind, owner.number == getpid() ? "self" : shown(owner.number),
	       plain == getpid() ? "self" : plain == -getpid() ? "group" : shown(plain));
}

static void names_of_owners(int fd)
{
	show_owner(fd);
	printf("  F_SETOWN of nobody %s, of what is no number %s", shown(CALL(fcntl, fd, F_SETOWN, 4000000)),
	       shown(CALL(fcntl, fd, F_SETOWN, 1u << 31)));
	printf(", a group that is not there %s\n", shown(CALL(fcntl, fd, F_SETOWN, -4000000)));
	printf("  kinds %s", shown(own(fd, F_OWNER_TID, getpid())));
	printf(" %s", shown(own(fd, F_OWNER_PGRP, getpid())));
	show_owner(fd);
	printf("  kind 3 %s, nobody there %s, bad address %s", shown(own(fd, 3, getpid())), shown(own(fd, 1, 4000000)),
	       shown(CALL(fcntl, fd, F_SETOWN_EX, 8)));
	printf(", %s\n", shown(CALL(fcntl, fd, F_GETOWN_EX, 8)));
	printf("  F_SETOWN %s\n", shown(CALL(fcntl, fd, F_SETOWN, getpid())));
	show_owner(fd);
	printf("  signals 64 %s, 65 %s, -1 %s, now %s", shown(CALL(fcntl, fd, F_SETSIG, 64)),
	       shown(CALL(fcntl, fd, F_SETSIG, 65)), shown(CALL(fcntl, fd, F_SETSIG, -1)), shown(CALL(fcntl, fd, F_GETSIG)));
	printf(", back %s\n", shown(CALL(fcntl, fd, F_SETSIG, 0)));
}

static void arm(int fd)
{
	long flags = CALL(fcntl, fd, F_GETFL);

	CALL(fcntl, fd, F_SETFL, flags | O_ASYNC);
	printf("  armed: %s\n", CALL(fcntl, fd, F_GETFL) & O_ASYNC ? "yes" : "no");
}

static void pipes(void)
{
	char byte;
	int end[2];

	printf("pipe\n");
	if (pipe(end) < 0)
		return;
	names_of_owners(end[0]);
	CALL(write, end[1], "a", 1);
	show_news("written, not armed", end[0]);
	arm(end[0]);
	show_news("armed when it is ready", end[0]);
	CALL(write, end[1], "b", 1);
	show_news("written", end[0]);
	CALL(fcntl, end[0], F_SETSIG, SIGRTMIN + 1);
	CALL(write, end[1], "c", 1);
	show_news("written, a signal of choice", end[0]);
	CALL(fcntl, end[0], F_SETSIG, SIGIO);
	CALL(write, end[1], "d", 1);
	show_news("written, SIGIO by choice", end[0]);
	CALL(read, end[0], &byte, 1);
	show_news("read by itself", end[0]);
	CALL(fcntl, end[0], F_SETOWN, 0);
	CALL(write, end[1], "e", 1);
	show_news("written, nobody's", end[0]);
	CALL(fcntl, end[1], F_SETOWN, getpid());
	CALL(fcntl, end[1], F_SETSIG, SIGRTMIN + 1);
	arm(end[1]);
	CALL(read, end[0], &byte, 1);
	show_news("the writer, after a read", end[1]);
	int copy = dup(end[1]);
	CALL(close, end[1]);
	CALL(read, end[0], &byte, 1);
	show_news("the copy of it", end[1]);
	CALL(close, end[0]);
	show_news("the reader closed", end[1]);
	CALL(close, copy);
}

static void last_writer(void)
{
	int end[2], on = 1;

	printf("the last writer\n");
	if (pipe(end) < 0)
		return;
	CALL(fcntl, end[0], F_SETOWN, getpid());
	printf("  FIOASYNC %s\n", shown(CALL(ioctl, end[0], FIOASYNC, &on)));
	CALL(close, end[1]);
	show_news("closed", end[0]);
	on = 0;
	printf("  FIOASYNC %s, %s\n", shown(CALL(ioctl, end[0], FIOASYNC, &on)), shown(CALL(ioctl, end[0], FIOASYNC, 8)));
	CALL(close, end[0]);
}

static void sockets(int type)
{
	static char full[4096];
	int end[2];

	printf("socket of type %d\n", type);
	if (socketpair(AF_UNIX, type, 0, end) < 0)
		return;
	names_of_owners(end[0]);
	CALL(fcntl, end[0], F_SETSIG, SIGRTMIN + 1);
	arm(end[0]);
	CALL(write, end[1], "a", 1);
	show_news("written", end[0]);
	CALL(read, end[0], full, 1);
	CALL(write, end[0], "a", 1);
	show_news("writes itself", end[0]);
	CALL(read, end[1], full, 1);
	show_news("the other has read", end[0]);
	CALL(fcntl, end[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	while (CALL(write, end[0], full, sizeof full) > 0)
		;
	told = 0;
	CALL(fcntl, end[1], F_SETFL, O_NONBLOCK);
	while (CALL(read, end[1], full, sizeof full) > 0)
		;
	told = told > 0;
	show_news("there is room again", end[0]);
	CALL(close, end[1]);
	told = told > 0;
	show_news("the other closed", end[0]);
	CALL(close, end[0]);
}

/* Groups, threads and what a child of another user may do. */
static void receivers(void)
{
	int end[2], status;

	printf("receivers\n");
	if (pipe(end) < 0)
		return;
	CALL(fcntl, end[0], F_SETOWN, -getpid());
	CALL(fcntl, end[0], F_SETSIG, SIGRTMIN + 1);
	arm(end[0]);
	pid_t child = fork();
	if (!child) {
		while (!told)
			usleep(1000);
		_exit(news.si_code == POLL_IN ? 7 : 8);
	}
	CALL(write, end[1], "a", 1);
	show_news("a group: here", end[0]);
	waitpid(child, &status, 0);
	printf("  a group: the child %d\n", WEXITSTATUS(status));
	own(end[0], F_OWNER_TID, getpid());
	CALL(write, end[1], "a", 1);
	show_news("a thread", end[0]);
	child = fork();
	if (!child) {
		struct owner users[1];
		CALL(setresuid, 1000, 1000, 1000);
		printf("  by another user %s\n", shown(CALL(fcntl, end[0], F_SETOWN, getppid())));
		CALL(fcntl, end[0], F_GETOWNER_UIDS, users);
		printf("  users %d %d\n", users->kind, users->number);
		CALL(write, end[1], "a", 1);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	show_news("root by another user", end[0]);
	CALL(close, end[0]);
	CALL(close, end[1]);
}

static void by_signalfd(void)
{
	struct signalfd_siginfo record = { 0 };
	sigset_t set;
	int end[2];

	printf("by signalfd\n");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, 0);
	if (fd < 0 || pipe(end) < 0)
		return;
	CALL(fcntl, end[0], F_SETOWN, getpid());
	CALL(fcntl, end[0], F_SETSIG, SIGRTMIN + 1);
	arm(end[0]);
	CALL(write, end[1], "a", 1);
	printf("  %s", shown(CALL(read, fd, &record, sizeof record)));
	printf(" code %d band %x of %s\n", record.ssi_code, record.ssi_band, record.ssi_fd == end[0] ? "it" : "another");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CALL(close, end[0]);
	CALL(close, end[1]);
	CALL(close, fd);
}

/* What has no news keeps an owner all the same. */
static void others(void)
{
	int on = 1, fds[] = { open("plain", O_RDWR | O_CREAT, 0600), open("/dev/null", O_RDWR), eventfd(0, 0), open(".", O_RDONLY) };

	for (size_t i = 0; i < COUNT(fds); i++) {
		printf("other %zu\n", i);
		printf("  F_SETOWN %s\n", shown(CALL(fcntl, fds[i], F_SETOWN, getpid())));
		show_owner(fds[i]);
		arm(fds[i]);
		printf("  FIOASYNC %s\n", shown(CALL(ioctl, fds[i], FIOASYNC, &on)));
	}
	int path = open("plain", O_PATH);
	printf("O_PATH: %s %s\n", shown(CALL(fcntl, path, F_GETOWN)), shown(CALL(fcntl, path, F_SETSIG, 0)));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	setpgid(0, 0);
	handle(SIGIO);
	handle(SIGRTMIN + 1);
	pipes();
	last_writer();
	sockets(SOCK_STREAM);
	sockets(SOCK_DGRAM);
	receivers();
	by_signalfd();
	others();
	return 0;
}
