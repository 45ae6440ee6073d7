/* SPDX-License-Identifier: MIT */
/* The calls of sockets, as the kernel has them. */
#include <sys/socket.h>

#include "../internal.h"

int socket(int family, int type, int protocol) { return (int)call3(SYS_socket, family, type, protocol); }

int bind(int fd, const struct sockaddr *name, socklen_t len) { return (int)call3(SYS_bind, fd, name, len); }

int listen(int fd, int backlog) { return (int)call2(SYS_listen, fd, backlog); }

int connect(int fd, const struct sockaddr *name, socklen_t len) { return (int)cancel3(SYS_connect, fd, name, len); }

int accept(int fd, struct sockaddr *from, socklen_t *len) { return (int)cancel3(SYS_accept, fd, from, len); }

int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	return (int)cancel4(SYS_accept4, fd, from, len, flags);
}

int socketpair(int family, int type, int protocol, int fds[2])
{
	return (int)call4(SYS_socketpair, family, type, protocol, fds);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags) { return sendto(fd, bytes, n, flags, NULL, 0); }

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	return cancel6(SYS_sendto, fd, bytes, n, flags, to, len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { return cancel3(SYS_sendmsg, fd, message, flags); }

ssize_t recv(int fd, void *buf, size_t n, int flags) { return recvfrom(fd, buf, n, flags, NULL, NULL); }

ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *len)
{
	return cancel6(SYS_recvfrom, fd, buf, n, flags, from, len);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) { return cancel3(SYS_recvmsg, fd, message, flags); }

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
	return (int)cancel4(SYS_sendmmsg, fd, messages, n, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags, struct timespec *time)
{
	return (int)cancel6(SYS_recvmmsg, fd, messages, n, flags, time, 0);
}

int shutdown(int fd, int how) { return (int)call2(SYS_shutdown, fd, how); }

int getsockname(int fd, struct sockaddr *name, socklen_t *len) { return (int)call3(SYS_getsockname, fd, name, len); }

int getpeername(int fd, struct sockaddr *name, socklen_t *len) { return (int)call3(SYS_getpeername, fd, name, len); }

int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	return (int)call5(SYS_getsockopt, fd, level, option, value, len);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return (int)call5(SYS_setsockopt, fd, level, option, value, len);
}
