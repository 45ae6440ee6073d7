/* SPDX-License-Identifier: MIT */
/* Ports of the processor: permission and access, for drivers. */
#ifndef SYS_IO_H
#define SYS_IO_H

#include <sys/cdefs.h>

__BEGIN_DECLS
int iopl(int level);
int ioperm(unsigned long from, unsigned long count, int on);
__END_DECLS

static inline unsigned char inb(unsigned short port)
{
	unsigned char value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(unsigned char value, unsigned short port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

#endif
