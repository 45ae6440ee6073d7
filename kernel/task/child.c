/* SPDX-License-Identifier: MIT */
/*
 * Parents and children: telling of ends, stops and continuations; waiting for them; orphans.
 *
 * A child has up to two things to tell: that it has ended (it is a zombie), or that it has stopped or gone on
 * (stop_report, the last of which counts; it is there from the moment in which the child has stopped, or was sent
 * SIGCONT). Each is told twice: by a signal, which nobody need wait for, and to whoever waits (wait4, waitid).
 *
 * A parent that ignores SIGCHLD, or has set SA_NOCLDWAIT for it, has no zombies: such a child is freed as soon as it
 * has told. What a child was cloned with instead of SIGCHLD makes it one of a second kind, which only __WCLONE and
 * __WALL wait for.
 *
 * When a process ends its children become those of the next ancestor that asked for orphans (PR_SET_CHILD_SUBREAPER),
 * or of the first process, which hears of the zombies among them.
 *
 * Locks: all under the tree lock; stop_report is under the child's, for signals are sent without the tree lock.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/wait.h>

#include "file/file.h"
#include "lib/string.h"
#include "vm/vm.h"

/* ---- telling ---- */

static struct abi_siginfo child_info(struct proc *p, int code, int status)
{
	const uint64_t tick = NSEC_PER_SEC / CLOCK_TICKS;
	struct abi_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	info.child.pid = p->pid;
	info.child.uid = p->uid;
	info.child.status = status;
	struct spent own = proc_spent(p);
	info.child.utime = own.user_ns / tick;
	info.child.stime = own.system_ns / tick;
	return info;
}

static void tell_stop_locked(struct proc *p, int code, int status)
{
	struct proc *parent = p->parent;
	if (!parent)
		return;
	struct abi_siginfo info = child_info(p, code, status);
	spin_lock(&parent->lock);
	bool quiet = parent->actions->of[SIGCHLD - 1].flags & SA_NOCLDSTOP;
	spin_unlock(&parent->lock);
	if (!quiet)
		(void)signal_send_proc_at(parent, p->parent_tid, SIGCHLD, &info); /* a standard signal is never refused */
	wait_wake_all(&parent->child_wait);
}

void child_tell_stopped(struct proc *p, int signo)
{
	mutex_lock(&proc_tree_lock);
	tell_stop_locked(p, CLD_STOPPED, signo);
	mutex_unlock(&proc_tree_lock);
}

void child_tell_continued(struct proc *p)
{
	mutex_lock(&proc_tree_lock);
	tell_stop_locked(p, CLD_CONTINUED, SIGCONT);
	mutex_unlock(&proc_tree_lock);
}

static int end_code(int status) { return WTERMSIG(status) ? CLD_KILLED : CLD_EXITED; }
static int end_status(int status) { return WTERMSIG(status) ? WTERMSIG(status) : WEXITSTATUS(status); }

/* -> whether nobody will wait for it */
static bool tell_end_locked(struct proc *p)
{
	struct proc *parent = p->parent;
	struct abi_siginfo info = child_info(p, end_code(p->status), end_status(p->status));
	int signo = p->exit_signal;
	bool unwanted = false;
	if (signo == SIGCHLD) {
		spin_lock(&parent->lock);
		const struct abi_sigaction *sa = &parent->actions->of[SIGCHLD - 1];
		bool ignored = sa->handler == HANDLER_IGNORE;
		unwanted = ignored || sa->flags & SA_NOCLDWAIT;
		spin_unlock(&parent->lock);
		if (ignored)
			signo = 0;
	}
	if (signo)
		(void)signal_send_proc_at(parent, p->parent_tid, signo, &info); /* of a real-time one there may be too many */
	wait_wake_all(&parent->child_wait);
	return unwanted;
}

/* ---- ending ---- */

static struct proc *reaper_of(const struct proc *p)
{
	struct proc *a = p->parent;
	while (a != proc_one && (!a->subreaper || a->zombie))
		a = a->parent;
	return a;
}

static void bury_locked(struct proc *p, struct list *dead)
{
	proc_unlink_locked(p);
	list_push_back(dead, &p->sibling);
}

static void tell_death(struct proc *child, const struct proc *p)
{
	struct abi_siginfo info = { .si_code = SI_USER, .child.pid = p->pid, .child.uid = p->uid };
	if (child->death_signal)
		(void)signal_send_proc(child, child->death_signal, &info);
}

void child_thread_ends(struct proc *p, int tid)
{
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &p->children) {
		struct proc *child = list_entry(n, struct proc, sibling);
		if (child->parent_tid != tid)
			continue;
		child->parent_tid = 0;
		tell_death(child, p);
	}
	mutex_unlock(&proc_tree_lock);
}

static void orphan_locked(struct proc *child, struct proc *p, struct proc *reaper, struct list *dead)
{
	tell_death(child, p);
	list_remove(&child->sibling);
	list_push_back(&reaper->children, &child->sibling);
	child->parent = reaper;
	child->ppid = reaper->pid;
	child->parent_tid = reaper->pid;
	child->exit_signal = SIGCHLD; /* what it was cloned with is between it and the parent that is gone */
	if (!child->zombie)
		session_group_left_locked(child, p, NULL);
	else if (tell_end_locked(child))
		bury_locked(child, dead);
}

void child_end(struct proc *p)
{
	struct list dead = LIST_INIT(dead), *n;
	mutex_lock(&proc_tree_lock);
	struct proc *reaper = reaper_of(p);
	list_for_each_safe(c, &p->children)
		orphan_locked(list_entry(c, struct proc, sibling), p, reaper, &dead);
	session_group_left_locked(p, p->parent, p);
	p->zombie = true;
	pidfds_ended_locked(p);
	if (tell_end_locked(p))
		bury_locked(p, &dead);
	mutex_unlock(&proc_tree_lock);
	while ((n = list_pop_front(&dead)))
		proc_put(list_entry(n, struct proc, sibling));
}

/* ---- usage ---- */

static void timeval_set(struct abi_timeval *tv, uint64_t ns)
{
	tv->tv_sec = ns / NSEC_PER_SEC;
	tv->tv_usec = ns % NSEC_PER_SEC / 1000;
}

static uint64_t peak_now(struct proc *p)
{
	spin_lock(&p->lock); /* it has its space as long as it shows it */
	struct space *s = p->space;
	uint64_t peak = s ? MAX(s->peak_resident, s->resident) : 0;
	spin_unlock(&p->lock);
	return peak;
}

#define SECTOR 512 /* what ru_inblock and ru_oublock count */

static void rusage_set(struct abi_rusage *usage, const struct spent *u)
{
	memset(usage, 0, sizeof(*usage));
	timeval_set(&usage->ru_utime, u->user_ns);
	timeval_set(&usage->ru_stime, u->system_ns);
	usage->ru_minflt = u->minflt;
	usage->ru_majflt = u->majflt;
	usage->ru_inblock = u->read_pages * (PAGE_SIZE / SECTOR);
	usage->ru_oublock = u->dirtied_pages * (PAGE_SIZE / SECTOR);
	usage->ru_nvcsw = u->nvcsw;
	usage->ru_nivcsw = u->nivcsw;
	usage->ru_maxrss = u->peak_resident * (PAGE_SIZE / 1024);
}

void proc_usage(struct proc *p, enum usage_of of, struct abi_rusage *usage)
{
	struct spent u = { .user_ns = 0 };
	if (of != USAGE_CHILDREN) {
		u = proc_spent(p);
		u.peak_resident = MAX(u.peak_resident, peak_now(p));
	}
	if (of != USAGE_SELF)
		spent_add(&u, &p->children_used);
	rusage_set(usage, &u);
}

void thread_usage(struct abi_rusage *usage)
{
	const struct thread *t = thread_current();
	struct spent u = { .peak_resident = peak_now(t->proc) };
	spent_add_thread(&u, t);
	rusage_set(usage, &u);
}

/* ---- waiting ---- */

/* Children that other threads made: __WNOTHREAD. Those of a thread that has ended are the oldest one's. */
static bool of_another_thread(struct proc *self, const struct proc *child)
{
	spin_lock(&self->lock);
	const struct thread *t = thread_find_locked(self, child->parent_tid);
	if (!t)
		t = list_entry(self->threads.next, struct thread, proc_link);
	spin_unlock(&self->lock);
	return t != thread_current();
}

static bool matches(struct proc *self, const struct proc *child, const struct wait_query *q)
{
	if (q->who == WAIT_PID ? child->pid != q->id : q->who == WAIT_GROUP && child->pgid != (q->id ? q->id : self->pgid))
		return false;
	if (q->options & __WNOTHREAD && of_another_thread(self, child))
		return false;
	return q->options & __WALL || (child->exit_signal != SIGCHLD) == !!(q->options & __WCLONE);
}

static void reap_locked(struct proc *self, struct proc *child)
{
	spent_add(&self->children_used, &child->used);
	spent_add(&self->children_used, &child->children_used);
	proc_unlink_locked(child);
}

static void found_set(struct wait_found *found, struct proc *child, int word, int code, int status)
{
	found->pid = child->pid;
	found->uid = child->uid;
	found->word = word;
	found->code = code;
	found->status = status;
	proc_usage(child, USAGE_BOTH, &found->usage);
}

static bool look_at_zombie(struct proc *self, struct proc *child, const struct wait_query *q, struct wait_found *found)
{
	found_set(found, child, child->status, end_code(child->status), end_status(child->status));
	if (q->options & WNOWAIT)
		return true;
	found->dead = child;
	reap_locked(self, child);
	return true;
}

static bool look_at_living(struct proc *child, const struct wait_query *q, struct wait_found *found)
{
	spin_lock(&child->lock);
	int report = child->stop_report;
	bool continued = report == STOP_REPORT_CONTINUED, asked = q->options & (continued ? WCONTINUED : WUNTRACED);
	if (asked && !(q->options & WNOWAIT))
		child->stop_report = 0;
	spin_unlock(&child->lock);
	if (!report || !asked)
		return false;
	found_set(found, child, report, continued ? CLD_CONTINUED : CLD_STOPPED, continued ? SIGCONT : WSTOPSIG(report));
	return true;
}

/* One look at the children. 0: none has anything to tell, or *found says what; -ECHILD: there is nobody to wait for. */
static int scan_locked(struct proc *self, const struct wait_query *q, struct wait_found *found)
{
	int result = -ECHILD;
	list_for_each(n, &self->children) {
		struct proc *child = list_entry(n, struct proc, sibling);
		if (!matches(self, child, q) || (child->zombie && !(q->options & WEXITED)))
			continue;
		result = 0;
		if (child->zombie ? look_at_zombie(self, child, q, found) : look_at_living(child, q, found))
			break;
	}
	return result;
}

int proc_wait(const struct wait_query *q, struct wait_found *found)
{
	struct proc *self = proc_current();
	int err, broken = 0;
	memset(found, 0, sizeof(*found));
	mutex_lock(&proc_tree_lock);
	for (;;) {
		err = scan_locked(self, q, found);
		if (err || found->pid || broken || q->options & WNOHANG)
			break;
		broken = wait_on_mutex(&self->child_wait, &proc_tree_lock, WAIT_SIGNALS, NO_DEADLINE);
	}
	mutex_unlock(&proc_tree_lock);
	if (found->dead)
		proc_put(found->dead);
	return err ? err : !found->pid && broken ? -ERESTARTSYS : 0;
}
