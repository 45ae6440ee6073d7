/* SPDX-License-Identifier: MIT */
/* Signals. */
#ifndef SIGNAL_H
#define SIGNAL_H

#include <abi/signal.h>
#include <bits/sigset.h>
#include <bits/timespec.h>
#include <bits/types.h>
#include <sys/cdefs.h>

#define NSIG (ABI_NSIG + 1)
#define _NSIG NSIG
#define SIGRTMIN 34
#define SIGRTMAX ABI_NSIG
#define SIGUNUSED SIGSYS
#define SA_NOMASK SA_NODEFER
#define SA_ONESHOT SA_RESETHAND

typedef int sig_atomic_t;
typedef void (*sighandler_t)(int);
typedef void (*sig_t)(int);

#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

union sigval {
	int sival_int;
	void *sival_ptr;
};

/* The bytes of struct abi_siginfo. */
typedef struct {
	int si_signo, si_errno, si_code, __pad0;
	union {
		struct {
			pid_t __pid;
			uid_t __uid;
			int __status, __pad;
			long __utime, __stime;
		} __child;
		struct {
			pid_t __pid;
			uid_t __uid;
			union sigval __value;
		} __rt;
		struct {
			int __id, __overrun;
			union sigval __value;
		} __timer;
		struct {
			void *__addr;
		} __fault;
		struct {
			long __band;
			int __fd;
		} __poll;
		char __bytes[112];
	} __u;
} siginfo_t;

#define si_pid __u.__child.__pid
#define si_uid __u.__child.__uid
#define si_status __u.__child.__status
#define si_utime __u.__child.__utime
#define si_stime __u.__child.__stime
#define si_value __u.__rt.__value
#define si_int __u.__rt.__value.sival_int
#define si_ptr __u.__rt.__value.sival_ptr
#define si_timerid __u.__timer.__id
#define si_overrun __u.__timer.__overrun
#define si_addr __u.__fault.__addr
#define si_band __u.__poll.__band
#define si_fd __u.__poll.__fd

/* The bytes of struct abi_sigevent. */
struct sigevent {
	union sigval sigev_value;
	int sigev_signo, sigev_notify;
	union {
		pid_t __tid;
		struct {
			void (*__function)(union sigval);
			void *__attributes;
		} __call;
		char __bytes[48];
	} __u;
};

#define sigev_notify_thread_id __u.__tid
#define sigev_notify_function __u.__call.__function
#define sigev_notify_attributes __u.__call.__attributes

struct sigaction {
	union {
		void (*__handler)(int);
		void (*__action)(int, siginfo_t *, void *);
	} __h;
	sigset_t sa_mask;
	int sa_flags;
	void (*sa_restorer)(void);
};

#define sa_handler __h.__handler
#define sa_sigaction __h.__action

typedef struct {
	void *ss_sp;
	int ss_flags;
	size_t ss_size;
} stack_t;

#include <ucontext.h>

__BEGIN_DECLS
int kill(pid_t pid, int sig);
int killpg(pid_t group, int sig);
int tgkill(pid_t pid, pid_t tid, int sig);
int raise(int sig);
int sigqueue(pid_t pid, int sig, union sigval value);
sighandler_t signal(int sig, sighandler_t handler);
int sigaction(int sig, const struct sigaction *__restrict action, struct sigaction *__restrict old);
int siginterrupt(int sig, int interrupt);
int sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int pthread_sigmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *__restrict set, int *__restrict sig);
int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info);
int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
		 const struct timespec *__restrict timeout);
int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
void psignal(int sig, const char *s);
__END_DECLS

#endif
