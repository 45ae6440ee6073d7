/* SPDX-License-Identifier: MIT */
/*
 * System calls that only Atlas has: ports, lent frames, devices, mounting. Servers use them; ordinary programs
 * need none. Numbers lie far above Linux's. All return 0 or a value >= 0, or a negative errno, like Linux calls.
 * All but port_call on an inherited handle, and vm_audit, need uid 0 (EPERM).
 *
 * A handle is a descriptor: it is inherited by fork, survives execve (unless FD_CLOEXEC) and is closed at exit.
 */
#ifndef ABI_ATLAS_H
#define ABI_ATLAS_H

#include <abi/types.h>

/* ---- ports ----
 * A message is a fixed head and up to MSG_DATA_MAX bytes behind it. The caller's buffer is overwritten by the reply.
 *   port_create(flags)                          -> fd of the receive right (flags: O_CLOEXEC)
 *   port_client(port, badge)                    -> fd of a right to call it; `badge` is shown to the receiver
 *   port_call(fd, struct msg *m, cap)           -> 0 when a reply came (its status is m->status)
 *   port_call_lend(fd, m, cap, port, token)     -> the same; lends on the frames of the call `token` held from `port`
 *   port_receive(port, m, cap, timeout_ns)      -> 0 (a call, or a notification: op MSG_NOTIFY, arg[0] = bits);
 *                                                  timeout_ns < 0 waits for ever; ETIMEDOUT, EINTR
 *   port_reply(port, m)                         -> 0; ESRCH when the caller is gone (m->token names the call)
 *   port_reply_receive(port, m, cap)            -> reply to m->token, then receive into m; ENOMEM of either: no memory
 *                                                  for the data, nothing was received, the caller waits: once more
 *   port_notify(fd, bits)                       -> ORs bits into the port's pending notification
 *   port_timer(port, deadline_ns, bits)         -> one-shot, CLOCK_MONOTONIC; deadline 0 cancels
 *   port_offer(port, token, fd, off)            -> memory goes with the reply to the call `token`, to be mapped by who
 *                                                  called (abi/devproto.h): what `fd` shows from `off` on, a memory
 *                                                  file (memfd_create) or a BAR of a claimed device. When the port
 *                                                  dies it vanishes from every mapping: SIGBUS. EINVAL: other memory;
 *                                                  ENODEV: none; EBUSY: offered through another port; ESRCH
 * Errors: EBADF, EFAULT, EMSGSIZE (cap or data_len), EPIPE (the port's owner died), EINTR (a signal came first).
 */
#define SYS_port_create        1000
#define SYS_port_client        1001
#define SYS_port_call          1002
#define SYS_port_call_lend     1003
#define SYS_port_receive       1004
#define SYS_port_reply         1005
#define SYS_port_reply_receive 1006
#define SYS_port_notify        1007
#define SYS_port_timer         1008
#define SYS_port_offer         1009

#define MSG_DATA_MAX 4096
#define MSG_ARGS 7
#define MSG_NOTIFY 0xffffffffu

struct msg {
	uint64_t token;    /* receive: names the call; reply: the call answered */
	uint64_t badge;    /* receive: which right was used */
	uint32_t op;       /* call: the operation */
	int32_t status;    /* reply: 0 or a negative errno */
	uint32_t data_len; /* bytes used behind the head */
	uint32_t npages;   /* receive: frames lent with the call */
	uint64_t arg[MSG_ARGS];
	/* data_len bytes follow */
}; /* 88 bytes */

/* ---- lent frames ----
 *   loan_paddr(port, token, first, count, u64 *paddr)      physical addresses, for DMA
 *   loan_zero(port, token, off, len)                       zero bytes of the loan (holes of a file)
 *   loan_copy(port, token, off, buf, len, to_loan)         copy between the loan and the caller's memory
 */
#define SYS_loan_paddr 1010
#define SYS_loan_zero  1011
#define SYS_loan_copy  1012
#define LOAN_MAX 32 /* frames in one loan */

/* ---- objects ----
 *   object_create(fd, key, size, flags)    -> fd to mmap (shared, read-only), pread, pwrite, fstat; its pager is
 *                                             the port behind the client right fd; key names it in pager messages
 *   object_clean(fd, off, len, how)        OBJECT_WRITE: write dirty blocks of the range, wait for the pager;
 *                                          OBJECT_DISCARD: drop their dirty marks unwritten
 * With OBJECT_BLOCKS an object is dirty by 512-byte sector: pwrite marks the sectors it covers, nothing else is ever
 * written, and only when object_clean says so.
 */
#define SYS_object_create 1020
#define SYS_object_clean  1021
#define OBJECT_BLOCKS  1
#define OBJECT_WRITE   1
#define OBJECT_DISCARD 2

/* ---- names ----
 *   fs_mount(file_port, pager_port, path, flags, root_key)   client rights; path "/" replaces the boot archive
 *   fs_service(port)                                         client right: who mounts disks for mount(2), see below
 *   fs_unmount(path)                                         writes everything, sends FS_UNMOUNT
 *   dev_register(port, name, mode, rdev)                     /dev/NAME is served by the port (abi/devproto.h)
 *   dev_poll_changed()                                       who polls a device asks its server again (DEV_POLL)
 *   dev_signal(port, terminal, signo)                        to the foreground group of that terminal of the port's
 *   pager_role()                                             this process serves paging: its memory is filled at
 *                                                            once, its allocations may use the reserve
 */
#define SYS_fs_mount     1030
#define SYS_fs_unmount   1031
#define SYS_dev_register 1032
#define SYS_pager_role   1033
#define SYS_dev_poll_changed 1034
#define SYS_dev_signal   1035
#define SYS_fs_service   1036
#define FS_MOUNT_RDONLY 1
#define FS_MOUNT_DISK(n) ((n) << 8) /* in fs_mount's flags: the n-th disk is mounted, /dev/vda is 0 */
/*
 * Calls of the service; arg[0] is the disk. MOUNT: arg[1] FS_MOUNT_RDONLY; data: the path. It is mounted when that is
 * answered
 */
#define FS_SERVE_MOUNT 1
#define FS_SERVE_UNMOUNTED 2

/* ---- devices ----
 *   pci_claim(vendor, device, index, struct pci_device *)    -> fd; ENODEV; EBUSY when claimed. Closing it stops DMA.
 *                                                               mmap(fd, PCI_BAR(n) + off) maps BAR n uncached
 *   pci_config(fd, off, width, write, value)                 -> value read (width 1, 2, 4)
 *   irq_bind(port, gsi, bits)                                -> fd; the interrupt notifies the port with bits and
 *                                                               stays masked until irq_ack(fd)
 *   msi_bind(port, bits, struct msi_message *)               -> fd; edge: needs no ack
 *   irq_ack(fd)
 *   dma_alloc(npages, u64 *paddr)                            -> address of wired, contiguous, zeroed memory
 */
#define SYS_pci_claim  1040
#define SYS_pci_config 1041
#define SYS_irq_bind   1042
#define SYS_msi_bind   1043
#define SYS_irq_ack    1044
#define SYS_dma_alloc  1045

#define PCI_BAR(n) ((uint64_t)(n) << 40)

struct pci_device {
	uint16_t bus_dev_fn, vendor, device, class_code;
	uint32_t gsi; /* of INTx */
	uint32_t pad;
	struct { uint64_t paddr, size; uint32_t is_io, pad; } bar[6];
};

struct msi_message { uint64_t address; uint32_t data; uint32_t pad; };

/* ---- trust ----
 *   vm_audit()                 -> number of inconsistencies found (0); each is described in the log
 *   kernel_test(name, len)     -> number of failed in-kernel tests matching the pattern
 *   alloc_fail(n)              -> the n-th kernel allocation from now fails (0: none); returns allocations so far
 */
#define SYS_vm_audit    1050
#define SYS_kernel_test 1051
#define SYS_alloc_fail  1052

#endif
