/* SPDX-License-Identifier: MIT */
/* What prctl(PR_SET_SECUREBITS) takes. */
#ifndef LINUX_SECUREBITS_H
#define LINUX_SECUREBITS_H

#include <abi/capability.h>

#endif
