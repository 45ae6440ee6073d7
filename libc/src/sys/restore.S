/* SPDX-License-Identifier: MIT */
/*
 * Where a signal handler returns to: the frame that the kernel pushed lies at rsp, and
 * rt_sigreturn restores everything from it.
 */
#include <abi/syscall.h>

	.text
	.globl __restore_rt
	.type __restore_rt, @function
__restore_rt:
	mov $SYS_rt_sigreturn, %eax
	syscall
	hlt
	.size __restore_rt, . - __restore_rt

	.section .note.GNU-stack, "", @progbits
