/* SPDX-License-Identifier: MIT */
/*
 * Times of access: what reading, mapping, listing, executing and following do to st_atime.
 *
 * The rule is the mount's (MS_*), by default Linux's `relatime`: an access is noted when the file has been modified or
 * changed since the last one that was, or when that is a day ago. So a file that is read again and again is noted once,
 * and still tells that it has been read since it was written.
 *
 * A node keeps its own time of access. Where a server keeps the inode, the new time stays with the node (`atime_new`)
 * and travels when the node leaves the cache, with PAGER_CLOSE: reading never asks a server, and a crash may lose times
 * of access. Telling the server at once was tried on paper: a program that writes and reads one file in turns would
 * have paid a port call for each turn.
 *
 * Whether the file has been modified is the kernel's own knowledge where it is the authority (a time not yet sent is in
 * the object); of a directory the server is asked, if its names have changed since it last was.
 */
#include <abi/mount.h>

#include "file/file_impl.h"

#define DAY_SECONDS 86400

/* Does this node's filesystem keep times, and want this one? */
static bool is_counted(const struct node *n)
{
	const struct filesystem *fs = n->fs;

	if (fs->flags & MS_NOATIME || fs->readonly || n->flags & FS_NOATIME_FL)
		return false;
	if (fs->flags & MS_NODIRATIME && S_ISDIR(n->mode))
		return false;
	return n->cached || fs->ops->setattr == node_setattr_here;
}

static bool not_after(const struct abi_timespec *a, const struct abi_timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec <= b->tv_nsec;
}

/* The last access noted is not the last word. Read without the lock: a time just being changed is noted next time. */
static bool is_due(const struct node *n, const struct abi_timespec *now)
{
	const struct object *o = n->object;
	bool pending = o && o->mtime_sec != -1;
	struct abi_timespec changed = pending ? (struct abi_timespec){ o->mtime_sec, o->mtime_nsec } : n->mtime;

	return not_after(&n->atime, &changed) || not_after(&n->atime, &n->ctime) ||
	       now->tv_sec - n->atime.tv_sec >= DAY_SECONDS || n->fs->flags & MS_STRICTATIME;
}

void node_accessed(struct node *n)
{
	if (!is_counted(n))
		return;
	struct abi_timespec now = time_now();
	if (n->cached && n->fresh != n->version)
		(void)node_refresh(n); /* if it fails, what is known decides */
	if (likely(!is_due(n, &now)))
		return;
	mutex_lock(&n->lock);
	n->atime = now;
	n->atime_new = n->cached;
	mutex_unlock(&n->lock);
}

void file_accessed(struct file *f)
{
	if (!(f->flags & O_NOATIME))
		node_accessed(f->node);
}
