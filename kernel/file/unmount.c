/* SPDX-License-Identifier: MIT */
/*
 * Unmounting: umount2(2), and fs_unmount before power-off.
 *
 * umount2(2) finds a filesystem idle when no node of it has a reference but those of its own names and of the mount,
 * and nothing is mounted below. While the table is locked nobody can walk into it, and who is inside has a reference,
 * so what was idle stays so after its entry has left the table.
 *
 * fs_unmount and MNT_DETACH take a filesystem away from whoever uses it. One in memory lives on until he lets go. A
 * server writes everything, is told FS_UNMOUNT, and who still has files open there gets EIO: it runs right before
 * power-off.
 */
#include <abi/mount.h>

#include "file/mount.h"

/* What was mounted has left the table: its two references are given back, a server is told. */
static int finish(struct filesystem *fs, struct node *root)
{
	struct msg m = { .op = FS_UNMOUNT };
	int err = 0;

	node_put(root);
	if (fs->file_port) {
		fs->state = FS_LEAVING;
		node_cache_close_fs(fs);
		fs->state = FS_GONE;
		err = port_call_kernel(fs->file_port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH);
		if (!err)
			err = m.status < 0 ? m.status : 0;
	}
	fs_put(fs);
	return err == -EPIPE ? -EIO : err;
}

/* The servers of the disk have nothing to do any more. */
static void tell_service(const struct mount *m)
{
	struct port *port = mount_service();
	struct msg told = { .op = FS_SERVE_UNMOUNTED, .arg = { (uint64_t)(m->source[7] - 'a') } };

	if (!port)
		return;
	(void)port_call_kernel(port, &told, NULL, NULL, 0, NULL, CALL_TO_DEATH);
	port_put(port);
}

static int finish_mount(struct mount *m)
{
	bool disk = m->fs->file_port && m->source;
	int err = finish(m->fs, m->root);

	if (disk)
		tell_service(m);
	mount_free(m);
	return err;
}

static bool covered_locked(const struct filesystem *fs)
{
	list_for_each(link, &mounts)
		if (list_entry(link, struct mount, link)->dir->fs == fs)
			return true;
	return false;
}

/* May m go, as umount2's flags ask for it? */
static int check_leaving_locked(struct mount *m, int flags)
{
	if (flags & MNT_DETACH)
		return 0;
	if (covered_locked(m->fs) || !m->fs->ops->busy || m->fs->ops->busy(m->fs, m->root))
		return -EBUSY;
	if (!(flags & MNT_EXPIRE) || m->expiring == EXPIRE_FRESH - 1)
		return 0;
	m->expiring = EXPIRE_FRESH;
	return -EAGAIN;
}

/* Some mount over a directory of fs, taken out of the table; NULL: there is none. */
static struct mount *take_below(const struct filesystem *fs)
{
	struct mount *found = NULL;

	mutex_lock(&mount_lock);
	for (struct list *link = mounts.prev; link != &mounts && !found; link = link->prev) {
		struct mount *m = list_entry(link, struct mount, link);
		if (m->dir->fs == fs)
			found = m;
	}
	if (found)
		mount_leave_locked(found);
	mutex_unlock(&mount_lock);
	return found;
}

/* Lazily: what is mounted below goes too, the innermost first. */
static void detach_below(struct filesystem *fs)
{
	for (struct mount *m; (m = take_below(fs));) {
		detach_below(m->fs);
		(void)finish_mount(m);
	}
}

/* The mount with that root, out of the table. -EINVAL: there is none; -EBUSY, -EAGAIN. */
static int take(const struct node *root, int flags, struct mount **out)
{
	int err;

	mutex_lock(&mount_lock);
	struct mount *m = mount_of_root_locked(root);
	if (!m)
		err = -EINVAL;
	else
		err = m == &root_mount ? -EBUSY : check_leaving_locked(m, flags);
	if (!err) {
		mount_leave_locked(m);
		*out = m;
	}
	mutex_unlock(&mount_lock);
	return err;
}

int mount_leave(struct path *at, int flags)
{
	const struct node *root = at->node;
	struct mount *m;

	path_put(at); /* our own reference would keep it busy */
	int first = object_sync_all(), err = take(root, flags, &m);
	if (err)
		return err;
	if (flags & MNT_DETACH)
		detach_below(m->fs);
	err = finish_mount(m);
	return err ? err : first;
}

/* "/" becomes the boot archive again. -EINVAL: it is. */
static int leave_root(struct filesystem **fs, struct node **root)
{
	int err = -EINVAL;

	mutex_lock(&mount_lock);
	if (root_mount.fs != boot_fs) {
		*fs = boot_fs;
		*root = boot_root;
		fs_get(boot_fs);
		node_get(boot_root);
		mount_exchange_root_locked(fs, root);
		kfree(root_mount.source);
		root_mount.source = NULL;
		err = 0;
	}
	mutex_unlock(&mount_lock);
	return err;
}

int mount_remove(const char *path)
{
	struct filesystem *fs;
	struct node *root;
	struct path at;

	if (path[0] != '/')
		return -EINVAL;
	if (path[1]) {
		int err = path_walk(AT_FDCWD, path, 0, &at, NULL);
		if (!err && at.node->fs->file_port)
			return mount_leave(&at, MNT_DETACH);
		if (!err)
			path_put(&at);
		return -EINVAL;
	}
	int first = object_sync_all(), err = leave_root(&fs, &root);
	if (!err)
		err = finish(fs, root);
	return err ? err : first;
}
