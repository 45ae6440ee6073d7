/* SPDX-License-Identifier: MIT */
/* epoll(7). The low bits of events are poll(2)'s. */
#ifndef ABI_EPOLL_H
#define ABI_EPOLL_H

#include <abi/types.h>

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

struct abi_epoll_event { uint32_t events; uint64_t data; } __attribute__((packed));

#endif
