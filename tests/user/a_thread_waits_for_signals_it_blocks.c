/* SPDX-License-Identifier: MIT */
/*
 * sigtimedwait and sigwaitinfo take what is pending, wait for what comes, keep the siginfo, give up in time, and end
 * with EINTR when a handler ran; what they wait for is not ignored meanwhile although its default is to be.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

static const struct timespec none = { 0, 0 }, moment = { 0, 20000000 }, long_time = { 1000, 0 };
static sigset_t set;

static void *send_later(void *signo)
{
	nanosleep(&moment, NULL);
	CHECK(syscall(SYS_kill, getpid(), (int)(long)signo) == 0);
	return NULL;
}

static void handler(int signo) { (void)signo; }

static void from_a_thread(int signo, int expected, int error)
{
	siginfo_t info;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, send_later, (void *)(long)signo) == 0);
	errno = 0;
	CHECK(sigtimedwait(&set, &info, &long_time) == expected && errno == error);
	if (expected > 0)
		CHECK(info.si_signo == signo && info.si_code == SI_USER && info.si_pid == getpid());
	CHECK(pthread_join(thread, NULL) == 0);
}

static void *wait_here(void *arg)
{
	int signo;

	(void)arg;
	CHECK(sigwait(&set, &signo) == 0);
	return (void *)(long)signo;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	union sigval value = { .sival_int = 42 };
	siginfo_t info;
	pthread_t thread;
	void *got;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN + 3);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	FAILS(sigtimedwait(&set, NULL, &none), EAGAIN);
	FAILS(sigtimedwait(&set, NULL, &moment), EAGAIN);
	FAILS(sigtimedwait(&set, NULL, &(struct timespec){ 0, 1000000000 }), EINVAL);
	FAILS(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4), EINVAL);
	FAILS(syscall(SYS_rt_sigtimedwait, 8, NULL, NULL, 8), EFAULT);
	CHECK(sigqueue(getpid(), SIGRTMIN + 3, value) == 0);
	CHECK(kill(getpid(), SIGTERM) == 0);
	CHECK(sigwaitinfo(&set, &info) == SIGTERM && info.si_code == SI_USER);
	CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 3 && info.si_code == SI_QUEUE && info.si_value.sival_int == 42);
	FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
	sigaction(SIGUSR1, &action, NULL);
	pthread_t self = pthread_self();
	(void)self;
	from_a_thread(SIGTERM, SIGTERM, 0);
	from_a_thread(SIGCHLD, SIGCHLD, 0);
	CHECK(pthread_create(&thread, NULL, wait_here, NULL) == 0);
	nanosleep(&moment, NULL);
	CHECK(kill(getpid(), SIGTERM) == 0); /* both block it; the one that waits takes it */
	CHECK(pthread_join(thread, &got) == 0 && got == (void *)(long)SIGTERM);
	/* A handler's signal, which is not waited for. */
	pid_t parent = getpid(), child = fork();
	CHECK(child >= 0);
	while (child == 0) { /* until it is killed: one of them will find the parent waiting */
		nanosleep(&moment, NULL);
		kill(parent, SIGUSR1);
	}
	FAILS(sigwaitinfo(&set, &info), EINTR);
	signal(SIGUSR1, SIG_IGN); /* another one may be on its way */
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	return 0;
}
