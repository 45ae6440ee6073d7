/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to boot_main(), on the first CPU.
 *
 * Two loaders, one state: 32-bit protected mode, flat segments, paging off, interrupts off, EBX = physical address of
 * what the loader says (multiboot2 3.3: EAX is its magic; PVH: hvm_start_info). Neither promises a stack, and under
 * multiboot2 the image may lie at any multiple of 2 MiB below 4 GiB. So the first thing is to find out where: a `call`
 * needs one word of stack, and the second word of either structure is borrowed for it and put back.
 *
 * EBP is from then on the distance between where the image lies and where it was linked; PHYS(symbol)(%ebp) is a
 * symbol's physical address. The page tables built here:
 *
 *     0                     first 4 GiB, identity        gone when arch_memory_init has run; the other CPUs start in it
 *     PHYSMAP_BASE          the same                     replaced by physmap_init
 *     KERNEL_BASE + 2 MiB   16 MiB from the image on     replaced by arch_memory_init with 4 KiB W^X pages
 *
 * Rejected: 32-bit C code linked apart for this; it would be as long and hide where the machine changes mode.
 */
#include "asm-offsets.h"

#define PHYS(symbol) ((symbol) - IMAGE_BASE)
#define MB2_MAGIC 0xe85250d6
#define PRESENT_WRITE 0x3
#define LARGE_PAGE 0x83

	.section .boot, "ax"
	.balign 8
multiboot_header:
	.long MB2_MAGIC, 0, multiboot_header_end - multiboot_header
	.long -(MB2_MAGIC + 0 + (multiboot_header_end - multiboot_header))
	/* information we read when it is there: command line, modules, memory map, ACPI old and new */
	.balign 8
1:	.short 1, 1
	.long 2f - 1b
	.long 1, 3, 6, 14, 15
2:	/* entry address */
	.balign 8
1:	.short 3, 0
	.long 2f - 1b
	.long PHYS(multiboot_entry)
2:	/* modules page-aligned */
	.balign 8
	.short 6, 0
	.long 8
	/* relocatable: from 2 MiB to 4 GiB, steps of 2 MiB, as low as possible */
	.balign 8
1:	.short 10, 0
	.long 2f - 1b
	.long 0x200000, 0xffffffff, 0x200000, 1
2:	.balign 8
	.short 0, 0
	.long 8
multiboot_header_end:

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad PHYS(pvh_entry)

	.section .boot, "ax"
	.code32
	.global pvh_entry, multiboot_entry
pvh_entry:
	xor %eax, %eax
multiboot_entry:
	cli
	cld
	mov %eax, %esi
	mov 4(%ebx), %edi
	lea 8(%ebx), %esp
	call 1f
1:	pop %ebp
	mov %edi, 4(%ebx)
	sub $PHYS(1b), %ebp

	lea PHYS(boot_stack_top)(%ebp), %esp
	rdtsc
	push %edx
	push %eax

	/* Long mode and NX are what every x86-64 machine has; without them there is nothing to say it with. */
	mov %ebx, %edi
	mov $0x80000001, %eax
	cpuid
	mov %edi, %ebx
	and $(1 << 29 | 1 << 20), %edx
	cmp $(1 << 29 | 1 << 20), %edx
	je 2f
1:	hlt
	jmp 1b

2:	/* identity map and physmap: PDPT with four page directories of 2 MiB pages */
	lea PHYS(boot_pd)+PRESENT_WRITE(%ebp), %eax
	lea PHYS(boot_pdpt)(%ebp), %edi
	mov $4, %ecx
1:	mov %eax, (%edi)
	add $4096, %eax
	add $8, %edi
	loop 1b
	lea PHYS(boot_pd)(%ebp), %edi
	mov $LARGE_PAGE, %eax
	mov $2048, %ecx
1:	mov %eax, (%edi)
	add $0x200000, %eax
	add $8, %edi
	loop 1b
	/* the image: entries 1 to 8 of the directory at KERNEL_BASE */
	lea PHYS(boot_image_pd)+8(%ebp), %edi
	lea 0x200000+LARGE_PAGE(%ebp), %eax
	mov $8, %ecx
1:	mov %eax, (%edi)
	add $0x200000, %eax
	add $8, %edi
	loop 1b
	lea PHYS(boot_image_pd)+PRESENT_WRITE(%ebp), %eax
	mov %eax, PHYS(boot_image_pdpt)+510*8(%ebp)
	lea PHYS(boot_image_pdpt)+PRESENT_WRITE(%ebp), %eax
	mov %eax, PHYS(boot_pml4)+511*8(%ebp)
	lea PHYS(boot_pdpt)+PRESENT_WRITE(%ebp), %eax
	mov %eax, PHYS(boot_pml4)(%ebp)
	mov %eax, PHYS(boot_pml4)+256*8(%ebp)

	/* PAE, root, LME and NXE, then paging: compatibility mode; a far return makes it 64-bit (SDM vol. 3, 9.8.5) */
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	lea PHYS(boot_pml4)(%ebp), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $(1 << 8 | 1 << 11), %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000001, %eax
	mov %eax, %cr0
	lea PHYS(boot_gdt)(%ebp), %eax
	mov %eax, PHYS(boot_gdtr)+2(%ebp)
	lgdt PHYS(boot_gdtr)(%ebp)
	lea PHYS(long_mode)(%ebp), %eax
	push $0x10
	push %eax
	lret

	.code64
long_mode:
	mov $0x18, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	pop %rcx
	mov $PHYS(image_start), %edx
	add %ebp, %edx
	mov %esi, %edi
	mov %ebx, %esi
	mov $boot_stack_top, %rsp
	xor %ebp, %ebp
	mov $boot_main, %rax
	call *%rax /* (magic, info, image, tsc); does not return */
	ud2

	.data
	.balign 8
boot_gdt:
	.quad 0, 0, 0x00209a0000000000, 0x0000920000000000
boot_gdtr:
	.short 31
	.quad 0

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.global boot_pml4, boot_stack, boot_stack_top
boot_pml4:       .skip 4096
boot_pdpt:       .skip 4096
boot_image_pdpt: .skip 4096
boot_image_pd:   .skip 4096
boot_pd:         .skip 4 * 4096
boot_stack:      .skip 4 * 4096
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
