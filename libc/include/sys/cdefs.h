/* SPDX-License-Identifier: MIT */
/* C linkage for C++, and the few attributes that the other headers use. */
#ifndef SYS_CDEFS_H
#define SYS_CDEFS_H

#ifdef __cplusplus
#define __BEGIN_DECLS extern "C" {
#define __END_DECLS }
#else
#define __BEGIN_DECLS
#define __END_DECLS
#endif

#define __NORETURN __attribute__((__noreturn__))
#define __PRINTF(text, args) __attribute__((__format__(__printf__, text, args)))
#define __SCANF(text, args) __attribute__((__format__(__scanf__, text, args)))
#define __MALLOC __attribute__((__malloc__))
#define __PURE __attribute__((__pure__))
#define __CONST __attribute__((__const__))

#endif
