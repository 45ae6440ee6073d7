/* SPDX-License-Identifier: MIT */
/* The system's scalar types, with the old BSD names. */
#ifndef SYS_TYPES_H
#define SYS_TYPES_H

#include <bits/pthreadtypes.h>
#include <bits/sigset.h>
#include <bits/types.h>

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef uint8_t u_int8_t;
typedef uint16_t u_int16_t;
typedef uint32_t u_int32_t;
typedef uint64_t u_int64_t;
typedef char *caddr_t;
typedef long quad_t;
typedef unsigned long u_quad_t;
typedef long register_t;

#include <sys/select.h>
#include <sys/sysmacros.h>

#endif
