/* SPDX-License-Identifier: MIT */
/*
 * The memory filesystem (tmpfs): /tmp, /dev/shm, what mount(2) makes of it; and memfd_create(2)'s files, which are
 * files of an instance that is mounted nowhere and has no names.
 *
 * A file's data is a VM object without a server, as that of anonymous shared memory is: reading, writing, mapping,
 * sizes, holes and seals are those of every plain file. Here are the names and attributes, and they are in the kernel.
 * A server would have to keep them in memory that nothing can page; it would lose /tmp when it died, for the kernel
 * alone holds the pages; and each name would cost a port call. What it would keep out of the kernel is this file and
 * tmpfs_dir.c.
 *
 *      entry ──► node ──► object ──► pages        a name holds a reference to its node, an open file does, a mapping (by its
 *                 │ data                          file) does; the last one frees node, object and pages at once
 *                 └──► directory (tmpfs_dir.c), or the target of a symbolic link
 *
 * Nodes are not in the node cache: the entries keep them. An instance has room for so many pages (`quota`, which the
 * object asks for every page: ENOSPC for fallocate and write, SIGBUS for a store) and so many inodes, where each
 * further name of a file counts too, so that what users can make the kernel remember has an end.
 *
 * Locks: the instance's lock guards all its names; a node's own lock its attributes, taken inside. Neither is held
 * while memory is allocated or user memory touched.
 *
 * An instance goes with its last node. Unmounted lazily, the tree is taken apart when its root is let go; who has a
 * directory open below keeps that subtree, and ".." of its top is then itself.
 */
#include "file/tmpfs.h"

#include <abi/mount.h>

#define TMPFS_MAGIC 0x01021994
#define MODE_BITS 07777u
#define FLAGS_INHERITED (FS_NODUMP_FL | FS_NOATIME_FL)

static int tmpfs_readlink(struct node *n, char *buf, size_t cap)
{
	size_t len = MIN(cap, (size_t)n->size);

	memcpy(buf, n->data, len);
	return (int)len;
}

/* ---- nodes ---- */

bool tmpfs_take_inode_locked(struct tmpfs *t)
{
	if (t->max_inodes && t->inodes >= t->max_inodes)
		return false;
	t->inodes++;
	return true;
}

static int give_bytes(struct node *n)
{
	n->object = object_create(PAGER_ZERO, 0);
	if (!n->object)
		return -ENOMEM;
	n->object->by_page = true;
	n->object->quota = tmpfs_of(n)->quota;
	quota_get(n->object->quota);
	n->object->seals = F_SEAL_SEAL;
	n->object->node = n;
	return 0;
}

/* What a new node of that type has besides its attributes. */
static int furnish(struct node *n, const struct node *dir, const struct new_name *make)
{
	switch (n->mode & S_IFMT) {
	case S_IFREG:
		return give_bytes(n);
	case S_IFDIR:
		n->data = tmpfs_dir_create(dir ? (struct node *)dir : n);
		return n->data ? 0 : -ENOMEM;
	case S_IFLNK:
		n->data = kmalloc(n->size + 1);
		if (n->data)
			memcpy(n->data, make->target, n->size + 1);
		return n->data ? 0 : -ENOMEM;
	}
	return 0;
}

static void attributes(const struct node *dir, const struct new_name *make, struct fs_attr *attr)
{
	const struct proc *p = proc_current();
	bool inherits = dir && dir->mode & S_ISGID;

	*attr = (struct fs_attr){ .mode = make->mode, .rdev = make->rdev, .uid = p ? p->fsuid : 0,
	                          .gid = p ? p->fsgid : 0 };
	if (dir)
		attr->flags = dir->flags & FLAGS_INHERITED;
	if (inherits)
		attr->gid = dir->gid;
	if (inherits && S_ISDIR(make->mode))
		attr->mode |= S_ISGID;
	if (S_ISLNK(make->mode))
		attr->size = strlen(make->target);
	if (S_ISDIR(make->mode))
		attr->size = 2 * TMPFS_NAME_SIZE;
	attr->atime = attr->mtime = attr->ctime = time_now();
}

/* Its inode, and its place among the nodes of the instance. False: there is none left. */
static bool enter(struct tmpfs *t, struct node *n)
{
	mutex_lock(&t->lock);
	bool granted = tmpfs_take_inode_locked(t);
	if (granted) {
		n->ino = ++t->last_ino;
		list_push_back(&t->nodes, &n->hash_link);
	}
	mutex_unlock(&t->lock);
	return granted;
}

int tmpfs_node_create(struct filesystem *fs, const struct node *dir, const struct new_name *make, struct node **out)
{
	struct fs_attr attr;

	attributes(dir, make, &attr);
	struct node *n = node_create(fs, &attr);
	if (!n)
		return -ENOMEM;
	int err = furnish(n, dir, make);
	if (!err && !enter(fs->data, n))
		err = -ENOSPC;
	if (err)
		node_put(n);
	else
		*out = n;
	return err;
}

/* The last reference has gone, the object with it. A node that was never entered is in no list. */
void tmpfs_free(struct node *n)
{
	struct tmpfs *t = tmpfs_of(n);

	if (S_ISDIR(n->mode) && n->data)
		tmpfs_dir_free(n);
	kfree(n->data);
	mutex_lock(&t->lock);
	t->inodes -= !list_empty(&n->hash_link);
	list_remove(&n->hash_link);
	mutex_unlock(&t->lock);
}

static int tmpfs_tmpfile(struct node *dir, const struct new_name *make, struct node **out)
{
	return tmpfs_node_create(dir->fs, dir, make, out);
}

/* ---- the instance ---- */

static int tmpfs_statfs(struct filesystem *fs, struct abi_statfs *st)
{
	struct tmpfs *t = fs->data;
	uint64_t limit = t->quota->limit, used = t->quota->used;

	if (limit) {
		st->f_blocks = (int64_t)limit;
		st->f_bfree = st->f_bavail = (int64_t)(limit - MIN(used, limit));
	}
	if (t->max_inodes) {
		st->f_files = (int64_t)t->max_inodes;
		st->f_ffree = (int64_t)(t->max_inodes - MIN(t->inodes, t->max_inodes));
	}
	return 0;
}

/* Somebody besides the names (and, at the root, the mount) has a node. */
static bool in_use_locked(const struct node *n, const struct node *root)
{
	uint32_t names = S_ISDIR(n->mode) ? n->nlink > 0 : n->nlink;

	return n == root ? n->refs > 1 : n->refs > names;
}

static bool tmpfs_busy(struct filesystem *fs, const struct node *root)
{
	struct tmpfs *t = fs->data;
	bool busy = false;

	mutex_lock(&t->lock);
	list_for_each(link, &t->nodes)
		busy = busy || in_use_locked(list_entry(link, struct node, hash_link), root);
	mutex_unlock(&t->lock);
	return busy;
}

void tmpfs_destroy(struct filesystem *fs)
{
	struct tmpfs *t = fs->data;

	if (t)
		quota_put(t->quota);
	kfree(t);
}

static void tmpfs_show(struct filesystem *fs, struct text *out)
{
	const struct tmpfs *t = fs->data;

	if (t->quota->limit != frames_total() / 2)
		text_printf(out, ",size=%lluk", (unsigned long long)t->quota->limit * (PAGE_SIZE / 1024));
	if (t->max_inodes != frames_total() / 2)
		text_printf(out, ",nr_inodes=%llu", (unsigned long long)t->max_inodes);
	if (t->mode != 01777) {
		text_puts(out, ",mode=");
		text_octal(out, t->mode, 3);
	}
	if (t->uid)
		text_printf(out, ",uid=%u", t->uid);
	if (t->gid)
		text_printf(out, ",gid=%u", t->gid);
	text_puts(out, ",inode64");
}

struct filesystem *tmpfs_create_fs(const struct fs_ops *ops, uint64_t max_pages, uint64_t max_inodes)
{
	struct filesystem *fs = fs_create(ops, false);
	struct tmpfs *t = kzalloc(sizeof *t);
	struct quota *quota = quota_create(max_pages);

	if (!fs || !t || !quota) {
		if (quota)
			quota_put(quota);
		kfree(t);
		if (fs)
			fs_put(fs);
		return NULL;
	}
	mutex_init(&t->lock, RANK_FS);
	list_init(&t->nodes);
	t->quota = quota;
	t->max_inodes = max_inodes;
	fs->data = t;
	return fs;
}

/* ---- mounting ---- */

/* The number that text begins with, in base 8, 10 or 16 as C writes it; its characters, 0 when there is none. */
static size_t parse_number(const char *text, size_t len, uint64_t *out)
{
	bool hex = len > 2 && text[0] == '0' && (text[1] | 32) == 'x';
	unsigned base = hex ? 16 : text[0] == '0' ? 8 : 10;
	size_t first = hex ? 2 : 0, i = first;

	*out = 0;
	for (; i < len; i++) {
		unsigned c = (unsigned char)text[i], digit = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
		if (digit >= base)
			break;
		if (__builtin_mul_overflow(*out, base, out) || __builtin_add_overflow(*out, digit, out))
			return 0;
	}
	return i > first ? i : 0;
}

/* "16m" -> 16 << 20. False: no number. */
static bool parse_size(const char *text, size_t len, uint64_t *out)
{
	static const char units[] = "kmgtpe";
	size_t i = parse_number(text, len, out);

	if (!i || len - i > 1)
		return false;
	if (i == len)
		return true;
	for (unsigned u = 0; units[u]; u++)
		if ((text[i] | 32) == units[u]) {
			*out <<= 10 * (u + 1);
			return true;
		}
	return false;
}

/* Bytes, or as "50%" of memory. */
static bool parse_bytes(const char *text, size_t len, uint64_t *out)
{
	size_t i = parse_number(text, len, out);

	if (!i || len - i != 1 || text[i] != '%')
		return parse_size(text, len, out);
	*out *= frames_total() * PAGE_SIZE / 100;
	return true;
}

static bool parse_id(const char *text, size_t len, uint64_t *out)
{
	return len && parse_number(text, len, out) == len && *out < UINT32_MAX;
}

static bool parse_octal(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
		*out = *out * 8 + (uint64_t)(text[i] - '0');
	}
	return len && len <= 6;
}

struct tmpfs_options { uint64_t pages, inodes, mode, uid, gid; };

static bool take_option(struct tmpfs_options *o, const char *key, size_t key_len, const char *value, size_t len)
{
	uint64_t bytes;

	if (key_len == 4 && !memcmp(key, "size", 4)) {
		if (!parse_bytes(value, len, &bytes))
			return false;
		o->pages = (bytes + PAGE_MASK) >> PAGE_SHIFT;
		return true;
	}
	if (key_len == 9 && !memcmp(key, "nr_blocks", 9))
		return parse_size(value, len, &o->pages);
	if (key_len == 9 && !memcmp(key, "nr_inodes", 9))
		return parse_size(value, len, &o->inodes);
	if (key_len == 4 && !memcmp(key, "mode", 4))
		return parse_octal(value, len, &o->mode);
	if (key_len == 3 && !memcmp(key, "uid", 3))
		return parse_id(value, len, &o->uid);
	if (key_len == 3 && !memcmp(key, "gid", 3))
		return parse_id(value, len, &o->gid);
	return false;
}

static bool is_so_anyhow(const char *text, size_t len)
{
	static const char *const words[] = { "inode64", "huge=never", "mpol=default" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (len == strlen(words[i]) && !memcmp(text, words[i], len))
			return true;
	return false;
}

/* "size=16m,mode=755" -> options; -EINVAL: one of them is not known, or its value makes no sense. */
static int parse_options(struct tmpfs_options *o, const char *text)
{
	while (text && *text) {
		const char *end = strchr(text, ','), *equals = strchr(text, '=');
		size_t len = end ? (size_t)(end - text) : strlen(text);
		bool known = !len || is_so_anyhow(text, len);
		if (!known && equals && equals < text + len)
			known = take_option(o, text, (size_t)(equals - text), equals + 1, len - (size_t)(equals + 1 - text));
		if (!known)
			return -EINVAL;
		text += len + (end != NULL);
	}
	return 0;
}

static struct tmpfs_options defaults(void)
{
	const struct proc *p = proc_current();

	return (struct tmpfs_options){ frames_total() / 2, frames_total() / 2, 01777, p ? p->fsuid : 0, p ? p->fsgid : 0 };
}

/* Other limits, but not less than there is; an instance without limits keeps none. */
static int check_limits_locked(const struct tmpfs *t, const struct tmpfs_options *o)
{
	uint64_t limit = t->quota->limit;

	if (o->pages && (!limit || o->pages < t->quota->used))
		return -EINVAL;
	return o->inodes && (!t->max_inodes || o->inodes < t->inodes) ? -EINVAL : 0;
}

/* Is a file open for writing? */
static bool written_locked(const struct tmpfs *t)
{
	list_for_each(link, &t->nodes)
		if (list_entry(link, struct node, hash_link)->claims > 0)
			return true;
	return false;
}

static int tmpfs_remount(struct filesystem *fs, uint32_t flags, const char *options)
{
	struct tmpfs *t = fs->data;
	struct tmpfs_options o = { t->quota->limit, t->max_inodes, t->mode, t->uid, t->gid };
	int err = parse_options(&o, options);

	if (err)
		return err;
	mutex_lock(&t->lock);
	err = flags & MS_RDONLY && written_locked(t) ? -EBUSY : check_limits_locked(t, &o);
	if (!err) {
		t->quota->limit = o.pages;
		t->max_inodes = o.inodes;
	}
	mutex_unlock(&t->lock);
	return err;
}

const struct fs_ops tmpfs_ops = {
	.type = "tmpfs",
	.magic = TMPFS_MAGIC,
	.flags = FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL,
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.tmpfile = tmpfs_tmpfile,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.readlink = tmpfs_readlink,
	.readdir = tmpfs_readdir,
	.setattr = node_setattr_here,
	.statfs = tmpfs_statfs,
	.busy = tmpfs_busy,
	.remount = tmpfs_remount,
	.show = tmpfs_show,
	.free = tmpfs_free,
	.destroy = tmpfs_destroy,
};

int tmpfs_mount(const char *options, struct filesystem **fs, struct node **root)
{
	struct tmpfs_options o = defaults();
	int err = parse_options(&o, options);

	if (err)
		return err;
	*fs = tmpfs_create_fs(&tmpfs_ops, o.pages, o.inodes);
	if (!*fs)
		return -ENOMEM;
	struct tmpfs *t = (*fs)->data;
	t->mode = (uint32_t)o.mode & MODE_BITS;
	t->uid = (uint32_t)o.uid;
	t->gid = (uint32_t)o.gid;
	struct new_name make = { .mode = S_IFDIR | t->mode };
	err = tmpfs_node_create(*fs, NULL, &make, root);
	if (err) {
		fs_put(*fs);
		return err;
	}
	(*root)->nlink = 2;
	(*root)->uid = t->uid;
	(*root)->gid = t->gid;
	return 0;
}
