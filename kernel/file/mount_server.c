/* SPDX-License-Identifier: MIT */
/*
 * Filesystems of servers: what fs_mount offers is mounted, and mount(2) of a disk asks the service that starts such
 * servers.
 *
 *      mount(2) of /dev/vdb ──► mount_disk ──FS_SERVE_MOUNT──► the service: starts the two servers of that disk
 *                                                                 │
 *      mount_server ◄──────────────── fs_mount ◄─────────────────┘   and answers when the table has it
 *
 * A server's "/" replaces the boot archive: working directories and the names mounted over the old root move to the new
 * one. The table's mutex is not held while the service or a server is asked.
 */
#include <abi/mount.h>

#include "file/mount.h"

static int root_node(struct filesystem *fs, uint64_t ino, struct node **root)
{
	struct fs_attr attr;
	int err = fs->ops->getattr(fs, ino, &attr);

	if (err)
		return err;
	if (!S_ISDIR(attr.mode))
		return -ENOTDIR;
	err = node_cache_get(fs, &attr, node_cache_changes(), root);
	if (!err)
		(*root)->lookups = 0; /* GETATTR counts none */
	return err;
}

void mount_exchange_root_locked(struct filesystem **fs, struct node **root)
{
	struct node *old_root = root_mount.root;
	struct filesystem *old_fs = root_mount.fs;

	list_for_each(link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		if (m->dir != old_root)
			continue;
		m->dir = *root;
		m->dir->mounts++;
		node_get(m->dir);
		old_root->mounts--;
		node_put(old_root); /* not the last: the table has it */
	}
	root_mount.root = *root;
	root_mount.fs = *fs;
	*root = old_root;
	*fs = old_fs;
}

/* Only over the boot archive. */
static int enter_root(struct filesystem *fs, struct node *root, const char *source)
{
	char *copy = text_copy(source);
	int err = copy ? -EBUSY : -ENOMEM;

	mutex_lock(&mount_lock);
	if (copy && root_mount.fs == boot_fs) {
		mount_exchange_root_locked(&fs, &root);
		root_mount.source = copy;
		err = 0;
	}
	mutex_unlock(&mount_lock);
	if (err) {
		kfree(copy);
		return err;
	}
	struct path to = { mount_root(), text_copy("/") };
	if (to.name)
		cwd_move(root, &to);
	path_put(&to);
	node_put(root);
	fs_put(fs);
	return 0;
}

int mount_server(const char *path, struct port *file_port, struct port *pager_port, uint64_t root_ino, unsigned disk,
                 bool readonly)
{
	char source[] = "/dev/vda";
	struct node *root;

	if (*path != '/' || disk >= DISKS_MAX)
		return -EINVAL;
	source[7] += (char)disk;
	struct filesystem *fs = fs_create(&server_ops, readonly);
	if (!fs)
		return -ENOMEM;
	fs->flags = readonly ? MS_RDONLY : 0;
	fs->fixed = readonly;
	fs->file_port = file_port;
	fs->pager_port = pager_port;
	int err = root_node(fs, root_ino, &root);
	if (!err) {
		err = path[1] ? mount_enter(path, source, fs, root, true) : enter_root(fs, root, source);
		if (err) {
			fs->state = FS_GONE;
			node_put(root);
		}
	}
	if (err) {
		port_get(file_port); /* they stay the caller's */
		port_get(pager_port);
		fs_put(fs);
	}
	return err;
}

/* ---- disks, by the service that starts their servers ---- */

static struct port *service; /* (M) referenced; NULL: there is none */

void mount_set_service(struct port *port)
{
	mutex_lock(&mount_lock);
	struct port *old = service;
	service = port;
	mutex_unlock(&mount_lock);
	if (old)
		port_put(old);
}

struct port *mount_service(void)
{
	mutex_lock(&mount_lock);
	struct port *port = service;
	if (port)
		port_get(port);
	mutex_unlock(&mount_lock);
	return port;
}

static bool disk_mounted_locked(unsigned disk)
{
	char source[] = "/dev/vda";

	source[7] += (char)disk;
	if (root_mount.source && !strcmp(root_mount.source, source))
		return true;
	list_for_each(link, &mounts) {
		const struct mount *m = list_entry(link, struct mount, link);
		if (m->fs->file_port && m->source && !strcmp(m->source, source))
			return true;
	}
	return false;
}

/* What the server was not told: nosuid, noexec, ... are the kernel's business. */
static void take_flags(const char *path, uint32_t flags)
{
	struct path at;

	if (path_walk(AT_FDCWD, path, PATH_FOLLOW, &at, NULL))
		return;
	if (path_is_mount(at.node))
		at.node->fs->flags |= flags;
	path_put(&at);
}

int mount_disk(unsigned disk, const char *path, uint32_t flags)
{
	struct msg m = { .op = FS_SERVE_MOUNT, .data_len = (uint32_t)strlen(path),
	                 .arg = { disk, flags & MS_RDONLY ? FS_MOUNT_RDONLY : 0 } };
	struct port *port = mount_service();

	if (!port)
		return -ENODEV;
	mutex_lock(&mount_lock);
	int err = disk_mounted_locked(disk) ? -EBUSY : 0;
	mutex_unlock(&mount_lock);
	if (!err)
		err = port_call_kernel(port, &m, path, NULL, 0, NULL, CALL_TO_DEATH);
	port_put(port);
	if (err)
		return err == -EPIPE ? -ENODEV : err;
	if (!m.status)
		take_flags(path, flags);
	return m.status > 0 || m.status < -4095 ? -EIO : m.status;
}
