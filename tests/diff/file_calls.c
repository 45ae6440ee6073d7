/* SPDX-License-Identifier: MIT */
/*
 * Calls on files beside reading and writing: statx, hints, copies between files, ranges of descriptors, times,
 * capabilities.
 */
#include "show.h"

#define SHOW(what, call) printf(" " what " %s", shown(call))
#define LINE(...) (printf(__VA_ARGS__), printf("\n"))

struct xtime { long sec; unsigned nsec; int pad; };
struct xstat {
	unsigned mask, blksize;
	unsigned long attributes;
	unsigned nlink, uid, gid;
	unsigned short mode, pad0;
	unsigned long ino, size, blocks, attributes_mask;
	struct xtime atime, btime, ctime, mtime;
	unsigned rdev[2], dev[2];
	unsigned long mnt_id, rest[13];
};

static void show_statx(int dir, const char *path, unsigned flags, unsigned mask)
{
	struct xstat x;
	struct stat st;

	memset(&x, 0xee, sizeof x);
	long r = CALL(statx, dir, path, flags, mask, &x);
	printf("statx %s %#x %#x: %s", path, flags, mask, shown(r));
	if (!r) {
		CALL(newfstatat, dir, path, &st, flags & 0x1100);
		printf(" mask %x mode %o links %u uid %u gid %u", x.mask & 0x7ff, x.mode, x.nlink, x.uid, x.gid);
		printf(" size %lu%s rdev %u:%u same %d%d%d%d%d%d", S_ISREG(x.mode) ? x.size : 0,
		       x.attributes & 0x2000 ? " mount" : "", x.rdev[0], x.rdev[1],
		       x.ino == st.st_ino, (long)x.blocks == st.st_blocks, x.blksize == st.st_blksize,
		       x.mtime.sec == st.st_mtim.tv_sec, x.mtime.nsec == st.st_mtim.tv_nsec, x.ctime.sec == st.st_ctim.tv_sec);
	}
	printf("\n");
}

static void statxes(int fd)
{
	static const unsigned flags[] = { 0, 0x100, 0x1000, 0x800, 0x2000, 0x4000, 0x6000, 0x200, 1 };

	for (size_t i = 0; i < COUNT(flags); i++) {
		show_statx(AT_FDCWD, "file", flags[i], 0x7ff);
		show_statx(fd, "", flags[i], 0x7ff);
		show_statx(AT_FDCWD, "link", flags[i], 0);
	}
	show_statx(AT_FDCWD, "/", 0, 0xfff);
	show_statx(AT_FDCWD, "/dev/null", 0, 0xfff);
	show_statx(AT_FDCWD, "none", 0, 0xfff);
	show_statx(AT_FDCWD, "file", 0, 0x80000000);
	show_statx(99, "", 0x1000, 0xfff);
	LINE("bad pointers %s %s", shown(CALL(statx, AT_FDCWD, 8, 0, 0, 0)), shown(CALL(statx, AT_FDCWD, "file", 0, 0, 8)));
}

static void hints(int fd)
{
	int ends[2], dir = open(".", O_RDONLY), path = open("file", O_PATH), w = open("file", O_WRONLY);
	int fds[] = { fd, dir, 0, path, w, 99 };
	static const long offs[] = { 0, -1, 4096, 1l << 40 }, lens[] = { 0, 1, -1, 1l << 62, 0x7fffffffffffffff };

	CALL(pipe2, ends, 0);
	fds[2] = ends[0];
	for (size_t f = 0; f < COUNT(fds); f++) {
		for (int advice = -1; advice < 8; advice++)
			SHOW("fadvise", CALL(fadvise64, fds[f], 0, 0, advice));
		for (unsigned flags = 0; flags < 9; flags++)
			SHOW("sync", CALL(sync_file_range, fds[f], 0, 0, flags));
		for (size_t o = 0; o < COUNT(offs); o++)
			for (size_t l = 0; l < COUNT(lens); l++) {
				SHOW("range", CALL(sync_file_range, fds[f], offs[o], lens[l], 7));
				SHOW("ahead", CALL(readahead, fds[f], offs[o], lens[l]));
				SHOW("will", CALL(fadvise64, fds[f], offs[o], lens[l], 3));
				SHOW("dont", CALL(fadvise64, fds[f], offs[o], lens[l], 4));
			}
		printf("\n");
	}
	char byte = 0;
	CALL(pread64, fd, &byte, 1, 4096);
	LINE("still there: %d", byte);
	close(ends[0]), close(ends[1]), close(dir), close(path), close(w);
}

/* After the page was given up mincore says that it is absent, and it comes back as it was. */
static void given_up(void)
{
	int fd = make_file("given", 8);
	unsigned char *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED, fd, 0), in[8];

	for (int how = 0; how < 3; how++) {
		fsync(fd);
		CALL(fadvise64, fd, how == 1 ? 2 * PAGE + 1 : 0, how == 1 ? 3 * PAGE : 0, 4);
		mincore(p, 8 * PAGE, in);
		printf("after DONTNEED %d:", how);
		for (int i = 0; i < 8; i++)
			printf(" %d", in[i] & 1);
		CALL(fadvise64, fd, 0, 0, 3);
		usleep(100000);
		mincore(p, 8 * PAGE, in);
		printf(", after WILLNEED:");
		for (int i = 0; i < 8; i++)
			printf(" %d", in[i] & 1);
		printf("\n");
	}
	close(fd);
}

static void show_copy(const char *what, int in, long in_off, int out, long out_off, size_t n)
{
	long from = in_off, to = out_off;
	long r = CALL(copy_file_range, in, in_off == -9 ? NULL : &from, out, out_off == -9 ? NULL : &to, n, 0);

	LINE("copy %s %zu: %s, then %ld %ld, positions %ld %ld, size %ld", what, n, shown(r), from, to,
	     (long)lseek(in, 0, SEEK_CUR), (long)lseek(out, 0, SEEK_CUR),
	     (long)lseek(out, 0, SEEK_END) + 0 * lseek(out, to > 0 ? 0 : 0, SEEK_SET));
}

static void copies(int in)
{
	int out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0644), dir = open(".", O_RDONLY), ends[2],
		null = open("/dev/null", O_RDWR);
	int append = open("out", O_WRONLY | O_APPEND), r = open("out", O_RDONLY), mem = (int)CALL(memfd_create, "m", 0),
		path = open("out", O_PATH);
	unsigned char bytes[3];

	CALL(pipe2, ends, 0);
	lseek(in, 0, SEEK_SET);
	show_copy("by position", in, -9, out, -9, 5000);
	show_copy("by offset", in, 4000, out, 100, 200);
	show_copy("past the end", in, 3 * PAGE - 10, out, 9000, 100);
	show_copy("from the end", in, 3 * PAGE, out, 9000, 100);
	show_copy("nothing", in, 0, out, 0, 0);
	CALL(pread64, out, bytes, 3, 9008);
	LINE("bytes %d %d %d", bytes[0], bytes[1], bytes[2]);
	show_copy("onto itself", out, 0, out, 100, 101);
	show_copy("beside itself", out, 0, out, 100, 100);
	show_copy("negative", in, -1, out, 0, 1);
	show_copy("to negative", in, 0, out, -1, 1);
	show_copy("very far", in, 0, out, 0x7ffffffffffffff0, 100);
	show_copy("huge", in, 0, out, 0, ~0ul);
	int pairs[][2] = { { dir, out }, { in, dir }, { ends[0], out }, { in, ends[1] }, { null, out }, { in, null },
	                   { in, append }, { in, r },
			   { append, out }, { in, mem }, { mem, out }, { 99, out }, { in, 99 }, { path, out }, { in, path } };
	for (size_t i = 0; i < COUNT(pairs); i++)
		printf(" %s", shown(CALL(copy_file_range, pairs[i][0], &(long){ 0 }, pairs[i][1], &(long){ 0 }, 5, 0)));
	LINE(" flags %s bad pointers %s %s", shown(CALL(copy_file_range, in, 0, out, 0, 1, 1)),
	     shown(CALL(copy_file_range, in, 8, out, 0, 1, 0)), shown(CALL(copy_file_range, in, 0, out, 8, 1, 0)));
	limit(RLIMIT_FSIZE, 5000);
	signal(SIGXFSZ, SIG_IGN);
	show_copy("over the limit", in, 0, out, 4000, 3000);
	show_copy("all over", in, 0, out, 5000, 1);
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	close(out), close(dir), close(append), close(r), close(mem), close(path), close(ends[0]), close(ends[1]),
		close(null);
}

static void ranges_of_descriptors(void)
{
	int base = 20, ends[2];

	CALL(pipe2, ends, 0);
	for (int i = 0; i < 10; i++)
		dup2(ends[0], base + i);
	LINE("close_range %s", shown(CALL(close_range, base + 2, base + 4, 0)));
	LINE("marked %s", shown(CALL(close_range, base + 6, base + 7, 4)));
	for (int i = 0; i < 10; i++)
		SHOW("", CALL(fcntl, base + i, F_GETFD));
	LINE("\nbackwards %s flags %s %s beyond %s", shown(CALL(close_range, 5, 4, 0)), shown(CALL(close_range, 50, 60, 1)),
	     shown(CALL(close_range, 50, 60, 8)), shown(CALL(close_range, 5000, ~0u, 0)));
	IN_CHILD(LINE("unshared %s", shown(CALL(close_range, base, ~0u, 2))); SHOW("", CALL(fcntl, base, F_GETFD)));
	LINE(" here %s", shown(CALL(fcntl, base, F_GETFD)));
	CALL(close_range, base, ~0u, 0);
	LINE("all gone %s %s", shown(CALL(fcntl, base, F_GETFD)), shown(CALL(fcntl, base + 9, F_GETFD)));
	CALL(dup2, 1, base);
	LINE("notices ended %s %s", shown(CALL(fcntl, base, F_NOTIFY, 0)), shown(CALL(fcntl, base, F_NOTIFY, DN_MULTISHOT)));
	CALL(close, base);
	close(ends[0]), close(ends[1]);
}

static void vectors(void)
{
	int fd = open("vectors", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char bytes[10] = "abcdefghi";
	struct iovec iov[2] = { { bytes, 3 }, { bytes + 3, 2 } };

	for (int flags = 0; flags < 64; flags++)
		if (!(flags & 8))
			printf(" %d: %s %s %s\n", flags, shown(CALL(pwritev2, fd, iov, 2, 1, 0, flags)),
			       shown(CALL(pwritev2, fd, iov, 2, -1, 0, flags)), shown(CALL(lseek, fd, 0, SEEK_CUR)));
	for (int flags = 0; flags < 64; flags++)
		if (!(flags & 8))
			printf(" %d: %s %s\n", flags, shown(CALL(preadv2, fd, iov, 2, 1, 0, flags)),
			       shown(CALL(preadv2, fd, iov, 0, 0, 0, flags)));
	SHOW("before", CALL(preadv2, fd, iov, 2, -2, 0, 0)), SHOW("none", CALL(preadv2, 99, iov, 2, 0, 0, 0));
	LINE(" size %ld position %ld", (long)lseek(fd, 0, SEEK_END), (long)lseek(fd, 0, SEEK_CUR));
	close(fd);
}

static void times(void)
{
	struct timeval tv[2] = { { 1000, 5 }, { 2000, 999999 } }, bad[2] = { { 1, 1000000 }, { 1, -1 } };
	long buf[2] = { 77, 88 };
	struct stat st;

	SHOW("utime", CALL(utime, "file", buf));
	stat("file", &st);
	LINE(" %ld.%ld %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	SHOW("utimes", CALL(utimes, "link", tv));
	stat("file", &st);
	LINE(" %ld.%ld %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	SHOW("now", CALL(utimes, "file", 0)), SHOW("", CALL(utime, "file", 0)), SHOW("bad", CALL(utimes, "file", bad)),
		SHOW("", CALL(utimes, "file", bad + 1));
	SHOW("none", CALL(utimes, "none", tv)), SHOW("pointer", CALL(utimes, "file", 8)), SHOW("", CALL(utime, 8, buf)),
		SHOW("", CALL(utime, "file", 8));
	int dir = open(".", O_RDONLY);
	SHOW("at", CALL(futimesat, dir, "file", tv)), SHOW("itself", CALL(futimesat, dir, 0, tv)),
		SHOW("none", CALL(futimesat, 99, 0, tv));
	printf("\n");
	close(dir);
}

static void capabilities(const char *who)
{
	static const unsigned versions[] = { 0x19980330, 0x20071026, 0x20080522, 0, 1 };

	for (size_t i = 0; i < COUNT(versions); i++) {
		struct { unsigned version; int pid; } h = { versions[i], 0 };
		unsigned caps[6] = { 0 };
		printf("%s version %x:", who, versions[i]), SHOW("", CALL(capget, &h, caps)), SHOW("", CALL(capget, &h, 0));
		printf(" %x, %x %x %x %x %x %x", h.version, caps[0], caps[1], caps[2], caps[3], caps[4], caps[5]);
		h.version = versions[i];
		if (versions[i] != 0x19980330) /* which gives up what it does not know of */
			SHOW("set", CALL(capset, &h, caps));
		printf("\n");
	}
	struct { unsigned version; int pid; } h = { 0x20080522, 1 << 22 };
	unsigned caps[6];
	SHOW("nobody", CALL(capget, &h, caps));
	h.pid = -1;
	SHOW("negative", CALL(capget, &h, caps));
	LINE(" bad pointers %s %s", shown(CALL(capget, 8, caps)), shown((h.pid = 0, CALL(capget, &h, 8))));
}

static void randoms(void)
{
	char bytes[16];

	for (int flags = 0; flags < 10; flags++)
		SHOW("", CALL(getrandom, bytes, 16, flags));
	LINE(" none %s bad %s", shown(CALL(getrandom, 0, 0, 0)), shown(CALL(getrandom, 8, 1, 0)));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	umask(022);
	int fd = make_file("file", 3);
	symlink("file", "link");
	statxes(fd);
	hints(fd);
	given_up();
	copies(fd);
	ranges_of_descriptors();
	vectors();
	times();
	capabilities("root");
	IN_CHILD(CALL(setresuid, 1000, 1000, 0); capabilities("root in reserve"));
	IN_CHILD(CALL(setresuid, 1000, 1000, 1000); capabilities("user"));
	randoms();
	return 0;
}
