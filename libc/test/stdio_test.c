/* SPDX-License-Identifier: MIT */
/*
 * Streams keep their promises: what is written can be read back through any mix of reading, writing,
 * seeking and pushing back; modes, buffering, memory streams and pipes to commands work.
 */
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_and_write(void)
{
	FILE *f = fopen("file", "w+");
	char line[64];

	CHECK(f != NULL);
	for (int i = 0; i < 5000; i++)
		CHECK(fprintf(f, "line %d\n", i) > 0);
	rewind(f);
	for (int i = 0; i < 5000; i++) {
		char wanted[64];

		CHECK(fgets(line, sizeof(line), f) != NULL);
		sprintf(wanted, "line %d\n", i);
		CHECK_TEXT(line, wanted);
	}
	CHECK(fgets(line, sizeof(line), f) == NULL && feof(f) && !ferror(f));
	CHECK(fseek(f, 5, SEEK_SET) == 0 && !feof(f));
	CHECK(fputc('X', f) == 'X' && ftell(f) == 6);
	CHECK(fgetc(f) == '\n');
	CHECK(fseek(f, -1, SEEK_END) == 0 && fgetc(f) == '\n' && fgetc(f) == EOF);
	rewind(f);
	CHECK(fgets(line, sizeof(line), f) && strcmp(line, "line X\n") == 0);
	CHECK(fclose(f) == 0);
}

static void the_end_stays(void)
{
	FILE *f = fopen("grows", "w+"), *more = fopen("grows", "a");
	char c;

	CHECK(f && more && fgetc(f) == EOF && feof(f));
	CHECK(fputc('x', more) == 'x' && fflush(more) == 0);
	CHECK(fgetc(f) == EOF && fread(&c, 1, 1, f) == 0 && feof(f));
	clearerr(f);
	CHECK(fgetc(f) == 'x' && fgetc(f) == EOF);
	CHECK(fputc('y', more) == 'y' && fflush(more) == 0);
	CHECK(fseek(f, 0, SEEK_CUR) == 0 && fgetc(f) == 'y');
	fclose(f);
	fclose(more);
}

static void push_back(void)
{
	FILE *f = fopen("file", "r");

	CHECK(fgetc(f) == 'l' && ungetc('L', f) == 'L' && ftell(f) == 0);
	CHECK(fgetc(f) == 'L' && fgetc(f) == 'i');
	CHECK(ungetc(EOF, f) == EOF);
	fclose(f);
	f = fopen("file", "r");
	CHECK(ungetc('z', f) == 'z' && fgetc(f) == 'z' && fgetc(f) == 'l');
	fclose(f);
}

static void modes(void)
{
	struct stat st;
	FILE *f;

	errno = 0;
	CHECK(fopen("absent", "r") == NULL && errno == ENOENT);
	CHECK(fopen("file", "q") == NULL && errno == EINVAL);
	CHECK(fopen("file", "wx") == NULL && errno == EEXIST);
	f = fopen("append", "a");
	fputs("one", f);
	fclose(f);
	f = fopen("append", "a+");
	fputs("two", f);
	CHECK(ftell(f) == 6);
	rewind(f);
	CHECK(fgetc(f) == 'o');
	fclose(f);
	CHECK(stat("append", &st) == 0 && st.st_size == 6);
	f = fopen("append", "r");
	CHECK(fputc('x', f) == EOF && ferror(f));
	clearerr(f);
	CHECK(!ferror(f));
	fclose(f);
	CHECK(remove("append") == 0 && access("append", F_OK) < 0);
}

static void buffering(void)
{
	struct stat st;
	FILE *f = fopen("buffer", "w");

	fputs("pending", f);
	CHECK(stat("buffer", &st) == 0 && st.st_size == 0);
	CHECK(fflush(f) == 0 && stat("buffer", &st) == 0 && st.st_size == 7);
	CHECK(setvbuf(f, NULL, _IOLBF, 100) == 0);
	fputs("a\nb", f);
	stat("buffer", &st);
	CHECK(st.st_size >= 9);
	fflush(f);
	setvbuf(f, NULL, _IONBF, 0);
	fputs("c", f);
	CHECK(stat("buffer", &st) == 0 && st.st_size == 11);
	fclose(f);
	f = freopen("buffer", "r", fopen("file", "r"));
	CHECK(f && fgetc(f) == 'p');
	fclose(f);
}

static void blocks(void)
{
	static char out[100000], in[100000];
	FILE *f = tmpfile();

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 256);
	CHECK(f && fwrite(out, 1, 10, f) == 10);
	CHECK(fwrite(out + 10, 1, sizeof(out) - 10, f) == sizeof(out) - 10);
	rewind(f);
	CHECK(fread(in, 1, 3, f) == 3 && fread(in + 3, 1, sizeof(in), f) == sizeof(in) - 3);
	CHECK(feof(f) && memcmp(in, out, sizeof(in)) == 0);
	rewind(f);
	CHECK(fread(in, 30000, 4, f) == 3);
	fclose(f);
}

static void lines(void)
{
	FILE *f = fopen("file", "w+");
	char *line = NULL;
	size_t size = 0;

	for (int i = 0; i < 10000; i++)
		fputc('a' + i % 26, f);
	fputs("\nshort\nlast", f);
	rewind(f);
	CHECK(getline(&line, &size, f) == 10001 && line[10000] == '\n');
	CHECK(getline(&line, &size, f) == 6 && strcmp(line, "short\n") == 0);
	CHECK(getline(&line, &size, f) == 4 && strcmp(line, "last") == 0);
	CHECK(getline(&line, &size, f) == -1 && feof(f));
	free(line);
	fclose(f);
}

static void memory(void)
{
	char fixed[8], *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int a, b;

	for (int i = 0; i < 1000; i++)
		fprintf(f, "%d,", i);
	CHECK(fclose(f) == 0 && size == 3890 && strncmp(text, "0,1,2,", 6) == 0);
	f = fmemopen(text, size, "r");
	CHECK(fscanf(f, "%d,%d", &a, &b) == 2 && a == 0 && b == 1 && fgetc(f) == ',');
	fclose(f);
	free(text);
	f = fmemopen(fixed, sizeof(fixed), "w");
	CHECK(fputs("12345", f) >= 0 && fclose(f) == 0 && strcmp(fixed, "12345") == 0);
}

/* The end of the input is one thing, input that does not fit another; what does not fit stays. */
static void scanning(void)
{
	char long_text[1200], *heap = NULL;
	double x = 0;
	int a = 7, n = 0;
	void *p = &a;
	FILE *f;

	CHECK(sscanf("", "%d", &a) == EOF && sscanf(" ", "%d", &a) == EOF && sscanf("5", "%*d%d", &a) == EOF);
	CHECK(sscanf("-", "%d", &a) == 0 && sscanf("1e", "%lf", &x) == 0 && sscanf("inf.", "%*fx%d", &a) == 0);
	CHECK(sscanf("ab", "abc") == EOF && sscanf("abd", "abc") == 0 && a == 7);
	CHECK(sscanf("1 ", "%d %d", &a, &n) == 1 && a == 1);
	CHECK(sscanf("(nil)", "%p", &p) == 1 && !p && sscanf("(nix)", "%p", &p) == 0 && sscanf("0x1F", "%p", &p) == 1);
	CHECK(p == (void *)0x1f);
	CHECK(sscanf("word rest", "%ms%n", &heap, &n) == 1 && strcmp(heap, "word") == 0 && n == 4);
	free(heap);
	f = fmemopen("e25", 3, "r");
	CHECK(fscanf(f, "%lf", &x) == 0 && fgetc(f) == 'e');
	fclose(f);
	memset(long_text, '0', sizeof(long_text));
	strcpy(long_text + 1100, "42.5 9");
	CHECK(sscanf(long_text, "%lf %d", &x, &n) == 2 && x == 42.5 && n == 9);
}

static void commands(void)
{
	char line[32];
	FILE *f;
	int status;

	if (access("/bin/sh", X_OK) < 0)
		return;
	f = popen("echo from the child; exit 3", "r");
	CHECK(f && fgets(line, sizeof(line), f) && strcmp(line, "from the child\n") == 0);
	status = pclose(f);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	f = popen("read x; test \"$x\" = hello", "w");
	CHECK(f && fputs("hello\n", f) >= 0 && pclose(f) == 0);
	status = system("exit 7");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void lists_of_mounts(void)
{
	FILE *f = fopen("file", "w");
	struct mntent *m;

	fputs("# nothing\n\nlonely\n/dev/a\\040b /my\\040disk\\134x\text2 rw,size=5k 1 2\nnone /t tmpfs\n", f);
	fclose(f);
	f = setmntent("file", "r");
	CHECK(f && (m = getmntent(f)));
	CHECK(!strcmp(m->mnt_fsname, "/dev/a b") && !strcmp(m->mnt_dir, "/my disk\\x") && !strcmp(m->mnt_type, "ext2"));
	CHECK(m->mnt_freq == 1 && m->mnt_passno == 2 && hasmntopt(m, "size") == m->mnt_opts + 3 && !hasmntopt(m, "siz"));
	CHECK((m = getmntent(f)) && !strcmp(m->mnt_type, "tmpfs") && !*m->mnt_opts && !getmntent(f));
	CHECK(endmntent(f) == 1);
}

int main(void)
{
	read_and_write();
	push_back();
	the_end_stays();
	modes();
	buffering();
	blocks();
	lines();
	memory();
	scanning();
	commands();
	lists_of_mounts();
	unlink("file");
	unlink("buffer");
	return 0;
}
