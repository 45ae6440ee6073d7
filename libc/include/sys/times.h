/* SPDX-License-Identifier: MIT */
/* CPU time of a process and its children, in clock ticks. */
#ifndef SYS_TIMES_H
#define SYS_TIMES_H

#include <bits/types.h>
#include <sys/cdefs.h>

struct tms {
	clock_t tms_utime, tms_stime, tms_cutime, tms_cstime;
};

__BEGIN_DECLS
clock_t times(struct tms *usage);
__END_DECLS

#endif
