/* SPDX-License-Identifier: MIT */
/*
 * Ports, loans and objects: one system call a function, and the kernel's answer as it is.
 *
 * The wrappers exist to give the arguments their types; the contracts are in abi/atlas.h. They do
 * not set errno (see atlas/port.h for why), and they do not retry after EINTR: a server decides for
 * itself what a signal means in the middle of its loop. One thing they repeat: a reply whose data the kernel has no
 * memory for (ENOMEM, and nothing was received). Nobody else would give it, and its caller would wait for ever.
 *
 * An alternative, macros over syscall(), was rejected: it would take any argument silently and
 * report errors in another way than the messages do.
 */
#include "../internal.h"
#include <abi/errno.h>
#include <atlas/port.h>
#include <time.h>

static int try_again(long result)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	if (result != -ENOMEM)
		return 0;
	raw2(SYS_nanosleep, &moment, 0);
	return 1;
}

int port_create(int flags)
{
	return (int)raw1(SYS_port_create, flags);
}

int port_client(int port, uint64_t badge)
{
	return (int)raw2(SYS_port_client, port, badge);
}

int port_call(int fd, struct msg *m, size_t cap)
{
	return (int)raw3(SYS_port_call, fd, m, cap);
}

int port_call_lend(int fd, struct msg *m, size_t cap, int port, uint64_t token)
{
	return (int)raw5(SYS_port_call_lend, fd, m, cap, port, token);
}

int port_receive(int port, struct msg *m, size_t cap, int64_t timeout_ns)
{
	return (int)raw4(SYS_port_receive, port, m, cap, timeout_ns);
}

int port_reply(int port, struct msg *m)
{
	long result;

	do
		result = raw2(SYS_port_reply, port, m);
	while (try_again(result));
	return (int)result;
}

int port_reply_receive(int port, struct msg *m, size_t cap)
{
	long result;

	do
		result = raw3(SYS_port_reply_receive, port, m, cap);
	while (try_again(result));
	return (int)result;
}

int port_notify(int fd, uint64_t bits)
{
	return (int)raw2(SYS_port_notify, fd, bits);
}

int port_timer(int port, uint64_t deadline_ns, uint64_t bits)
{
	return (int)raw3(SYS_port_timer, port, deadline_ns, bits);
}

int port_offer(int port, uint64_t token, int fd, uint64_t off)
{
	return (int)raw4(SYS_port_offer, port, token, fd, off);
}

int loan_paddr(int port, uint64_t token, uint32_t first, uint32_t count, uint64_t *paddr)
{
	return (int)raw5(SYS_loan_paddr, port, token, first, count, paddr);
}

int loan_zero(int port, uint64_t token, uint64_t off, uint64_t len)
{
	return (int)raw4(SYS_loan_zero, port, token, off, len);
}

int loan_copy(int port, uint64_t token, uint64_t off, void *buf, uint64_t len, int to_loan)
{
	return (int)raw6(SYS_loan_copy, port, token, off, buf, len, to_loan);
}

int object_create(int fd, uint64_t key, uint64_t size, int flags)
{
	return (int)raw4(SYS_object_create, fd, key, size, flags);
}

int object_clean(int fd, uint64_t off, uint64_t len, int how)
{
	return (int)raw4(SYS_object_clean, fd, off, len, how);
}
