/* SPDX-License-Identifier: MIT */
/*
 * /dev/null, zero, full, random, urandom and, without a controlling terminal, tty: what every call on them answers; and
 * O_DIRECT on files of every kind.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "show.h"

#define SHOW(what, call) printf(" %s %s", what, shown(call))
#define LINE() printf("\n")
#define UNMAPPED ((char *)ARENA)

static char bytes[3 * PAGE];

static void its_stat(int fd)
{
	struct stat st;
	fstat(fd, &st);
	printf("  mode %o device %u:%u links %lu size %ld blocks %ld block size %ld owner %u:%u\n", st.st_mode,
	       major(st.st_rdev), minor(st.st_rdev), (unsigned long)st.st_nlink, (long)st.st_size, (long)st.st_blocks,
	       (long)st.st_blksize, st.st_uid, st.st_gid);
}

/* What was read: the count, and whether all, some or none of its bytes are zero. */
static void show_read(const char *what, long n)
{
	long zeros = 0;
	for (long i = 0; i < n; i++)
		zeros += !bytes[i];
	printf(" %s %s%s", what, shown(n), n < 64 ? "" : zeros == n ? "(zeros)" : zeros < n / 8 ? "(noise)" : "(?)");
	memset(bytes, 'b', sizeof bytes);
}

static void reads(int fd)
{
	struct iovec two[2] = { { bytes, 100 }, { bytes + 100, 200 } }, half[2] = { { bytes, 64 }, { UNMAPPED, 64 } };
	printf("  read:");
	show_read("64", CALL(read, fd, bytes, 64));
	show_read("3 pages", CALL(read, fd, bytes, sizeof bytes));
	SHOW("none", CALL(read, fd, bytes, 0));
	SHOW("none, bad", CALL(read, fd, UNMAPPED, 0));
	SHOW("bad", CALL(read, fd, UNMAPPED, 64));
	show_read("at 5", CALL(pread64, fd, bytes, 64, 5));
	SHOW("at -1", CALL(pread64, fd, bytes, 64, -1));
	show_read("vector", CALL(readv, fd, two, 2));
	show_read("at 7", CALL(preadv, fd, two, 2, 7, 0));
	SHOW("half", CALL(readv, fd, half, 2));
	SHOW("-1 bytes", CALL(read, fd, bytes, -1l));
	map_at(4, 1, RW, PRIVATE, -1, 0);
	SHOW("a page of two", CALL(read, fd, at(4), 2 * PAGE));
	SHOW("end of a page", CALL(read, fd, at(5) - 10, 64));
	clear_arena();
	LINE();
}

static void writes(int fd)
{
	struct iovec two[2] = { { bytes, 100 }, { bytes + 100, 200 } };
	printf("  write:");
	SHOW("64", CALL(write, fd, bytes, 64));
	SHOW("3 pages", CALL(write, fd, bytes, sizeof bytes));
	SHOW("none", CALL(write, fd, bytes, 0));
	SHOW("bad", CALL(write, fd, UNMAPPED, 64));
	SHOW("none, bad", CALL(write, fd, UNMAPPED, 0));
	SHOW("at 5", CALL(pwrite64, fd, bytes, 64, 5));
	SHOW("at -1", CALL(pwrite64, fd, bytes, 64, -1));
	SHOW("vector", CALL(writev, fd, two, 2));
	SHOW("-1 bytes", CALL(write, fd, bytes, -1l));
	LINE();
}

static void positions(int fd)
{
	static const long places[] = { 0, 1, 4096, -1, 1l << 40, 0x7fffffffffffffff };
	printf("  seek:");
	for (int whence = 0; whence < 6; whence++) {
		printf(" [%d]", whence);
		for (size_t i = 0; i < COUNT(places); i++)
			printf(" %s", shown(CALL(lseek, fd, places[i], whence)));
	}
	CALL(lseek, fd, 0, SEEK_SET), CALL(read, fd, bytes, 10), CALL(write, fd, bytes, 7);
	SHOW("; after read and write", CALL(lseek, fd, 0, SEEK_CUR));
	CALL(lseek, fd, 100, SEEK_SET);
	SHOW("after seek", CALL(lseek, fd, 0, SEEK_CUR));
	LINE();
}

static void maps(int fd)
{
	static const struct {
		const char *name;
		int prot, flags;
	} all[] = { { "private r", PROT_READ, MAP_PRIVATE }, { "private rw", RW, MAP_PRIVATE },
		    { "shared r", PROT_READ, MAP_SHARED }, { "shared rw", RW, MAP_SHARED },
		    { "validated", RW, MAP_SHARED | MAP_PRIVATE }, { "populated", RW, MAP_PRIVATE | MAP_POPULATE } };

	printf("  mmap:");
	for (size_t i = 0; i < COUNT(all); i++) {
		printf(" %s %s", all[i].name, shown(map_at(0, 2, all[i].prot, all[i].flags, fd, 3 * PAGE)));
		printf(" load %s", probe(at(1), LOAD));
		printf(" store %s", probe(at(1), STORE));
		printf(" (%s)", arena_text());
		SHOW("sync", CALL(msync, at(0), 2 * PAGE, MS_SYNC));
		clear_arena();
	}
	LINE();
}

static void polls(int fd)
{
	static const int asked[] = { 0, POLLIN, POLLOUT, POLLIN | POLLOUT | POLLPRI, 0x7fff };
	printf("  poll:");
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct pollfd p = { fd, (short)asked[i], 0 };
		long n = CALL(poll, &p, 1, 0);
		printf(" %s/%x", shown(n), (unsigned)p.revents);
	}
	LINE();
}

static void controls(int fd)
{
	static const struct {
		const char *name;
		unsigned cmd;
	} all[] = { { "TCGETS", 0x5401 }, { "TCSETS", 0x5402 }, { "TIOCGWINSZ", 0x5413 }, { "TIOCGPGRP", 0x540f },
		    { "TIOCSCTTY", 0x540e }, { "FIONREAD", 0x541b }, { "FIONBIO", 0x5421 }, { "FIOASYNC", 0x5452 },
		    { "FIOQSIZE", 0x5460 }, { "FIGETBSZ", 2 }, { "FIBMAP", 1 }, { "FS_IOC_GETFLAGS", 0x80086601 },
		    { "RNDGETENTCNT", 0x80045200 }, { "0", 0 }, { "BLKGETSIZE64", 0x80081272 }, { "~0", ~0u } };

	printf("  ioctl:");
	for (size_t i = 0; i < COUNT(all); i++) {
		int word[64] = { 0 };
		SHOW(all[i].name, CALL(ioctl, fd, all[i].cmd, word));
		if (word[0])
			printf("/%d", word[0]);
	}
	LINE();
}

static void others(int fd)
{
	int file = make_file("file", 1), ends[2];
	struct statfs fs = { 0 };
	CALL(pipe2, ends, 0);
	printf("  other:");
	SHOW("flags", CALL(fcntl, fd, F_GETFL));
	SHOW("truncate", CALL(ftruncate, fd, 0));
	SHOW("fallocate", CALL(fallocate, fd, 0, 0, PAGE));
	SHOW("fsync", CALL(fsync, fd));
	SHOW("fdatasync", CALL(fdatasync, fd));
	SHOW("sync_file_range", CALL(sync_file_range, fd, 0, 0, 2));
	SHOW("fadvise", CALL(fadvise64, fd, 0, 0, 0));
	SHOW("readahead", CALL(readahead, fd, 0, PAGE));
	SHOW("getdents", CALL(getdents64, fd, bytes, PAGE));
	SHOW("flock", CALL(flock, fd, 6));
	SHOW("seals", CALL(fcntl, fd, 1034));
	SHOW("pipe size", CALL(fcntl, fd, 1032));
	SHOW("sendfile to", CALL(sendfile, fd, file, NULL, 100));
	SHOW("copy_file_range from", CALL(copy_file_range, fd, NULL, file, NULL, 100, 0));
	SHOW("to", CALL(copy_file_range, file, NULL, fd, NULL, 100, 0));
	SHOW("statfs", CALL(fstatfs, fd, &fs));
	printf(" device filesystem %s", fs.f_type == 0x01021994 ? "yes" : "no");
	LINE();
	close(file), close(ends[0]), close(ends[1]);
}

static void opened(const char *name)
{
	static const struct {
		const char *name;
		int flags;
	} all[] = { { "r", O_RDONLY }, { "w", O_WRONLY }, { "append", O_WRONLY | O_APPEND },
		    { "truncate", O_WRONLY | O_TRUNC }, { "create", O_RDWR | O_CREAT },
		    { "create, alone", O_RDWR | O_CREAT | O_EXCL }, { "directory", O_RDONLY | O_DIRECTORY },
		    { "nonblocking", O_RDWR | O_NONBLOCK }, { "place", O_PATH }, { "unnamed", O_RDWR | O_TMPFILE } };

	printf("  open:");
	for (size_t i = 0; i < COUNT(all); i++) {
		long fd = CALL(open, name, all[i].flags, 0644);
		printf(" %s %s", all[i].name, fd < 0 ? shown(fd) : "ok");
		if (fd >= 0 && all[i].flags != O_PATH) {
			SHOW("read", CALL(read, fd, bytes, 10));
			SHOW("write", CALL(write, fd, bytes, 10));
			SHOW("map", map_at(0, 1, PROT_READ, MAP_SHARED, fd, 0));
			clear_arena();
		}
		CALL(close, fd);
	}
	SHOW("as a program", CALL(execve, name, NULL, NULL));
	SHOW("truncate", CALL(truncate, name, 0));
	SHOW("access", CALL(access, name, R_OK | W_OK));
	SHOW("run", CALL(access, name, X_OK));
	LINE();
}

/* O_DIRECT, at open and later. */
static void direct(const char *name, int flags)
{
	long fd = CALL(open, name, flags | O_DIRECT, 0644), plain = CALL(open, name, flags & ~O_TRUNC, 0644);
	struct stat st;

	printf("%s, flags %o: O_DIRECT %s", name, flags, shown_ok(fd));
	SHOW("later", CALL(fcntl, plain, F_SETFL, O_DIRECT));
	fstat((int)plain, &st);
	printf(" are %lo size %ld\n", CALL(fcntl, plain, F_GETFL), S_ISREG(st.st_mode) ? (long)st.st_size : 0l);
	CALL(close, fd), CALL(close, plain);
}

static void opened_direct(void)
{
	int ends[2], memory = make_memfd("memory", 0, 0);

	close(make_file("plain", 1)), close(make_file("/tmp/plain", 1));
	CALL(mknod, "fifo", S_IFIFO | 0644, 0);
	direct("plain", O_RDWR), direct("plain", O_RDWR | O_TRUNC), direct("/tmp/plain", O_RDWR | O_TRUNC);
	direct("/tmp/new", O_RDWR | O_CREAT), direct(".", O_RDONLY), direct("/tmp", O_RDONLY), direct("fifo", O_RDWR);
	direct("/dev/null", O_RDWR), direct("/dev/zero", O_WRONLY), direct("/dev", O_RDONLY), direct("/proc", O_RDONLY);
	direct("/proc/self/maps", O_RDONLY), direct("/tmp", O_RDWR | O_TMPFILE), direct("plain", O_PATH);
	CALL(pipe2, ends, 0);
	printf("pipe %s", shown(CALL(fcntl, ends[0], F_SETFL, O_DIRECT)));
	SHOW("memory", CALL(fcntl, memory, F_SETFL, O_DIRECT));
	CALL(socketpair, 1, 1, 0, ends);
	SHOW("socket", CALL(fcntl, ends[0], F_SETFL, O_DIRECT));
	LINE();
	unlink("/tmp/plain"), unlink("/tmp/new");
}

/* Zeros that one process stores into are its own, or its children's too. */
static void zero_is_shared_by_fork(void)
{
	int fd = open("/dev/zero", O_RDWR);
	map_at(0, 1, RW, MAP_SHARED, fd, 0), map_at(1, 1, RW, MAP_SHARED, fd, 0), map_at(2, 1, RW, MAP_PRIVATE, fd, 0);
	IN_CHILD(*at(0) = 1, *at(2) = 3);
	printf("stored by a child: %s\n", bytes_text(0, 3));
	clear_arena();
	close(fd);
}

int main(void)
{
	static const char *const names[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom" };
	catch_faults();
	CALL(setsid);
	for (size_t i = 0; i < COUNT(names); i++) {
		int fd = open(names[i], O_RDWR);
		printf("%s\n", names[i]);
		its_stat(fd), reads(fd), writes(fd), positions(fd), maps(fd), polls(fd), controls(fd), others(fd);
		opened(names[i]);
		close(fd);
	}
	zero_is_shared_by_fork();
	opened_direct();
	IN_CHILD({
		struct stat st;
		CALL(setsid);
		stat("/dev/tty", &st);
		printf("/dev/tty: mode %o device %u:%u\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
		opened("/dev/tty");
	});
	return 0;
}
