/* SPDX-License-Identifier: MIT */
/* A descriptor of a process means it and no other: it tells of its end, takes signals and waits for it, and lends its files. */
#define _GNU_SOURCE
#include <abi/misc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "check.h"

#define WAIT_ON_PIDFD 3 /* P_PIDFD */

static long clone_call(unsigned long flags, int *pidfd) { return syscall(SYS_clone, flags, 0, pidfd, 0, 0); }

static int ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static int end(int fd, pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };
	CHECK(waitid(WAIT_ON_PIDFD, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == pid);
	return info.si_status;
}

static void *thread_number(void *arg)
{
	*(int *)arg = gettid();
	FAILS(pidfd_open(gettid(), 0), EINVAL);
	return NULL;
}

static void opened(void)
{
	pthread_t thread;
	int tid;
	FAILS(pidfd_open(getpid(), 1), EINVAL);
	FAILS(pidfd_open(0, 0), EINVAL);
	FAILS(pidfd_open(-1, 0), EINVAL);
	FAILS(pidfd_open(0x3fffffff, 0), ESRCH);
	CHECK(pthread_create(&thread, NULL, thread_number, &tid) == 0 && pthread_join(thread, NULL) == 0);
	int fd = pidfd_open(getpid(), PIDFD_NONBLOCK);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK));
	char c;
	FAILS(read(fd, &c, 1), EINVAL);
	FAILS(write(fd, &c, 1), EINVAL);
	CHECK(ready(fd) == 0 && close(fd) == 0);
}

static void shows_number(int fd, int number)
{
	char name[64], text[512], want[64];
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	int info = open(name, O_RDONLY);
	ssize_t n = read(info, text, sizeof(text) - 1);
	CHECK(info >= 0 && n > 0 && close(info) == 0);
	text[n] = '\0';
	snprintf(want, sizeof(want), "\nPid:\t%d\nNSpid:\t%d\n", number, number);
	CHECK(strstr(text, want));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, text, sizeof(text));
	CHECK(n == 18 && memcmp(text, "anon_inode:[pidfd]", 18) == 0);
}

static void from_begin_to_end(void)
{
	siginfo_t info;
	pid_t pid = sleeper();
	int fd = pidfd_open(pid, 0), patient = pidfd_open(pid, PIDFD_NONBLOCK);
	CHECK(fd >= 0 && patient >= 0 && ready(fd) == 0);
	shows_number(fd, pid);
	FAILS(waitid(WAIT_ON_PIDFD, (id_t)patient, &info, WEXITED), EAGAIN);
	CHECK(waitid(WAIT_ON_PIDFD, (id_t)patient, &info, WEXITED | WNOHANG) == 0);
	CHECK(pidfd_send_signal(fd, 0, NULL, 0) == 0 && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDNORM };
	CHECK(poll(&p, 1, -1) == 1 && p.revents == (POLLIN | POLLRDNORM));
	int late = pidfd_open(pid, 0);
	CHECK(late >= 0 && ready(late) == POLLIN && pidfd_send_signal(fd, SIGTERM, NULL, 0) == 0);
	CHECK(end(fd, pid) == SIGKILL && ready(fd) == POLLIN && ready(late) == POLLIN);
	FAILS(waitid(WAIT_ON_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
	FAILS(pidfd_send_signal(fd, 0, NULL, 0), ESRCH);
	FAILS(pidfd_getfd(fd, 0, 0), ESRCH);
	FAILS(pidfd_open(pid, 0), ESRCH);
	shows_number(fd, -1);
	CHECK(close(fd) == 0 && close(patient) == 0 && close(late) == 0);
}

static volatile int taken, value;

static void takes(int signo, siginfo_t *info, void *context)
{
	(void)context;
	taken = signo;
	value = info->si_code == SI_QUEUE ? info->si_value.sival_int : -1;
}

static void signals(void)
{
	struct sigaction sa = { .sa_sigaction = takes, .sa_flags = SA_SIGINFO };
	siginfo_t info;
	int self = pidfd_open(getpid(), 0), other = pidfd_open(getppid(), 0);
	CHECK(self >= 0 && other >= 0 && sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(pidfd_send_signal(self, SIGUSR1, NULL, 0) == 0 && taken == SIGUSR1 && value == -1);
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 77;
	CHECK(pidfd_send_signal(self, SIGUSR1, &info, 0) == 0 && value == 77);
	FAILS(pidfd_send_signal(self, SIGUSR2, &info, 0), EINVAL);
	info.si_code = SI_USER;
	FAILS(pidfd_send_signal(other, SIGUSR1, &info, 0), EPERM);
	FAILS(pidfd_send_signal(self, SIGUSR1, (siginfo_t *)8, 0), EFAULT);
	FAILS(pidfd_send_signal(self, 65, NULL, 0), EINVAL);
	FAILS(pidfd_send_signal(self, 0, NULL, 1), EINVAL);
	FAILS(pidfd_send_signal(-1, 0, NULL, 1), EINVAL);
	FAILS(pidfd_send_signal(-1, 0, NULL, 0), EBADF);
	FAILS(pidfd_send_signal(0, 0, NULL, 0), EBADF);
	CHECK(close(self) == 0 && close(other) == 0);
}

static void lent_files(void)
{
	int pipes[2], sync[2];
	char c = 0;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sync) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(pipe(pipes) == 0 && dup2(pipes[0], 60) == 60 && write(pipes[1], "x", 1) == 1 && write(sync[1], "a", 1) == 1);
		for (;;)
			pause();
	}
	int fd = pidfd_open(pid, 0);
	CHECK(fd >= 0 && read(sync[0], &c, 1) == 1);
	int got = pidfd_getfd(fd, 60, 0);
	CHECK(got >= 0 && fcntl(got, F_GETFD) == FD_CLOEXEC && read(got, &c, 1) == 1 && c == 'x');
	FAILS(pidfd_getfd(fd, 61, 0), EBADF);
	FAILS(pidfd_getfd(fd, -1, 0), EBADF);
	FAILS(pidfd_getfd(fd, 60, 1), EINVAL);
	FAILS(pidfd_getfd(sync[0], 60, 0), EBADF);
	FAILS(pidfd_getfd(-1, 60, 0), EBADF);
	if (geteuid() == 0)
		CHILD_PASSES({
			CHECK(setresuid(1000, 1000, 1000) == 0);
			FAILS(pidfd_getfd(fd, 60, 0), EPERM);
			FAILS(pidfd_send_signal(fd, 0, NULL, 0), EPERM);
		});
	CHECK(kill(pid, SIGKILL) == 0 && end(fd, pid) == SIGKILL);
	CHECK(close(fd) == 0 && close(got) == 0 && close(sync[0]) == 0 && close(sync[1]) == 0);
}

static void waits(void)
{
	siginfo_t info;
	int pipes[2];
	CHECK(pipe(pipes) == 0);
	FAILS(waitid(WAIT_ON_PIDFD, (id_t)-1, &info, WEXITED), EINVAL);
	FAILS(waitid(WAIT_ON_PIDFD, 999, &info, WEXITED), EBADF);
	FAILS(waitid(WAIT_ON_PIDFD, (id_t)pipes[0], &info, WEXITED), EBADF);
	int self = pidfd_open(getpid(), 0);
	FAILS(waitid(WAIT_ON_PIDFD, (id_t)self, &info, WEXITED), ECHILD);
	CHECK(close(self) == 0 && close(pipes[0]) == 0 && close(pipes[1]) == 0);
}

/* Made with the process; the child has a table of descriptors without it. */
static void cloned(void)
{
	int fd = -1, dummy;
	long pid = clone_call(CLONE_PIDFD | SIGCHLD, &fd);
	if (pid == 0)
		_exit(fcntl(fd, F_GETFD) == -1 && errno == EBADF ? 4 : 1);
	CHECK(pid > 0 && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && end(fd, (pid_t)pid) == 4 && close(fd) == 0);
	struct abi_clone_args args = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .exit_signal = SIGCHLD,
	                               .pidfd = (uint64_t)&fd, .parent_tid = (uint64_t)&dummy };
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(5);
	CHECK(pid > 0 && dummy == pid && end(fd, (pid_t)pid) == 5 && close(fd) == 0);
	args.parent_tid = (uint64_t)&fd;
	FAILS(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
	FAILS(clone_call(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &fd), EINVAL);
	FAILS(clone_call(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &fd), EINVAL);
	FAILS(clone_call(CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, &fd), EINVAL);
	FAILS(clone_call(CLONE_PIDFD | SIGCHLD, (int *)8), EFAULT);
	int next = dup(0);
	CHECK(next == fd && close(next) == 0); /* no descriptor has been left by those that failed */
	FAILS(waitpid(-1, NULL, 0), ECHILD);
}

int main(void)
{
	opened();
	from_begin_to_end();
	signals();
	lent_files();
	waits();
	cloned();
	return 0;
}
