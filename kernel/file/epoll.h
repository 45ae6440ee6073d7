/* SPDX-License-Identifier: MIT */
/* epoll(7), for sys/epoll.c and for files that are closed. */
#ifndef FILE_EPOLL_H
#define FILE_EPOLL_H

#include <abi/epoll.h>

#include "file/file_impl.h"

void epoll_init(void);
struct file *epoll_create(void);                       /* O_RDWR; err_ptr(-ENOMEM) */
bool is_epoll(const struct file *f);
/*
 * epoll_change: epoll_ctl(2) on ef, an epoll, for f, another file that can be polled, known as fd.
 * -> event: not for EPOLL_CTL_DEL; changed
 * -> 0; -EINVAL, -EEXIST, -ENOENT, -ELOOP, -ENOSPC, -ENOMEM, -EINTR
 */
int epoll_change(struct file *ef, int op, struct file *f, int fd, struct abi_epoll_event *event);
/* epoll_wait: how many events were stored at `to`, `max` at most; 0 by the deadline. -EINTR, -EFAULT */
int64_t epoll_wait(struct file *f, vaddr_t to, unsigned max, uint64_t deadline_ns);
/* epoll_forget: f, whose last reference has gone, leaves every list. */
void epoll_forget(struct file *f);

#endif
