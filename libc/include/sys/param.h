/* SPDX-License-Identifier: MIT */
/* Old system parameters. */
#ifndef SYS_PARAM_H
#define SYS_PARAM_H

#include <limits.h>
#include <sys/types.h>

#define MAXPATHLEN PATH_MAX
#define MAXSYMLINKS SYMLOOP_MAX
#define NBBY CHAR_BIT
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define howmany(n, unit) (((n) + (unit) - 1) / (unit))
#define roundup(n, unit) (howmany(n, unit) * (unit))

#endif
