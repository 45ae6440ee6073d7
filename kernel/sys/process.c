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

#include "lib/log.h"
#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "sys/uname.h"
#include "task/task_impl.h"
#include "mm/mm.h"
#include "vm/vm.h"

/* ---- beginning and end ---- */

SYSCALL(execve)
{
	char *path = kmalloc(PATH_MAX);
	if (!path)
		return -ENOMEM;
	long len = copy_string_from_user(path, a, PATH_MAX);
	int64_t err = len < 0 ? len : len == 0 ? -ENOENT : proc_exec(path, b, c);
	kfree(path);
	return err;
}

SYSCALL(exit_group) { proc_exit((a & 0xff) << 8); }

SYSCALL(wait4)
{
	struct abi_rusage usage;
	int status = 0, options = c;
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | 0x60000000) || (int)a == INT32_MIN)
		return options & ~(WNOHANG | WUNTRACED | WCONTINUED | 0x60000000) ? -EINVAL : -ESRCH;
	int pid = proc_wait(a, &status, options, &usage);
	if (pid > 0 && b && copy_to_user(b, &status, sizeof(status)) != 0)
		return -EFAULT;
	if (pid > 0 && d && copy_to_user(d, &usage, sizeof(usage)) != 0)
		return -EFAULT;
	return pid;
}

/* ---- numbers ---- */

SYSCALL(getpid) { return proc_current()->pid; }
SYSCALL(getppid) { return proc_current()->ppid; }
SYSCALL(getpgrp) { return proc_current()->pgid; }

/* The group or session of process pid, 0: the caller's. */
static int64_t number_of(int pid, bool session)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = pid ? proc_find_locked(pid) : proc_current();
	int64_t number = !p ? -ESRCH : session ? p->sid : p->pgid;
	mutex_unlock(&proc_tree_lock);
	return number;
}

SYSCALL(getpgid) { return number_of(a, false); }
SYSCALL(getsid) { return number_of(a, true); }

static bool group_exists_locked(int pgid, int sid)
{
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid == pgid && p->sid == sid)
			return true;
	}
	return false;
}

static int setpgid_locked(struct proc *p, int pgid)
{
	struct proc *self = proc_current();
	if (!p || (p != self && p->parent != self))
		return -ESRCH;
	if (p->sid != self->sid || p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid && !group_exists_locked(pgid, self->sid))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

SYSCALL(setpgid)
{
	int pid = a ? (int)a : proc_current()->pid, pgid = b ? (int)b : pid;
	if (pgid < 0)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	int err = setpgid_locked(proc_find_locked(pid), pgid);
	mutex_unlock(&proc_tree_lock);
	return err;
}

SYSCALL(setsid)
{
	struct proc *p = proc_current();
	mutex_lock(&proc_tree_lock);
	bool leader = false;
	list_for_each(n, &proc_all)
		leader |= list_entry(n, struct proc, all_link)->pgid == p->pid;
	if (!leader)
		p->sid = p->pgid = p->pid;
	mutex_unlock(&proc_tree_lock);
	return leader ? -EPERM : p->pid;
}

SYSCALL(uname)
{
	struct abi_utsname u;
	memset(&u, 0, sizeof(u));
	strlcpy(u.sysname, UNAME_SYSNAME, sizeof(u.sysname));
	strlcpy(u.nodename, UNAME_NODENAME, sizeof(u.nodename));
	strlcpy(u.release, UNAME_RELEASE, sizeof(u.release));
	strlcpy(u.version, UNAME_VERSION, sizeof(u.version));
	strlcpy(u.machine, UNAME_MACHINE, sizeof(u.machine));
	strlcpy(u.domainname, UNAME_DOMAINNAME, sizeof(u.domainname));
	return copy_to_user(a, &u, sizeof(u));
}

/* ---- limits and usage ---- */

static int limit_set(struct proc *p, unsigned which, const struct abi_rlimit *new)
{
	struct abi_rlimit *limit = &p->rlimit[which];
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > limit->rlim_max && proc_current()->euid != 0)
		return -EPERM;
	if (which == RLIMIT_NOFILE && new->rlim_max > MAX_FDS)
		return -EPERM;
	*limit = *new;
	if (which == RLIMIT_STACK && p->space)
		p->space->stack_limit = new->rlim_cur;
	return 0;
}

static int limit_exchange(int pid, unsigned which, const struct abi_rlimit *new, struct abi_rlimit *old)
{
	int err = 0;
	mutex_lock(&proc_tree_lock);
	struct proc *self = proc_current(), *p = pid ? proc_find_locked(pid) : self;
	if (!p)
		err = -ESRCH;
	else if (p != self && self->euid != 0 && self->uid != p->uid)
		err = -EPERM;
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
	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (new_at && copy_from_user(&new, new_at, sizeof(new)) != 0)
		return -EFAULT;
	int err = limit_exchange(pid, which, new_at ? &new : NULL, &old);
	if (!err && old_at)
		err = copy_to_user(old_at, &old, sizeof(old));
	return err;
}

SYSCALL(prlimit64) { return limit_call(a, b, c, d); }
SYSCALL(getrlimit) { return limit_call(0, a, 0, b); }
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
	proc_usage(proc_current(), who == RUSAGE_CHILDREN, &usage);
	return copy_to_user(b, &usage, sizeof(usage));
}

SYSCALL(times)
{
	struct proc *p = proc_current();
	const uint64_t tick = NSEC_PER_SEC / CLOCK_TICKS;
	int64_t t[4] = { proc_cpu_ns(p) / tick, p->stime_ns / tick, p->cutime_ns / tick, p->cstime_ns / tick };
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
	struct sysinfo_layout info = {
		.uptime = clock_now_ns() / NSEC_PER_SEC,
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

/* Like Linux it does not sync; init does that before it calls. Halting is powering off: a virtual machine has no button. */
SYSCALL(reboot)
{
	if (proc_current()->euid != 0)
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
