/* SPDX-License-Identifier: MIT */
/*
 * /dev: devices the kernel has itself, and those a server registered (dev_register).
 *
 *      null zero full random urandom kmsg control      dev_builtin.c, a row of a table each
 *      tty                                             the terminal of the caller's session (terminal.c)
 *      fd stdin stdout stderr                           symbolic links to /proc/self/fd
 *      anything else                                   a port that speaks abi/devproto.h
 *
 * A device is an entry of a table that only grows; an inode number is its place plus 2, the directory is 1. When the server of a
 * name has died, another may register the name again: opens then go to the new port, while files already open keep the old
 * one and get EIO.
 *
 * Data to and from a server goes through a kernel buffer in pieces of at most MSG_DATA_MAX. A read is one call, for the server
 * says how much there is; a write goes on until all is taken. Both can be interrupted by a signal. How many
 * bytes an ioctl command reads and stores its number says, or for older commands a table; the server never sees a pointer.
 *
 * To mmap the server answers with memory: its own, or its device's (port_offer). The kernel maps that object; the server is not
 * asked again, and when it dies the object loses its pages.
 *
 * A device node on a disk (mknod) opens the device that has its number.
 */
#include <abi/devproto.h>
#include <abi/fb.h>
#include <abi/ioctl.h>
#include <abi/termios.h>

#include "file/file_impl.h"
#include "file/terminal.h"

#define DEV_MAX 64
#define DEV_ROOT_INO 1
#define DEV_FIRST_INO 2

static uint64_t make_rdev(uint64_t major, uint64_t minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xfful) << 12;
}

static uint64_t minor_of(uint64_t rdev)
{
	return (rdev & 0xff) | (rdev >> 12 & ~0xfful);
}

struct device {
	char name[32];
	uint32_t mode;              /* type and permissions */
	const char *target;         /* of a symbolic link */
	uint64_t rdev;
	struct port *port;          /* referenced; NULL: built in */
	const struct file_ops *ops; /* built in */
};

/* An open device of a server. */
struct instance {
	struct port *port;
	uint64_t number;
	struct terminal *terminal; /* NULL: it is none */
};

static struct mutex dev_lock; /* RANK_FS: the table */
static struct device devices[DEV_MAX];
static unsigned device_count;
static struct abi_timespec boot_time;

/* ---- devices of servers ---- */

/* The port of an open device; the message says whose call it is. */
static struct port *dev_address(const struct file *f, struct msg *m)
{
	const struct instance *in = f->data;

	m->arg[0] = in->number;
	m->arg[6] = proc_current() ? (uint64_t)proc_current()->pid : 0;
	return in->port;
}

/* What a call came to: err is the port's word, the status the server's. */
static int dev_result(int err, const struct msg *m)
{
	if (err)
		return err == -EPIPE ? -EIO : err;
	return m->status > 0 || m->status < -4095 ? -EIO : m->status;
}

static int dev_call(const struct file *f, struct msg *m, const void *data, void *reply, size_t cap, bool interruptible)
{
	struct port *port = dev_address(f, m);

	return dev_result(port_call_kernel(port, m, data, reply, cap, NULL, interruptible), m);
}

static int64_t dev_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	len = MIN(len, (size_t)MSG_DATA_MAX);
	struct msg m = { .op = DEV_READ, .arg = { 0, len, f->flags & O_NONBLOCK, pos ? (uint64_t)*pos : 0 } };

	const struct instance *in = f->data;

	if (!len)
		return 0;
	if (in->terminal) {
		int err = terminal_check(in->terminal, SIGTTIN);
		if (err)
			return err;
	}
	char *bytes = kmalloc(len);
	if (!bytes)
		return -ENOMEM;
	int64_t n = dev_call(f, &m, NULL, bytes, len, true);
	if (!n) {
		n = (int64_t)MIN((size_t)m.data_len, len);
		if (copy_to_user(buf, bytes, (size_t)n))
			n = -EFAULT;
	}
	if (pos && n > 0)
		*pos += n;
	kfree(bytes);
	return n;
}

/* One piece, already in the kernel: bytes taken. */
static int64_t dev_write_piece(struct file *f, const void *bytes, size_t len, uint64_t place)
{
	struct msg m = { .op = DEV_WRITE, .data_len = (uint32_t)len, .arg = { 0, f->flags & O_NONBLOCK, place } };
	int err = dev_call(f, &m, bytes, NULL, 0, true);

	if (err)
		return err;
	return m.arg[0] == 0 || m.arg[0] > len ? -EIO : (int64_t)m.arg[0];
}

static int64_t dev_write_from(struct file *f, uint64_t from, size_t len, bool kernel, int64_t *pos)
{
	const struct instance *in = f->data;
	int64_t n = in->terminal ? terminal_check_write(in->terminal) : 0;
	size_t done = 0;

	if (n)
		return n;
	char *bytes = kernel || !len ? NULL : kmalloc(MIN(len, (size_t)MSG_DATA_MAX));

	if (!kernel && len && !bytes)
		return -ENOMEM;
	while (done < len) {
		size_t piece = MIN(len - done, (size_t)MSG_DATA_MAX);
		n = kernel || !copy_from_user(bytes, from + done, piece) ? 0 : -EFAULT;
		if (!n)
			n = dev_write_piece(f, kernel ? (const char *)from + done : bytes, piece, pos ? (uint64_t)*pos : 0);
		if (n < 0)
			break;
		if (pos)
			*pos += n;
		done += (size_t)n;
	}
	kfree(bytes);
	return done ? (int64_t)done : n;
}

static int64_t dev_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	return dev_write_from(f, buf, len, false, pos);
}

static int64_t dev_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	return dev_write_from(f, (uint64_t)buf, len, true, pos);
}

/*
 * What a command moves: bytes behind the pointer, in and out; neither: the argument is a plain number. Here are those whose
 * numbers do not say it themselves (abi/ioctl.h).
 */
#define IOCTL_BYTES_MAX sizeof(struct fb_var_screeninfo)
static const struct { unsigned cmd; uint8_t in, out; } ioctls[] = {
	{ TCGETS, 0, sizeof(struct abi_termios) },
	{ TCSETS, sizeof(struct abi_termios), 0 },
	{ TCSETSW, sizeof(struct abi_termios), 0 },
	{ TCSETSF, sizeof(struct abi_termios), 0 },
	{ TIOCGWINSZ, 0, sizeof(struct abi_winsize) },
	{ TIOCSWINSZ, sizeof(struct abi_winsize), 0 },
	{ FIONREAD, 0, sizeof(int32_t) },
	{ TCSBRK, 0, 0 },
	{ TCXONC, 0, 0 },
	{ TCFLSH, 0, 0 },
	{ TIOCOUTQ, 0, sizeof(int32_t) },
	{ FBIOGET_VSCREENINFO, 0, sizeof(struct fb_var_screeninfo) },
	{ FBIOPUT_VSCREENINFO, sizeof(struct fb_var_screeninfo), sizeof(struct fb_var_screeninfo) },
	{ FBIOGET_FSCREENINFO, 0, sizeof(struct fb_fix_screeninfo) },
	{ FBIOPAN_DISPLAY, sizeof(struct fb_var_screeninfo), sizeof(struct fb_var_screeninfo) },
};

static int64_t dev_ioctl_moving(struct file *f, unsigned cmd, vaddr_t arg, size_t in, size_t out)
{
	uint8_t bytes[IOCTL_BYTES_MAX] = { 0 };
	struct msg m = { .op = DEV_IOCTL, .data_len = (uint32_t)in, .arg = { 0, cmd, in || out ? 0 : arg } };

	if (in && copy_from_user(bytes, arg, in))
		return -EFAULT;
	struct abi_termios settings;
	memcpy(&settings, bytes, sizeof settings);
	int err = dev_call(f, &m, bytes, bytes, sizeof bytes, true);
	if (err)
		return err;
	if (((const struct instance *)f->data)->terminal && in == sizeof settings)
		terminal_set(((const struct instance *)f->data)->terminal, &settings);
	if (out && m.data_len != out)
		return -EIO;
	if (out && copy_to_user(arg, bytes, out))
		return -EFAULT;
	return (int64_t)(m.arg[0] & INT32_MAX);
}

static int64_t dev_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	struct terminal *t = ((const struct instance *)f->data)->terminal;
	int64_t result = t && terminal_changes(cmd) ? terminal_check(t, SIGTTOU) : 0;

	if (result || (t && terminal_ioctl(f, t, cmd, arg, &result)))
		return result;
	for (unsigned i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return dev_ioctl_moving(f, cmd, arg, ioctls[i].in, ioctls[i].out);
	size_t size = _IOC_SIZE(cmd);
	unsigned way = _IOC_DIR(cmd);
	if (way ? !size || size > IOCTL_BYTES_MAX : size)
		return -ENOTTY;
	return dev_ioctl_moving(f, cmd, arg, way & _IOC_WRITE ? size : 0, way & _IOC_READ ? size : 0);
}

/* The driver says which memory is meant; what it may show, and how much, is the driver's to say. */
static int dev_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	struct msg m = { .op = DEV_MAP, .arg = { 0, off, len } };
	struct port *port = dev_address(f, &m);
	int err = dev_result(port_call_memory(port, &m, object, pgoff), &m);

	if (!err && !*object)
		err = -ENODEV;
	if (err && *object)
		object_put(*object);
	if (err)
		*object = NULL;
	return err;
}

/* The server is asked each time; one that does not know the question has a device that never makes anybody wait. */
static unsigned dev_poll(struct file *f)
{
	struct msg m = { .op = DEV_POLL };
	int err = dev_call(f, &m, NULL, NULL, 0, true);

	if (err == -EINTR)
		return 0; /* the wait that comes next ends with it */
	if (err)
		return err == -EINVAL ? POLLIN | POLLOUT : POLLERR | POLLHUP;
	return (unsigned)m.arg[0];
}

static void dev_release(struct file *f)
{
	struct instance *in = f->data;
	struct msg m = { .op = DEV_CLOSE };

	(void)dev_call(f, &m, NULL, NULL, 0, false);
	port_put(in->port);
	kfree(in);
}

static const struct file_ops server_dev_ops = {
	.read = dev_read,
	.write = dev_write,
	.write_kernel = dev_write_kernel,
	.ioctl = dev_ioctl,
	.stat = dev_stat,
	.map = dev_map,
	.poll = dev_poll,
	.release = dev_release,
};

/* Ask the server of a device for an instance; takes over the port's reference. */
static int open_instance(struct file *f, struct port *port, uint64_t rdev)
{
	struct msg m = { .op = DEV_OPEN, .arg = { 0, minor_of(rdev), f->flags } };
	struct instance *in = kzalloc(sizeof *in);
	int err = -ENOMEM;

	if (in) {
		in->port = port;
		f->data = in;
		err = dev_call(f, &m, NULL, NULL, 0, true);
	}
	if (err) {
		f->data = NULL;
		kfree(in);
		port_put(port);
		return err;
	}
	in->number = m.arg[0];
	in->terminal = m.arg[1] & DEV_IS_TERMINAL ? terminal_opened(port, rdev, f->flags) : NULL;
	f->seekable = m.arg[1] & DEV_HAS_PLACES;
	f->kind = FILE_DEVICE;
	f->ops = &server_dev_ops;
	return 0;
}

/* ---- the filesystem ---- */

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

	return port ? open_instance(f, port, rdev) : -ENXIO;
}

static int open_device(struct file *f, struct device *d)
{
	if (!d->port && !d->ops)
		return open_own_terminal(f);
	if (d->port)
		return open_instance(f, d->port, d->rdev);
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

	if (!*name || strchr(name, '/') || strlen(name) >= sizeof devices[0].name || !strcmp(name, ".") || !strcmp(name, ".."))
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
	d->rdev = make_rdev(DISK_MAJOR, *index * DISK_MINORS);
	return ++*index == DISKS_MAX;
}

bool devfs_disk(uint64_t rdev, unsigned *index)
{
	struct device d;

	*index = (unsigned)minor_of(rdev) / DISK_MINORS;
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
		d->rdev = make_rdev(dev_builtin[i].major, dev_builtin[i].minor);
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
