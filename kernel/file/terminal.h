/* SPDX-License-Identifier: MIT */
/* Terminals and sessions (terminal.c), for devfs.c, /proc, sys/device.c and the end of processes. */
#ifndef FILE_TERMINAL_H
#define FILE_TERMINAL_H

#include "lib/types.h"

struct file;
struct port;
struct proc;
struct terminal;

/*
 * terminal_opened: the port's terminal of that number, which may become the caller's session's; NULL: there are too
 * many.
 */
struct terminal *terminal_opened(struct port *port, uint64_t number, uint64_t rdev, unsigned flags);
bool terminal_refuses(const struct terminal *t);            /* it is somebody's alone: EBUSY */
/* terminal_hang_up: the other end is gone for good */
void terminal_hang_up(struct terminal *t);
uint32_t terminal_hangups(const struct terminal *t);        /* what was opened when there were fewer is dead */
/* /dev/tty: its port, referenced, and device number; NULL: none */
struct port *terminal_of_caller(uint64_t *rdev);
/* tree lock held: device number and group of p's; 0 and -1 */
int terminal_numbers(const struct proc *p, int *foreground);
/* to the foreground of the port's terminal of that number. -EINVAL */
int terminal_signal(const struct port *port, uint64_t number, int signo);
/* p ends; if it leads a session, that has no terminal any more. May sleep */
void terminal_session_ends(const struct proc *p);
/* terminal_check: the caller's group is in the foreground, or it does not matter; else signo is sent. -EIO, -EINTR */
int terminal_check(const struct terminal *t, int signo);
int terminal_check_write(const struct terminal *t);
bool terminal_changes(unsigned cmd, bool master);           /* a command that only the foreground may give */
void terminal_set(struct terminal *t, uint64_t lflag);       /* new settings */
/* terminal_ioctl: commands about sessions and groups, and who may use it; false: it is another. */
bool terminal_ioctl(struct file *f, struct terminal *t, bool master, unsigned cmd, vaddr_t arg, int64_t *result);

#endif
