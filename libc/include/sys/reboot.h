/* SPDX-License-Identifier: MIT */
/* Stopping the machine. */
#ifndef SYS_REBOOT_H
#define SYS_REBOOT_H

#include <abi/misc.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int reboot(int how);
__END_DECLS

#endif
