/* SPDX-License-Identifier: MIT */
/*
 * Device names, the paging role, and the kernel's checks of itself: one system call a function;
 * contracts in abi/atlas.h, the form of errors in atlas/system.h.
 *
 * vm_audit, kernel_test and alloc_fail are for the test runner: the first recomputes every count of
 * the memory system, the second runs suites inside the kernel, the third makes the n-th
 * allocation fail and tells how many there have been, so that a test can walk through all of them.
 */
#include "../internal.h"
#include <atlas/system.h>

int dev_signal(int port, uint64_t terminal, int signo)
{
	return (int)raw3(SYS_dev_signal, port, terminal, signo);
}

int dev_register(int port, const char *name, unsigned int mode, uint64_t rdev)
{
	return (int)raw4(SYS_dev_register, port, name, mode, rdev);
}

int dev_poll_changed(void)
{
	return (int)raw0(SYS_dev_poll_changed);
}

int pager_role(void)
{
	return (int)raw0(SYS_pager_role);
}

long vm_audit(void)
{
	return raw0(SYS_vm_audit);
}

long kernel_test(const char *pattern, size_t len)
{
	return raw2(SYS_kernel_test, pattern, len);
}

long alloc_fail(unsigned long n)
{
	return raw1(SYS_alloc_fail, n);
}
