/* SPDX-License-Identifier: MIT */
/* Small answers about files: the size of a block, bytes occupied, positions behind the largest file, names in /proc. */
#include "show.h"

#define FIGETBSZ 2
#define FIOQSIZE 0x5460

static void sizes(const char *what, int fd)
{
	int block = -1;
	long bytes = -1, r = CALL(ioctl, fd, FIGETBSZ, &block);

	printf("%s: block %s %d", what, shown(r), block);
	r = CALL(ioctl, fd, FIOQSIZE, &bytes);
	printf(" occupied %s %ld bad %s", shown(r), bytes, shown(CALL(ioctl, fd, FIGETBSZ, 8)));
	printf(" %s\n", shown(CALL(ioctl, fd, FIOQSIZE, 8)));
}

static void all_sizes(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0644), ends[2];
	char bytes[3 * PAGE] = { 1 };

	CALL(write, fd, bytes, sizeof bytes), CALL(fsync, fd);
	sizes("file", fd), sizes("directory", open(".", O_RDONLY)), sizes("path", open(".", O_PATH)), sizes("none", 99);
	CALL(pipe2, ends, 0);
	sizes("pipe", ends[0]), sizes("null", open("/dev/null", O_RDWR)), sizes("status", open("/proc/self/status", O_RDONLY));
	sizes("proc", open("/proc", O_RDONLY)), sizes("event", (int)CALL(eventfd2, 0, 0));
	int memory = (int)CALL(memfd_create, "m", 0);
	CALL(write, memory, bytes, PAGE);
	sizes("memory file", memory);
	CALL(mknod, "fifo", S_IFIFO | 0644, 0), sizes("fifo", open("fifo", O_RDWR)), CALL(unlink, "fifo");
	close(fd);
}

static void positions(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR, 0644);

	CALL(ftruncate, fd, 100);
	for (int whence = 0; whence < 3; whence++) {
		printf("from %d:", whence);
		for (int bit = 30; bit < 64; bit += 1 + (bit > 44 && bit < 61) * 7)
			printf(" %d %s", bit, shown(CALL(lseek, fd, 1ul << bit, whence))), CALL(lseek, fd, 10, SEEK_SET);
		printf(" last %s", shown(CALL(lseek, fd, 0x7fffffffffffffff, whence)));
		printf(" back %s none %s\n", shown(CALL(lseek, fd, -200, whence)), shown(CALL(lseek, fd, 0, whence)));
	}
	close(fd);
	CALL(unlink, path);
}

static void names_in_proc(void)
{
	static const char *const dirs[] = { "/proc", "/proc/self" };
	char path[64], there[64];

	for (size_t i = 0; i < COUNT(dirs); i++) {
		snprintf(path, sizeof path, "%s/none", dirs[i]);
		snprintf(there, sizeof there, "%s/%s", dirs[i], i == 0 ? "meminfo" : "maps");
		printf("%s: mkdir %s %s", dirs[i], shown(CALL(mkdir, path, 0755)), shown(CALL(mkdir, there, 0755)));
		printf(" open %s %s", shown(CALL(open, path, O_CREAT | O_RDWR, 0644)), shown(CALL(open, path, O_RDONLY)));
		printf(" symlink %s %s", shown(CALL(symlink, "a", path)), shown(CALL(symlink, "a", there)));
		printf(" mknod %s", shown(CALL(mknod, path, S_IFIFO | 0644, 0)));
		printf(" link %s unlink %s %s", shown(CALL(link, there, path)), shown(CALL(unlink, path)), shown(CALL(unlink, there)));
		printf(" rmdir %s", shown(CALL(rmdir, path)));
		printf(" rename %s %s", shown(CALL(rename, path, there)), shown(CALL(rename, there, path)));
		printf(" %s\n", shown(CALL(rename, there, "/proc/version")));
	}
}

static void writes_in_proc(void)
{
	static const char *const names[] = { "/proc/self/maps", "/proc/self/status", "/proc/meminfo", "/proc/version", "/proc/self/comm",
					     "/proc/self/stat", "/proc/self/cmdline", "/proc/mounts" };

	for (size_t i = 0; i < COUNT(names); i++) {
		long fd = CALL(open, names[i], O_WRONLY);
		printf("%s: open %s write %s\n", names[i], fd < 0 ? shown(fd) : "ok", fd < 0 ? "" : shown(CALL(write, fd, "x", 1)));
		close((int)fd);
	}
}

int main(void)
{
	CALL(umask, 0);
	all_sizes();
	positions("positions"), positions("/tmp/positions");
	names_in_proc();
	writes_in_proc();
	CALL(unlink, "file");
	return 0;
}
