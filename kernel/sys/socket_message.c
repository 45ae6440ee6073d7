/* SPDX-License-Identifier: MIT */
/*
 * What sends and receives through sockets by calls of their own.
 *
 * A message of several buffers is gathered in the kernel first, for a packet is sent as one; received bytes are laid
 * where the buffers are. Descriptors (SCM_RIGHTS) are looked up before anything is sent, and installed after the
 * bytes have arrived; those that find no room, in the control buffer or in the table, are closed, and MSG_CTRUNC says
 * so.
 *
 * Credentials (SCM_CREDENTIALS) may be said by the sender, if they are his or he may be anybody, and are told to a
 * receiver who has asked for them (SO_PASSCRED).
 */
#include "sys/socket_calls.h"

#include "sys/vector.h"
#include "task/task_impl.h"

#define CONTROL_MAX 10240
#define GATHER_MAX 65536

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
		t->file[t->nfiles++] = f;
	}
	return 0;
}

static bool is_any_of(uint32_t id, uint32_t x, uint32_t y, uint32_t z) { return id == x || id == y || id == z; }

/* SCM_CREDENTIALS: who the sender says he is. -EINVAL, -EPERM: he is not; -ESRCH: nobody is. */
static int add_cred(struct transfer *t, const struct abi_cmsghdr *c)
{
	struct proc *p = proc_current();
	struct abi_ucred cred;

	if (c->cmsg_len != sizeof *c + sizeof cred)
		return -EINVAL;
	memcpy(&cred, c + 1, sizeof cred);
	bool own = cred.pid == p->pid;
	if ((!own && !capable(CAP_SYS_ADMIN)) ||
	    (!is_any_of(cred.uid, p->uid, p->euid, p->suid) && !capable(CAP_SETUID)) ||
	    (!is_any_of(cred.gid, p->gid, p->egid, p->sgid) && !capable(CAP_SETGID)))
		return -EPERM;
	mutex_lock(&proc_tree_lock);
	bool exists = own || proc_of_thread_locked(cred.pid);
	mutex_unlock(&proc_tree_lock);
	if (!exists)
		return -ESRCH;
	if (cred.uid == UINT32_MAX || cred.gid == UINT32_MAX)
		return -EINVAL;
	t->cred = cred;
	return 0;
}

static int add_control(struct transfer *t, const struct abi_cmsghdr *c)
{
	if (c->cmsg_level != SOL_SOCKET)
		return 0;
	switch (c->cmsg_type) {
	case SCM_RIGHTS:
		return add_files(t, (const void *)(c + 1), (unsigned)((c->cmsg_len - sizeof *c) / sizeof(int32_t)));
	case SCM_CREDENTIALS:
		return add_cred(t, c);
	}
	return -EINVAL;
}

static int parse_control(struct transfer *t, const char *control, size_t len)
{
	int err = 0;

	for (size_t at = 0; !err && len - at >= sizeof(struct abi_cmsghdr);) {
		const struct abi_cmsghdr *c = (const void *)(control + at);
		if (c->cmsg_len < sizeof *c || c->cmsg_len > len - at)
			return -EINVAL;
		err = add_control(t, c);
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

/* The name that a message is sent to, if it says one. -EINVAL, -EFAULT */
static int load_receiver(const struct file *f, struct transfer *t, struct socket_name *name, vaddr_t user, int len)
{
	int err = user && len ? name_load(name, user, len) : 0;

	if (err || !user || !len)
		return err;
	t->name = name;
	return socket_type(f) == SOCK_DGRAM ? socket_name_check(name) : 0;
}

static int64_t send_header(struct file *f, const struct abi_msghdr *h, unsigned flags)
{
	struct transfer t = { .flags = flags };
	struct socket_name name;
	struct vector v;

	if ((int)h->msg_namelen < 0)
		return -EINVAL;
	int64_t n = load_receiver(f, &t, &name, h->msg_name, MIN((int)h->msg_namelen, SOCKET_NAME_MAX));
	if (n)
		return n;
	n = vector_load(&v, h->msg_iov, h->msg_iovlen);
	if (n)
		return n == -EINVAL ? -EMSGSIZE : n;
	n = load_control(&t, h->msg_control, h->msg_controllen);
	if (!n)
		n = send_gathered(f, &t, &v);
	transfer_put(&t);
	vector_free(&v);
	return n;
}

int64_t socket_send_message(struct file *f, vaddr_t header, unsigned flags)
{
	struct abi_msghdr h;

	return copy_from_user(&h, header, sizeof h) ? -EFAULT : send_header(f, &h, flags);
}

CALL(sendmsg)
{
	struct file *file = socket_get_fd((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = socket_send_message(file, b, (unsigned)c);
	file_put(file);
	return n;
}

/* descriptor, bytes, length, flags, address and its length */
CALL(sendto)
{
	struct transfer t = { .addr = b, .len = MIN(c, IO_MAX), .flags = (unsigned)d };
	struct socket_name name;
	struct file *file = socket_get_fd((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = user_range(b, c) ? load_receiver(file, &t, &name, e, (int)f) : -EFAULT;
	if (!n)
		n = socket_send(file, &t);
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

/* The room for control data that is left, and how much of it was used. */
struct control { vaddr_t at; uint64_t left, used; };

static void control_use(struct control *to, uint64_t len)
{
	len = MIN(ALIGN_UP(len, 8ul), to->left);
	to->at += len;
	to->left -= len;
	to->used += len;
}

/*
 * The descriptors that have come get numbers as far as there is room; the header's flags say whether all did. A place
 * that cannot be written is no room: the bytes have been taken, and no error brings them back.
 */
static void store_files(struct transfer *t, struct abi_msghdr *h, struct control *to, bool cloexec)
{
	struct abi_cmsghdr c = { sizeof c, SOL_SOCKET, SCM_RIGHTS };
	uint64_t room = to->left > sizeof c ? (to->left - sizeof c) / sizeof(int32_t) : 0;
	unsigned n = 0;

	while (n < t->nfiles && n < room && store_file(t->file[n], to->at + sizeof c + n * sizeof(int32_t), cloexec))
		n++;
	if (n < t->nfiles)
		h->msg_flags |= MSG_CTRUNC;
	c.cmsg_len += n * sizeof(int32_t);
	if (n && !copy_to_user(to->at, &c, sizeof c))
		control_use(to, c.cmsg_len);
}

static void store_cred(const struct transfer *t, struct abi_msghdr *h, struct control *to)
{
	struct { struct abi_cmsghdr c; struct abi_ucred cred; } out = {
		{ sizeof out.c + sizeof out.cred, SOL_SOCKET, SCM_CREDENTIALS }, t->cred
	};

	if (to->left < out.c.cmsg_len) {
		h->msg_flags |= MSG_CTRUNC;
		out.c.cmsg_len = to->left;
	}
	if (to->left >= sizeof out.c && !copy_to_user(to->at, &out, out.c.cmsg_len))
		control_use(to, out.c.cmsg_len);
}

static void store_control(struct transfer *t, struct abi_msghdr *h, bool cloexec)
{
	struct control to = { h->msg_control, h->msg_control ? h->msg_controllen : 0, 0 };

	if (t->tell_cred)
		store_cred(t, h, &to);
	store_files(t, h, &to, cloexec);
	h->msg_controllen = to.used;
}

static int64_t receive_header(struct file *f, struct abi_msghdr *h, struct socket_name *from, unsigned flags)
{
	struct transfer t = { .flags = flags, .scatter = scatter_to_segments, .name = from };
	struct vector v;
	int64_t n = vector_load(&v, h->msg_iov, h->msg_iovlen);

	if (n)
		return n == -EINVAL ? -EMSGSIZE : n;
	t.where = v.iov;
	t.len = v.total;
	n = socket_receive(f, &t);
	if (n >= 0) {
		h->msg_flags = (flags & MSG_CMSG_CLOEXEC) | (t.cut ? MSG_TRUNC : 0);
		store_control(&t, h, flags & MSG_CMSG_CLOEXEC);
	}
	transfer_put(&t);
	vector_free(&v);
	return n;
}

/* What the program hears besides the bytes. */
static int store_header(vaddr_t user, const struct abi_msghdr *h, const struct socket_name *from)
{
	int err = h->msg_name ? name_store(from, h->msg_name, user + offsetof(struct abi_msghdr, msg_namelen)) : 0;

	if (!err)
		err = copy_to_user(user + offsetof(struct abi_msghdr, msg_flags), &h->msg_flags, sizeof h->msg_flags);
	if (!err)
		err = copy_to_user(user + offsetof(struct abi_msghdr, msg_controllen), &h->msg_controllen,
		                   sizeof h->msg_controllen);
	return err;
}

int64_t socket_receive_message(struct file *f, vaddr_t header, unsigned flags)
{
	struct socket_name from = { .len = 0 };
	struct abi_msghdr h;
	int64_t n = copy_from_user(&h, header, sizeof h) ? -EFAULT : (int)h.msg_namelen < 0 ? -EINVAL : 0;

	if (!n)
		n = receive_header(f, &h, &from, flags);
	int err = n >= 0 ? store_header(header, &h, &from) : 0;
	return err ? err : n;
}

CALL(recvmsg)
{
	struct file *file = socket_get_fd((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = socket_receive_message(file, b, (unsigned)c);
	file_put(file);
	return n;
}

/* descriptor, buffer, length, flags, where the sender's name and its length go */
CALL(recvfrom)
{
	const struct abi_iovec buffer = { b, MIN(c, IO_MAX) };
	struct socket_name from = { .len = 0 };
	struct transfer t = { .len = buffer.iov_len, .flags = (unsigned)d, .scatter = scatter_to_segments, .where = &buffer,
	                      .name = &from };
	struct file *file = socket_get_fd((int)a);

	if (is_err(file))
		return ptr_err(file);
	int64_t n = user_range(b, c) ? socket_receive(file, &t) : -EFAULT;
	transfer_put(&t);
	file_put(file);
	int err = n >= 0 && e ? name_store(&from, e, f) : 0;
	return err ? err : n;
}
