/* SPDX-License-Identifier: MIT */
/* prctl and arch_prctl. */
#ifndef SYS_PRCTL_H
#define SYS_PRCTL_H

#include <abi/misc.h>
#include <sys/cdefs.h>

#include <abi/misc.h>

__BEGIN_DECLS
int prctl(int option, ...);
int arch_prctl(int code, unsigned long value);
__END_DECLS

#endif
