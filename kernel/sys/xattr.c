/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no filesystem here keeps any. The calls look up the file and check their arguments in Linux's
 * order, and then say what a filesystem without them says: there is nothing to list, and nothing can be read, set or
 * removed (EOPNOTSUPP).
 */
#include "sys/file_calls.h"

#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_CREATE_OR_REPLACE 3u

enum by { BY_PATH, BY_LINK, BY_FD };

/* 0: the file is there. */
static int check_file(enum by how, uint64_t which)
{
	struct path at;

	if (how == BY_FD) {
		struct file *f = fd_get((int)which);
		int err = !f || f->flags & O_PATH ? -EBADF : 0;
		if (f)
			file_put(f);
		return err;
	}
	char *path = path_from_user(which);
	if (is_err(path))
		return (int)ptr_err(path);
	int err = path_walk(AT_FDCWD, path, how == BY_PATH ? PATH_FOLLOW : 0, &at, NULL);
	kfree(path);
	if (!err)
		path_put(&at);
	return err;
}

static int check_name(vaddr_t user)
{
	char name[XATTR_NAME_MAX + 1];
	long n = copy_string_from_user(name, user, sizeof name);

	return n == -ENAMETOOLONG || n == 0 ? -ERANGE : n < 0 ? (int)n : 0;
}

static int64_t get_or_remove(enum by how, uint64_t which, vaddr_t name)
{
	int err = check_file(how, which);

	if (!err)
		err = check_name(name);
	return err ? err : -EOPNOTSUPP;
}

static int64_t set(enum by how, uint64_t which, vaddr_t name, uint64_t size, unsigned flags)
{
	int err = check_file(how, which);

	if (!err && flags & ~XATTR_CREATE_OR_REPLACE)
		err = -EINVAL;
	if (!err)
		err = check_name(name);
	if (!err && size > XATTR_SIZE_MAX)
		err = -E2BIG;
	return err ? err : -EOPNOTSUPP;
}

CALL(getxattr) { return get_or_remove(BY_PATH, a, b); }
CALL(lgetxattr) { return get_or_remove(BY_LINK, a, b); }
CALL(fgetxattr) { return get_or_remove(BY_FD, a, b); }
CALL(removexattr) { return get_or_remove(BY_PATH, a, b); }
CALL(lremovexattr) { return get_or_remove(BY_LINK, a, b); }
CALL(fremovexattr) { return get_or_remove(BY_FD, a, b); }
CALL(setxattr) { return set(BY_PATH, a, b, d, (unsigned)e); }
CALL(lsetxattr) { return set(BY_LINK, a, b, d, (unsigned)e); }
CALL(fsetxattr) { return set(BY_FD, a, b, d, (unsigned)e); }
CALL(listxattr) { return check_file(BY_PATH, a); }
CALL(llistxattr) { return check_file(BY_LINK, a); }
CALL(flistxattr) { return check_file(BY_FD, a); }
