/* SPDX-License-Identifier: MIT */
/* Sizes and addresses that the kernel's parts agree on. docs/memory-map.md draws the address space. */
#ifndef CONFIG_H
#define CONFIG_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)

/* Kernel half: one top-level slot (512 GiB) each. */
#define PHYSMAP_BASE 0xffff800000000000ul /* all physical memory, never executable */
#define KSTACK_BASE  0xffff808000000000ul /* kernel stacks with guard pages */
#define MMIO_BASE    0xffff810000000000ul /* device registers, uncached */
#define KERNEL_BASE  0xffffffff80000000ul /* the image */

/* User half, where Linux without address randomisation puts things. */
#define USER_END     0x00007ffffffff000ul /* first address no program may map */
#define STACK_TOP    USER_END
#define MMAP_TOP     0x00007ffff7fff000ul /* mmap without a hint searches downwards from here */
#define MMAP_MIN     0x10000ul            /* nothing is mapped below (vm.mmap_min_addr) */
#define STACK_LIMIT  (8ul << 20)          /* default RLIMIT_STACK, bytes */
#define MEMLOCK_LIMIT (8ul << 20)         /* default RLIMIT_MEMLOCK, bytes */
#define MSGQUEUE_LIMIT 819200ul           /* default RLIMIT_MSGQUEUE, bytes; nothing uses it */
#define STACK_GAP    (256 * PAGE_SIZE)    /* kept free below a growing stack */

#define KSTACK_PAGES 4  /* frames of a kernel stack; an unmapped guard page lies below */
#define MAX_CPUS     8
#define MAX_FDS      65536
#define FDS_SOFT     1024  /* the limits that the first process begins with */
#define FDS_HARD     4096
#define MAX_MEMORY   (64ul << 30) /* bytes of RAM the frame table is prepared for */

#ifndef ATLAS_CHECKED
#define ATLAS_CHECKED 0
#endif
#define CHECKED ATLAS_CHECKED /* 1 in the checked build: lock ranks, poisoning, audits */

#endif
