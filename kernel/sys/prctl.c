/* SPDX-License-Identifier: MIT */
/*
 * prctl(2), personal priorities and what else a process remembers of itself without much coming of it.
 *
 * What is obeyed: names, the signal at a parent's end, subreapers, no-new-privileges (at execve), the answers to all
 * that was set. Niceness is remembered and shown; the scheduler knows none.
 */
#include <abi/errno.h>
#include <abi/misc.h>
#include <abi/signal.h>

#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define TSC_READABLE 1

static int64_t name_set(vaddr_t at)
{
	struct thread *t = thread_current();
	char name[16];
	long len = copy_string_from_user(name, at, sizeof(name));
	if (len == -EFAULT)
		return len;
	name[sizeof(name) - 1] = '\0';
	strlcpy(t->name, name, sizeof(t->name));
	if (t->tid == t->proc->pid)
		strlcpy(t->proc->name, name, sizeof(t->proc->name));
	return 0;
}

/* Nothing of a longer one that it had before. */
static int64_t name_get(vaddr_t at)
{
	char name[16] = { 0 };
	strlcpy(name, thread_current()->name, sizeof(name));
	return copy_to_user(at, name, sizeof(name));
}

static int64_t int_out(vaddr_t at, int32_t value) { return copy_to_user(at, &value, sizeof(value)); }

/* What to do with a thread whose memory turns out to be broken, which no memory here does. */
static int64_t mce_kill_set(struct thread *t, uint64_t how, uint64_t policy)
{
	bool clear = how == PR_MCE_KILL_CLEAR;
	if (how > PR_MCE_KILL_SET || policy > (clear ? 0 : PR_MCE_KILL_DEFAULT))
		return -EINVAL;
	t->mce_kill = clear ? PR_MCE_KILL_DEFAULT : policy;
	return 0;
}

static int64_t io_flusher_set(struct thread *t, uint64_t on, bool more)
{
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (on > 1 || more)
		return -EINVAL;
	t->io_flusher = on;
	return 0;
}

SYSCALL(prctl)
{
	struct thread *t = thread_current();
	struct proc *p = t->proc;
	switch ((int)a) {
	case PR_SET_PDEATHSIG:
		if (b > ABI_NSIG)
			return -EINVAL;
		p->death_signal = b;
		return 0;
	case PR_GET_PDEATHSIG:
		return int_out(b, p->death_signal);
	case PR_GET_DUMPABLE:
		return !t->space->undumpable;
	case PR_SET_DUMPABLE:
		if (b > 1)
			return -EINVAL;
		t->space->undumpable = !b;
		return 0;
	case PR_GET_KEEPCAPS:
		return !!(p->caps.securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return capability_keep(b);
	case PR_SET_NAME:
		return name_set(b);
	case PR_GET_NAME:
		return name_get(b);
	case PR_GET_SECCOMP:
		return 0;
	case PR_GET_SECUREBITS:
		return p->caps.securebits;
	case PR_SET_SECUREBITS:
		return capability_securebits(b);
	case PR_CAPBSET_READ:
		return capability_bounding(false, b);
	case PR_CAPBSET_DROP:
		return capability_bounding(true, b);
	case PR_CAP_AMBIENT:
		return capability_ambient(b, c, d | e);
	case PR_GET_TSC:
		return int_out(b, TSC_READABLE);
	case PR_SET_TSC:
		return b == TSC_READABLE ? 0 : -EINVAL;
	case PR_GET_TIMERSLACK:
		return t->slack_ns;
	case PR_SET_TIMERSLACK:
		t->slack_ns = (int64_t)b > 0 ? b : t->default_slack_ns;
		return 0;
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return b == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_TASK_PERF_EVENTS_DISABLE:
	case PR_TASK_PERF_EVENTS_ENABLE:
		return 0; /* there are none */
	case PR_MCE_KILL_GET:
		return b || c || d || e ? -EINVAL : t->mce_kill;
	case PR_MCE_KILL:
		return d || e ? -EINVAL : mce_kill_set(t, b, c);
	case PR_GET_TID_ADDRESS:
		return copy_to_user(b, &t->clear_child_tid, sizeof(t->clear_child_tid));
	case PR_SET_IO_FLUSHER:
		return io_flusher_set(t, b, c || d || e);
	case PR_GET_IO_FLUSHER:
		return !capable(CAP_SYS_RESOURCE) ? -EPERM : b || c || d || e ? -EINVAL : t->io_flusher;
	case PR_SET_CHILD_SUBREAPER:
		p->subreaper = b;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return int_out(b, p->subreaper);
	case PR_SET_NO_NEW_PRIVS:
		if (b != 1 || c || d || e)
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return b || c || d || e ? -EINVAL : p->no_new_privs;
	case PR_GET_THP_DISABLE:
		return b || c || d || e ? -EINVAL : p->no_huge_pages;
	case PR_SET_THP_DISABLE:
		if (c || d || e)
			return -EINVAL;
		p->no_huge_pages = b;
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- priorities ---- */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

static bool is_meant(const struct proc *p, int which, int who)
{
	const struct proc *self = proc_current();
	switch (which) {
	case PRIO_PROCESS:
		return who ? p->pid == who : p == self;
	case PRIO_PGRP:
		return p->pgid == (who ? who : self->pgid);
	default:
		return p->uid == (who ? (uint32_t)who : self->uid);
	}
}

/* A process may be named by any of its threads. */
static int who_is_meant_locked(int which, int who)
{
	const struct proc *p = which == PRIO_PROCESS && who ? proc_of_thread_locked(who) : NULL;
	return p ? p->pid : who;
}

static int nice_change(struct proc *p, int nice)
{
	const struct proc *self = proc_current();
	bool all = capable(CAP_SYS_NICE);
	if (p->uid != self->euid && p->euid != self->euid && !all)
		return -EPERM;
	if (nice < p->nice && !all && (uint64_t)(20 - nice) > p->rlimit[RLIMIT_NICE].rlim_cur)
		return -EACCES;
	p->nice = nice;
	return 0;
}

SYSCALL(setpriority)
{
	int which = a, nice = MAX(-20, MIN(19, (int)c)), result = -ESRCH;
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	int who = who_is_meant_locked(which, b);
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (!is_meant(p, which, who))
			continue;
		int err = nice_change(p, nice);
		if (err || result == -ESRCH)
			result = err;
	}
	mutex_unlock(&proc_tree_lock);
	return result;
}

/* 20 minus the lowest of them, for a result must not be negative. */
SYSCALL(getpriority)
{
	int which = a, result = -ESRCH;
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	int who = who_is_meant_locked(which, b);
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (is_meant(p, which, who))
			result = MAX(result, 20 - p->nice);
	}
	mutex_unlock(&proc_tree_lock);
	return result;
}
