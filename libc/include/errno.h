/* SPDX-License-Identifier: MIT */
/* errno, one for each thread, and its values. */
#ifndef ERRNO_H
#define ERRNO_H

#include <abi/errno.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int *__errno_location(void) __CONST;
extern char *program_invocation_name;
extern char *program_invocation_short_name;
__END_DECLS

#define errno (*__errno_location())

#endif
