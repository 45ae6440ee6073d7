/* SPDX-License-Identifier: MIT */
/*
 * Filesystems in memory: the options of their mounts, sizes and what is full, remounting, umount2's flags. Sizes that
 * follow from the machine's memory are not shown.
 */
#include "show.h"

#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>

#define PLACE "/var/tmp/m"
#define SHOW(what, call) printf(" " what " %s", shown(call))

static long put(const char *options, unsigned long flags) { return CALL(mount, "src", PLACE, "tmpfs", flags, options); }
static long take(int flags) { return CALL(umount2, PLACE, flags); }

static void state(void)
{
	const char *line = strstr(file_text("/proc/mounts"), PLACE);
	struct statfs fs;
	struct stat st;

	if (!line)
		return;
	printf("  %.*s\n", (int)strcspn(line, "\n"), line);
	statfs(PLACE, &fs), stat(PLACE, &st);
	printf("  root %o %d:%d links %ld size %ld;", st.st_mode, st.st_uid, st.st_gid, (long)st.st_nlink, (long)st.st_size);
	if (fs.f_blocks < 20000 || fs.f_blocks > 200000)
		printf(" blocks %ld free %ld %ld", (long)fs.f_blocks, (long)fs.f_bfree, (long)fs.f_bavail);
	if (fs.f_files < 20000)
		printf(" files %ld free %ld", (long)fs.f_files, (long)fs.f_ffree);
	printf(" type %lx block %ld %ld name %ld flags %lx id %d\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_frsize,
	       (long)fs.f_namelen, (long)fs.f_flags, fs.f_fsid.__val[0] != 0);
}

static void options(void)
{
	static const char *const all[] = {
		"", "size=0", "size=1", "size=4096", "size=4097", "size=64k", "size=1m", "size=-1", "size=abc", "size=",
		"size", "size=1x", "size=1kk", "size=0x10000", "size=010000", "size=09", "size=1M,size=2M", "nr_blocks=4",
		"nr_blocks=0", "nr_blocks=1k", "nr_inodes=10", "nr_inodes=0", "nr_inodes=1", "nr_inodes=2k", "mode=0",
		"mode=755", "mode=7777", "mode=17777", "mode=0755", "mode=888", "mode=", "uid=5", "uid=0x5", "uid=5k", "uid=-1",
		"uid=4294967295", "uid=4294967294", "gid=6", "gid=", "uid=abc", "huge=never", "mpol=default", "inode64",
		"noswap", "foo", "foo=1", "size=1m,", "size=1m,,mode=700", ",", "uid=5,gid=6,mode=700,size=1m,nr_inodes=100",
		"size=64k,nr_blocks=1", "size=1T", "size=1e", "nr_inodes=-1", "size=4096,mode=1777",
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		printf("[%s] %s\n", all[i], shown(put(all[i], 0)));
		state();
		take(0);
	}
}

static void remounting(void)
{
	static const char *const all[] = { "size=2m", "mode=700", "uid=4", "size=64k", "nr_inodes=5", "bad", "",
		                           "size=1m,nr_inodes=30", "size=0", "nr_inodes=0", "size=4k" };
	static char bytes[100000];
	int fd;

	put("size=1m,nr_inodes=20,mode=755,uid=3", 0);
	fd = open(PLACE "/f", O_CREAT | O_RDWR, 0644);
	write(fd, bytes, sizeof bytes), mkdir(PLACE "/a", 0755), mkdir(PLACE "/b", 0755), mkdir(PLACE "/c", 0755);
	for (size_t i = 0; i < COUNT(all); i++) {
		printf("again with [%s] %s\n", all[i], shown(CALL(mount, "x", PLACE, "none", MS_REMOUNT, all[i])));
		state();
	}
	SHOW("what is no mount", CALL(mount, "x", "/var/tmp", "tmpfs", MS_REMOUNT, 0));
	SHOW("a file", CALL(mount, "x", PLACE "/f", "tmpfs", 0, 0)), SHOW("busy", take(0));
	close(fd), SHOW("", take(0)), printf("\n");
}

static void full(void)
{
	static char bytes[5000];
	struct stat st;
	char *p;
	int fd, zero = open("/dev/zero", O_RDONLY);

	put("size=32k,nr_inodes=6", 0), chdir(PLACE);
	fd = open("a", O_CREAT | O_RDWR, 0644), printf("fill");
	for (int i = 0; i < 10; i++)
		SHOW("", CALL(write, fd, bytes, sizeof bytes));
	fstat(fd, &st), printf(" size %ld blocks %ld\n", (long)st.st_size, (long)st.st_blocks), state();
	SHOW("over what is there", CALL(pwrite64, fd, bytes, 100, 0)), SHOW("allocate", CALL(fallocate, fd, 0, 0, 65536));
	SHOW("what is there", CALL(fallocate, fd, 0, 0, 8192)), SHOW("longer", CALL(ftruncate, fd, 1 << 20));
	p = mmap(NULL, 1 << 20, RW, MAP_SHARED, fd, 0);
	printf(" store %s", probe(p + 100, STORE)), printf(" to a hole %s", probe(p + 100000, STORE));
	printf(" load %s", probe(p + 200000, LOAD)), SHOW("by the kernel", CALL(read, zero, p + 100000, 10));
	SHOW("punch", CALL(fallocate, fd, 3, 0, 8192)), printf(" %s", probe(p + 100000, STORE));
	printf(" %s", probe(p + 110000, STORE)), printf(" %s\n", probe(p + 120000, STORE)), state();
	printf("names %s", shown_ok(CALL(open, "b", O_CREAT | O_RDWR, 0644))), SHOW("", CALL(symlink, "x", "c"));
	SHOW("", CALL(mkdir, "d", 0755)), SHOW("", CALL(mknod, "e", S_IFIFO | 0644, 0)), SHOW("", CALL(mkdir, "f", 0755));
	SHOW("link", CALL(link, "a", "l")), SHOW("nameless", CALL(open, ".", O_TMPFILE | O_RDWR, 0600)), printf("\n");
	state(), unlink("a"), state(), munmap(p, 1 << 20), close(fd), state();
	chdir("/"), SHOW("busy", take(0)), SHOW("lazily", take(MNT_DETACH)), SHOW("twice", take(0)), printf("\n");
	close(zero);
}

static void leaving(void)
{
	struct stat st;
	char byte;
	int fd;

	put("", 0), chdir(PLACE), printf("inside"), SHOW("", take(0)), chdir("/");
	fd = open(PLACE "/f", O_CREAT | O_RDWR, 0644), SHOW("open", take(0)), SHOW("force", take(MNT_FORCE));
	SHOW("expire", take(MNT_EXPIRE)), close(fd), SHOW("then", take(MNT_EXPIRE)), SHOW("", take(MNT_EXPIRE));
	SHOW("gone", take(0)), printf("\nused in between"), put("", 0), SHOW("", take(MNT_EXPIRE));
	access(PLACE "/x", F_OK), SHOW("", take(MNT_EXPIRE)), stat(PLACE, &st), SHOW("", take(MNT_EXPIRE));
	SHOW("not", take(MNT_EXPIRE)), printf("\nflags"), put("", 0), SHOW("", take(MNT_EXPIRE | MNT_FORCE));
	SHOW("", take(MNT_EXPIRE | MNT_DETACH)), SHOW("", take(16)), symlink(PLACE, "/var/tmp/ml");
	SHOW("link", CALL(umount2, "/var/tmp/ml", UMOUNT_NOFOLLOW)), SHOW("", CALL(umount2, "/var/tmp/ml", 0));
	unlink("/var/tmp/ml"), printf("\nstacked"), put("", 0), mkdir(PLACE "/one", 0755), SHOW("", put("", 0));
	SHOW("below", CALL(access, PLACE "/one", 0)), SHOW("", take(0)), SHOW("", CALL(access, PLACE "/one", 0));
	mkdir(PLACE "/in", 0755), SHOW("inner", CALL(mount, "i", PLACE "/in", "tmpfs", 0, 0)), SHOW("outer busy", take(0));
	SHOW("rmdir", CALL(rmdir, PLACE "/in")), SHOW("rename", CALL(rename, PLACE "/in", PLACE "/in2"));
	SHOW("over it", CALL(rename, PLACE "/one", PLACE "/in")), SHOW("inner", CALL(umount2, PLACE "/in", 0));
	SHOW("", take(0)), printf("\nlazily"), put("", 0), fd = open(PLACE "/f", O_CREAT | O_RDWR, 0644);
	write(fd, "abc", 3), SHOW("", take(MNT_DETACH)), SHOW("read", CALL(pread64, fd, &byte, 1, 0)), printf(" %c", byte);
	SHOW("write", CALL(pwrite64, fd, "x", 1, 0)), SHOW("by name", CALL(access, PLACE "/f", 0)), printf("\n");
	close(fd);
}

static long again(unsigned long flags, const char *options)
{
	return CALL(mount, 0, PLACE, 0, MS_REMOUNT | MS_BIND | flags, options);
}

/* The name is mounted otherwise, not the filesystem; and what a second name would need. */
static void of_the_name(void)
{
	printf("of the name:"), put("size=1m", 0);
	SHOW("read-only", again(MS_RDONLY, "size=bad")), SHOW("made", CALL(mkdir, PLACE "/d", 0755));
	SHOW("not", again(0, 0)), SHOW("made", CALL(mkdir, PLACE "/d", 0755));
	int fd = open(PLACE "/f", O_CREAT | O_RDWR, 0644);
	SHOW("busy", again(MS_RDONLY, 0)), close(fd), SHOW("no programs", again(MS_NOEXEC, 0)), printf("\n"), state();
	SHOW("what is no mount", CALL(mount, 0, "/var/tmp", 0, MS_REMOUNT | MS_BIND, 0)), SHOW("", take(0)), printf("\n");
	SHOW("bound from nowhere", CALL(mount, "/none", PLACE, 0, MS_BIND, 0));
	SHOW("from nothing", CALL(mount, 0, PLACE, 0, MS_BIND, 0)), SHOW("moved", CALL(mount, "/none", PLACE, 0, MS_MOVE, 0));
	SHOW("no mount", CALL(mount, "/var/tmp", PLACE, 0, MS_MOVE, 0));
	SHOW("shared and private", CALL(mount, 0, "/tmp", 0, MS_SHARED | MS_PRIVATE, 0));
	SHOW("private", CALL(mount, 0, "/tmp", 0, MS_PRIVATE, 0)), printf("\n");
}

static void memory_seen(void)
{
	static char bytes[1 << 20];
	struct sysinfo old, new;
	int fd;

	put("", 0), sysinfo(&old), fd = open(PLACE "/big", O_CREAT | O_RDWR, 0644);
	for (int i = 0; i < 8; i++)
		write(fd, bytes, sizeof bytes);
	sysinfo(&new);
	printf("shared memory grew %d\n", new.sharedram - old.sharedram > 7ul << 20);
	close(fd), unlink(PLACE "/big"), old = new, sysinfo(&new);
	printf("and fell %d\n", old.sharedram - new.sharedram > 7ul << 20), take(0);
}

int main(void)
{
	catch_faults(), umask(0), mkdir(PLACE, 0755);
	options(), remounting(), full(), leaving(), of_the_name(), memory_seen();
	rmdir(PLACE);
	return 0;
}
