/* SPDX-License-Identifier: MIT */
/*
 * System calls that make processes and threads, which is one thing here (task/fork.c), and unshare(2), which takes back
 * a part of what they were made to share.
 *
 *                     shared by          own again by
 *   memory            CLONE_VM           execve
 *   signal actions    CLONE_SIGHAND      execve
 *   descriptors       CLONE_FILES        execve, unshare, close_range
 *   directory, mask   CLONE_FS           unshare
 *
 * unshare(CLONE_VM), of signal actions and of threads is no more than a question: it succeeds where nothing is shared.
 * CLONE_SYSVSEM applies the undos of System V semaphores at once. There are no namespaces: whoever could have new ones
 * is told EINVAL, as by a Linux without them, everybody else EPERM.
 */
#include <abi/errno.h>
#include <abi/misc.h>

#include "file/file.h"
#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "sysv/sysv.h"
#include "task/task_impl.h"
#include "vm/vm.h"

SYSCALL(fork)
{
	return proc_fork(&(struct fork_request){ .exit_signal = SIGCHLD });
}

SYSCALL(vfork)
{
	return proc_fork(&(struct fork_request){ .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD });
}

/* The upper half of the flags does not exist here, and the lowest byte is the signal. */
SYSCALL(clone)
{
	struct fork_request r = { .flags = (uint32_t)a & ~CSIGNAL, .exit_signal = a & CSIGNAL, .stack = b, .parent_tid = c,
	                          .child_tid = d, .tls = e, .pidfd = c };
	return proc_fork(&r);
}

#define CLONE_ARGS_FIRST 64 /* bytes of the first version */

/* Any size from the first version to a page; what we do not know must be zero. */
static int clone_args_read(struct abi_clone_args *args, vaddr_t at, size_t size)
{
	uint64_t rest = 0;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_FIRST)
		return -EINVAL;
	for (size_t done = sizeof(*args); done < size; done += sizeof(rest)) {
		rest = 0;
		if (copy_from_user(&rest, at + done, MIN(size - done, sizeof(rest))) != 0)
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	memset(args, 0, sizeof(*args));
	return copy_from_user(args, at, MIN(size, sizeof(*args)));
}

static bool clone_args_valid(const struct abi_clone_args *args)
{
	uint64_t flags = args->flags;
	bool stack = args->stack, sized = args->stack_size;
	if (args->exit_signal > ABI_NSIG || args->set_tid || args->set_tid_size)
		return false;
	if (flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)) || (flags & CLONE_SIGHAND && flags & CLONE_CLEAR_SIGHAND))
		return false;
	if (flags & (CLONE_THREAD | CLONE_PARENT) && args->exit_signal)
		return false;
	return stack == sized && args->stack < USER_END && args->stack_size <= USER_END - args->stack;
}

SYSCALL(clone3)
{
	struct abi_clone_args args;
	int err = clone_args_read(&args, a, b);
	if (err)
		return err;
	if (!clone_args_valid(&args))
		return -EINVAL;
	struct fork_request r = { .flags = args.flags, .exit_signal = args.exit_signal, .parent_tid = args.parent_tid,
	                          .child_tid = args.child_tid, .tls = args.tls, .pidfd = args.pidfd,
	                          .stack = args.stack + args.stack_size };
	return proc_fork(&r);
}

/* ---- unshare ---- */

static bool space_is_shared(const struct proc *self)
{
	bool shared = false;
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		shared |= p != self && p->space == self->space;
	}
	mutex_unlock(&proc_tree_lock);
	return shared;
}

/* What implies what: a part cannot be given up while a larger one that contains it is kept. */
static uint64_t unshare_implied(uint64_t flags)
{
	flags |= flags & CLONE_NEWUSER ? CLONE_THREAD | CLONE_FS : 0;
	flags |= flags & CLONE_VM ? CLONE_SIGHAND : 0;
	flags |= flags & CLONE_SIGHAND ? CLONE_THREAD : 0;
	return flags | (flags & CLONE_NEWNS ? CLONE_FS : 0);
}

static int unshare_check(uint64_t flags)
{
	const uint64_t known = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		CLONE_NAMESPACES;
	const struct proc *self = proc_current();
	if (flags & ~known || (flags & CLONE_THREAD && self->nthreads > 1))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && self->actions->refs > 1)
		return -EINVAL;
	if (flags & CLONE_VM && space_is_shared(self))
		return -EINVAL;
	return namespaces_check(flags);
}

SYSCALL(unshare)
{
	uint64_t flags = unshare_implied(a);
	int err = unshare_check(flags);
	if (!err && flags & CLONE_FILES)
		err = fdtable_unshare();
	if (!err && flags & CLONE_FS)
		err = cwd_unshare();
	if (!err && flags & CLONE_SYSVSEM)
		sem_exit(proc_current());
	return err;
}
