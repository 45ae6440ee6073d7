/* SPDX-License-Identifier: MIT */
/*
 * System calls about signals. task/signal.c does the work; here arguments are checked and copied. Sets of signals are
 * 64 bits, and every call that takes one takes its size too, which must be 8.
 */
#include <abi/errno.h>
#include <abi/signal.h>

#include "file/file.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "sys/time.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define SIGSET_SIZE 8
#define SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | \
                  SA_EXPOSE_TAGBITS | SA_RESTORER)

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
	signal_set_action(signo, b ? &sa : NULL, &old);
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

/* What Linux makes its programs call after a stop; here such calls are entered anew themselves, so none is pending. */
SYSCALL(restart_syscall) { return -EINTR; }

SYSCALL(rt_sigpending)
{
	struct thread *t = thread_current();
	if (b > SIGSET_SIZE)
		return -EINVAL;
	spin_lock(&t->proc->lock);
	uint64_t set = (t->sigpending.set | t->proc->sigpending.set) & t->sigmask;
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

/* ---- waiting for signals ---- */

SYSCALL(rt_sigtimedwait)
{
	struct abi_siginfo info;
	uint64_t these, deadline = NO_DEADLINE, ns = 1;
	if (d != SIGSET_SIZE)
		return -EINVAL;
	if (copy_from_user(&these, a, sizeof(these)) != 0)
		return -EFAULT;
	int err = c ? timespec_read(c, &ns) : 0;
	if (err)
		return err;
	if (c)
		deadline = clock_now_ns() + ns;
	int signo = signal_wait(these & ~SIGMASK_UNBLOCKABLE, ns, deadline, &info);
	return signo > 0 && b && copy_to_user(b, &info, sizeof(info)) != 0 ? -EFAULT : signo;
}

/* ---- sending ---- */

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

/*
 * The first thread's number names the process as long as it has not been waited for, and takes signals that do nothing.
 */
static int thread_signal_locked(struct proc *p, int tid, int signo, const struct abi_siginfo *info)
{
	spin_lock(&p->lock);
	struct thread *found = thread_find_locked(p, tid);
	int err = found ? signal_send_thread_locked(found, signo, info) : tid == p->pid ? signal_check(p, signo, info)
	                                                                                : -ESRCH;
	spin_unlock(&p->lock);
	return err;
}

/* tgid 0: in whatever process. */
static int64_t send_to_thread(int tgid, int tid, int signo, const struct abi_siginfo *info)
{
	int err = -ESRCH;
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (!tgid || p->pid == tgid)
			err = thread_signal_locked(p, tid, signo, info);
		if (err != -ESRCH)
			break;
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

SYSCALL(tkill)
{
	struct abi_siginfo info = sender(SI_TKILL);
	info.si_signo = b;
	return (int)a <= 0 ? -EINVAL : send_to_thread(0, a, b, &info);
}

SYSCALL(tgkill)
{
	struct abi_siginfo info = sender(SI_TKILL);
	info.si_signo = c;
	return (int)a <= 0 || (int)b <= 0 ? -EINVAL : send_to_thread(a, b, c, &info);
}

/* The codes whose layout is known say all in what the kernel keeps; with others, nothing may stand behind that. */
static bool layout_known(int signo, int code)
{
	if (code == SI_KERNEL || (code >= SI_DETHREAD && code <= SI_USER) || code == SI_ASYNCNL)
		return true;
	int limit = signo == SIGILL ? 11 : signo == SIGFPE ? 15 : signo == SIGSEGV ? 9 : signo == SIGBUS ? 5 :
	            signo == SIGTRAP || signo == SIGCHLD || signo == SIGPOLL ? 6 : signo == SIGSYS ? 2 : 0;
	return limit && code > 0 && code <= limit;
}

static int siginfo_read(struct abi_siginfo *info, vaddr_t at, int signo)
{
	const size_t kept = sizeof(struct abi_siginfo_head);
	const uint8_t *rest = (const uint8_t *)info + kept;
	if (copy_from_user(info, at, sizeof(*info)) != 0)
		return -EFAULT;
	info->si_signo = signo;
	if (layout_known(signo, info->si_code))
		return 0;
	for (size_t i = 0; i < sizeof(*info) - kept; i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

/* Only to itself may a program say what the kernel or tkill would. */
static bool may_claim(const struct abi_siginfo *info, int pid)
{
	return (info->si_code < 0 && info->si_code != SI_TKILL) || thread_current()->tid == pid;
}

SYSCALL(rt_sigqueueinfo)
{
	struct abi_siginfo info;
	int err = siginfo_read(&info, c, b);
	if (err)
		return err;
	if (!may_claim(&info, a))
		return -EPERM;
	return (int)a <= 0 ? -ESRCH : signal_send_pid(a, b, &info);
}

/* Its own process is meant by the first thread alone, as everywhere where the sender may say what it likes. */
static int pidfd_siginfo(struct abi_siginfo *info, vaddr_t at, int signo, int pid)
{
	int32_t claimed;
	int err = siginfo_read(info, at, signo);
	if (!err && copy_from_user(&claimed, at, sizeof(claimed)) != 0)
		err = -EFAULT;
	if (err)
		return err;
	return claimed != signo ? -EINVAL : may_claim(info, pid) ? 0 : -EPERM;
}

SYSCALL(pidfd_send_signal)
{
	struct abi_siginfo info = sender(SI_USER);
	struct file *file = (uint32_t)d ? NULL : pidfd_get(a);
	if (!file)
		return (uint32_t)d ? -EINVAL : -EBADF;
	info.si_signo = b;
	int err = c ? pidfd_siginfo(&info, c, b, pidfd_number(file)) : 0;
	if (!err) {
		mutex_lock(&proc_tree_lock);
		struct proc *p = pidfd_proc_locked(file);
		err = p ? signal_send_checked(p, p->pid, b, &info) : -ESRCH;
		mutex_unlock(&proc_tree_lock);
	}
	file_put(file);
	return err;
}

SYSCALL(rt_tgsigqueueinfo)
{
	struct abi_siginfo info;
	int err = siginfo_read(&info, d, c);
	if (err)
		return err;
	if ((int)a <= 0 || (int)b <= 0)
		return -EINVAL;
	return may_claim(&info, b) ? send_to_thread(a, b, c, &info) : -EPERM;
}
