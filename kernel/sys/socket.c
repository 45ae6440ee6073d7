/* SPDX-License-Identifier: MIT */
/*
 * Sockets: making them, their names, connecting, options. What sends and receives is in socket_message.c. The family
 * AF_UNIX is the only one (file/socket.c).
 *
 * bind(2) makes a path's node here, with the checks and rights of mknod(2). A socket that has a name is not given
 * another one, but hears first whether that could have been made.
 */
#include "sys/socket_calls.h"

#define TYPE_MASK 15u
#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#define TYPES 11u

struct file *socket_get_fd(int fd)
{
	struct file *f = fd_get(fd);

	if (!f || f->flags & O_PATH) {
		if (f)
			file_put(f);
		return err_ptr(-EBADF);
	}
	if (is_socket(f))
		return f;
	file_put(f);
	return err_ptr(-ENOTSOCK);
}

/* ---- making ---- */

/* What kind it will be. -EINVAL, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT */
static int check_kind(int family, unsigned type, int protocol, int *out)
{
	if ((unsigned)family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type >= TYPES)
		return -EINVAL;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	*out = type == SOCK_RAW ? SOCK_DGRAM : (int)type;
	bool known = *out == SOCK_STREAM || *out == SOCK_DGRAM || *out == SOCK_SEQPACKET;
	return known ? 0 : -ESOCKTNOSUPPORT;
}

/* family, type, protocol */
CALL(socket)
{
	unsigned flags = (unsigned)b & ~TYPE_MASK;
	int type;

	if (flags & ~(unsigned)TYPE_FLAGS)
		return -EINVAL;
	int err = check_kind((int)a, (unsigned)b & TYPE_MASK, (int)c, &type);
	if (!err)
		err = files_room();
	return err ? err : fd_give(socket_create(type, flags & O_NONBLOCK), flags & SOCK_CLOEXEC);
}

/* family, type, protocol, where to */
CALL(socketpair)
{
	unsigned flags = (unsigned)b & ~TYPE_MASK;
	struct file *end[2];
	int type;

	if (flags & ~(unsigned)TYPE_FLAGS)
		return -EINVAL;
	if (!user_range(d, 8))
		return -EFAULT;
	int err = check_kind((int)a, (unsigned)b & TYPE_MASK, (int)c, &type);
	if (!err)
		err = files_room();
	if (!err)
		err = socket_pair(type, flags & O_NONBLOCK, end);
	return err ? err : fd_give_pair(end, flags & SOCK_CLOEXEC, d);
}

/* ---- names ---- */

int name_load(struct socket_name *out, vaddr_t user, int len)
{
	if (len < 0 || len > SOCKET_NAME_MAX)
		return -EINVAL;
	out->family = 0;
	out->len = (uint32_t)len;
	return copy_from_user(out->bytes, user, (size_t)len);
}

int name_store(const struct socket_name *name, vaddr_t user, vaddr_t len_at)
{
	int32_t room, len = (int32_t)name->len;

	if (copy_from_user(&room, len_at, sizeof room))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(user, name->bytes, (size_t)MIN(room, len)))
		return -EFAULT;
	return copy_to_user(len_at, &len, sizeof len);
}

static int bind_path(struct file *f, const struct socket_name *name)
{
	bool bound = socket_is_bound(f);
	struct node *node;
	int err = make_socket_node(name_path(name), bound ? NULL : &node);

	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	if (bound)
		return -EINVAL;
	return socket_bind_node(f, name, node);
}

static int bind_name(struct file *f, struct socket_name *name)
{
	if (name->len == NAME_PATH && name->family == AF_UNIX)
		return socket_autobind(f);
	int err = socket_name_check(name);
	if (!err)
		err = gate_enter(&f->pos_gate);
	if (err)
		return err;
	err = *name_path(name) ? bind_path(f, name) : socket_bind_abstract(f, name);
	gate_leave(&f->pos_gate);
	return err;
}

/* descriptor, address and its length */
CALL(bind)
{
	struct file *file = socket_get_fd((int)a);
	struct socket_name name;

	if (is_err(file))
		return ptr_err(file);
	int err = name_load(&name, b, (int)c);
	if (!err)
		err = bind_name(file, &name);
	file_put(file);
	return err;
}

static int64_t tell_name(int fd, bool peer, vaddr_t user, vaddr_t len_at)
{
	struct file *file = socket_get_fd(fd);
	struct socket_name name;

	if (is_err(file))
		return ptr_err(file);
	int err = socket_get_name(file, peer, &name);
	file_put(file);
	return err ? err : name_store(&name, user, len_at);
}

CALL(getsockname)
{
	return tell_name((int)a, false, b, c);
}

CALL(getpeername)
{
	return tell_name((int)a, true, b, c);
}

/* ---- connecting ---- */

CALL(listen)
{
	struct file *file = socket_get_fd((int)a);

	if (is_err(file))
		return ptr_err(file);
	int err = socket_listen(file, (unsigned)b);
	file_put(file);
	return err;
}

/* A socket of packets is disconnected by a name of no family. */
static int connect_name(struct file *f, struct socket_name *name)
{
	if (socket_type(f) == SOCK_DGRAM && name->len < sizeof name->family)
		return -EINVAL;
	if (socket_type(f) == SOCK_DGRAM && name->family == AF_UNSPEC)
		return socket_connect(f, NULL);
	int err = socket_name_check(name);
	return err ? err : socket_connect(f, name);
}

CALL(connect)
{
	struct file *file = socket_get_fd((int)a);
	struct socket_name name;

	if (is_err(file))
		return ptr_err(file);
	int err = name_load(&name, b, (int)c);
	if (!err)
		err = connect_name(file, &name);
	file_put(file);
	return err;
}

/* The new socket's peer is told; who cannot be told has no connection. */
static int64_t accept_from(struct file *f, vaddr_t user, vaddr_t len_at, unsigned flags)
{
	struct file *new = socket_accept(f, flags & O_NONBLOCK);
	struct socket_name name;

	if (is_err(new))
		return ptr_err(new);
	int err = user ? socket_get_name(new, true, &name) : 0;
	if (!err && user)
		err = name_store(&name, user, len_at);
	if (!err)
		return fd_give(new, flags & SOCK_CLOEXEC);
	file_put(new);
	return err;
}

static int64_t accept_flags(int fd, vaddr_t user, vaddr_t len_at, unsigned flags)
{
	struct file *file = socket_get_fd(fd);
	int64_t n = is_err(file) ? ptr_err(file) : 0;

	if (n != -EBADF && flags & ~(unsigned)TYPE_FLAGS)
		n = -EINVAL;
	else if (n != -EBADF && fd_room())
		n = fd_room();
	if (!n)
		n = accept_from(file, user, len_at, flags);
	if (!is_err(file))
		file_put(file);
	return n;
}

CALL(accept)
{
	return accept_flags((int)a, b, c, 0);
}

CALL(accept4)
{
	return accept_flags((int)a, b, c, (unsigned)d);
}

CALL(shutdown)
{
	struct file *file = socket_get_fd((int)a);
	unsigned how = (unsigned)b;

	if (is_err(file))
		return ptr_err(file);
	if (how <= SHUT_RDWR)
		socket_shut(file, how != SHUT_WR, how != SHUT_RD);
	file_put(file);
	return how <= SHUT_RDWR ? 0 : -EINVAL;
}

/* ---- options ---- */

/* descriptor, level, option, value, its length */
CALL(getsockopt)
{
	struct file *file = socket_get_fd((int)a);
	uint64_t value[2];
	size_t size;
	int32_t len;

	if (is_err(file))
		return ptr_err(file);
	int64_t err = (int)b != SOL_SOCKET ? -EOPNOTSUPP : copy_from_user(&len, e, sizeof len);
	if (!err && len < 0)
		err = -EINVAL;
	if (!err)
		err = socket_get_option(file, (unsigned)c, value, &size);
	file_put(file);
	if (err)
		return err;
	len = MIN(len, (int32_t)size);
	return copy_to_user(d, value, (size_t)len) || copy_to_user(e, &len, sizeof len) ? -EFAULT : 0;
}

CALL(setsockopt)
{
	struct file *file = socket_get_fd((int)a);
	uint64_t value[2];
	int len = (int)e;

	if (is_err(file))
		return ptr_err(file);
	int64_t err = len < 0 ? -EINVAL : (int)b != SOL_SOCKET ? -EOPNOTSUPP : len < (int)sizeof(int32_t) ? -EINVAL : 0;
	len = MIN(len, (int)sizeof value);
	if (!err)
		err = copy_from_user(value, d, (size_t)len);
	if (!err)
		err = socket_set_option(file, (unsigned)c, value, (size_t)len);
	file_put(file);
	return err;
}
