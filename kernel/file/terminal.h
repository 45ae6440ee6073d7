/* SPDX-License-Identifier: MIT */
/* Terminals and sessions (terminal.c), for devfs.c, /proc, sys/device.c and the end of processes. */
#ifndef FILE_TERMINAL_H
#define FILE_TERMINAL_H

#include "lib/types.h"

struct abi_termios;
struct file;
struct port;
struct proc;
struct terminal;

/* terminal_opened: the terminal behind the port, which may become the caller's session's; NULL: there are too many. */
struct terminal *terminal_opened(struct port *port, uint64_t rdev, unsigned flags);
/* /dev/tty: its port, referenced, and device number; NULL: none */
struct port *terminal_of_caller(uint64_t *rdev);
/* tree lock held: device number and group of p's; 0 and -1 */
int terminal_numbers(const struct proc *p, int *foreground);
/* to the foreground of the terminal behind the port. -EINVAL */
int terminal_signal(const struct port *port, int signo);
/* p ends; if it leads a session, that has no terminal any more */
void terminal_session_ends(const struct proc *p);
/* terminal_check: the caller's group is in the foreground, or it does not matter; else signo is sent. -EIO, -EINTR */
int terminal_check(const struct terminal *t, int signo);
int terminal_check_write(const struct terminal *t);
bool terminal_changes(unsigned cmd);                        /* a command that only the foreground may give */
void terminal_set(struct terminal *t, const struct abi_termios *now); /* new settings */
/* terminal_ioctl: commands about sessions and groups; false: it is another. */
bool terminal_ioctl(struct file *f, struct terminal *t, unsigned cmd, vaddr_t arg, int64_t *result);

#endif
