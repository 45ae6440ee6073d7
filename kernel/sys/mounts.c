/* SPDX-License-Identifier: MIT */
/*
 * mount(2) and umount2(2): decode and check; file/mount.c has the table.
 *
 * Types are tmpfs, which the kernel makes itself, and ext2, for which a process of init's starts the servers of the
 * disk (fs_service): the call waits for it, and it calls fs_mount. What is mounted at boot cannot be mounted once more
 * (EBUSY). Checks come in Linux's order: the texts, the walk, the right, then what the flags ask for.
 */
#include "sys/file_calls.h"

#include <abi/mount.h>

#include "file/file_impl.h"

#define OPTIONS_MOST PAGE_SIZE
/* What a filesystem keeps of mount(2)'s flags. */
#define FLAGS_ATIME (MS_NOATIME | MS_NODIRATIME | MS_STRICTATIME)
/* Those of the filesystem itself; the others are the mount's. */
#define FLAGS_SYNCHRONY (MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME)
#define FLAGS_KEPT (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | FLAGS_SYNCHRONY | FLAGS_ATIME)

/* The texts of a call, kmalloc'ed; NULL: not given. */
struct texts { char *source, *type, *options; };

static void texts_free(struct texts *t)
{
	kfree(t->source);
	kfree(t->type);
	kfree(t->options);
}

/* -EFAULT, -EINVAL: longer than a page; -ENOMEM */
static int copy_text(vaddr_t user, char **out)
{
	*out = user ? kmalloc(OPTIONS_MOST) : NULL;
	if (!user)
		return 0;
	if (!*out)
		return -ENOMEM;
	long n = copy_string_from_user(*out, user, OPTIONS_MOST);
	return n == -ENAMETOOLONG ? -EINVAL : n < 0 ? (int)n : 0;
}

static int copy_texts(vaddr_t source, vaddr_t type, vaddr_t options, struct texts *t)
{
	*t = (struct texts){ NULL, NULL, NULL };
	int err = copy_text(type, &t->type);
	err = err ? err : copy_text(source, &t->source);
	err = err ? err : copy_text(options, &t->options);
	if (err)
		texts_free(t);
	return err;
}

/* ---- new mounts ---- */

static int mount_tmpfs(const char *path, const struct texts *t, uint32_t flags)
{
	struct filesystem *fs;
	struct node *root;
	int err = tmpfs_mount(t->options, &fs, &root);

	if (err)
		return err;
	fs->flags = flags;
	fs->readonly = flags & MS_RDONLY;
	err = mount_enter(path, t->source ? t->source : "none", fs, root, false);
	if (err) {
		node_put(root);
		fs_put(fs);
	}
	return err;
}

/* The disk that the source names. -ENOENT, ..., -ENOTBLK, -ENXIO */
static int disk_of(const char *source, unsigned *index)
{
	struct path at;

	if (!source || !*source)
		return -EINVAL;
	int err = path_walk(AT_FDCWD, source, PATH_FOLLOW, &at, NULL);
	if (err)
		return err;
	if (!S_ISBLK(at.node->mode))
		err = -ENOTBLK;
	else if (!devfs_disk(at.node->rdev, index))
		err = -ENXIO;
	path_put(&at);
	return err;
}

static int mount_new(const struct path *at, const struct texts *t, uint32_t flags)
{
	static const char *const once[] = { "proc", "devtmpfs", "bootfs" };
	unsigned disk;

	if (!t->type)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(once); i++)
		if (!strcmp(t->type, once[i]))
			return -EBUSY;
	bool memory = !strcmp(t->type, "tmpfs");
	if (!memory && strcmp(t->type, "ext2"))
		return -ENODEV;
	int err = memory ? 0 : disk_of(t->source, &disk);
	if (err)
		return err;
	if (!S_ISDIR(at->node->mode))
		return -ENOTDIR;
	if (memory)
		return mount_tmpfs(at->name, t, flags);
	return mount_options_known(t->options) ? mount_disk(disk, at->name, flags) : -EINVAL;
}

/* Of the words about times of access, strictatime says the last; who remounts without one leaves them as they are. */
static uint32_t flags_kept(const struct path *at, uint64_t flags)
{
	if (flags & MS_STRICTATIME)
		flags &= ~(uint64_t)MS_NOATIME;
	if (flags & MS_REMOUNT && !(flags & (FLAGS_ATIME | MS_RELATIME)))
		flags |= node_mount_flags(at->node) & FLAGS_ATIME;
	return flags & FLAGS_KEPT;
}

/*
 * With MS_BIND how the name is mounted changes and not the filesystem: here that is the same, but for what is no matter of
 * the name.
 */
static int remount(const struct path *at, const struct texts *t, uint64_t flags)
{
	uint32_t kept = flags_kept(at, flags);

	if (!(flags & MS_BIND))
		return mount_change(at->node, kept, t->options);
	kept = (kept & ~(uint32_t)FLAGS_SYNCHRONY) | (node_mount_flags(at->node) & FLAGS_SYNCHRONY);
	return mount_change(at->node, kept, NULL);
}

/* What would be seen at a second name, or moved to it, must be there. */
static int no_second_name(const char *source)
{
	struct path from;

	if (!source || !*source)
		return -EINVAL;
	int err = path_walk(AT_FDCWD, source, PATH_FOLLOW, &from, NULL);
	if (err)
		return err;
	path_put(&from);
	return -EINVAL;
}

static int mount_at(const struct path *at, const struct texts *t, uint64_t flags)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(uint64_t)MS_MGC_MSK;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return remount(at, t, flags);
	if (flags & (MS_BIND | MS_MOVE))
		return no_second_name(t->source);
	uint64_t sharing = flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE);
	if (sharing) /* there is nobody to share it with */
		return path_is_mount(at->node) && !(sharing & (sharing - 1)) ? 0 : -EINVAL;
	return mount_new(at, t, flags_kept(at, flags));
}

CALL(mount)
{
	struct texts t;
	struct path at;
	int err = copy_texts(a, c, e, &t);

	if (err)
		return err;
	char *target = path_from_user(b);
	if (is_err(target)) {
		texts_free(&t);
		return ptr_err(target);
	}
	err = path_walk(AT_FDCWD, target, PATH_FOLLOW, &at, NULL);
	kfree(target);
	if (!err) {
		err = mount_at(&at, &t, d);
		path_put(&at);
	}
	texts_free(&t);
	return err;
}

CALL(umount2)
{
	unsigned flags = (unsigned)b;
	struct path at;

	if (flags & ~(unsigned)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	char *target = path_from_user(a);
	if (is_err(target))
		return ptr_err(target);
	int err = path_walk(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : PATH_FOLLOW, &at, NULL);
	kfree(target);
	if (err)
		return err;
	err = !capable(CAP_SYS_ADMIN) ? -EPERM : !path_is_mount(at.node) ? -EINVAL : 0;
	if (!err && flags & MNT_EXPIRE && flags & (MNT_FORCE | MNT_DETACH))
		err = -EINVAL;
	if (!err)
		return mount_leave(&at, (int)flags);
	path_put(&at);
	return err;
}
