/* SPDX-License-Identifier: MIT */
/*
 * setjmp and longjmp. A jmp_buf holds what a called function must preserve, in the order
 * rbx rbp r12 r13 r14 r15 rsp rip, then whether the signal mask was saved, then the mask.
 *
 * setjmp saves the rsp that its caller has after the return, and the return address itself, so
 * longjmp needs no stack of its own. sigsetjmp saves the mask as well: the return address and the
 * buffer wait in callee-saved places while the call is made.
 */
	.text
	.globl setjmp, _setjmp
	.type setjmp, @function
setjmp:
_setjmp:
	movq $0, 64(%rdi)
.Lsave:
	mov %rbx, 0(%rdi)
	mov %rbp, 8(%rdi)
	mov %r12, 16(%rdi)
	mov %r13, 24(%rdi)
	mov %r14, 32(%rdi)
	mov %r15, 40(%rdi)
	lea 8(%rsp), %rdx
	mov %rdx, 48(%rdi)
	mov (%rsp), %rdx
	mov %rdx, 56(%rdi)
	xor %eax, %eax
	ret
	.size setjmp, . - setjmp

	.globl sigsetjmp, __sigsetjmp
	.type sigsetjmp, @function
sigsetjmp:
__sigsetjmp:
	movslq %esi, %rsi
	mov %rsi, 64(%rdi)
	test %esi, %esi
	jz .Lsave
	push %rdi
	lea 72(%rdi), %rdx		/* sigprocmask(SIG_BLOCK, NULL, &mask) only reads */
	xor %edi, %edi
	xor %esi, %esi
	call sigprocmask
	pop %rdi
	jmp .Lsave
	.size sigsetjmp, . - sigsetjmp

	.globl longjmp, _longjmp, siglongjmp
	.type longjmp, @function
siglongjmp:
longjmp:
_longjmp:
	cmpq $0, 64(%rdi)
	je 1f
	push %rdi
	push %rsi
	push %rdi			/* keeps rsp aligned at the call */
	lea 72(%rdi), %rsi
	mov $2, %edi			/* SIG_SETMASK */
	xor %edx, %edx
	call sigprocmask
	pop %rdi
	pop %rsi
	pop %rdi
1:	mov %esi, %eax
	test %eax, %eax
	jnz 2f
	inc %eax			/* setjmp may not seem to return 0 a second time */
2:	mov 0(%rdi), %rbx
	mov 8(%rdi), %rbp
	mov 16(%rdi), %r12
	mov 24(%rdi), %r13
	mov 32(%rdi), %r14
	mov 40(%rdi), %r15
	mov 48(%rdi), %rsp
	jmp *56(%rdi)
	.size longjmp, . - longjmp

	.section .note.GNU-stack, "", @progbits
