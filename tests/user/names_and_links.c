/* SPDX-License-Identifier: MIT */
/* create, link, symlink, rename, unlink and rmdir as POSIX has them. */
#include "check.h"

int main(void)
{
	struct stat a, b;
	char target[20];

	close(make_file("f", 10));
	CHECK(link("f", "g") == 0 && stat("f", &a) == 0 && stat("g", &b) == 0);
	CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
	CHECK(symlink("g", "s") == 0 && readlink("s", target, sizeof target) == 1 && target[0] == 'g');
	CHECK(stat("s", &b) == 0 && b.st_ino == a.st_ino && lstat("s", &b) == 0 && S_ISLNK(b.st_mode));
	CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0700) == 0);
	FAILS(mkdir("d", 0755), EEXIST);
	FAILS(rmdir("d"), ENOTEMPTY);
	FAILS(unlink("d"), EISDIR);
	FAILS(rmdir("f"), ENOTDIR);
	CHECK(rename("f", "d/f") == 0);
	FAILS(stat("f", &a), ENOENT);
	CHECK(stat("d/../d/./f", &a) == 0 && a.st_nlink == 2);
	FAILS(rename("d", "d/e/x"), EINVAL);
	CHECK(rename("d/e", "h") == 0 && stat("h/..", &a) == 0 && stat(".", &b) == 0 && a.st_ino == b.st_ino);
	CHECK(symlink("loop", "loop") == 0);
	FAILS(open("loop", O_RDONLY), ELOOP);
	FAILS(open("g/x", O_RDONLY), ENOTDIR);
	FAILS(open("g", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK(unlink("d/f") == 0 && unlink("g") == 0 && unlink("s") == 0 && unlink("loop") == 0 && rmdir("d") == 0 &&
	      rmdir("h") == 0);
	return 0;
}
