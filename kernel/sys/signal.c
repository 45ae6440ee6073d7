/* SPDX-License-Identifier: MIT */
/*
 * System calls about signals. task/signal.c does the work; here arguments are checked and copied. Sets of signals are
 * 64 bits, and every call that takes one takes its size too, which must be 8.
 */
#include <abi/errno.h>
#include <abi/signal.h>

#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define SIGSET_SIZE 8
#define SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | \
                  SA_EXPOSE_TAGBITS | SA_RESTORER)

/* A new action: forget what is pending if it is now ignored. */
static void action_set(struct proc *p, int signo, const struct abi_sigaction *sa, struct abi_sigaction *old)
{
	spin_lock(&p->lock);
	*old = p->actions[signo - 1];
	if (sa) {
		p->actions[signo - 1] = *sa;
		p->actions[signo - 1].mask &= ~SIGMASK_UNBLOCKABLE;
		bool ignored = sa->handler == 1 || (sa->handler == 0 && signal_default_ignores(signo));
		if (ignored) {
			p->sigpending &= ~SIGBIT(signo);
			list_for_each(n, &p->threads)
				list_entry(n, struct thread, proc_link)->sigpending &= ~SIGBIT(signo);
		}
	}
	spin_unlock(&p->lock);
}

SYSCALL(rt_sigaction)
{
	int signo = a;
	struct abi_sigaction sa = { .flags = 0 }, old;
	if (d != SIGSET_SIZE)
		return -EINVAL;
	if (b && copy_from_user(&sa, b, sizeof(sa)) != 0)
		return -EFAULT;
	if (signo < 1 || signo > ABI_NSIG || (b && SIGBIT(signo) & SIGMASK_UNBLOCKABLE))
		return -EINVAL;
	sa.flags &= SA_KNOWN;
	action_set(proc_current(), signo, b ? &sa : NULL, &old);
	return c ? copy_to_user(c, &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigprocmask)
{
	unsigned how = a;
	uint64_t old = thread_current()->sigmask, set = 0;
	if (d != SIGSET_SIZE)
		return -EINVAL;
	if (b && copy_from_user(&set, b, sizeof(set)) != 0)
		return -EFAULT;
	if (b && how > SIG_SETMASK)
		return -EINVAL;
	if (b)
		signal_set_mask(how == SIG_BLOCK ? old | set : how == SIG_UNBLOCK ? old & ~set : set);
	return c ? copy_to_user(c, &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigreturn)
{
	struct trap_frame *frame = arch_thread_frame(&thread_current()->arch);
	if (signal_frame_pop(frame) != 0)
		signal_force(SIGSEGV, SI_KERNEL, 0);
	return frame->rax;
}

SYSCALL(rt_sigsuspend)
{
	struct thread *t = thread_current();
	uint64_t set;
	if (b != SIGSET_SIZE)
		return -EINVAL;
	if (copy_from_user(&set, a, sizeof(set)) != 0)
		return -EFAULT;
	t->saved_sigmask = t->sigmask;
	t->restore_sigmask = true;
	signal_set_mask(set);
	wait_begin(WAIT_SIGNALS);
	wait_end(NULL, NO_DEADLINE);
	return -ERESTARTNOHAND;
}

SYSCALL(pause)
{
	wait_begin(WAIT_SIGNALS);
	wait_end(NULL, NO_DEADLINE);
	return -ERESTARTNOHAND;
}

SYSCALL(rt_sigpending)
{
	struct thread *t = thread_current();
	if (b > SIGSET_SIZE)
		return -EINVAL;
	spin_lock(&t->proc->lock);
	uint64_t set = (t->sigpending | t->proc->sigpending) & t->sigmask;
	spin_unlock(&t->proc->lock);
	return copy_to_user(a, &set, b);
}

SYSCALL(sigaltstack)
{
	struct thread *t = thread_current();
	vaddr_t sp = arch_thread_frame(&t->arch)->rsp;
	struct abi_stack new, old = t->altstack;
	old.ss_flags = signal_altstack_state(t, sp) | (t->altstack.ss_flags & SS_AUTODISARM);
	if (a && copy_from_user(&new, a, sizeof(new)) != 0)
		return -EFAULT;
	int err = a ? signal_altstack_set(t, sp, &new) : 0;
	return err || !b ? err : copy_to_user(b, &old, sizeof(old));
}

static struct abi_siginfo sender(int code)
{
	struct abi_siginfo info = { .si_code = code };
	info.child.pid = proc_current()->pid;
	info.child.uid = proc_current()->uid;
	return info;
}

SYSCALL(kill)
{
	struct abi_siginfo info = sender(SI_USER);
	info.si_signo = b;
	return (int)a == INT32_MIN ? -ESRCH : signal_send_pid(a, b, &info);
}

static int thread_signal_locked(struct proc *p, int tid, int signo, const struct abi_siginfo *info)
{
	struct thread *found = NULL;
	spin_lock(&p->lock);
	list_for_each(n, &p->threads)
		if (list_entry(n, struct thread, proc_link)->tid == tid)
			found = list_entry(n, struct thread, proc_link);
	int err = found ? signal_send_thread_locked(found, signo, info) : -ESRCH;
	spin_unlock(&p->lock);
	return err;
}

/* tgid 0: in whatever process. */
static int64_t send_to_thread(int tgid, int tid, int signo)
{
	struct abi_siginfo info = sender(SI_TKILL);
	int err = -ESRCH;
	info.si_signo = signo;
	if (tid <= 0)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (!tgid || p->pid == tgid)
			err = thread_signal_locked(p, tid, signo, &info);
		if (err != -ESRCH)
			break;
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

SYSCALL(tkill)
{
	return send_to_thread(0, a, b);
}

SYSCALL(tgkill)
{
	return (int)a <= 0 ? -EINVAL : send_to_thread(a, b, c);
}
