/* SPDX-License-Identifier: MIT */
/*
 * The few things that a program without a C library needs: system calls, text on a descriptor, a
 * way out. The benchmark program is linked with raw.c, which also holds _start; it calls
 * raw_main.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdbool.h>

#include <abi/types.h>

#define PAGE 4096ul

static inline long raw6(long n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw3(long n, uint64_t a, uint64_t b, uint64_t c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

#define ADDRESS(p) ((uint64_t)(p))

/* The program proper; its result is the exit status. */
int raw_main(int argc, char **argv, char **envp);

size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
/* Copies and returns where the copy ends, so that calls chain. */
char *text_append(char *to, const char *text);
/* Decimal; `decimals` digits of `value` stand behind the point. */
char *number_append(char *to, uint64_t value, unsigned decimals);

void say(int fd, const char *text);
_Noreturn void leave(int status);
/* Says "PROGRAM: what failed: errno N" on descriptor 2 and leaves with 1. */
_Noreturn void die(const char *what, long result);
/* The result of a system call that must not fail. */
long must(const char *what, long result);

#endif
