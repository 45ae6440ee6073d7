/* SPDX-License-Identifier: MIT */
/* Jumps out of nested calls. */
#ifndef SETJMP_H
#define SETJMP_H

#include <bits/sigset.h>
#include <sys/cdefs.h>

/* rbx, rbp, r12 to r15, rsp, rip; for sigsetjmp whether the mask was saved, and the mask. */
typedef struct {
	unsigned long __regs[8];
	unsigned long __saved;
	sigset_t __mask;
} jmp_buf[1];

typedef jmp_buf sigjmp_buf;

__BEGIN_DECLS
int setjmp(jmp_buf env) __attribute__((returns_twice));
int _setjmp(jmp_buf env) __attribute__((returns_twice));
int sigsetjmp(sigjmp_buf env, int save) __attribute__((returns_twice));
__NORETURN void longjmp(jmp_buf env, int value);
__NORETURN void _longjmp(jmp_buf env, int value);
__NORETURN void siglongjmp(sigjmp_buf env, int value);
__END_DECLS

#define setjmp(env) setjmp(env)
#define sigsetjmp(env, save) sigsetjmp(env, save)

#endif
