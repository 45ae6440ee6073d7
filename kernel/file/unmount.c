/* SPDX-License-Identifier: MIT */
/*
 * Unmounting: umount2(2), and fs_unmount before power-off.
 *
 * umount2(2) finds a filesystem idle when no node of it has a reference but those of its own names and of the mount,
 * and nothing is mounted below. While the table is locked nobody can walk into it, and who is inside has a reference,
 * so what was idle stays so after its entry has left the table.
 *
 * MNT_DETACH takes the name away and leaves the filesystem to whoever uses it. One in memory ends with its last node. A
 * disk that is busy goes to a list of its own, without references; when nobody uses a node of it any more, the closer
 * thread tells the server, and until then mount(2) finds it there and gives it a name again (mount_disk).
 *
 * fs_unmount takes a filesystem away at once: it runs right before power-off. A server writes everything, is told
 * FS_UNMOUNT, and who still has files open there gets EIO.
 */
#include <abi/mount.h>

#include "file/mount.h"

/* What was mounted has left the table: its two references are given back, a server is told. */
static int finish(struct filesystem *fs, struct node *root)
{
	struct msg m = { .op = FS_UNMOUNT };
	int err = 0;

	if (root)
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
	struct msg told = { .op = FS_SERVE_UNMOUNTED, .arg = { mount_disk_number(m) } };

	if (!port)
		return;
	(void)port_call_kernel(port, &told, NULL, NULL, 0, NULL, CALL_TO_DEATH);
	port_put(port);
}

/* Of a disk: disk_begin_locked was called for it. */
static int finish_mount(struct mount *m)
{
	bool disk = mount_is_disk(m);
	int err = finish(m->fs, m->root);

	if (disk) {
		tell_service(m);
		disk_end(mount_disk_number(m));
	}
	mount_free(m);
	return err;
}

/* A disk that is in use lives on, if its server does. */
static int finish_or_detach(struct mount *m)
{
	struct node *root = m->root, *dir = m->dir;

	if (!mount_is_disk(m) || !m->fs->ops->busy(m->fs, root) || m->fs->ops->sync(m->fs))
		return finish_mount(m);
	mutex_lock(&mount_lock);
	m->dir = m->root = NULL;
	m->fs->detached = true;
	list_push_back(&detached, &m->link);
	mutex_unlock(&mount_lock);
	node_put(dir);
	node_put(root);
	disk_end(mount_disk_number(m));
	return 0;
}

/* A detached disk, that nobody uses or any at all, taken off the list to be finished; NULL: there is none. */
static struct mount *take_detached(bool any)
{
	struct mount *found = NULL;

	mutex_lock(&mount_lock);
	list_for_each(link, &detached) {
		struct mount *m = list_entry(link, struct mount, link);
		unsigned disk = mount_disk_number(m);
		bool wanted = !disk_is_changing_locked(disk) && (any || !m->fs->ops->busy(m->fs, NULL));
		if (!wanted || disk_begin_locked(disk))
			continue;
		list_remove(link);
		found = m;
		break;
	}
	mutex_unlock(&mount_lock);
	return found;
}

void mount_finish_detached(bool any)
{
	for (struct mount *m; (m = take_detached(any));)
		(void)finish_mount(m);
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

static struct mount *find_below_locked(const struct filesystem *fs)
{
	for (struct list *link = mounts.prev; link != &mounts; link = link->prev) {
		struct mount *m = list_entry(link, struct mount, link);
		if (m->dir->fs == fs)
			return m;
	}
	return NULL;
}

/* Out of the table, to be finished. 0, -EINTR; 1: look again */
static int take_locked(struct mount *m)
{
	int err = mount_is_disk(m) ? disk_begin_locked(mount_disk_number(m)) : 0;

	if (!err)
		mount_leave_locked(m);
	return err;
}

/* Some mount over a directory of fs, taken out of the table; NULL: there is none. */
static struct mount *take_below(const struct filesystem *fs)
{
	struct mount *m;
	int err;

	mutex_lock(&mount_lock);
	do {
		m = find_below_locked(fs);
		err = m ? take_locked(m) : 0;
	} while (err > 0);
	mutex_unlock(&mount_lock);
	return err ? NULL : m;
}

/* Lazily: what is mounted below goes too, the innermost first. */
static void detach_below(struct filesystem *fs)
{
	for (struct mount *m; (m = take_below(fs));) {
		detach_below(m->fs);
		(void)finish_or_detach(m);
	}
}

/* The mount with that root, out of the table. -EINVAL: there is none; -EBUSY, -EAGAIN, -EINTR. */
static int take(const struct node *root, int flags, struct mount **out)
{
	int err;

	mutex_lock(&mount_lock);
	do {
		struct mount *m = mount_of_root_locked(root);
		*out = m;
		err = !m ? -EINVAL : m == &root_mount ? -EBUSY : check_leaving_locked(m, flags);
		err = err ? err : take_locked(m);
	} while (err > 0);
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
	if (!(flags & MNT_DETACH)) {
		err = finish_mount(m);
	} else {
		detach_below(m->fs);
		err = finish_or_detach(m);
	}
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

/* The disk that is mounted at path, at once. */
static int remove_disk(const char *path)
{
	struct path at;
	struct mount *m;
	int err = path_walk(AT_FDCWD, path, 0, &at, NULL);

	if (err)
		return -EINVAL;
	const struct node *root = at.node;
	bool disk = root->fs->file_port;
	path_put(&at);
	int first = object_sync_all();
	err = disk ? take(root, MNT_DETACH, &m) : -EINVAL;
	if (!err) {
		detach_below(m->fs);
		err = finish_mount(m);
	}
	return err ? err : first;
}

int mount_remove(const char *path)
{
	struct filesystem *fs;
	struct node *root;

	if (path[0] != '/')
		return -EINVAL;
	if (path[1])
		return remove_disk(path);
	int first = object_sync_all(), err = leave_root(&fs, &root);
	mount_finish_detached(true);
	if (!err)
		err = finish(fs, root);
	return err ? err : first;
}
