/* SPDX-License-Identifier: MIT */
/*
 * Devices: claiming them, their interrupts, memory that they may reach. The calls are described in
 * abi/atlas.h; all but dma_alloc return a negative errno on failure.
 */
#ifndef ATLAS_DEVICE_H
#define ATLAS_DEVICE_H

#include <abi/atlas.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int pci_claim(unsigned int vendor, unsigned int device, unsigned int index, struct pci_device *info);
/* Returns the value read, 32 bits of it, or a negative errno. */
int64_t pci_config(int fd, unsigned int off, unsigned int width, int write, uint32_t value);
int irq_bind(int port, unsigned int gsi, uint64_t bits);
int msi_bind(int port, uint64_t bits, struct msi_message *message);
int irq_ack(int fd);
/* Null when there is no such memory. It is given back when the process ends. */
void *dma_alloc(size_t npages, uint64_t *paddr);
__END_DECLS

#endif
