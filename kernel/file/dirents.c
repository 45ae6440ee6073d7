/* SPDX-License-Identifier: MIT */
/*
 * Reading directories: records as getdents64(2) gives them.
 *
 * Records come from the directory's filesystem with a cookie each, which is the position of the open file; the kernel
 * gives cookies no meaning, with one exception: the names in a directory that something is mounted over come last, with
 * cookies of their own (MOUNT_COOKIE), and records that have one of these names are left out. So each name shows once,
 * whether or not the filesystem below has a directory of that name.
 *
 * The older getdents(2) has the type behind the name instead of before it. Its records have the same length, so they are
 * made in place.
 *
 * The records pass through a kernel buffer, at most one page at a time: a call may return less than there is room for.
 */
#include "file/file_impl.h"

#define MOUNT_COOKIE (1ul << 62)

static uint8_t dirent_type(uint32_t mode)
{
	return (uint8_t)((mode & S_IFMT) >> 12); /* DT_* are the type bits of the mode */
}

bool dirent_add(void *buf, size_t room, size_t *used, uint64_t ino, uint64_t next, uint32_t mode, const char *name)
{
	size_t len = strlen(name), size = ALIGN_UP(offsetof(struct abi_dirent64, d_name) + len + 1, 8);
	struct abi_dirent64 *d = (void *)((char *)buf + *used);

	if (size > room - *used)
		return false;
	memset(d, 0, size);
	d->d_ino = ino;
	d->d_off = (int64_t)next;
	d->d_reclen = (uint16_t)size;
	d->d_type = dirent_type(mode);
	memcpy(d->d_name, name, len + 1);
	*used += size;
	return true;
}

static bool is_mounted_over(const struct node *dir, const char *name)
{
	struct node *over = mount_child(dir, name, strlen(name));

	if (over)
		node_put(over);
	return over;
}

/*
 * Take the records out whose names are mounted over; the length that is left. *next: the cookie behind the last record.
 */
static size_t filter_covered(const struct node *dir, char *buf, size_t len, uint64_t *next)
{
	size_t kept = 0;

	for (size_t at = 0; at < len;) {
		const struct abi_dirent64 *d = (const void *)(buf + at);
		size_t size = d->d_reclen;
		*next = (uint64_t)d->d_off;
		if (!is_mounted_over(dir, d->d_name)) {
			memmove(buf + kept, d, size);
			kept += size;
		}
		at += size;
	}
	return kept;
}

/* The mounted names from cookie on. */
static int64_t read_mounts(const struct node *dir, void *buf, size_t room, uint64_t *cookie)
{
	char name[NAME_MAX + 1];
	struct node *root;
	size_t used = 0;

	*cookie = MAX(*cookie, MOUNT_COOKIE);
	while (mount_below(dir, (unsigned)(*cookie - MOUNT_COOKIE), name, sizeof name, &root)) {
		bool fits = dirent_add(buf, room, &used, root->ino, *cookie + 1, S_IFDIR, name);
		node_put(root);
		if (!fits)
			return used ? (int64_t)used : -EINVAL;
		++*cookie;
	}
	return (int64_t)used;
}

static uint64_t last_cookie(const char *buf, size_t len)
{
	uint64_t next = 0;

	for (size_t at = 0; at < len; at += ((const struct abi_dirent64 *)(const void *)(buf + at))->d_reclen)
		next = (uint64_t)((const struct abi_dirent64 *)(const void *)(buf + at))->d_off;
	return next;
}

/* One page of records at most; *cookie moves behind them. 0 at the end. */
static int64_t read_records(struct node *dir, uint64_t *cookie, char *buf, size_t room)
{
	bool covered = dir->mounts;

	for (;;) {
		if (covered && *cookie >= MOUNT_COOKIE)
			return read_mounts(dir, buf, room, cookie);
		int64_t n = dir->fs->ops->readdir(dir, *cookie, buf, room);
		if (n < 0 || (n == 0 && !covered))
			return n;
		if (n == 0) {
			*cookie = MOUNT_COOKIE;
			continue;
		}
		if (!covered) {
			*cookie = last_cookie(buf, (size_t)n);
			return n;
		}
		size_t kept = filter_covered(dir, buf, (size_t)n, cookie);
		if (kept)
			return (int64_t)kept;
	}
}

/*
 * Copies out as many whole records as fit before a bad page, padding not counted, and puts *cookie behind them.
 * -EFAULT: none.
 */
static int64_t records_to_user(vaddr_t buf, const char *records, size_t len, uint64_t *cookie)
{
	size_t copied = copy_to_user_prefix(buf, records, len), kept = 0;

	while (copied < len && kept < len) {
		const struct abi_dirent64 *d = (const void *)(records + kept);
		if (kept + offsetof(struct abi_dirent64, d_name) + strlen(d->d_name) + 1 > copied)
			break;
		*cookie = (uint64_t)d->d_off;
		kept += d->d_reclen;
	}
	if (copied == len)
		kept = len;
	return kept ? (int64_t)kept : -EFAULT;
}

/* The name moves over the type, which goes to the record's last byte. */
static void make_old(char *buf, size_t len)
{
	struct abi_dirent64 *d;

	for (size_t at = 0; at < len; at += d->d_reclen) {
		d = (void *)(buf + at);
		uint8_t type = d->d_type;
		size_t size = strlen(d->d_name) + 1;
		memmove(&d->d_type, d->d_name, size);
		buf[at + d->d_reclen - 1] = (char)type;
	}
}

int64_t dir_getdents(struct file *f, vaddr_t buf, size_t len, bool old)
{
	struct node *dir = f->node;

	if (!dir || !S_ISDIR(dir->mode) || !dir->fs->ops->readdir)
		return -ENOTDIR;
	if (!dir->nlink)
		return -ENOENT;
	size_t room = len > INT32_MAX ? 0 : MIN(len, PAGE_SIZE);
	char *records = kmalloc(PAGE_SIZE);
	if (!records)
		return -ENOMEM;
	int64_t n = gate_enter(&f->pos_gate);
	if (!n) {
		uint64_t cookie = (uint64_t)f->pos;
		n = read_records(dir, &cookie, records, room);
		if (n > 0 && old)
			make_old(records, (size_t)n);
		if (n > 0)
			n = records_to_user(buf, records, (size_t)n, &cookie);
		if (n >= 0)
			f->pos = (int64_t)cookie;
		file_accessed(f);
		gate_leave(&f->pos_gate);
	}
	kfree(records);
	return n;
}

int fs_statfs(struct node *n, struct abi_statfs *st)
{
	struct filesystem *fs = n->fs;

	memset(st, 0, sizeof *st);
	st->f_type = fs->ops->magic;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_namelen = NAME_MAX;
	st->f_fsid[0] = (int32_t)fs->dev; /* a disk tells its own */
	int err = fs->ops->statfs ? fs->ops->statfs(fs, st) : 0;
	st->f_flags = mount_statfs_flags(fs);
	return err;
}
