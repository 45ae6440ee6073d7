/* SPDX-License-Identifier: MIT */
/* struct timespec and timeval: the bytes of abi_timespec and abi_timeval. */
#ifndef BITS_TIMESPEC_H
#define BITS_TIMESPEC_H

#include <bits/types.h>

struct timespec {
	time_t tv_sec;
	long tv_nsec;
};

struct timeval {
	time_t tv_sec;
	suseconds_t tv_usec;
};

#endif
