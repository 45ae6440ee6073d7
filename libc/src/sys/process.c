/* SPDX-License-Identifier: MIT */
/*
 * Processes: identity, waiting for children, limits, and the questions about the
 * system that sysconf and uname answer. (fork is in pthread/thread.c, exec in exec.c, vfork in vfork.S,
 * exit in stdlib.)
 *
 * Answers that programs ask for often and that never change (page size, clock ticks) are constants;
 * those about memory and processors come from the kernel each time.
 */
#include "../internal.h"
#include <abi/misc.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/io.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define TICKS 100
#define CHILDREN 4096

pid_t getpid(void)
{
	return (pid_t)raw0(SYS_getpid);
}

pid_t getppid(void)
{
	return (pid_t)raw0(SYS_getppid);
}

int pidfd_open(pid_t pid, unsigned flags)
{
	return (int)call2(SYS_pidfd_open, pid, flags);
}

int pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	return (int)call3(SYS_pidfd_getfd, pidfd, fd, flags);
}

int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
	return (int)call4(SYS_pidfd_send_signal, pidfd, sig, info, flags);
}

int unshare(int flags)
{
	return (int)call1(SYS_unshare, flags);
}

pid_t gettid(void)
{
	return (pid_t)raw0(SYS_gettid);
}

pid_t getpgid(pid_t pid)
{
	return (pid_t)call1(SYS_getpgid, pid);
}

pid_t getpgrp(void)
{
	return (pid_t)raw0(SYS_getpgrp);
}

int setpgid(pid_t pid, pid_t group)
{
	return (int)call2(SYS_setpgid, pid, group);
}

int setpgrp(void)
{
	return setpgid(0, 0);
}

pid_t setsid(void)
{
	return (pid_t)call0(SYS_setsid);
}

pid_t getsid(pid_t pid)
{
	return (pid_t)call1(SYS_getsid, pid);
}

uid_t getuid(void)
{
	return (uid_t)raw0(SYS_getuid);
}

uid_t geteuid(void)
{
	return (uid_t)raw0(SYS_geteuid);
}

gid_t getgid(void)
{
	return (gid_t)raw0(SYS_getgid);
}

gid_t getegid(void)
{
	return (gid_t)raw0(SYS_getegid);
}

int setuid(uid_t uid)
{
	return (int)call1(SYS_setuid, uid);
}

int setgid(gid_t gid)
{
	return (int)call1(SYS_setgid, gid);
}

int setreuid(uid_t real, uid_t effective)
{
	return (int)call2(SYS_setreuid, real, effective);
}

int setregid(gid_t real, gid_t effective)
{
	return (int)call2(SYS_setregid, real, effective);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return (int)call3(SYS_setresuid, real, effective, saved);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return (int)call3(SYS_setresgid, real, effective, saved);
}

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
	return (int)call3(SYS_getresuid, real, effective, saved);
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
	return (int)call3(SYS_getresgid, real, effective, saved);
}

int setfsuid(uid_t uid)
{
	return (int)call1(SYS_setfsuid, uid);
}

int setfsgid(gid_t gid)
{
	return (int)call1(SYS_setfsgid, gid);
}

int setgroups(size_t count, const gid_t *groups)
{
	return (int)call2(SYS_setgroups, count, groups);
}

int seteuid(uid_t uid)
{
	return (int)call3(SYS_setresuid, -1, uid, -1);
}

int setegid(gid_t gid)
{
	return (int)call3(SYS_setresgid, -1, gid, -1);
}

int getgroups(int count, gid_t groups[])
{
	return (int)call2(SYS_getgroups, count, groups);
}

char *getlogin(void)
{
	return (char *)"root";
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return (pid_t)cancel4(SYS_wait4, pid, status, options, usage);
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
	return wait4(-1, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
	return wait4(-1, status, 0, NULL);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return (int)cancel6(SYS_waitid, type, id, info, options, NULL, 0);
}

int prlimit(pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old)
{
	return (int)call4(SYS_prlimit64, pid, resource, limit, old);
}

int getrlimit(int resource, struct rlimit *limit)
{
	return prlimit(0, resource, NULL, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return prlimit(0, resource, limit, NULL);
}

int getrusage(int who, struct rusage *usage)
{
	return (int)call2(SYS_getrusage, who, usage);
}

/* The kernel answers 20 minus the priority, so that no answer is negative. */
int getpriority(int which, id_t who)
{
	long result = call2(SYS_getpriority, which, who);

	return result < 0 ? -1 : (int)(20 - result);
}

int setpriority(int which, id_t who, int priority)
{
	return (int)call3(SYS_setpriority, which, who, priority);
}

int nice(int increment)
{
	int now = getpriority(PRIO_PROCESS, 0) + increment;

	if (now > 19)
		now = 19;
	if (now < -20)
		now = -20;
	if (setpriority(PRIO_PROCESS, 0, now) < 0) {
		if (errno == EACCES)
			errno = EPERM;
		return -1;
	}
	return now;
}

clock_t times(struct tms *usage)
{
	return call1(SYS_times, usage);
}

int sched_yield(void)
{
	return (int)call0(SYS_sched_yield);
}

int sched_get_priority_max(int policy)
{
	return (int)call1(SYS_sched_get_priority_max, policy);
}

int sched_get_priority_min(int policy)
{
	return (int)call1(SYS_sched_get_priority_min, policy);
}

int sched_getscheduler(pid_t pid)
{
	return (int)call1(SYS_sched_getscheduler, pid);
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	return (int)call3(SYS_sched_setscheduler, pid, policy, param);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
	return (int)call2(SYS_sched_getparam, pid, param);
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
	return (int)call2(SYS_sched_setparam, pid, param);
}

int sched_rr_get_interval(pid_t pid, struct timespec *slice)
{
	return (int)call2(SYS_sched_rr_get_interval, pid, slice);
}

int sched_getcpu(void)
{
	unsigned int cpu;

	return call3(SYS_getcpu, &cpu, NULL, NULL) < 0 ? -1 : (int)cpu;
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return (int)call3(SYS_sched_setaffinity, pid, size, set);
}

/* The kernel writes only as many bytes as it has processors for and returns how many. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long n = call3(SYS_sched_getaffinity, pid, size, set);

	if (n < 0)
		return -1;
	if ((size_t)n < size)
		memset((char *)set + n, 0, size - (size_t)n);
	return 0;
}

int __sched_count(const cpu_set_t *set)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(set->__bits) / sizeof(set->__bits[0]); i++)
		for (unsigned long b = set->__bits[i]; b; b &= b - 1)
			n++;
	return n;
}

int uname(struct utsname *name)
{
	return (int)call1(SYS_uname, name);
}

int setdomainname(const char *name, size_t len)
{
	return (int)call2(SYS_setdomainname, name, len);
}

int gethostname(char *name, size_t size)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -1;
	if (strlen(u.nodename) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name, u.nodename);
	return 0;
}

int sethostname(const char *name, size_t len)
{
	return (int)call2(SYS_sethostname, name, len);
}

int sysinfo(struct sysinfo *info)
{
	return (int)call1(SYS_sysinfo, info);
}

int get_nprocs(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

int get_nprocs_conf(void)
{
	return get_nprocs();
}

int reboot(int how)
{
	return (int)call4(SYS_reboot, (int)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, NULL);
}

int iopl(int level)
{
	return (int)call1(SYS_iopl, level);
}

int ioperm(unsigned long from, unsigned long count, int on)
{
	return (int)call3(SYS_ioperm, from, count, on);
}

int prctl(int option, ...)
{
	__builtin_va_list ap;
	long a[4];

	__builtin_va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = __builtin_va_arg(ap, long);
	__builtin_va_end(ap);
	return (int)call5(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}

int personality(unsigned long persona)
{
	return (int)call1(SYS_personality, persona);
}

int arch_prctl(int code, unsigned long value)
{
	return (int)call2(SYS_arch_prctl, code, value);
}

ssize_t getrandom(void *to, size_t n, unsigned int flags)
{
	return call3(SYS_getrandom, to, n, flags);
}

int getentropy(void *to, size_t n)
{
	if (n > 256) {
		errno = EIO;
		return -1;
	}
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)to + done, n - done, 0);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			done += (size_t)got;
	}
	return 0;
}

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

/* Numbers about threads, signals and timers. 0: none of these. */
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
		return 0;
	}
}

long sysconf(int name)
{
	long number = is_option(name) ? _POSIX_VERSION : realtime_limit(name);

	if (number)
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
