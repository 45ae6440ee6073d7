/* SPDX-License-Identifier: MIT */
/* prctl and arch_prctl. */
#ifndef SYS_PRCTL_H
#define SYS_PRCTL_H

#include <abi/misc.h>
#include <sys/cdefs.h>

#define PR_SET_PDEATHSIG 1
#define PR_SET_DUMPABLE 4
#define PR_SET_NAME 15
#define PR_GET_NAME 16

__BEGIN_DECLS
int prctl(int option, ...);
int arch_prctl(int code, unsigned long value);
__END_DECLS

#endif
