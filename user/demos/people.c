/* SPDX-License-Identifier: MIT */
/*
 * people FILE write|read - two programs, one file, and a mapping that is longer than the file
 *
 * The writer makes a file as long as five records and maps ten. All ten are in the one page that both programs map, so
 * a reader sees all of them, but only five of them are in the file: what lies behind the end of the file in its last
 * page is memory that is never written to the disk, and is gone when nobody maps it for writing any more.
 *
 * The writer stays, with its mapping, until its standard input ends.
 *
 * Try:      people f write &  people f read;  then end the writer (kill %1) and read again
 * Look at:  stat f: 40 bytes, before and after. A mapping cannot make a file longer.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IN_FILE 5
#define IN_MAPPING 10

struct person {
	char name[4];
	int age;
};

static struct person *people_map(int fd, int prot)
{
	struct person *people = mmap(NULL, IN_MAPPING * sizeof(*people), prot, MAP_SHARED, fd, 0);

	if (people == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	return people;
}

static int write_people(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
	char c;

	if (fd < 0 || ftruncate(fd, IN_FILE * sizeof(struct person)) < 0)
		err(1, "%s", path);
	struct person *people = people_map(fd, PROT_READ | PROT_WRITE);
	for (int i = 0; i < IN_MAPPING; i++)
		people[i] = (struct person){ { 'a' + i }, 20 + i };
	printf("%d people stored, room for %d\n", IN_MAPPING, IN_FILE);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return munmap(people, IN_MAPPING * sizeof(*people)) < 0;
}

static int read_people(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	const struct person *people = people_map(fd, PROT_READ);
	for (int i = 0; i < IN_MAPPING; i++)
		printf("%d: name '%.4s' age %d\n", i, people[i].name, people[i].age);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "write") == 0)
		return write_people(argv[1]);
	if (argc == 3 && strcmp(argv[2], "read") == 0)
		return read_people(argv[1]);
	fprintf(stderr, "usage: people FILE write|read\n");
	return 2;
}
