/* SPDX-License-Identifier: MIT */
/* Memory, conversions, sorting, the environment and temporary names behave as stdlib.h promises. */
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned int seed = 1;

static unsigned int next(void)
{
	seed = seed * 1103515245 + 12345;
	return seed >> 8;
}

/* Blocks never overlap and keep their bytes through a random life. */
static void allocation(void)
{
	enum { N = 200 };
	static unsigned char *block[N];
	static size_t size[N];

	for (int round = 0; round < 20000; round++) {
		int i = (int)(next() % N);
		size_t n = next() % (round % 50 == 0 ? 300000 : 2000);

		for (size_t k = 0; k < size[i]; k += 1 + size[i] / 16)
			CHECK(block[i][k] == (unsigned char)(i + k));
		if (next() % 3 == 0) {
			free(block[i]);
			block[i] = NULL;
			size[i] = 0;
			continue;
		}
		block[i] = next() % 4 || !size[i] ? realloc(block[i], n + 1) : block[i];
		CHECK(block[i] && (uintptr_t)block[i] % 16 == 0);
		size[i] = malloc_usable_size(block[i]) > n ? n + 1 : 0;
		for (size_t k = 0; k < size[i]; k++)
			block[i][k] = (unsigned char)(i + k);
	}
	for (int i = 0; i < N; i++)
		free(block[i]);
}

static void cleared(void)
{
	for (size_t n = 1; n < 300000; n = n * 2 + 1) {
		unsigned char *p = malloc(n), *q;

		memset(p, 0xff, n);
		free(p);
		q = calloc(n, 1);
		for (size_t i = 0; i < n; i++)
			CHECK(q[i] == 0);
		free(q);
	}
}

static void aligned(void)
{
	for (size_t alignment = 16; alignment <= 65536; alignment *= 2) {
		void *p = NULL, *q = aligned_alloc(alignment, alignment);

		CHECK(posix_memalign(&p, alignment, 100) == 0);
		CHECK((uintptr_t)p % alignment == 0 && (uintptr_t)q % alignment == 0);
		memset(p, 1, 100);
		memset(q, 2, alignment);
		p = realloc(p, 5000);
		CHECK(((char *)p)[99] == 1);
		free(p);
		free(q);
	}
}

static void limits_of_memory(void)
{
	volatile size_t huge = SIZE_MAX / 2;

	errno = 0;
	CHECK(malloc(huge + 1) == NULL && errno == ENOMEM);
	CHECK(calloc(huge, 3) == NULL && reallocarray(NULL, huge, 4) == NULL);
	CHECK(posix_memalign(&(void *){ NULL }, 3, 1) == EINVAL);
	free(NULL);
}

/* The second free of a block ends the program; only Atlas's library says so for every size. */
static void double_free(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		char *volatile p = malloc(40);

		close(2);
		free(p);
		free(p);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void numbers(void)
{
	char *end;

	CHECK(strtol(" -42x", &end, 10) == -42 && *end == 'x');
	CHECK(strtol("0x7fz", &end, 0) == 127 && *end == 'z' && strtol("0x", &end, 0) == 0 && *end == 'x');
	CHECK(strtol("077", NULL, 0) == 63 && strtol("zz", NULL, 36) == 1295);
	errno = 0;
	CHECK(strtol("9223372036854775808", NULL, 10) == LONG_MAX && errno == ERANGE);
	errno = 0;
	CHECK(strtol("-9223372036854775808", NULL, 10) == LONG_MIN && errno == 0);
	CHECK(strtoul("-1", NULL, 10) == ULONG_MAX && errno == 0);
	CHECK(strtoull("18446744073709551616", NULL, 10) == ULLONG_MAX && errno == ERANGE);
	CHECK(strtol("", &end, 10) == 0 && atoi("12abc") == 12);
	CHECK(strtod("1e-400", &end) == 0 && strtod("0x1.8p1", NULL) == 3 && strtod("1e+", &end) == 1);
	CHECK(*end == 'e' && strtod("2.2250738585072011e-308", NULL) > 0);
	CHECK(strtod("9007199254740993", NULL) == 9007199254740992.0);
	CHECK(strtod("9007199254740993.00000000000000000001", NULL) == 9007199254740994.0);
	CHECK(div(-7, 2).quot == -3 && div(-7, 2).rem == -1 && labs(-5l) == 5);
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a >> 8, y = *(const int *)b >> 8;

	return (x > y) - (x < y);
}

/* The lower byte does not take part in comparison, so it shows whether the order is stable. */
static void sorting(void)
{
	static int n[20000];

	for (int count = 0; count < 20000; count = count * 3 + 1) {
		for (int i = 0; i < count; i++)
			n[i] = (int)(next() % 500) << 8 | (i & 255);
		qsort(n, (size_t)count, sizeof(n[0]), by_value);
		for (int i = 1; i < count; i++)
			CHECK(by_value(&n[i - 1], &n[i]) <= 0);
		for (int i = 0; i < count; i += 1 + count / 50)
			CHECK(by_value(bsearch(&n[i], n, (size_t)count, sizeof(n[0]), by_value), &n[i]) == 0);
	}
	CHECK(bsearch(&(int){ 1 << 20 }, n, 100, sizeof(n[0]), by_value) == NULL);
}

static void environment(void)
{
	static char own[] = "OWN=first";
	char name[16];

	CHECK(getenv("NOT_THERE") == NULL && setenv("A=B", "x", 1) < 0 && errno == EINVAL);
	for (int i = 0; i < 100; i++) {
		sprintf(name, "V%d", i);
		CHECK(setenv(name, name + 1, 1) == 0);
	}
	CHECK_TEXT(getenv("V57"), "57");
	CHECK(setenv("V57", "new", 0) == 0 && strcmp(getenv("V57"), "57") == 0);
	CHECK(unsetenv("V57") == 0 && !getenv("V57") && getenv("V58"));
	CHECK(putenv(own) == 0);
	own[4] = 'F';
	CHECK_TEXT(getenv("OWN"), "First");
}

static void names(void)
{
	char file[] = "tmpXXXXXX", folder[] = "dirXXXXXX", bad[] = "tmpXXXX";
	struct stat st;
	int fd = mkstemp(file);

	CHECK(fd >= 0 && strcmp(file, "tmpXXXXXX") != 0 && fstat(fd, &st) == 0);
	CHECK((st.st_mode & 0777) == 0600 && close(fd) == 0);
	CHECK(mkdtemp(folder) && stat(folder, &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(mkstemp(bad) < 0 && errno == EINVAL);
	unlink(file);
	rmdir(folder);
}

static void real_paths(void)
{
	char here[PATH_MAX], wanted[PATH_MAX + 8], *got;

	CHECK(getcwd(here, sizeof(here)) != NULL);
	mkdir("d", 0755);
	CHECK(symlink("../d/./", "d/self") == 0 && symlink("loop", "loop") == 0);
	got = realpath("d/self/self/../d", NULL);
	sprintf(wanted, "%s/d", here);
	CHECK(got != NULL);
	CHECK_TEXT(got, wanted);
	free(got);
	CHECK(realpath("absent", NULL) == NULL && errno == ENOENT);
	CHECK(realpath("loop", NULL) == NULL && errno == ELOOP);
	CHECK(mkdir("d/e", 0755) == 0 && symlink("e/f", "d/to_file") == 0 && symlink("e/f/", "d/wrong") == 0);
	CHECK(close(creat("d/e/f", 0600)) == 0);
	got = realpath("d/to_file", NULL);
	sprintf(wanted, "%s/d/e/f", here);
	CHECK(got != NULL);
	CHECK_TEXT(got, wanted);
	free(got);
	CHECK(realpath("d/wrong", NULL) == NULL && errno == ENOTDIR);
	CHECK(realpath("d/to_file/", NULL) == NULL && errno == ENOTDIR);
	unlink("d/e/f");
	unlink("d/to_file");
	unlink("d/wrong");
	rmdir("d/e");
	got = realpath("/../..//", NULL);
	CHECK_TEXT(got, "/");
	free(got);
	unlink("d/self");
	unlink("loop");
	rmdir("d");
}

int main(void)
{
	allocation();
	cleared();
	aligned();
	limits_of_memory();
	double_free();
	numbers();
	sorting();
	environment();
	names();
	real_paths();
	return 0;
}
