/* SPDX-License-Identifier: MIT */
/*
 * Waiting for files: poll, ppoll, select, pselect6. All four are poll_files (file/poll.c) on an array of struct pollfd;
 * for select the array is made of the three sets of bits and the answer is turned back into bits.
 *
 * A mask given for the time of the wait is put back at once when the wait ended by itself; when a signal ended it, it
 * stays until that signal has been taken (restore_sigmask), as for sigsuspend.
 */
#include <abi/time.h>

#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/time.h"
#include "task/task_impl.h"

#define FOREVER UINT64_MAX
/* POLLNVAL on a descriptor that is open: it is only a place in the tree (O_PATH), for which all is said to be ready. */
#define READ_BITS (POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLNVAL)
#define WRITE_BITS (POLLOUT | POLLWRNORM | POLLERR | POLLNVAL)

static unsigned files_max(void) { return (unsigned)MIN(proc_rlimit(RLIMIT_NOFILE), (uint64_t)MAX_FDS); }

static uint64_t deadline_of(uint64_t seconds, uint64_t ns)
{
	return seconds >= INT64_MAX / NSEC_PER_SEC - 1 ? FOREVER : clock_now_ns() + seconds * NSEC_PER_SEC + ns;
}

/* A struct timespec of the program: 0 none. -EFAULT, -EINVAL. */
int wait_deadline_read(vaddr_t at, uint64_t *deadline)
{
	struct abi_timespec ts;

	*deadline = FOREVER;
	if (!at)
		return 0;
	if (copy_from_user(&ts, at, sizeof ts))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*deadline = deadline_of((uint64_t)ts.tv_sec, (uint64_t)ts.tv_nsec);
	return 0;
}

/* ---- a mask for the time of the wait ---- */

int wait_mask_begin(vaddr_t at, uint64_t size)
{
	struct thread *t = thread_current();
	uint64_t set;

	if (!at)
		return 0;
	if (size != sizeof set)
		return -EINVAL;
	if (copy_from_user(&set, at, sizeof set))
		return -EFAULT;
	t->saved_sigmask = t->sigmask;
	t->restore_sigmask = true;
	signal_set_mask(set);
	return 0;
}

void wait_mask_end(int64_t result)
{
	struct thread *t = thread_current();

	if (!t->restore_sigmask || result == -EINTR)
		return;
	t->restore_sigmask = false;
	signal_set_mask(t->saved_sigmask);
}

/* The time that is left; a program whose memory cannot take it does not get it. */
static void left_write(vaddr_t at, uint64_t deadline, uint64_t unit)
{
	uint64_t now = clock_now_ns(), left = deadline > now ? deadline - now : 0;
	struct abi_timespec ts = { (int64_t)(left / NSEC_PER_SEC), (int64_t)(left % NSEC_PER_SEC / unit) };

	if (at && deadline != FOREVER)
		(void)copy_to_user_prefix(at, &ts, sizeof ts);
}

/* ---- poll ---- */

static int64_t poll_array(vaddr_t user, uint32_t count, uint64_t deadline)
{
	size_t bytes = count * sizeof(struct abi_pollfd);

	if (count > files_max())
		return -EINVAL;
	struct abi_pollfd *fds = kmalloc(bytes + 1);
	if (!fds)
		return -ENOMEM;
	int64_t n = copy_from_user(fds, user, bytes);
	if (!n) {
		n = poll_files(fds, count, deadline);
		for (uint32_t i = 0; n >= 0 && i < count; i++)
			if (copy_to_user(user + i * sizeof *fds + offsetof(struct abi_pollfd, revents), &fds[i].revents,
			                 sizeof fds->revents))
				n = -EFAULT;
	}
	kfree(fds);
	return n;
}

CALL(poll)
{
	int32_t ms = (int32_t)c;

	uint64_t deadline;

	if (!deadline_resumed(&deadline))
		deadline = ms < 0 ? FOREVER : clock_now_ns() + (uint64_t)ms * 1000000;
	int64_t n = poll_array(a, (uint32_t)b, deadline);
	if (n != -EINTR)
		return n;
	thread_current()->restart_deadline = deadline;
	return -ERESTARTBLOCK;
}

CALL(ppoll)
{
	uint64_t deadline;
	int64_t n = wait_deadline_read(c, &deadline);

	if (!n)
		n = wait_mask_begin(d, e);
	if (n)
		return n;
	n = poll_array(a, (uint32_t)b, deadline);
	wait_mask_end(n);
	left_write(c, deadline, 1);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}

/* ---- select ---- */

struct sets { uint64_t *bits[3]; }; /* read, write, except; NULL: not asked for */

static bool has_bit(const uint64_t *set, unsigned fd) { return set && set[fd / 64] >> fd % 64 & 1; }

/* The descriptors of any set, as poll wants them: how many. */
static unsigned sets_to_poll(const struct sets *s, unsigned n, struct abi_pollfd *fds)
{
	unsigned count = 0;

	for (unsigned fd = 0; fd < n; fd++) {
		int events = (has_bit(s->bits[0], fd) ? POLLIN | POLLRDNORM : 0) |
		             (has_bit(s->bits[1], fd) ? POLLOUT | POLLWRNORM : 0) |
		             (has_bit(s->bits[2], fd) ? POLLPRI : 0);
		if (events)
			fds[count++] = (struct abi_pollfd){ (int32_t)fd, (int16_t)events, 0 };
	}
	return count;
}

static bool is_open(int fd)
{
	struct file *f = fd_get(fd);

	if (f)
		file_put(f);
	return f;
}

/* What poll found, in place of what was asked for: bits set, or -EBADF. */
static int64_t sets_from_poll(const struct sets *s, const struct abi_pollfd *fds, unsigned count)
{
	static const int bits[3] = { READ_BITS, WRITE_BITS, POLLPRI | POLLNVAL };
	int64_t found = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned fd = (unsigned)fds[i].fd;
		if (fds[i].revents & POLLNVAL && !is_open(fds[i].fd))
			return -EBADF;
		for (unsigned k = 0; k < 3; k++) {
			bool ready = has_bit(s->bits[k], fd) && fds[i].revents & bits[k];
			if (has_bit(s->bits[k], fd) && !ready)
				s->bits[k][fd / 64] &= ~(1ull << fd % 64);
			found += ready;
		}
	}
	return found;
}

static int64_t select_copied(const struct sets *s, unsigned n, uint64_t deadline)
{
	struct abi_pollfd *fds = kmalloc(n * sizeof *fds + 1);

	if (!fds)
		return -ENOMEM;
	unsigned count = sets_to_poll(s, n, fds);
	int64_t found = poll_files(fds, count, deadline);
	if (found >= 0)
		found = sets_from_poll(s, fds, count);
	kfree(fds);
	return found;
}

/* Bits beyond the table of descriptors are neither looked at nor changed, as on Linux. */
static int64_t select_sets(int n, const vaddr_t user[3], uint64_t deadline)
{
	if (n < 0)
		return -EINVAL;
	unsigned fds = MIN((unsigned)n, fdtable_room(proc_current()->files));
	size_t bytes = ALIGN_UP((size_t)fds, 64ul) / 8;
	char *memory = kmalloc(3 * bytes + 1);
	struct sets s = { { NULL } };
	int64_t result = memory ? 0 : -ENOMEM;

	for (unsigned k = 0; k < 3 && !result; k++) {
		s.bits[k] = user[k] ? (uint64_t *)(memory + k * bytes) : NULL;
		if (user[k])
			result = copy_from_user(s.bits[k], user[k], bytes);
	}
	if (!result)
		result = select_copied(&s, fds, deadline);
	for (unsigned k = 0; k < 3 && result >= 0; k++)
		if (user[k] && copy_to_user(user[k], s.bits[k], bytes))
			result = -EFAULT;
	kfree(memory);
	return result;
}

CALL(select)
{
	const vaddr_t user[3] = { b, c, d };
	uint64_t deadline = FOREVER;
	struct abi_timeval tv;

	if (e && copy_from_user(&tv, e, sizeof tv))
		return -EFAULT;
	if (e && (tv.tv_sec < 0 || tv.tv_usec < 0))
		return -EINVAL;
	if (e)
		deadline = deadline_of((uint64_t)tv.tv_sec + (uint64_t)tv.tv_usec / 1000000,
		                       (uint64_t)tv.tv_usec % 1000000 * 1000);
	int64_t n = select_sets((int)a, user, deadline);
	left_write(e, deadline, 1000);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}

CALL(pselect6)
{
	const vaddr_t user[3] = { b, c, d };
	struct { uint64_t at, size; } mask = { 0, 0 };
	uint64_t deadline;

	if (f && copy_from_user(&mask, f, sizeof mask))
		return -EFAULT;
	int64_t n = wait_deadline_read(e, &deadline);
	if (!n)
		n = wait_mask_begin(mask.at, mask.size);
	if (n)
		return n;
	n = select_sets((int)a, user, deadline);
	wait_mask_end(n);
	left_write(e, deadline, 1);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}
