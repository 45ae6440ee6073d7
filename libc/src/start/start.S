/* SPDX-License-Identifier: MIT */
/*
 * crt0: the first instruction of a program. On entry rsp points at argc, then argv, a null, envp,
 * a null and the auxiliary vector; rdx may hold a function for atexit, which the static ABI of
 * Linux leaves at zero. rbp is cleared because it ends the chain of frames a debugger walks.
 */
	.text
	.globl _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call __libc_start
	hlt
	.size _start, . - _start

	.section .note.GNU-stack, "", @progbits
