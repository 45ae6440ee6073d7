/* SPDX-License-Identifier: MIT */
/*
 * The frame of a signal handler on the user's stack, exactly as Linux lays it on x86-64 (the psABI leaves it to the
 * kernel; C libraries, unwinders and debuggers know this one). From higher to lower addresses:
 *
 *      interrupted rsp
 *      128 bytes        the red zone, which leaf functions use without moving rsp
 *      FPU image        64-aligned; FXSAVE's 512 bytes, or XSAVE's area followed by a magic word
 *      struct frame     siginfo, ucontext, and at the bottom the address of the restorer, where `ret` finds it
 *   ── rsp              16 n + 8, as after a call
 *
 * With SA_ONSTACK and an alternate stack that is not in use the frame starts at the top of that stack and there is no
 * red zone. Bytes 464 to 511 of the FXSAVE area, which the processor ignores, say how much follows
 * (FP_XSTATE_MAGIC1).
 *
 * rt_sigreturn reads the frame back. Everything in it is the program's to forge: segments and flags are forced to
 * what user mode may have, the FPU image is tried before it is loaded, a bad address ends in SIGSEGV. The frame's
 * vector becomes 0, not a system call's, for all registers are to come back, rcx and r11 with them, and nothing is to
 * be restarted.
 *
 * Neither function holds a lock: the stack may have to be paged in.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define RED_ZONE 128
#define FXSAVE_SIZE 512
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
#define FPU_ALIGN 64

struct frame {
	uint64_t restorer;
	struct abi_ucontext uc;
	struct abi_siginfo info;
};

/* In bytes 464.. of the FXSAVE area. */
struct fpx_sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t xstate_size, pad[7];
};
_Static_assert(sizeof(struct fpx_sw_bytes) == 48, "software bytes of the FXSAVE area");
_Static_assert(sizeof(struct abi_ucontext) == 304, "ucontext as Linux has it");
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo as Linux has it");
_Static_assert(sizeof(struct abi_sigcontext) == 256, "sigcontext as Linux has it");

static bool has_xsave(void) { return fpu_size() > FXSAVE_SIZE; }

/* State components in the image: x87, SSE, and AVX when its 256 bytes are there. */
static uint64_t xsave_features(void) { return fpu_size() >= FXSAVE_SIZE + 64 + 256 ? 7 : 3; }

bool signal_on_altstack(const struct thread *t, vaddr_t sp)
{
	return !(t->altstack.ss_flags & SS_DISABLE) && sp > t->altstack.ss_sp && sp - t->altstack.ss_sp <= t->altstack.ss_size;
}

/* A kernel buffer for an image, aligned as the processor wants it. */
static void *image_alloc(void **block)
{
	*block = kmalloc(fpu_size() + FPU_ALIGN);
	return *block ? (void *)ALIGN_UP((uintptr_t)*block, FPU_ALIGN) : NULL;
}

static int fpu_push(vaddr_t at)
{
	struct thread *t = thread_current();
	uint32_t magic2 = FP_XSTATE_MAGIC2;
	struct fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = fpu_size() + sizeof(magic2),
		.features = xsave_features(),
		.xstate_size = fpu_size(),
	};
	void *block, *image = image_alloc(&block);
	if (!image)
		return -EFAULT;
	fpu_save_current();
	memcpy(image, t->arch.fpu, fpu_size()); /* the copy out may sleep, which saves over the thread's own */
	if (has_xsave())
		memcpy((char *)image + FXSAVE_SIZE - sizeof(sw), &sw, sizeof(sw));
	int err = copy_to_user(at, image, fpu_size());
	if (!err && has_xsave())
		err = copy_to_user(at + fpu_size(), &magic2, sizeof(magic2));
	kfree(block);
	fpu_init(t->arch.fpu); /* the handler starts like a program does */
	fpu_load_current();
	return err;
}

static void context_save(struct abi_sigcontext *c, const struct trap_frame *f, const struct thread *t)
{
	c->r8 = f->r8;
	c->r9 = f->r9;
	c->r10 = f->r10;
	c->r11 = f->r11;
	c->r12 = f->r12;
	c->r13 = f->r13;
	c->r14 = f->r14;
	c->r15 = f->r15;
	c->rdi = f->rdi;
	c->rsi = f->rsi;
	c->rbp = f->rbp;
	c->rbx = f->rbx;
	c->rdx = f->rdx;
	c->rax = f->rax;
	c->rcx = f->rcx;
	c->rsp = f->rsp;
	c->rip = f->rip;
	c->eflags = f->rflags;
	c->cs = f->cs;
	c->ss = f->ss;
	c->err = t->fault_error;
	c->trapno = t->fault_trapno;
	c->cr2 = t->fault_cr2;
}

static void context_restore(struct trap_frame *f, const struct abi_sigcontext *c)
{
	f->r8 = c->r8;
	f->r9 = c->r9;
	f->r10 = c->r10;
	f->r11 = c->r11;
	f->r12 = c->r12;
	f->r13 = c->r13;
	f->r14 = c->r14;
	f->r15 = c->r15;
	f->rdi = c->rdi;
	f->rsi = c->rsi;
	f->rbp = c->rbp;
	f->rbx = c->rbx;
	f->rdx = c->rdx;
	f->rax = c->rax;
	f->rcx = c->rcx;
	f->rsp = c->rsp;
	f->rip = c->rip;
	f->rflags = c->eflags;
	arch_frame_sanitize(f);
}

static vaddr_t stack_for(const struct thread *t, vaddr_t sp, const struct abi_sigaction *sa)
{
	bool other = sa->flags & SA_ONSTACK && !(t->altstack.ss_flags & SS_DISABLE) && !signal_on_altstack(t, sp);
	return other ? t->altstack.ss_sp + t->altstack.ss_size : sp - RED_ZONE;
}

int signal_frame_push(struct trap_frame *f, int signo, const struct abi_sigaction *sa, const struct abi_siginfo *info,
                      uint64_t mask)
{
	struct thread *t = thread_current();
	struct frame frame;
	bool was_on_altstack = signal_on_altstack(t, f->rsp);
	vaddr_t sp = stack_for(t, f->rsp, sa);
	vaddr_t image = ALIGN_DOWN(sp - fpu_size() - (has_xsave() ? sizeof(uint32_t) : 0), (vaddr_t)FPU_ALIGN);
	sp = ALIGN_DOWN(image - sizeof(frame), 16ul) - 8;
	/* An alternate stack that is too small would be overrun into what lies below it. */
	if ((was_on_altstack || (sa->flags & SA_ONSTACK && signal_on_altstack(t, image))) && !signal_on_altstack(t, sp))
		return -EFAULT;
	if (!(sa->flags & SA_RESTORER) || sp >= USER_END || sa->handler >= USER_END)
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	frame.restorer = sa->restorer;
	frame.info = *info;
	frame.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (has_xsave() ? UC_FP_XSTATE : 0);
	frame.uc.uc_stack = t->altstack;
	if (was_on_altstack)
		frame.uc.uc_stack.ss_flags |= SS_ONSTACK;
	context_save(&frame.uc.uc_mcontext, f, t);
	frame.uc.uc_mcontext.oldmask = mask;
	frame.uc.uc_mcontext.fpstate = image;
	frame.uc.uc_sigmask = mask;
	if (fpu_push(image) != 0 || copy_to_user(sp, &frame, sizeof(frame)) != 0)
		return -EFAULT;
	f->rdi = signo;
	f->rsi = sp + offsetof(struct frame, info);
	f->rdx = sp + offsetof(struct frame, uc);
	f->rax = 0;
	f->rsp = sp;
	f->rip = sa->handler;
	f->rflags &= ~(1ul << 10 | 1ul << 8 | 1ul << 16); /* DF, TF, RF: as at a function's entry */
	arch_frame_sanitize(f);
	return 0;
}

/* The image at `at` becomes the live vector state. 0: the state a program starts with. */
static int fpu_pop(vaddr_t at)
{
	struct thread *t = thread_current();
	void *block, *image = image_alloc(&block);
	struct fpx_sw_bytes sw;
	if (!image)
		return -EFAULT;
	fpu_init(image);
	int err = at ? copy_from_user(image, at, FXSAVE_SIZE) : 0;
	memcpy(&sw, (char *)image + FXSAVE_SIZE - sizeof(sw), sizeof(sw));
	if (!err && at && has_xsave()) {
		char *header = (char *)image + FXSAVE_SIZE;
		if (sw.magic1 == FP_XSTATE_MAGIC1 && sw.xstate_size == fpu_size()) {
			err = copy_from_user(header, at + FXSAVE_SIZE, fpu_size() - FXSAVE_SIZE);
		} else {
			uint64_t legacy = 3; /* a frame with FXSAVE's part only */
			memset(header, 0, fpu_size() - FXSAVE_SIZE);
			memcpy(header, &legacy, sizeof(legacy));
		}
	}
	if (!err && !fpu_image_valid(image))
		err = -EFAULT;
	if (!err) {
		memcpy(t->arch.fpu, image, fpu_size());
		fpu_load_current();
	}
	kfree(block);
	return err;
}

int signal_frame_pop(struct trap_frame *f)
{
	struct thread *t = thread_current();
	struct frame frame;
	vaddr_t at = f->rsp - sizeof(frame.restorer); /* the handler's ret has taken it off the stack */
	if (copy_from_user(&frame, at, sizeof(frame)) != 0)
		return -EFAULT;
	if (fpu_pop(frame.uc.uc_mcontext.fpstate) != 0)
		return -EFAULT;
	context_restore(f, &frame.uc.uc_mcontext);
	f->vector = 0;
	if (!signal_on_altstack(t, f->rsp)) {
		t->altstack = frame.uc.uc_stack;
		t->altstack.ss_flags &= SS_DISABLE;
	}
	signal_set_mask(frame.uc.uc_sigmask);
	return 0;
}
