/* SPDX-License-Identifier: MIT */
/*
 * Memory files: memfd_create(2).
 *
 * A memory file is a file of the memory filesystem (tmpfs.c) without a name, of an instance that is mounted nowhere and
 * has no limits. What is here is making one, and the seals' way in (vm/seal.c), which files with names have too, for
 * they say
 * F_SEAL_SEAL from the beginning. The node goes with its last descriptor or mapping.
 *
 * Files of huge pages (MFD_HUGETLB, and those that mmap makes for MAP_HUGETLB) answer as on a Linux that has reserved
 * no huge pages: they can be made, sized in steps of a huge page, read as zeros, and mapped with MAP_NORESERVE. They
 * cannot be written or filled, and no page of a mapping can be had: their objects stay empty (huge_shift).
 */
#include <abi/mount.h>

#include "file/file_impl.h"

static struct filesystem *plain_fs;

/* ---- huge pages ---- */

static int64_t huge_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	int64_t n = object_read(f->node->object, (uint64_t)*pos, buf, len, false);

	if (n > 0)
		*pos += n;
	return n;
}

static int huge_sync(struct file *f, bool data_only)
{
	(void)f, (void)data_only;
	return 0;
}

static int huge_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	(void)len;
	object_get(f->node->object);
	*object = f->node->object;
	*pgoff = off >> PAGE_SHIFT;
	return 0;
}

static int huge_fallocate(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	(void)off, (void)len;
	if (mode & ~(unsigned)(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_PUNCH_HOLE))
		return -ENOSPC;
	return f->node->object->seals & SEALS_WRITE ? -EPERM : 0;
}

static const struct file_ops huge_file_ops = {
	.read = huge_read,
	.sync = huge_sync,
	.map = huge_map,
	.fallocate = huge_fallocate,
};

static int huge_open(struct node *n, struct file *f)
{
	(void)n;
	f->ops = &huge_file_ops;
	f->seekable = true;
	return 0;
}

static int huge_check_size(struct node *n, uint64_t size)
{
	return size & ((1ul << n->object->huge_shift) - 1) ? -EINVAL : 0;
}

#define HUGE_OPS(shift) { .type = "hugetlbfs", .magic = 0x958458f6, .block_size = 1ul << (shift), \
	                  .setattr = node_setattr_here, .open = huge_open, .check_size = huge_check_size, .free = tmpfs_free, \
	                  .destroy = tmpfs_destroy }
/* The pools, the default one first. */
static struct { uint8_t shift; struct fs_ops ops; struct filesystem *fs; } pools[] = { { 21, HUGE_OPS(21), NULL },
                                                                                       { 30, HUGE_OPS(30), NULL } };

uint8_t huge_pages_shift(uint64_t log)
{
	for (unsigned i = 0; i < ARRAY_SIZE(pools); i++)
		if (!log || log == pools[i].shift)
			return pools[i].shift;
	return 0;
}

static struct filesystem *fs_of(uint8_t huge_shift)
{
	return !huge_shift ? plain_fs : pools[huge_shift != pools[0].shift].fs;
}

/* ---- for the system calls ---- */

int memory_node_create(struct node **out)
{
	const struct new_name make = { .mode = S_IFREG | 0777 };

	return tmpfs_node_create(plain_fs, NULL, &make, out);
}

static struct file *create(uint8_t huge_shift, uint32_t seals, const char *prefix, const char *name)
{
	const struct new_name make = { .mode = S_IFREG | 0777 };
	size_t room = strlen(prefix) + strlen(name) + 1;
	char *path = kmalloc(room);
	struct node *n;
	int err = path ? tmpfs_node_create(fs_of(huge_shift), NULL, &make, &n) : -ENOMEM;

	if (err) {
		kfree(path);
		return err_ptr(err);
	}
	n->object->seals = seals;
	n->object->huge_shift = huge_shift;
	ksnprintf(path, room, "%s%s", prefix, name);
	struct file *f = file_open_node(n, path, O_RDWR);
	if (!is_err(f)) { /* it may be executed while it is open so */
		node_unclaim(n, f->claim);
		f->claim = CLAIM_NONE;
	}
	return f;
}

struct file *memfd_create(const char *name, bool sealable, uint8_t huge_shift)
{
	return create(huge_shift, sealable ? 0 : F_SEAL_SEAL, "/memfd:", name);
}

struct file *huge_file_create(uint8_t huge_shift)
{
	return create(huge_shift, F_SEAL_SEAL, "/", "anon_hugepage");
}

static struct object *sealable(const struct file *f)
{
	struct node *n = f->node;

	return n && (n->fs->ops == &tmpfs_ops || n->fs->ops->open == huge_open) ? n->object : NULL;
}

int memfd_add_seals(struct file *f, uint64_t seals)
{
	uint32_t mode = f->flags & O_ACCMODE;
	struct object *o = sealable(f);

	if (seals > UINT32_MAX)
		return -EINVAL;
	if (mode != O_WRONLY && mode != O_RDWR)
		return -EPERM;
	if (seals & ~(uint64_t)F_ALL_SEALS || !o)
		return -EINVAL;
	return object_add_seals(o, (uint32_t)seals);
}

int memfd_get_seals(struct file *f)
{
	struct object *o = sealable(f);

	return o ? (int)o->seals : -EINVAL;
}

void memfd_init(void)
{
	bool all = (plain_fs = tmpfs_create_fs(&tmpfs_ops, 0, 0));

	for (unsigned i = 0; i < ARRAY_SIZE(pools); i++)
		all = all && (pools[i].fs = tmpfs_create_fs(&pools[i].ops, 0, 0));
	if (!all)
		panic("no memory for memory files");
	plain_fs->flags = MS_STRICTATIME;
}
