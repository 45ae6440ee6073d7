/* SPDX-License-Identifier: MIT */
/*
 * The mount table: what stands at "/" and what is mounted over names in directories.
 *
 *      "/"        the boot archive, until a server is mounted there; again after that is unmounted
 *      "/boot"    the boot archive, always
 *      "/dev"     devfs       "/proc"  procfs       "/tmp", "/dev/shm"  memory filesystems
 *      elsewhere  what mount(2) and fs_mount put there
 *
 * A mount stands over a name in a directory, not over a node: the pair (directory, name) leads to the mount's root, and
 * ".." of the root to the directory. So a mount point of the kernel's own need not exist on the disk, as /proc may not;
 * two mounts over the same name are a stack whose top is the one that was made last; and a walk looks into the table
 * only in a directory that counts mounts over its names (node->mounts). The directory is held by a reference, the
 * mount's path is remembered for
 * /proc/mounts and follows renamed directories.
 *
 * The table's mutex (RANK_MOUNT) is held for looking things up and changing entries, never while a server is asked.
 *
 * How a server's filesystem is mounted stands in mount_server.c, and how anything leaves in unmount.c.
 */
#include <abi/mount.h>

#include "file/epoll.h"
#include "file/mount.h"
#include "sysv/sysv.h"

#define MOUNT_MAX 512

struct mutex mount_lock;
struct mount root_mount;
struct list mounts, detached;
static unsigned mount_count;      /* (M) */
struct filesystem *boot_fs;
struct node *boot_root;

static const char *last_name(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

/* ---- looking things up ---- */

struct node *mount_root(void)
{
	mutex_lock(&mount_lock);
	struct node *root = root_mount.root;
	node_get(root);
	mutex_unlock(&mount_lock);
	return root;
}

/* The mount of that root; NULL. The root itself last, for the boot archive may be at "/" and at "/boot". */
struct mount *mount_of_root_locked(const struct node *root)
{
	list_for_each(link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		if (m->root == root)
			return m;
	}
	return root_mount.root == root ? &root_mount : NULL;
}

bool path_is_mount(const struct node *n)
{
	mutex_lock(&mount_lock);
	bool is = mount_of_root_locked(n);
	mutex_unlock(&mount_lock);
	return is;
}

struct node *mount_up(struct node *n)
{
	struct node *up = NULL;

	mutex_lock(&mount_lock);
	struct mount *m = mount_of_root_locked(n);
	if (m) {
		up = m->dir ? m->dir : n;
		node_get(up);
	}
	mutex_unlock(&mount_lock);
	return up;
}

static struct mount *find_locked(const struct node *dir, const char *name, size_t len)
{
	for (struct list *link = mounts.prev; link != &mounts; link = link->prev) {
		struct mount *m = list_entry(link, struct mount, link);
		const char *own = last_name(m->path);
		if (m->dir == dir && strlen(own) == len && !memcmp(own, name, len))
			return m;
	}
	return NULL;
}

struct node *mount_child(const struct node *dir, const char *name, size_t len)
{
	struct node *root = NULL;

	if (!dir->mounts)
		return NULL;
	mutex_lock(&mount_lock);
	struct mount *m = find_locked(dir, name, len);
	if (m) {
		m->expiring -= m->expiring > 0;
		root = m->root;
		node_get(root);
	}
	mutex_unlock(&mount_lock);
	return root;
}

bool mount_below(const struct node *dir, unsigned index, char *name, size_t cap, struct node **root)
{
	bool found = false;

	mutex_lock(&mount_lock);
	list_for_each(link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		const char *own = last_name(m->path);
		if (m->dir != dir || find_locked(dir, own, strlen(own)) != m || index-- > 0)
			continue;
		strlcpy(name, own, cap);
		*root = m->root;
		node_get(*root);
		found = true;
		break;
	}
	mutex_unlock(&mount_lock);
	return found;
}

/* ---- /proc/mounts, mountinfo ---- */

static void describe_flags(const struct filesystem *fs, struct text *t)
{
	static const struct { uint32_t flag; const char *text; } words[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (fs->flags & words[i].flag)
			text_puts(t, words[i].text);
	if (!(fs->flags & (MS_NOATIME | MS_STRICTATIME)))
		text_puts(t, ",relatime");
	if (fs->flags & MS_NOSYMFOLLOW)
		text_puts(t, ",nosymfollow");
}

/* These are the filesystem's, those above the mount's. */
static void describe_synchrony(const struct filesystem *fs, struct text *t)
{
	text_puts(t, fs->flags & MS_SYNCHRONOUS ? ",sync" : "");
	text_puts(t, fs->flags & MS_DIRSYNC ? ",dirsync" : "");
	text_puts(t, fs->flags & MS_MANDLOCK ? ",mand" : "");
	text_puts(t, fs->flags & MS_LAZYTIME ? ",lazytime" : "");
}

int64_t mount_statfs_flags(const struct filesystem *fs)
{
	const uint32_t same = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_MANDLOCK | MS_NOATIME |
	                      MS_NODIRATIME;
	uint32_t other = fs->flags & (MS_NOATIME | MS_STRICTATIME) ? 0 : ST_RELATIME;

	if (fs->flags & MS_NOSYMFOLLOW)
		other |= ST_NOSYMFOLLOW;
	return ST_VALID | other | (fs->flags & same) | (fs->readonly ? MS_RDONLY : 0);
}

/* The number of the mount that m stands on. */
static unsigned above_locked(const struct mount *m)
{
	if (m->dir && m->dir->fs != root_mount.fs)
		list_for_each(link, &mounts)
			if (list_entry(link, struct mount, link)->fs == m->dir->fs)
				return list_entry(link, struct mount, link)->id;
	return root_mount.id;
}

static void describe(const struct mount *m, bool info, struct text *t)
{
	const struct fs_ops *ops = m->fs->ops;
	const char *source = m->source ? m->source : ops->type;

	if (info) {
		text_printf(t, "%u %u 0:%u / ", m->id, above_locked(m), (unsigned)m->fs->dev);
	} else {
		text_path(t, source, " \t\n\\");
		text_puts(t, " ");
	}
	text_path(t, m->path, " \t\n\\");
	if (!info)
		text_printf(t, " %s", ops->type);
	const char *access = m->fs->readonly ? " ro" : " rw";
	text_puts(t, access);
	if (!info)
		describe_synchrony(m->fs, t);
	describe_flags(m->fs, t);
	if (info) {
		text_printf(t, " - %s ", ops->type);
		text_path(t, source, " \t\n\\");
		text_puts(t, access);
		describe_synchrony(m->fs, t);
	}
	if (ops->show)
		ops->show(m->fs, t);
	text_puts(t, info ? "\n" : " 0 0\n");
}

void mount_describe(struct text *t, bool info)
{
	mutex_lock(&mount_lock);
	describe(&root_mount, info, t);
	list_for_each(link, &mounts)
		describe(list_entry(link, struct mount, link), info, t);
	mutex_unlock(&mount_lock);
}

/* ---- entries ---- */

void mount_free(struct mount *m)
{
	if (m->dir)
		node_put(m->dir);
	kfree(m->path);
	kfree(m->source);
	kfree(m);
}

/* A mount over the last component of path in dir, not in the table yet; dir is referenced. NULL: no memory. */
static struct mount *mount_create(struct node *dir, const char *path, const char *source)
{
	struct mount *m = kzalloc(sizeof *m);

	if (!m)
		return NULL;
	m->path = text_copy(path);
	m->source = source ? text_copy(source) : NULL;
	m->dir = dir;
	node_get(dir);
	if (m->path && (m->source || !source))
		return m;
	mount_free(m);
	return NULL;
}

/* m, fs and root go into the table. -EBUSY: something stands there already, and `alone`; -ENOSPC: too many */
static int enter(struct mount *m, struct filesystem *fs, struct node *root, bool alone)
{
	static unsigned last_id = 1;
	const char *name = last_name(m->path);
	int err = 0;

	mutex_lock(&mount_lock);
	if (alone && find_locked(m->dir, name, strlen(name)))
		err = -EBUSY;
	else if (mount_count >= MOUNT_MAX)
		err = -ENOSPC;
	if (!err) {
		m->fs = fs;
		m->root = root;
		m->root_ino = root->ino;
		m->id = ++last_id;
		list_push_back(&mounts, &m->link);
		mount_count++;
		m->dir->mounts++;
	}
	mutex_unlock(&mount_lock);
	return err;
}

void mount_leave_locked(struct mount *m)
{
	list_remove(&m->link);
	mount_count--;
	m->dir->mounts--;
}

int mount_enter(const char *path, const char *source, struct filesystem *fs, struct node *root, bool alone)
{
	char last[NAME_MAX + 1];
	struct path dir;
	int err = path_walk(AT_FDCWD, path, PATH_PARENT, &dir, last);

	if (err)
		return err;
	struct mount *m = mount_create(dir.node, path, source);
	path_put(&dir);
	if (!m)
		return -ENOMEM;
	err = last[0] ? enter(m, fs, root, alone) : -EBUSY;
	if (err)
		mount_free(m);
	return err;
}

void mount_rename(const char *from, const char *to, bool both)
{
	mutex_lock(&mount_lock);
	list_for_each(link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		char *moved = path_rebase(m->path, from, to);
		if (!moved && both)
			moved = path_rebase(m->path, to, from);
		if (!moved)
			continue;
		kfree(m->path);
		m->path = moved;
	}
	mutex_unlock(&mount_lock);
}

/* ---- at boot ---- */

static void mount_boot(const char *path, struct filesystem *fs, struct node *root)
{
	if (mount_enter(path, NULL, fs, root, true))
		panic("no memory to mount %s", path);
}

static void mount_made(const char *path, int (*make)(struct filesystem **, struct node **))
{
	struct filesystem *fs;
	struct node *root;

	if (make(&fs, &root))
		panic("no memory to mount %s", path);
	mount_boot(path, fs, root);
}

static int tmpfs_default(struct filesystem **fs, struct node **root)
{
	return tmpfs_mount(NULL, fs, root);
}

void mount_init(void)
{
	mutex_init(&mount_lock, RANK_MOUNT);
	list_init(&mounts);
	list_init(&detached);
	mount_server_init();
	if (bootfs_mount(&boot_fs, &boot_root))
		panic("no memory to mount /");
	root_mount = (struct mount){ .path = text_copy("/"), .fs = boot_fs, .root = boot_root, .id = 1 };
	if (!root_mount.path)
		panic("no memory to mount /");
	fs_get(boot_fs);
	node_get(boot_root);
	mount_boot("/boot", boot_fs, boot_root);
	mount_made("/dev", devfs_mount);
	mount_made("/dev/pts", devpts_mount);
	mount_made("/proc", procfs_mount);
	mount_made("/tmp", tmpfs_default);
	mount_made("/dev/shm", tmpfs_default);
}

void file_init(void)
{
	file_caches_init();
	filelock_init();
	node_init();
	memfd_init();
	epoll_init();
	shm_init();
	sem_init();
	pipe_init();
	socket_name_init();
	mount_init();
}

/* ---- changing, and all of them ---- */

int mount_change(const struct node *root, uint32_t flags, const char *options)
{
	int err = -EINVAL;

	mutex_lock(&mount_lock);
	struct mount *m = mount_of_root_locked(root);
	struct filesystem *fs = m ? m->fs : NULL;
	if (fs)
		fs_get(fs);
	mutex_unlock(&mount_lock);
	if (!fs)
		return err;
	err = fs->ops->remount ? fs->ops->remount(fs, flags, options) : 0;
	if (!err) {
		fs->flags = flags;
		fs->readonly = flags & MS_RDONLY;
	}
	fs_put(fs);
	return err;
}

static struct filesystem *nth_of_locked(struct list *list, unsigned *index)
{
	list_for_each(link, list)
		if (!--*index)
			return list_entry(link, struct mount, link)->fs;
	return NULL;
}

/* The index-th filesystem, referenced; NULL: there are not so many. */
static struct filesystem *nth(unsigned index)
{
	mutex_lock(&mount_lock);
	struct filesystem *fs = index ? nth_of_locked(&mounts, &index) : root_mount.fs;
	if (!fs)
		fs = nth_of_locked(&detached, &index);
	if (fs)
		fs_get(fs);
	mutex_unlock(&mount_lock);
	return fs;
}

void mount_sync_all(void)
{
	struct filesystem *fs;

	(void)object_sync_all();
	for (unsigned i = 0; (fs = nth(i)); i++) {
		if (fs->ops->sync)
			(void)fs->ops->sync(fs);
		fs_put(fs);
	}
}
