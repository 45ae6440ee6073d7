/* SPDX-License-Identifier: MIT */
/*
 * Signals: actions, masks, waiting, sending, and the texts of psignal.
 *
 * The kernel wants to know where a handler returns to: SA_RESTORER with __restore_rt (in
 * restore.S), which makes the rt_sigreturn call. A program that fills sa_restorer itself is
 * overruled. The kernel's structure has its fields in another order than POSIX's, so it is
 * translated here; the set of signals is one 64-bit word in both.
 *
 * signal() has BSD semantics (the handler stays, interrupted calls restart), like glibc's.
 * raise sends to the calling thread. No state is kept here and no lock is taken, so everything in
 * this file may be called from a handler.
 */
#include "../internal.h"
#include <abi/signal.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGSET_BYTES sizeof(sigset_t)

static_assert(sizeof(siginfo_t) == sizeof(struct abi_siginfo), "siginfo_t is the kernel's");
static_assert(offsetof(siginfo_t, __u) == offsetof(struct abi_siginfo, child), "its union too");
static_assert(sizeof(ucontext_t) == sizeof(struct abi_ucontext), "ucontext_t is the kernel's");
static_assert(offsetof(mcontext_t, gregs[REG_RIP]) == offsetof(struct abi_sigcontext, rip), "rip");
static_assert(offsetof(mcontext_t, gregs[REG_CR2]) == offsetof(struct abi_sigcontext, cr2), "cr2");
static_assert(sizeof(stack_t) == sizeof(struct abi_stack), "stack_t is the kernel's");

void __restore_rt(void);

int sigaction(int sig, const struct sigaction *__restrict action, struct sigaction *__restrict old)
{
	struct abi_sigaction in, out;

	if (action) {
		in.handler = (uint64_t)action->sa_handler;
		in.flags = (unsigned int)action->sa_flags | SA_RESTORER;
		in.restorer = (uint64_t)__restore_rt;
		in.mask = action->sa_mask.__bits;
	}
	if (call4(SYS_rt_sigaction, sig, action ? &in : NULL, old ? &out : NULL, SIGSET_BYTES) < 0)
		return -1;
	if (old) {
		old->sa_handler = (sighandler_t)out.handler;
		old->sa_flags = (int)(out.flags & ~(uint64_t)SA_RESTORER);
		old->sa_mask.__bits = out.mask;
		old->sa_restorer = NULL;
	}
	return 0;
}

sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction action = { .sa_flags = SA_RESTART }, old;

	action.sa_handler = handler;
	return sigaction(sig, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int sig, int interrupt)
{
	struct sigaction action;

	if (sigaction(sig, NULL, &action) < 0)
		return -1;
	if (interrupt)
		action.sa_flags &= ~SA_RESTART;
	else
		action.sa_flags |= SA_RESTART;
	return sigaction(sig, &action, NULL);
}

int kill(pid_t pid, int sig)
{
	return (int)call2(SYS_kill, pid, sig);
}

int killpg(pid_t group, int sig)
{
	if (group < 0) {
		errno = EINVAL;
		return -1;
	}
	return kill(-group, sig);
}

int tgkill(pid_t pid, pid_t tid, int sig)
{
	return (int)call3(SYS_tgkill, pid, tid, sig);
}

int raise(int sig)
{
	return (int)call2(SYS_tkill, gettid(), sig);
}

int sigqueue(pid_t pid, int sig, union sigval value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return (int)call3(SYS_rt_sigqueueinfo, pid, sig, &info);
}

int sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old)
{
	return (int)call4(SYS_rt_sigprocmask, how, set, old, SIGSET_BYTES);
}

int pthread_sigmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old)
{
	return (int)-raw4(SYS_rt_sigprocmask, how, set, old, SIGSET_BYTES);
}

int sigpending(sigset_t *set)
{
	return (int)call2(SYS_rt_sigpending, set, SIGSET_BYTES);
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
	return (int)call4(SYS_signalfd4, fd, mask, SIGSET_BYTES, flags);
}

int sigsuspend(const sigset_t *mask)
{
	return (int)cancel3(SYS_rt_sigsuspend, mask, SIGSET_BYTES, 0);
}

int pause(void)
{
	return (int)cancel1(SYS_pause, 0);
}

int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
		 const struct timespec *__restrict timeout)
{
	return (int)cancel4(SYS_rt_sigtimedwait, set, info, timeout, SIGSET_BYTES);
}

int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info)
{
	return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *__restrict set, int *__restrict sig)
{
	int got;

	do
		got = sigwaitinfo(set, NULL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	*sig = got;
	return 0;
}

int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old)
{
	return (int)call2(SYS_sigaltstack, stack, old);
}

int sigemptyset(sigset_t *set)
{
	set->__bits = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	set->__bits = ~(3ul << 31); /* 32 and 33 are the library's own */
	return 0;
}

static int signal_valid(int sig)
{
	if (sig >= 1 && sig <= ABI_NSIG)
		return 1;
	errno = EINVAL;
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (!signal_valid(sig))
		return -1;
	set->__bits |= 1ul << (sig - 1);
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (!signal_valid(sig))
		return -1;
	set->__bits &= ~(1ul << (sig - 1));
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	if (!signal_valid(sig))
		return -1;
	return (int)(set->__bits >> (sig - 1) & 1);
}

void psignal(int sig, const char *s)
{
	if (s && *s)
		fprintf(stderr, "%s: ", s);
	fprintf(stderr, "%s\n", strsignal(sig));
}
