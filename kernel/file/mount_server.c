/* SPDX-License-Identifier: MIT */
/*
 * Filesystems of servers: what fs_mount offers is mounted, and mount(2) of a disk asks the service that starts such
 * servers.
 *
 *      mount(2) of /dev/vdb ──► mount_disk ──FS_SERVE_MOUNT──► the service: starts the two servers of that disk
 *                                                                 │
 *      mount_server ◄──────────────── fs_mount ◄─────────────────┘   and answers when the table has it
 *
 * A disk is mounted or taken away by one at a time: `changing` has a bit for each. One that was left lazily and is in use
 * has its servers yet: mount(2) gives it a name again without the service.
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

bool mount_is_disk(const struct mount *m)
{
	return m->fs->file_port && m->source;
}

unsigned mount_disk_number(const struct mount *m)
{
	return (unsigned)(m->source[7] - 'a');
}

static uint32_t changing;              /* (M) a bit for each disk */
static struct wait_queue change_ended; /* (M) */

void mount_server_init(void) { wait_queue_init(&change_ended); }

bool disk_is_changing_locked(unsigned disk)
{
	return changing >> disk & 1;
}

int disk_begin_locked(unsigned disk)
{
	if (disk_is_changing_locked(disk)) {
		int err = wait_on_mutex(&change_ended, &mount_lock, WAIT_KILLABLE, UINT64_MAX);
		return err ? err : 1;
	}
	changing |= 1u << disk;
	return 0;
}

void disk_end(unsigned disk)
{
	mutex_lock(&mount_lock);
	changing &= ~(1u << disk);
	wait_wake_all(&change_ended);
	mutex_unlock(&mount_lock);
	node_closer_wake(); /* it may be detached, and nobody's by now */
}

static struct mount *find_disk_locked(struct list *among, unsigned disk)
{
	list_for_each(link, among) {
		struct mount *m = list_entry(link, struct mount, link);
		if (mount_is_disk(m) && mount_disk_number(m) == disk)
			return m;
	}
	return NULL;
}

/*
 * The options of ext2 that ask for what is so anyhow, or that change nothing that can be seen. Others, which would have to
 * change something, are not known.
 */
bool mount_options_known(const char *options)
{
	static const char *const words[] = { "", "rw", "async", "bsddf", "nogrpid", "sysvgroups", "nocheck", "check=none", "oldalloc",
		"orlov", "acl", "user_xattr", "debug", "errors=continue", "errors=remount-ro", "errors=panic", "sb=1" };
	bool known = true;

	while (known && options && *options) {
		const char *end = strchr(options, ',');
		size_t len = end ? (size_t)(end - options) : strlen(options);
		known = false;
		for (unsigned i = 0; i < ARRAY_SIZE(words) && !known; i++)
			known = strlen(words[i]) == len && !memcmp(words[i], options, len);
		options += len + (end != NULL);
	}
	return known;
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

static int mount_anew(unsigned disk, const char *path, uint32_t flags)
{
	struct msg m = { .op = FS_SERVE_MOUNT, .data_len = (uint32_t)strlen(path),
	                 .arg = { disk, flags & MS_RDONLY ? FS_MOUNT_RDONLY : 0 } };
	struct port *port = mount_service();

	if (!port)
		return -ENODEV;
	int err = port_call_kernel(port, &m, path, NULL, 0, NULL, CALL_TO_DEATH);
	port_put(port);
	if (err)
		return err == -EPIPE ? -ENODEV : err;
	if (!m.status)
		take_flags(path, flags);
	return m.status > 0 || m.status < -4095 ? -EIO : m.status;
}

/* What lives on without a name gets one again; the entry that it had is freed then. */
static int mount_again(struct mount *old, const char *path, uint32_t flags)
{
	struct filesystem *fs = old->fs;
	struct node *root;
	int err = fs->readonly != (bool)(flags & MS_RDONLY) ? -EBUSY : root_node(fs, old->root_ino, &root);

	if (err)
		return err;
	fs->flags = flags;
	err = mount_enter(path, old->source, fs, root, true);
	if (err) {
		node_put(root);
		return err;
	}
	mutex_lock(&mount_lock);
	list_remove(&old->link);
	fs->detached = false;
	mutex_unlock(&mount_lock);
	mount_free(old); /* its reference to fs is the new one's */
	return 0;
}

int mount_disk(unsigned disk, const char *path, uint32_t flags)
{
	struct mount *old = NULL;
	bool mounted = false;
	int err;

	mutex_lock(&mount_lock);
	do
		err = disk_begin_locked(disk);
	while (err > 0);
	if (!err) {
		old = find_disk_locked(&detached, disk);
		mounted = find_disk_locked(&mounts, disk) || (mount_is_disk(&root_mount) && mount_disk_number(&root_mount) == disk);
	}
	mutex_unlock(&mount_lock);
	if (err)
		return err;
	err = mounted ? -EBUSY : old ? mount_again(old, path, flags) : mount_anew(disk, path, flags);
	disk_end(disk);
	return err;
}
