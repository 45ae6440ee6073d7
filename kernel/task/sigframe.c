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
 * what user mode may have, an FPU image that the processor refuses ends in SIGSEGV, and so does a bad address. The
 * frame's vector becomes 0, not a system call's, for all registers are to come back, rcx and r11 with them, and nothing
 * is to be restarted.
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
#define XSAVE_HEADER 64
#define XSTATE_X87_SSE 3
#define MXCSR_AT 24 /* in the FXSAVE area */

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

/* ---- the alternate stack ---- */

static bool within(const struct abi_stack *stack, vaddr_t sp)
{
	return sp > stack->ss_sp && sp - stack->ss_sp <= stack->ss_size;
}

static bool on_altstack(const struct thread *t, vaddr_t sp)
{
	return !((uint32_t)t->altstack.ss_flags & SS_AUTODISARM) && within(&t->altstack, sp);
}

int signal_altstack_state(const struct thread *t, vaddr_t sp)
{
	return !t->altstack.ss_size ? SS_DISABLE : on_altstack(t, sp) ? SS_ONSTACK : 0;
}

int signal_altstack_set(struct thread *t, vaddr_t sp, const struct abi_stack *new)
{
	uint32_t mode = (uint32_t)new->ss_flags & ~SS_AUTODISARM;
	if (on_altstack(t, sp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode != SS_DISABLE && new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack = (struct abi_stack){ .ss_flags = new->ss_flags };
	if (mode != SS_DISABLE) {
		t->altstack.ss_sp = new->ss_sp;
		t->altstack.ss_size = new->ss_size;
	}
	return 0;
}

/* ---- vector state ---- */

/* How often the pages of an image may vanish between bringing them in and using them. */
#define IMAGE_TRIES 4

static int image_fault_in(vaddr_t at, bool write)
{
	int err = user_fault_in(at, write);
	return err ? err : user_fault_in(at + fpu_size() - 1, write);
}

/* What tells a program how much there is; x87 and SSE count as in use, should it look for them or change them. */
static int image_describe(vaddr_t at)
{
	const uint32_t magic2 = FP_XSTATE_MAGIC2;
	struct { struct fpx_sw_bytes sw; uint64_t in_use; } d = { /* XSAVE's header, which begins with in_use, follows */
		.sw.magic1 = FP_XSTATE_MAGIC1,
		.sw.extended_size = fpu_size() + sizeof(magic2),
		.sw.features = fpu_components(),
		.sw.xstate_size = fpu_size(),
	};
	int err = copy_from_user(&d.in_use, at + FXSAVE_SIZE, sizeof(d.in_use));
	d.in_use |= XSTATE_X87_SSE;
	if (!err)
		err = copy_to_user(at + FXSAVE_SIZE - sizeof(d.sw), &d, sizeof(d));
	return err ? err : copy_to_user(at + fpu_size(), &magic2, sizeof(magic2));
}

/* The live state to `at`. XSAVE leaves the reserved words of the header as they are. */
static int fpu_push(vaddr_t at)
{
	int err = has_xsave() ? zero_user(at + FXSAVE_SIZE, XSAVE_HEADER) : 0;
	for (int tries = 0; !err && user_fpu_save(at) != 0; tries++)
		err = tries < IMAGE_TRIES ? image_fault_in(at, true) : -EFAULT;
	return err || !has_xsave() ? err : image_describe(at);
}

/*
 * Which components the image at `at` holds: all that its software bytes name, if these are whole; else it is a frame
 * with FXSAVE's part only, and *legacy says so. A reserved bit is left to XRSTOR to refuse.
 */
static int image_components(vaddr_t at, uint64_t *components, bool *legacy)
{
	struct fpx_sw_bytes sw;
	uint32_t magic2;
	*legacy = true;
	*components = XSTATE_X87_SSE;
	if (copy_from_user(&sw, at + FXSAVE_SIZE - sizeof(sw), sizeof(sw)) != 0)
		return -EFAULT;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size < FXSAVE_SIZE + XSAVE_HEADER || sw.xstate_size > fpu_size() ||
	    sw.xstate_size > sw.extended_size)
		return 0;
	if (copy_from_user(&magic2, at + sw.xstate_size, sizeof(magic2)) != 0)
		return -EFAULT;
	*legacy = magic2 != FP_XSTATE_MAGIC2;
	if (!*legacy)
		*components = sw.features & fpu_components();
	return 0;
}

/* A frame without XSAVE's header: its FXSAVE part through a kernel buffer, which has one. */
static int fpu_pop_legacy(vaddr_t at)
{
	struct thread *t = thread_current();
	char legacy[FXSAVE_SIZE] __attribute__((aligned(FPU_ALIGN)));
	uint32_t mxcsr;
	if (copy_from_user(legacy, at, sizeof(legacy)) != 0)
		return -EFAULT;
	fpu_init(t->arch.fpu);
	memcpy(&mxcsr, legacy + MXCSR_AT, sizeof(mxcsr));
	if (mxcsr & ~fpu_mxcsr_mask())
		return -EFAULT;
	memcpy(t->arch.fpu, legacy, sizeof(legacy));
	fpu_load_current();
	return 0;
}

/* The image at `at` becomes the live vector state. 0: the state a program starts with. */
static int fpu_pop(vaddr_t at)
{
	uint64_t components = 0;
	bool legacy = false;
	fpu_load_initial();
	if (!at)
		return 0;
	int err = at % FPU_ALIGN ? -EFAULT : has_xsave() ? image_components(at, &components, &legacy) : 0;
	if (legacy)
		return err ? err : fpu_pop_legacy(at);
	for (int tries = 0; !err && user_fpu_restore(at, components) != 0; tries++)
		err = tries < IMAGE_TRIES ? image_fault_in(at, false) : -EFAULT;
	if (err)
		fpu_load_initial();
	return err;
}

/* ---- general registers ---- */

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
	c->gs = c->fs = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(c->reserved); i++)
		c->reserved[i] = 0;
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

/* ---- the frame ---- */

int signal_frame_push(struct trap_frame *f, int signo, const struct abi_sigaction *sa, const struct abi_siginfo *info,
                      uint64_t mask)
{
	struct thread *t = thread_current();
	struct frame frame;
	vaddr_t sp = f->rsp - RED_ZONE;
	bool enters = sa->flags & SA_ONSTACK && signal_altstack_state(t, sp) == 0, nested = on_altstack(t, f->rsp);
	if (enters)
		sp = t->altstack.ss_sp + t->altstack.ss_size;
	vaddr_t image = ALIGN_DOWN(sp - fpu_size() - (has_xsave() ? sizeof(uint32_t) : 0), (vaddr_t)FPU_ALIGN);
	sp = ALIGN_DOWN(image - sizeof(frame), 16ul) - 8;
	/* An alternate stack that is too small would be overrun into what lies below it. */
	if ((enters || nested) && !within(&t->altstack, sp))
		return -EFAULT;
	if (!(sa->flags & SA_RESTORER))
		return -EFAULT;
	/* Every word of the frame is set: one left out would show what the kernel's stack held. */
	frame.restorer = sa->restorer;
	frame.info = *info;
	frame.uc.uc_link = 0;
	frame.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (has_xsave() ? UC_FP_XSTATE : 0);
	frame.uc.uc_stack = t->altstack;
	context_save(&frame.uc.uc_mcontext, f, t);
	frame.uc.uc_mcontext.oldmask = mask;
	frame.uc.uc_mcontext.fpstate = image;
	frame.uc.uc_sigmask = mask;
	if (fpu_push(image) != 0 || copy_to_user(sp, &frame, sizeof(frame)) != 0)
		return -EFAULT;
	fpu_load_initial();
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

int signal_frame_pop(struct trap_frame *f)
{
	struct thread *t = thread_current();
	struct abi_ucontext uc;
	if (copy_from_user(&uc, f->rsp, sizeof(uc)) != 0) /* the handler's ret has taken the restorer off the stack */
		return -EFAULT;
	signal_set_mask(uc.uc_sigmask);
	context_restore(f, &uc.uc_mcontext);
	f->vector = 0;
	if (fpu_pop(uc.uc_mcontext.fpstate) != 0)
		return -EFAULT;
	(void)signal_altstack_set(t, f->rsp, &uc.uc_stack); /* as it was, or not at all */
	return 0;
}
