/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions.
 *
 *     session  sid    made by setsid; has at most one controlling terminal (file/terminal.c)
 *       group  pgid   what the terminal's keys, kill(-pgid) and a shell's jobs are about
 *         process
 *
 * Both are numbers in the processes, and no objects: a group exists as long as a process has its number.
 *
 * A group is orphaned when no member has a parent in another group of the same session: then nobody could set it going
 * again. It is not stopped by the terminal's signals (sigwork.c). A group that becomes orphaned while a member is
 * stopped is sent SIGHUP and SIGCONT; that happens when a process ends, to its own group or to those of its children.
 *
 * Locks: everything here is under the tree lock. Finding the members is a walk over all processes; shells do it seldom.
 * Rejected: a list for each group, which fork and exit would pay for.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "lib/log.h"

/* Whether p keeps its group from being orphaned. */
static bool connects(const struct proc *p)
{
	const struct proc *parent = p->parent;
	return parent && parent != proc_one && parent->pgid != p->pgid && parent->sid == p->sid;
}

/* except: a process that is about to go; NULL none. */
static bool orphaned_locked(int pgid, const struct proc *except)
{
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid == pgid && p != except && !p->zombie && connects(p))
			return false;
	}
	return true;
}

bool session_group_orphaned(const struct proc *p)
{
	mutex_lock(&proc_tree_lock);
	bool orphaned = orphaned_locked(p->pgid, NULL);
	mutex_unlock(&proc_tree_lock);
	return orphaned;
}

static bool has_stopped_locked(int pgid)
{
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid == pgid && p->stopped)
			return true;
	}
	return false;
}

void session_group_left_locked(const struct proc *p, const struct proc *parent, const struct proc *except)
{
	assert_mutex_held(&proc_tree_lock);
	if (parent->pgid == p->pgid || parent->sid != p->sid || !has_stopped_locked(p->pgid) ||
	    !orphaned_locked(p->pgid, except))
		return;
	session_signal_locked(p->pgid, SIGHUP);
	session_signal_locked(p->pgid, SIGCONT);
}

void session_signal_locked(int pgid, int signo)
{
	assert_mutex_held(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid != pgid || pgid <= 0)
			continue;
		(void)signal_send_proc(p, signo, NULL); /* from the kernel: refused by none */
		p->group_signals++;
	}
}

int session_of_group_locked(int pgid)
{
	assert_mutex_held(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (p->pgid == pgid)
			return p->sid;
	}
	const struct proc *p = proc_find_locked(pgid);
	return p ? p->sid : -ESRCH;
}

static int group_set_locked(struct proc *p, int pgid)
{
	struct proc *self = proc_current();
	if (!p || (p != self && p->parent != self))
		return -ESRCH;
	if (p->sid != self->sid)
		return -EPERM;
	if (p != self && p->execed)
		return -EACCES;
	if (p->sid == p->pid)
		return -EPERM;
	bool exists = pgid == p->pid;
	list_for_each(n, &proc_all) {
		const struct proc *q = list_entry(n, struct proc, all_link);
		exists |= q->pgid == pgid && q->sid == self->sid;
	}
	if (exists)
		proc_join_locked(p, pgid, p->sid);
	return exists ? 0 : -EPERM;
}

int session_set_group(int pid, int pgid)
{
	pid = pid ? pid : proc_current()->pid;
	pgid = pgid ? pgid : pid;
	if (pgid < 0)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_of_thread_locked(pid);
	int err = p && p->pid != pid ? -EINVAL : group_set_locked(p, pgid);
	mutex_unlock(&proc_tree_lock);
	return err;
}

int session_create(void)
{
	struct proc *p = proc_current();
	bool leads = false;
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all)
		leads |= list_entry(n, struct proc, all_link)->pgid == p->pid;
	if (!leads) {
		proc_join_locked(p, p->pid, p->pid);
		p->no_terminal = false;
	}
	mutex_unlock(&proc_tree_lock);
	return leads ? -EPERM : p->pid;
}

int session_numbers(int pid, int *pgid)
{
	mutex_lock(&proc_tree_lock);
	const struct proc *p = pid ? proc_of_thread_locked(pid) : proc_current();
	int sid = p ? p->sid : -ESRCH;
	*pgid = p ? p->pgid : -ESRCH;
	mutex_unlock(&proc_tree_lock);
	return sid;
}
