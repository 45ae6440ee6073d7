/* SPDX-License-Identifier: MIT */
/*
 * System calls about threads: their ends, their bases, numbers and names, futexes, and what they ask of the scheduler.
 * (How they are made: clone.c.)
 *
 * The scheduler knows CPUs but no priorities: an affinity is obeyed; the ordinary policies (OTHER, BATCH, IDLE) are
 * remembered and all mean the same; the real-time ones are refused with EPERM, as to somebody without the right to
 * them.
 *
 * A call that names a thread looks for it in all processes under the tree lock; no other lock is held by its number.
 */
#include <abi/errno.h>
#include <abi/misc.h>
#include <abi/time.h>

#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

/* ---- end ---- */

SYSCALL(exit)
{
	thread_current()->exit_status = (a & 0xff) << 8;
	thread_exit();
}

/* ---- bases, numbers, names ---- */

SYSCALL(arch_prctl)
{
	struct arch_thread *t = &thread_current()->arch;
	switch ((int)a) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (b >= USER_END)
			return -EPERM;
		*((int)a == ARCH_SET_FS ? &t->fs_base : &t->gs_base) = b;
		arch_load_bases();
		return 0;
	case ARCH_GET_FS:
		return copy_to_user(b, &t->fs_base, sizeof(t->fs_base));
	case ARCH_GET_GS:
		return copy_to_user(b, &t->gs_base, sizeof(t->gs_base));
	default:
		return -EINVAL;
	}
}

SYSCALL(gettid) { return thread_current()->tid; }

SYSCALL(set_tid_address)
{
	thread_current()->clear_child_tid = a;
	return thread_current()->tid;
}

SYSCALL(iopl)
{
	struct thread *t = thread_current();
	if (a > 3)
		return -EINVAL;
	if (a > t->arch.iopl >> 12 && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	t->arch.iopl = a ? 3ul << 12 : 0;
	arch_frame_sanitize(arch_thread_frame(&t->arch));
	return 0;
}

/* ---- other threads ---- */

typedef int64_t thread_fn(struct thread *t, uint64_t arg);

/* Calls fn for the thread with this number, 0: the current one; its process's lock is held. -ESRCH */
static int64_t with_thread(int tid, thread_fn *fn, uint64_t arg)
{
	int64_t result = -ESRCH;
	mutex_lock(&proc_tree_lock);
	list_for_each(pn, &proc_all) {
		struct proc *p = list_entry(pn, struct proc, all_link);
		spin_lock(&p->lock);
		list_for_each(tn, &p->threads) {
			struct thread *t = list_entry(tn, struct thread, proc_link);
			if (tid ? t->tid == tid : t == thread_current())
				result = fn(t, arg);
		}
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return result;
}

/* Whether the caller may change how t is scheduled. */
static bool may_schedule(const struct thread *t)
{
	const struct proc *self = proc_current(), *p = t->proc;
	return self->euid == p->uid || self->euid == p->euid || capable(CAP_SYS_NICE);
}

/* ---- futexes ---- */

SYSCALL(futex) { return futex_call(a, b, c, d, e, f); }

SYSCALL(set_robust_list)
{
	if (b != sizeof(struct abi_robust_list_head))
		return -EINVAL;
	thread_current()->robust_list = a;
	return 0;
}

static int64_t robust_get(struct thread *t, uint64_t head)
{
	if (!cred_may_trace_locked(t->proc, TRACE_REAL))
		return -EPERM;
	*(vaddr_t *)head = t->robust_list;
	return 0;
}

SYSCALL(get_robust_list)
{
	vaddr_t head;
	uint64_t size = sizeof(struct abi_robust_list_head);
	int64_t err = with_thread(a, robust_get, (uint64_t)&head);
	if (err)
		return err;
	return copy_to_user(c, &size, sizeof(size)) || copy_to_user(b, &head, sizeof(head)) ? -EFAULT : 0;
}

/* A kernel without it: C libraries then do without. */
SYSCALL(rseq) { return -ENOSYS; }

/* ---- scheduling ---- */

SYSCALL(sched_yield)
{
	sched_yield();
	return 0;
}

SYSCALL(getcpu)
{
	unsigned cpu = cpu_index(), node = 0;
	if (a && copy_to_user(a, &cpu, sizeof(cpu)) != 0)
		return -EFAULT;
	return b ? copy_to_user(b, &node, sizeof(node)) : 0;
}

static uint32_t cpus_online(void) { return (1u << cpu_count) - 1; }

static int64_t affinity_get(struct thread *t, uint64_t arg)
{
	return t->affinity & cpus_online() & arg;
}

SYSCALL(sched_getaffinity)
{
	uint64_t mask;
	if (b < sizeof(mask) || b % sizeof(mask))
		return -EINVAL;
	int64_t found = with_thread(a, affinity_get, ~0ull);
	if (found < 0)
		return found;
	mask = found;
	return copy_to_user(c, &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

static int64_t affinity_set(struct thread *t, uint64_t mask)
{
	if (!may_schedule(t))
		return -EPERM;
	if (!(mask & cpus_online()))
		return -EINVAL;
	sched_set_affinity(t, mask & cpus_online());
	return 0;
}

SYSCALL(sched_setaffinity)
{
	uint64_t mask = 0;
	if (copy_from_user(&mask, c, MIN((uint32_t)b, sizeof(mask))) != 0)
		return -EFAULT;
	int64_t err = with_thread(a, affinity_set, mask);
	sched_migrate_if_must();
	return err;
}

static bool policy_ordinary(int policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static bool policy_realtime(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

static int64_t priority_limit(int policy, int realtime)
{
	if (policy_realtime(policy))
		return realtime;
	return policy_ordinary(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

SYSCALL(sched_get_priority_max) { return priority_limit(a, 99); }
SYSCALL(sched_get_priority_min) { return priority_limit(a, 1); }

static int64_t policy_get(struct thread *t, uint64_t arg)
{
	return t->policy & arg;
}

SYSCALL(sched_getscheduler)
{
	return (int)a < 0 ? -EINVAL : with_thread(a, policy_get, ~0ull);
}

SYSCALL(sched_getparam)
{
	int priority = 0;
	if (!b || (int)a < 0)
		return -EINVAL;
	int64_t policy = with_thread(a, policy_get, ~0ull);
	return policy < 0 ? policy : copy_to_user(b, &priority, sizeof(priority));
}

/* Out of SCHED_IDLE, which is below all niceness, only to where it might go by nice(2); and a promise is kept. */
static bool may_leave_policy(const struct thread *t, int policy)
{
	bool idle = (t->policy & ~SCHED_RESET_ON_FORK) == SCHED_IDLE && (policy & ~SCHED_RESET_ON_FORK) != SCHED_IDLE;
	bool resets = t->policy & SCHED_RESET_ON_FORK && !(policy & SCHED_RESET_ON_FORK);
	bool nicer = (uint64_t)(20 - t->proc->nice) > t->proc->rlimit[RLIMIT_NICE].rlim_cur;
	return capable(CAP_SYS_NICE) || !(resets || (idle && nicer));
}

static int64_t policy_set(struct thread *t, uint64_t policy)
{
	if (!may_schedule(t) || !may_leave_policy(t, policy))
		return -EPERM;
	t->policy = policy;
	return 0;
}

/* policy -1: the one it has. */
static int64_t policy_call(int tid, int policy, vaddr_t param)
{
	int priority;
	if (!param || tid < 0)
		return -EINVAL;
	if (copy_from_user(&priority, param, sizeof(priority)) != 0)
		return -EFAULT;
	int64_t now = with_thread(tid, policy_get, ~0ull);
	if (now < 0)
		return now;
	if (policy < 0)
		policy = now;
	int plain = policy & ~SCHED_RESET_ON_FORK;
	if (policy_ordinary(plain))
		return priority ? -EINVAL : with_thread(tid, policy_set, policy);
	return policy_realtime(plain) && priority >= 1 && priority <= 99 ? -EPERM : -EINVAL;
}

SYSCALL(sched_setscheduler) { return (int)b < 0 ? -EINVAL : policy_call(a, b, c); }
SYSCALL(sched_setparam) { return policy_call(a, -1, b); }

SYSCALL(sched_rr_get_interval)
{
	struct abi_timespec slice = { 0, SLICE_NS };
	if ((int)a < 0)
		return -EINVAL;
	int64_t policy = with_thread(a, policy_get, ~0ull);
	return policy < 0 ? policy : copy_to_user(b, &slice, sizeof(slice));
}

/* ---- the same with niceness, in one structure whose size tells its version ---- */

static int attr_size_refused(vaddr_t at)
{
	uint32_t size = sizeof(struct abi_sched_attr);
	return copy_to_user(at, &size, sizeof(size)) ? -EFAULT : -E2BIG;
}

/* What lies behind the part that is known must be zero. */
static int attr_read(struct abi_sched_attr *attr, vaddr_t at)
{
	uint32_t size;
	uint8_t more;
	memset(attr, 0, sizeof(*attr));
	if (copy_from_user(&size, at, sizeof(size)) != 0)
		return -EFAULT;
	size = size ? size : SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return attr_size_refused(at);
	for (uint32_t i = sizeof(*attr); i < size; i++) {
		if (copy_from_user(&more, at + i, 1) != 0)
			return -EFAULT;
		if (more)
			return attr_size_refused(at);
	}
	if (copy_from_user(attr, at, MIN(size, sizeof(*attr))) != 0)
		return -EFAULT;
	if (attr->flags & SCHED_FLAG_UTIL_CLAMP)
		return size < sizeof(*attr) ? -EINVAL : -EOPNOTSUPP;
	attr->nice = MAX(-20, MIN(19, attr->nice));
	return 0;
}

static int64_t attr_set(struct thread *t, uint64_t arg)
{
	const struct abi_sched_attr *attr = (const struct abi_sched_attr *)arg;
	bool keep = attr->flags & SCHED_FLAG_KEEP_PARAMS;
	int policy = attr->flags & SCHED_FLAG_KEEP_POLICY ? t->policy & ~SCHED_RESET_ON_FORK : (int)attr->policy;
	int nice = keep || policy == SCHED_IDLE ? t->proc->nice : attr->nice; /* an idle thread is not nicer or less so */
	uint32_t priority = keep ? 0 : attr->priority;
	if (attr->flags & ~(uint64_t)SCHED_FLAG_ALL || priority > 99 || policy_realtime(policy) != !!priority)
		return -EINVAL;
	if (policy_realtime(policy) || policy == SCHED_DEADLINE)
		return -EPERM;
	if (!policy_ordinary(policy))
		return -EINVAL;
	bool lower = nice < t->proc->nice && (uint64_t)(20 - nice) > t->proc->rlimit[RLIMIT_NICE].rlim_cur;
	if (!may_schedule(t) || (lower && !capable(CAP_SYS_NICE)))
		return -EPERM;
	bool resets = attr->flags & SCHED_FLAG_KEEP_POLICY ? t->policy & SCHED_RESET_ON_FORK
	                                                  : attr->flags & SCHED_FLAG_RESET_ON_FORK;
	if (keep) /* as on Linux, the policy too */
		policy = t->policy & ~SCHED_RESET_ON_FORK;
	policy |= resets ? SCHED_RESET_ON_FORK : 0;
	if (!may_leave_policy(t, policy))
		return -EPERM;
	t->policy = policy;
	t->proc->nice = nice;
	return 0;
}

SYSCALL(sched_setattr)
{
	struct abi_sched_attr attr;
	if (!b || (int)a < 0 || c)
		return -EINVAL;
	int err = attr_read(&attr, b);
	if (!err && (int)attr.policy < 0)
		err = -EINVAL;
	return err ? err : with_thread(a, attr_set, (uint64_t)&attr);
}

static int64_t attr_get(struct thread *t, uint64_t arg)
{
	struct abi_sched_attr *attr = (struct abi_sched_attr *)arg;
	attr->policy = t->policy & ~SCHED_RESET_ON_FORK;
	attr->flags = t->policy & SCHED_RESET_ON_FORK ? SCHED_FLAG_RESET_ON_FORK : 0;
	attr->nice = t->proc->nice;
	return 0;
}

SYSCALL(sched_getattr)
{
	struct abi_sched_attr attr = { .size = MIN((uint32_t)c, sizeof(attr)) };
	if (!b || (int)a < 0 || (uint32_t)c > PAGE_SIZE || (uint32_t)c < SCHED_ATTR_SIZE_VER0 || d)
		return -EINVAL;
	int64_t err = with_thread(a, attr_get, (uint64_t)&attr);
	return err ? err : copy_to_user(b, &attr, attr.size);
}
