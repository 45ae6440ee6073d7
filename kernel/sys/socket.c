/* SPDX-License-Identifier: MIT */
/*
 * Sockets: socketpair(2), and what is sent and received by the calls of their own. Only pairs exist (file/socket.c):
 * socket(2) knows no family, and there are no addresses.
 *
 * A message of several buffers is gathered in the kernel first, for a packet is sent as one; received bytes are laid
 * where the buffers are. Descriptors (SCM_RIGHTS) are looked up before anything is sent, and installed after the bytes
 * have arrived; those that find no room, in the control buffer or in the table, are closed, and MSG_CTRUNC says so.
 */
#include "sys/file_calls.h"

#include "file/socket.h"
#include "sys/vector.h"

#define CONTROL_MAX 10240
#define GATHER_MAX 65536
#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

static struct file *socket_get(int fd)
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

CALL(socket)
{
	return (unsigned)b & ~(unsigned)(15 | TYPE_FLAGS) ? -EINVAL : -EAFNOSUPPORT;
}

static int pair_type(unsigned type, int *out)
{
	*out = type == SOCK_RAW ? SOCK_DGRAM : (int)type;
	if (*out == SOCK_STREAM || *out == SOCK_DGRAM || *out == SOCK_SEQPACKET)
		return 0;
	return type > 10 ? -EINVAL : -ESOCKTNOSUPPORT;
}

/* family, type, protocol, where to */
CALL(socketpair)
{
	unsigned flags = (unsigned)b & ~15u;
	struct file *end[2];
	int type;

	if (flags & ~(unsigned)TYPE_FLAGS)
		return -EINVAL;
	if (!user_range(d, 8))
		return -EFAULT;
	if ((int)a != AF_UNIX)
		return -EAFNOSUPPORT;
	if ((int)c && (int)c != AF_UNIX)
		return -EPROTONOSUPPORT;
	int err = pair_type((unsigned)b & 15, &type);
	if (!err)
		err = files_room();
	if (!err)
		err = socket_pair(type, flags & O_NONBLOCK, end);
	return err ? err : fd_give_pair(end, flags & SOCK_CLOEXEC, d);
}

/* ---- sending ---- */

/* One SCM_RIGHTS: its descriptors' files, appended to t's. */
static int add_files(struct transfer *t, const int32_t *fd, unsigned count)
{
	if (t->nfiles + count > SOCKET_FILES_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		struct file *f = fd_get(fd[i]);
		if (!f)
			return -EBADF;
		if (is_socket(f)) {
			file_put(f);
			return -EINVAL;
		}
		t->file[t->nfiles++] = f;
	}
	return 0;
}

static int parse_control(struct transfer *t, const char *control, size_t len)
{
	int err = 0;

	for (size_t at = 0; !err && len - at >= sizeof(struct abi_cmsghdr);) {
		const struct abi_cmsghdr *c = (const void *)(control + at);
		if (c->cmsg_len < sizeof *c || c->cmsg_len > len - at)
			return -EINVAL;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			err = add_files(t, (const void *)(c + 1), (unsigned)((c->cmsg_len - sizeof *c) / sizeof(int32_t)));
		else if (c->cmsg_level == SOL_SOCKET)
			err = -EINVAL;
		at += MIN(ALIGN_UP(c->cmsg_len, 8ul), len - at);
	}
	return err;
}

static int load_control(struct transfer *t, vaddr_t user, uint64_t len)
{
	if (!len)
		return 0;
	if (len > CONTROL_MAX)
		return -ENOBUFS;
	char *control = kmalloc(len);
	t->file = kmalloc(SOCKET_FILES_MAX * sizeof *t->file);
	int err = !control || !t->file ? -ENOMEM : copy_from_user(control, user, len);
	if (!err)
		err = parse_control(t, control, len);
	kfree(control);
	if (!t->nfiles)
		transfer_put(t);
	return err;
}

static int64_t send_gathered(struct file *f, struct transfer *t, const struct vector *v)
{
	size_t piece = socket_type(f) == SOCK_STREAM ? MIN(v->total, (size_t)GATHER_MAX) : v->total, done = 0;
	char *bytes = piece > 1 << 20 ? NULL : kmalloc(piece + 1);
	int64_t n = 0;

	if (!bytes)
		return piece > 1 << 20 ? -EMSGSIZE : -ENOMEM;
	t->addr = (uint64_t)bytes;
	t->kernel = true;
	do {
		t->len = MIN(v->total - done, piece);
		n = vector_gather(v, done, bytes, t->len);
		if (!n)
			n = socket_send(f, t);
		if (n > 0)
			done += (size_t)n;
	} while (n > 0 && (size_t)n == t->len && done < v->total);
	kfree(bytes);
	return done ? (int64_t)done : n;
}

static int64_t send_header(struct file *f, const struct abi_msghdr *h, unsigned flags)
{
	struct transfer t = { .flags = flags };
	struct vector v;

	if (h->msg_name && h->msg_namelen)
		return -EISCONN;
	int64_t n = vector_load(&v, h->msg_iov, h->msg_iovlen);
	if (n)
		return n == -EINVAL ? -EMSGSIZE : n;
	n = load_control(&t, h->msg_control, h->msg_controllen);
	if (!n)
		n = send_gathered(f, &t, &v);
	transfer_put(&t);
	vector_free(&v);
	return n;
}

CALL(sendmsg)
{
	struct abi_msghdr h;
	struct file *file = socket_get((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = copy_from_user(&h, b, sizeof h) ? -EFAULT : send_header(file, &h, (unsigned)c);
	file_put(file);
	return n;
}

/* descriptor, bytes, length, flags, address and its length */
CALL(sendto)
{
	struct transfer t = { .addr = b, .len = MIN(c, IO_MAX), .flags = (unsigned)d };
	struct file *file = socket_get((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = !user_range(b, c) ? -EFAULT : e && f ? -EISCONN : socket_send(file, &t);
	file_put(file);
	return n;
}

/* ---- receiving ---- */

/* A number for the file, stored at `at`. False: neither. */
static bool store_file(struct file *f, vaddr_t at, bool cloexec)
{
	file_get(f);
	int32_t fd = fd_give(f, cloexec);
	bool stored = fd >= 0 && !copy_to_user(at, &fd, sizeof fd);

	if (fd >= 0 && !stored)
		fd_close(fd);
	return stored;
}

/*
 * The descriptors that have come get numbers as far as there is room; the header's control length and flags say which.
 * A place that cannot be written is no room: the bytes have been taken, and no error brings them back.
 */
static void store_control(struct transfer *t, struct abi_msghdr *h, bool cloexec)
{
	struct abi_cmsghdr c = { sizeof c, SOL_SOCKET, SCM_RIGHTS };
	uint64_t room = h->msg_controllen > sizeof c ? (h->msg_controllen - sizeof c) / sizeof(int32_t) : 0;
	unsigned n = 0;

	while (n < t->nfiles && n < room && store_file(t->file[n], h->msg_control + sizeof c + n * sizeof(int32_t), cloexec))
		n++;
	if (n < t->nfiles)
		h->msg_flags |= MSG_CTRUNC;
	c.cmsg_len += n * sizeof(int32_t);
	bool told = n && !copy_to_user(h->msg_control, &c, sizeof c);
	h->msg_controllen = told ? MIN(ALIGN_UP(c.cmsg_len, 8ul), h->msg_controllen) : 0;
}

static int64_t receive_header(struct file *f, struct abi_msghdr *h, unsigned flags)
{
	struct transfer t = { .flags = flags, .scatter = scatter_to_segments };
	struct vector v;
	int64_t n = vector_load(&v, h->msg_iov, h->msg_iovlen);

	if (n)
		return n == -EINVAL ? -EMSGSIZE : n;
	t.where = v.iov;
	t.len = v.total;
	n = socket_receive(f, &t);
	if (n >= 0) {
		h->msg_flags = (flags & MSG_CMSG_CLOEXEC) | (t.cut ? MSG_TRUNC : 0);
		h->msg_namelen = 0;
		store_control(&t, h, flags & MSG_CMSG_CLOEXEC);
	}
	transfer_put(&t);
	vector_free(&v);
	return n;
}

CALL(recvmsg)
{
	struct abi_msghdr h;
	struct file *file = socket_get((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = copy_from_user(&h, b, sizeof h) ? -EFAULT : receive_header(file, &h, (unsigned)c);
	if (n >= 0 && copy_to_user(b, &h, sizeof h))
		n = -EFAULT;
	file_put(file);
	return n;
}

/* descriptor, buffer, length, flags, address and its length, which becomes 0 */
CALL(recvfrom)
{
	const struct abi_iovec buffer = { b, MIN(c, IO_MAX) };
	struct transfer t = { .len = buffer.iov_len, .flags = (unsigned)d, .scatter = scatter_to_segments, .where = &buffer };
	struct file *file = socket_get((int)a);
	const int32_t none = 0;

	if (is_err(file))
		return ptr_err(file);
	int64_t n = user_range(b, c) ? socket_receive(file, &t) : -EFAULT;
	transfer_put(&t);
	if (n >= 0 && e && f && copy_to_user(f, &none, sizeof none))
		n = -EFAULT;
	file_put(file);
	return n;
}

/* ---- the rest ---- */

CALL(shutdown)
{
	struct file *file = socket_get((int)a);
	unsigned how = (unsigned)b;

	if (is_err(file))
		return ptr_err(file);
	if (how <= SHUT_RDWR)
		socket_shut(file, how != SHUT_WR, how != SHUT_RD);
	file_put(file);
	return how <= SHUT_RDWR ? 0 : -EINVAL;
}

/* A pair has no names: what is told is the family alone. */
static int64_t tell_name(int fd, vaddr_t name, vaddr_t len_at)
{
	struct file *file = socket_get(fd);
	const uint16_t family = AF_UNIX;
	int32_t room, len = sizeof family;

	if (is_err(file))
		return ptr_err(file);
	file_put(file);
	if (copy_from_user(&room, len_at, sizeof room))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(len_at, &len, sizeof len))
		return -EFAULT;
	return copy_to_user(name, &family, (size_t)MIN(room, len));
}

CALL(getsockname)
{
	return tell_name((int)a, b, c);
}

CALL(getpeername)
{
	return tell_name((int)a, b, c);
}

static int option_value(const struct file *f, unsigned option, int32_t *value)
{
	switch (option) {
	case SO_TYPE:
		*value = socket_type(f);
		return 0;
	case SO_DOMAIN:
		*value = AF_UNIX;
		return 0;
	case SO_ERROR: case SO_ACCEPTCONN: case SO_PROTOCOL:
		*value = 0;
		return 0;
	case SO_SNDBUF: case SO_RCVBUF:
		*value = SOCKET_ROOM;
		return 0;
	}
	return -ENOPROTOOPT;
}

/* descriptor, level, option, value, its length */
CALL(getsockopt)
{
	struct file *file = socket_get((int)a);
	int32_t value, len;

	if (is_err(file))
		return ptr_err(file);
	int64_t err = copy_from_user(&len, e, sizeof len) ? -EFAULT : len < 0 ? -EINVAL : 0;
	if (!err)
		err = (int)b == SOL_SOCKET ? option_value(file, (unsigned)c, &value) : -EOPNOTSUPP;
	file_put(file);
	if (err)
		return err;
	len = MIN(len, (int32_t)sizeof value);
	return copy_to_user(d, &value, (size_t)len) || copy_to_user(e, &len, sizeof len) ? -EFAULT : 0;
}

/* The two sizes can be asked for, and stay what they are. */
CALL(setsockopt)
{
	struct file *file = socket_get((int)a);
	int32_t value;

	if (is_err(file))
		return ptr_err(file);
	file_put(file);
	if ((int)b != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (e < sizeof value)
		return -EINVAL;
	if (copy_from_user(&value, d, sizeof value))
		return -EFAULT;
	return c == SO_SNDBUF || c == SO_RCVBUF ? 0 : -ENOPROTOOPT;
}
