/* SPDX-License-Identifier: MIT */
/* epoll. */
#ifndef SYS_EPOLL_H
#define SYS_EPOLL_H

#include <abi/epoll.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#define EPOLL_CLOEXEC O_CLOEXEC
#define EPOLLIN 1u
#define EPOLLPRI 2u
#define EPOLLOUT 4u
#define EPOLLERR 8u
#define EPOLLHUP 16u
#define EPOLLRDNORM 64u
#define EPOLLRDBAND 128u
#define EPOLLWRNORM 256u
#define EPOLLWRBAND 512u
#define EPOLLRDHUP 0x2000u

typedef union epoll_data {
	void *ptr;
	int fd;
	uint32_t u32;
	uint64_t u64;
} epoll_data_t;

struct epoll_event {
	uint32_t events;
	epoll_data_t data;
} __attribute__((packed));

__BEGIN_DECLS
int epoll_create(int size);
int epoll_create1(int flags);
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int epoll_wait(int epoll, struct epoll_event *events, int max, int ms);
int epoll_pwait(int epoll, struct epoll_event *events, int max, int ms, const sigset_t *mask);
int epoll_pwait2(int epoll, struct epoll_event *events, int max, const struct timespec *time, const sigset_t *mask);
__END_DECLS

#endif
