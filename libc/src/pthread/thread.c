/* SPDX-License-Identifier: MIT */
/*
 * What is asked of or done to a thread from outside: signals, names, processors, policies; and what is done around
 * fork.
 *
 * A thread is named to the kernel by its number, which is 0 when it has ended (ESRCH). Handlers of pthread_atfork are
 * kept in a table, which its lock guards; `prepare` runs in reverse order of registration.
 */
#include "pthread_impl.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NAME_SIZE 16

static int number_of(pthread_t thread)
{
	struct thread_block *t = (struct thread_block *)thread;

	return t == thread_self() ? __thread_tid(t) : __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE);
}

int pthread_kill(pthread_t thread, int sig)
{
	int tid = number_of(thread);

	return tid ? (int)-raw3(SYS_tgkill, getpid(), tid, sig) : ESRCH;
}

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	return (int)-raw3(SYS_sched_setaffinity, number_of(thread), size, set);
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	return sched_getaffinity(number_of(thread), size, set) < 0 ? errno : 0;
}

int pthread_getschedparam(pthread_t thread, int *__restrict policy, struct sched_param *__restrict param)
{
	long answer = raw1(SYS_sched_getscheduler, number_of(thread));

	if (answer < 0)
		return (int)-answer;
	*policy = (int)answer;
	return (int)-raw2(SYS_sched_getparam, number_of(thread), param);
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	return (int)-raw3(SYS_sched_setscheduler, number_of(thread), policy, param);
}

int pthread_setschedprio(pthread_t thread, int priority)
{
	struct sched_param param = { priority };

	return (int)-raw2(SYS_sched_setparam, number_of(thread), &param);
}

/* A clock of CPU time by number, in the kernel's coding. */
int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	*clock = (clockid_t)(~(unsigned int)number_of(thread) << 3 | 6);
	return 0;
}

/* A hint that is only remembered. */
static int concurrency;

int pthread_getconcurrency(void)
{
	return concurrency;
}

int pthread_setconcurrency(int level)
{
	if (level < 0)
		return EINVAL;
	concurrency = level;
	return 0;
}

int pthread_yield(void)
{
	return sched_yield();
}

static int name_file(pthread_t thread, int flags)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", number_of(thread));
	return open(path, flags | O_CLOEXEC);
}

int pthread_setname_np(pthread_t thread, const char *name)
{
	size_t len = strlen(name);
	int fd, error = 0;

	if (len >= NAME_SIZE)
		return ERANGE;
	if (thread == pthread_self())
		return (int)-raw2(SYS_prctl, PR_SET_NAME, name);
	fd = name_file(thread, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, name, len) < 0)
		error = errno;
	close(fd);
	return error;
}

int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
	ssize_t n;
	int fd;

	if (size < NAME_SIZE)
		return ERANGE;
	if (thread == pthread_self())
		return (int)-raw2(SYS_prctl, PR_GET_NAME, name);
	fd = name_file(thread, O_RDONLY);
	if (fd < 0)
		return errno;
	n = read(fd, name, size - 1);
	close(fd);
	if (n <= 0)
		return ESRCH;
	name[n - 1] = '\0';
	return 0;
}

/* ---- fork ---- */

struct around {
	void (*prepare)(void), (*parent)(void), (*child)(void);
};

static struct lock lock; /* guards both */
static struct around *table;
static size_t count;

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	struct around *bigger;

	lock_acquire(&lock);
	bigger = reallocarray(table, count + 1, sizeof(*table));
	if (bigger) {
		table = bigger;
		table[count++] = (struct around){ prepare, parent, child };
	}
	lock_release(&lock);
	return bigger ? 0 : ENOMEM;
}

/*
 * Other threads do not exist in the child, nor will they let go there of what they hold: with more than one thread,
 * fork takes the library's own locks, so that the child finds its memory and its list of streams in order.
 */
pid_t fork(void)
{
	int several = __thread_count > 1;
	long pid;

	for (size_t i = count; i-- > 0;)
		if (table[i].prepare)
			table[i].prepare();
	if (several) {
		__stdio_fork(1);
		__malloc_fork(1);
	}
	pid = raw0(SYS_fork);
	if (several) {
		__malloc_fork(0);
		__stdio_fork(0);
	}
	if (pid == 0)
		__fork_child();
	for (size_t i = 0; i < count; i++) {
		void (*after)(void) = pid == 0 ? table[i].child : table[i].parent;

		if (after)
			after();
	}
	return (pid_t)__sys_result(pid);
}
