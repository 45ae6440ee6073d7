/* SPDX-License-Identifier: MIT */
/*
 * Every view of a file shows the same bytes, whatever is done to it: random operations on one file through two
 * descriptors and two mappings, each compared with a copy of the file in private memory (the shadow). After every
 * operation all views of the file must show the shadow's bytes.
 *
 *      write, mapped store, truncate, punch, copy from one place to another   change file and shadow
 *      read, mapped load (shared and private), SEEK_DATA, SEEK_HOLE           compare
 *      msync, fsync, DONTNEED, close and open, unmap and map                  must change nothing
 *
 * Bytes past the end of the file are not stored to (what becomes of them is a question of its own:
 * tail_never_reaches_the_file), but a page wholly past the end must give SIGBUS. The same seed gives the same
 * operations; a failure prints both and the last operations.
 */
#include <stdbool.h>

#include "check.h"

#define FILE_MAX (48 * PAGE)
#define HISTORY 16

struct exerciser {
	const char *name;
	uint64_t seed, random;
	unsigned long step;
	int fd[2];
	unsigned char *shared, *private; /* FILE_MAX bytes each, from the file's start */
	size_t size;
	char history[HISTORY][64];
};

static struct exerciser x;
static unsigned char shadow[FILE_MAX], buffer[FILE_MAX];
static sigjmp_buf fault;

static void fail(const char *what, size_t at)
{
	fprintf(stderr, "file_exerciser: %s, at byte %zu (page %zu) of %zu\n", what, at, at / PAGE, x.size);
	fprintf(stderr, "seed %lu, operation %lu (errno %d); the last ones:\n", x.seed, x.step, errno);
	for (unsigned long i = x.step < HISTORY ? 0 : x.step - HISTORY + 1; i <= x.step; i++)
		fprintf(stderr, "  %lu: %s\n", i, x.history[i % HISTORY]);
	exit(1);
}

#define NEED(x_, what) do { if (!(x_)) fail(what, 0); } while (0)

#define NOTE(...) (void)snprintf(x.history[x.step % HISTORY], sizeof x.history[0], __VA_ARGS__)

/* xorshift64* */
static uint64_t random_next(void)
{
	x.random ^= x.random >> 12;
	x.random ^= x.random << 25;
	x.random ^= x.random >> 27;
	return x.random * 0x2545f4914f6cdd1dull >> 16;
}

static size_t below(size_t n) { return (size_t)(random_next() % n); }

/* A length of at most `most`: usually small, sometimes pages. */
static size_t some_length(size_t most)
{
	size_t n = below(8) ? 1 + below(600) : 1 + below(6 * PAGE);

	return n < most ? n : most;
}

/* Some place below `end`, often near the edge of a page. */
static size_t some_place(size_t end)
{
	size_t at = below(end);

	if (below(4))
		return at;
	at = (at & ~(PAGE - 1)) + (below(2) ? below(8) : 0);
	return at < end ? at : end - 1;
}

static void compare(const unsigned char *got, size_t at, size_t n, const char *what)
{
	if (!memcmp(got, shadow + at, n))
		return;
	for (size_t i = 0; i < n; i++)
		if (got[i] != shadow[at + i])
			fail(what, at + i);
}

static void set_size(size_t size)
{
	if (size < x.size)
		memset(shadow + size, 0, x.size - size);
	x.size = size;
}

/* Two different bytes repeated, so that a misplaced piece shows. */
static void fill(unsigned char *to, size_t n)
{
	uint64_t r = random_next();

	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)((r >> (i % 5 * 8)) + i / 256);
}

/* ---- what compares ---- */

static void op_read(void)
{
	size_t at = some_place(FILE_MAX), n = some_length(FILE_MAX - at), expect = at >= x.size ? 0 : x.size - at;
	unsigned which = (unsigned)below(2);
	ssize_t got;

	NOTE("read fd%u %zu+%zu", which, at, n);
	expect = expect < n ? expect : n;
	if (below(2)) {
		got = pread(x.fd[which], buffer, n, (off_t)at);
	} else {
		NEED(lseek(x.fd[which], (off_t)at, SEEK_SET) == (off_t)at, "lseek failed");
		got = read(x.fd[which], buffer, n);
	}
	NEED(got == (ssize_t)expect, "read returned another length");
	compare(buffer, at, expect, "read gave another byte");
}

static void op_load(void)
{
	if (!x.size)
		return;
	size_t at = some_place(x.size), n = some_length(x.size - at);
	bool shared = below(2);

	NOTE("load %s %zu+%zu", shared ? "shared" : "private", at, n);
	if (sigsetjmp(fault, 0))
		fail("a mapped load faulted", at);
	compare((shared ? x.shared : x.private) + at, at, n, "a mapped load gave another byte");
}

/* Zeros up to the end of the last page, SIGBUS behind it. */
static void op_past_end(void)
{
	size_t end = (x.size + PAGE - 1) & ~(PAGE - 1);
	unsigned char *view = below(2) ? x.shared : x.private;

	NOTE("load past the end %zu", x.size);
	if (sigsetjmp(fault, 0)) {
		sigset_t unblock;
		sigemptyset(&unblock);
		sigaddset(&unblock, SIGBUS);
		sigprocmask(SIG_UNBLOCK, &unblock, NULL);
		return;
	}
	for (size_t at = x.size; at < end; at++)
		if (view[at])
			fail("a byte past the end is not zero", at);
	if (end < FILE_MAX) {
		TOUCH(view + end);
		fail("a page past the end gave no SIGBUS", end);
	}
}

/* A hole holds only zeros; where data and holes begin is the filesystem's choice. */
static void op_seek(void)
{
	if (!x.size)
		return;
	size_t at = some_place(x.size);
	off_t data = lseek(x.fd[0], (off_t)at, SEEK_DATA), end = data < 0 ? (off_t)x.size : data;

	NOTE("seek data %zu", at);
	NEED(end >= (off_t)at && end <= (off_t)x.size, "SEEK_DATA gave no place in the file");
	for (size_t i = at; i < (size_t)end; i++)
		if (shadow[i])
			fail("SEEK_DATA passed over a byte", i);
	NEED(data < 0 || lseek(x.fd[0], data, SEEK_HOLE) > data, "SEEK_HOLE found no data where SEEK_DATA did");
}

/* ---- what changes ---- */

static void op_write(void)
{
	size_t at = some_place(FILE_MAX), n = some_length(FILE_MAX - at);
	unsigned which = (unsigned)below(2);

	NOTE("write fd%u %zu+%zu", which, at, n);
	fill(buffer, n);
	NEED(pwrite(x.fd[which], buffer, n, (off_t)at) == (ssize_t)n, "write was short");
	memcpy(shadow + at, buffer, n);
	if (at + n > x.size)
		x.size = at + n;
}

static void op_store(void)
{
	if (!x.size)
		return;
	size_t at = some_place(x.size), n = some_length(x.size - at);

	NOTE("store %zu+%zu", at, n);
	fill(shadow + at, n);
	if (sigsetjmp(fault, 0))
		fail("a mapped store faulted", at);
	memcpy(x.shared + at, shadow + at, n);
}

/* write() from a mapping of the file, read() into one. */
static void op_copy(void)
{
	if (x.size < 2)
		return;
	size_t half = x.size / 2, from = below(half), n = some_length(half - from), to = half + below(half);
	bool reading = below(2);

	n = n < x.size - to ? n : x.size - to;
	NOTE("%s through the mapping %zu -> %zu+%zu", reading ? "read" : "write", from, to, n);
	ssize_t done = reading ? pread(x.fd[1], x.shared + to, n, (off_t)from)
	                       : pwrite(x.fd[1], x.shared + from, n, (off_t)to);
	NEED(done == (ssize_t)n, "copying through the mapping was short");
	memcpy(shadow + to, shadow + from, n);
}

static void op_truncate(void)
{
	size_t size = below(6) ? some_place(FILE_MAX) : below(2) ? x.size & ~(PAGE - 1) : below(3) * PAGE;

	NOTE("truncate %zu -> %zu", x.size, size);
	NEED(ftruncate(x.fd[below(2)], (off_t)size) == 0, "ftruncate failed");
	set_size(size);
}

static void op_punch(void)
{
	size_t at = some_place(FILE_MAX), n = some_length(FILE_MAX - at);

	if (below(2)) {
		at &= ~(PAGE - 1);
		n = (n + PAGE - 1) & ~(PAGE - 1);
	}
	NOTE("punch %zu+%zu", at, n);
	NEED(fallocate(x.fd[below(2)], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n) == 0,
	     "punching failed");
	memset(shadow + at, 0, n < FILE_MAX - at ? n : FILE_MAX - at);
}

/* ---- what must change nothing ---- */

static void op_msync(void)
{
	static const int how[] = { MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE };
	size_t at = below(FILE_MAX / PAGE) * PAGE, n = some_length(FILE_MAX - at);

	NOTE("msync %zu+%zu", at, n);
	NEED(msync(x.shared + at, n, how[below(3)]) == 0, "msync failed");
}

static void op_fsync(void)
{
	NOTE("fsync");
	NEED((below(2) ? fsync(x.fd[0]) : fdatasync(x.fd[1])) == 0, "fsync failed");
}

static void op_drop(void)
{
	size_t at = below(FILE_MAX / PAGE) * PAGE;

	NOTE("DONTNEED %zu", at);
	NEED(madvise((below(2) ? x.shared : x.private) + at, some_length(FILE_MAX - at), MADV_DONTNEED) == 0,
	     "madvise failed");
}

static void open_both(void)
{
	for (int i = 0; i < 2; i++) {
		x.fd[i] = open(x.name, O_RDWR);
		NEED(x.fd[i] >= 0, "open failed");
	}
}

static void map_both(void)
{
	x.shared = mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, x.fd[0], 0);
	x.private = mmap(NULL, FILE_MAX, PROT_READ, MAP_PRIVATE, x.fd[1], 0);
	NEED(x.shared != MAP_FAILED && x.private != MAP_FAILED, "mmap failed");
}

static void op_reopen(void)
{
	NOTE("close and open");
	close(x.fd[0]);
	close(x.fd[1]);
	open_both();
}

static void op_remap(void)
{
	NOTE("unmap and map");
	munmap(x.shared, FILE_MAX);
	munmap(x.private, FILE_MAX);
	map_both();
}

static void (*const ops[])(void) = {
	op_read, op_read, op_read, op_load, op_load, op_load, op_load, op_write, op_write, op_write, op_store, op_store,
	op_store,
	op_store, op_copy, op_truncate, op_punch, op_seek, op_past_end,
};
static void (*const rare[])(void) = { op_msync, op_msync, op_fsync, op_drop, op_drop, op_reopen, op_remap };

static void one_operation(void)
{
	if (below(40))
		ops[below(sizeof ops / sizeof *ops)]();
	else if (below(4))
		rare[3 + below(4)]();
	else
		rare[below(3)]();
}

static void on_fault(int signo)
{
	(void)signo;
	siglongjmp(fault, 1);
}

/* The file as a stranger sees it, and with it a copy of the shadow for whoever reads the disk afterwards. */
static void verify(const char *copy)
{
	int fd = open(x.name, O_RDONLY);

	NOTE("the end");
	NEED(fsync(x.fd[0]) == 0 && fd >= 0 && read(fd, buffer, FILE_MAX) == (ssize_t)x.size,
	     "the file has another length");
	compare(buffer, 0, x.size, "the file holds another byte in the end");
	close(fd);
	if (!copy)
		return;
	fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	NEED(fd >= 0 && write(fd, shadow, x.size) == (ssize_t)x.size && fsync(fd) == 0, "the copy cannot be written");
	close(fd);
}

/* [seed [count [file [copy]]]]; tests/host/file_exerciser.bash looks at the disk afterwards. */
int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 10000;

	x.seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	x.name = argc > 3 ? argv[3] : "file";
	x.random = x.seed * 0x9e3779b97f4a7c15ull + 1;
	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
	close(open(x.name, O_RDWR | O_CREAT | O_TRUNC, 0644));
	open_both();
	map_both();
	for (x.step = 1; x.step <= count; x.step++)
		one_operation();
	verify(argc > 4 ? argv[4] : NULL);
	printf("seed %lu: %lu operations, %zu bytes\n", x.seed, count, x.size);
	return 0;
}
