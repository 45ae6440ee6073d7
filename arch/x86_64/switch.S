/* SPDX-License-Identifier: MIT */
/*
 * arch_switch(prev, next): what makes one thread of control into another. Callee-saved registers go to prev's stack,
 * the stack pointer changes, and the `ret` is next's. Caller-saved registers the compiler has saved already.
 *
 * A user thread (fpu != NULL) has also the FPU registers and the FS and GS bases; the kernel itself uses neither, so
 * they stay live through system calls and change hands only here. The image is saved at once, not lazily: a lazy owner
 * would have to be chased across CPUs when the thread migrates.
 *
 * The bases are always loaded, never compared: a program can change them behind our back by loading a null selector.
 */
#include "asm-offsets.h"

	.macro LOAD_MSR msr, source
	mov \source, %rax
	mov %rax, %rdx
	shr $32, %rdx
	mov $\msr, %ecx
	wrmsr
	.endm

	.text
	.balign 16
	.global arch_switch
arch_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, THREAD_RSP(%rdi)
	mov THREAD_FPU(%rdi), %rcx
	test %rcx, %rcx
	jz 2f
	cmpb $0, fpu_has_xsave(%rip)
	je 1f
	mov $-1, %eax
	mov $-1, %edx
	xsave64 (%rcx)
	jmp 2f
1:	fxsave64 (%rcx)
2:
	mov %rsi, %gs:CPU_CURRENT
	mov THREAD_STACK(%rsi), %rcx
	add $KSTACK_SIZE, %rcx
	mov %rcx, %gs:CPU_KERNEL_STACK
	mov %gs:CPU_ARCH, %rdx
	mov %rcx, PRIVATE_RSP0(%rdx)
	mov THREAD_RSP(%rsi), %rsp

	mov THREAD_FPU(%rsi), %rdi
	test %rdi, %rdi
	jz 2f
	LOAD_MSR MSR_FS, THREAD_FS_BASE(%rsi)
	LOAD_MSR MSR_USER_GS, THREAD_GS_BASE(%rsi)
	cmpb $0, fpu_has_xsave(%rip)
	je 1f
	mov $-1, %eax
	mov $-1, %edx
	xrstor64 (%rdi)
	jmp 2f
1:	fxrstor64 (%rdi)
2:	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

/* Where a new thread's first switch returns to: arch_thread_init put entry in R12 and its argument in R13. */
	.global thread_start
thread_start:
	mov %r13, %rdi
	call *%r12
	ud2

	.section .note.GNU-stack, "", @progbits
