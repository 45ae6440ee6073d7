/* SPDX-License-Identifier: MIT */
/*
 * System calls about processes: programs and ends, groups and sessions, limits and usage, the machine's name and end.
 *
 * Most of these read or set a field of the current process. What changes or looks at another process goes through the
 * tree lock (a mutex), which keeps it from vanishing.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/misc.h>
#include <abi/resource.h>
#include <abi/wait.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "mm/mm.h"
#include "vm/vm.h"

/* ---- beginning and end ---- */

static int64_t execute(int dirfd, vaddr_t text, vaddr_t argv, vaddr_t envp, unsigned flags)
{
	char *path = kmalloc(PATH_MAX);
	if (!path)
		return -ENOMEM;
	long len = copy_string_from_user(path, text, PATH_MAX);
	int64_t err = len < 0 ? len : -ENOENT;
	if (len > 0 || (len == 0 && flags & AT_EMPTY_PATH))
		err = proc_exec(&(struct program_name){ dirfd, path, flags }, argv, envp);
	kfree(path);
	return err;
}

SYSCALL(execve) { return execute(AT_FDCWD, a, b, c, 0); }
SYSCALL(execveat) { return execute((int)a, b, c, d, (unsigned)e); }

SYSCALL(exit_group) { proc_exit((a & 0xff) << 8); }

#define WAIT4_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE)

SYSCALL(wait4)
{
	struct wait_found found;
	int pid = a, options = c;
	if (options & ~WAIT4_OPTIONS)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	struct wait_query q = { pid == -1 ? WAIT_ANY : pid > 0 ? WAIT_PID : WAIT_GROUP, pid < 0 ? -pid : pid,
	                        options | WEXITED };
	int err = proc_wait(&q, &found);
	if (err || !found.pid)
		return err;
	if (b && copy_to_user(b, &found.word, sizeof(found.word)) != 0)
		return -EFAULT;
	return d && copy_to_user(d, &found.usage, sizeof(found.usage)) != 0 ? -EFAULT : found.pid;
}

enum { P_ALL, P_PID, P_PGID, P_PIDFD };

/* A process that has been waited for is nobody's child: number -1. */
static int pidfd_query(struct wait_query *q, int fd, int options)
{
	struct file *f = pidfd_get(fd);
	if (!f)
		return fd < 0 ? -EINVAL : -EBADF;
	bool impatient = f->flags & O_NONBLOCK && !(options & WNOHANG);
	*q = (struct wait_query){ WAIT_PID, pidfd_number(f), options | (impatient ? WNOHANG : 0) };
	file_put(f);
	return impatient;
}

/* 1: it is an error if nobody is found. */
static int waitid_query(struct wait_query *q, int type, int id, int options)
{
	if (options & ~(WAIT4_OPTIONS | WEXITED | WNOWAIT) || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (type == P_PIDFD)
		return pidfd_query(q, id, options);
	if (type < P_ALL || type > P_PGID || (type == P_PID && id <= 0) || (type == P_PGID && id < 0))
		return -EINVAL;
	*q = (struct wait_query){ type == P_ALL ? WAIT_ANY : type == P_PID ? WAIT_PID : WAIT_GROUP, id, options };
	return 0;
}

SYSCALL(waitid)
{
	struct wait_query q;
	struct wait_found found;
	memset(&found, 0, sizeof(found));
	int err = waitid_query(&q, a, b, d);
	bool must_find = err > 0;
	if (err >= 0)
		err = proc_wait(&q, &found);
	if (!err && must_find && !found.pid)
		err = -EAGAIN;
	if (e && found.pid && copy_to_user(e, &found.usage, sizeof(found.usage)) != 0)
		return -EFAULT;
	struct abi_siginfo info = { .si_signo = found.pid ? SIGCHLD : 0, .si_code = found.code };
	info.child.pid = found.pid;
	info.child.uid = found.uid;
	info.child.status = found.status;
	/* Also a call that fails says that nobody was found. */
	return c && copy_to_user(c, &info, offsetof(struct abi_siginfo, child.pad)) != 0 ? -EFAULT : err;
}

/* ---- numbers ---- */

SYSCALL(getpid) { return proc_current()->pid; }
SYSCALL(getppid) { return proc_current()->ppid; }
SYSCALL(getpgrp) { return proc_current()->pgid; }

SYSCALL(getpgid)
{
	int pgid;
	session_numbers(a, &pgid);
	return pgid;
}

SYSCALL(getsid)
{
	int pgid;
	return session_numbers(a, &pgid);
}

SYSCALL(setpgid) { return session_set_group(a, b); }
SYSCALL(setsid) { return session_create(); }

/* ---- limits and usage ---- */

static int limit_set(struct proc *p, unsigned which, const struct abi_rlimit *new)
{
	struct abi_rlimit *limit = &p->rlimit[which];
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > limit->rlim_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (which == RLIMIT_NOFILE && new->rlim_max > MAX_FDS)
		return -EPERM;
	*limit = *new;
	if (which == RLIMIT_STACK && p->space)
		p->space->stack_limit = new->rlim_cur;
	if (which == RLIMIT_CPU)
		proc_cpu_limit_locked(p);
	return 0;
}

static bool same_ids(const struct proc *self, const struct proc *p)
{
	return self->uid == p->uid && self->uid == p->euid && self->uid == p->suid && self->gid == p->gid &&
	       self->gid == p->egid && self->gid == p->sgid;
}

static int limit_exchange(int pid, unsigned which, const struct abi_rlimit *new, struct abi_rlimit *old)
{
	int err = 0;
	mutex_lock(&proc_tree_lock);
	struct proc *self = proc_current(), *p = pid ? proc_of_thread_locked(pid) : self;
	if (!p)
		err = -ESRCH;
	else if (p != self && !same_ids(self, p) && !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	else if (which >= RLIM_NLIMITS)
		err = -EINVAL;
	if (!err) {
		spin_lock(&p->lock);
		*old = p->rlimit[which];
		if (new)
			err = limit_set(p, which, new);
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

static int64_t limit_call(int pid, unsigned which, vaddr_t new_at, vaddr_t old_at)
{
	struct abi_rlimit new, old;
	if (new_at && copy_from_user(&new, new_at, sizeof(new)) != 0)
		return -EFAULT;
	int err = limit_exchange(pid, which, new_at ? &new : NULL, &old);
	if (!err && old_at)
		err = copy_to_user(old_at, &old, sizeof(old));
	return err;
}

SYSCALL(prlimit64) { return limit_call(a, b, c, d); }
SYSCALL(getrlimit) { return (unsigned)a < RLIM_NLIMITS && !b ? -EFAULT : limit_call(0, a, 0, b); }
SYSCALL(setrlimit) { return b ? limit_call(0, a, b, 0) : -EFAULT; }

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

SYSCALL(getrusage)
{
	struct abi_rusage usage;
	int who = a;
	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	if (who == RUSAGE_THREAD)
		thread_usage(&usage);
	else
		proc_usage(proc_current(), who == RUSAGE_CHILDREN ? USAGE_CHILDREN : USAGE_SELF, &usage);
	return copy_to_user(b, &usage, sizeof(usage));
}

SYSCALL(times)
{
	struct proc *p = proc_current();
	const uint64_t tick = NSEC_PER_SEC / CLOCK_TICKS;
	const struct spent own = proc_spent(p), *children = &p->children_used;
	int64_t t[4] = { own.user_ns / tick, own.system_ns / tick, children->user_ns / tick, children->system_ns / tick };
	if (a && copy_to_user(a, t, sizeof(t)) != 0)
		return -EFAULT;
	return clock_now_ns() / tick;
}

/* struct sysinfo of sysinfo(2), 112 bytes. */
struct sysinfo_layout {
	int64_t uptime;
	uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint32_t pad2;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit, pad3;
};

SYSCALL(sysinfo)
{
	struct frame_census frames;
	frame_census(&frames);
	struct sysinfo_layout info = {
		.uptime = clock_now_ns() / NSEC_PER_SEC,
		.sharedram = frames.shmem * PAGE_SIZE,
		.totalram = frames_total() * PAGE_SIZE,
		.freeram = frames_free() * PAGE_SIZE,
		.mem_unit = 1,
	};
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all)
		info.procs++;
	mutex_unlock(&proc_tree_lock);
	return copy_to_user(a, &info, sizeof(info));
}

/* ---- the machine ---- */

/*
 * Like Linux it does not sync; init does that before it calls. Halting is powering off: a virtual machine has no
 * button.
 */
SYSCALL(reboot)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((uint32_t)a != LINUX_REBOOT_MAGIC1 || (uint32_t)b != LINUX_REBOOT_MAGIC2)
		return -EINVAL;
	switch ((uint32_t)c) {
	case RB_AUTOBOOT:
		klog(LOG_INFO, "restarting");
		arch_reboot();
	case RB_HALT_SYSTEM:
	case RB_POWER_OFF:
		klog(LOG_INFO, "power off");
		arch_poweroff();
	default:
		return -EINVAL;
	}
}
