/* SPDX-License-Identifier: MIT */
/*
 * The ways into the kernel and out of it. Every way in leaves a struct trap_frame on the kernel stack and calls one C
 * function; every way out to user mode goes through return_to_user (or the SYSRET variant of it).
 *
 *     SYSCALL          syscall_stub -> syscall_entry(frame) -> SYSRET, or IRET when the frame is not plain
 *     exception, IRQ   stub -> trap_entry -> trap_dispatch(frame) -> IRET
 *     NMI, #DF, #MC    stub -> nested_entry -> trap_nested(frame) -> IRET, touching no thread state
 *
 * Interrupts are off all the way. GS: user mode has the user's base; trap_entry knows by CS whether to swap. An NMI may
 * hit between SYSCALL and SWAPGS, so nested_entry asks the MSR: kernel bases are negative, user bases never are.
 *
 * SYSRET loads RIP from RCX and RFLAGS from R11. It is used when the frame says exactly that, RIP is canonical for a
 * user (on Intel a non-canonical one would fault in the kernel with the user's stack) and neither TF nor RF is set.
 * CS and SS need no look: frames hold the user's selectors only (arch_frame_sanitize).
 *
 * The stack is 16-byte aligned at every call: a frame is 22 words, and the CPU aligns before it pushes.
 */
#include "asm-offsets.h"

	.macro CLAC_SITE
661:	clac
	.pushsection .smap_sites, "a"
	.quad 661b
	.popsection
	.endm

	.macro PUSH_REGISTERS
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	.endm

	.macro POP_CALLEE_SAVED
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	.endm

	/* The clock's low half, for how long the kernel was in charge (sched.c). Uses RAX, RDX. */
	.macro KERNEL_TIME_BEGINS
	rdtsc
	mov %eax, %gs:CPU_ENTERED
	.endm

	/* RCX: the current thread. Uses RAX, RDX. */
	.macro KERNEL_TIME_ENDS
	rdtsc
	sub %gs:CPU_ENTERED, %eax
	add %rax, THREAD_SYSTEM(%rcx)
	.endm

	/* Leaves RSP at `rip`. */
	.macro POP_REGISTERS
	POP_CALLEE_SAVED
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	add $16, %rsp
	.endm

	/* To `label` when the thread has work to do before it may leave. RCX: the current thread. Uses RAX. */
	.macro JUMP_IF_WORK label
	mov %gs:CPU_CURRENT, %rcx
	movzbl %gs:CPU_RESCHED, %eax
	or THREAD_PENDING(%rcx), %al
	jnz \label
	.endm

	.text

/* ---- system calls (Intel SDM vol. 2, SYSCALL: RCX = RIP, R11 = RFLAGS; the stack is still the user's) ---- */
	.balign 16
	.global syscall_stub
syscall_stub:
	swapgs
	mov %rsp, %gs:CPU_USER_STACK
	mov %gs:CPU_KERNEL_STACK, %rsp
	push $SEL_USER_DS
	push %gs:CPU_USER_STACK
	push %r11
	push $SEL_USER_CS
	push %rcx
	push %rax
	push $VECTOR_SYSCALL
	PUSH_REGISTERS
	KERNEL_TIME_BEGINS
	mov %rsp, %rdi
	call syscall_entry

	JUMP_IF_WORK exit_work
	KERNEL_TIME_ENDS
	mov FRAME_RIP(%rsp), %rcx
	mov FRAME_RFLAGS(%rsp), %r11
	cmp %rcx, FRAME_RCX(%rsp)
	jne return_checked
	cmp %r11, FRAME_R11(%rsp)
	jne return_checked
	test $FLAGS_NO_SYSRET, %r11d
	jnz return_checked
	mov %rcx, %rax
	shr $47, %rax
	jnz return_checked
	POP_CALLEE_SAVED
	add $8, %rsp
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	add $8, %rsp
	pop %rdx
	pop %rsi
	pop %rdi
	mov FRAME_RSP-FRAME_VECTOR(%rsp), %rsp
	swapgs
	sysretq

/* ---- the way out: RSP is the thread's frame ---- */
	.balign 16
	.global arch_return_to_user
arch_return_to_user:
	mov %gs:CPU_KERNEL_STACK, %rsp
	sub $FRAME_SIZE, %rsp
return_to_user:
	JUMP_IF_WORK exit_work
	KERNEL_TIME_ENDS
return_checked:
	/* IRET to a non-canonical RIP faults here, in the kernel; make it the user's #GP instead. */
	mov FRAME_RIP(%rsp), %rax
	sar $47, %rax
	inc %rax
	cmp $1, %rax
	ja bad_rip
	POP_REGISTERS
	swapgs
	iretq

exit_work:
	mov %rsp, %rdi
	call thread_exit_work
	jmp return_to_user

bad_rip:
	KERNEL_TIME_BEGINS
	movq $13, FRAME_VECTOR(%rsp)
	movq $0, FRAME_ERROR(%rsp)
	mov %rsp, %rdi
	call user_exception
	jmp return_to_user

/* ---- exceptions and interrupts; the stub has pushed error code and vector ---- */
	.balign 16
trap_entry:
	PUSH_REGISTERS
	cld
	CLAC_SITE
	testb $3, FRAME_CS(%rsp)
	jz 1f
	swapgs
	KERNEL_TIME_BEGINS
	mov %rsp, %rdi
	call trap_dispatch
	jmp return_to_user
1:	mov %rsp, %rdi
	call trap_dispatch
	POP_REGISTERS
	iretq

/* ---- NMI, double fault, machine check: on their own stacks, GS unknown ---- */
	.balign 16
nested_entry:
	PUSH_REGISTERS
	cld
	CLAC_SITE
	xor %ebx, %ebx
	mov $MSR_GS, %ecx
	rdmsr
	test %edx, %edx
	js 1f
	swapgs
	inc %ebx
1:	mov %rsp, %rdi
	call trap_nested
	test %ebx, %ebx
	jz 1f
	swapgs
1:	POP_REGISTERS
	iretq

/* ---- 256 stubs of 16 bytes. Some exceptions push an error code (SDM vol. 3, table 6-1); the others get a 0. ---- */
	.balign 16
	.global isr_stubs
isr_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	push $0
	.endif
	push $vector
	.if vector == 2 || vector == 8 || vector == 18
	jmp nested_entry
	.else
	jmp trap_entry
	.endif
	.set vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
