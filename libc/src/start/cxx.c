/* SPDX-License-Identifier: MIT */
/*
 * The little that C++ without exceptions and RTTI asks of a runtime: operator new and delete, the
 * target of pure virtual calls, guards of function-local statics. The names are the mangled ones
 * of the Itanium C++ ABI, written in C so that building the library needs no C++ compiler.
 *
 * operator new ends the program when memory runs out, since it may not return null and cannot
 * throw; new (std::nothrow) returns null. std::nothrow is a byte of its own here. The guard's
 * first byte is the compiler's "done" flag, which inlined code reads; its second says that some
 * thread is constructing, and others wait for it by giving up the processor. A constructor that
 * needs its own object waits for ever, as the standard allows.
 *
 * __cxa_atexit, which registers destructors of statics, is in stdlib/exit.c with atexit.
 */
#include "../internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__dso_handle;
char _ZSt7nothrow;

void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag);
void *_ZnamRKSt9nothrow_t(size_t size, const void *tag);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
void _ZdlPv(void *p);
void _ZdaPv(void *p);
void _ZdlPvm(void *p, size_t size);
void _ZdaPvm(void *p, size_t size);
void _ZdlPvSt11align_val_t(void *p, size_t alignment);
void _ZdaPvSt11align_val_t(void *p, size_t alignment);
void _ZdlPvmSt11align_val_t(void *p, size_t size, size_t alignment);
void _ZdaPvmSt11align_val_t(void *p, size_t size, size_t alignment);
_Noreturn void __cxa_pure_virtual(void);
_Noreturn void __cxa_deleted_virtual(void);
int __cxa_guard_acquire(unsigned char *guard);
void __cxa_guard_release(unsigned char *guard);
void __cxa_guard_abort(unsigned char *guard);
_Noreturn void __stack_chk_fail(void);

static _Noreturn void die(const char *why)
{
	dprintf(STDERR_FILENO, "%s\n", why);
	abort();
}

void *_Znwm(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		die("operator new: out of memory");
	return p;
}

void *_Znam(size_t size)
{
	return _Znwm(size);
}

void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag)
{
	(void)tag;
	return malloc(size ? size : 1);
}

void *_ZnamRKSt9nothrow_t(size_t size, const void *tag)
{
	return _ZnwmRKSt9nothrow_t(size, tag);
}

void *_ZnwmSt11align_val_t(size_t size, size_t alignment)
{
	void *p = memalign(alignment, size ? size : 1);

	if (!p)
		die("operator new: out of memory");
	return p;
}

void *_ZnamSt11align_val_t(size_t size, size_t alignment)
{
	return _ZnwmSt11align_val_t(size, alignment);
}

void _ZdlPv(void *p)
{
	free(p);
}

void _ZdaPv(void *p)
{
	free(p);
}

void _ZdlPvm(void *p, size_t size)
{
	(void)size;
	free(p);
}

void _ZdaPvm(void *p, size_t size)
{
	(void)size;
	free(p);
}

void _ZdlPvSt11align_val_t(void *p, size_t alignment)
{
	(void)alignment;
	free(p);
}

void _ZdaPvSt11align_val_t(void *p, size_t alignment)
{
	(void)alignment;
	free(p);
}

void _ZdlPvmSt11align_val_t(void *p, size_t size, size_t alignment)
{
	(void)size;
	(void)alignment;
	free(p);
}

void _ZdaPvmSt11align_val_t(void *p, size_t size, size_t alignment)
{
	(void)size;
	(void)alignment;
	free(p);
}

_Noreturn void __cxa_pure_virtual(void)
{
	die("pure virtual function called");
}

_Noreturn void __cxa_deleted_virtual(void)
{
	die("deleted virtual function called");
}

int __cxa_guard_acquire(unsigned char *guard)
{
	for (;;) {
		if (__atomic_load_n(&guard[0], __ATOMIC_ACQUIRE))
			return 0;
		if (!__atomic_exchange_n(&guard[1], 1, __ATOMIC_ACQUIRE))
			break;
		raw0(SYS_sched_yield);
	}
	/* Whoever held the guard may have finished between the two reads. */
	if (!__atomic_load_n(&guard[0], __ATOMIC_ACQUIRE))
		return 1;
	__atomic_store_n(&guard[1], 0, __ATOMIC_RELEASE);
	return 0;
}

void __cxa_guard_release(unsigned char *guard)
{
	__atomic_store_n(&guard[0], 1, __ATOMIC_RELEASE);
	__atomic_store_n(&guard[1], 0, __ATOMIC_RELEASE);
}

void __cxa_guard_abort(unsigned char *guard)
{
	__atomic_store_n(&guard[1], 0, __ATOMIC_RELEASE);
}

/* Called by functions built with -fstack-protector, the default of some distributions. */
_Noreturn void __stack_chk_fail(void)
{
	die("stack smashing detected");
}
