/* SPDX-License-Identifier: MIT */
/*
 * Ports, lent frames and objects: wrappers of the calls that abi/atlas.h describes. Unlike the POSIX
 * functions they return a negative errno on failure and leave errno alone: servers pass errors on
 * in messages, and the number is what they need.
 */
#ifndef ATLAS_PORT_H
#define ATLAS_PORT_H

#include <abi/atlas.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int port_create(int flags);
int port_client(int port, uint64_t badge);
int port_call(int fd, struct msg *m, size_t cap);
int port_call_lend(int fd, struct msg *m, size_t cap, int port, uint64_t token);
int port_receive(int port, struct msg *m, size_t cap, int64_t timeout_ns);
int port_reply(int port, struct msg *m);
int port_reply_receive(int port, struct msg *m, size_t cap);
int port_notify(int fd, uint64_t bits);
int port_timer(int port, uint64_t deadline_ns, uint64_t bits);
int port_offer(int port, uint64_t token, int fd, uint64_t off);

int loan_paddr(int port, uint64_t token, uint32_t first, uint32_t count, uint64_t *paddr);
int loan_zero(int port, uint64_t token, uint64_t off, uint64_t len);
/* to_loan: nonzero copies buf into the loan, zero copies the loan into buf. */
int loan_copy(int port, uint64_t token, uint64_t off, void *buf, uint64_t len, int to_loan);

int object_create(int fd, uint64_t key, uint64_t size, int flags);
int object_clean(int fd, uint64_t off, uint64_t len, int how);
__END_DECLS

#endif
