/* SPDX-License-Identifier: MIT */
/*
 * __unmap_and_exit(map, len): a detached thread unmaps the stack that it stands on and ends. Nothing may be pushed
 * between the two calls. Signals are blocked.
 */
#include <abi/syscall.h>

	.text
	.globl __unmap_and_exit
	.type __unmap_and_exit, @function
__unmap_and_exit:
	mov $SYS_munmap, %eax
	syscall
	xor %edi, %edi
	mov $SYS_exit, %eax
	syscall
	hlt
	.size __unmap_and_exit, . - __unmap_and_exit

	.section .note.GNU-stack, "", @progbits
