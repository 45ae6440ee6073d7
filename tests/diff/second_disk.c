/* SPDX-License-Identifier: MIT */
/*
 * A second disk: mounted, used, mounted otherwise, left. What mount(2) and umount2(2) refuse, what keeps a disk busy, what
 * its flags forbid, what cannot go from one disk to the other. Not for the host: it mounts /dev/vdb.
 */
#include "show.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define DISK "/dev/vdb"
#define PLACE "/var/tmp/disk"
#define SHOW(what, call) printf(" " what " %s", shown(call))
#define SHOW_OK(what, call) printf(" " what " %s", shown_ok(call))

static long put(unsigned long flags, const char *options)
{
	return CALL(mount, DISK, PLACE, "ext2", flags, options);
}
static long again(unsigned long flags, const char *options)
{
	return CALL(mount, DISK, PLACE, "ext2", MS_REMOUNT | flags, options);
}
static long take(int flags)
{
	return CALL(umount2, PLACE, flags);
}

static void state(void)
{
	const char *line = strstr(file_text("/proc/mounts"), DISK);
	struct statfs fs;

	if (!line) {
		printf("  not mounted\n");
		return;
	}
	printf("  %.*s\n", (int)strcspn(line, "\n"), line);
	statfs(PLACE, &fs);
	printf("  type %lx block %ld %ld name %ld flags %lx blocks %ld files %ld id %d\n", (long)fs.f_type,
	       (long)fs.f_bsize, (long)fs.f_frsize, (long)fs.f_namelen, (long)fs.f_flags, (long)fs.f_blocks,
	       (long)fs.f_files, fs.f_fsid.__val[0] != 0);
}

static void make(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, mode);

	write(fd, text, strlen(text)), fchmod(fd, mode), close(fd);
}

static void refused(void)
{
	make("file", "text", 0644), symlink(PLACE, "/var/tmp/link"), symlink("nowhere", "dangling");
	printf("refused:"), SHOW("source", CALL(mount, "/dev/vdz", PLACE, "ext2", 0, 0)),
		SHOW("", CALL(mount, "", PLACE, "ext2", 0, 0));
	SHOW("", CALL(mount, 0, PLACE, "ext2", 0, 0)), SHOW("", CALL(mount, 8, PLACE, "ext2", 0, 0));
	SHOW("", CALL(mount, "/", PLACE, "ext2", 0, 0)), SHOW("", CALL(mount, "file", PLACE, "ext2", 0, 0));
	SHOW("", CALL(mount, "file/x", PLACE, "ext2", 0, 0)), SHOW("", CALL(mount, "dangling", PLACE, "ext2", 0, 0));
	SHOW("", CALL(mount, "/dev/zero", PLACE, "ext2", 0, 0)), printf("\n");
	SHOW("type", CALL(mount, DISK, PLACE, "nosuch", 0, 0)), SHOW("", CALL(mount, DISK, PLACE, "", 0, 0));
	SHOW("", CALL(mount, DISK, PLACE, 0, 0, 0)), SHOW("", CALL(mount, DISK, PLACE, 8, 0, 0));
	SHOW("", CALL(mount, "/dev/vdz", PLACE, "nosuch", 0, 0)), printf("\n");
	SHOW("place", CALL(mount, DISK, "nowhere", "ext2", 0, 0)), SHOW("", CALL(mount, DISK, "", "ext2", 0, 0));
	SHOW("", CALL(mount, DISK, "file", "ext2", 0, 0)), SHOW("", CALL(mount, DISK, "file/x", "ext2", 0, 0));
	SHOW("", CALL(mount, DISK, 8, "ext2", 0, 0)), SHOW("", CALL(mount, "/dev/vdz", "nowhere", "ext2", 0, 0));
	SHOW("", CALL(mount, "/dev/vdz", "file", "ext2", 0, 0)), SHOW("", CALL(mount, DISK, "dangling", "ext2", 0, 0)),
		printf("\n");
	SHOW("options", put(0, "nosuch")), SHOW("", put(0, "nosuch=1")), SHOW("", put(0, (char *)8)),
		SHOW("", put(0, "size=1m"));
	SHOW("", put(0, "rw")), SHOW("", put(0, "noatime")), printf("\n");
	SHOW("leave", CALL(umount2, "nowhere", 0)), SHOW("", CALL(umount2, "file", 0)),
		SHOW("", CALL(umount2, PLACE, 0));
	SHOW("", CALL(umount2, DISK, 0)), SHOW("", CALL(umount2, 8, 0)), SHOW("", CALL(umount2, "", 0));
	SHOW("", CALL(umount2, PLACE, 16)), SHOW("", CALL(umount2, "nowhere", 16)),
		SHOW("", CALL(umount2, "file/x", 0)), printf("\n");
	state();
}

static void accepted(void)
{
	static const struct {
		unsigned long flags;
		const char *options;
	} all[] = {
		{0, 0},
		{0, ""},
		{MS_RDONLY, 0},
		{MS_NOSUID, 0},
		{MS_NODEV, 0},
		{MS_NOEXEC, 0},
		{MS_NOATIME, 0},
		{MS_NODIRATIME, 0},
		{MS_STRICTATIME, 0},
		{MS_RELATIME, 0},
		{MS_SYNCHRONOUS, 0},
		{MS_SILENT, 0},
		{MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_RDONLY, 0},
		{MS_DIRSYNC, 0},
		{MS_MANDLOCK, 0},
		{MS_LAZYTIME, 0},
		{256, 0},
		{0xc0ed0000, 0},
		{0, "errors=continue"},
		{0, "errors=bad"},
		{0, "sb=1"},
		{0, "bsddf"},
		{0, "nogrpid"},
		{0, "user_xattr"},
		{0, "acl"},
		{0, "noacl"},
		{0, "nocheck"},
		{0, "oldalloc"},
		{0, "data=ordered"},
		{0, ","},
		{0, "sysvgroups,,bsddf"},
		{0, "resuid=x"},
		{0, "bsddf,bad"},
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		printf("mount %lx [%s] %s\n", all[i].flags, all[i].options ? all[i].options : "",
		       shown(put(all[i].flags, all[i].options)));
		state(), take(0);
	}
}

static void remounted(void)
{
	static const unsigned long all[] = {MS_RDONLY,
					    0,
					    MS_NOEXEC,
					    MS_NOSUID | MS_NOATIME,
					    0,
					    MS_STRICTATIME,
					    0,
					    MS_RELATIME,
					    MS_BIND | MS_RDONLY,
					    MS_BIND,
					    MS_SYNCHRONOUS,
					    MS_BIND,
					    0};

	put(MS_NODEV, 0);
	for (size_t i = 0; i < COUNT(all); i++) {
		printf("again %lx %s", all[i], shown(again(all[i], 0)));
		SHOW_OK("create", CALL(open, PLACE "/new", O_CREAT | O_RDWR, 0600));
		for (int fd = 3; fd < 10; fd++)
			close(fd);
		SHOW("remove", CALL(unlink, PLACE "/new")), printf("\n"), state();
	}
	SHOW("a folder of it", (mkdir(PLACE "/d", 0755), CALL(mount, DISK, PLACE "/d", "ext2", MS_REMOUNT, 0)));
	SHOW("bad", again(0, "nosuch")), SHOW("other source", CALL(mount, "/dev/vdz", PLACE, "tmpfs", MS_REMOUNT, 0));
	SHOW("no type", CALL(mount, 0, PLACE, 0, MS_REMOUNT, 0)), SHOW("", take(0)), printf("\n");
	put(MS_RDONLY, 0), SHOW("again for writing", again(0, 0)), SHOW("", CALL(mkdir, PLACE "/e", 0755)),
		SHOW("", CALL(rmdir, PLACE "/e"));
	SHOW("", take(0)), printf("\n");
}

/* Is the disk busy? Then for umount, for MNT_FORCE, for becoming read-only. */
static void busy(const char *why)
{
	printf("%s:", why), SHOW("leave", take(0));
	if (!strstr(file_text("/proc/mounts"), DISK))
		put(0, 0);
	SHOW("force", take(MNT_FORCE));
	if (!strstr(file_text("/proc/mounts"), DISK))
		put(0, 0);
	SHOW("read-only", again(MS_RDONLY, 0)), SHOW("not", again(0, 0)), printf("\n");
}

static void what_keeps_it(void)
{
	struct sockaddr_un name = {AF_UNIX, PLACE "/socket"};
	int fd, s, ends[2];
	char *p, byte;

	put(0, 0), make(PLACE "/f", "text", 0644), mkdir(PLACE "/d", 0755), busy("nothing");
	chdir(PLACE "/d"), busy("working directory"), chdir("/var/tmp");
	fd = open(PLACE "/f", O_RDONLY), busy("reader");
	p = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0), close(fd), busy("mapped to be read"), munmap(p, PAGE);
	fd = open(PLACE "/f", O_RDWR), busy("writer"), p = mmap(0, PAGE, RW, MAP_SHARED, fd, 0), close(fd),
	busy("mapped");
	*p = 'T', busy("stored"), munmap(p, PAGE), busy("unmapped");
	fd = open(PLACE "/f", O_RDWR), p = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0), close(fd), *p = 'x',
	busy("mapped privately");
	munmap(p, PAGE);
	fd = open(PLACE "/f", O_RDWR), p = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0), close(fd),
	busy("mapped, could be written");
	SHOW("be written", CALL(mprotect, p, PAGE, RW)), munmap(p, PAGE), printf("\n");
	fd = open(PLACE, O_PATH), busy("path"), close(fd), fd = open(PLACE "/d", O_DIRECTORY), busy("directory"),
	close(fd);
	fd = open(PLACE "/gone", O_CREAT | O_RDONLY, 0600), unlink(PLACE "/gone"), busy("nameless reader"), close(fd);
	fd = open(PLACE "/f", O_RDONLY), link(PLACE "/f", PLACE "/g"), unlink(PLACE "/g"), busy("one name of two"),
	close(fd);
	fd = open(PLACE, O_TMPFILE | O_RDWR, 0600), busy("without a name"), close(fd);
	mkfifo(PLACE "/p", 0600), fd = open(PLACE "/p", O_RDWR), busy("pipe"), close(fd);
	s = socket(AF_UNIX, SOCK_STREAM, 0), bind(s, (void *)&name, sizeof name), busy("socket"), close(s),
	busy("closed");
	mknod(PLACE "/null", S_IFCHR | 0666, makedev(1, 3)), fd = open(PLACE "/null", O_RDWR), busy("device"),
							     close(fd);
	CALL(mount, "m", PLACE "/d", "tmpfs", 0, 0), busy("mount below"), SHOW("", CALL(umount2, PLACE "/d", 0)),
		printf("\n");
	fd = open(PLACE "/f", O_RDWR), flock(fd, LOCK_EX), close(fd), busy("lock given back");
	fd = open(PLACE "/f", O_RDWR), socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	{
		char control[CMSG_SPACE(sizeof fd)] = {0};
		struct iovec v = {"x", 1};
		struct msghdr m = {
			.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd), sendmsg(ends[0], &m, 0), close(fd);
	}
	busy("on its way"), close(ends[0]), close(ends[1]), busy("lost on its way");
	fflush(stdout), socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	pid_t pid = fork();
	if (!pid)
		close(ends[1]), chdir(PLACE), write(ends[0], "x", 1), read(ends[0], &byte, 1), _exit(0);
	close(ends[0]), read(ends[1], &byte, 1);
	busy("child's directory"), close(ends[1]), wait(0), busy("ended"), SHOW("", take(0)), printf("\n");
}

static void try_to_write(void)
{
	SHOW("open", CALL(open, PLACE "/f", O_RDWR)), SHOW_OK("", CALL(open, PLACE "/f", O_RDONLY)),
		SHOW("cut", CALL(open, PLACE "/f", O_TRUNC));
	SHOW("create", CALL(open, PLACE "/new", O_CREAT | O_RDWR, 0600)),
		SHOW("", CALL(open, PLACE "/f", O_CREAT | O_EXCL | O_RDWR, 0600));
	SHOW("tmpfile", CALL(open, PLACE, O_TMPFILE | O_RDWR, 0600)), SHOW("mkdir", CALL(mkdir, PLACE "/x", 0700));
	SHOW("", CALL(mkdir, PLACE "/d", 0700)), SHOW("unlink", CALL(unlink, PLACE "/f")),
		SHOW("", CALL(unlink, PLACE "/none"));
	SHOW("rmdir", CALL(rmdir, PLACE "/d")), SHOW("rename", CALL(rename, PLACE "/f", PLACE "/g")),
		SHOW("out", CALL(rename, PLACE "/f", "f"));
	SHOW("in", CALL(rename, "file", PLACE "/g")), SHOW("link", CALL(link, PLACE "/f", PLACE "/g")),
		SHOW("in", CALL(link, "file", PLACE "/g"));
	SHOW("symlink", CALL(symlink, "a", PLACE "/l")), SHOW("mknod", CALL(mknod, PLACE "/q", S_IFIFO | 0600, 0)),
		printf("\n");
	SHOW("chmod", CALL(chmod, PLACE "/f", 0777)), SHOW("chown", CALL(chown, PLACE "/f", 1, 1)),
		SHOW("cut", CALL(truncate, PLACE "/f", 0));
	SHOW("access", CALL(access, PLACE "/f", W_OK)), SHOW("", CALL(access, PLACE "/f", R_OK)),
		SHOW("times", CALL(utimensat, AT_FDCWD, PLACE "/f", 0, 0));
	SHOW_OK("pipe", CALL(open, PLACE "/p", O_RDWR)), SHOW_OK("device", CALL(open, PLACE "/null", O_RDWR)),
		printf("\n");
	for (int fd = 3; fd < 10; fd++)
		close(fd);
}

static void read_only(void)
{
	int fd;

	printf("read-only:"), put(MS_RDONLY, 0), try_to_write();
	fd = open(PLACE "/f", O_RDONLY), SHOW("fchmod", CALL(fchmod, fd, 0600)),
	SHOW("ftruncate", CALL(ftruncate, fd, 0));
	SHOW("fsync", CALL(fsync, fd)), SHOW("map", map_at(0, 1, PROT_READ, MAP_SHARED, fd, 0));
	SHOW("store", map_at(1, 1, RW, MAP_SHARED, fd, 0)), SHOW("copy", map_at(2, 1, RW, MAP_PRIVATE, fd, 0)),
		clear_arena();
	SHOW("flock", CALL(flock, fd, LOCK_EX)), close(fd), printf("\n");
	IN_CHILD(setgid(1000), setuid(1000), try_to_write(), SHOW("mount", put(0, 0)), SHOW("leave", take(0)),
		 SHOW("again", again(0, 0));
		 SHOW("lazily", take(MNT_DETACH)); printf("\n"));
	SHOW("left", take(0)), printf(" of the name alone:"), put(0, 0), again(MS_BIND | MS_RDONLY, 0);
	try_to_write(), take(0);
}

static void copy(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_TRUNC | O_RDWR, mode);

	while (sendfile(out, in, 0, 1 << 20) > 0)
		;
	fchmod(out, mode), close(in), close(out);
}

static void start(const char *what, char *const argv[])
{
	fflush(stdout);
	pid_t pid = fork();
	int status;

	if (!pid) {
		setgid(1000), setuid(1000);
		execve(argv[0], argv, (char *[]){0});
		printf(" %s", error_name(errno)), fflush(stdout);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	printf(" %s %x", what, status);
}

static void restricted(void)
{
	static const unsigned long all[] = {0, MS_NOSUID, MS_NODEV, MS_NOEXEC};
	char *own[] = {PLACE "/self", "ids", 0};
	int fd;

	put(0, 0), copy("/proc/self/exe", PLACE "/self", 04755), take(0);
	for (size_t i = 0; i < COUNT(all); i++) {
		printf("with %lx:", all[i]), put(all[i], 0), start("started", own);
		SHOW("access", CALL(access, own[0], X_OK)),
			SHOW_OK("device", fd = (int)CALL(open, PLACE "/null", O_RDWR)), close(fd);
		fd = open(own[0], O_RDONLY), SHOW("execute", map_at(0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
		map_at(1, 1, PROT_READ, MAP_PRIVATE, fd, 0),
			SHOW("later", CALL(mprotect, at(1), PAGE, PROT_READ | PROT_EXEC)), clear_arena();
		close(fd), SHOW("make", CALL(mknod, PLACE "/zero", S_IFCHR | 0666, makedev(1, 5))),
			unlink(PLACE "/zero");
		SHOW("again", again(MS_NOEXEC, 0)), start("started", own), take(0), printf("\n");
	}
	put(0, 0), fd = open(own[0], O_RDONLY);
	char *p = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	SHOW("while executed", again(MS_NOEXEC, 0)), munmap(p, PAGE), close(fd), take(0), printf("\n");
}

static void atimes(void)
{
	static const struct {
		unsigned long flags;
		long atime, mtime;
	} all[] = {
		{0, 1000, 2000},
		{0, 3000, 2000},
		{MS_NOATIME, 1000, 2000},
		{MS_STRICTATIME, 4000000000, 2000},
		{MS_STRICTATIME, 3000, 2000},
		{MS_NODIRATIME, 1000, 2000},
		{MS_RDONLY, 1000, 2000},
		{MS_RELATIME, 1000, 2000},
		{MS_NOATIME | MS_STRICTATIME, 1000, 2000},
	};
	char bytes[8];

	for (size_t i = 0; i < COUNT(all); i++) {
		struct timespec t[2] = {{all[i].atime, 0}, {all[i].mtime, 0}};
		struct stat f, d, now;
		put(0, 0), utimensat(AT_FDCWD, PLACE "/f", t, 0), utimensat(AT_FDCWD, PLACE "/d", t, 0), take(0),
			put(all[i].flags, 0);
		stat(PLACE "/f", &f), stat(PLACE "/d", &d);
		int fd = open(PLACE "/f", O_RDONLY);
		read(fd, bytes, 4), close(fd), fd = open(PLACE "/d", O_DIRECTORY),
					       CALL(getdents64, fd, file_text("/proc/version"), 1000), close(fd);
		stat(PLACE "/f", &now), printf("read with %lx: file %d", all[i].flags, now.st_atime != f.st_atime);
		stat(PLACE "/d", &now), printf(" directory %d", now.st_atime != d.st_atime);
		SHOW("", take(0)), printf("\n");
	}
}

static void between(void)
{
	struct stat a, b;
	char text[100];
	int fd, in;

	put(0, 0), make("file", "text", 0644), mkdir("folder", 0755), printf("between:");
	SHOW("rename", CALL(rename, "file", PLACE "/x")), SHOW("", CALL(rename, PLACE "/f", "x")),
		SHOW("none", CALL(rename, "none", PLACE "/x"));
	SHOW("", CALL(rename, "file", PLACE "/d")), SHOW("", CALL(rename, "file", PLACE "/none/x")),
		SHOW("", CALL(rename, "folder", PLACE "/f"));
	SHOW("exchange", CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, PLACE "/f", 2)),
		SHOW("", CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, PLACE "/f", 1));
	SHOW("link", CALL(link, "file", PLACE "/x")), SHOW("", CALL(link, "file", PLACE "/f")),
		SHOW("", CALL(link, "none", PLACE "/x"));
	SHOW("", CALL(link, PLACE "/d", "x")), fd = open(PLACE, O_TMPFILE | O_RDWR, 0600),
					       snprintf(text, 100, "/proc/self/fd/%d", fd);
	SHOW("", CALL(linkat, AT_FDCWD, text, AT_FDCWD, "x", AT_SYMLINK_FOLLOW)),
		SHOW("", CALL(linkat, AT_FDCWD, text, AT_FDCWD, PLACE "/tmp", AT_SYMLINK_FOLLOW));
	SHOW("", CALL(unlink, PLACE "/tmp")), close(fd), printf("\n");
	in = open("file", O_RDWR), fd = open(PLACE "/f", O_RDWR);
	SHOW("copy", CALL(copy_file_range, in, 0, fd, 0, 4, 0)), lseek(in, 0, SEEK_SET),
		SHOW("send", CALL(sendfile, fd, in, 0, 4));
	SHOW("within", CALL(copy_file_range, fd, (long[]){0}, fd, (long[]){100}, 4, 0)), close(in), close(fd),
		printf("\n");
	SHOW("the place: rmdir", CALL(rmdir, PLACE)), SHOW("rename", CALL(rename, PLACE, PLACE "2")),
		SHOW("over it", CALL(rename, "folder", PLACE));
	SHOW("", CALL(rename, PLACE "/d", PLACE)), SHOW("unlink", CALL(unlink, PLACE)),
		SHOW("its root", CALL(rename, PLACE "/.", "x"));
	SHOW("", CALL(rmdir, PLACE "/.")), SHOW("", CALL(rmdir, PLACE "/..")), SHOW("mkdir", CALL(mkdir, PLACE, 0755)),
		SHOW("open", CALL(open, PLACE, O_CREAT | O_RDWR, 0600));
	SHOW("folder above", CALL(rename, "/var/tmp", "/var/tmp2")), SHOW("", CALL(rename, "/var/tmp2", "/var/tmp"));
	chmod(PLACE, 0711), stat(PLACE, &a), stat(PLACE "/..", &b), stat("/var/tmp", &a),
		printf(" up %d", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	stat(PLACE, &a), printf(" mode %o number %ld other %d\n", a.st_mode, (long)a.st_ino, a.st_dev != b.st_dev);
	chdir(PLACE "/d"), getcwd(text, sizeof text), printf("in %s", text), chdir("../.."), getcwd(text, sizeof text),
		printf(" above %s", text);
	fd = open(PLACE, O_PATH), in = openat(fd, "../file", O_RDONLY),
	printf(" from a path %d\n", read(in, text, 4) == 4), close(in), close(fd);
	SHOW("", CALL(mount, "m", PLACE "/d", "tmpfs", 0, 0)), make(PLACE "/d/x", "in memory", 0600),
		SHOW("inner", CALL(rename, PLACE "/d/x", PLACE "/x"));
	SHOW("twice", put(0, 0)), SHOW("elsewhere", CALL(umount2, PLACE "/d/..", 0)),
		SHOW("at a file in it", CALL(umount2, PLACE "/d/x", 0));
	SHOW("outer", take(0)), SHOW("inner", CALL(umount2, PLACE "/d/", 0)),
		SHOW("outer", CALL(umount2, PLACE "/./", 0)), printf("\n");
}

static void by_links(void)
{
	printf("links:"), SHOW("mount", CALL(mount, DISK, "/var/tmp/link", "ext2", 0, 0)), state();
	SHOW("no follow", CALL(umount2, "/var/tmp/link", UMOUNT_NOFOLLOW)),
		SHOW("follow", CALL(umount2, "/var/tmp/link", 0)), printf("\n");
	SHOW("here", (chdir(PLACE), CALL(mount, DISK, ".", "ext2", 0, 0))), printf(" seen %d", access("f", F_OK)),
		printf(" there %d", access(PLACE "/f", F_OK));
	SHOW("leave", CALL(umount2, PLACE, 0)), chdir("/var/tmp"), printf("\n");
	put(256, 0), symlink("f", PLACE "/l"), symlink("d", PLACE "/ld"),
		SHOW("not followed", CALL(open, PLACE "/l", O_RDONLY));
	SHOW("", CALL(access, PLACE "/ld/x", 0)),
		SHOW("created", CALL(open, PLACE "/l", O_CREAT | O_EXCL | O_RDWR, 0600));
	SHOW("itself", CALL(open, PLACE "/l", O_RDONLY | O_NOFOLLOW)),
		SHOW("read", CALL(readlink, PLACE "/l", (char[9]){0}, 9));
	SHOW("", CALL(unlink, PLACE "/l")), SHOW("", CALL(unlink, PLACE "/ld")), SHOW("", take(0)), printf("\n");
	put(0, 0), SHOW("expire", take(MNT_EXPIRE)), access(PLACE "/f", F_OK), SHOW("", take(MNT_EXPIRE)),
		SHOW("", take(MNT_EXPIRE));
	SHOW("", take(MNT_EXPIRE)), SHOW("both", take(MNT_EXPIRE | MNT_DETACH)), printf("\n");
}

static void covered(void)
{
	put(0, 0), printf("covered:"), SHOW("", CALL(mount, "m", PLACE, "tmpfs", 0, "size=1m")),
		printf(" seen %d", access(PLACE "/f", F_OK));
	SHOW("leave", take(0)), printf(" seen %d", access(PLACE "/f", F_OK)), SHOW("leave", take(0)),
		SHOW("leave", take(0)), printf("\n");
	CALL(mount, "m", PLACE, "tmpfs", 0, "size=1m"), mkdir(PLACE "/in", 0755);
	SHOW("in memory", CALL(mount, DISK, PLACE "/in", "ext2", 0, 0)),
		printf(" seen %d", access(PLACE "/in/f", F_OK));
	SHOW("outer", take(0)), SHOW("lazily", take(MNT_DETACH)), printf(" seen %d", access(PLACE "/in/f", F_OK));
	SHOW("again", put(0, 0)), printf(" seen %d", access(PLACE "/f", F_OK)), SHOW("", take(0)), printf("\n");
}

static void lazily(void)
{
	char byte = 0, *p;
	int fd, dir;

	put(0, 0), make(PLACE "/f", "text", 0644), fd = open(PLACE "/f", O_RDWR),
						   p = mmap(0, PAGE, RW, MAP_SHARED, fd, 0),
						   dir = open(PLACE "/d", O_DIRECTORY);
	SHOW("lazily", take(MNT_DETACH)), SHOW("twice", take(MNT_DETACH)), state(),
		SHOW("by name", CALL(access, PLACE "/f", 0));
	SHOW("read", CALL(pread64, fd, &byte, 1, 1)), printf(" %c", byte), SHOW("write", CALL(pwrite64, fd, "T", 1, 0)),
		SHOW("longer", CALL(pwrite64, fd, "end", 3, 5000));
	printf(" load %s store %s", probe(p + 1, LOAD), probe(p + 2, STORE)),
		SHOW("sync", CALL(msync, p, PAGE, MS_SYNC)), SHOW("", CALL(fsync, fd));
	SHOW("create", CALL(mknodat, dir, "made", S_IFREG | 0600, 0)), SHOW("", CALL(faccessat, dir, "../f", 0)),
		SHOW("remove", CALL(unlinkat, dir, "made", 0)), printf("\n");
	munmap(p, PAGE), close(fd), close(dir), SHOW("then", put(0, 0)), fd = open(PLACE "/f", O_RDONLY);
	SHOW("", CALL(pread64, fd, &byte, 1, 0)), printf(" %c", byte), SHOW("", CALL(lseek, fd, 0, SEEK_END)),
		close(fd), SHOW("", take(0)), printf("\n");
}

static void full(void)
{
	static char bytes[65536];
	char *p;
	int fd, sparse;

	put(0, 0), memset(bytes, 'x', sizeof bytes), fd = open(PLACE "/big", O_CREAT | O_RDWR, 0600);
	sparse = open(PLACE "/sparse", O_CREAT | O_RDWR, 0600), ftruncate(sparse, 1 << 20),
	p = mmap(0, 1 << 20, RW, MAP_SHARED, sparse, 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	printf("full: %s", error_name(errno)),
		printf(" store %s load %s", probe(p + 900000, STORE), probe(p + 900000, LOAD));
	SHOW("over", CALL(pwrite64, fd, "y", 1, 0)), SHOW("sync", CALL(fsync, fd)), SHOW("", CALL(syncfs, fd)),
		ftruncate(fd, 0), fsync(fd);
	printf(" then %s", probe(p + 900000, STORE)), SHOW("", CALL(msync, p, 1 << 20, MS_SYNC)), munmap(p, 1 << 20),
		close(fd), close(sparse);
	unlink(PLACE "/big"), unlink(PLACE "/sparse"), SHOW("", take(0)), printf("\n");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		printf(" ids %d %d", (int)getuid(), (int)geteuid());
		return 0;
	}
	catch_faults(), umask(0), chdir("/var/tmp"), mkdir(PLACE, 0755);
	setvbuf(stdout, 0, _IOLBF, 0);
	refused(), accepted(), remounted(), what_keeps_it(), read_only(), restricted(), atimes(), between(), by_links();
	covered(), lazily(), full();
	unlink("file"), unlink("dangling"), unlink("link"), rmdir("folder"), rmdir(PLACE);
	return 0;
}
