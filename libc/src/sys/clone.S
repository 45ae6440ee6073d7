/* SPDX-License-Identifier: MIT */
/*
 * clone(fn, stack, flags, arg, parent_tid, tls, child_tid): rdi rsi edx rcx r8 r9 and one on the stack. The last three
 * may be missing; then the flags do not ask for them.
 *
 * The child begins on an empty stack, so fn and arg are put there first, for the child to pop. It ends with fn's value.
 */
#include <abi/errno.h>
#include <abi/syscall.h>

	.text
	.globl clone
	.type clone, @function
clone:
	test %rdi, %rdi
	jz 2f
	test %rsi, %rsi
	jz 2f
	and $-16, %rsi
	sub $16, %rsi
	mov %rdi, (%rsi)
	mov %rcx, 8(%rsi)
	mov %edx, %edi
	mov %r8, %rdx
	mov %r9, %r8
	mov 8(%rsp), %r10
	mov $SYS_clone, %eax
	syscall
	test %rax, %rax
	jz 1f
	mov %rax, %rdi
	jmp __sys_result
1:	xor %ebp, %ebp
	pop %rax
	pop %rdi
	call *%rax
	mov %eax, %edi
	mov $SYS_exit, %eax
	syscall
	hlt
2:	mov $-EINVAL, %rdi
	jmp __sys_result
	.size clone, . - clone

	.section .note.GNU-stack, "", @progbits
