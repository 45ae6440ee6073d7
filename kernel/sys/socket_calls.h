/* SPDX-License-Identifier: MIT */
/* What sys/socket.c, socket_message.c and socket_many.c share: a socket by its descriptor, and names in user memory. */
#ifndef SYS_SOCKET_CALLS_H
#define SYS_SOCKET_CALLS_H

#include "sys/file_calls.h"

#include "file/socket.h"

struct file *socket_get_fd(int fd); /* referenced. err_ptr(-EBADF, -ENOTSOCK) */
/* name_load: 0, -EINVAL: too long, -EFAULT. What it says is not looked at. */
int name_load(struct socket_name *out, vaddr_t user, int len);
/* name_store: as much as the number at len_at allows, where its length is stored. -EFAULT, -EINVAL */
int name_store(const struct socket_name *name, vaddr_t user, vaddr_t len_at);

/* sendmsg(2), recvmsg(2) with that header of the program */
int64_t socket_send_message(struct file *f, vaddr_t header, unsigned flags);
int64_t socket_receive_message(struct file *f, vaddr_t header, unsigned flags);

#endif
