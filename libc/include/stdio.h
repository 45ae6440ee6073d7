/* SPDX-License-Identifier: MIT */
/* Buffered streams and formatted text. */
#ifndef STDIO_H
#define STDIO_H

#include <abi/fcntl.h>
#include <bits/types.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/cdefs.h>

#define EOF (-1)
#define BUFSIZ 4096
#define FILENAME_MAX PATH_MAX
#define FOPEN_MAX 1000
#define TMP_MAX 10000
#define L_tmpnam 20
#define P_tmpdir "/tmp"
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2

typedef struct __file FILE;
typedef long fpos_t;

#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2

__BEGIN_DECLS
extern FILE *stdin;
extern FILE *stdout;
extern FILE *stderr;
#define stdin stdin
#define stdout stdout
#define stderr stderr

FILE *fopen(const char *__restrict path, const char *__restrict mode);
FILE *fdopen(int fd, const char *mode);
FILE *freopen(const char *__restrict path, const char *__restrict mode, FILE *__restrict f);
FILE *fmemopen(void *__restrict buffer, size_t size, const char *__restrict mode);
FILE *open_memstream(char **buffer, size_t *size);
FILE *tmpfile(void);
FILE *popen(const char *command, const char *mode);
int pclose(FILE *f);
int fclose(FILE *f);
int fflush(FILE *f);
int setvbuf(FILE *__restrict f, char *__restrict buffer, int mode, size_t size);
void setbuf(FILE *__restrict f, char *__restrict buffer);
void setlinebuf(FILE *f);

size_t fread(void *__restrict to, size_t size, size_t count, FILE *__restrict f);
size_t fwrite(const void *__restrict from, size_t size, size_t count, FILE *__restrict f);
int fgetc(FILE *f);
int getc(FILE *f);
int getchar(void);
int ungetc(int c, FILE *f);
int fputc(int c, FILE *f);
int putc(int c, FILE *f);
int putchar(int c);
char *fgets(char *__restrict line, int size, FILE *__restrict f);
int fputs(const char *__restrict s, FILE *__restrict f);
int puts(const char *s);
ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict f);
ssize_t getdelim(char **__restrict line, size_t *__restrict size, int end, FILE *__restrict f);

int fseek(FILE *f, long off, int whence);
int fseeko(FILE *f, off_t off, int whence);
long ftell(FILE *f);
off_t ftello(FILE *f);
void rewind(FILE *f);
int fgetpos(FILE *__restrict f, fpos_t *__restrict pos);
int fsetpos(FILE *f, const fpos_t *pos);
int feof(FILE *f);
int ferror(FILE *f);
void clearerr(FILE *f);
int fileno(FILE *f);

void flockfile(FILE *f);
int ftrylockfile(FILE *f);
void funlockfile(FILE *f);
int getc_unlocked(FILE *f);
int getchar_unlocked(void);
int putc_unlocked(int c, FILE *f);
int putchar_unlocked(int c);
int fgetc_unlocked(FILE *f);
int fputc_unlocked(int c, FILE *f);
size_t fread_unlocked(void *__restrict to, size_t size, size_t count, FILE *__restrict f);
size_t fwrite_unlocked(const void *__restrict from, size_t size, size_t count, FILE *__restrict f);
int fputs_unlocked(const char *__restrict s, FILE *__restrict f);
int fflush_unlocked(FILE *f);

int printf(const char *__restrict format, ...) __PRINTF(1, 2);
int fprintf(FILE *__restrict f, const char *__restrict format, ...) __PRINTF(2, 3);
int dprintf(int fd, const char *__restrict format, ...) __PRINTF(2, 3);
int sprintf(char *__restrict to, const char *__restrict format, ...) __PRINTF(2, 3);
int snprintf(char *__restrict to, size_t size, const char *__restrict format, ...) __PRINTF(3, 4);
int asprintf(char **to, const char *__restrict format, ...) __PRINTF(2, 3);
int vprintf(const char *__restrict format, va_list ap) __PRINTF(1, 0);
int vfprintf(FILE *__restrict f, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vdprintf(int fd, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vsprintf(char *__restrict to, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vsnprintf(char *__restrict to, size_t size, const char *__restrict format, va_list ap)
	__PRINTF(3, 0);
int vasprintf(char **to, const char *__restrict format, va_list ap) __PRINTF(2, 0);

int scanf(const char *__restrict format, ...) __SCANF(1, 2);
int fscanf(FILE *__restrict f, const char *__restrict format, ...) __SCANF(2, 3);
int sscanf(const char *__restrict from, const char *__restrict format, ...) __SCANF(2, 3);
int vscanf(const char *__restrict format, va_list ap) __SCANF(1, 0);
int vfscanf(FILE *__restrict f, const char *__restrict format, va_list ap) __SCANF(2, 0);
int vsscanf(const char *__restrict from, const char *__restrict format, va_list ap) __SCANF(2, 0);

void perror(const char *s);
int remove(const char *path);
int rename(const char *from, const char *to);
int renameat(int fromdir, const char *from, int todir, const char *to);
int renameat2(int fromdir, const char *from, int todir, const char *to, unsigned int flags);
char *tmpnam(char *name);
char *ctermid(char *name);
__END_DECLS

#endif
