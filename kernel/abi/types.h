/* SPDX-License-Identifier: MIT */
/* Scalar types of the system call interface. The compiler gives the widths; nothing here needs a host header. */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t abi_off_t;
typedef int64_t abi_time_t;

/* struct timespec and timeval as every call on x86-64 takes them. */
struct abi_timespec { int64_t tv_sec; int64_t tv_nsec; };
struct abi_timeval { int64_t tv_sec; int64_t tv_usec; };
struct abi_iovec { uint64_t iov_base; uint64_t iov_len; };

#endif
