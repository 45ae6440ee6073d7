/* SPDX-License-Identifier: MIT */
/* The auxiliary vector that execve hands over. */
#ifndef SYS_AUXV_H
#define SYS_AUXV_H

#include <abi/auxv.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
unsigned long getauxval(unsigned long type);
__END_DECLS

#endif
