/* SPDX-License-Identifier: MIT */
/*
 * The questions about the system that sysconf and pathconf answer.
 *
 * Answers that never change (page size, clock ticks) are constants; those about memory, processors
 * and resource limits come from the kernel each time. All file systems have the same limits, so
 * pathconf does not look at the file.
 */
#include "../internal.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define TICKS 100
#define CHILDREN 4096
#define NO_ANSWER LONG_MIN

int getpagesize(void)
{
	return PAGE_BYTES;
}

static long limit_of(int resource, long otherwise)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return otherwise;
	return limit.rlim_cur == RLIM_INFINITY ? -1 : (long)limit.rlim_cur;
}

int getdtablesize(void)
{
	return (int)limit_of(RLIMIT_NOFILE, 1024);
}

static long pages_of_memory(int free_only)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return -1;
	return (long)((free_only ? info.freeram : info.totalram) * info.mem_unit / PAGE_BYTES);
}

/* What is there of POSIX's options: all in the version that is claimed. */
static int is_option(int name)
{
	switch (name) {
	case _SC_REALTIME_SIGNALS: case _SC_PRIORITY_SCHEDULING: case _SC_TIMERS: case _SC_SYNCHRONIZED_IO:
	case _SC_FSYNC: case _SC_MAPPED_FILES: case _SC_MEMLOCK: case _SC_MEMLOCK_RANGE: case _SC_MEMORY_PROTECTION:
	case _SC_SEMAPHORES: case _SC_SHARED_MEMORY_OBJECTS: case _SC_THREADS: case _SC_THREAD_SAFE_FUNCTIONS:
	case _SC_THREAD_ATTR_STACKADDR: case _SC_THREAD_ATTR_STACKSIZE: case _SC_THREAD_PROCESS_SHARED:
	case _SC_THREAD_CPUTIME: case _SC_CPUTIME: case _SC_MONOTONIC_CLOCK: case _SC_CLOCK_SELECTION:
	case _SC_TIMEOUTS: case _SC_BARRIERS: case _SC_READER_WRITER_LOCKS: case _SC_SPIN_LOCKS: case _SC_SPAWN:
	case _SC_JOB_CONTROL: case _SC_SAVED_IDS:
		return 1;
	default:
		return 0;
	}
}

/* Numbers about threads, signals and timers; NO_ANSWER: it is none of these. */
static long realtime_limit(int name)
{
	switch (name) {
	case _SC_DELAYTIMER_MAX:
	case _SC_SEM_VALUE_MAX:
		return SEM_VALUE_MAX;
	case _SC_RTSIG_MAX:
		return SIGRTMAX - SIGRTMIN + 1;
	case _SC_SIGQUEUE_MAX:
		return limit_of(RLIMIT_SIGPENDING, CHILDREN);
	case _SC_TIMER_MAX:
	case _SC_THREAD_THREADS_MAX:
		return -1; /* bounded by memory, RLIMIT_SIGPENDING and RLIMIT_NPROC */
	case _SC_THREAD_DESTRUCTOR_ITERATIONS:
		return PTHREAD_DESTRUCTOR_ITERATIONS;
	case _SC_THREAD_KEYS_MAX:
		return PTHREAD_KEYS_MAX;
	case _SC_THREAD_STACK_MIN:
		return PTHREAD_STACK_MIN;
	default:
		return NO_ANSWER;
	}
}

long sysconf(int name)
{
	long number = is_option(name) ? _POSIX_VERSION : realtime_limit(name);

	if (number != NO_ANSWER)
		return number;
	switch (name) {
	case _SC_PAGESIZE:
		return PAGE_BYTES;
	case _SC_CLK_TCK:
		return TICKS;
	case _SC_ARG_MAX:
		return ARG_MAX;
	case _SC_CHILD_MAX:
		return limit_of(RLIMIT_NPROC, CHILDREN);
	case _SC_OPEN_MAX:
		return limit_of(RLIMIT_NOFILE, 1024);
	case _SC_NGROUPS_MAX:
		return NGROUPS_MAX;
	case _SC_VERSION:
		return _POSIX_VERSION;
	case _SC_IOV_MAX:
		return IOV_MAX;
	case _SC_LINE_MAX:
		return LINE_MAX;
	case _SC_HOST_NAME_MAX:
		return HOST_NAME_MAX;
	case _SC_SYMLOOP_MAX:
		return SYMLOOP_MAX;
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		return get_nprocs();
	case _SC_PHYS_PAGES:
		return pages_of_memory(0);
	case _SC_AVPHYS_PAGES:
		return pages_of_memory(1);
	default:
		errno = EINVAL;
		return -1;
	}
}

long fpathconf(int fd, int name)
{
	(void)fd;
	switch (name) {
	case _PC_LINK_MAX:
		return LINK_MAX;
	case _PC_MAX_CANON:
	case _PC_MAX_INPUT:
		return 255;
	case _PC_NAME_MAX:
		return NAME_MAX;
	case _PC_PATH_MAX:
		return PATH_MAX;
	case _PC_PIPE_BUF:
		return PIPE_BUF;
	case _PC_CHOWN_RESTRICTED:
	case _PC_NO_TRUNC:
		return 1;
	case _PC_VDISABLE:
		return 0;
	default:
		errno = EINVAL;
		return -1;
	}
}

long pathconf(const char *path, int name)
{
	(void)path;
	return fpathconf(-1, name);
}
