/* SPDX-License-Identifier: MIT */
/*
 * Numbers that assembly needs, computed by the compiler. This file is compiled to assembly text only; the lines that
 * begin with "->" become "#define NAME VALUE" in build/gen/asm-offsets.h. So an offset is never typed by hand, and a
 * field that moves cannot leave entry.S behind.
 */
#include <stddef.h>

#include "arch_impl.h"
#include "task/task.h"
#include "x86.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %c0" : : "i"(value))

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
	DEFINE(CPU_KERNEL_STACK, offsetof(struct cpu, kernel_stack));
	DEFINE(CPU_USER_STACK, offsetof(struct cpu, user_stack));
	DEFINE(CPU_ENTERED, offsetof(struct cpu, entered));
	DEFINE(CPU_RESCHED, offsetof(struct cpu, resched));
	DEFINE(CPU_ARCH, offsetof(struct cpu, arch));
	DEFINE(PRIVATE_RSP0, offsetof(struct cpu_private, tss.rsp));

	DEFINE(THREAD_PENDING, offsetof(struct thread, pending));
	DEFINE(THREAD_SYSTEM, offsetof(struct thread, system_cycles));
	DEFINE(THREAD_RSP, offsetof(struct arch_thread, rsp));
	DEFINE(THREAD_STACK, offsetof(struct arch_thread, stack));
	DEFINE(THREAD_FS_BASE, offsetof(struct arch_thread, fs_base));
	DEFINE(THREAD_GS_BASE, offsetof(struct arch_thread, gs_base));
	DEFINE(THREAD_FPU, offsetof(struct arch_thread, fpu));
	DEFINE(KSTACK_SIZE, KSTACK_PAGES * PAGE_SIZE);

	DEFINE(FRAME_R11, offsetof(struct trap_frame, r11));
	DEFINE(FRAME_RCX, offsetof(struct trap_frame, rcx));
	DEFINE(FRAME_RDI, offsetof(struct trap_frame, rdi));
	DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
	DEFINE(FRAME_ERROR, offsetof(struct trap_frame, error));
	DEFINE(FRAME_RIP, offsetof(struct trap_frame, rip));
	DEFINE(FRAME_CS, offsetof(struct trap_frame, cs));
	DEFINE(FRAME_RFLAGS, offsetof(struct trap_frame, rflags));
	DEFINE(FRAME_RSP, offsetof(struct trap_frame, rsp));
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));
	DEFINE(VECTOR_SYSCALL, SYSCALL_VECTOR);

	DEFINE(SEL_USER_CS, USER_CS);
	DEFINE(SEL_USER_DS, USER_DS);
	DEFINE(FLAGS_NO_SYSRET, RFLAGS_TF | RFLAGS_RF);
	DEFINE(MSR_FS, MSR_FS_BASE);
	DEFINE(MSR_GS, MSR_GS_BASE);
	DEFINE(MSR_USER_GS, MSR_KERNEL_GS_BASE);
	DEFINE(ERR_FAULT, 14);
	DEFINE(IMAGE_BASE, KERNEL_BASE);
}
