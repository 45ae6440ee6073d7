/* SPDX-License-Identifier: MIT */
/*
 * Devices: one system call a function; contracts in abi/atlas.h, the form of errors in
 * atlas/device.h.
 *
 * A claimed device, an interrupt binding and DMA memory all belong to the process and go when it
 * dies, in the order that the kernel knows to be safe (the device is stopped first), so there are no
 * functions to give them back but close.
 */
#include "../internal.h"
#include <atlas/device.h>

#define MAX_ERRNO 4095

int pci_claim(unsigned int vendor, unsigned int device, unsigned int index, struct pci_device *info)
{
	return (int)raw4(SYS_pci_claim, vendor, device, index, info);
}

int64_t pci_config(int fd, unsigned int off, unsigned int width, int write, uint32_t value)
{
	return raw5(SYS_pci_config, fd, off, width, write, value);
}

int irq_bind(int port, unsigned int gsi, uint64_t bits)
{
	return (int)raw3(SYS_irq_bind, port, gsi, bits);
}

int msi_bind(int port, uint64_t bits, struct msi_message *message)
{
	return (int)raw3(SYS_msi_bind, port, bits, message);
}

int irq_ack(int fd)
{
	return (int)raw1(SYS_irq_ack, fd);
}

void *dma_alloc(size_t npages, uint64_t *paddr)
{
	long at = raw2(SYS_dma_alloc, npages, paddr);

	return (unsigned long)at >= -(unsigned long)MAX_ERRNO ? NULL : (void *)at;
}
