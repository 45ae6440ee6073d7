/* SPDX-License-Identifier: MIT */
/*
 * The owner of a file: the thread, process or group that is to be told by a signal when something happens to it
 * (F_SETOWN of fcntl(2); file/async.c says when).
 *
 * An owner is a number and is looked up at each signal, so it keeps nobody from ending. It has the user numbers of who
 * named it: a signal reaches only those to whom he might have sent it then. Rejected: a reference to the process, which
 * every exit would have to look for.
 *
 * Locks: the tree lock, under which the members of a group are found. No other lock may be held.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/fcntl.h>

static bool in_group_locked(int number, bool session)
{
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid == number || (session && p->sid == number))
			return true;
	}
	return false;
}

int signal_owner_set(struct signal_owner *o, int kind, int number)
{
	const struct proc *self = proc_current();

	if (number < 0)
		return -ESRCH;
	mutex_lock(&proc_tree_lock);
	bool known = !number || proc_of_thread_locked(number) || in_group_locked(number, true);
	mutex_unlock(&proc_tree_lock);
	if (!known)
		return -ESRCH;
	*o = (struct signal_owner){ kind, number, self->uid, self->euid };
	return 0;
}

int signal_owner_number(const struct signal_owner *o)
{
	if (!o->number)
		return 0;
	mutex_lock(&proc_tree_lock);
	bool there = o->kind == F_OWNER_PGRP  ? in_group_locked(o->number, false)
	             : o->kind == F_OWNER_PID ? proc_find_locked(o->number) != NULL
	                                      : proc_of_thread_locked(o->number) != NULL;
	mutex_unlock(&proc_tree_lock);
	return there ? o->number : 0;
}

static bool may_tell(const struct signal_owner *o, const struct proc *p)
{
	return !o->euid || o->euid == p->suid || o->euid == p->uid || o->uid == p->suid || o->uid == p->uid;
}

/* tid: this thread of p, 0: the process. -EAGAIN: too much is pending. */
static int send_locked(struct proc *p, int tid, int signo, const struct abi_siginfo *info)
{
	if (!tid)
		return signal_send_proc(p, signo, info);
	spin_lock(&p->lock);
	struct thread *t = thread_find_locked(p, tid);
	int err = t ? signal_send_thread_locked(t, signo, info) : 0;
	spin_unlock(&p->lock);
	return err;
}

/* A signal of the owner's choice brings the news along; where that has no room, and without a choice, it is SIGIO. */
static void tell_locked(const struct signal_owner *o, struct proc *p, int tid, const struct abi_siginfo *news)
{
	const struct abi_siginfo plain = { .si_signo = SIGIO, .si_code = SI_KERNEL };

	if (may_tell(o, p) && (!news->si_signo || send_locked(p, tid, news->si_signo, news) == -EAGAIN))
		(void)send_locked(p, tid, SIGIO, &plain);
}

void signal_send_owner(const struct signal_owner *o, const struct abi_siginfo *news)
{
	if (!o->number)
		return;
	mutex_lock(&proc_tree_lock);
	if (o->kind == F_OWNER_PGRP) {
		list_for_each(n, &proc_all) {
			struct proc *p = list_entry(n, struct proc, all_link);
			if (p->pgid == o->number)
				tell_locked(o, p, 0, news);
		}
	} else {
		struct proc *p = o->kind == F_OWNER_TID ? proc_of_thread_locked(o->number) : proc_find_locked(o->number);
		if (p)
			tell_locked(o, p, o->kind == F_OWNER_TID ? o->number : 0, news);
	}
	mutex_unlock(&proc_tree_lock);
}
