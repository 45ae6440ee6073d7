/* SPDX-License-Identifier: MIT */
/*
 * The mount table: what stands at "/" and what is mounted over names in directories.
 *
 *      "/"        the boot archive, until a server is mounted there; again after that is unmounted
 *      "/boot"    the boot archive, always
 *      "/dev"     devfs       "/proc"  procfs       "/tmp", "/dev/shm"  memory filesystems
 *      elsewhere  what mount(2) and fs_mount put there
 *
 * A mount stands over a name in a directory, not over a node: the pair (directory, name) leads to the mount's root, and ".." of
 * the root to the directory. So a mount point of the kernel's own need not exist on the disk, as /proc may not; two mounts over
 * the same name are a stack whose top is the one that was made last; and a walk looks into the table only in a directory that
 * counts mounts over its names (node->mounts). The directory is held by a reference, the mount's path is remembered for
 * /proc/mounts and follows renamed directories. When the root changes, the names over it move to the new one.
 *
 * The table's mutex (RANK_MOUNT) is held for looking things up and changing entries, never while a server is asked. umount2(2)
 * finds a filesystem idle when no node of it has a reference but those of its own names and of the mount. While the table is
 * locked nobody can walk into it, and who is inside has a reference, so what was idle stays so.
 *
 * fs_unmount and MNT_DETACH take a filesystem away from whoever uses it. One in memory lives on until he lets go. A server
 * writes everything, is told FS_UNMOUNT, and who still has files open there gets EIO: it runs right before power-off.
 */
#include <abi/mount.h>

#include "file/file_impl.h"
#include "sysv/sysv.h"

#define MOUNT_MAX 512

/* Guards: (M) mount_lock, (c) constant. */
struct mount {
	struct list link;      /* (M) oldest first */
	struct node *dir;      /* (M) where the name is, referenced; NULL: "/" itself */
	char *path;            /* (M) absolute; the name is its last component */
	char *source;          /* (c) what mount(2) was told to mount; NULL: nothing */
	struct filesystem *fs; /* (M) */
	struct node *root;     /* (M) referenced */
	unsigned id;           /* (c) for mountinfo */
	bool expiring;         /* (M) MNT_EXPIRE was asked for once */
};

static struct mutex mount_lock;
static struct mount root_mount;   /* (M) "/" */
static struct list mounts;        /* (M) all others */
static unsigned mount_count;      /* (M) */
static struct filesystem *boot_fs; /* (c) */
static struct node *boot_root;    /* (c) */

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
static struct mount *of_root_locked(const struct node *root)
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
	bool is = of_root_locked(n);
	mutex_unlock(&mount_lock);
	return is;
}

struct node *mount_up(struct node *n)
{
	struct node *up = NULL;

	mutex_lock(&mount_lock);
	struct mount *m = of_root_locked(n);
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
	text_puts(t, fs->readonly ? "ro" : "rw");
	if (fs->flags & MS_NOSUID)
		text_puts(t, ",nosuid");
	if (fs->flags & MS_NODEV)
		text_puts(t, ",nodev");
	if (fs->flags & MS_NOEXEC)
		text_puts(t, ",noexec");
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
	text_puts(t, " ");
	describe_flags(m->fs, t);
	text_puts(t, ",noatime");
	if (info) {
		text_printf(t, " - %s ", ops->type);
		text_path(t, source, " \t\n\\");
		text_puts(t, m->fs->readonly ? " ro" : " rw");
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

static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = kmalloc(size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

static void mount_free(struct mount *m)
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
	m->path = copy_of(path);
	m->source = source ? copy_of(source) : NULL;
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
		m->id = ++last_id;
		list_push_back(&mounts, &m->link);
		mount_count++;
		m->dir->mounts++;
	}
	mutex_unlock(&mount_lock);
	return err;
}

static void leave_locked(struct mount *m)
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

void mount_rename(const char *from, const char *to)
{
	mutex_lock(&mount_lock);
	list_for_each(link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		char *moved = path_rebase(m->path, from, to);
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
	if (bootfs_mount(&boot_fs, &boot_root))
		panic("no memory to mount /");
	root_mount = (struct mount){ .path = copy_of("/"), .fs = boot_fs, .root = boot_root, .id = 1 };
	if (!root_mount.path)
		panic("no memory to mount /");
	fs_get(boot_fs);
	node_get(boot_root);
	mount_boot("/boot", boot_fs, boot_root);
	mount_made("/dev", devfs_mount);
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
	shm_init();
	sem_init();
	pipe_init();
	mount_init();
}

/* ---- servers ---- */

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

/* "/" becomes fs; *fs and *root what it was. The names over the old root move to the new one. */
static void exchange_root_locked(struct filesystem **fs, struct node **root)
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
	char *copy = copy_of(source);
	int err = copy ? -EBUSY : -ENOMEM;

	mutex_lock(&mount_lock);
	if (copy && root_mount.fs == boot_fs) {
		exchange_root_locked(&fs, &root);
		root_mount.source = copy;
		err = 0;
	}
	mutex_unlock(&mount_lock);
	if (err) {
		kfree(copy);
		return err;
	}
	struct path to = { mount_root(), copy_of("/") };
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

static struct port *service_get(void)
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

int mount_disk(unsigned disk, const char *path, uint32_t flags)
{
	struct msg m = { .op = FS_SERVE_MOUNT, .data_len = (uint32_t)strlen(path),
	                 .arg = { disk, flags & MS_RDONLY ? FS_MOUNT_RDONLY : 0 } };
	struct port *port = service_get();

	if (!port)
		return -ENODEV;
	mutex_lock(&mount_lock);
	int err = disk_mounted_locked(disk) ? -EBUSY : 0;
	mutex_unlock(&mount_lock);
	if (!err)
		err = port_call_kernel(port, &m, path, NULL, 0, NULL, false);
	port_put(port);
	if (err)
		return err == -EPIPE ? -ENODEV : err;
	return m.status > 0 || m.status < -4095 ? -EIO : m.status;
}

/* ---- unmounting ---- */

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
		err = port_call_kernel(fs->file_port, &m, NULL, NULL, 0, NULL, false);
		if (!err)
			err = m.status < 0 ? m.status : 0;
	}
	fs_put(fs);
	return err == -EPIPE ? -EIO : err;
}

/* The servers of the disk have nothing to do any more. */
static void tell_service(const struct mount *m)
{
	struct port *port = service_get();
	struct msg told = { .op = FS_SERVE_UNMOUNTED, .arg = { (uint64_t)(m->source[7] - 'a') } };

	if (!port)
		return;
	(void)port_call_kernel(port, &told, NULL, NULL, 0, NULL, false);
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
	if (!(flags & MNT_EXPIRE) || m->expiring)
		return 0;
	m->expiring = true;
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
		leave_locked(found);
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
	struct mount *m = of_root_locked(root);
	if (!m)
		err = -EINVAL;
	else
		err = m == &root_mount ? -EBUSY : check_leaving_locked(m, flags);
	if (!err) {
		leave_locked(m);
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
		exchange_root_locked(fs, root);
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

/* ---- changing, and all of them ---- */

int mount_change(const struct node *root, uint32_t flags, const char *options)
{
	int err = -EINVAL;

	mutex_lock(&mount_lock);
	struct mount *m = of_root_locked(root);
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

/* The index-th filesystem, referenced; NULL: there are not so many. */
static struct filesystem *nth(unsigned index)
{
	struct filesystem *fs = NULL;

	mutex_lock(&mount_lock);
	if (!index)
		fs = root_mount.fs;
	list_for_each(link, &mounts)
		if (index && !--index)
			fs = list_entry(link, struct mount, link)->fs;
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
