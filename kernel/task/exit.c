/* SPDX-License-Identifier: MIT */
/*
 * How processes end. (How their parents hear of it: child.c.)
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
 * not reused.
 */
#include "task/task_impl.h"

#include "file/file.h"
#include "file/terminal.h"
#include "ipc/ipc_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vm/vm.h"
#include "sysv/sysv.h"

volatile uint32_t procs_ending;

/* From here on its memory is on its way back, which those who find none wait for (vm/reclaim.c). */
static void ending_locked(struct proc *p, int status)
{
	p->exiting = p->counted_ending = true;
	p->status = status;
	__atomic_add_fetch(&procs_ending, 1, __ATOMIC_RELAXED);
}

static void memory_is_back(struct proc *p)
{
	spin_lock(&p->lock);
	p->counted_ending = false;
	__atomic_sub_fetch(&procs_ending, 1, __ATOMIC_RELAXED);
	spin_unlock(&p->lock);
}

void proc_kill_threads_locked(struct proc *p, int status)
{
	assert_spin_held(&p->lock);
	if (p->exiting)
		return;
	ending_locked(p, status);
	p->stopped = false;
	p->stop_report = 0;
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

/*
 * No other thread finds this one any more. It may sleep for a server, so it comes while the thread is still counted: the
 * space that it returns to lives as long as the process has threads.
 */
static void leave_directory(struct thread *t)
{
	cwd_put(t->cwd);
	t->cwd = NULL;
}

static void proc_teardown(struct proc *p)
{
	struct thread *t = thread_current();
	if (p == proc_one)
		panic("init ended with status 0x%x", p->status);
	device_stop_all(p->pid);
	proc_alarms_end(p);
	terminal_session_ends(p);
	spin_lock(&p->lock);
	struct fdtable *files = p->files;
	p->files = NULL;
	spin_unlock(&p->lock);
	fdtable_leave(files);
	sem_exit(p);
	spin_lock(&p->lock);
	signal_queue_drop(&p->sigpending, ~0ull);
	struct space *s = p->space;
	struct file *exe = p->exe;
	p->space = NULL;
	p->exe = NULL;
	spin_unlock(&p->lock);
	if (exe)
		file_put(exe);
	t->space = NULL;
	space_load(NULL);
	if (s) {
		p->used.peak_resident = MAX(p->used.peak_resident, MAX(s->peak_resident, s->resident));
		space_put(s);
	}
	memory_is_back(p);
	proc_release_vfork(p);
	child_end(p);
}

/* From here on no signal finds the thread. The process does not end, though, before its count of threads falls. */
static void leave_threads(struct proc *p, struct thread *t)
{
	spin_lock(&p->lock);
	list_remove(&t->proc_link);
	if (t->tid != p->pid)
		pid_set_owner(t->tid, NULL);
	signal_queue_drop(&t->sigpending, ~0ull);
	if (list_empty(&p->threads) && !p->exiting)
		ending_locked(p, t->exit_status);
	else
		signal_hand_over_locked(p, ~t->sigmask);
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
		if (p->nthreads > 1 && !list_empty(&p->children))
			child_thread_ends(p, t->tid);
		leave_directory(t);
		spin_lock(&p->lock);
		spent_add_thread(&p->used, t);
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
