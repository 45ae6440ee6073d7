/* SPDX-License-Identifier: MIT */
/* Sockets of the family AF_UNIX, for sys/. */
#ifndef FILE_SOCKET_H
#define FILE_SOCKET_H

#include <abi/signal.h>
#include <abi/socket.h>
#include <abi/termios.h>

#include "file/file_impl.h"

#define SOCKET_ROOM 212992 /* bytes that a socket has sent and nobody yet received, as Linux's default and limit */
#define SOCKET_FILES_MAX 253 /* that one message carries, as on Linux */
#define SOCKET_NAME_MAX 128 /* bytes of a name that a call takes */

/*
 * A name as calls pass it: len bytes, of which the first two are the family; 0: none. Behind them is a NUL. A path is
 * kept with its NUL; a name that begins with NUL (abstract) is all its bytes.
 */
struct socket_name { uint32_t len; union { uint16_t family; char bytes[SOCKET_NAME_MAX + 1]; }; };
#define NAME_PATH 2 /* where the path begins */
static inline const char *name_path(const struct socket_name *n) { return n->bytes + NAME_PATH; }

/* One sending or receiving: where the bytes are, and what goes with them. */
struct transfer {
	uint64_t addr;             /* of the program, or of the kernel */
	bool kernel;
	size_t len;
	unsigned flags;            /* MSG_* */
	/* scatter: received bytes go to where they belong; 0 or -EFAULT */
	int (*scatter)(const struct transfer *t, size_t at, const char *bytes, size_t n);
	const void *where;         /* scatter's own */
	unsigned nfiles;
	struct file **file;        /* references, kmalloc'ed: of who sends, until they are sent; of who has received */
	struct abi_ucred cred;     /* of who sends; pid 0: not said */
	bool tell_cred;            /* received: the program has asked for it */
	struct socket_name *name;  /* sending: to whom, NULL: to the peer. Receiving: from whom, NULL: not asked */
	bool cut;                  /* received: a message did not fit */
};

/* ---- socket.c ---- */
struct file *socket_create(int type, uint32_t flags); /* err_ptr(-ENOMEM) */
int socket_pair(int type, uint32_t flags, struct file *end[2]); /* -ENOMEM */
bool is_socket(const struct file *f);
int socket_type(const struct file *f);
uint64_t socket_number(const struct file *f); /* what stat and /proc call its inode */
int socket_error(struct file *f);                      /* told once, as SO_ERROR does; 0 or negative */
void socket_keep_error(struct file *f, int err);       /* for the next call */
void socket_shut(struct file *f, bool read, bool write);

/* ---- socket_send.c, socket_receive.c ---- */
/*
 * -EPIPE (with SIGPIPE), -ECONNRESET, -ECONNREFUSED, -ENOTCONN, -EISCONN, -EOPNOTSUPP, -EMSGSIZE, -EPERM, -EAGAIN,
 * -EINTR, -ENOMEM, -EFAULT; socket_find's of a name
 */
int64_t socket_send(struct file *f, struct transfer *t);
int64_t socket_receive(struct file *f, struct transfer *t);
int scatter_to_segments(const struct transfer *t, size_t at, const char *bytes, size_t n); /* where: of abi_iovec */
void transfer_put(struct transfer *t);                 /* the references that it still has */

/* ---- socket_name.c ---- */
/*
 * socket_name_check: is it a name of the family? A path gets its length.
 * -> 0, -EINVAL
 */
int socket_name_check(struct socket_name *name);
/*
 * Giving a name: what changes it holds the file's gate (f->pos_gate). -EINVAL: it has one; -EADDRINUSE.
 * -> socket_bind_node: node is a new name's, whose reference is taken over on success
 * -> socket_autobind takes the gate itself; it is enough that there is a name. -EINTR, -ENOSPC
 */
int socket_bind_node(struct file *f, const struct socket_name *name, struct node *node);
int socket_bind_abstract(struct file *f, const struct socket_name *name);
int socket_autobind(struct file *f);
bool socket_is_bound(const struct file *f);
int socket_get_name(const struct file *f, bool peer, struct socket_name *out); /* -ENOTCONN */

/* ---- socket_connect.c ---- */
int socket_listen(struct file *f, unsigned backlog);   /* -EOPNOTSUPP, -EINVAL */
/* socket_connect: `to` has been checked; NULL: of packets, to nobody. -EINVAL, -EISCONN, socket_find's */
int socket_connect(struct file *f, const struct socket_name *to);
/* socket_accept: err_ptr: -EOPNOTSUPP, -EINVAL, -EAGAIN, -EINTR, -ENOMEM */
struct file *socket_accept(struct file *f, uint32_t flags);

/* ---- socket_option.c ---- */
int socket_get_option(struct file *f, unsigned option, void *value, size_t *size); /* at most 16 bytes. -ENOPROTOOPT */
/* socket_set_option: `value` has `size` bytes, at least 4. -ENOPROTOOPT, -EINVAL, -EDOM, -EPERM */
int socket_set_option(struct file *f, unsigned option, const void *value, size_t size);

#endif
