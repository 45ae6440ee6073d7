/* SPDX-License-Identifier: MIT */
/* The kernel's config.h for the host tests: physical memory is an array of the test program. */
#ifndef SHIM_CONFIG_H
#define SHIM_CONFIG_H

#include "../../../../kernel/config.h"

extern char host_memory[];
#undef PHYSMAP_BASE
#define PHYSMAP_BASE ((uintptr_t)host_memory)

#endif
