/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel that touch user addresses; those at the end move the vector state to and from the frame
 * of a signal handler. Each that may fault has an entry in the fixup table
 * {address of the instruction, where to go on}; trap.c looks there when a fault comes from kernel mode. With SMAP they
 * lie between STAC and CLAC, which cpu.c patches to no-ops on a CPU without it. No fault is resolved here: the caller
 * (vm/usercopy.c) sees how many bytes were not done, brings the page in and calls again.
 *
 * Copies run in 8-byte units, for a repeated string instruction costs by the unit; the last 0 to 7 bytes follow. A unit
 * that straddles into a missing page is repeated byte by byte, so that the count returned is exact.
 */
#include "asm-offsets.h"

	.macro STAC_SITE
661:	stac
	.pushsection .smap_sites, "a"
	.quad 661b
	.popsection
	.endm

	.macro CLAC_SITE
661:	clac
	.pushsection .smap_sites, "a"
	.quad 661b
	.popsection
	.endm

	.macro FIXUP fault, resume
	.pushsection .fixup_table, "a"
	.quad \fault, \resume
	.popsection
	.endm

	.text

/* size_t user_copy_in(void *dst, vaddr_t src, size_t n); size_t user_copy_out(vaddr_t dst, const void *src, size_t n) */
	.balign 16
	.global user_copy_in, user_copy_out
user_copy_in:
user_copy_out:
	mov %rdx, %rcx
	shr $3, %rcx
	and $7, %edx
	STAC_SITE
1:	rep movsq
	mov %edx, %ecx
2:	rep movsb
3:	CLAC_SITE
	mov %rcx, %rax
	ret
4:	lea (%rdx, %rcx, 8), %rcx
	jmp 2b
	FIXUP 1b, 4b
	FIXUP 2b, 3b

/* size_t user_zero(vaddr_t dst, size_t n) */
	.balign 16
	.global user_zero
user_zero:
	mov %rsi, %rcx
	shr $3, %rcx
	and $7, %esi
	xor %eax, %eax
	STAC_SITE
1:	rep stosq
	mov %esi, %ecx
2:	rep stosb
3:	CLAC_SITE
	mov %rcx, %rax
	ret
4:	lea (%rsi, %rcx, 8), %rcx
	jmp 2b
	FIXUP 1b, 4b
	FIXUP 2b, 3b

/* long user_strncpy(char *dst, vaddr_t src, size_t n): length without NUL; n: none found; -1: a fault */
	.balign 16
	.global user_strncpy
user_strncpy:
	xor %eax, %eax
	STAC_SITE
1:	cmp %rdx, %rax
	je 3f
2:	movzbl (%rsi, %rax), %ecx
	mov %cl, (%rdi, %rax)
	test %ecx, %ecx
	jz 3f
	inc %rax
	jmp 1b
3:	CLAC_SITE
	ret
4:	mov $-1, %rax
	jmp 3b
	FIXUP 2b, 4b

/* int user_read32(vaddr_t addr, uint32_t *word) */
	.balign 16
	.global user_read32
user_read32:
	STAC_SITE
1:	mov (%rdi), %eax
	CLAC_SITE
	mov %eax, (%rsi)
	xor %eax, %eax
	ret
2:	CLAC_SITE
	mov $-ERR_FAULT, %eax
	ret
	FIXUP 1b, 2b

/* int user_cmpxchg32(vaddr_t addr, uint32_t expect, uint32_t desired, uint32_t *seen) */
	.balign 16
	.global user_cmpxchg32
user_cmpxchg32:
	mov %esi, %eax
	STAC_SITE
1:	lock cmpxchg %edx, (%rdi)
	CLAC_SITE
	mov %eax, (%rcx)
	xor %eax, %eax
	ret
2:	CLAC_SITE
	mov $-ERR_FAULT, %eax
	ret
	FIXUP 1b, 2b

/* int user_fpu_save(vaddr_t image); int user_fpu_restore(vaddr_t image, uint64_t components) */
	.macro FPU_FIXUPS
3:	CLAC_SITE
	xor %eax, %eax
	ret
4:	CLAC_SITE
	mov $-ERR_FAULT, %eax
	ret
	FIXUP 1b, 4b
	FIXUP 2b, 4b
	.endm

	.balign 16
	.global user_fpu_save, user_fpu_restore
user_fpu_save:
	mov $-1, %eax
	mov $-1, %edx
	STAC_SITE
	cmpb $0, fpu_has_xsave(%rip)
	je 2f
1:	xsave64 (%rdi)
	jmp 3f
2:	fxsave64 (%rdi)
	FPU_FIXUPS

	.balign 16
user_fpu_restore:
	mov %esi, %eax
	xor %edx, %edx
	STAC_SITE
	cmpb $0, fpu_has_xsave(%rip)
	je 2f
1:	xrstor64 (%rdi)
	jmp 3f
2:	fxrstor64 (%rdi)
	FPU_FIXUPS

	.section .note.GNU-stack, "", @progbits
