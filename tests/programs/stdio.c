/* SPDX-License-Identifier: MIT */
/*
 * Streams of the C library: formats, positions, buffers, temporary files, pipes to commands. The buffer sizes and the
 * calls beneath are the library's business; what is printed is the same everywhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static unsigned long sum_of(FILE *f)
{
	unsigned long sum = 5381;
	int c;

	while ((c = getc(f)) != EOF)
		sum = sum * 33 + (unsigned char)c;
	return sum;
}

static void formats(void)
{
	const char *volatile long_text = "a text that is too long";
	char text[200], word[20];
	double d;
	int n, i, at;

	printf("%d|%5d|%-5d|%05d|%+d|%x|%#o|%ld|%zu|%c|%s|%.3s|%p|%%\n", 1, 2, 3, 4, 5, 255, 8, 1L << 40, sizeof(n), 'c',
	       "text", "cutoff", (void *)0);
	printf("%f|%.2e|%g|%G|%a|%Lf|%10.3f|%-10.1f|\n", 3.14159, 12345.678, 1e-10, 1e20, 1.0, 2.5L, 2.0 / 3, -0.05);
	printf("%2$s %1$s %3$*4$d\n", "second", "first", 42, 6);
	n = sscanf("17 0x1f 2.5e3 word rest", "%*d %i %lf %19s %n", &i, &d, word, &at);
	printf("%d: %d %d %g %s\n", n, at, i, d, word);
	n = snprintf(text, 10, "%.*s", 23, long_text);
	printf("%d %s %g %ld\n", n, text, strtod("  -1.25e-3xyz", NULL), strtol("zz", NULL, 36));
}

static void positions(void)
{
	char line[100], *whole = NULL;
	size_t room = 0;
	FILE *f = fopen("positions", "w+");

	for (int i = 0; i < 20000; i++)
		fprintf(f, "line %d of many\n", i);
	printf("%ld ", ftell(f));
	fseek(f, 1000, SEEK_SET);
	fgets(line, sizeof(line), f);
	fputs("OVERWRITTEN", (fseek(f, 5000, SEEK_SET), f));
	fseek(f, -20, SEEK_END);
	ungetc('!', f);
	printf("%c %s", getc(f), line);
	rewind(f);
	printf("%lu %d %d\n", sum_of(f), feof(f) != 0, ferror(f));
	rewind(f);
	for (int i = 0; i < 1234; i++)
		getline(&whole, &room, f);
	printf("%s", whole);
	setvbuf(f, NULL, _IONBF, 0);
	f = freopen("positions", "a", f);
	fprintf(f, "appended");
	fclose(f);
	f = fopen("positions", "r");
	setvbuf(f, NULL, _IOFBF, 333);
	printf("%lu\n", sum_of(f));
	fclose(f);
	printf("%d %s\n", fopen("/nosuch/file", "r") == NULL, strerror(errno));
	free(whole);
}

static void special_streams(void)
{
	char *text, line[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < 1000; i++)
		fprintf(f, "%d,", i);
	fclose(f);
	printf("%zu %.12s\n", len, text);
	f = fmemopen(text, len, "r");
	fseek(f, 10, SEEK_SET);
	printf("%lu\n", sum_of(f));
	fclose(f);
	f = tmpfile();
	fwrite(text, 1, len, f);
	rewind(f);
	printf("%lu\n", sum_of(f));
	fclose(f);
	free(text);
	f = popen("echo from a command; read x; echo never >&2", "r");
	printf("%s", fgets(line, sizeof(line), f));
	printf("status %d\n", pclose(f));
	fflush(stdout);
	f = popen("tr a-z A-Z", "w");
	fprintf(f, "to a command\n");
	printf("status %d\n", pclose(f));
	printf("system %d\n", system("exit 5") >> 8);
}

static void many_streams(void)
{
	FILE *f[100];
	char name[20];
	int open_ones = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		f[i] = fopen(name, "w+");
		open_ones += f[i] != NULL;
		fprintf(f[i], "this is %d\n", i);
	}
	fflush(NULL);
	for (int i = 0; i < 100; i++) {
		rewind(f[i]);
		open_ones += fscanf(f[i], "this is %d", &(int){ 0 });
		fclose(f[i]);
	}
	printf("%d\n", open_ones);
}

int main(void)
{
	formats();
	positions();
	special_streams();
	many_streams();
	fwide(stderr, 1);
	return fwprintf(stderr, L"wide\n") == 5 ? 0 : 1;
}
