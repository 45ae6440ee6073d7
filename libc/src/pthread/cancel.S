/* SPDX-License-Identifier: MIT */
/*
 * __cancel_syscall(cancel, n, a, b, c, d, e, f): rdi rsi rdx rcx r8 r9, e and f on the stack. A system call that is
 * not begun once *cancel is set. The handler of SIGCANCEL compares the interrupted address with the three labels:
 * from begin until the call has been made it goes to __cancel_jump; at end the call has a result, which must be
 * delivered.
 */
	.text
	.globl __cancel_syscall, __cancel_begin, __cancel_end, __cancel_jump
	.type __cancel_syscall, @function
__cancel_syscall:
	mov %rdi, %r11
	mov %rsi, %rax
	mov %rdx, %rdi
	mov %rcx, %rsi
	mov %r8, %rdx
	mov %r9, %r10
	mov 8(%rsp), %r8
	mov 16(%rsp), %r9
__cancel_begin:
	cmpl $0, (%r11)
	jne __cancel_jump
	syscall
__cancel_end:
	ret
__cancel_jump:
	and $-16, %rsp
	call __thread_cancelled
	hlt
	.size __cancel_syscall, . - __cancel_syscall

	.section .note.GNU-stack, "", @progbits
