/* SPDX-License-Identifier: MIT */
/*
 * The client of abi/fsproto.h: a filesystem whose names and attributes live in a server (ext2). File data does not pass
 * here; it goes through the node's object and the pager port.
 *
 * A server's answer is checked before it is believed: a status that is no errno, a short attribute record, a type of
 * file that does not exist and a directory record that runs over its end are EIO for the caller. A dead server is EIO
 * too. So is everything after unmount.
 *
 * Every call may sleep and is made without a lock. A caller that is being killed leaves the call behind; a lookup that
 * was counted for it stays counted until unmount.
 */
#include <abi/mount.h>
#include <abi/pager.h>

#include "file/file_impl.h"

static int server_status(int sent, const struct msg *m)
{
	if (sent)
		return sent == -EPIPE ? -EIO : sent;
	return m->status > 0 || m->status < -4095 ? -EIO : m->status;
}

/* One call on the file port; m->data_len says how much of `data` goes. The reply's length is m->data_len. */
static int server_call(struct filesystem *fs, struct msg *m, const void *data, void *reply, size_t cap)
{
	if (fs->state != FS_LIVE)
		return -EIO;
	return server_status(port_call_kernel(fs->file_port, m, data, reply, cap, NULL, CALL_TO_DEATH), m);
}

/* A call whose answer is an attribute record. */
static int server_call_attr(struct filesystem *fs, struct msg *m, const void *data, struct fs_attr *attr)
{
	int err = server_call(fs, m, data, attr, sizeof *attr);

	if (err)
		return err;
	return m->data_len == sizeof *attr && attr_valid(attr) ? 0 : -EIO;
}

static void server_close(struct filesystem *fs, uint64_t ino, uint64_t lookups, const struct node *n)
{
	struct msg m = { .op = PAGER_CLOSE, .arg = { ino, lookups, 0, (uint64_t)-1, 0, (uint64_t)-1, 0 } };

	if (n)
		m.arg[2] = n->object ? n->object->size : n->size;
	if (n && n->object) {
		m.arg[3] = (uint64_t)n->object->mtime_sec;
		m.arg[4] = (uint64_t)n->object->mtime_nsec;
	}
	if (n && n->atime_new) {
		m.arg[5] = (uint64_t)n->atime.tv_sec;
		m.arg[6] = (uint64_t)n->atime.tv_nsec;
	}
	/* Nothing can be done about a failure: a dead server has forgotten its counts. */
	(void)port_call_kernel(fs->pager_port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH);
}

static int server_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	struct msg m = { .op = FS_LOOKUP, .data_len = (uint32_t)len, .arg = { dir->ino } };
	uint64_t changes = node_cache_changes();
	struct fs_attr attr;
	int err = server_call_attr(dir->fs, &m, name, &attr);

	return err ? err : node_cache_get(dir->fs, &attr, changes, out);
}

static int server_getattr(struct filesystem *fs, uint64_t ino, struct fs_attr *attr)
{
	struct msg m = { .op = FS_GETATTR, .arg = { ino } };
	int err = server_call_attr(fs, &m, NULL, attr);

	return !err && attr->ino != ino ? -EIO : err;
}

static int server_create(struct node *dir, const struct new_name *make, struct node **out)
{
	size_t target_len = make->target ? strlen(make->target) : 0, len = make->len + target_len; /* 0: no name */
	struct proc *p = proc_current();
	struct msg m = { .op = FS_CREATE, .data_len = (uint32_t)len,
		.arg = { dir->ino, make->mode, p ? p->fsuid : 0, p ? p->fsgid : 0, make->rdev, make->len } };
	uint64_t changes = node_cache_changes();
	struct fs_attr attr;

	if (len > MSG_DATA_MAX)
		return -ENAMETOOLONG;
	char *data = kmalloc(len + 1);
	if (!data)
		return -ENOMEM;
	memcpy(data, make->name, make->len);
	memcpy(data + make->len, make->target, target_len);
	if (dir->mode & S_ISGID) {
		m.arg[3] = dir->gid;
		if (S_ISDIR(make->mode))
			m.arg[1] |= S_ISGID;
	}
	int err = server_call_attr(dir->fs, &m, data, &attr);
	kfree(data);
	if (err)
		return err;
	if (make->len)
		node_changed(dir);
	return node_cache_get(dir->fs, &attr, changes, out);
}

static int server_link(struct node *dir, const char *name, size_t len, struct node *to)
{
	struct msg m = { .op = FS_LINK, .data_len = (uint32_t)len, .arg = { dir->ino, to->ino } };
	struct fs_attr attr;
	int err = server_call_attr(dir->fs, &m, name, &attr);

	if (err)
		return err;
	node_changed(dir);
	node_changed(to);
	node_set_attr(to, &attr);
	node_named(to, attr.nlink);
	return 0;
}

static int server_unlink(struct node *dir, const char *name, size_t len, bool is_dir)
{
	struct msg m = { .op = is_dir ? FS_RMDIR : FS_UNLINK, .data_len = (uint32_t)len, .arg = { dir->ino } };
	struct fs_attr attr;
	int err = server_call_attr(dir->fs, &m, name, &attr);

	if (err)
		return err;
	node_changed(dir);
	node_lost_name(dir->fs, attr.ino, attr.nlink);
	return 0;
}

static int server_rename(struct node *from, const char *old, struct node *to, const char *name, unsigned flags)
{
	size_t old_len = strlen(old), len = old_len + strlen(name);
	struct msg m = { .op = FS_RENAME, .data_len = (uint32_t)len, .arg = { from->ino, to->ino, old_len, flags } };
	char *data = kmalloc(len + 1);

	if (!data)
		return -ENOMEM;
	memcpy(data, old, old_len);
	memcpy(data + old_len, name, len - old_len);
	int err = server_call(from->fs, &m, data, NULL, 0);
	kfree(data);
	if (err)
		return err;
	node_changed(from);
	node_changed(to);
	if (m.arg[0])
		node_lost_name(from->fs, m.arg[0], (uint32_t)m.arg[1]);
	return 0;
}

static int server_readlink(struct node *n, char *buf, size_t cap)
{
	struct msg m = { .op = FS_READLINK, .arg = { n->ino } };
	int err = server_call(n->fs, &m, NULL, buf, MIN(cap, (size_t)MSG_DATA_MAX));

	return err ? err : (int)m.data_len;
}

/* Records must lie within the answer, be whole, and hold a name that ends and has no slash. */
static bool dirents_valid(const char *buf, size_t len)
{
	const size_t head = offsetof(struct abi_dirent64, d_name);

	for (size_t at = 0; at < len;) {
		const struct abi_dirent64 *d = (const void *)(buf + at);
		if (len - at < head + 2 || d->d_reclen < head + 2 || d->d_reclen % 8 || d->d_reclen > len - at)
			return false;
		size_t room = d->d_reclen - head, n = strnlen(d->d_name, room);
		if (n == 0 || n == room || strchr(d->d_name, '/'))
			return false;
		at += d->d_reclen;
	}
	return true;
}

static int64_t server_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	room = MIN(room, (size_t)MSG_DATA_MAX);
	struct msg m = { .op = FS_READDIR, .arg = { dir->ino, cookie, room } };
	int err = server_call(dir->fs, &m, NULL, buf, room);

	if (err)
		return err;
	return dirents_valid(buf, m.data_len) ? (int64_t)m.data_len : -EIO;
}

static int server_setattr(struct node *n, const struct fs_setattr *set)
{
	struct msg m = { .op = FS_SETATTR, .data_len = sizeof *set, .arg = { n->ino } };
	struct fs_attr attr;
	int err;

	/*
	 * A pending time of change must not overtake the one that is set now: send it, and the data it belongs to, first.
	 */
	if (set->mask & FS_SET_MTIME && n->object && (n->object->mtime_sec != -1 || n->object->pages.marked)) {
		err = object_sync(n->object, 0, UINT64_MAX, false);
		if (err)
			return err;
		spin_lock(&n->object->lock);
		n->object->mtime_sec = -1;
		spin_unlock(&n->object->lock);
	}
	err = server_call_attr(n->fs, &m, set, &attr);
	if (err)
		return err;
	if (set->mask & FS_SET_ATIME)
		n->atime_new = false;
	node_set_attr(n, &attr);
	node_changed(n);
	if (n->object)
		object_changed(n->object);
	return 0;
}

static int server_statfs(struct filesystem *fs, struct abi_statfs *st)
{
	struct msg m = { .op = FS_STATFS };
	int err = server_call(fs, &m, NULL, st, sizeof *st);

	return !err && m.data_len != sizeof *st ? -EIO : err;
}

static int server_sync(struct filesystem *fs)
{
	struct msg m = { .op = FS_SYNC };

	return server_call(fs, &m, NULL, NULL, 0);
}

static int server_writable(struct filesystem *fs)
{
	struct msg m = { .op = FS_WRITABLE };

	return fs->readonly ? server_call(fs, &m, NULL, NULL, 0) : 0;
}

/* Nothing can be written to what is read-only: nobody may have a file open for it, and what was written is on the disk. */
static int server_remount(struct filesystem *fs, uint32_t flags, const char *options)
{
	if (!mount_options_known(options))
		return -EINVAL;
	if (!(flags & MS_RDONLY))
		return server_writable(fs);
	if (node_cache_written(fs))
		return -EBUSY;
	int err = object_sync_all();
	return err ? err : server_sync(fs);
}

const struct fs_ops server_ops = {
	.type = "ext2",
	.needs_device = true,
	.magic = EXT2_SUPER_MAGIC,
	.flags = ~0u,
	.lookup = server_lookup,
	.create = server_create,
	.tmpfile = server_create,
	.link = server_link,
	.unlink = server_unlink,
	.rename = server_rename,
	.readlink = server_readlink,
	.readdir = server_readdir,
	.getattr = server_getattr,
	.setattr = server_setattr,
	.statfs = server_statfs,
	.sync = server_sync,
	.close = server_close,
	.busy = node_cache_busy,
	.remount = server_remount,
};
