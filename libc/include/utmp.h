/* SPDX-License-Identifier: MIT */
/* login_tty; there are no records of who is logged in. */
#ifndef UTMP_H
#define UTMP_H

#include <sys/cdefs.h>

__BEGIN_DECLS
int login_tty(int fd); /* the terminal becomes that of a new session, and its standard input, output and errors */
__END_DECLS

#endif
