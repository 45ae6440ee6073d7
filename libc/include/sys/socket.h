/* SPDX-License-Identifier: MIT */
/* Sockets, and messages with descriptors. */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H

#include <abi/socket.h>
#include <bits/types.h>
#include <sys/cdefs.h>
#include <sys/uio.h>

#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX AF_UNIX
#define AF_LOCAL AF_UNIX
#define PF_LOCAL AF_UNIX

typedef unsigned int socklen_t;
typedef unsigned short sa_family_t;
struct sockaddr { sa_family_t sa_family; char sa_data[14]; };
struct sockaddr_storage { sa_family_t ss_family; char padding[126] __attribute__((aligned(8))); };

struct linger { int l_onoff, l_linger; };
struct ucred { pid_t pid; uid_t uid; gid_t gid; };

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
struct timespec;
struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level, cmsg_type;
};

#define CMSG_ALIGN(n) (((n) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_SPACE(n) (CMSG_ALIGN(n) + sizeof(struct cmsghdr))
#define CMSG_LEN(n) (sizeof(struct cmsghdr) + (n))
#define CMSG_DATA(c) ((unsigned char *)((struct cmsghdr *)(c) + 1))
#define CMSG_FIRSTHDR(m) \
	((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control : (struct cmsghdr *)0)
#define CMSG_END_(m) ((char *)(m)->msg_control + (m)->msg_controllen)
#define CMSG_NXTHDR(m, c) \
	((char *)(c) + CMSG_ALIGN((c)->cmsg_len) + sizeof(struct cmsghdr) > CMSG_END_(m) \
		 ? (struct cmsghdr *)0 : (struct cmsghdr *)((char *)(c) + CMSG_ALIGN((c)->cmsg_len)))

__BEGIN_DECLS
int socket(int family, int type, int protocol);
int bind(int fd, const struct sockaddr *name, socklen_t len);
int listen(int fd, int backlog);
int connect(int fd, const struct sockaddr *name, socklen_t len);
int accept(int fd, struct sockaddr *from, socklen_t *len);
int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags);
int socketpair(int family, int type, int protocol, int fds[2]);
ssize_t send(int fd, const void *bytes, size_t n, int flags);
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t len);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags);
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags, struct timespec *time);
ssize_t recv(int fd, void *buf, size_t n, int flags);
ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *len);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int shutdown(int fd, int how);
int getsockname(int fd, struct sockaddr *name, socklen_t *len);
int getpeername(int fd, struct sockaddr *name, socklen_t *len);
int getsockopt(int fd, int level, int option, void *value, socklen_t *len);
int setsockopt(int fd, int level, int option, const void *value, socklen_t len);
__END_DECLS

#endif
