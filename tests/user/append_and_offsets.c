/* SPDX-License-Identifier: MIT */
/* O_APPEND writes at the end whoever moved the offset; two appenders never overwrite each other. */
#include "check.h"

int main(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0644);
	char buf[4];

	CHECK(write(fd, "ab", 2) == 2 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "cd", 2) == 2);
	CHECK(lseek(fd, 0, SEEK_CUR) == 4 && pread(fd, buf, 4, 0) == 4 && !memcmp(buf, "abcd", 4));
	pid_t pid[3];
	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			int own = open("f", O_WRONLY | O_APPEND);
			for (int n = 0; n < 200; n++)
				if (write(own, "0123456789", 10) != 10)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++) {
		int status;
		CHECK(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
	}
	CHECK(lseek(fd, 0, SEEK_END) == 4 + 3 * 200 * 10);
	return 0;
}
