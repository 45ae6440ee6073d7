/* SPDX-License-Identifier: MIT */
/*
 * Cancellation. pthread_cancel sets a mark in the thread's block and sends it SIGCANCEL, a signal that the library
 * keeps for itself. The mark is looked at in the calls that POSIX names cancellation points; the signal ends one in
 * which the thread already sleeps. Between looking and sleeping there must be no gap, so both are three instructions
 * of assembly (cancel.S), and the handler asks whether it interrupted these:
 *
 *   before the call was made, or while it slept     go to __cancel_jump
 *   after it had its result                         return: a byte that was read is not lost
 *   anywhere else                                   return; the signal comes again when an outer handler is left,
 *                                                   which may have interrupted a cancellation point
 *
 * A thread that has disabled cancellation passes a mark that is never set. The action is installed at the first
 * pthread_cancel. A cancelled thread runs its clean-up handlers and ends as by pthread_exit(PTHREAD_CANCELED).
 */
#include "pthread_impl.h"
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

long __cancel_syscall(const int *cancel, long n, long a, long b, long c, long d, long e, long f);
extern const char __cancel_begin[], __cancel_end[], __cancel_jump[];

static pthread_once_t installed = PTHREAD_ONCE_INIT;

_Noreturn void __thread_cancelled(void)
{
	pthread_exit(PTHREAD_CANCELED);
}

static int may_cancel(const struct thread_block *self)
{
	return __atomic_load_n(&self->cancel, __ATOMIC_SEQ_CST) && !self->cancel_disabled;
}

long __cancel_call(long n, long a, long b, long c, long d, long e, long f)
{
	static const int never;
	struct thread_block *self = thread_self();
	long result;

	result = __cancel_syscall(self->cancel_disabled ? &never : &self->cancel, n, a, b, c, d, e, f);
	/* close has closed, whatever it says. */
	if (result == -EINTR && n != SYS_close && may_cancel(self))
		__thread_cancelled();
	return result;
}

static void handler(int sig, siginfo_t *info, void *context)
{
	struct thread_block *self = thread_self();
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	const char *at = (const char *)m->gregs[REG_RIP];

	(void)info;
	if (!may_cancel(self))
		return;
	if (self->cancel_async || (at >= __cancel_begin && at < __cancel_end)) {
		m->gregs[REG_RIP] = (long)__cancel_jump;
		return;
	}
	sigaddset(&((ucontext_t *)context)->uc_sigmask, sig);
	raw3(SYS_tgkill, getpid(), self->tid, sig);
}

static void install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigfillset(&action.sa_mask);
	sigaction(SIGCANCEL, &action, NULL);
}

int pthread_cancel(pthread_t thread)
{
	struct thread_block *t = (struct thread_block *)thread;

	pthread_once(&installed, install);
	__atomic_store_n(&t->cancel, 1, __ATOMIC_SEQ_CST);
	if (t == thread_self()) {
		if (t->cancel_async && !t->cancel_disabled)
			__thread_cancelled();
		return 0;
	}
	return pthread_kill(thread, SIGCANCEL);
}

int pthread_setcancelstate(int state, int *old)
{
	struct thread_block *self = thread_self();

	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old)
		*old = self->cancel_disabled;
	self->cancel_disabled = (unsigned char)state;
	return 0;
}

int pthread_setcanceltype(int type, int *old)
{
	struct thread_block *self = thread_self();

	if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return EINVAL;
	if (old)
		*old = self->cancel_async;
	self->cancel_async = (unsigned char)type;
	if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
		pthread_testcancel();
	return 0;
}

void pthread_testcancel(void)
{
	if (may_cancel(thread_self()))
		__thread_cancelled();
}

void __cleanup_push(struct __cleanup *c, void (*function)(void *), void *arg)
{
	struct thread_block *self = thread_self();

	*c = (struct __cleanup){ function, arg, self->cleanup };
	self->cleanup = c;
}

void __cleanup_pop(struct __cleanup *c, int execute)
{
	thread_self()->cleanup = c->__outer;
	if (execute)
		c->__function(c->__arg);
}
