/* SPDX-License-Identifier: MIT */
/* The kernel's scalar types. A user address is a vaddr_t, a number: it cannot be followed by mistake. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

typedef uint64_t paddr_t; /* physical address, bytes */
typedef uint64_t vaddr_t; /* virtual address, bytes: kernel's or user's */
typedef uint64_t pfn_t;   /* frame number: paddr >> PAGE_SHIFT */
typedef uint64_t pgoff_t; /* page number within an object */

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a) - 1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + (typeof(x))(a) - 1, a)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
/* Kept out of line, so that the short path before it needs few registers. */
#define slow_path __attribute__((noinline))
#define must_check  __attribute__((warn_unused_result))
#define noreturn    __attribute__((noreturn))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* A pointer return that carries an errno: err_ptr(-ENOMEM), is_err(p), ptr_err(p). */
static inline void *err_ptr(long err) { return (void *)err; }
static inline long ptr_err(const void *p) { return (long)p; }
static inline bool is_err(const void *p) { return (uintptr_t)p >= (uintptr_t)-4095; }

#endif
