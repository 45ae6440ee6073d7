/* SPDX-License-Identifier: MIT */
/* capget(2) by its numbers: there is no libcap here, callers use syscall(2). */
#ifndef LINUX_CAPABILITY_H
#define LINUX_CAPABILITY_H

#include <abi/capability.h>

#define _LINUX_CAPABILITY_U32S_1 1
#define _LINUX_CAPABILITY_U32S_2 2
#define _LINUX_CAPABILITY_U32S_3 2

typedef struct __user_cap_header_struct { uint32_t version; int pid; } *cap_user_header_t;
typedef struct __user_cap_data_struct { uint32_t effective, permitted, inheritable; } *cap_user_data_t;

#define CAP_TO_INDEX(cap) ((cap) >> 5)
#define CAP_TO_MASK(cap) (1u << ((cap) & 31))
#define cap_valid(cap) ((cap) >= 0 && (cap) <= CAP_LAST_CAP)

#endif
