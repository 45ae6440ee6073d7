/* SPDX-License-Identifier: MIT */
/*
 * The devices the kernel has itself: null, zero, full, random, urandom, kmsg, control. None has state of its own, so an
 * open file of them is its flags and position.
 *
 * kmsg takes what programs write as lines of the log and gives back what is kept of the log, a snapshot at each read.
 * control is the line to the host's tools (boot option control=). zero can be mapped: each mapping gets an object of
 * zeros.
 */
#include "file/file_impl.h"
#include "lib/test.h"

#define LOG_COPY 16384
#define RNDGETENTCNT 0x80045200u
#define RANDOM_BITS 256 /* of entropy: all that a generator can have, as Linux counts */

int dev_stat(struct file *f, struct abi_stat *st)
{
	node_stat(f->node, st);
	return 0;
}

static int64_t null_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)buf, (void)len, (void)pos;
	return 0;
}

static int64_t null_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)buf, (void)pos;
	return (int64_t)len;
}

static int64_t null_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)f, (void)buf, (void)pos;
	return (int64_t)len;
}

static int64_t zero_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	size_t done = zero_user_prefix(buf, len);

	return done || !len ? (int64_t)done : -EFAULT;
}

/* Each mapping gets zeros of its own: private memory, or an object that only fork shares. */
static int zero_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	(void)f, (void)len;
	*object = NULL;
	*pgoff = off >> PAGE_SHIFT;
	return 0;
}

static int64_t full_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)buf, (void)len, (void)pos;
	return -ENOSPC;
}

static int64_t random_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	uint8_t piece[256];
	size_t done = 0;

	(void)f, (void)pos;
	while (done < len && !thread_interrupted()) {
		size_t n = MIN(len - done, sizeof piece);
		random_bytes(piece, n);
		size_t copied = copy_to_user_prefix(buf + done, piece, n);
		done += copied;
		if (copied < n)
			return done ? (int64_t)done : -EFAULT;
	}
	return done || !len ? (int64_t)done : -EINTR;
}

static unsigned random_poll(struct file *f)
{
	(void)f;
	return POLLIN;
}

static int64_t random_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	const int32_t bits = RANDOM_BITS;

	(void)f;
	return cmd == RNDGETENTCNT ? copy_to_user(arg, &bits, sizeof bits) : -EINVAL;
}

/* Hand what the program wrote to `sink`, piece by piece. */
static int64_t write_through(void (*sink)(const char *, size_t), vaddr_t buf, size_t len)
{
	char piece[512];
	size_t done = 0;

	while (done < len && !thread_interrupted()) {
		size_t n = MIN(len - done, sizeof piece);
		if (copy_from_user(piece, buf + done, n))
			return done ? (int64_t)done : -EFAULT;
		sink(piece, n);
		done += n;
	}
	return done || !len ? (int64_t)done : -EINTR;
}

static void mix_in_nothing(const char *bytes, size_t len) { (void)bytes, (void)len; }

/* What programs offer as entropy is read, but not trusted. */
static int64_t random_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	return write_through(mix_in_nothing, buf, len);
}

static int64_t kmsg_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	return write_through(log_write, buf, len);
}

static int64_t kmsg_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	log_write(buf, len);
	return (int64_t)len;
}

/* What is kept of the log, as it is now: positions count from its oldest byte. */
static int64_t kmsg_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	char *copy = kmalloc(LOG_COPY);
	int64_t n = 0;

	(void)f;
	if (!copy)
		return -ENOMEM;
	size_t have = log_tail(copy, LOG_COPY);
	if ((uint64_t)*pos < have) {
		n = (int64_t)MIN(len, have - (size_t)*pos);
		if (copy_to_user(buf, copy + *pos, (size_t)n))
			n = -EFAULT;
		else
			*pos += n;
	}
	kfree(copy);
	return n;
}

static int64_t control_write_user(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	return write_through(control_write, buf, len);
}

static int64_t control_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	(void)f, (void)pos;
	control_write(buf, len);
	return (int64_t)len;
}

static const struct file_ops null_ops = {
	.read = null_read, .write = null_write, .write_kernel = null_write_kernel, .stat = dev_stat,
};
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_write, .stat = dev_stat, .map = zero_map,
};
static const struct file_ops full_ops = { .read = zero_read, .write = full_write, .stat = dev_stat };
static const struct file_ops random_ops = {
	.read = random_read, .write = random_write, .write_kernel = null_write_kernel, .stat = dev_stat,
	.ioctl = random_ioctl, .poll = random_poll,
};
static const struct file_ops urandom_ops = {
	.read = random_read, .write = random_write, .write_kernel = null_write_kernel, .stat = dev_stat,
	.ioctl = random_ioctl,
};
static const struct file_ops kmsg_ops = {
	.read = kmsg_read, .write = kmsg_write, .write_kernel = kmsg_write_kernel, .stat = dev_stat,
};
static const struct file_ops control_ops = {
	.read = null_read, .write = control_write_user, .write_kernel = control_write_kernel, .stat = dev_stat,
};

const struct dev_builtin dev_builtin[] = {
	{ "null", 0666, 1, 3, &null_ops },
	{ "zero", 0666, 1, 5, &zero_ops },
	{ "full", 0666, 1, 7, &full_ops },
	{ "random", 0666, 1, 8, &random_ops },
	{ "urandom", 0666, 1, 9, &urandom_ops },
	{ "kmsg", 0644, 1, 11, &kmsg_ops },
	{ "control", 0600, 10, 240, &control_ops },
	{ "tty", 0666, 5, 0, NULL },
};
const unsigned dev_builtin_count = ARRAY_SIZE(dev_builtin);
