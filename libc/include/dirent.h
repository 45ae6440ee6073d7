/* SPDX-License-Identifier: MIT */
/* Reading directories. */
#ifndef DIRENT_H
#define DIRENT_H

#include <abi/dirent.h>
#include <bits/types.h>
#include <sys/cdefs.h>

struct dirent {
	ino_t d_ino;
	off_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[256];
};

typedef struct __dir DIR;

__BEGIN_DECLS
DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *d);
int closedir(DIR *d);
void rewinddir(DIR *d);
long telldir(DIR *d);
void seekdir(DIR *d, long off);
int dirfd(DIR *d);
int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
	    int (*compare)(const struct dirent **, const struct dirent **));
int alphasort(const struct dirent **a, const struct dirent **b);
ssize_t getdents64(int fd, void *buffer, size_t size);
__END_DECLS

#endif
