/* SPDX-License-Identifier: MIT */
/*
 * The mount table: what stands at "/" and what is mounted over names in it.
 *
 *      "/"      the boot archive, until a server is mounted there; again after that is unmounted
 *      "/boot"  the boot archive, always
 *      "/dev"   devfs       "/proc"  procfs
 *      "/NAME"  other servers
 *
 * Mount points are names in "/" and belong to the table, not to the root's directory: they need not exist on the disk, and stay
 * when the root changes under them. Mounting deeper down was left out: it would need a mount check at every step of a walk
 * instead of at "/" alone, and no program here wants it.
 *
 * The table's mutex (RANK_FS) is held for looking things up and changing entries, never while a server is asked. Unmounting
 * always succeeds in taking the filesystem away, like a lazy unmount, because it runs right before power-off: everything is
 * written, unlinked files are given back, then FS_UNMOUNT. Who still has files open there gets EIO.
 */
#include "file/file_impl.h"

struct mount {
	char name[32];         /* below "/"; "" is the root itself */
	struct filesystem *fs; /* NULL: entry free */
	struct node *root;     /* referenced */
};

static struct mutex mount_lock;
static struct mount mounts[MOUNT_MAX]; /* [0] is "/" */

static void mount_boot(unsigned at, const char *name, int (*make)(struct filesystem **, struct node **))
{
	struct mount *m = &mounts[at];

	strlcpy(m->name, name, sizeof m->name);
	if (make(&m->fs, &m->root))
		panic("no memory to mount /%s", name);
}

void mount_init(void)
{
	mutex_init(&mount_lock, RANK_FS);
	mount_boot(1, "boot", bootfs_mount);
	mount_boot(2, "dev", devfs_mount);
	mount_boot(3, "proc", procfs_mount);
	mounts[0] = mounts[1];
	mounts[0].name[0] = '\0';
	fs_get(mounts[0].fs);
	node_get(mounts[0].root);
}

void file_init(void)
{
	file_caches_init();
	filelock_init();
	node_init();
	memfd_init();
	pipe_init();
	mount_init();
}

struct node *mount_root(void)
{
	mutex_lock(&mount_lock);
	struct node *root = mounts[0].root;
	node_get(root);
	mutex_unlock(&mount_lock);
	return root;
}

bool path_is_mount(const struct node *n)
{
	bool is = false;

	mutex_lock(&mount_lock);
	for (unsigned i = 0; i < MOUNT_MAX; i++)
		is = is || mounts[i].root == n;
	mutex_unlock(&mount_lock);
	return is;
}

static struct mount *find_locked(const char *name, size_t len)
{
	for (unsigned i = 1; i < MOUNT_MAX; i++)
		if (mounts[i].fs && strlen(mounts[i].name) == len && !memcmp(mounts[i].name, name, len))
			return &mounts[i];
	return NULL;
}

struct node *mount_child(const struct node *dir, const char *name, size_t len)
{
	struct node *root = NULL;

	mutex_lock(&mount_lock);
	struct mount *m = dir == mounts[0].root ? find_locked(name, len) : NULL;
	if (m) {
		root = m->root;
		node_get(root);
	}
	mutex_unlock(&mount_lock);
	return root;
}

bool mount_at(unsigned index, char *name, size_t cap, struct node **root)
{
	bool found = false;

	mutex_lock(&mount_lock);
	for (unsigned i = 1; i < MOUNT_MAX && !found; i++) {
		if (!mounts[i].fs || index-- > 0)
			continue;
		strlcpy(name, mounts[i].name, cap);
		*root = mounts[i].root;
		node_get(*root);
		found = true;
	}
	mutex_unlock(&mount_lock);
	return found;
}

bool mount_describe(unsigned index, bool info, char *line, size_t cap)
{
	bool found = false;

	mutex_lock(&mount_lock);
	for (unsigned i = 0; i < MOUNT_MAX && !found; i++) {
		const struct mount *m = &mounts[i];
		if (!m->fs || index-- > 0)
			continue;
		const struct fs_ops *ops = m->fs->ops;
		const char *device = ops->needs_device ? "/dev/disk" : ops->type, *how = m->fs->readonly ? "ro" : "rw";
		unsigned dev = (unsigned)m->fs->dev, above = mounts[0].fs ? (unsigned)mounts[0].fs->dev : dev;
		if (info)
			ksnprintf(line, cap, "%u %u 0:%u / /%s %s,noatime - %s %s %s\n", dev, above, dev, m->name, how, ops->type,
			          device, how);
		else
			ksnprintf(line, cap, "%s /%s %s %s,noatime 0 0\n", device, m->name, ops->type, how);
		found = true;
	}
	mutex_unlock(&mount_lock);
	return found;
}

/* ---- servers ---- */

/* "/" or "/NAME" -> the name; NULL for anything else. */
static const char *mount_name(const char *path)
{
	if (path[0] != '/' || strchr(path + 1, '/') || strlen(path) >= sizeof mounts[0].name)
		return NULL;
	return path + 1;
}

/* Put fs into the table. -EBUSY: something stands there that is not the boot archive at "/"; -ENOMEM: table full. */
static int enter(const char *name, struct filesystem *fs, struct node *root, struct mount *replaced)
{
	int err = -ENOMEM;

	mutex_lock(&mount_lock);
	struct mount *m = *name ? find_locked(name, strlen(name)) : &mounts[0];
	if (m && m->fs && (m != &mounts[0] || m->fs != mounts[1].fs)) {
		err = -EBUSY;
	} else {
		for (unsigned i = 1; i < MOUNT_MAX && !m; i++)
			if (!mounts[i].fs)
				m = &mounts[i];
		if (m) {
			*replaced = *m;
			strlcpy(m->name, name, sizeof m->name);
			m->fs = fs;
			m->root = root;
			err = 0;
		}
	}
	mutex_unlock(&mount_lock);
	return err;
}

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

static void put_replaced(struct mount *m)
{
	if (!m->fs)
		return;
	node_put(m->root);
	fs_put(m->fs);
}

int mount_server(const char *path, struct port *file_port, struct port *pager_port, uint64_t root_ino, bool readonly)
{
	const char *name = mount_name(path);
	struct mount replaced = { .fs = NULL };
	struct node *root;

	if (!name)
		return -EINVAL;
	struct filesystem *fs = fs_create(&server_ops, readonly);
	if (!fs)
		return -ENOMEM;
	fs->file_port = file_port;
	fs->pager_port = pager_port;
	int err = root_node(fs, root_ino, &root);
	if (!err) {
		err = enter(name, fs, root, &replaced);
		if (err) {
			fs->state = FS_GONE;
			node_put(root);
		}
	}
	if (err) {
		port_get(file_port); /* they stay the caller's */
		port_get(pager_port);
		fs_put(fs);
		return err;
	}
	if (!*name) {
		struct path to = { root, path_join("/", "") };
		if (to.name)
			cwd_move(replaced.root, &to);
		kfree(to.name);
	}
	put_replaced(&replaced);
	return 0;
}

/* The entry at path taken out of the table; "/" becomes the boot archive again. -EINVAL. */
static int leave(const char *path, struct mount *out)
{
	const char *name = mount_name(path);
	int err = -EINVAL;

	mutex_lock(&mount_lock);
	struct mount *m = !name ? NULL : *name ? find_locked(name, strlen(name)) : &mounts[0];
	if (m && m->fs && m->fs->file_port) {
		*out = *m;
		m->fs = NULL;
		m->root = NULL;
		if (m == &mounts[0]) {
			m->fs = mounts[1].fs;
			m->root = mounts[1].root;
			fs_get(m->fs);
			node_get(m->root);
		}
		err = 0;
	}
	mutex_unlock(&mount_lock);
	return err;
}

int mount_remove(const char *path)
{
	struct mount old;
	struct msg m = { .op = FS_UNMOUNT };
	int first = object_sync_all(), err = leave(path, &old);

	if (err)
		return err;
	node_put(old.root);
	old.fs->state = FS_LEAVING;
	node_cache_close_fs(old.fs);
	old.fs->state = FS_GONE;
	err = port_call_kernel(old.fs->file_port, &m, NULL, NULL, 0, NULL, false);
	if (!err)
		err = m.status < 0 ? m.status : 0;
	fs_put(old.fs);
	return err == -EPIPE ? -EIO : err ? err : first;
}

void mount_sync_all(void)
{
	(void)object_sync_all();
	for (unsigned i = 0; i < MOUNT_MAX; i++) {
		mutex_lock(&mount_lock);
		struct filesystem *fs = mounts[i].fs;
		if (fs)
			fs_get(fs);
		mutex_unlock(&mount_lock);
		if (fs && fs->ops->sync)
			(void)fs->ops->sync(fs);
		if (fs)
			fs_put(fs);
	}
}
