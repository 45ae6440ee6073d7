/* SPDX-License-Identifier: MIT */
/*
 * ioctl(2). A few commands are the same for every descriptor and are done here, before its file is asked: close-on-exec, blocking,
 * and what a file of any filesystem can be asked: the flags that chattr(1) changes, the size of a block, the bytes it occupies.
 *
 * Flags (node.flags) are obeyed where a call checks its rights: node_permission knows of immutable files, path.c of names, attr.c of
 * attributes, file/file.c of opening and writing. Only what the filesystem offers can be set (fs_ops.flags, and its own verdict).
 * Who owns the file may set them; that it is append-only or immutable only root may say, or take back.
 *
 * A file that becomes immutable on a disk cannot be stored to by who has it mapped or open already: its pages are written, and the
 * pager, asked for space again, refuses. In memory such writers go on, as on Linux.
 */
#include "sys/file_calls.h"

#include <abi/termios.h>

#include "file/file_impl.h"

#define FIOCLEX  0x5451
#define FIONCLEX 0x5450
#define PRIVILEGED_FLAGS ((uint32_t)(FS_APPEND_FL | FS_IMMUTABLE_FL))

static int64_t set_nonblock(struct file *file, vaddr_t user)
{
	int32_t on;

	if (copy_from_user(&on, user, sizeof on))
		return -EFAULT;
	file->flags = on ? file->flags | O_NONBLOCK : file->flags & ~(uint32_t)O_NONBLOCK;
	return 0;
}

/* ---- the flags of an inode ---- */

static bool has_flags(const struct node *n)
{
	return n && n->fs->ops->flags && (S_ISREG(n->mode) || S_ISDIR(n->mode));
}

static int64_t get_flags(const struct file *f, vaddr_t user)
{
	return has_flags(f->node) ? copy_to_user(user, &f->node->flags, sizeof f->node->flags) : -ENOTTY;
}

static int check_flags(const struct node *n, uint32_t flags)
{
	const struct proc *p = proc_current();
	uint32_t changed = n->flags ^ flags;

	if (p->fsuid != n->uid && !capable(CAP_FOWNER))
		return -EPERM;
	if (changed & PRIVILEGED_FLAGS && !capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if (flags & ~n->fs->ops->flags)
		return -EOPNOTSUPP;
	return changed & FS_JOURNAL_DATA_FL && !capable(CAP_SYS_RESOURCE) ? -EPERM : 0;
}

static int64_t set_flags(const struct file *f, vaddr_t user)
{
	struct fs_setattr set = { .mask = FS_SET_FLAGS };
	struct node *n = f->node;

	if (copy_from_user(&set.flags, user, sizeof set.flags))
		return -EFAULT;
	if (!has_flags(n))
		return -ENOTTY;
	if (n->fs->readonly)
		return -EROFS;
	int err = check_flags(n, set.flags);
	if (!err)
		err = n->fs->ops->setattr(n, &set);
	if (!err && node_is_frozen(n) && n->object)
		err = object_freeze(n->object);
	return err;
}

CALL(ioctl)
{
	unsigned cmd = (unsigned)b;
	struct file *file = fd_get((int)a);
	int64_t result;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH)
		result = -EBADF;
	else if (cmd == FIOCLEX || cmd == FIONCLEX)
		result = fd_set_cloexec((int)a, cmd == FIOCLEX);
	else if (cmd == FIONBIO)
		result = set_nonblock(file, c);
	else if (cmd == FS_IOC_GETFLAGS)
		result = get_flags(file, c);
	else if (cmd == FS_IOC_SETFLAGS)
		result = set_flags(file, c);
	else
		result = file->ops->ioctl ? file->ops->ioctl(file, cmd, c) : -ENOTTY;
	file_put(file);
	return result;
}
