/* SPDX-License-Identifier: MIT */
/*
 * tenbytes [private] - numbers out of a driver's memory
 *
 * /dev/mymap is served by the program mapdriver. Its mmap is a question to that program, and the answer is a page of
 * the driver's own: what the driver stores there is here, and the other way round, with no call in between.
 *
 * Look at:  maps, while it waits for a key: the page is named /dev/mymap
 * Try:      kill the driver while this program waits: the next look at the page is a Bus error, for the page went with it
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define NUMBERS 10

int main(int argc, char **argv)
{
	int type = argc > 1 && argv[1][0] == 'p' ? MAP_PRIVATE : MAP_SHARED;
	int fd = open("/dev/mymap", O_RDWR);
	char key;

	if (fd < 0)
		err(1, "/dev/mymap");
	volatile unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, type, fd, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	for (int i = 0; i < NUMBERS; i++)
		printf("%d%c", page[i], i < NUMBERS - 1 ? ' ' : '\n');
	fflush(stdout);
	if (!isatty(STDIN_FILENO) || read(STDIN_FILENO, &key, 1) < 0)
		return 0;
	printf("still there: %d\n", page[NUMBERS - 1]);
	return 0;
}
