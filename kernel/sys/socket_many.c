/* SPDX-License-Identifier: MIT */
/*
 * Many messages by one call (sendmmsg(2), recvmmsg(2)): one after the other, each with its header and, behind that,
 * how many bytes it was. An error after the first message ends the call with what was done; when receiving, the
 * socket keeps it for the next call. As on Linux the time of recvmmsg is looked at between messages alone: it ends no
 * waiting.
 */
#include "sys/socket_calls.h"

#include "sys/time.h"

#define MESSAGES_MAX 1024u
#define MANY_SIZE ALIGN_UP(sizeof(struct abi_msghdr) + sizeof(uint32_t), 8ul) /* of one in the program's array */

static int store_length(vaddr_t at, int64_t n)
{
	uint32_t len = (uint32_t)n;

	return copy_to_user(at + sizeof(struct abi_msghdr), &len, sizeof len);
}

/* descriptor, messages, how many, flags */
CALL(sendmmsg)
{
	struct file *file = socket_get_fd((int)a);
	unsigned count = MIN((unsigned)c, MESSAGES_MAX), done = 0;
	int64_t n = 0;

	if (is_err(file))
		return ptr_err(file);
	for (; done < count; done++) {
		vaddr_t at = b + done * MANY_SIZE;
		n = socket_send_message(file, at, (unsigned)d);
		if (n >= 0)
			n = store_length(at, n);
		if (n)
			break;
	}
	file_put(file);
	return done ? done : n;
}

static int64_t receive_many(struct file *f, vaddr_t first, unsigned count, unsigned flags, uint64_t deadline)
{
	bool one = flags & MSG_WAITFORONE;
	unsigned done = 0;
	int64_t n = socket_error(f);

	if (n)
		return n;
	for (; done < count; done++) {
		vaddr_t at = first + done * MANY_SIZE;
		n = socket_receive_message(f, at, (flags & ~(unsigned)MSG_WAITFORONE) | (one && done ? MSG_DONTWAIT : 0));
		if (n >= 0)
			n = store_length(at, n);
		if (n)
			break;
		if (clock_now_ns() >= deadline) {
			done++;
			break;
		}
	}
	if (done && n < 0 && n != -EAGAIN && n != -EINTR && n != -EFAULT)
		socket_keep_error(f, (int)n);
	return done ? done : n;
}

/* descriptor, messages, how many, flags, time */
CALL(recvmmsg)
{
	uint64_t within = 0, deadline = UINT64_MAX;
	int err = e ? timespec_read(e, &within) : 0;

	if (err)
		return err;
	struct file *file = socket_get_fd((int)a);
	if (is_err(file))
		return ptr_err(file);
	if (e)
		__builtin_add_overflow(clock_now_ns(), within, &deadline);
	int64_t n = receive_many(file, b, MIN((unsigned)c, MESSAGES_MAX), (unsigned)d, deadline);
	file_put(file);
	uint64_t now = clock_now_ns();
	struct abi_timespec left = timespec_of(deadline > now ? deadline - now : 0);
	return n > 0 && e && copy_to_user(e, &left, sizeof left) ? -EFAULT : n;
}
