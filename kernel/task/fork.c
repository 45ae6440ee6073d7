/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork and clone: one function, for they differ only in what is shared.
 *
 *                 space          files         actions    directory    process      parent
 *   fork          space_fork     copied table  copied     copied       new          goes on
 *   vfork         the same       copied table  copied     copied       new          waits until the child execs or exits
 *   thread        the same       the same      the same   CLONE_FS     the same     goes on
 *   clone         CLONE_VM       CLONE_FILES   _SIGHAND   CLONE_FS     new          goes on (CLONE_VFORK: waits)
 *
 * The child's register frame is the parent's with rax = 0 (and another stack, where one was given), so it returns
 * from the same system call. Everything that can fail is made before the child can be seen by anybody; undoing is
 * then dropping references. The child enters the tree and a run queue last.
 *
 * A signal to several processes (kill of a group) comes before a fork or after it: one that is pending when the call
 * begins is taken first, and one that was sent before the child entered the tree, where it would have been found, begins
 * the call anew.
 *
 * A shared space is counted (space->refs), so vfork has the real meaning: the child runs on the parent's memory, and
 * its stores are the parent's. Descriptor table, signal actions (actions.c) and working directory with mask (file/cwd.c)
 * are counted likewise, and shared or copied as the flags say. The first two belong to the process and the third to the
 * thread, so threads always share the first two; what the flags may otherwise say of those is refused (docs/limits.md).
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/misc.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

/* The calling thread's registers, vector state and user-visible attributes. */
static struct thread *thread_clone(const struct fork_request *r)
{
	struct thread *self = thread_current();
	struct thread *t = thread_alloc(self->name);
	if (!t)
		return err_ptr(-ENOMEM);
	int tid = pid_alloc();
	if (tid < 0) {
		thread_free(t);
		return err_ptr(tid);
	}
	t->tid = tid;
	arch_thread_init(&t->arch, t->arch.stack, thread_start_user, t);
	struct trap_frame *f = arch_thread_frame(&t->arch);
	*f = *arch_thread_frame(&self->arch);
	f->rax = 0;
	if (r->stack)
		f->rsp = r->stack;
	fpu_save_current();
	memcpy(t->arch.fpu, self->arch.fpu, fpu_size());
	t->arch.fs_base = r->flags & CLONE_SETTLS ? r->tls : self->arch.fs_base;
	t->arch.gs_base = self->arch.gs_base;
	t->arch.iopl = self->arch.iopl;
	t->sigmask = self->sigmask;
	t->affinity = self->affinity;
	t->policy = self->policy & ~SCHED_RESET_ON_FORK;
	t->slack_ns = t->default_slack_ns = self->slack_ns;
	t->mce_kill = self->mce_kill;
	t->io_flusher = self->io_flusher;
	t->fault_trapno = self->fault_trapno;
	t->fault_error = self->fault_error;
	t->fault_cr2 = self->fault_cr2;
	if (!(r->flags & CLONE_VM) || r->flags & CLONE_VFORK)
		t->altstack = self->altstack;
	if (r->flags & CLONE_THREAD)
		t->pager = self->pager;
	t->clear_child_tid = r->flags & CLONE_CHILD_CLEARTID ? r->child_tid : 0;
	t->set_child_tid = r->flags & CLONE_CHILD_SETTID ? r->child_tid : 0;
	t->cwd = r->flags & CLONE_FS ? cwd_share(self->cwd) : cwd_copy(self->cwd);
	if (t->cwd)
		return t;
	thread_free(t);
	return err_ptr(-ENOMEM);
}

/* A thread that has not run. */
static void thread_discard(struct thread *t)
{
	cwd_put(t->cwd);
	thread_free(t);
}

static void copy_identity(struct proc *p, struct proc *self)
{
	p->uid = self->uid;
	p->euid = self->euid;
	p->suid = self->suid;
	p->gid = self->gid;
	p->egid = self->egid;
	p->sgid = self->sgid;
	p->fsuid = self->fsuid;
	p->fsgid = self->fsgid;
	p->caps = self->caps;
	p->groups = group_list_get(self);
	p->personality = self->personality;
	p->no_terminal = self->no_terminal;
	p->nice = thread_current()->policy & SCHED_RESET_ON_FORK ? MAX(self->nice, 0) : self->nice;
	p->no_new_privs = self->no_new_privs;
	p->no_huge_pages = self->no_huge_pages;
	memcpy(p->rlimit, self->rlimit, sizeof(p->rlimit));
	p->oom_score_adj = self->oom_score_adj;
	strlcpy(p->name, self->name, sizeof(p->name));
}

static char *copy_bytes(const char *text, size_t len)
{
	char *copy = len ? kmalloc(len) : NULL;
	if (copy)
		memcpy(copy, text, len);
	return copy;
}

/* What /proc may read meanwhile: under the parent's lock. */
static int copy_names(struct proc *p, struct proc *self)
{
	spin_lock(&self->lock);
	p->cmdline = copy_bytes(self->cmdline, self->cmdline_len);
	p->cmdline_len = p->cmdline ? self->cmdline_len : 0;
	p->exe = self->exe;
	if (p->exe)
		file_get(p->exe);
	spin_unlock(&self->lock);
	return p->cmdline || !self->cmdline_len ? 0 : -ENOMEM;
}

static int copy_space(struct proc *p, struct proc *self, uint64_t flags)
{
	if (flags & CLONE_VM) {
		space_get(self->space);
		p->space = self->space;
		return 0;
	}
	p->space = space_fork(self->space);
	return p->space ? 0 : -ENOMEM;
}

static int copy_files(struct proc *p, struct proc *self, uint64_t flags)
{
	if (flags & CLONE_FILES) {
		fdtable_join(self->files);
		p->files = self->files;
		return 0;
	}
	p->files = fdtable_copy(self->files);
	return p->files ? 0 : -ENOMEM;
}

static int copy_actions(struct proc *p, struct proc *self, uint64_t flags)
{
	if (flags & CLONE_SIGHAND) {
		actions_get(self->actions);
		p->actions = self->actions;
		return 0;
	}
	p->actions = actions_copy(self->actions);
	if (p->actions && flags & CLONE_CLEAR_SIGHAND)
		actions_reset(p->actions);
	return p->actions ? 0 : -ENOMEM;
}

/* A process that nobody has seen. */
static void proc_discard(struct proc *p)
{
	if (p->files)
		fdtable_leave(p->files);
	if (p->space)
		space_put(p->space);
	if (p->exe)
		file_put(p->exe);
	proc_put(p);
}

static struct proc *proc_clone(const struct fork_request *r)
{
	struct proc *self = proc_current();
	struct proc *p = proc_alloc();
	if (!p)
		return NULL;
	copy_identity(p, self);
	p->exit_signal = r->exit_signal;
	if (copy_names(p, self) == 0 && copy_files(p, self, r->flags) == 0 && copy_actions(p, self, r->flags) == 0 &&
	    copy_space(p, self, r->flags) == 0)
		return p;
	proc_discard(p);
	return NULL;
}

int namespaces_check(uint64_t flags)
{
	if (!(flags & CLONE_NAMESPACES))
		return 0;
	return flags & CLONE_NEWUSER || capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
}

/* First what no kernel takes, then what this one does not do. */
static int flags_check(uint64_t flags)
{
	const uint64_t known = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PTRACE | CLONE_VFORK |
		CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
		CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND | CLONE_PIDFD;
	bool thread = flags & CLONE_THREAD, hand = flags & CLONE_SIGHAND;
	if (flags & CLONE_FS && flags & (CLONE_NEWNS | CLONE_NEWUSER))
		return -EINVAL;
	if ((thread && !hand) || (hand && !(flags & CLONE_VM)) || (flags & CLONE_PARENT && proc_current() == proc_one))
		return -EINVAL;
	if (flags & CLONE_PIDFD && flags & (CLONE_DETACHED | CLONE_THREAD))
		return -EINVAL;
	if (flags & ~(known | CLONE_NAMESPACES))
		return -EINVAL;
	if (thread && (!(flags & CLONE_FILES) || flags & (CLONE_VFORK | CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	return flags & CLONE_NEWIPC && flags & CLONE_SYSVSEM ? -EINVAL : namespaces_check(flags);
}

static void vfork_wait(struct proc *child)
{
	for (;;) {
		spin_lock(&child->vfork_wait.lock);
		bool done = child->vfork_done;
		struct thread *t = thread_current();
		if (!done) {
			wait_begin(WAIT_KILLABLE);
			list_push_back(&child->vfork_wait.waiters, &t->wait_link);
		}
		spin_unlock(&child->vfork_wait.lock);
		if (done)
			return;
		int err = wait_end(NULL, NO_DEADLINE);
		spin_lock(&child->vfork_wait.lock);
		list_remove(&t->wait_link);
		spin_unlock(&child->vfork_wait.lock);
		if (err)
			return;
	}
}

/* RLIMIT_NPROC counts the threads of a user; it does not bind root, nor who may go beyond what is set. */
static bool limit_binds(void)
{
	const struct proc *self = proc_current();
	bool exempt = !self->uid || capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN);
	return !exempt && self->rlimit[RLIMIT_NPROC].rlim_cur != RLIM_INFINITY;
}

static uint64_t threads_of_user_locked(uint32_t uid)
{
	uint64_t threads = 0;
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		threads += p->uid != uid ? 0 : MAX(p->nthreads, 1u);
	}
	return threads;
}

/* Whoever adds a thread that counts holds the tree lock from this look until it is added. */
static bool one_too_many_locked(void)
{
	if (likely(!limit_binds()))
		return false;
	const struct proc *self = proc_current();
	return threads_of_user_locked(self->uid) >= self->rlimit[RLIMIT_NPROC].rlim_cur;
}

bool proc_over_limit(unsigned not_counted)
{
	const struct proc *self = proc_current();
	uint64_t limit = self->rlimit[RLIMIT_NPROC].rlim_cur;
	if (limit == RLIM_INFINITY)
		return false;
	mutex_lock(&proc_tree_lock);
	uint64_t threads = threads_of_user_locked(self->uid);
	mutex_unlock(&proc_tree_lock);
	return threads > limit + not_counted;
}

/* Before all the work; who enters looks again, for others may have been quicker. */
static bool one_too_many(void)
{
	if (likely(!limit_binds()))
		return false;
	mutex_lock(&proc_tree_lock);
	bool full = one_too_many_locked();
	mutex_unlock(&proc_tree_lock);
	return full;
}

/* A new thread of this process. -EAGAIN: the process is ending meanwhile, or its user has too many by now. */
static int start_thread(struct thread *t)
{
	struct proc *p = proc_current();
	int tid = t->tid;
	proc_get(p);
	t->proc = p;
	t->space = p->space;
	bool bound = limit_binds(), full = false;
	if (unlikely(bound)) {
		mutex_lock(&proc_tree_lock);
		full = one_too_many_locked();
	}
	spin_lock(&p->lock);
	bool ending = full || p->exiting || thread_killed();
	if (!ending) {
		list_push_back(&p->threads, &t->proc_link);
		p->nthreads++;
		pid_set_owner(tid, p);
		if (p->stopped)
			t->pending = PENDING_SIGNAL;
	}
	spin_unlock(&p->lock);
	if (unlikely(bound))
		mutex_unlock(&proc_tree_lock);
	if (ending) {
		thread_discard(t);
		return -EAGAIN;
	}
	sched_ready(t);
	return tid;
}

/*
 * Into the tree, below this process or (CLONE_PARENT) beside it. since: self->group_signals when the call began; pidfd:
 * means p from now on, and not before, for another thread may have its number; NULL: none
 * -> 0; -EAGAIN: there are too many by now; -ERESTARTNOINTR: the group has been signalled meanwhile
 */
static int enter_tree(struct proc *p, bool beside, unsigned since, struct file *pidfd)
{
	struct proc *self = proc_current();
	mutex_lock(&proc_tree_lock);
	int err = self->group_signals != since ? -ERESTARTNOINTR : one_too_many_locked() ? -EAGAIN : 0;
	if (!err) {
		if (beside)
			p->exit_signal = self->exit_signal;
		proc_join_locked(p, self->pgid, self->sid);
		p->parent_tid = beside ? self->parent_tid : thread_current()->tid;
		proc_link_locked(p, beside ? self->parent : self);
		if (pidfd)
			pidfd_attach_locked(pidfd, p);
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

static int start_process(struct proc *p, struct thread *t, uint64_t flags, unsigned since, struct file *pidfd)
{
	int pid = t->tid;
	bool vfork = flags & CLONE_VFORK;
	p->pid = pid;
	proc_add_thread(p, t);
	int err = enter_tree(p, flags & CLONE_PARENT, since, pidfd);
	if (err) {
		thread_discard(t);
		proc_discard(p);
		return err;
	}
	if (p->rlimit[RLIMIT_CPU].rlim_cur != RLIM_INFINITY) {
		spin_lock(&p->lock);
		proc_cpu_limit_locked(p);
		spin_unlock(&p->lock);
	}
	if (vfork)
		proc_get(p);
	sched_ready(t);
	if (vfork) {
		vfork_wait(p);
		proc_put(p);
	}
	return pid;
}

/*
 * CLONE_PIDFD: a descriptor that is to mean the child, made when that has its copy of the table already. Its number, or
 * -errno; *made: its file, referenced.
 */
static int pidfd_make(vaddr_t at, struct file **made)
{
	struct file *f = pidfd_create(0);
	if (!f)
		return -ENOMEM;
	file_get(f);
	int fd = fd_give(f, true);
	if (fd >= 0 && copy_to_user(at, &fd, sizeof(fd)) != 0) {
		fd_close(fd);
		fd = -EFAULT;
	}
	if (fd < 0)
		file_put(f);
	else
		*made = f;
	return fd;
}

int proc_fork(const struct fork_request *r)
{
	/* Looked at first, for it is counted last, when the signal is pending already. */
	unsigned since = __atomic_load_n(&proc_current()->group_signals, __ATOMIC_ACQUIRE);
	int fd = -1, err = flags_check(r->flags);
	if (!err && r->flags & CLONE_PIDFD && r->flags & CLONE_PARENT_SETTID && r->pidfd == r->parent_tid)
		err = -EINVAL;
	if (!err && thread_interrupted())
		err = -ERESTARTNOINTR;
	if (!err && r->flags & CLONE_SETTLS && r->tls >= USER_END)
		err = -EPERM;
	if (!err && one_too_many())
		err = -EAGAIN;
	if (err)
		return err;
	struct thread *t = thread_clone(r);
	if (is_err(t))
		return ptr_err(t);
	struct proc *p = r->flags & CLONE_THREAD ? NULL : proc_clone(r);
	if (!p && !(r->flags & CLONE_THREAD)) {
		thread_discard(t);
		return -ENOMEM;
	}
	struct file *pidfd = NULL;
	if (r->flags & CLONE_PIDFD && (fd = pidfd_make(r->pidfd, &pidfd)) < 0) {
		thread_discard(t);
		proc_discard(p);
		return fd;
	}
	/* Like Linux: whoever gives a bad address does not learn the number, and that is all. */
	int tid = t->tid;
	if (r->flags & CLONE_PARENT_SETTID && copy_to_user(r->parent_tid, &tid, sizeof(tid)) != 0)
		klog(LOG_DEBUG, "clone: cannot store the thread id at 0x%lx", r->parent_tid);
	int number = p ? start_process(p, t, r->flags, since, pidfd) : start_thread(t);
	if (pidfd)
		file_put(pidfd);
	if (number < 0 && fd >= 0)
		fd_close(fd);
	return number;
}
