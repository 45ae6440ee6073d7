/* SPDX-License-Identifier: MIT */
/*
 * Processes: who they are, who their children are, what they may use. (fork is in pthread/thread.c, exec
 * in exec.c, vfork in vfork.S, exit in stdlib.)
 */
#include "../internal.h"
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

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

clock_t times(struct tms *usage)
{
	return call1(SYS_times, usage);
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
