/* SPDX-License-Identifier: MIT */
/*
 * /dev/pts: the names of pseudo-terminals.
 *
 * A name is there as long as the master's side is open (dev_server.c): opening /dev/ptmx makes it, owned by who did,
 * and closing removes it, while the server keeps the terminal until the slave's side is closed too. So a name always
 * means a terminal that can be opened. Its node is the entry of a table; the number is the inode's, plus 3.
 *
 * Locks: the table's mutex, RANK_FS. A node's data is its server's port, referenced.
 *
 * Rejected: names that the server registers as those of other devices; it does not know the users of who asks it.
 */
#include "file/devices.h"

#define ROOT_INO 1
#define FIRST_INO 3
#define TTY_GROUP 5

static struct mutex pts_lock;
static struct node *names[PTS_MAX]; /* referenced */
static struct filesystem *pts_fs;

int devpts_add(unsigned index, struct port *port)
{
	struct abi_timespec now = time_now();
	struct fs_attr attr = {
		.ino = index + FIRST_INO, .nlink = 1, .mode = S_IFCHR | 0620, .uid = proc_current()->fsuid, .gid = TTY_GROUP,
		.rdev = dev_number(PTS_MAJOR, index), .atime = now, .mtime = now, .ctime = now,
	};
	struct node *n = index < PTS_MAX ? node_create(pts_fs, &attr) : NULL;

	if (!n)
		return index < PTS_MAX ? -ENOMEM : -ENOSPC;
	port_get(port);
	n->data = port;
	mutex_lock(&pts_lock);
	struct node *old = names[index];
	names[index] = n;
	mutex_unlock(&pts_lock);
	if (old)
		node_put(old);
	return 0;
}

void devpts_remove(unsigned index)
{
	mutex_lock(&pts_lock);
	struct node *n = names[index];
	names[index] = NULL;
	mutex_unlock(&pts_lock);
	if (n)
		node_put(n);
}

struct node *devpts_node(unsigned index)
{
	mutex_lock(&pts_lock);
	struct node *n = index < PTS_MAX ? names[index] : NULL;
	if (n)
		node_get(n);
	mutex_unlock(&pts_lock);
	return n;
}

static void devpts_free(struct node *n)
{
	if (n->data)
		port_put(n->data);
}

static int devpts_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	char text[8];

	(void)dir;
	for (unsigned i = 0; i < PTS_MAX; i++) {
		ksnprintf(text, sizeof text, "%u", i);
		if (strlen(text) == len && !memcmp(text, name, len)) {
			*out = devpts_node(i);
			return *out ? 0 : -ENOENT;
		}
	}
	return -ENOENT;
}

static int64_t devpts_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	size_t used = 0;
	char name[8];

	for (; cookie < PTS_MAX + 2; cookie++) {
		struct node *n = cookie < 2 ? NULL : devpts_node((unsigned)cookie - 2);
		bool there = n || cookie < 2;
		if (n)
			node_put(n);
		if (!there)
			continue;
		ksnprintf(name, sizeof name, cookie == 0 ? "." : cookie == 1 ? ".." : "%u", (unsigned)cookie - 2);
		uint64_t ino = cookie < 2 ? dir->ino : cookie - 2 + FIRST_INO;
		if (!dirent_add(buf, room, &used, ino, cookie + 1, cookie < 2 ? S_IFDIR : S_IFCHR, name))
			return used ? (int64_t)used : -EINVAL;
	}
	return (int64_t)used;
}

/* Names come and go with terminals, and by no call. */
static int refuse_name(struct node *dir, const struct new_name *make, struct node **out)
{
	(void)dir, (void)out;
	return S_ISREG(make->mode) ? -EACCES : -EPERM;
}

static int refuse_link(struct node *dir, const char *name, size_t len, struct node *to)
{
	(void)dir, (void)name, (void)len, (void)to;
	return -EPERM;
}

static int refuse_unlink(struct node *dir, const char *name, size_t len, bool is_dir)
{
	(void)dir, (void)name, (void)len, (void)is_dir;
	return -EPERM;
}

static int refuse_rename(struct node *from, const char *old, struct node *to, const char *name, unsigned flags)
{
	(void)from, (void)old, (void)to, (void)name, (void)flags;
	return -EPERM;
}

static int devpts_open(struct node *n, struct file *f)
{
	if (!S_ISCHR(n->mode))
		return -ENXIO;
	port_get(n->data);
	return dev_open_instance(f, n->data, n->rdev);
}

static void devpts_show(struct filesystem *fs, struct text *out)
{
	(void)fs;
	text_puts(out, ",gid=5,mode=620,ptmxmode=000");
}

static const struct fs_ops devpts_ops = {
	.type = "devpts",
	.magic = 0x1cd1,
	.lookup = devpts_lookup,
	.create = refuse_name,
	.link = refuse_link,
	.unlink = refuse_unlink,
	.rename = refuse_rename,
	.readdir = devpts_readdir,
	.setattr = node_setattr_here,
	.open = devpts_open,
	.free = devpts_free,
	.show = devpts_show,
};

int devpts_mount(struct filesystem **fs, struct node **root)
{
	struct fs_attr attr = { .ino = ROOT_INO, .nlink = 2, .mode = S_IFDIR | 0755 };

	mutex_init(&pts_lock, RANK_FS);
	attr.atime = attr.mtime = attr.ctime = time_now();
	*fs = pts_fs = fs_create(&devpts_ops, false);
	*root = *fs ? node_create(*fs, &attr) : NULL;
	return *root ? 0 : -ENOMEM;
}
