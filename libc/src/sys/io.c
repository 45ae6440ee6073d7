/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: reading, writing, duplicating, syncing, controlling. Each function is its system
 * call and nothing more, with errno set by __sys_result; the manual is section 2 of Linux's.
 *
 * Two things are worth knowing. open and fcntl take their last argument by va_arg always, even
 * where the caller gave none: on x86-64 that reads a register of no consequence, and the kernel
 * looks at it only when the flags say that it is there. And close after EINTR has closed the
 * descriptor: Linux says so, and trying again might close another thread's new one.
 *
 * Those that POSIX makes cancellation points go through cancel3 and its like (pthread/cancel.c).
 *
 * No state, no locks; buffered streams are in stdio.
 */
#include "../internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t read(int fd, void *to, size_t n)
{
	return cancel3(SYS_read, fd, to, n);
}

ssize_t write(int fd, const void *from, size_t n)
{
	return cancel3(SYS_write, fd, from, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t off)
{
	return cancel4(SYS_pread64, fd, to, n, off);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t off)
{
	return cancel4(SYS_pwrite64, fd, from, n, off);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return cancel3(SYS_readv, fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return cancel3(SYS_writev, fd, iov, count);
}

ssize_t preadv(int fd, const struct iovec *iov, int count, off_t off)
{
	return call5(SYS_preadv, fd, iov, count, off, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t off)
{
	return call5(SYS_pwritev, fd, iov, count, off, 0);
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long nlocal,
			 const struct iovec *remote, unsigned long nremote, unsigned long flags)
{
	return call6(SYS_process_vm_readv, pid, local, nlocal, remote, nremote, flags);
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long nlocal,
			  const struct iovec *remote, unsigned long nremote, unsigned long flags)
{
	return call6(SYS_process_vm_writev, pid, local, nlocal, remote, nremote, flags);
}

off_t lseek(int fd, off_t off, int whence)
{
	return call3(SYS_lseek, fd, off, whence);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)cancel3(SYS_open, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)cancel4(SYS_openat, dir, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
	return (int)cancel1(SYS_close, fd);
}

int dup(int fd)
{
	return (int)call1(SYS_dup, fd);
}

int dup2(int fd, int to)
{
	return (int)call2(SYS_dup2, fd, to);
}

int dup3(int fd, int to, int flags)
{
	return (int)call3(SYS_dup3, fd, to, flags);
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int pipe2(int fds[2], int flags)
{
	return (int)call2(SYS_pipe2, fds, flags);
}

int fcntl(int fd, int command, ...)
{
	va_list ap;
	long arg;

	va_start(ap, command);
	arg = va_arg(ap, long);
	va_end(ap);
	if (command == F_SETLKW)
		return (int)cancel3(SYS_fcntl, fd, command, arg);
	return (int)call3(SYS_fcntl, fd, command, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	long arg;

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)call3(SYS_ioctl, fd, request, arg);
}

int flock(int fd, int operation)
{
	return (int)call2(SYS_flock, fd, operation);
}

int lockf(int fd, int command, off_t len)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len };

	switch (command) {
	case F_ULOCK:
		l.l_type = F_UNLCK;
		return fcntl(fd, F_SETLK, &l);
	case F_LOCK:
		return fcntl(fd, F_SETLKW, &l);
	case F_TLOCK:
		return fcntl(fd, F_SETLK, &l);
	case F_TEST:
		if (fcntl(fd, F_GETLK, &l) < 0)
			return -1;
		if (l.l_type == F_UNLCK || l.l_pid == getpid())
			return 0;
		errno = EACCES;
		return -1;
	default:
		errno = EINVAL;
		return -1;
	}
}

int fsync(int fd)
{
	return (int)cancel1(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return (int)cancel1(SYS_fdatasync, fd);
}

void sync(void)
{
	raw0(SYS_sync);
}

int syncfs(int fd)
{
	return (int)call1(SYS_syncfs, fd);
}

int sync_file_range(int fd, off_t off, off_t len, unsigned int flags)
{
	return (int)call4(SYS_sync_file_range, fd, off, len, flags);
}

int ftruncate(int fd, off_t len)
{
	return (int)call2(SYS_ftruncate, fd, len);
}

/* The two posix_ functions return the error instead of setting errno. */
int posix_fadvise(int fd, off_t off, off_t len, int advice)
{
	return (int)-raw4(SYS_fadvise64, fd, off, len, advice);
}

int posix_fallocate(int fd, off_t off, off_t len)
{
	return (int)-raw4(SYS_fallocate, fd, 0, off, len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
	return (int)call4(SYS_fallocate, fd, mode, off, len);
}

ssize_t readahead(int fd, off_t off, size_t count)
{
	return call3(SYS_readahead, fd, off, count);
}

int eventfd(unsigned int count, int flags)
{
	return (int)call2(SYS_eventfd2, count, flags);
}

int eventfd_read(int fd, eventfd_t *value)
{
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

int epoll_create(int size)
{
	return (int)call1(SYS_epoll_create, size);
}

int epoll_create1(int flags)
{
	return (int)call1(SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	return (int)call4(SYS_epoll_ctl, epoll, op, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int ms)
{
	return (int)cancel4(SYS_epoll_wait, epoll, events, max, ms);
}

int epoll_pwait(int epoll, struct epoll_event *events, int max, int ms, const sigset_t *mask)
{
	return (int)cancel6(SYS_epoll_pwait, epoll, events, max, ms, mask, 8);
}

int epoll_pwait2(int epoll, struct epoll_event *events, int max, const struct timespec *time, const sigset_t *mask)
{
	return (int)cancel6(SYS_epoll_pwait2, epoll, events, max, time, mask, 8);
}

int timerfd_create(clockid_t clock, int flags)
{
	return (int)call2(SYS_timerfd_create, clock, flags);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	return (int)call4(SYS_timerfd_settime, fd, flags, value, old);
}

int timerfd_gettime(int fd, struct itimerspec *value)
{
	return (int)call2(SYS_timerfd_gettime, fd, value);
}

ssize_t copy_file_range(int from, off_t *from_off, int to, off_t *to_off, size_t n,
			unsigned int flags)
{
	return call6(SYS_copy_file_range, from, from_off, to, to_off, n, flags);
}

ssize_t sendfile(int out, int in, off_t *off, size_t count)
{
	return call4(SYS_sendfile, out, in, off, count);
}

int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)call3(SYS_close_range, first, last, flags);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return (int)cancel3(SYS_poll, fds, count, timeout_ms);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec t;

	/* The kernel writes the time that is left; the caller's is const. */
	if (timeout)
		t = *timeout;
	return (int)cancel6(SYS_ppoll, fds, count, timeout ? &t : NULL, mask, sizeof(*mask), 0);
}

int select(int n, fd_set *__restrict readable, fd_set *__restrict writable,
	   fd_set *__restrict exceptional, struct timeval *__restrict timeout)
{
	return (int)cancel6(SYS_select, n, readable, writable, exceptional, timeout, 0);
}

int pselect(int n, fd_set *__restrict readable, fd_set *__restrict writable,
	    fd_set *__restrict exceptional, const struct timespec *__restrict timeout,
	    const sigset_t *__restrict mask)
{
	struct {
		const sigset_t *mask;
		size_t size;
	} sixth = { mask, sizeof(*mask) };
	struct timespec t;

	if (timeout)
		t = *timeout;
	return (int)cancel6(SYS_pselect6, n, readable, writable, exceptional, timeout ? &t : NULL,
			  &sixth);
}
