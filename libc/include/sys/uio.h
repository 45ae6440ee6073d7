/* SPDX-License-Identifier: MIT */
/* Reading and writing with a vector of buffers. */
#ifndef SYS_UIO_H
#define SYS_UIO_H

#include <abi/fcntl.h>
#include <bits/types.h>
#include <sys/cdefs.h>

#define UIO_MAXIOV IOV_MAX

struct iovec {
	void *iov_base;
	size_t iov_len;
};

__BEGIN_DECLS
ssize_t readv(int fd, const struct iovec *iov, int count);
ssize_t writev(int fd, const struct iovec *iov, int count);
ssize_t preadv(int fd, const struct iovec *iov, int count, off_t off);
ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t off);
ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long nlocal,
			 const struct iovec *remote, unsigned long nremote, unsigned long flags);
ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long nlocal,
			  const struct iovec *remote, unsigned long nremote, unsigned long flags);
__END_DECLS

#endif
