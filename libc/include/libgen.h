/* SPDX-License-Identifier: MIT */
/* The parts of a path. Both may change the string they are given. */
#ifndef LIBGEN_H
#define LIBGEN_H

#include <sys/cdefs.h>

__BEGIN_DECLS
char *basename(char *path);
char *dirname(char *path);
__END_DECLS

#endif
