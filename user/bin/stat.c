/* SPDX-License-Identifier: MIT */
/*
 * stat [-L] [-c FORMAT] FILE... - what the filesystem knows of a file
 *
 * Without -L a symbolic link is shown itself. FORMAT understands %n name, %s size, %b blocks of 512
 * bytes, %B 512, %o block size for I/O, %a permissions in octal, %A as text, %f mode in hexadecimal,
 * %F type, %h links, %i inode, %d device, %u %g ids, %U %G their names, %X %Y %Z the times.
 */
#include <stdbool.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "common.h"

static const char *type_text(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return st->st_size ? "regular file" : "regular empty file";
	case S_IFDIR: return "directory";
	case S_IFLNK: return "symbolic link";
	case S_IFCHR: return "character special file";
	case S_IFBLK: return "block special file";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	default: return "unknown type";
	}
}

static void print_time(const char *label, const struct timespec *ts)
{
	struct tm *tm = gmtime(&ts->tv_sec);
	char text[40] = "";

	if (tm)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", tm);
	printf("%s: %s.%09ld +0000\n", label, text, (long)ts->tv_nsec);
}

static void print_full(const char *path, const struct stat *st)
{
	char mode[11], user[64], group[64], target[4096];
	ssize_t n = S_ISLNK(st->st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;

	printf("  File: %s", path);
	if (n >= 0)
		printf(" -> %.*s", (int)n, target);
	mode_text(st->st_mode, mode);
	printf("\n  Size: %-10lld\tBlocks: %-10lld IO Block: %-6ld %s\n", (long long)st->st_size,
	       (long long)st->st_blocks, (long)st->st_blksize, type_text(st));
	printf("Device: %u,%u\tInode: %-11llu Links: %llu\n", major(st->st_dev), minor(st->st_dev),
	       (unsigned long long)st->st_ino, (unsigned long long)st->st_nlink);
	printf("Access: (%04o/%s)  Uid: (%5u/%8s)   Gid: (%5u/%8s)\n", (unsigned)st->st_mode & 07777, mode,
	       (unsigned)st->st_uid, id_name("/etc/passwd", st->st_uid, user, sizeof(user)),
	       (unsigned)st->st_gid, id_name("/etc/group", st->st_gid, group, sizeof(group)));
	print_time("Access", &st->st_atim);
	print_time("Modify", &st->st_mtim);
	print_time("Change", &st->st_ctim);
}

static void print_one(char c, const char *path, const struct stat *st)
{
	char text[64];

	switch (c) {
	case 'n': printf("%s", path); break;
	case 's': printf("%lld", (long long)st->st_size); break;
	case 'b': printf("%lld", (long long)st->st_blocks); break;
	case 'B': printf("512"); break;
	case 'o': printf("%ld", (long)st->st_blksize); break;
	case 'a': printf("%o", (unsigned)st->st_mode & 07777); break;
	case 'A': mode_text(st->st_mode, text), printf("%s", text); break;
	case 'f': printf("%x", (unsigned)st->st_mode); break;
	case 'F': printf("%s", type_text(st)); break;
	case 'h': printf("%llu", (unsigned long long)st->st_nlink); break;
	case 'i': printf("%llu", (unsigned long long)st->st_ino); break;
	case 'd': printf("%llu", (unsigned long long)st->st_dev); break;
	case 'u': printf("%u", (unsigned)st->st_uid); break;
	case 'g': printf("%u", (unsigned)st->st_gid); break;
	case 'U': printf("%s", id_name("/etc/passwd", st->st_uid, text, sizeof(text))); break;
	case 'G': printf("%s", id_name("/etc/group", st->st_gid, text, sizeof(text))); break;
	case 'X': printf("%lld", (long long)st->st_atim.tv_sec); break;
	case 'Y': printf("%lld", (long long)st->st_mtim.tv_sec); break;
	case 'Z': printf("%lld", (long long)st->st_ctim.tv_sec); break;
	case '%': putchar('%'); break;
	default: printf("%%%c", c);
	}
}

static void print_format(const char *format, const char *path, const struct stat *st)
{
	for (; *format; format++) {
		if (*format == '%' && format[1])
			print_one(*++format, path, st);
		else
			putchar(*format);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	const char *format = NULL;
	bool follow = false;
	int c, status = 0;

	while ((c = getopt(argc, argv, "Lc:")) != -1) {
		if (c == '?')
			usage("stat [-L] [-c FORMAT] FILE...");
		if (c == 'L')
			follow = true;
		else
			format = optarg;
	}
	if (optind == argc)
		usage("stat [-L] [-c FORMAT] FILE...");
	for (int i = optind; i < argc; i++) {
		struct stat st;

		if ((follow ? stat(argv[i], &st) : lstat(argv[i], &st)) < 0) {
			warn("cannot stat '%s'", argv[i]);
			status = 1;
		} else if (format) {
			print_format(format, argv[i], &st);
		} else {
			print_full(argv[i], &st);
		}
	}
	return finish(status);
}
