/* SPDX-License-Identifier: MIT */
/*
 * fpu.c: the x87, SSE and AVX registers of user programs. The kernel is compiled without them, so what is live belongs
 * to the current thread, from its arch_switch in to its arch_switch out; a thread's image in memory is up to date only
 * while it does not run, or right after fpu_save_current().
 *
 * With XSAVE the standard (uncompacted) format is used, for that is what a program finds in its signal frame: the 512
 * bytes of FXSAVE, a header of 64 bytes (SDM vol. 1, 13.4), the AVX halves. XCR0 enables x87, SSE and AVX; larger
 * states (AVX-512) stay off, so an image is at most 832 bytes. Without XSAVE it is FXSAVE's 512 bytes.
 *
 * No locks: an image belongs to its thread. Images in user memory are saved and loaded by usercopy.S, which survives
 * the #GP of XRSTOR and FXRSTOR for reserved bits.
 * Rejected: loading lazily at first use (#NM): one more fault and one more owner to chase, to save one instruction.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "x86.h"

#define XCR0_X87_SSE 3
#define XCR0_AVX     4
#define FXSAVE_SIZE  512
#define IMAGE_MAX    832
#define MXCSR_DEFAULT 0x1f80
#define FCW_DEFAULT   0x37f

struct fxsave {
	uint16_t fcw, fsw, ftw, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t registers[480];
};
struct xsave_header { uint64_t state, compact, reserved[6]; };
struct xsave { struct fxsave legacy; struct xsave_header header; };

uint8_t fpu_has_xsave;
static uint64_t xcr0;
size_t fpu_image_size = FXSAVE_SIZE;
static uint32_t mxcsr_valid;
static uint8_t initial[IMAGE_MAX] __attribute__((aligned(64)));

static void features_find(void)
{
	static struct fxsave probe __attribute__((aligned(16)));

	if (cpu_features.xsave) {
		fpu_has_xsave = 1;
		xcr0 = XCR0_X87_SSE | (cpu_features.avx ? cpuid(0xd, 0).a & XCR0_AVX : 0);
	}
	__asm__ volatile("fxsave64 %0" : "=m"(probe));
	mxcsr_valid = probe.mxcsr_mask ? probe.mxcsr_mask : 0xffbf; /* SDM vol. 1, 11.6.6 */
}

void fpu_enable(void)
{
	uint32_t mxcsr = MXCSR_DEFAULT;

	if (!mxcsr_valid)
		features_find();
	if (fpu_has_xsave) {
		__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)xcr0), "d"(0));
		fpu_image_size = cpuid(0xd, 0).b;
	}
	assert(fpu_image_size <= IMAGE_MAX);
	fpu_init(initial);
	__asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(mxcsr));
}

void fpu_init(void *image)
{
	struct fxsave *fx = image;

	memset(image, 0, fpu_image_size);
	fx->fcw = FCW_DEFAULT;
	fx->mxcsr = MXCSR_DEFAULT;
	fx->mxcsr_mask = mxcsr_valid;
	if (fpu_has_xsave)
		((struct xsave *)image)->header.state = XCR0_X87_SSE;
}

void fpu_save(void *image)
{
	if (fpu_has_xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(image), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(image) : "memory");
}

void fpu_restore(const void *image)
{
	if (fpu_has_xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(image), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(image) : "memory");
}

void fpu_save_current(void)
{
	fpu_save(((struct arch_thread *)thread_current())->fpu);
}

void fpu_load_current(void)
{
	fpu_restore(((struct arch_thread *)thread_current())->fpu);
}

uint64_t fpu_components(void)
{
	return xcr0;
}

uint32_t fpu_mxcsr_mask(void)
{
	return mxcsr_valid;
}

void fpu_load_initial(void)
{
	fpu_restore(initial);
}

unsigned fpu_exceptions(bool x87)
{
	uint16_t control, status;
	uint32_t mxcsr;

	if (x87) {
		__asm__ volatile("fnstcw %0\n\tfnstsw %1" : "=m"(control), "=m"(status));
		return status & ~control & 0x3f;
	}
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return mxcsr & ~(mxcsr >> 7) & 0x3f;
}
