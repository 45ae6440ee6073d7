/* SPDX-License-Identifier: MIT */
/*
 * ioctl(2). A few commands are the same for every descriptor and are done here, before its file is asked:
 * close-on-exec, blocking, and what a file of any filesystem can be asked: the flags that chattr(1) changes, the
 * size of a block, the bytes it occupies.
 *
 * Flags (node.flags) are obeyed where a call checks its rights: node_permission knows of immutable files, path.c of
 * names, attr.c of attributes, file/file.c of opening and writing. Only what the filesystem offers can be set
 * (fs_ops.flags, and its own verdict). Who owns the file may set them; that it is append-only or immutable only root
 * may say, or take back.
 *
 * A file that becomes immutable on a disk cannot be stored to by who has it mapped or open already: its pages are
 * written, and the pager, asked for space again, refuses. In memory such writers go on, as on Linux.
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

static int64_t set_async(struct file *file, int fd, vaddr_t user)
{
	int32_t on;

	if (copy_from_user(&on, user, sizeof on))
		return -EFAULT;
	if (!on == !(file->flags & O_ASYNC))
		return 0;
	return async_is_known(file) ? async_set(file, fd, on) : -ENOTTY;
}

/* ---- the flags of an inode ---- */

static bool has_flags(const struct node *n)
{
	return n && n->fs->ops->flags && (S_ISREG(n->mode) || S_ISDIR(n->mode));
}

static int64_t get_flags(const struct file *f, vaddr_t user)
{
	return copy_to_user(user, &f->node->flags, sizeof f->node->flags);
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

/* ---- sizes ---- */

static int64_t block_size(const struct file *f, vaddr_t user)
{
	const struct fs_ops *ops = f->node ? f->node->fs->ops : NULL;
	struct abi_statfs st = { .f_bsize = ops && ops->block_size ? ops->block_size : (int64_t)PAGE_SIZE };
	int err = f->node && f->node->fs->file_port ? fs_statfs(f->node, &st) : 0;
	int32_t size = (int32_t)st.f_bsize;

	return err ? err : copy_to_user(user, &size, sizeof size);
}

static int64_t occupied_bytes(struct file *f, vaddr_t user)
{
	struct node *n = f->node;
	struct abi_stat st;

	if (!n || !(S_ISREG(n->mode) || S_ISDIR(n->mode) || S_ISLNK(n->mode)))
		return -ENOTTY;
	int err = node_refresh(n);
	if (err)
		return err;
	node_stat(n, &st);
	int64_t bytes = st.st_blocks * 512;
	return copy_to_user(user, &bytes, sizeof bytes);
}

static int64_t ask_file(struct file *f, int fd, unsigned cmd, vaddr_t arg)
{
	switch (cmd) {
	case FIONBIO:
		return set_nonblock(f, arg);
	case FIGETBSZ:
		return block_size(f, arg);
	case FIOQSIZE:
		return occupied_bytes(f, arg);
	case FIOASYNC:
		return set_async(f, fd, arg);
	case FS_IOC_GETFLAGS:
		if (!has_flags(f->node))
			break;
		return get_flags(f, arg);
	case FS_IOC_SETFLAGS:
		return set_flags(f, arg);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
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
	else
		result = ask_file(file, (int)a, cmd, c);
	file_put(file);
	return result;
}
