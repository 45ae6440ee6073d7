/* SPDX-License-Identifier: MIT */
/*
 * The attributes of a node, and who is right about them.
 *
 * The kernel is the authority for the size of a regular file and for a time of change not yet sent; all else is
 * the server's word. What the server changes by itself (times of a directory, blocks of a file being written) is
 * fetched again when somebody asks: `version` rises with each change known, `fresh` is the version last fetched.
 *
 * A time of access that the server has not heard of (times.c) is not replaced by its older one.
 *
 * An answer of the server is taken under the node's mutex; asking is done without it. Two answers may be taken in the
 * wrong order: then an older time shows until the next change. Only the count of links is taken with
 * care, for it decides whether the file goes with its last reference: it does not go back up from 0, but for the first
 * name of a file made without one (node_named), and an answer from before that name does not make it 0.
 */
#include "file/file_impl.h"

struct abi_timespec time_now(void)
{
	uint64_t ns = clock_epoch_ns() + clock_now_ns();

	return (struct abi_timespec){ (int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000) };
}

bool attr_valid(const struct fs_attr *attr)
{
	switch (attr->mode & S_IFMT) {
	case S_IFREG: case S_IFDIR: case S_IFLNK: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		return attr->size <= FILE_SIZE_MAX;
	}
	return false;
}

static bool time_before(const struct abi_timespec *a, const struct abi_timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* What may differ from one fetch to the next. That there are no links any more, only node_refresh and unlinking say. */
static void node_take_attr_locked(struct node *n, const struct fs_attr *attr)
{
	n->mode = (n->mode & S_IFMT) | (attr->mode & ~S_IFMT);
	n->uid = attr->uid;
	n->gid = attr->gid;
	n->flags = attr->flags;
	if (n->nlink && attr->nlink)
		n->nlink = attr->nlink;
	n->blocks = attr->blocks;
	if (!n->atime_new)
		n->atime = attr->atime;
	n->mtime = attr->mtime;
	n->ctime = attr->ctime;
	if (!n->object)
		n->size = attr->size;
}

void node_set_attr(struct node *n, const struct fs_attr *attr)
{
	mutex_lock(&n->lock);
	node_take_attr_locked(n, attr);
	mutex_unlock(&n->lock);
}

void node_named(struct node *n, uint32_t nlink)
{
	mutex_lock(&n->lock);
	if (!n->nlink)
		n->nlink = nlink;
	mutex_unlock(&n->lock);
}

void node_changed(struct node *n)
{
	__atomic_add_fetch(&n->version, 1, __ATOMIC_RELEASE);
}

int node_refresh(struct node *n)
{
	uint32_t version = __atomic_load_n(&n->version, __ATOMIC_ACQUIRE);
	struct fs_attr attr;

	if (!n->cached || (n->fresh == version && !n->written))
		return 0;
	int err = n->fs->ops->getattr(n->fs, n->ino, &attr);
	if (err)
		return err;
	mutex_lock(&n->lock);
	node_take_attr_locked(n, &attr);
	if (!attr.nlink && n->version == version)
		n->nlink = 0;
	n->fresh = version;
	mutex_unlock(&n->lock);
	return 0;
}

int node_setattr_here(struct node *n, const struct fs_setattr *set)
{
	mutex_lock(&n->lock);
	if (set->mask & FS_SET_MODE)
		n->mode = (n->mode & S_IFMT) | (set->mode & 07777);
	if (set->mask & FS_SET_UID)
		n->uid = set->uid;
	if (set->mask & FS_SET_GID)
		n->gid = set->gid;
	if (set->mask & FS_SET_FLAGS)
		n->flags = set->flags;
	if (set->mask & FS_SET_ATIME)
		n->atime = set->atime;
	if (set->mask & FS_SET_MTIME)
		n->mtime = set->mtime;
	n->ctime = time_now();
	mutex_unlock(&n->lock);
	if (set->mask & FS_SET_MTIME && n->object) {
		spin_lock(&n->object->lock);
		n->object->mtime_sec = -1;
		spin_unlock(&n->object->lock);
	}
	return 0;
}

int node_claim(struct node *n, enum claim claim)
{
	int32_t now = n->claims;

	do {
		if (now && (now > 0) != (claim > 0))
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&n->claims, &now, now + claim, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

void node_unclaim(struct node *n, enum claim claim)
{
	__atomic_sub_fetch(&n->claims, claim, __ATOMIC_RELEASE);
}

bool node_is_frozen(const struct node *n)
{
	return n->flags & FS_IMMUTABLE_FL && n->fs->pager_port;
}

uint32_t node_mount_flags(const struct node *n) { return n->fs->flags; }

void node_drop_setid(struct node *n)
{
	struct proc *p = proc_current();
	uint32_t set_ids = n->mode & (S_ISUID | S_ISGID);

	if (likely(!set_ids) || !p || capable(CAP_FSETID) || !n->fs->ops->setattr)
		return;
	bool member = p->fsgid == n->gid || proc_in_groups(p, n->gid);
	uint32_t drop = n->mode & S_IXGRP || !member ? set_ids : set_ids & ~(uint32_t)S_ISGID;
	struct fs_setattr set = { .mask = FS_SET_MODE, .mode = n->mode & 07777 & ~drop };

	if (drop)
		(void)n->fs->ops->setattr(n, &set); /* the change itself will meet the same trouble */
}

/* A server's files count the sectors they occupy in 32 bits, as ext2 does. */
uint64_t file_size_limit(const struct file *f)
{
	return f->node && f->node->fs->file_port ? (uint64_t)UINT32_MAX * 512 : FILE_SIZE_MAX;
}

void node_touch_mtime(struct node *n)
{
	struct abi_timespec now = time_now();
	struct object *o = n->object;

	if (!o)
		return;
	spin_lock(&o->lock);
	o->mtime_sec = now.tv_sec;
	o->mtime_nsec = now.tv_nsec;
	spin_unlock(&o->lock);
}

void node_stat(struct node *n, struct abi_stat *st)
{
	memset(st, 0, sizeof *st);
	mutex_lock(&n->lock);
	st->st_dev = n->fs->dev;
	st->st_ino = n->ino;
	st->st_nlink = n->nlink;
	st->st_mode = n->mode;
	st->st_uid = n->uid;
	st->st_gid = n->gid;
	st->st_rdev = n->rdev;
	st->st_size = (int64_t)n->size;
	st->st_blksize = n->fs->ops->block_size ? n->fs->ops->block_size : (int64_t)PAGE_SIZE;
	st->st_blocks = (int64_t)n->blocks;
	st->st_atim = n->atime;
	st->st_mtim = n->mtime;
	st->st_ctim = n->ctime;
	if (n->object) {
		spin_lock(&n->object->lock);
		st->st_size = (int64_t)n->object->size;
		if (n->object->pager == PAGER_ZERO)
			st->st_blocks = (int64_t)n->object->pages.count * (PAGE_SIZE / 512);
		struct abi_timespec pending = { n->object->mtime_sec, n->object->mtime_nsec };
		spin_unlock(&n->object->lock);
		if (pending.tv_sec != -1) {
			st->st_mtim = pending;
			if (time_before(&st->st_ctim, &pending))
				st->st_ctim = pending;
		}
	}
	mutex_unlock(&n->lock);
}
