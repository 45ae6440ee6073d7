/* SPDX-License-Identifier: MIT */
/*
 * alarm, setitimer on all three clocks and timer_create with each way to tell: the signal comes with its siginfo, again
 * after each interval, with the number of those that were missed; what is left can be asked for; CPU time is limited by
 * RLIMIT_CPU.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static volatile int count, last_code, last_value, last_overrun, last_id, last_asked;
static volatile pid_t last_thread;

static void note(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_overrun = info->si_overrun;
	last_id = info->si_timerid;
	/* before the next one comes */
	last_asked = info->si_code == SI_TIMER ? timer_getoverrun((timer_t)(long)info->si_timerid) : 0;
	last_thread = (pid_t)syscall(SYS_gettid);
	count++;
}

static void catch_signal(int signo)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = note;
	count = 0;
	CHECK(sigaction(signo, &action, NULL) == 0);
}

static void itimers(void)
{
	const struct itimerval quick = { { 0, 5000 }, { 0, 10000 } }, off = { { 0, 0 }, { 0, 0 } },
		bad = { { 0, 0 }, { 0, 1000000 } };
	const struct itimerval slow = { { 7, 5000 }, { 50000, 0 } };
	struct itimerval left;

	catch_signal(SIGALRM);
	CHECK(setitimer(ITIMER_REAL, &quick, NULL) == 0);
	while (count < 3)
		usleep(1000);
	CHECK(last_code == SI_KERNEL);
	CHECK(setitimer(ITIMER_REAL, &slow, &left) == 0 && left.it_interval.tv_sec == 0 &&
	      left.it_interval.tv_usec == 5000);
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_usec <= 5000);
	CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_interval.tv_sec == 7 && left.it_interval.tv_usec == 5000);
	CHECK(left.it_value.tv_sec >= 40000 && left.it_value.tv_sec <= 50000);
	CHECK(setitimer(ITIMER_REAL, &off, &left) == 0 && left.it_interval.tv_sec == 7);
	CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_usec == 0 && left.it_interval.tv_usec == 0);
	FAILS(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
	FAILS(syscall(SYS_setitimer, 3, &off, NULL), EINVAL);
	FAILS(syscall(SYS_setitimer, ITIMER_REAL, 8, NULL), EFAULT);
	FAILS(syscall(SYS_getitimer, ITIMER_REAL, 8), EFAULT);
	CHECK(alarm(100000) == 0);
	unsigned seconds = alarm(50000);
	CHECK(seconds > 50000 && seconds <= 100000);
	CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_sec >= 40000 && left.it_value.tv_sec <= 50000);
	CHILD_PASSES(CHECK(alarm(0) == 0)); /* not a child's */
	seconds = alarm(0);
	CHECK(seconds >= 40000 && seconds <= 50000);
	catch_signal(SIGVTALRM);
	CHECK(setitimer(ITIMER_VIRTUAL, &quick, NULL) == 0);
	while (count < 2)
		;
	CHECK(setitimer(ITIMER_VIRTUAL, &off, NULL) == 0);
	catch_signal(SIGPROF);
	CHECK(setitimer(ITIMER_PROF, &quick, NULL) == 0);
	while (count < 2)
		;
	CHECK(setitimer(ITIMER_PROF, &off, NULL) == 0);
}

static timer_t timer_of(clockid_t clock, int notify, int signo, int value)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signo };
	timer_t timer;

	event.sigev_value.sival_int = value;
	CHECK(timer_create(clock, &event, &timer) == 0);
	return timer;
}

static void block(int how, int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK(sigprocmask(how, &set, NULL) == 0);
}

/* Let the blocked signal through once: it is blocked again while its handler runs, and after. */
static void take_one(int signo)
{
	sigset_t set;

	CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
	sigdelset(&set, signo);
	CHECK(sigsuspend(&set) == -1 && errno == EINTR);
}

static void timers(void)
{
	const struct itimerspec once = { { 0, 0 }, { 0, 1000000 } }, often = { { 0, 1000000 }, { 0, 1000000 } },
		off = { { 0, 0 }, { 0, 0 } };
	const struct itimerspec far = { { 7, 0 }, { 50000, 0 } }, bad = { { 0, 0 }, { 0, -1 } };
	const struct timespec moment = { 0, 20000000 };
	struct itimerspec left;
	struct timespec now;

	catch_signal(SIGRTMIN);
	timer_t timer = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 77);
	CHECK(timer_settime(timer, 0, &once, NULL) == 0);
	while (count < 1)
		usleep(1000);
	CHECK(last_code == SI_TIMER && last_value == 77 && last_overrun == 0 && last_id == (int)(long)timer);
	CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
	CHECK(timer_settime(timer, 0, &far, NULL) == 0);
	/* Blocked for twenty intervals: one signal, which tells of the others. */
	count = 0;
	block(SIG_BLOCK, SIGRTMIN);
	CHECK(timer_settime(timer, 0, &often, &left) == 0);
	CHECK(left.it_interval.tv_sec == 7 && left.it_value.tv_sec >= 40000 && left.it_value.tv_sec <= 50000);
	nanosleep(&moment, NULL);
	CHECK(count == 0);
	take_one(SIGRTMIN);
	CHECK(count == 1 && last_overrun >= 1 && last_asked == last_overrun);
	CHECK(timer_settime(timer, 0, &off, NULL) == 0);
	block(SIG_UNBLOCK, SIGRTMIN);
	/* An absolute time that has passed. */
	CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	const struct itimerspec past = { { 0, 0 }, { now.tv_sec, now.tv_nsec } };
	count = 0;
	CHECK(timer_settime(timer, TIMER_ABSTIME, &past, NULL) == 0);
	while (count < 1)
		usleep(1000);
	FAILS(timer_settime(timer, 0, &bad, NULL), EINVAL);
	FAILS(syscall(SYS_timer_settime, timer, 0, NULL, NULL), EINVAL);
	CHECK(timer_delete(timer) == 0);
	FAILS(syscall(SYS_timer_delete, timer), EINVAL);
	FAILS(syscall(SYS_timer_gettime, timer, &left), EINVAL);
	FAILS(syscall(SYS_timer_getoverrun, timer), EINVAL);
	/* Deleted while its signal is pending. */
	block(SIG_BLOCK, SIGRTMIN);
	timer = timer_of(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN, 78);
	CHECK(timer_settime(timer, 0, &often, NULL) == 0);
	nanosleep(&moment, NULL);
	CHECK(timer_delete(timer) == 0);
	count = 0;
	block(SIG_UNBLOCK, SIGRTMIN);
	nanosleep(&moment, NULL);
	CHECK(count <= 1);
	timer = timer_of(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
	CHECK(timer_settime(timer, 0, &once, NULL) == 0);
	nanosleep(&moment, NULL);
	CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
	CHECK(timer_delete(timer) == 0);
	timer = timer_of(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 79);
	count = 0;
	CHECK(timer_settime(timer, 0, &once, NULL) == 0);
	while (count < 1)
		;
	CHECK(last_value == 79 && timer_delete(timer) == 0);
	FAILS(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 }, &timer),
	      EINVAL);
	FAILS(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = 17, .sigev_signo = 10 }, &timer), EINVAL);
	FAILS(timer_create(55, NULL, &timer), EINVAL);
}

static void *own_timer(void *arg)
{
	const struct itimerspec once = { { 0, 0 }, { 0, 1000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
	timer_t timer;

	(void)arg;
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	count = 0;
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &once, NULL) == 0);
	while (count < 1)
		usleep(1000);
	CHECK(last_thread == event.sigev_notify_thread_id && last_thread != getpid());
	CHECK(timer_delete(timer) == 0);
	event.sigev_notify_thread_id = 1;
	FAILS(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
	return NULL;
}

/* Each timer counts as a signal queued. */
static void limit(void)
{
	struct rlimit none = { 0, 0 };
	timer_t timer;

	CHECK(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
	FAILS(timer_create(CLOCK_MONOTONIC, NULL, &timer), EAGAIN);
}

/* ---- a thread for each time ---- */

static volatile int calls, value_given, in_main, blocked;
static volatile size_t stack_had;
static pthread_t main_thread;

static void on_time(union sigval value)
{
	pthread_attr_t attr;
	sigset_t mask;
	size_t size;

	CHECK(pthread_getattr_np(pthread_self(), &attr) == 0 && pthread_attr_getstacksize(&attr, &size) == 0);
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0);
	blocked = sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGTERM);
	stack_had = size;
	value_given = value.sival_int;
	in_main = pthread_equal(pthread_self(), main_thread);
	calls++;
	if (calls % 2)
		pthread_exit(NULL);
}

static void threads_started(void)
{
	const struct itimerspec soon = { { 0, 0 }, { 0, 5000000 } }, often = { { 0, 5000000 }, { 0, 5000000 } };
	const struct itimerspec off = { { 0, 0 }, { 0, 0 } };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD };
	struct itimerspec left;
	pthread_attr_t attr;
	timer_t timer, other;

	main_thread = pthread_self();
	CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 1 << 20) == 0);
	event.sigev_notify_function = on_time;
	event.sigev_notify_attributes = &attr;
	event.sigev_value.sival_int = 66;
	FAILS(timer_create(77, &event, &timer), EINVAL);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	event.sigev_notify_attributes = NULL;
	event.sigev_value.sival_int = 67;
	CHECK(timer_create(CLOCK_REALTIME, &event, &other) == 0 && other != timer);
	CHECK(timer_settime(timer, 0, &soon, &left) == 0 && left.it_value.tv_nsec == 0);
	while (!calls)
		usleep(1000);
	CHECK(value_given == 66 && !in_main && !blocked && stack_had >= 1 << 19 && stack_had <= 1 << 21);
	CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0 && timer_getoverrun(timer) >= 0);
	CHECK(timer_settime(other, 0, &often, NULL) == 0);
	while (calls < 5)
		usleep(1000);
	CHECK(value_given == 67 && timer_gettime(other, &left) == 0 && left.it_interval.tv_nsec == 5000000);
	CHECK(timer_settime(other, 0, &off, &left) == 0 && left.it_interval.tv_nsec == 5000000);
	CHECK(timer_delete(timer) == 0 && timer_delete(other) == 0);
}

static void cpu_limit(void)
{
	struct rlimit one = { 1, 2 };

	catch_signal(SIGXCPU);
	CHECK(setrlimit(RLIMIT_CPU, &one) == 0);
	while (count < 1)
		;
	CHECK(last_code == SI_KERNEL);
	for (;;) /* until the hard limit */
		;
}

int main(void)
{
	pthread_t thread;

	itimers();
	timers();
	CHECK(pthread_create(&thread, NULL, own_timer, NULL) == 0 && pthread_join(thread, NULL) == 0);
	threads_started();
	CHILD_PASSES(limit());
	DIES_BY(SIGKILL, cpu_limit());
	return 0;
}
