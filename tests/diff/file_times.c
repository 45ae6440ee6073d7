/* SPDX-License-Identifier: MIT */
/*
 * Which of a file's three times moves with what: reading, mapping, writing, names; on the disk and in memory; and what
 * the mount says about times of access.
 */
#include "show.h"

#include <sys/mount.h>
#include <sys/sendfile.h>
#include <time.h>

static char bytes[8192];
static struct stat before;
static long now;

static void begin(const char *name, long accessed, long modified)
{
	struct timespec times[2] = { { accessed, 7 }, { modified, 7 } };

	utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW);
	lstat(name, &before);
	usleep(12000); /* more than Linux's clock of files needs for a step */
}

static bool moved(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

static void end(const char *what, const char *name)
{
	struct stat st;

	lstat(name, &st);
	printf("%s: %c%c%c\n", what, moved(&st.st_atim, &before.st_atim) ? 'a' : '-',
	       moved(&st.st_mtim, &before.st_mtim) ? 'm' : '-', moved(&st.st_ctim, &before.st_ctim) ? 'c' : '-');
}

static void answer(const char *what, long result)
{
	printf("%s: %s\n", what, shown(result));
}

/* Two times that are to be kept: nothing else is looked at. A time that is none is found after the file. */
static void arguments(void)
{
	struct timespec kept[2] = { { 5, UTIME_OMIT }, { 5, UTIME_OMIT } }, none[2] = { { 0, 1000000000 }, { 5, 0 } };

	answer("keep both of no file", CALL(utimensat, AT_FDCWD, "no such name", kept, 0));
	answer("keep both by flags that are none", CALL(utimensat, AT_FDCWD, "f", kept, 0x4000));
	answer("keep both of no descriptor", CALL(utimensat, 9999, 0, kept, 0));
	answer("keep both of no name", CALL(utimensat, AT_FDCWD, 8, kept, 0));
	answer("no time, no file", CALL(utimensat, AT_FDCWD, "no such name", none, 0));
	answer("no time, flags that are none", CALL(utimensat, AT_FDCWD, "no such name", none, 0x4000));
	answer("no time, no descriptor", CALL(utimensat, 9999, 0, none, 0));
	answer("no time", CALL(utimensat, AT_FDCWD, "f", none, 0));
	answer("a descriptor and a flag", CALL(utimensat, 9999, 0, none, AT_SYMLINK_NOFOLLOW));
}

/* The file's times are set to those given, something is done, and then: which of them are others now? */
#define AT(what, name, accessed, modified, ...) \
	do { begin(name, accessed, modified); __VA_ARGS__; end(what, name); } while (0)
#define DO(what, name, ...) AT(what, name, 1000, 2000, __VA_ARGS__)

static void reading(int fd)
{
	int quiet = open("f", O_RDONLY | O_NOATIME), to = open("to", O_CREAT | O_RDWR, 0644);

	AT("read, accessed before it was modified", "f", 1000, 2000, pread(fd, bytes, 10, 0));
	AT("read, accessed when it was modified", "f", 2000, 2000, pread(fd, bytes, 10, 0));
	AT("read, accessed long ago", "f", 3000, 2000, pread(fd, bytes, 10, 0));
	AT("read, accessed just now", "f", now + 5, 2000, pread(fd, bytes, 10, 0));
	AT("read, accessed before it was changed", "f", now - 5, 2000, pread(fd, bytes, 10, 0));
	AT("read, accessed in the future", "f", now + 100000, now - 200000, pread(fd, bytes, 10, 0));
	DO("read nothing", "f", pread(fd, bytes, 0, 0));
	DO("read at the end", "f", pread(fd, bytes, 10, 100000));
	DO("read to nowhere", "f", CALL(pread64, fd, 8, 10, 0));
	DO("read segments", "f", preadv(fd, &(struct iovec){ bytes, 5 }, 1, 0));
	DO("read with O_NOATIME", "f", pread(quiet, bytes, 10, 0));
	DO("sendfile from it", "f", sendfile(to, fd, &(off_t){ 0 }, 10));
	DO("copy_file_range from it", "f", copy_file_range(fd, &(off_t){ 0 }, to, 0, 10, 0));
	DO("copy_file_range to it", "to", copy_file_range(fd, &(off_t){ 0 }, to, 0, 10, 0));
	DO("sendfile to it", "to", sendfile(to, fd, &(off_t){ 0 }, 10));
	close(quiet), close(to);
}

static void mapping(int fd)
{
	char *p, *w;

	DO("map it shared", "f", p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	DO("load", "f", (void)*(volatile char *)p);
	DO("map it private", "f", munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), PAGE));
	DO("map it without rights", "f", munmap(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE, fd, 0), PAGE));
	w = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	DO("store", "f", *(volatile char *)w = 1);
	munmap(w, PAGE);
	pwrite(fd, "x", 1, 0);
	w = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	DO("store what has been written to", "f", *(volatile char *)w = 2);
	DO("msync, asynchronously", "f", msync(w, PAGE, MS_ASYNC));
	DO("unmap", "f", munmap(w, PAGE), munmap(p, PAGE));
}

static void writing(int fd)
{
	DO("write", "f", pwrite(fd, bytes, 1, 0));
	DO("write nothing", "f", pwrite(fd, bytes, 0, 0));
	DO("truncate to the same size", "f", truncate("f", 5000));
	DO("ftruncate to the same size", "f", ftruncate(fd, 5000));
	DO("ftruncate shorter", "f", ftruncate(fd, 4000));
	DO("truncate longer", "f", truncate("f", 7000));
	DO("open with O_TRUNC", "f", close(open("f", O_WRONLY | O_TRUNC)));
	DO("open what is empty with O_TRUNC", "f", close(open("f", O_WRONLY | O_TRUNC)));
	DO("read what is empty", "f", pread(fd, bytes, 10, 0));
	DO("open", "f", close(open("f", O_RDWR)));
	DO("open with O_CREAT", "f", close(open("f", O_RDWR | O_CREAT, 0600)));
	DO("chmod", "f", chmod("f", 0755));
	DO("chown", "f", chown("f", 0, 0));
	DO("chown to nobody else", "f", chown("f", -1, -1));
	DO("set the time of access", "f", utimensat(AT_FDCWD, "f", (struct timespec[]){ { 5, 0 }, { 0, UTIME_OMIT } }, 0));
	DO("set no time", "f", utimensat(AT_FDCWD, "f", (struct timespec[]){ { 5, UTIME_OMIT }, { 0, UTIME_OMIT } }, 0));
	DO("seek a hole", "f", lseek(fd, 0, SEEK_HOLE));
	DO("lock", "f", fcntl(fd, F_SETLK, &(struct flock){ F_RDLCK, 0, 0, 0, 0 }));
}

static void names(void)
{
	DO("link", "f", link("f", "g"));
	DO("unlink another name", "f", unlink("g"));
	begin("f", 1000, 2000), rename("f", "h"), end("rename", "h"), rename("h", "f");
	close(open("vic", O_CREAT | O_RDWR, 0644)), link("vic", "vic2"), close(open("new", O_CREAT | O_RDWR, 0644));
	DO("another file takes a name of it", "vic2", rename("new", "vic"));
	symlink("f", "s");
	DO("readlink", "s", readlink("s", bytes, 100));
	AT("readlink, accessed just now", "s", now + 5, 2000, readlink("s", bytes, 100));
	DO("follow", "s", stat("s", &(struct stat){ 0 }));
	DO("open by the link", "s", close(open("s", O_RDONLY)));
	DO("lstat", "s", lstat("s", &(struct stat){ 0 }));
}

static void directories(void)
{
	int d;

	mkdir("d", 0755);
	d = open("d", O_RDONLY | O_DIRECTORY);
	DO("list", "d", CALL(getdents64, d, bytes, sizeof bytes));
	DO("list on, at the end", "d", CALL(getdents64, d, bytes, sizeof bytes));
	AT("list, accessed just now", "d", now + 5, 2000, lseek(d, 0, SEEK_SET), CALL(getdents64, d, bytes, sizeof bytes));
	DO("look for a name", "d", access("d/x", F_OK));
	DO("make a file", "d", close(open("d/x", O_CREAT | O_RDWR, 0644)));
	AT("list what changed", "d", now + 5, 2000, close(open("d/x2", O_CREAT | O_RDWR, 0644)), lseek(d, 0, SEEK_SET),
	   CALL(getdents64, d, bytes, sizeof bytes));
	DO("write to a file in it", "d", truncate("d/x", 10));
	DO("link in it", "d", link("d/x", "d/y"));
	DO("rename in it", "d", rename("d/x", "d/z"));
	DO("unlink in it", "d", unlink("d/z"));
	DO("mkdir in it", "d", mkdir("d/q", 0755));
	DO("rmdir in it", "d", rmdir("d/q"));
	DO("symlink in it", "d", symlink("x", "d/l"));
	DO("a file without a name in it", "d", close(open("d", O_TMPFILE | O_RDWR, 0600)));
	DO("a failed mkdir in it", "d", mkdir("d/l", 0755));
	DO("rename out of it", "d", rename("d/l", "l"));
	DO("rename into it", "d", rename("l", "d/l"));
	mkdir("e", 0755), begin("e", 1000, 2000), rename("e", "d/e"), end("a directory that moves", "d/e");
	begin("d/e", 1000, 2000), rename("d/e", "d/e2"), end("a directory that is renamed", "d/e2");
	close(d);
}

static void executing(void)
{
	int from = open("/bin/true", O_RDONLY), to = open("program", O_CREAT | O_RDWR, 0755), pid;

	sendfile(to, from, NULL, 1 << 24);
	close(from), close(to);
	begin("program", 1000, 2000);
	pid = fork();
	if (!pid)
		execl("./program", "true", NULL);
	waitpid(pid, NULL, 0);
	end("execute", "program");
}

static void everything_in(const char *folder)
{
	int fd;

	printf("in %s\n", folder);
	chdir(folder), mkdir("times", 0755), chdir("times");
	fd = open("f", O_CREAT | O_RDWR, 0755);
	write(fd, bytes, 5000), fsync(fd);
	reading(fd), mapping(fd), writing(fd), names(), directories(), executing(), arguments();
	close(fd);
	chdir(folder);
}

static void show_lines(const char *file)
{
	const char *line = file_text(file), *at;

	while ((at = strstr(line, "/var/tmp/m "))) {
		line = at + strcspn(at, "\n");
		printf("  %.*s\n", (int)(line - at), at);
	}
}

static void mounted(const char *what, unsigned long flags)
{
	struct { long type, rest[8], frsize, flags, spare[4]; } fs = { 0 };
	int fd, d;

	printf("mounted %s: %s", what, shown(CALL(mount, "t", "/var/tmp/m", "tmpfs", 0, 0)));
	chdir("/var/tmp/m");
	fd = open("f", O_CREAT | O_RDWR, 0644);
	write(fd, "abc", 3), mkdir("d", 0755), symlink("f", "s");
	d = open("d", O_RDONLY);
	printf(" %s", shown(CALL(mount, "t", "/var/tmp/m", "", flags | MS_REMOUNT, 0)));
	printf(" %s\n", shown(CALL(mount, "t", "/var/tmp/m", "", (flags & ~0x3000c00ul) | MS_REMOUNT, 0)));
	DO("  read", "f", pread(fd, bytes, 10, 0));
	AT("  read, accessed long ago", "f", 3000, 2000, pread(fd, bytes, 10, 0));
	AT("  read, accessed just now", "f", now + 5, 2000, pread(fd, bytes, 10, 0));
	DO("  list", "d", lseek(d, 0, SEEK_SET), CALL(getdents64, d, bytes, sizeof bytes));
	AT("  list, accessed just now", "d", now + 5, 2000, lseek(d, 0, SEEK_SET), CALL(getdents64, d, bytes, sizeof bytes));
	DO("  readlink", "s", readlink("s", bytes, 10));
	show_lines("/proc/mounts"), show_lines("/proc/self/mountinfo");
	CALL(statfs, "/var/tmp/m", &fs);
	printf("  flags %lx\n", fs.flags);
	chdir("/");
	close(fd), close(d);
	printf("  %s\n", shown(CALL(umount2, "/var/tmp/m", 0)));
}

int main(void)
{
	now = time(NULL);
	umask(0);
	everything_in("/var/tmp/diff"), everything_in("/tmp");
	mkdir("/var/tmp/m", 0755);
	mounted("as usual", 0), mounted("relatime", MS_RELATIME), mounted("noatime", MS_NOATIME);
	mounted("strictatime", MS_STRICTATIME), mounted("both", MS_STRICTATIME | MS_NOATIME);
	mounted("nodiratime", MS_NODIRATIME), mounted("nodiratime, noatime", MS_NODIRATIME | MS_NOATIME);
	mounted("nodiratime, strictatime", MS_NODIRATIME | MS_STRICTATIME);
	mounted("nosuid, nodev, noexec", MS_NOSUID | MS_NODEV | MS_NOEXEC), mounted("sync", MS_SYNCHRONOUS);
	rmdir("/var/tmp/m");
	return 0;
}
