/* SPDX-License-Identifier: MIT */
/* Pairs of sockets, for sys/socket.c. */
#ifndef FILE_SOCKET_H
#define FILE_SOCKET_H

#include <abi/signal.h>
#include <abi/socket.h>
#include <abi/termios.h>

#include "file/file_impl.h"

#define SOCKET_ROOM 212992 /* bytes that one side has not yet received, as Linux's default */
#define SOCKET_FILES_MAX 253 /* that one message carries, as on Linux */

/* One sending or receiving: where the bytes are, and the descriptors that go with them. */
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
	bool cut;                  /* received: a message did not fit */
};

int socket_pair(int type, uint32_t flags, struct file *end[2]); /* -ENOMEM */
bool is_socket(const struct file *f);
int socket_type(const struct file *f);
/* -EPIPE (with SIGPIPE), -ECONNRESET, -ECONNREFUSED, -EMSGSIZE, -EAGAIN, -EINTR, -ENOMEM, -EFAULT */
int64_t socket_send(struct file *f, struct transfer *t);
int64_t socket_receive(struct file *f, struct transfer *t);
void socket_shut(struct file *f, bool read, bool write);
int scatter_to_segments(const struct transfer *t, size_t at, const char *bytes, size_t n); /* where: of abi_iovec */
void transfer_put(struct transfer *t);                 /* the references that it still has */

#endif
