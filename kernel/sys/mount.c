/* SPDX-License-Identifier: MIT */
/*
 * Calls for servers: objects to map and write by block, mounting, registering devices (abi/atlas.h). All need
 * CAP_SYS_ADMIN.
 *
 * An object made by object_create is an open file of kind FILE_OBJECT whose data is the object: it is read, written and
 * mapped like a file, except that a mapping of it never writes. Only the sectors a pwrite covers become dirty, and only
 * object_clean writes them.
 *
 * A server that calls fs_mount gives its ports away: the mount holds references of its own, the descriptors may be
 * closed.
 */
#include "sys/file_calls.h"

#include "file/terminal.h"
#include "ipc/ipc.h"

static bool may_serve(void)
{
	return capable(CAP_SYS_ADMIN);
}

/* The port behind a client right, referenced; NULL: none. */
static struct port *port_of(uint64_t fd)
{
	struct file *f = fd_get((int)fd);
	struct port *port = f ? port_from_file(f, false) : NULL;

	if (f)
		file_put(f);
	return port;
}

/* ---- objects ---- */

static int64_t object_file_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	int64_t n = object_read(f->data, (uint64_t)*pos, buf, len, false);

	if (n > 0)
		*pos += n;
	return n;
}

static int64_t object_file_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct object *o = f->data;

	/* Its size is that of a device: a write is cut off there. */
	if (len && (uint64_t)*pos >= o->size)
		return -ENOSPC;
	int64_t n = object_write(o, (uint64_t)*pos, buf, MIN(len, o->size - (uint64_t)*pos), false);
	if (n > 0)
		*pos += n;
	return n;
}

static int object_file_stat(struct file *f, struct abi_stat *st)
{
	const struct object *o = f->data;

	memset(st, 0, sizeof *st);
	st->st_ino = o->key;
	st->st_nlink = 1;
	st->st_mode = S_IFREG | 0600;
	st->st_size = (int64_t)o->size;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

static int object_file_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	(void)len;
	object_get(f->data);
	*object = f->data;
	*pgoff = off >> PAGE_SHIFT;
	return 0;
}

static void object_file_release(struct file *f)
{
	object_put(f->data);
}

static const struct file_ops object_file_ops = {
	.read = object_file_read,
	.write = object_file_write,
	.stat = object_file_stat,
	.map = object_file_map,
	.release = object_file_release,
};

/* port, key, size, flags */
CALL(object_create)
{
	if (!may_serve())
		return -EPERM;
	if (!c || c > INT64_MAX || d & ~(uint64_t)OBJECT_BLOCKS)
		return -EINVAL;
	struct port *port = port_of(a);
	if (!port)
		return -EBADF;
	struct object *o = object_create_server(port, b, c, d & OBJECT_BLOCKS);
	port_put(port);
	if (!o)
		return -ENOMEM;
	struct file *file = file_create(FILE_OBJECT, &object_file_ops, O_RDWR, o);
	if (!file) {
		object_put(o);
		return -ENOMEM;
	}
	file->seekable = true;
	return fd_give(file, false);
}

/* fd, offset, length, how */
CALL(object_clean)
{
	if (!may_serve())
		return -EPERM;
	if ((d != OBJECT_WRITE && d != OBJECT_DISCARD) || b + c < b)
		return -EINVAL;
	struct file *file = fd_get((int)a);
	if (!file)
		return -EBADF;
	int64_t err = file->kind == FILE_OBJECT ? object_clean(file->data, b, c, (int)d) : -EINVAL;
	file_put(file);
	return err;
}

/* ---- names ---- */

/* file port, pager port, path, flags, root key */
CALL(fs_mount)
{
	if (!may_serve())
		return -EPERM;
	if (d & ~(uint64_t)(FS_MOUNT_RDONLY | FS_MOUNT_DISK(0xff)))
		return -EINVAL;
	char *path = path_from_user(c);
	if (is_err(path))
		return ptr_err(path);
	struct port *file_port = port_of(a), *pager_port = port_of(b);
	int64_t err = file_port && pager_port ? mount_server(path, file_port, pager_port, e, (unsigned)d >> 8,
	                                                     d & FS_MOUNT_RDONLY) : -EBADF;
	if (err && file_port)
		port_put(file_port);
	if (err && pager_port)
		port_put(pager_port);
	kfree(path);
	return err;
}

CALL(fs_service)
{
	if (!may_serve())
		return -EPERM;
	struct port *port = port_of(a);
	if (!port)
		return -EBADF;
	mount_set_service(port);
	return 0;
}

CALL(fs_unmount)
{
	if (!may_serve())
		return -EPERM;
	char *path = path_from_user(a);
	if (is_err(path))
		return ptr_err(path);
	int64_t err = mount_remove(path);
	kfree(path);
	return err;
}

/* port, terminal, signal */
CALL(dev_signal)
{
	struct port *port = port_of(a);
	if (!port)
		return -EBADF;
	int err = terminal_signal(port, b, (int)c);
	port_put(port);
	return err;
}

/* port, name, mode, device number */
CALL(dev_register)
{
	if (!may_serve())
		return -EPERM;
	char *name = path_from_user(b);
	if (is_err(name))
		return ptr_err(name);
	struct port *port = port_of(a);
	int64_t err = port ? dev_add(name, (uint32_t)c, d, port) : -EBADF;
	proc_current()->server |= !err;
	if (err && port)
		port_put(port);
	kfree(name);
	return err;
}

CALL(dev_poll_changed)
{
	if (!may_serve())
		return -EPERM;
	poll_changed();
	return 0;
}
