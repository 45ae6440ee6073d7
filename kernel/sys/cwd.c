/* SPDX-License-Identifier: MIT */
/*
 * The working directory of a thread and its mask for new files. The directory is a node and its canonical path (file/cwd.c); the
 * path is what getcwd gives, and ENOENT when the directory has lost its name.
 */
#include "sys/file_calls.h"

CALL(getcwd)
{
	struct path cwd;

	cwd_get(&cwd);
	int64_t len = cwd.name ? (int64_t)strlen(cwd.name) + 1 : -ENOMEM;
	if (len > 0 && !cwd.node->nlink)
		len = -ENOENT;
	if (len > 0 && (uint64_t)len > b)
		len = -ERANGE;
	if (len > 0 && copy_to_user(a, cwd.name, (size_t)len))
		len = -EFAULT;
	path_put(&cwd);
	return len;
}

static int64_t enter_directory(struct path *to)
{
	int err = S_ISDIR(to->node->mode) ? node_permission(to->node, X_OK) : -ENOTDIR;

	if (err)
		path_put(to);
	else
		cwd_set(to);
	return err;
}

CALL(chdir)
{
	struct path to;
	char *path = path_from_user(a);

	if (is_err(path))
		return ptr_err(path);
	int err = path_walk(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &to, NULL);
	kfree(path);
	if (err)
		return err;
	err = path_trim(&to);
	return err ? err : enter_directory(&to);
}

CALL(fchdir)
{
	struct file *file = fd_get((int)a);

	if (!file)
		return -EBADF;
	struct path to = { file->node, NULL };
	int64_t err = file->node && file->path ? 0 : -ENOTDIR;
	if (!err) {
		size_t len = strlen(file->path) + 1;
		to.name = kmalloc(len);
		err = to.name ? 0 : -ENOMEM;
		if (to.name)
			memcpy(to.name, file->path, len);
	}
	if (!err) {
		node_get(to.node);
		err = enter_directory(&to);
	}
	file_put(file);
	return err;
}

CALL(umask)
{
	return cwd_set_umask((uint32_t)a);
}
