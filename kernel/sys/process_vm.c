/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv(2), process_vm_writev(2): decode and check; vm/remote.c moves the bytes.
 *
 * Both lists of segments are copied in and checked before the process is looked for, ours first, as Linux does. Then
 * the bytes go from one list to the other until either ends. What cannot be reached ends the call: the bytes moved so
 * far are its result,
 * EFAULT if there are none. (Linux's manual says that whole segments of the other's move or nothing of them; in truth
 * pages do, and bytes of our own.)
 *
 * Who may do it is ptrace(2)'s rule: a process itself; CAP_SYS_PTRACE; and whoever has the same ids, real,
 * effective and saved, unless the other has changed its ids since it started its program.
 */
#include "sys/vector.h"

/* The space of process pid. err_ptr: -ESRCH, -EPERM. */
static struct space *space_of(int pid)
{
	struct space *s = NULL;
	bool allowed = false;

	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_of_thread_locked(pid);
	if (p) {
		s = proc_space_get(p);
		allowed = cred_may_trace(p, TRACE_REAL);
	}
	mutex_unlock(&proc_tree_lock);
	if (s && !allowed) {
		space_put(s); /* without the lock: it may be the last reference by now */
		return err_ptr(-EPERM);
	}
	return s ? s : err_ptr(-ESRCH);
}

/* Both lists in step. */
static size_t move_bytes(struct space *s, const struct vector *ours, const struct vector *theirs, bool write)
{
	size_t done = 0, in_ours = 0, in_theirs = 0;

	for (unsigned i = 0, j = 0; i < ours->count && j < theirs->count;) {
		const struct abi_iovec *a = &ours->iov[i], *b = &theirs->iov[j];
		size_t n = MIN(a->iov_len - in_ours, b->iov_len - in_theirs);
		size_t moved = space_copy(s, b->iov_base + in_theirs, a->iov_base + in_ours, n, write);
		done += moved;
		in_ours += moved;
		in_theirs += moved;
		if (moved < n)
			break;
		if (in_ours == a->iov_len)
			i++, in_ours = 0;
		if (in_theirs == b->iov_len)
			j++, in_theirs = 0;
	}
	return done;
}

static int64_t transfer(int pid, const struct vector *ours, const struct vector *theirs, bool write)
{
	size_t want = 0;

	for (unsigned i = 0; i < theirs->count; i++)
		want |= theirs->iov[i].iov_len;
	if (!want)
		return 0;
	struct space *s = space_of(pid);
	if (is_err(s))
		return ptr_err(s);
	size_t done = move_bytes(s, ours, theirs, write);
	space_put(s);
	return done ? (int64_t)done : -EFAULT;
}

static int64_t process_vm(const uint64_t arg[6], bool write)
{
	struct vector ours, theirs;

	if (arg[5])
		return -EINVAL;
	int64_t n = vector_load(&ours, arg[1], arg[2]);
	if (n)
		return n;
	if (ours.total) {
		n = vector_copy(&theirs, arg[3], arg[4]);
		if (!n) {
			n = transfer((int)arg[0], &ours, &theirs, write);
			vector_free(&theirs);
		}
	}
	vector_free(&ours);
	return n;
}

SYSCALL(process_vm_readv)
{
	return process_vm((uint64_t[]){ a, b, c, d, e, f }, false);
}

SYSCALL(process_vm_writev)
{
	return process_vm((uint64_t[]){ a, b, c, d, e, f }, true);
}
