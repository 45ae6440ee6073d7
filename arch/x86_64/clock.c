/* SPDX-License-Identifier: MIT */
/*
 * clock.c: what time it is, and being woken at a time.
 *
 * Time is the TSC: nanoseconds since boot = (TSC - TSC at entry) * mult >> 32, one multiplication. Its frequency, and
 * that of the local APIC's timer, are measured together once, against 10 ms of the PIT's channel 2 (1.193182 MHz, Intel
 * 8254); CPUs are taken to agree on the TSC, as they do where it is invariant and under QEMU.
 *
 * Each CPU has one deadline (clock_arm) and one one-shot timer. The timer's counter has 32 bits, so a far deadline is
 * reached in several steps: an interrupt before its time only starts the next step. When the deadline has passed, the
 * kernel's timer_interrupt() is called, once, and the CPU is unarmed.
 *
 * The battery clock (MC146818) is read once at boot, for CLOCK_REALTIME; the date is checked by reading it twice.
 * No locks: deadlines are per CPU, the rest is constant after clock_init. Rejected: HPET and ACPI timer, slower to
 * read and no better here; TSC deadline mode, which TCG has not.
 */
#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "x86.h"

#define NS_PER_S 1000000000ul
#define PIT_HZ 1193182ul
#define PIT_COUNT 11932ul /* 10 ms */
#define SAMPLES_MAX 8
#define PIT_SPINS 20000000u /* then the PIT counts as absent */

static uint64_t tsc_start, tsc_mult;  /* ns = (tsc - start) * mult >> 32 */
static uint64_t lapic_mult;           /* timer ticks = ns * mult >> 32 */
static uint64_t epoch_ns;             /* CLOCK_REALTIME when clock_now_ns() was 0 */
static uint64_t deadline[MAX_CPUS];   /* written by its CPU only */

static uint64_t scale(uint64_t value, uint64_t mult)
{
	return (unsigned __int128)value * mult >> 32;
}

uint64_t clock_now_ns(void)
{
	return scale(rdtsc() - tsc_start, tsc_mult);
}

uint64_t clock_cycles_ns(uint64_t cycles)
{
	return scale(cycles, tsc_mult);
}

uint64_t clock_epoch_ns(void)
{
	return epoch_ns;
}

/* ---- calibration ---- */

struct sample { uint64_t tsc, ticks, doubt; }; /* TSC cycles and timer ticks in PIT_COUNT; cycles they may be off by */

static void pit_start(void)
{
	outb(0x61, (inb(0x61) & ~3) | 1);
	outb(0x43, 0xb0); /* channel 2, mode 0: the output, port 0x61 bit 5, rises when the count has run down */
	outb(0x42, PIT_COUNT & 0xff);
	outb(0x42, PIT_COUNT >> 8);
}

/* The doubt is what passed between the last look that came too early and the one that saw the end. */
static struct sample sample_take(void)
{
	lapic_timer_start(UINT32_MAX);
	uint64_t before = rdtsc();
	pit_start();
	uint64_t start = rdtsc(), early = start, doubt = start - before;

	for (unsigned spins = 0; spins < PIT_SPINS; spins++) {
		bool over = inb(0x61) & 0x20;
		uint64_t ticks = UINT32_MAX - lapic_timer_left(), now = rdtsc();
		if (over)
			return (struct sample){ now - start, ticks, doubt + now - early };
		early = now;
	}
	return (struct sample){ 0, 0, UINT64_MAX };
}

/* A host that takes our CPU away at the wrong moment spoils a sample; that shows, and another is taken. */
static struct sample sample_best(void)
{
	struct sample best = sample_take();

	for (int tries = 1; tries < SAMPLES_MAX && best.tsc && best.doubt > best.tsc / 256; tries++) {
		struct sample s = sample_take();
		if (s.doubt < best.doubt)
			best = s;
	}
	lapic_timer_start(0);
	return best;
}

static void calibrate(void)
{
	struct sample s = sample_best();
	uint64_t tsc_hz = s.tsc * PIT_HZ / PIT_COUNT, lapic_hz = s.ticks * PIT_HZ / PIT_COUNT;

	if (!tsc_hz || !lapic_hz) {
		klog(LOG_WARN, "clock: the interval timer does not run; taking 1 GHz for all clocks");
		tsc_hz = lapic_hz = NS_PER_S;
	}
	tsc_start = boot_info.entry_tsc;
	tsc_mult = (NS_PER_S << 32) / tsc_hz;
	lapic_mult = (lapic_hz << 32) / NS_PER_S;
	klog(LOG_DEBUG, "clock: tsc %llu kHz, apic timer %llu kHz", (unsigned long long)tsc_hz / 1000,
	     (unsigned long long)lapic_hz / 1000);
}

void clock_delay_us(unsigned us)
{
	for (uint64_t end = clock_now_ns() + us * 1000ul; clock_now_ns() < end;)
		cpu_poll();
}

/* ---- the battery clock ---- */

struct date { uint8_t second, minute, hour, day, month, year; };

enum { RTC_SECOND = 0, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_DAY = 7, RTC_MONTH = 8, RTC_YEAR = 9, RTC_A = 10, RTC_B = 11 };
#define RTC_UPDATING 0x80
#define RTC_BINARY   4
#define RTC_24_HOURS 2
#define RTC_PM       0x80

static uint8_t rtc_read(uint8_t reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static struct date rtc_sample(void)
{
	for (unsigned spins = 0; spins < 100000 && rtc_read(RTC_A) & RTC_UPDATING; spins++)
		cpu_pause();
	return (struct date){ rtc_read(RTC_SECOND), rtc_read(RTC_MINUTE), rtc_read(RTC_HOUR),
			      rtc_read(RTC_DAY), rtc_read(RTC_MONTH), rtc_read(RTC_YEAR) };
}

static unsigned from_bcd(unsigned v)
{
	return (v >> 4) * 10 + (v & 15);
}

static struct date rtc_date(void)
{
	struct date d = rtc_sample(), again = rtc_sample();
	uint8_t mode = rtc_read(RTC_B);

	while (memcmp(&d, &again, sizeof(d))) {
		d = again;
		again = rtc_sample();
	}
	bool pm = !(mode & RTC_24_HOURS) && d.hour & RTC_PM;
	if (!(mode & RTC_24_HOURS))
		d.hour &= ~RTC_PM;
	if (!(mode & RTC_BINARY))
		d = (struct date){ from_bcd(d.second), from_bcd(d.minute), from_bcd(d.hour),
				   from_bcd(d.day), from_bcd(d.month), from_bcd(d.year) };
	if (!(mode & RTC_24_HOURS))
		d.hour = d.hour % 12 + (pm ? 12 : 0);
	return d;
}

/* Days since 1970-01-01 of a date in 2000 to 2099, where every fourth year is a leap year. */
static uint64_t date_seconds(struct date d)
{
	static const uint16_t before_month[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	unsigned month = d.month >= 1 && d.month <= 12 ? d.month - 1 : 0;
	uint64_t days = 10957 + d.year * 365ul + (d.year + 3) / 4 + before_month[month] + d.day - 1;

	if (d.year % 4 == 0 && month >= 2)
		days++;
	return ((days * 24 + d.hour) * 60 + d.minute) * 60 + d.second;
}

void clock_init(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++)
		deadline[i] = UINT64_MAX;
	calibrate();
	epoch_ns = date_seconds(rtc_date()) * NS_PER_S - clock_now_ns();
}

/* ---- deadlines ---- */

/* One step towards the CPU's deadline; at least a tick, for 0 would stop the timer. */
static void timer_step(uint64_t at)
{
	uint64_t now = clock_now_ns();
	uint64_t ticks = at > now ? scale(MIN(at - now, NS_PER_S), lapic_mult) : 0;

	lapic_timer_start(MIN(MAX(ticks, 1), UINT32_MAX));
}

void clock_arm(uint64_t deadline_ns)
{
	deadline[cpu_index()] = deadline_ns;
	if (deadline_ns == UINT64_MAX)
		lapic_timer_start(0);
	else
		timer_step(deadline_ns);
}

void clock_expired(void)
{
	uint64_t *mine = &deadline[cpu_index()];

	if (*mine == UINT64_MAX)
		return;
	if (clock_now_ns() < *mine) {
		timer_step(*mine);
		return;
	}
	*mine = UINT64_MAX;
	timer_interrupt();
}
