/* SPDX-License-Identifier: MIT */
/*
 * Names: temporary ones, realpath, and the parts of a path.
 *
 * A temporary name is made by replacing the trailing XXXXXX with characters from the kernel's
 * random numbers, or from the clock and the process number where there are none, and creating the
 * file with O_EXCL; a clash tries again. mktemp and tmpnam only find a name and can be overtaken,
 * so programs should use the others.
 *
 * realpath resolves links one component at a time, as the kernel does: `done` is the part already
 * resolved, `rest` what is still to be walked, and a link's target is put in front of the rest. It
 * makes no system call but readlink, once a component; a component that is not a link gives EINVAL.
 */
#include "../internal.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 100

static uint64_t random_bits(void)
{
	struct timespec now;
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == sizeof(bits))
		return bits;
	clock_gettime(CLOCK_REALTIME, &now);
	bits = (uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 40;
	return bits * 6364136223846793005ul;
}

typedef int maker(const char *name, int flags);

static int make_file(const char *name, int flags)
{
	return open(name, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int make_directory(const char *name, int flags)
{
	(void)flags;
	return mkdir(name, 0700);
}

static int make_nothing(const char *name, int flags)
{
	(void)flags;
	if (access(name, F_OK) < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EEXIST;
	return -1;
}

static int make_unique(char *name, int suffix_len, int flags, maker *make)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(name);
	char *x;

	if (suffix_len < 0 || len < 6 + (size_t)suffix_len) {
		errno = EINVAL;
		return -1;
	}
	x = name + len - suffix_len - 6;
	if (strncmp(x, "XXXXXX", 6) != 0) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t bits = random_bits() >> 8;
		int fd;

		for (int j = 0; j < 6; j++, bits /= sizeof(set) - 1)
			x[j] = set[bits % (sizeof(set) - 1)];
		fd = make(name, flags);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int mkstemp(char *name)
{
	return make_unique(name, 0, 0, make_file);
}

int mkostemp(char *name, int flags)
{
	return make_unique(name, 0, flags, make_file);
}

int mkstemps(char *name, int suffix_len)
{
	return make_unique(name, suffix_len, 0, make_file);
}

char *mkdtemp(char *name)
{
	return make_unique(name, 0, 0, make_directory) < 0 ? NULL : name;
}

char *mktemp(char *name)
{
	if (make_unique(name, 0, 0, make_nothing) < 0)
		*name = '\0';
	return name;
}

char *tmpnam(char *name)
{
	static char own[L_tmpnam];

	name = strcpy(name ? name : own, P_tmpdir "/tmpXXXXXX");
	return *mktemp(name) ? name : NULL;
}

/* The last component is removed; the root stays. */
static void path_up(char *done)
{
	char *slash = strrchr(done, '/');

	slash[slash == done] = '\0';
}

static int path_append(char *done, const char *name, size_t n)
{
	size_t len = strlen(done);

	if (len == 1)
		len = 0;
	if (len + n + 2 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	done[len] = '/';
	memcpy(done + len + 1, name, n);
	done[len + 1 + n] = '\0';
	return 0;
}

/* Puts a link's target in front of the rest, which is empty or begins with a slash; both have PATH_MAX bytes. */
static int follow(char *done, char *rest, const char *tail, char *target)
{
	if (strlen(target) + strlen(tail) + 1 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcat(target, tail);
	strcpy(rest, target);
	if (*rest == '/')
		strcpy(done, "/");
	else
		path_up(done);
	return 0;
}

static int resolve(char *done, char *rest)
{
	char target[PATH_MAX];
	int links = 0;

	for (char *p = rest; *(p += strspn(p, "/"));) {
		size_t n = strcspn(p, "/");
		ssize_t len;

		if (n == 2 && p[0] == '.' && p[1] == '.')
			path_up(done);
		else if (!(n == 1 && *p == '.') && path_append(done, p, n) < 0)
			return -1;
		len = readlink(done, target, sizeof(target) - 1);
		if (len < 0 && errno != EINVAL)
			return -1;
		p += n;
		if (len < 0) {
			struct stat st;

			/* Only a directory may have something after it, be it only a slash. */
			if (*p && stat(done, &st) == 0 && !S_ISDIR(st.st_mode)) {
				errno = ENOTDIR;
				return -1;
			}
			continue;
		}
		if (++links > SYMLOOP_MAX) {
			errno = ELOOP;
			return -1;
		}
		target[len] = '\0';
		if (follow(done, rest, p, target) < 0)
			return -1;
		p = rest;
	}
	return 0;
}

char *realpath(const char *__restrict path, char *__restrict resolved)
{
	char done[PATH_MAX], rest[PATH_MAX];

	if (!path || !*path) {
		errno = path ? ENOENT : EINVAL;
		return NULL;
	}
	if (strlcpy(rest, path, sizeof(rest)) >= sizeof(rest)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (*path == '/')
		strcpy(done, "/");
	else if (!getcwd(done, sizeof(done)))
		return NULL;
	if (resolve(done, rest) < 0)
		return NULL;
	return resolved ? strcpy(resolved, done) : strdup(done);
}

static void strip_slashes(char *path)
{
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
}

char *basename(char *path)
{
	char *slash;

	if (!path || !*path)
		return (char *)".";
	strip_slashes(path);
	slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

char *dirname(char *path)
{
	char *slash;

	if (!path || !*path)
		return (char *)".";
	strip_slashes(path);
	slash = strrchr(path, '/');
	if (!slash)
		return (char *)".";
	slash[slash == path] = '\0';
	strip_slashes(path);
	return path;
}
