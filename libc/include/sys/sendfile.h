/* SPDX-License-Identifier: MIT */
/* From one file to another. */
#ifndef SYS_SENDFILE_H
#define SYS_SENDFILE_H

#include <bits/types.h>
#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
ssize_t sendfile(int out, int in, off_t *off, size_t count);
__END_DECLS

#endif
