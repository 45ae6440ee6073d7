/* SPDX-License-Identifier: MIT */
/*
 * What another CPU executes first: in real mode, at the start of a page below 640 KiB (CS = page >> 4, IP = 0) to which
 * smp.c has copied this. Straight from real to long mode (SDM vol. 3, 9.8.5 allows it: PE and PG set together), on the
 * boot page tables, which still have the identity map; then to ap_entry in the image, to the kernel's own tables and to
 * a stack. Absolute addresses within the page are filled in by smp.c; real-mode code reaches data by CS's base in DS.
 */
#include "asm-offsets.h"

#define OFFSET(symbol) ((symbol) - trampoline_start)

	.section .rodata
	.balign 16
	.global trampoline_start, trampoline_end
	.global trampoline_gdt, trampoline_gdt_base, trampoline_far, trampoline_root, trampoline_long
	.code16
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl OFFSET(trampoline_gdtr)
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	mov OFFSET(trampoline_root), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $(1 << 8 | 1 << 11), %eax
	wrmsr
	mov %cr0, %eax
	and $0x9fffffff, %eax /* caches on */
	or $0x80000001, %eax
	mov %eax, %cr0
	ljmpl *OFFSET(trampoline_far)

	.code64
trampoline_long:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $ap_entry, %rax
	jmp *%rax

	.balign 8
trampoline_gdt:
	.quad 0, 0x00209a0000000000, 0x0000920000000000
trampoline_gdtr:
	.short 23
trampoline_gdt_base:
	.long 0
	.balign 8
trampoline_far:
	.long 0
	.short 8
	.balign 4
trampoline_root:
	.long 0
trampoline_end:

	.text
	.code64
ap_entry:
	mov $1, %eax
	cpuid
	shr $24, %ebx
	cmp %ebx, ap_expected(%rip)
	jne 1f
	mov ap_root(%rip), %rax
	mov %rax, %cr3
	mov ap_stack(%rip), %rsp
	mov ap_private(%rip), %rdi
	xor %ebp, %ebp
	call ap_main
1:	cli
	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
