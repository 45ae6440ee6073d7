/* SPDX-License-Identifier: MIT */
/*
 * /dev: devices the kernel has itself, and those a server registered (dev_register).
 *
 *      null zero full random urandom kmsg control      dev_builtin.c, a row of a table each
 *      tty                                             the terminal of the caller's session (terminal.c)
 *      fd stdin stdout stderr                           symbolic links to /proc/self/fd
 *      anything else                                   a port that speaks abi/devproto.h (dev_server.c)
 *
 * A device is an entry of a table that only grows; an inode number is its place plus 2, the directory is 1. When the
 * server of a name has died, another may register the name again: opens then go to the new port, while files already
 * open keep the old one and get EIO.
 *
 * A device node on a disk (mknod) opens the device that has its number.
 */
#include "file/devices.h"
#include "file/terminal.h"

#define DEV_MAX 64
#define DEV_ROOT_INO 1
#define DEV_FIRST_INO 2

struct device {
	char name[32];
	uint32_t mode;              /* type and permissions */
	const char *target;         /* of a symbolic link */
	uint64_t rdev;
	struct port *port;          /* referenced; NULL: built in */
	const struct file_ops *ops; /* built in */
};

static struct mutex dev_lock; /* RANK_FS: the table */
static struct device devices[DEV_MAX];
static unsigned device_count;
static struct abi_timespec boot_time;

/* A copy of the table's entry, its port referenced; false when there is none. */
static bool device_get(unsigned index, struct device *out)
{
	mutex_lock(&dev_lock);
	bool there = index < device_count;
	if (there) {
		*out = devices[index];
		if (out->port)
			port_get(out->port);
	}
	mutex_unlock(&dev_lock);
	return there;
}

static void device_put(struct device *d)
{
	if (d->port)
		port_put(d->port);
}

/* /dev/tty: whatever terminal the caller's session has. */
static int open_own_terminal(struct file *f)
{
	uint64_t rdev;
	struct port *port = terminal_of_caller(&rdev);

	return port ? dev_open_instance(f, port, rdev) : -ENXIO;
}

static int open_device(struct file *f, struct device *d)
{
	if (!d->port && !d->ops)
		return open_own_terminal(f);
	if (d->port)
		return dev_open_instance(f, d->port, d->rdev);
	if (!d->ops)
		return -ENXIO;
	f->kind = FILE_DEVICE;
	f->ops = d->ops;
	f->seekable = true;
	return 0;
}

static int devfs_open(struct node *n, struct file *f)
{
	struct device d;

	return device_get((unsigned)(n->ino - DEV_FIRST_INO), &d) ? open_device(f, &d) : -ENXIO;
}

int devfs_open_rdev(struct file *f, uint64_t rdev)
{
	struct device d;

	for (unsigned i = 0; device_get(i, &d); i++) {
		if (S_ISCHR(d.mode) && d.rdev == rdev)
			return open_device(f, &d);
		device_put(&d);
	}
	return -ENXIO;
}

static void dev_attr(const struct device *d, uint64_t ino, struct fs_attr *attr)
{
	memset(attr, 0, sizeof *attr);
	attr->ino = ino;
	attr->nlink = d ? 1 : 2;
	attr->mode = d ? d->mode : S_IFDIR | 0755;
	attr->rdev = d ? d->rdev : 0;
	attr->size = d && d->target ? strlen(d->target) : 0;
	attr->atime = attr->mtime = attr->ctime = boot_time;
}

static int devfs_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	struct fs_attr attr;
	struct device d;

	for (unsigned i = 0; device_get(i, &d); i++) {
		device_put(&d);
		if (strlen(d.name) != len || memcmp(d.name, name, len))
			continue;
		dev_attr(&d, i + DEV_FIRST_INO, &attr);
		*out = node_create(dir->fs, &attr);
		return *out ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static int devfs_readlink(struct node *n, char *buf, size_t cap)
{
	const char *target = devices[n->ino - DEV_FIRST_INO].target; /* entries of the kernel's own do not change */
	size_t len = MIN(strlen(target), cap);

	memcpy(buf, target, len);
	return (int)len;
}

static int64_t devfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	size_t used = 0;

	for (;; cookie++) {
		struct device d = { .name = ".", .mode = S_IFDIR };
		uint64_t ino = cookie < 2 ? dir->ino : cookie - 2 + DEV_FIRST_INO;
		if (cookie == 1)
			strlcpy(d.name, "..", sizeof d.name);
		if (cookie >= 2 && !device_get((unsigned)MIN(cookie - 2, (uint64_t)DEV_MAX), &d))
			return (int64_t)used;
		device_put(&d);
		if (!dirent_add(buf, room, &used, ino, cookie + 1, d.mode, d.name))
			return used ? (int64_t)used : -EINVAL;
	}
}

const struct fs_ops devfs_ops = {
	.type = "devtmpfs",
	.magic = 0x01021994,
	.lookup = devfs_lookup,
	.readlink = devfs_readlink,
	.readdir = devfs_readdir,
	.open = devfs_open,
};

/* The entry of that name, made if there is room; NULL when the table is full. */
static struct device *entry_locked(const char *name)
{
	for (unsigned i = 0; i < device_count; i++)
		if (!strcmp(devices[i].name, name))
			return &devices[i];
	return device_count < DEV_MAX ? &devices[device_count] : NULL;
}

int dev_add(const char *name, uint32_t mode, uint64_t rdev, struct port *port)
{
	struct port *dead = NULL;
	int err = 0;

	if (!*name || strchr(name, '/') || strlen(name) >= sizeof devices[0].name || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return -EINVAL;
	mutex_lock(&dev_lock);
	struct device *d = entry_locked(name);
	if (!d) {
		err = -ENOSPC;
	} else if (d == &devices[device_count]) {
		strlcpy(d->name, name, sizeof d->name);
		device_count++;
	} else if (!d->port || port_alive(d->port)) {
		err = -EEXIST;
	} else {
		dead = d->port;
	}
	if (!err) {
		d->mode = S_IFCHR | (mode & 0777);
		d->rdev = rdev;
		d->port = port;
	}
	mutex_unlock(&dev_lock);
	if (dead)
		port_put(dead);
	return err;
}

/* ---- disks: names for mount(2), which nobody opens ---- */

#define DISK_MAJOR 254
#define DISK_MINORS 16 /* of one disk: itself and its partitions */
#define VIRTIO_BLK 0x10421af4 /* device and vendor, modern transport */

static bool add_disk(unsigned bdf, void *arg)
{
	unsigned *index = arg;

	if (pci_read(bdf, 0, 4) != VIRTIO_BLK)
		return false;
	struct device *d = &devices[device_count++];
	ksnprintf(d->name, sizeof d->name, "vd%c", 'a' + (int)*index);
	d->mode = S_IFBLK | 0660;
	d->rdev = dev_number(DISK_MAJOR, *index * DISK_MINORS);
	return ++*index == DISKS_MAX;
}

bool devfs_disk(uint64_t rdev, unsigned *index)
{
	struct device d;

	*index = (unsigned)dev_minor(rdev) / DISK_MINORS;
	for (unsigned i = 0; device_get(i, &d); i++) {
		device_put(&d);
		if (d.rdev == rdev && S_ISBLK(d.mode))
			return true;
	}
	return false;
}

static const char *const links[][2] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

int devfs_mount(struct filesystem **fs, struct node **root)
{
	unsigned disks = 0;
	struct fs_attr attr;

	mutex_init(&dev_lock, RANK_FS);
	boot_time = time_now();
	for (unsigned i = 0; i < dev_builtin_count; i++) {
		struct device *d = &devices[device_count++];
		strlcpy(d->name, dev_builtin[i].name, sizeof d->name);
		d->mode = S_IFCHR | dev_builtin[i].mode;
		d->rdev = dev_number(dev_builtin[i].major, dev_builtin[i].minor);
		d->ops = dev_builtin[i].ops;
	}
	(void)pci_scan(add_disk, &disks);
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
		struct device *d = &devices[device_count++];
		strlcpy(d->name, links[i][0], sizeof d->name);
		d->mode = S_IFLNK | 0777;
		d->target = links[i][1];
	}
	dev_attr(NULL, DEV_ROOT_INO, &attr);
	*fs = fs_create(&devfs_ops, false);
	*root = *fs ? node_create(*fs, &attr) : NULL;
	return *root ? 0 : -ENOMEM;
}
