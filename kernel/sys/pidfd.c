/* SPDX-License-Identifier: MIT */
/*
 * System calls about descriptors of processes (file/pidfd.c). Signals to them: signal.c; waiting for them: process.c;
 * made with the process: clone.c.
 */
#include <abi/errno.h>

#include "file/file.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"

SYSCALL(pidfd_open)
{
	int pid = a;
	if ((uint32_t)b & ~(uint32_t)O_NONBLOCK || pid <= 0)
		return -EINVAL;
	int err = fd_room();
	struct file *file = err ? NULL : pidfd_create(b & O_NONBLOCK);
	if (!file)
		return err ? err : -ENOMEM;
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_of_thread_locked(pid);
	if (p && p->pid == pid)
		pidfd_attach_locked(file, p);
	else
		err = p ? -EINVAL : -ESRCH; /* a thread that is not the first */
	mutex_unlock(&proc_tree_lock);
	if (!err)
		return fd_give(file, true);
	file_put(file);
	return err;
}

/* The file behind a descriptor of the process that `file` means. err_ptr(-ESRCH, -EPERM, -EBADF) */
static struct file *file_of(const struct file *file, int fd)
{
	struct fdtable *table = NULL;
	int err = -ESRCH;
	mutex_lock(&proc_tree_lock);
	struct proc *p = pidfd_proc_locked(file);
	if (p) {
		err = cred_may_trace(p, TRACE_REAL) ? -EBADF : -EPERM;
		table = err == -EBADF ? proc_files_get(p) : NULL;
	}
	mutex_unlock(&proc_tree_lock);
	if (!table)
		return err_ptr(err);
	struct file *found = fdtable_file(table, fd);
	fdtable_put(table);
	return found ? found : err_ptr(-EBADF);
}

SYSCALL(pidfd_getfd)
{
	if ((uint32_t)c)
		return -EINVAL;
	struct file *file = pidfd_get(a);
	if (!file)
		return -EBADF;
	struct file *found = file_of(file, b);
	file_put(file);
	return fd_give(found, true);
}
