/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals, both sides at once. */
#ifndef PTY_H
#define PTY_H

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

__BEGIN_DECLS
/* name, t and size may be NULL; name: at least 24 bytes */
int openpty(int *master, int *slave, char *name, const struct termios *t, const struct winsize *size);
pid_t forkpty(int *master, char *name, const struct termios *t, const struct winsize *size);
__END_DECLS

#endif
