/* SPDX-License-Identifier: MIT */
/*
 * Attributes: stat, access, mode, owner, times, size, by name or by descriptor; statfs.
 *
 * Changing attributes asks the server (FS_SETATTR), which sets the time of change; the node takes what it answers. Only
 * the owner and user 0 change the mode and set times; only user 0 gives files away. Sizes belong to the file's object.
 */
#include "sys/file_calls.h"

#include <abi/mount.h>
#include <abi/signal.h>
#include <abi/time.h>

#include "file/file_impl.h"

#define AT_NO_AUTOMOUNT 0x800
#define AT_STATX_SYNC 0x6000
#define NO_ID UINT32_MAX

/* What a call is about: a node, or an open file without one (a pipe, a port). One of the two is set. */
struct subject { struct node *node; struct file *file; };

static void subject_put(struct subject *s)
{
	if (s->node)
		node_put(s->node);
	if (s->file)
		file_put(s->file);
}

static int subject_of_fd(int fd, bool path_ok, struct subject *s)
{
	*s = (struct subject){ NULL, fd_get(fd) };
	if (!s->file)
		return -EBADF;
	if (!path_ok && s->file->flags & O_PATH) {
		subject_put(s);
		return -EBADF;
	}
	s->node = s->file->node;
	if (s->node)
		node_get(s->node);
	return 0;
}

static int subject_of_cwd(struct subject *s)
{
	struct path cwd;

	cwd_get(&cwd);
	kfree(cwd.name);
	*s = (struct subject){ cwd.node, NULL };
	return 0;
}

/* flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH */
static int subject_at(int dirfd, vaddr_t text, unsigned flags, struct subject *s)
{
	char *path = path_from_user(text);
	struct path at;

	if (is_err(path))
		return (int)ptr_err(path);
	bool empty = !*path && flags & AT_EMPTY_PATH;
	int err = empty ? 0 : path_walk(dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW, &at, NULL);
	kfree(path);
	if (empty)
		return dirfd == AT_FDCWD ? subject_of_cwd(s) : subject_of_fd(dirfd, true, s);
	if (err)
		return err;
	kfree(at.name);
	*s = (struct subject){ at.node, NULL };
	return 0;
}

/* ---- stat ---- */

/* Of the subject, which is put. */
static int stat_of(struct subject *s, struct abi_stat *st)
{
	int err;

	if (s->node) {
		err = node_refresh(s->node);
		if (!err)
			node_stat(s->node, st);
	} else {
		err = s->file->ops->stat ? s->file->ops->stat(s->file, st) : -EINVAL;
	}
	subject_put(s);
	return err;
}

static int64_t stat_subject(struct subject *s, vaddr_t user)
{
	struct abi_stat st;
	int err = stat_of(s, &st);

	return err ? err : copy_to_user(user, &st, sizeof st);
}

static int64_t stat_at(int dirfd, vaddr_t text, vaddr_t user, unsigned flags)
{
	struct subject s;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC))
		return -EINVAL;
	int err = subject_at(dirfd, text, flags, &s);
	return err ? err : stat_subject(&s, user);
}

CALL(stat)
{
	return stat_at(AT_FDCWD, a, b, 0);
}

CALL(lstat)
{
	return stat_at(AT_FDCWD, a, b, AT_SYMLINK_NOFOLLOW);
}

CALL(newfstatat)
{
	return stat_at((int)a, b, c, (unsigned)d);
}

CALL(fstat)
{
	struct subject s;
	int err = subject_of_fd((int)a, true, &s);

	return err ? err : stat_subject(&s, b);
}

/* ---- statx ---- */

static struct abi_statx_time statx_time(struct abi_timespec t)
{
	return (struct abi_statx_time){ t.tv_sec, (uint32_t)t.tv_nsec, 0 };
}

static uint32_t major_of(uint64_t dev) { return (uint32_t)(dev >> 8 & 0xfff); }
static uint32_t minor_of(uint64_t dev) { return (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00)); }

/* What stat(2) says: no time of birth. */
static void statx_from(const struct abi_stat *st, struct abi_statx *x)
{
	*x = (struct abi_statx){
		.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID, .stx_blksize = (uint32_t)st->st_blksize,
		.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
		.stx_nlink = (uint32_t)st->st_nlink, .stx_uid = st->st_uid, .stx_gid = st->st_gid,
			.stx_mode = (uint16_t)st->st_mode,
		.stx_ino = st->st_ino, .stx_size = (uint64_t)st->st_size, .stx_blocks = (uint64_t)st->st_blocks,
		.stx_atime = statx_time(st->st_atim), .stx_ctime = statx_time(st->st_ctim),
			.stx_mtime = statx_time(st->st_mtim),
		.stx_rdev_major = major_of(st->st_rdev), .stx_rdev_minor = minor_of(st->st_rdev),
		.stx_dev_major = major_of(st->st_dev), .stx_dev_minor = minor_of(st->st_dev), .stx_mnt_id = st->st_dev,
	};
}

/* dirfd, path, flags, which, where to */
CALL(statx)
{
	unsigned flags = (unsigned)c;
	struct abi_stat st;
	struct abi_statx x;
	struct subject s;

	if ((uint32_t)d & STATX_RESERVED || (flags & AT_STATX_SYNC) == AT_STATX_SYNC)
		return -EINVAL;
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC))
		return -EINVAL;
	int err = subject_at((int)a, b, flags, &s);
	if (err)
		return err;
	bool mount_root = s.node && path_is_mount(s.node);
	uint32_t node_flags = s.node ? s.node->flags : 0, known = s.node ? s.node->fs->ops->flags & STATX_ATTR_FLAGS : 0;
	err = stat_of(&s, &st);
	if (err)
		return err;
	statx_from(&st, &x);
	x.stx_attributes = (node_flags & STATX_ATTR_FLAGS) | (mount_root ? STATX_ATTR_MOUNT_ROOT : 0);
	x.stx_attributes_mask |= known;
	return copy_to_user(e, &x, sizeof x);
}

static int64_t statfs_subject(struct subject *s, vaddr_t user)
{
	struct abi_statfs st;
	int err = s->node ? fs_statfs(s->node, &st) : -ENOSYS;

	subject_put(s);
	return err ? err : copy_to_user(user, &st, sizeof st);
}

CALL(statfs)
{
	struct subject s;
	int err = subject_at(AT_FDCWD, a, 0, &s);

	return err ? err : statfs_subject(&s, b);
}

CALL(fstatfs)
{
	struct subject s;
	int err = subject_of_fd((int)a, true, &s);

	return err ? err : statfs_subject(&s, b);
}

/* ---- access ---- */

static int64_t access_now(int dirfd, vaddr_t text, unsigned mode, unsigned flags)
{
	struct subject s;
	int err = subject_at(dirfd, text, flags, &s);
	if (err)
		return err;
	struct node *n = s.node;
	if (n && S_ISREG(n->mode) && mode & X_OK && n->fs->flags & MS_NOEXEC)
		err = -EACCES;
	else if (n)
		err = node_permission(n, mode);
	subject_put(&s);
	return err;
}

/* As the real user would find it, were it the effective one; also on the way there. */
static int64_t access_at(int dirfd, vaddr_t text, unsigned mode, unsigned flags)
{
	const struct proc *p = proc_current();
	bool keeps = p->caps.securebits & SECBIT_NO_SETUID_FIXUP;
	const struct file_rights real = { p->uid, p->gid, keeps ? p->caps.effective : p->uid ? 0 : p->caps.permitted };

	if (mode & ~(unsigned)(R_OK | W_OK | X_OK) || flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	thread_current()->judged_as = flags & AT_EACCESS ? NULL : &real;
	int64_t err = access_now(dirfd, text, mode, flags & ~(unsigned)AT_EACCESS);
	thread_current()->judged_as = NULL;
	return err;
}

CALL(access)
{
	return access_at(AT_FDCWD, a, (unsigned)b, 0);
}

CALL(faccessat)
{
	return access_at((int)a, b, (unsigned)c, 0);
}

CALL(faccessat2)
{
	return access_at((int)a, b, (unsigned)c, (unsigned)d);
}

/* ---- size ---- */

int check_growth(const struct object *o, uint64_t size)
{
	if (size <= o->size || size <= proc_rlimit(RLIMIT_FSIZE))
		return 0;
	signal_send_self(SIGXFSZ);
	return -EFBIG;
}

int node_truncate(struct node *n, uint64_t size)
{
	int err = check_growth(n->object, size);
	if (!err && n->fs->ops->check_size)
		err = n->fs->ops->check_size(n, size);
	if (err)
		return err;
	n->written = true;
	node_drop_setid(n);
	node_touch_mtime(n);
	return object_resize(n->object, size);
}

CALL(truncate)
{
	struct subject s;

	if ((int64_t)b < 0)
		return -EINVAL;
	int err = subject_at(AT_FDCWD, a, 0, &s);
	if (err)
		return err;
	struct node *n = s.node;
	if (S_ISDIR(n->mode))
		err = -EISDIR;
	else if (!S_ISREG(n->mode) || !n->object)
		err = -EINVAL;
	else
		err = node_permission(n, W_OK);
	if (!err && node_is_append(n))
		err = -EPERM;
	if (!err)
		err = node_claim(n, CLAIM_WRITE);
	if (!err) {
		err = node_truncate(n, b);
		node_unclaim(n, CLAIM_WRITE);
	}
	subject_put(&s);
	return err;
}

/* ---- setattr ---- */

static int set_attr(struct node *n, const struct fs_setattr *set)
{
	if (n->fs->readonly)
		return -EROFS;
	return n->fs->ops->setattr ? n->fs->ops->setattr(n, set) : -EPERM;
}

static bool in_group(uint32_t gid)
{
	return gid == proc_current()->fsgid || proc_in_groups(proc_current(), gid);
}

static int64_t change_mode(struct subject *s, uint64_t mode)
{
	struct fs_setattr set = { .mask = FS_SET_MODE, .mode = (uint32_t)mode & 07777 };
	struct node *n = s->node;
	int err = !n ? -EINVAL : n->fs->readonly ? -EROFS : node_is_own(n) && !node_is_fixed(n) ? 0 : -EPERM;

	if (!err && !in_group(n->gid) && !capable(CAP_FSETID))
		set.mode &= ~(uint32_t)S_ISGID;
	if (!err)
		err = S_ISLNK(n->mode) ? -EOPNOTSUPP : set_attr(n, &set);
	subject_put(s);
	return err;
}

static int64_t change_mode_at(int dirfd, vaddr_t text, uint64_t mode)
{
	struct subject s;
	int err = subject_at(dirfd, text, 0, &s);

	return err ? err : change_mode(&s, mode);
}

CALL(chmod)
{
	return change_mode_at(AT_FDCWD, a, b);
}

CALL(fchmodat)
{
	return change_mode_at((int)a, b, c);
}

CALL(fchmod)
{
	struct subject s;
	int err = subject_of_fd((int)a, false, &s);

	return err ? err : change_mode(&s, b);
}

/* CAP_CHOWN may do all; an owner may set what it has already, and its own group; to set nothing is everybody's right. */
static int check_owner(const struct node *n, uint32_t uid, uint32_t gid)
{
	struct proc *p = proc_current();

	if (capable(CAP_CHOWN) || (uid == NO_ID && gid == NO_ID))
		return 0;
	if (uid != NO_ID && (p->fsuid != n->uid || uid != n->uid))
		return -EPERM;
	return gid == NO_ID || (p->fsuid == n->uid && (gid == n->gid || in_group(gid))) ? 0 : -EPERM;
}

/* A program that changes hands is not set-user-id any more, whoever does it. */
static int64_t change_owner(struct subject *s, uint32_t uid, uint32_t gid)
{
	struct fs_setattr set = { .uid = uid, .gid = gid };
	struct node *n = s->node;
	int err = !n ? -EINVAL : n->fs->readonly ? -EROFS : check_owner(n, uid, gid);

	if (!err && (uid != NO_ID || gid != NO_ID ? node_is_fixed(n) : node_is_frozen(n)))
		err = -EPERM;
	if (!err) {
		set.mask = (uid != NO_ID ? FS_SET_UID : 0) | (gid != NO_ID ? FS_SET_GID : 0);
		uint32_t drop = S_ISUID | (n->mode & S_IXGRP ? S_ISGID : 0);
		if (S_ISREG(n->mode) && n->mode & drop) {
			set.mask |= FS_SET_MODE;
			set.mode = n->mode & 07777 & ~drop;
		}
		err = set.mask & FS_SET_MODE && !node_is_own(n) ? -EPERM : set_attr(n, &set);
	}
	subject_put(s);
	return err;
}

static int64_t change_owner_at(int dirfd, vaddr_t text, uint64_t uid, uint64_t gid, unsigned flags)
{
	struct subject s;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int err = subject_at(dirfd, text, flags, &s);
	return err ? err : change_owner(&s, (uint32_t)uid, (uint32_t)gid);
}

CALL(chown)
{
	return change_owner_at(AT_FDCWD, a, b, c, 0);
}

CALL(lchown)
{
	return change_owner_at(AT_FDCWD, a, b, c, AT_SYMLINK_NOFOLLOW);
}

CALL(fchownat)
{
	return change_owner_at((int)a, b, c, d, (unsigned)e);
}

CALL(fchown)
{
	struct subject s;
	int err = subject_of_fd((int)a, false, &s);

	return err ? err : change_owner(&s, (uint32_t)b, (uint32_t)c);
}

/* ---- times ---- */

/* One of the two times of utimensat: into *out, or UTIME_OMIT. False: no such nanosecond. */
static bool take_time(const struct abi_timespec *given, uint32_t bit, struct abi_timespec *out, uint32_t *mask)
{
	if (given->tv_nsec == UTIME_OMIT)
		return true;
	*out = given->tv_nsec == UTIME_NOW ? time_now() : *given;
	*mask |= bit;
	return out->tv_nsec >= 0 && out->tv_nsec < 1000000000;
}

/* Setting the present needs the right to write; any other time needs the owner, and changes no append-only file. */
static int check_times(struct node *n, bool both_now)
{
	if (n->flags & FS_IMMUTABLE_FL || (node_is_append(n) && !both_now))
		return -EPERM;
	if (node_is_own(n))
		return 0;
	return both_now ? node_permission(n, W_OK) : -EPERM;
}

/* The times by name, relative to dirfd; without a name those of the descriptor. */
static int64_t set_times(int dirfd, vaddr_t text, const struct abi_timespec times[2], unsigned flags)
{
	struct fs_setattr set = { .mask = 0 };
	struct subject s;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) || (!text && flags))
		return -EINVAL;
	int err = text ? subject_at(dirfd, text, flags, &s) : dirfd == AT_FDCWD ? -EFAULT : subject_of_fd(dirfd, false, &s);
	if (err)
		return err;
	bool both_now = times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW;
	if (!s.node || !take_time(&times[0], FS_SET_ATIME, &set.atime, &set.mask) ||
	    !take_time(&times[1], FS_SET_MTIME, &set.mtime, &set.mask))
		err = -EINVAL;
	else
		err = s.node->fs->readonly ? -EROFS : check_times(s.node, both_now);
	if (!err)
		err = set_attr(s.node, &set);
	subject_put(&s);
	return err;
}

static const struct abi_timespec both_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

CALL(utimensat)
{
	struct abi_timespec times[2];

	if (c && copy_from_user(times, c, sizeof times))
		return -EFAULT;
	if (c && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;   /* not even the name is looked at */
	return set_times((int)a, b, c ? times : both_now, (unsigned)d);
}

/* Microseconds, as the older calls have them. */
static int64_t set_utimes(int dirfd, vaddr_t text, vaddr_t user)
{
	struct abi_timeval tv[2];
	struct abi_timespec times[2];

	if (!user)
		return set_times(dirfd, text, both_now, 0);
	if (copy_from_user(tv, user, sizeof tv))
		return -EFAULT;
	for (unsigned i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i] = (struct abi_timespec){ tv[i].tv_sec, tv[i].tv_usec * 1000 };
	}
	return set_times(dirfd, text, times, 0);
}

CALL(futimesat)
{
	return set_utimes((int)a, b, c);
}

CALL(utimes)
{
	return set_utimes(AT_FDCWD, a, b);
}

CALL(utime)
{
	int64_t seconds[2];

	if (!b)
		return set_times(AT_FDCWD, a, both_now, 0);
	if (copy_from_user(seconds, b, sizeof seconds))
		return -EFAULT;
	const struct abi_timespec times[2] = { { seconds[0], 0 }, { seconds[1], 0 } };
	return set_times(AT_FDCWD, a, times, 0);
}
