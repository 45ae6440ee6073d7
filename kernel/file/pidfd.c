/* SPDX-License-Identifier: MIT */
/*
 * pidfd_open(2): a descriptor that means a process, this one and no later one with its number.
 *
 *     file ──► struct pidfd ──► process, until it has been waited for; then nobody
 *                    └── hangs in proc->pidfds, so that whoever buries the process finds it
 *
 * It holds no reference: a process that has been waited for is gone although descriptors are left, and its number may be
 * used again. It is readable for poll once the process has ended; there is nothing to read.
 *
 * Locks: the tree lock guards the list and the way to the process, as it guards who is there at all. That the process
 * has ended is a mark that is set once, so poll takes no lock.
 */
#include "file/file_impl.h"
#include "task/task_impl.h"

struct pidfd {
	struct list link;              /* (T) */
	struct proc *proc;             /* (T) NULL: it has been waited for */
	volatile bool ended;           /* (a) */
	struct wait_queue readable;
};

static unsigned pidfd_poll(struct file *f)
{
	return ((struct pidfd *)f->data)->ended ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_queues(struct file *f, struct wait_queue **in, struct wait_queue **out)
{
	(void)out;
	*in = &((struct pidfd *)f->data)->readable;
}

static void pidfd_release(struct file *f)
{
	struct pidfd *d = f->data;

	mutex_lock(&proc_tree_lock);
	list_remove(&d->link);
	mutex_unlock(&proc_tree_lock);
	kfree(d);
}

static const struct file_ops pidfd_ops = {
	.stat = file_anonymous_stat,
	.poll = pidfd_poll,
	.queues = pidfd_queues,
	.release = pidfd_release,
};

struct file *pidfd_create(uint32_t flags)
{
	struct pidfd *d = kzalloc(sizeof *d);
	struct file *f = d ? file_create(FILE_PROCESS, &pidfd_ops, flags | O_RDWR, d) : NULL;

	if (!f) {
		kfree(d);
		return NULL;
	}
	list_init(&d->link);
	wait_queue_init(&d->readable);
	return f;
}

struct file *pidfd_get(int fd)
{
	struct file *f = fd_get(fd);

	if (!f || f->kind == FILE_PROCESS)
		return f;
	file_put(f);
	return NULL;
}

void pidfd_attach_locked(struct file *f, struct proc *p)
{
	struct pidfd *d = f->data;

	assert_mutex_held(&proc_tree_lock);
	d->proc = p;
	d->ended = p->zombie;
	list_push_back(&p->pidfds, &d->link);
}

struct proc *pidfd_proc_locked(const struct file *f)
{
	assert_mutex_held(&proc_tree_lock);
	return ((const struct pidfd *)f->data)->proc;
}

int pidfd_number(const struct file *f)
{
	mutex_lock(&proc_tree_lock);
	const struct proc *p = pidfd_proc_locked(f);
	int pid = p ? p->pid : -1;
	mutex_unlock(&proc_tree_lock);
	return pid;
}

void pidfds_ended_locked(struct proc *p)
{
	assert_mutex_held(&proc_tree_lock);
	if (likely(list_empty(&p->pidfds)))
		return;
	list_for_each(n, &p->pidfds) {
		struct pidfd *d = list_entry(n, struct pidfd, link);
		d->ended = true;
		wait_wake_all(&d->readable);
	}
	poll_changed();
}

void pidfds_forget_locked(struct proc *p)
{
	struct list *n;

	assert_mutex_held(&proc_tree_lock);
	while ((n = list_pop_front(&p->pidfds)))
		list_entry(n, struct pidfd, link)->proc = NULL;
}
