/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log. A line is formatted on the caller's stack, gets the time in front, and then
 * goes, under one lock, to two places: the ring of the last 16 KiB, and the sink (a serial line)
 * that main.c chose.
 *
 *      ring:  . . . . n e w e s t\n|o l d e s t . . .       written counts bytes ever written;
 *                                  ^ written % RING          the byte of number i lies at i % RING
 *
 * klog may be called with any lock held, from any context, by any CPU. So its lock is below all
 * others and none of the checked kind: the lock checker itself reports through klog, and the log
 * works before this CPU has per-CPU data. Interrupts are off in the kernel, so the lock cannot be
 * wanted by a handler on the CPU that holds it; a CPU that waits for it answers TLB shootdowns
 * (cpu_poll).
 *
 * Panic: the first CPU to panic prints the reason and the return addresses and leaves the machine.
 * It may have died in the middle of klog, or another CPU may hold the lock and be stopped; so after
 * a panic the lock is waited for a little while only and then ignored. Garbled text is better than
 * none. A panic within a panic, and one on a second CPU, go straight to the exit.
 *
 * /dev/kmsg arrives here as raw bytes (log_write). They are cut into lines, so that every line has
 * its time; a write that does not end with a newline is ended by us.
 *
 * Rejected: a separate log thread, which would lose the last lines before a crash, the only ones
 * that matter then.
 */
#include "arch.h"
#include "lib/log.h"
#include "lib/string.h"

#define RING_SIZE 16384u
#define LINE_MAX  512u /* bytes of a line, prefix and newline included; longer ones are cut */
#define PANIC_SPINS 1000000u

enum log_level log_threshold = LOG_INFO;

static char ring[RING_SIZE];
static uint64_t written;                            /* bytes since boot; (log_lock), as ring */
static void (*sink)(const char *text, size_t len); /* (log_lock) */
static volatile uint32_t log_lock;
static volatile uint32_t panicking;

static void lock_log(void)
{
	unsigned spins = 0;

	while (__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE)) {
		if (panicking && ++spins > PANIC_SPINS)
			return;
		cpu_poll();
	}
}

static void unlock_log(void) { __atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE); }

/* A finished line, to the ring and the sink. */
static void emit(const char *line, size_t len)
{
	lock_log();
	for (size_t i = 0; i < len; i++)
		ring[written++ % RING_SIZE] = line[i];
	if (sink)
		sink(line, len);
	unlock_log();
}

/* "[    1.234567] " at the start of line; its length. */
static size_t put_time(char *line)
{
	uint64_t us = clock_now_ns() / 1000;

	return (size_t)ksnprintf(line, LINE_MAX, "[%5lu.%06lu] ", us / 1000000, us % 1000000);
}

static void write_line(const char *text, size_t len)
{
	char line[LINE_MAX];
	size_t at = put_time(line);

	len = MIN(len, LINE_MAX - at - 1);
	memcpy(line + at, text, len);
	line[at + len] = '\n';
	emit(line, at + len + 1);
}

static void vklog(const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	size_t at = put_time(line);
	size_t room = LINE_MAX - at - 1; /* kvsnprintf's NUL gives its place to the newline */
	size_t len = (size_t)kvsnprintf(line + at, room, fmt, ap);

	at += MIN(len, room - 1);
	line[at++] = '\n';
	emit(line, at);
}

void klog(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_threshold)
		return;
	va_start(ap, fmt);
	vklog(fmt, ap);
	va_end(ap);
}

void log_write(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = 0;
		while (n < len && text[n] != '\n')
			n++;
		write_line(text, n);
		n = MIN(n + 1, len); /* the newline too */
		text += n;
		len -= n;
	}
}

/* What was logged before is sent to the new sink, so that nothing of the boot is lost. */
void log_set_sink(void (*write)(const char *text, size_t len))
{
	lock_log();
	sink = write;
	if (sink) {
		if (written > RING_SIZE)
			sink(ring + written % RING_SIZE, RING_SIZE - written % RING_SIZE);
		sink(ring, written % RING_SIZE);
	}
	unlock_log();
}

size_t log_tail(char *buf, size_t cap)
{
	lock_log();
	size_t len = MIN(MIN(written, RING_SIZE), cap);
	for (size_t i = 0; i < len; i++)
		buf[i] = ring[(written - len + i) % RING_SIZE];
	unlock_log();
	return len;
}

void panic(const char *fmt, ...)
{
	va_list ap;
	char reason[LINE_MAX / 2];

	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL))
		arch_panic_exit();
	va_start(ap, fmt);
	kvsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	klog(LOG_ERROR, "panic: %s", reason);
	arch_backtrace();
	arch_panic_exit();
}
