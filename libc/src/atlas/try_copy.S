/* SPDX-License-Identifier: MIT */
/*
 * try_copy(to, from, n): rdi rsi rdx.
 *
 * Only the two string instructions between the labels touch the caller's memory. When one of them
 * faults, the handler in try_copy.c moves rip to __try_copy_recover; nothing was pushed, so rsp is
 * still at the return address.
 */
	.text
	.globl try_copy, __try_copy_start, __try_copy_end, __try_copy_recover
	.type try_copy, @function
try_copy:
	mov %rdx, %rcx
	shr $3, %rcx
	and $7, %edx
__try_copy_start:
	rep movsq
	mov %rdx, %rcx
	rep movsb
__try_copy_end:
	xor %eax, %eax
	ret
__try_copy_recover:
	mov $-1, %eax
	ret
	.size try_copy, . - try_copy

	.section .note.GNU-stack, "", @progbits
