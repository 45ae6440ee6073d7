/* SPDX-License-Identifier: MIT */
/*
 * The flags of an inode (chattr(1)): which may be set and by whom, what they forbid, what statx says of them. Each call
 * is made on a file or directory of its own that has the flags, once through descriptors opened before, on the disk and
 * in memory. Not for the host: a file may stay behind that nobody can remove.
 */
#include "show.h"

#define GETFLAGS 0x80086601ul
#define SETFLAGS 0x40086602ul
#define IMMUTABLE 0x10
#define APPEND 0x20

#define ATTRIBUTES 0x74 /* compressed, immutable, append-only, nodump */

static const char *flags_text(int fd)
{
	char *text = spare_text();
	unsigned flags = 0xabcdef;
	long r = CALL(ioctl, fd, GETFLAGS, &flags);

	if (r)
		return shown(r);
	snprintf(text, 96, "%x", flags);
	return text;
}

static long set_flags(const char *path, unsigned flags)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	long r = CALL(ioctl, fd, SETFLAGS, &flags);

	close(fd);
	return r;
}

/* What statx says: the attributes, and those it knows. */
static void show_statx(const char *path)
{
	struct { unsigned mask, blksize; unsigned long attributes; unsigned ids[3]; unsigned short mode, pad;
		 unsigned long ino, size, blocks, attributes_mask, rest[30]; } x;
	long r = CALL(statx, AT_FDCWD, path, 0, 0x7ff, &x);

	printf(" statx %s %lx of %lx\n", shown(r), x.attributes & ATTRIBUTES, x.attributes_mask & ATTRIBUTES);
}

/* ---- which flags can be set ---- */

static void each_flag(const char *path, const char *what)
{
	printf("%s: at first %s\n", what, flags_text(open(path, O_RDONLY)));
	for (int bit = 0; bit < 32; bit++) {
		int fd = open(path, O_RDONLY);
		unsigned flags = 1u << bit;
		long r = CALL(ioctl, fd, SETFLAGS, &flags);

		printf(" %x: %s %s", flags, shown(r), flags_text(fd));
		show_statx(path);
		flags = 0;
		CALL(ioctl, fd, SETFLAGS, &flags);
		close(fd);
	}
}

static void inherited(void)
{
	unsigned all = ~(unsigned)(IMMUTABLE | APPEND);

	CALL(mkdir, "parent", 0755);
	for (int bit = 0; bit < 32; bit++) {
		if (!(all >> bit & 1) || set_flags("parent", 1u << bit))
			continue;
		int fd = open("parent/file", O_RDWR | O_CREAT, 0644);
		CALL(mkdir, "parent/dir", 0755);
		int dir = open("parent/dir", O_RDONLY);
		printf("%x hands down %s to a file, ", 1u << bit, flags_text(fd));
		printf("%s to a directory\n", flags_text(dir));
		close(fd), close(dir);
		set_flags("parent", 0);
		CALL(unlink, "parent/file"), CALL(rmdir, "parent/dir");
	}
	CALL(rmdir, "parent");
}

/* ---- bad calls ---- */

static void show_calls(const char *what, int fd)
{
	unsigned flags = 0;

	printf("%s: get %s bad %s set %s", what, flags_text(fd), shown(CALL(ioctl, fd, GETFLAGS, 8)), shown(CALL(ioctl, fd, SETFLAGS, &flags)));
	printf(" bad %s\n", shown(CALL(ioctl, fd, SETFLAGS, 8)));
}

static void not_files(void)
{
	int ends[2];

	CALL(pipe2, ends, 0);
	show_calls("pipe", ends[0]);
	show_calls("null", open("/dev/null", O_RDWR));
	show_calls("proc", open("/proc/self/maps", O_RDONLY));
	show_calls("proc directory", open("/proc/self", O_RDONLY));
	show_calls("path", open(".", O_PATH));
	show_calls("none", 99);
	show_calls("memfd", (int)CALL(memfd_create, "m", 0));
	CALL(mknod, "fifo", S_IFIFO | 0644, 0);
	show_calls("fifo", open("fifo", O_RDWR));
	CALL(mknod, "null", S_IFCHR | 0666, 0x103);
	show_calls("device", open("null", O_RDWR));
	CALL(unlink, "fifo"), CALL(unlink, "null");
}

static void as_user(void)
{
	int owned = open("owned", O_RDWR | O_CREAT, 0644), others = open("others", O_RDWR | O_CREAT, 0644);
	unsigned sets[] = { 0, 1, APPEND, IMMUTABLE, 0x40, 0x4000, 0x80000000 };

	CALL(fchown, owned, 1000, 1000);
	fflush(stdout);
	if (!fork()) {
		CALL(setresuid, 1000, 1000, 1000);
		for (size_t i = 0; i < COUNT(sets); i++) {
			printf("user %x: owned %s", sets[i], shown(CALL(ioctl, owned, SETFLAGS, &sets[i])));
			printf(" %s others %s\n", flags_text(owned), shown(CALL(ioctl, others, SETFLAGS, &sets[i])));
		}
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	unsigned flags = APPEND;
	CALL(ioctl, owned, SETFLAGS, &flags);
	fflush(stdout);
	if (!fork()) {
		CALL(setresuid, 1000, 1000, 1000);
		printf("user, append-only file: the same %s", shown(CALL(ioctl, owned, SETFLAGS, &flags)));
		flags |= 0x40;
		printf(" one more %s", shown(CALL(ioctl, owned, SETFLAGS, &flags)));
		flags = 0;
		printf(" none %s\n", shown(CALL(ioctl, owned, SETFLAGS, &flags)));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	flags = 0;
	CALL(ioctl, owned, SETFLAGS, &flags);
	close(owned), close(others);
	CALL(unlink, "owned"), CALL(unlink, "others");
}

/* ---- what they forbid ---- */

static int old_rw, old_append, old_read; /* opened before the flags were set */
static unsigned char *old_map;           /* writable, shared; the first page has been stored to */

static long opens(int flags)
{
	long fd = CALL(open, "x", flags, 0644);

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static long maps(int fd, int prot, int flags)
{
	long r = CALL(mmap, 0, PAGE, prot, flags, fd, 0);

	return r < 0 && r > -4096 ? r : CALL(munmap, r, PAGE);
}

/* A shared mapping through a descriptor opened now, then mprotect to write. */
static long map_then_write(int how)
{
	int fd = open("x", how);
	long r = CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	if (r < 0 && r > -4096)
		return r;
	long err = CALL(mprotect, r, PAGE, RW);
	CALL(munmap, r, PAGE);
	return err;
}

static long times(const char *path, long a, long m)
{
	struct timespec t[2] = { { 1000, a }, { 2000, m } };

	return CALL(utimensat, AT_FDCWD, path, t, 0);
}

static long stores(int page)
{
	printf("(%s) ", probe(old_map + page * PAGE, STORE));
	return 0;
}

#define FILE_OPS(OP) \
	OP("read", opens(O_RDONLY)) OP("write", opens(O_WRONLY)) OP("rw", opens(O_RDWR)) OP("append", opens(O_WRONLY | O_APPEND)) \
	OP("mode 3", opens(3)) OP("mode 3 append", opens(3 | O_APPEND)) \
	OP("trunc read", opens(O_RDONLY | O_TRUNC)) OP("trunc append", opens(O_WRONLY | O_APPEND | O_TRUNC)) \
	OP("creat", opens(O_CREAT | O_RDONLY)) OP("creat write", opens(O_CREAT | O_WRONLY)) OP("excl", opens(O_CREAT | O_EXCL | O_WRONLY)) \
	OP("path", opens(O_PATH)) OP("truncate", CALL(truncate, "x", 10)) OP("truncate same", CALL(truncate, "x", 3 * PAGE)) \
	OP("ftruncate", CALL(ftruncate, old_rw, 10)) OP("ftruncate -1", CALL(ftruncate, old_rw, -1)) \
	OP("ftruncate read-only", CALL(ftruncate, old_read, 10)) OP("old write", CALL(write, old_rw, "abc", 3)) \
	OP("old write 0", CALL(write, old_rw, "abc", 0)) OP("old write bad", CALL(write, old_rw, 8, 3)) \
	OP("old pwrite", CALL(pwrite64, old_rw, "abc", 3, 5)) OP("old append", CALL(write, old_append, "abc", 3)) \
	OP("old pwrite append", CALL(pwrite64, old_append, "abc", 3, 0)) OP("old read", CALL(pread64, old_rw, spare_text(), 3, 0)) \
	OP("allocate", CALL(fallocate, old_rw, 0, 0, PAGE)) OP("allocate keep", CALL(fallocate, old_rw, 1, 0, PAGE)) \
	OP("allocate more", CALL(fallocate, old_rw, 0, 8 * PAGE, PAGE)) OP("allocate more keep", CALL(fallocate, old_rw, 1, 8 * PAGE, PAGE)) \
	OP("punch", CALL(fallocate, old_rw, 3, 0, PAGE)) OP("zero", CALL(fallocate, old_rw, 16, 0, PAGE)) \
	OP("allocate read-only", CALL(fallocate, old_read, 0, 0, PAGE)) \
	OP("fcntl append", CALL(fcntl, old_rw, F_SETFL, O_APPEND)) OP("fcntl none", CALL(fcntl, old_append, F_SETFL, 0)) \
	OP("fcntl nonblock", CALL(fcntl, old_append, F_SETFL, O_APPEND | O_NONBLOCK)) OP("fcntl read-only", CALL(fcntl, old_read, F_SETFL, O_APPEND)) \
	OP("map shared rw", maps(old_rw, RW, MAP_SHARED)) OP("map shared r", maps(old_rw, PROT_READ, MAP_SHARED)) \
	OP("map validate", maps(old_rw, PROT_READ, MAP_SHARED_VALIDATE)) OP("map append", maps(old_append, PROT_READ, MAP_SHARED)) \
	OP("map private", maps(old_rw, RW, MAP_PRIVATE)) OP("map read-only", maps(old_read, PROT_READ, MAP_SHARED)) \
	OP("map read-only rw", maps(old_read, RW, MAP_SHARED)) OP("mprotect", map_then_write(O_RDONLY)) OP("mprotect rw", map_then_write(O_RDWR)) \
	OP("old store", stores(0)) OP("old store new page", stores(1)) \
	OP("msync", CALL(msync, old_map, 3 * PAGE, MS_SYNC)) OP("fsync", CALL(fsync, old_rw)) \
	OP("copy", CALL(copy_file_range, old_read, 0, old_rw, 0, 5, 0)) OP("sendfile", CALL(sendfile, old_rw, old_read, 0, 3)) \
	OP("link", CALL(link, "x", "y")) OP("unlink", CALL(unlink, "x")) OP("rename", CALL(rename, "x", "y")) \
	OP("rename itself", CALL(rename, "x", "x")) OP("replace", (close(open("y", O_CREAT | O_RDWR, 0644)), CALL(rename, "y", "x"))) \
	OP("noreplace", (close(open("y", O_CREAT | O_RDWR, 0644)), CALL(renameat2, AT_FDCWD, "y", AT_FDCWD, "x", 1)))

#define DIR_OPS(OP) \
	OP("open", opens(O_RDONLY)) OP("create", CALL(open, "x/new", O_CREAT | O_RDWR, 0644) < 0 ? CALL(open, "x/new", O_CREAT | O_RDWR, 0644) : 0) \
	OP("open old", CALL(open, "x/old", O_RDWR) < 0 ? CALL(open, "x/old", O_RDWR) : 0) OP("creat old", CALL(open, "x/old", O_CREAT | O_RDWR, 0644) < 0) \
	OP("mkdir", CALL(mkdir, "x/dir", 0755)) OP("mkdir old", CALL(mkdir, "x/old", 0755)) OP("symlink", CALL(symlink, "a", "x/new")) \
	OP("mknod", CALL(mknod, "x/new", S_IFIFO | 0644, 0)) OP("unlink old", CALL(unlink, "x/old")) OP("unlink none", CALL(unlink, "x/none")) \
	OP("rmdir old", CALL(rmdir, "x/old")) OP("rmdir sub", CALL(rmdir, "x/sub")) OP("rmdir", CALL(rmdir, "x")) OP("unlink", CALL(unlink, "x")) \
	OP("rename", CALL(rename, "x", "y")) OP("rename in", (close(open("y", O_CREAT | O_RDWR, 0644)), CALL(rename, "y", "x/new"))) \
	OP("rename over", (close(open("y", O_CREAT | O_RDWR, 0644)), CALL(rename, "y", "x/old"))) \
	OP("rename out", CALL(rename, "x/old", "y")) OP("rename within", CALL(rename, "x/old", "x/new")) \
	OP("link in", CALL(link, "x/old", "x/new")) OP("link out", CALL(link, "x/old", "y")) \
	OP("write old", CALL(truncate, "x/old", 5)) OP("chmod old", CALL(chmod, "x/old", 0600)) OP("move sub", CALL(rename, "x/sub", "y")) \
	OP("move into another", (CALL(mkdir, "y", 0755), CALL(rename, "x", "y/x"))) OP("list", CALL(getdents64, old_read, spare_text(), 96) > 0)

#define ANY_OPS(OP) \
	OP("chmod", CALL(chmod, "x", 0600)) OP("chmod same", CALL(chmod, "x", 0755)) OP("fchmod", CALL(fchmod, old_read, 0600)) \
	OP("chown", CALL(chown, "x", 5, 6)) OP("chown -1", CALL(chown, "x", -1, -1)) OP("fchown", CALL(fchown, old_read, 0, 0)) \
	OP("times", times("x", 0, 0)) OP("times now", times("x", UTIME_NOW, UTIME_NOW)) OP("times null", CALL(utimensat, AT_FDCWD, "x", 0, 0)) \
	OP("times one now", times("x", UTIME_NOW, UTIME_OMIT)) OP("times omit", times("x", UTIME_OMIT, UTIME_OMIT)) \
	OP("futimens", CALL(utimensat, old_read, 0, 0, 0)) OP("access w", CALL(access, "x", W_OK)) OP("access r", CALL(access, "x", R_OK)) \
	OP("access x", CALL(access, "x", X_OK)) OP("set xattr", CALL(setxattr, "x", "user.a", "b", 1, 0) == 0)

static void prepare(bool dir)
{
	char bytes[3 * PAGE];

	memset(bytes, 'a', sizeof bytes);
	if (dir) {
		CALL(mkdir, "x", 0755), CALL(mkdir, "x/sub", 0755);
		close(open("x/old", O_CREAT | O_RDWR, 0644));
		old_read = open("x", O_RDONLY);
		return;
	}
	old_rw = open("x", O_CREAT | O_RDWR, 0755);
	CALL(write, old_rw, bytes, sizeof bytes);
	CALL(lseek, old_rw, 0, 0);
	old_append = open("x", O_WRONLY | O_APPEND);
	old_read = open("x", O_RDONLY);
	old_map = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, old_rw, 0);
	old_map[0] = 'b';
}

static void clean_up(bool dir)
{
	if (!dir) {
		munmap(old_map, 3 * PAGE);
		close(old_rw), close(old_append);
	}
	close(old_read);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	static const char *const names[] = { "x", "y", "x/new", "x/old", "x/dir", "x/sub", "x", "y/x/old", "y/x/sub", "y/x", "y" };
	for (size_t i = 0; i < COUNT(names); i++) {
		set_flags(names[i], 0);
		if (CALL(unlink, names[i]) < 0)
			CALL(rmdir, names[i]);
	}
}

static void forbidden(unsigned flags, bool dir)
{
	printf("%s with %x:\n", dir ? "directory" : "file", flags);
	fflush(stdout);
#define OP(what, call) prepare(dir), set_flags("x", flags), printf("  " what), printf(" %s\n", shown(call)), fflush(stdout), clean_up(dir);
	if (dir) {
		DIR_OPS(OP)
	} else {
		FILE_OPS(OP)
	}
	ANY_OPS(OP)
}

/* What a user meets who owns the file, or may not even write to it. */
static void in_order(unsigned flags)
{
	prepare(false), CALL(chmod, "x", 0444), set_flags("x", flags);
	fflush(stdout);
	if (!fork()) {
		CALL(setresuid, 1000, 1000, 1000);
		printf("not the owner, %x: open %s", flags, shown(opens(O_WRONLY)));
		printf(" append %s access %s", shown(opens(O_WRONLY | O_APPEND)), shown(CALL(access, "x", W_OK)));
		printf(" truncate %s chmod %s", shown(CALL(truncate, "x", 1)), shown(CALL(chmod, "x", 0644)));
		printf(" times %s now %s", shown(times("x", 1, 1)), shown(CALL(utimensat, AT_FDCWD, "x", 0, 0)));
		printf(" unlink %s\n", shown(CALL(unlink, "x")));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	clean_up(false);
}

static void place(const char *where)
{
	static const unsigned sets[] = { APPEND, IMMUTABLE, APPEND | IMMUTABLE };

	printf("---- %s\n", where);
	CALL(mkdir, "dir", 0755), close(open("file", O_CREAT | O_RDWR, 0644));
	each_flag("file", "file"), each_flag("dir", "directory");
	CALL(rmdir, "dir"), CALL(unlink, "file");
	inherited();
	not_files();
	as_user();
	for (size_t i = 0; i < COUNT(sets); i++) {
		forbidden(sets[i], false);
		forbidden(sets[i], true);
		in_order(sets[i]);
	}
}

int main(void)
{
	catch_faults();
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	CALL(umask, 0);
	place("on the disk");
	CALL(mkdir, "/tmp/flags", 0755), CALL(chdir, "/tmp/flags");
	place("in memory");
	CALL(chdir, "/"), CALL(rmdir, "/tmp/flags");
	fflush(stdout);
	return 0;
}
