/* SPDX-License-Identifier: MIT */
/* What the files of arch/x86_64 share among themselves. The rest of the kernel sees arch.h and pte.h only. */
#ifndef ARCH_IMPL_H
#define ARCH_IMPL_H

#include "arch.h"

/* ---- linker.ld ---- */
extern char image_start[], image_end[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
	data_end[];
static inline paddr_t image_to_phys(const void *va)
{
	return boot_info.image_start + ((vaddr_t)va - (vaddr_t)image_start);
}

/* ---- boot.c ---- */
/* boot_claim: takes len bytes (whole pages) of usable memory in [min, limit) out of the map, lowest first; 0: none. */
paddr_t boot_claim(size_t len, paddr_t min, paddr_t limit);
extern paddr_t boot_trampoline; /* a page below 640 KiB for smp.c; 0: none */

/* ---- boot.S: tables that the other CPUs start with (they need the identity map) ---- */
extern uint64_t boot_pml4[512];
extern char boot_stack[], boot_stack_top[];

/* ---- cpu.c ---- */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

enum { IST_NMI = 1, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_COUNT = 3 }; /* as the IDT counts them */
#define GDT_ENTRIES 9

/* struct cpu's `arch`: what one CPU alone uses. */
struct cpu_private {
	uint64_t gdt[GDT_ENTRIES];
	struct tss tss;
	struct cpu cpu;
	uint8_t ist[IST_COUNT][PAGE_SIZE] __attribute__((aligned(16)));
};
struct cpu_features { bool nx, pge, mce, smep, smap, umip, xsave, avx, rdrand; };
extern struct cpu_features cpu_features;
extern volatile bool cpu_panicking;      /* the others halt at their NMI */
void cpu_boot_gs(void);                  /* makes cpu_this() work on the first CPU, before anything else */
void cpu_install(struct cpu_private *p); /* on the CPU itself: GDT, TSS, IDT, control registers, MSRs */
void cpu_describe(struct cpu_private *p, unsigned index, unsigned apic_id); /* fills in a zeroed p */

/* ---- entry.S ---- */
extern char isr_stubs[]; /* 256 of them, 16 bytes each */
void syscall_stub(void);
struct fixup { uint64_t fault, resume; };
extern const struct fixup fixup_table_start[], fixup_table_end[];
extern const uint64_t smap_sites_start[], smap_sites_end[]; /* addresses of STAC and CLAC instructions */

/* ---- trap.c ---- */
void trap_dispatch(struct trap_frame *f);
void trap_nested(struct trap_frame *f);  /* NMI, #DF, #MC, on their own stacks */

/* ---- fpu.c ---- */
void fpu_enable(void);                   /* on each CPU */
extern uint8_t fpu_has_xsave;            /* switch.S */
void fpu_save(void *image);
void fpu_restore(const void *image);

/* ---- memory.c ---- */
extern paddr_t kernel_root;              /* page-table root of kernel threads; the kernel half of every space */
void physmap_init(void);                 /* from boot.c: all RAM at PHYSMAP_BASE */
void *physmap_view(paddr_t pa, size_t len); /* NULL when [pa, pa + len) is not wholly in the physmap */

/* ---- space.c ---- */
void tlb_answer(void);                   /* do what other CPUs asked of this one */
void tlb_join(void);                     /* this CPU takes part in kernel shootdowns from now on */

/* ---- apic.c ---- */
enum vector {
	VECTOR_PIC = 0x20,      /* 16 of the masked 8259s: spurious ones only */
	VECTOR_GSI = 0x30,      /* 64 IO-APIC lines */
	VECTOR_MSI = 0x70,
	VECTOR_MSI_END = 0xe0,
	VECTOR_KICK = 0xf0,
	VECTOR_TLB,
	VECTOR_TIMER,
	VECTOR_SPURIOUS = 0xff,
};
void lapic_map(void);                    /* once */
void lapic_enable(void);                 /* on each CPU */
void lapic_eoi(void);
void lapic_ipi(unsigned apic_id, unsigned vector);
void lapic_command(unsigned apic_id, uint32_t command); /* INIT, SIPI, NMI */
void lapic_nmi_others(void);
void lapic_timer_start(uint32_t count);  /* one-shot; 0 stops it */
uint32_t lapic_timer_left(void);
unsigned lapic_id(void);
bool lapic_ready(void);

/* ---- acpi.c ---- */
#define ACPI_IOAPICS_MAX 4
struct acpi_info {
	unsigned cpus;                       /* usable ones; the first CPU is among them */
	uint8_t apic_id[64];
	unsigned ioapics;
	struct { paddr_t base; uint32_t gsi_base; } ioapic[ACPI_IOAPICS_MAX];
	struct { bool present; uint32_t gsi; uint16_t flags; } isa[16]; /* interrupt source overrides */
	uint16_t pm1a_control;               /* I/O port; 0 unknown */
};
extern struct acpi_info acpi;
void acpi_init(void);

/* ---- irq.c ---- */
void irq_silence_pic(void);              /* the two 8259s; before lapic_enable */
void irq_init(void);
void irq_dispatch(unsigned vector);

/* ---- clock.c ---- */
void clock_init(void);
void clock_expired(void);                /* the local timer's interrupt */
void clock_delay_us(unsigned us);        /* busy, answering shootdowns */

/* ---- pci.c has no set-up ---- */

/* ---- smp.c ---- */
void smp_park(void); /* at a safe point: stay here while somebody has the others frozen */

#endif
