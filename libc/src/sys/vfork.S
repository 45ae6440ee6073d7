/* SPDX-License-Identifier: MIT */
/*
 * vfork: the child runs on the parent's stack, in the parent's memory, until it calls exec or
 * _exit. So it would overwrite the return address of a wrapper written in C before the parent
 * reads it. Here the address waits in rdi, which SYSCALL preserves, and both return by it.
 */
#include <abi/syscall.h>

	.text
	.globl vfork
	.type vfork, @function
vfork:
	pop %rdi
	mov $SYS_vfork, %eax
	syscall
	push %rdi
	cmp $-4095, %rax
	jae 1f
	ret
1:	mov %rax, %rdi
	/* At a call rsp must be 8 below a multiple of 16, and it is: nothing else was pushed. */
	jmp __sys_result
	.size vfork, . - vfork

	.section .note.GNU-stack, "", @progbits
