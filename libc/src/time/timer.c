/* SPDX-License-Identifier: MIT */
/*
 * Timers of POSIX. A timer that sends signals, or nothing, is the kernel's: its timer_t is the kernel's number.
 *
 * One that starts threads (SIGEV_THREAD) has a keeper: a thread of the library that blocks everything and waits for
 * the signal that the kernel's timer directs at it. For each it starts a detached thread, with the attributes that
 * were given, which calls the program's function. Its timer_t is the address of a block with bit 63 set, which no
 * number of the kernel has. timer_delete deletes the kernel's timer and then sends the keeper the same signal itself;
 * by si_code the keeper knows the last one, frees the block and leaves, so nobody uses the block after it is freed.
 *
 * A thread that cannot be started is an expiration that is lost. Rejected: to call the function in the keeper, which
 * saves a thread for each expiration; the function may end its thread, or take longer than the interval.
 */
#include "../pthread/pthread_impl.h"
#include <abi/signal.h>
#include <assert.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEPT (1ul << 63)

struct kept {
	int id, keeper; /* the kernel's timer; its thread */
	void (*function)(union sigval);
	union sigval value;
	pthread_attr_t attr;
};

static_assert(sizeof(struct sigevent) == sizeof(struct abi_sigevent), "sigevent is the kernel's");

/* ---- the keeper ---- */

/* arg: a copy of the timer, for the thread may outlive it. */
static void *expire(void *arg)
{
	const struct kept timer = *(struct kept *)arg;
	unsigned long none = 0;

	free(arg);
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	timer.function(timer.value);
	return NULL;
}

static void start_one(const struct kept *timer)
{
	struct kept *copy = malloc(sizeof(*copy));
	struct thread_block *t;
	int number;

	if (!copy)
		return;
	*copy = *timer;
	if (__thread_start(&timer->attr, expire, copy, &t, &number))
		free(copy);
}

static void *keep(void *arg)
{
	struct kept *timer = arg;
	unsigned long awaited = 1ul << (SIGTIMER - 1);
	siginfo_t info;

	for (;;) {
		if (raw4(SYS_rt_sigtimedwait, &awaited, &info, NULL, sizeof(awaited)) < 0)
			continue;
		if (info.si_code == SI_TKILL)
			break;
		start_one(timer);
	}
	free(timer);
	return NULL;
}

static int keeper_start(struct kept *timer)
{
	pthread_attr_t attr;
	struct thread_block *t;
	unsigned long all = ~0ul, old;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
	error = __thread_start(&attr, keep, timer, &t, &timer->keeper);
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	return error;
}

static void keeper_end(int keeper)
{
	raw3(SYS_tgkill, getpid(), keeper, SIGTIMER);
}

static struct kept *kept_of(timer_t timer)
{
	return (uintptr_t)timer & KEPT ? (struct kept *)((uintptr_t)timer & ~KEPT) : NULL;
}

static int kernel_id(timer_t timer)
{
	const struct kept *k = kept_of(timer);

	return k ? k->id : (int)(intptr_t)timer;
}

/* ---- the calls ---- */

static int create_kept(clockid_t clock, const struct sigevent *event, timer_t *timer)
{
	const pthread_attr_t *attr = event->sigev_notify_attributes;
	struct sigevent told = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGTIMER };
	struct kept *k = malloc(sizeof(*k));

	if (!k) {
		errno = EAGAIN;
		return -1;
	}
	k->function = event->sigev_notify_function;
	k->value = event->sigev_value;
	pthread_attr_init(&k->attr);
	if (attr)
		k->attr = *attr;
	pthread_attr_setdetachstate(&k->attr, PTHREAD_CREATE_DETACHED);
	errno = keeper_start(k);
	if (errno) {
		free(k);
		return -1;
	}
	told.sigev_notify_thread_id = k->keeper;
	if (call3(SYS_timer_create, clock, &told, &k->id) < 0) {
		keeper_end(k->keeper);
		return -1;
	}
	*timer = (timer_t)((uintptr_t)k | KEPT);
	return 0;
}

int timer_create(clockid_t clock, struct sigevent *__restrict event, timer_t *__restrict timer)
{
	int id;

	if (event && event->sigev_notify == SIGEV_THREAD)
		return create_kept(clock, event, timer);
	if (call3(SYS_timer_create, clock, event, &id) < 0)
		return -1;
	*timer = (timer_t)(long)id;
	return 0;
}

int timer_delete(timer_t timer)
{
	const struct kept *k = kept_of(timer);
	int error = (int)call1(SYS_timer_delete, kernel_id(timer));

	if (!error && k)
		keeper_end(k->keeper);
	return error;
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *__restrict value,
                  struct itimerspec *__restrict old)
{
	return (int)call4(SYS_timer_settime, kernel_id(timer), flags, value, old);
}

int timer_gettime(timer_t timer, struct itimerspec *value)
{
	return (int)call2(SYS_timer_gettime, kernel_id(timer), value);
}

int timer_getoverrun(timer_t timer)
{
	return (int)call1(SYS_timer_getoverrun, kernel_id(timer));
}
