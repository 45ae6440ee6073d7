/* SPDX-License-Identifier: MIT */
/*
 * __clone(flags, stack, parent_tid, child_tid, tls, begin): rdi rsi rdx rcx r8 r9.
 *
 * Both threads return from the same SYSCALL, but the child has an empty stack, so nothing can be
 * passed on it by the usual call: begin waits in r9 and its argument, the thread block, in r8,
 * both of which SYSCALL preserves. rbp is cleared, for it ends the chain of frames.
 */
#include <abi/syscall.h>

	.text
	.globl __clone
	.type __clone, @function
__clone:
	mov %rcx, %r10
	and $-16, %rsi
	mov $SYS_clone, %eax
	syscall
	test %rax, %rax
	jz 1f
	ret
1:	xor %ebp, %ebp
	mov %r8, %rdi
	call *%r9
	hlt
	.size __clone, . - __clone

	.section .note.GNU-stack, "", @progbits
