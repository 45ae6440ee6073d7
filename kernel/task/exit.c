/* SPDX-License-Identifier: MIT */
/*
 * How processes end and how parents hear of it.
 *
 * A process ends when somebody decides its status (exit_group, a fatal signal): the first to do so, under p->lock,
 * sets p->exiting and gives every other thread PENDING_KILL, which ends its wait or brings it out of user mode, and
 * it then leaves through thread_exit. Each thread first pays what it owes to others in the memory that they share
 * (robust.c). The last one to leave lets go of what the process owns, in this order:
 *
 *   devices   stopped first, so that no DMA reaches frames that are about to be freed
 *   files     receive rights close here: clients of a dead server get EPIPE
 *   space     memory is unmapped and freed
 *   vfork     the parent may run again
 *   tree      children go to init; the process becomes a zombie; the parent is told
 *
 * In all this it may sleep for servers. A thread that has begun to leave is on no list any more, so nobody can kill it,
 * and its own PENDING_KILL has been cleared: closing is carried out rather than interrupted. A server that never
 * answers can itself be killed, which ends the wait.
 *
 * A thread that ends alone, by exit(2), decides nothing, unless it is the last to do so: then its code is the status.
 *
 * The number of a process is free again when it has been waited for and its first thread is gone; until then it is
 * not reused. A parent that ignores SIGCHLD (or asks for SA_NOCLDWAIT) has no zombies.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/wait.h>

#include "file/file.h"
#include "ipc/ipc_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vm/vm.h"

void proc_kill_threads_locked(struct proc *p, int status)
{
	assert_spin_held(&p->lock);
	if (p->exiting)
		return;
	p->exiting = true;
	p->stopped = false;
	p->status = status;
	list_for_each(n, &p->threads) {
		struct thread *t = list_entry(n, struct thread, proc_link);
		__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
		thread_kick(t);
	}
}

noreturn void proc_exit(int status)
{
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	proc_kill_threads_locked(p, status);
	spin_unlock(&p->lock);
	thread_exit();
}

void proc_release_vfork(struct proc *p)
{
	spin_lock(&p->vfork_wait.lock);
	p->vfork_done = true;
	spin_unlock(&p->vfork_wait.lock);
	wait_wake_all(&p->vfork_wait);
}

static void reparent_children_locked(struct proc *p)
{
	struct list *n;
	bool zombies = false;
	while ((n = list_pop_front(&p->children))) {
		struct proc *child = list_entry(n, struct proc, sibling);
		child->parent = proc_one;
		child->ppid = proc_one->pid;
		child->exit_signal = SIGCHLD; /* what it was cloned with is between it and the parent that is gone */
		list_push_back(&proc_one->children, &child->sibling);
		zombies |= child->zombie;
	}
	if (zombies) {
		signal_send_proc(proc_one, SIGCHLD, NULL);
		wait_wake_all(&proc_one->child_wait);
	}
}

static bool parent_wants_no_zombie(struct proc *parent)
{
	spin_lock(&parent->lock);
	const struct abi_sigaction *sa = &parent->actions[SIGCHLD - 1];
	bool none = sa->handler == 1 || sa->flags & SA_NOCLDWAIT;
	spin_unlock(&parent->lock);
	return none;
}

void proc_notify_parent(struct proc *p, int code, int status)
{
	assert_mutex_held(&proc_tree_lock);
	struct proc *parent = p->parent;
	if (!parent)
		return;
	struct abi_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	info.child.pid = p->pid;
	info.child.uid = p->uid;
	info.child.status = status;
	info.child.utime = p->utime_ns / (NSEC_PER_SEC / CLOCK_TICKS);
	bool stop = code == CLD_STOPPED || code == CLD_CONTINUED;
	spin_lock(&parent->lock);
	bool quiet = stop && parent->actions[SIGCHLD - 1].flags & SA_NOCLDSTOP;
	spin_unlock(&parent->lock);
	if (p->exit_signal && !quiet)
		signal_send_proc(parent, stop ? SIGCHLD : p->exit_signal, &info);
	wait_wake_all(&parent->child_wait);
}

/* The process is a zombie from here on; its parent may free it at any moment after the unlock. */
static void become_zombie(struct proc *p)
{
	mutex_lock(&proc_tree_lock);
	if (p == proc_one)
		panic("init ended with status 0x%x", p->status);
	reparent_children_locked(p);
	p->zombie = true;
	bool unwanted = parent_wants_no_zombie(p->parent);
	proc_notify_parent(p, WTERMSIG(p->status) ? CLD_KILLED : CLD_EXITED,
	                   WTERMSIG(p->status) ? WTERMSIG(p->status) : WEXITSTATUS(p->status));
	if (unwanted)
		proc_unlink_locked(p);
	mutex_unlock(&proc_tree_lock);
	if (unwanted)
		proc_put(p);
}

static void proc_teardown(struct proc *p)
{
	struct thread *t = thread_current();
	device_stop_all(p->pid);
	spin_lock(&p->lock);
	struct fdtable *files = p->files;
	p->files = NULL;
	spin_unlock(&p->lock);
	fdtable_put(files);
	spin_lock(&p->lock);
	struct space *s = p->space;
	struct file *exe = p->exe;
	struct node *cwd = p->cwd_node;
	p->space = NULL;
	p->exe = NULL;
	p->cwd_node = NULL;
	spin_unlock(&p->lock);
	if (exe)
		file_put(exe);
	if (cwd)
		node_put(cwd);
	t->space = NULL;
	space_load(NULL);
	if (s)
		space_put(s);
	proc_release_vfork(p);
	become_zombie(p);
}

/* From here on no signal finds the thread. The process does not end, though, before its count of threads falls. */
static void leave_threads(struct proc *p, struct thread *t)
{
	spin_lock(&p->lock);
	list_remove(&t->proc_link);
	if (list_empty(&p->threads) && !p->exiting) {
		p->exiting = true;
		p->status = t->exit_status;
	} else {
		signal_hand_over_locked(p, ~t->sigmask);
	}
	spin_unlock(&p->lock);
	__atomic_store_n(&t->pending, 0, __ATOMIC_SEQ_CST);
	if (t->space && (t->robust_list || t->clear_child_tid))
		thread_release_memory(t);
}

noreturn void thread_exit(void)
{
	struct thread *t = thread_current();
	struct proc *p = t->proc;
	if (p) {
		leave_threads(p, t);
		t->ticks_ns += clock_now_ns() - t->started_ns;
		t->started_ns = clock_now_ns();
		spin_lock(&p->lock);
		p->utime_ns += t->ticks_ns;
		bool last = --p->nthreads == 0;
		spin_unlock(&p->lock);
		if (last)
			proc_teardown(p);
		else
			wait_wake_all(&p->stop_wait); /* execve may wait for us */
		t->space = NULL;
	}
	t->state = THREAD_DEAD;
	sched_block();
	panic("a dead thread ran again");
}

/* ---- wait4 ---- */

static void timeval_set(struct abi_timeval *tv, uint64_t ns)
{
	tv->tv_sec = ns / NSEC_PER_SEC;
	tv->tv_usec = ns % NSEC_PER_SEC / 1000;
}

void proc_usage(struct proc *p, bool children, struct abi_rusage *usage)
{
	memset(usage, 0, sizeof(*usage));
	timeval_set(&usage->ru_utime, children ? p->cutime_ns : proc_cpu_ns(p));
	timeval_set(&usage->ru_stime, children ? p->cstime_ns : p->stime_ns);
	usage->ru_minflt = children ? p->cminflt : p->minflt;
	usage->ru_majflt = children ? p->cmajflt : p->majflt;
	struct space *s = children ? NULL : proc_space_get(p);
	if (s) {
		usage->ru_maxrss = s->resident * (PAGE_SIZE / 1024);
		space_put(s);
	}
}

static bool wait_matches(struct proc *self, struct proc *child, int pid)
{
	if (pid > 0)
		return child->pid == pid;
	return pid == -1 || child->pgid == (pid == 0 ? self->pgid : -pid);
}

static void reap_locked(struct proc *self, struct proc *child, struct abi_rusage *usage)
{
	proc_usage(child, false, usage);
	self->cutime_ns += child->utime_ns + child->cutime_ns;
	self->cstime_ns += child->stime_ns + child->cstime_ns;
	self->cminflt += child->minflt + child->cminflt;
	self->cmajflt += child->majflt + child->cmajflt;
	proc_unlink_locked(child);
}

/* One look at the children: a pid with its status, 0 when none has anything to tell, -ECHILD. *dead: to be put. */
static int wait_scan_locked(struct proc *self, int pid, int *status, int options, struct abi_rusage *usage, struct proc **dead)
{
	bool any = false;
	list_for_each(n, &self->children) {
		struct proc *child = list_entry(n, struct proc, sibling);
		if (!wait_matches(self, child, pid))
			continue;
		any = true;
		if (child->zombie) {
			*status = child->status;
			*dead = child;
			reap_locked(self, child, usage);
			return child->pid;
		}
		int report = child->stop_report;
		if (report && options & (report == 0xffff ? WCONTINUED : WUNTRACED)) {
			child->stop_report = 0;
			*status = report;
			proc_usage(child, false, usage);
			return child->pid;
		}
	}
	return any ? 0 : -ECHILD;
}

int proc_wait(int pid, int *status, int options, struct abi_rusage *usage)
{
	struct proc *self = proc_current(), *dead = NULL;
	int err = 0, found;
	mutex_lock(&proc_tree_lock);
	for (;;) {
		found = wait_scan_locked(self, pid, status, options, usage, &dead);
		if (found || options & WNOHANG || err)
			break;
		err = wait_on_mutex(&self->child_wait, &proc_tree_lock, WAIT_SIGNALS, NO_DEADLINE);
	}
	mutex_unlock(&proc_tree_lock);
	if (dead)
		proc_put(dead);
	return found ? found : err ? -ERESTARTSYS : 0;
}
