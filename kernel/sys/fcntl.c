/* SPDX-License-Identifier: MIT */
/*
 * fcntl(2) and flock(2): a descriptor's flags, who is told of its file's news (file/async.c), and locks on its file. What
 * locks are and who owns them is file/filelock.c; here their arguments are read and checked, in Linux's order: the
 * structure, the range it says, then the way the file is open.
 *
 * A lock taken while another thread closes the very descriptor would outlive it, for the closing has already looked for
 * locks. So the descriptor is looked up again afterwards, and the lock given back when it is not the same any more.
 */
#include "sys/file_calls.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* ---- locks ---- */

struct user_lock { int16_t type, whence; int32_t pad; int64_t start, len; int32_t pid, pad2; };

static int64_t lock_base(const struct file *f, int whence)
{
	switch (whence) {
	case SEEK_SET:
		return 0;
	case SEEK_CUR:
		return f->pos;
	case SEEK_END:
		return f->node ? f->node->object ? (int64_t)f->node->object->size : (int64_t)f->node->size : 0;
	}
	return -EINVAL;
}

/*
 * A length below 0 reaches back from the start; 0 reaches to the end of whatever the file becomes. -EINVAL, -EOVERFLOW.
 */
static int lock_range(const struct file *f, const struct user_lock *user, struct filelock *lock)
{
	int64_t base = lock_base(f, user->whence), start;

	if (base < 0)
		return (int)base;
	if (__builtin_add_overflow(base, user->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	lock->start = start;
	lock->end = INT64_MAX;
	if (user->len > 0 && __builtin_add_overflow(start, user->len - 1, &lock->end))
		return -EOVERFLOW;
	if (user->len < 0) {
		if (start + user->len < 0)
			return -EINVAL;
		lock->start = start + user->len;
		lock->end = start - 1;
	}
	lock->type = user->type;
	return user->type >= F_RDLCK && user->type <= F_UNLCK ? 0 : -EINVAL;
}

static int64_t get_lock(struct file *f, const struct user_lock *user, struct filelock *lock, vaddr_t at)
{
	struct user_lock answer = *user;

	if (user->type != F_RDLCK && user->type != F_WRLCK)
		return -EINVAL;
	int err = lock_range(f, user, lock);
	if (err)
		return err;
	if (lock->kind == LOCK_OFD && user->pid)
		return -EINVAL;
	filelock_test(f, lock);
	answer.type = (int16_t)lock->type;
	if (lock->type != F_UNLCK) {
		answer.whence = SEEK_SET;
		answer.start = lock->start;
		answer.len = lock->end == INT64_MAX ? 0 : lock->end - lock->start + 1;
		answer.pid = lock->pid;
	}
	return copy_to_user(at, &answer, sizeof answer);
}

static int64_t set_lock(struct file *f, int fd, const struct user_lock *user, struct filelock *lock, bool wait)
{
	int err = lock_range(f, user, lock);

	if (err)
		return err;
	if ((lock->type == F_RDLCK && !can_read(f)) || (lock->type == F_WRLCK && !can_write(f)))
		return -EBADF;
	if (lock->kind == LOCK_OFD && user->pid)
		return -EINVAL;
	err = filelock_set(f, lock, wait);
	if (err || lock->kind == LOCK_OFD || lock->type == F_UNLCK)
		return err;
	struct file *now = fd_get(fd);
	if (now != f) {
		filelocks_drop_table(f, proc_current()->files);
		err = -EBADF;
	}
	if (now)
		file_put(now);
	return err;
}

static int64_t fcntl_lock(struct file *f, int fd, unsigned cmd, vaddr_t at)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct filelock lock = { .kind = ofd ? LOCK_OFD : LOCK_POSIX, .pid = ofd ? -1 : proc_current()->pid };
	struct user_lock user;

	if (copy_from_user(&user, at, sizeof user))
		return -EFAULT;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return get_lock(f, &user, &lock, at);
	return set_lock(f, fd, &user, &lock, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

/* A bit of Windows' share modes that Linux once had: accepted, and nothing. */
#define LOCK_MAND 32

CALL(flock)
{
	static const int types[] = { [LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK };
	struct filelock lock = { .kind = LOCK_FLOCK, .pid = proc_current()->pid, .end = INT64_MAX };
	unsigned what = (unsigned)b & ~(unsigned)LOCK_NB;

	if (b & LOCK_MAND)
		return 0;
	if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
		return -EINVAL;
	struct file *file = fd_get((int)a);
	if (!file)
		return -EBADF;
	lock.type = types[what];
	int64_t err = file->flags & O_PATH || (what != LOCK_UN && !can_read(file) && !can_write(file)) ? -EBADF : 0;
	if (!err)
		err = filelock_set(file, &lock, !(b & LOCK_NB));
	file_put(file);
	return err;
}

/* ---- fcntl ---- */

static int set_status(struct file *file, int fd, uint32_t flags)
{
	const struct node *n = file->node;
	int err = 0;

	if ((file->flags ^ flags) & O_APPEND && n && node_is_append(n))
		return -EPERM;
	if (flags & ~file->flags & O_NOATIME && n && !node_is_own(n))
		return -EPERM;
	if (flags & O_DIRECT && !node_allows_direct(n) && !(n && S_ISFIFO(n->mode)))
		return -EINVAL;
	if ((file->flags ^ flags) & O_ASYNC && async_is_known(file))
		err = async_set(file, fd, flags & O_ASYNC);
	if (!err)
		file->flags = (file->flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	return err;
}

/* ---- owners ---- */

struct user_owner { int32_t kind, number; };

static int64_t set_owner(struct file *file, int number)
{
	if (number == INT32_MIN)
		return -EINVAL;
	return async_set_owner(file, number < 0 ? F_OWNER_PGRP : F_OWNER_PID, number < 0 ? -number : number);
}

static int64_t get_owner(const struct file *file)
{
	int kind, number = async_get_owner(file, &kind);

	return kind == F_OWNER_PGRP ? -number : number;
}

static int64_t set_owner_kind(struct file *file, vaddr_t user)
{
	struct user_owner owner;

	if (copy_from_user(&owner, user, sizeof owner))
		return -EFAULT;
	if (owner.kind < F_OWNER_TID || owner.kind > F_OWNER_PGRP)
		return -EINVAL;
	return async_set_owner(file, owner.kind, owner.number);
}

static int64_t get_owner_kind(const struct file *file, vaddr_t user)
{
	struct user_owner owner;
	int kind;

	owner.number = async_get_owner(file, &kind);
	owner.kind = kind;
	return copy_to_user(user, &owner, sizeof owner);
}

static int64_t get_owner_users(const struct file *file, vaddr_t user)
{
	uint32_t users[2];

	async_get_users(file, users);
	return copy_to_user(user, users, sizeof users);
}

/* ---- how long what is written will live ---- */

/* Remembered with the inode while it is in memory, and obeyed by nobody. */
static int64_t set_hint(struct node *n, vaddr_t user)
{
	uint64_t hint;

	if (copy_from_user(&hint, user, sizeof hint))
		return -EFAULT;
	if (hint > RWH_WRITE_LIFE_EXTREME)
		return -EINVAL;
	n->hint = (uint8_t)hint;
	return 0;
}

static int64_t get_hint(const struct node *n, vaddr_t user)
{
	uint64_t hint = n->hint;

	return copy_to_user(user, &hint, sizeof hint);
}

static int64_t fcntl_file(struct file *file, int fd, unsigned cmd, uint64_t arg)
{
	switch (cmd) {
	case F_SETFL:
		return set_status(file, fd, (uint32_t)arg);
	case F_GETLK: case F_SETLK: case F_SETLKW:
	case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return fcntl_lock(file, fd, cmd, arg);
	case F_GETOWN:
		return get_owner(file);
	case F_SETOWN:
		return set_owner(file, (int)arg);
	case F_GETOWN_EX:
		return get_owner_kind(file, arg);
	case F_SETOWN_EX:
		return set_owner_kind(file, arg);
	case F_GETOWNER_UIDS:
		return get_owner_users(file, arg);
	case F_GETSIG:
		return async_get_signal(file);
	case F_SETSIG:
		return async_set_signal(file, arg);
	case F_GET_RW_HINT:
		return file->node ? get_hint(file->node, arg) : -EINVAL;
	case F_SET_RW_HINT:
		return file->node ? set_hint(file->node, arg) : -EINVAL;
	case F_NOTIFY: /* of no event: to notice nothing any more */
		return (uint32_t)arg & ~DN_MULTISHOT ? -EINVAL : 0;
	case F_ADD_SEALS:
		return memfd_add_seals(file, arg);
	case F_GET_SEALS:
		return memfd_get_seals(file);
	case F_SETPIPE_SZ:
		return pipe_set_size(file, (uint32_t)arg);
	case F_GETPIPE_SZ:
		return pipe_get_size(file);
	}
	return -EINVAL;
}

static int64_t fcntl_dup(int fd, uint64_t at_least, bool cloexec)
{
	struct file *file = fd_get(fd);

	if (!file)
		return -EBADF;
	file_put(file);
	if ((uint32_t)at_least >= MIN(proc_rlimit(RLIMIT_NOFILE), (uint64_t)MAX_FDS))
		return -EINVAL;
	return fd_duplicate(fd, (int)at_least, cloexec);
}

CALL(fcntl)
{
	int fd = (int)a;
	unsigned cmd = (unsigned)b;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return fcntl_dup(fd, c, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, c & FD_CLOEXEC);
	}
	struct file *file = fd_get(fd);
	if (!file)
		return -EBADF;
	int64_t result = cmd == F_GETFL ? (int64_t)file->flags : file->flags & O_PATH ? -EBADF
	                                                                              : fcntl_file(file, fd, cmd, c);
	file_put(file);
	return result;
}
