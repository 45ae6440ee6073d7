/* SPDX-License-Identifier: MIT */
/*
 * The printf(1) language, and echo(1)'s, for the programs of these names and for the shell's builtins. Whoever includes
 * this gives the two functions it calls:
 *
 *	emit(s, n)		where output goes
 *	complain(fmt, ...)	a message; the status becomes 1 and work goes on
 *
 * The format is used again until the arguments are used up. Conversions: %d %i %u %o %x %X %c %s %b %%
 * and those of floating point, with flags, width and precision (also *). Lengths as of C (%ld) mean nothing.
 */
#ifndef BIN_PRINTF_FORMAT_H
#define BIN_PRINTF_FORMAT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void emit(const char *s, size_t n);
static void complain(const char *fmt, const char *arg);

struct format {
	char **args;		/* those not used yet */
	bool stop;		/* \c was met */
	int status;
};

static const char *format_arg(struct format *f)
{
	return *f->args ? *f->args++ : NULL;
}

/* The character an escape stands for; s is behind the backslash, and is moved past it. */
static int escape_char(const char **sp, bool in_b)
{
	static const char names[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
	const char *s = *sp, *name;
	int c = 0, n = 0;

	if (*s && (name = strchr(names, *s))) {
		*sp = s + 1;
		return values[name - names];
	}
	if (*s == 'x') {
		char hex[3] = { 0 };

		for (s++; n < 2 && *s && strchr("0123456789abcdefABCDEF", *s); n++)
			hex[n] = *s++;
		*sp = n ? s : *sp;
		return n ? (int)strtol(hex, NULL, 16) : -1;
	}
	if (in_b && *s == '0')
		s++;
	for (; n < 3 && *s >= '0' && *s <= '7'; n++)
		c = c * 8 + *s++ - '0';
	if (s == *sp)
		return -1;
	*sp = s;
	return c & 0xff;
}

/* Write s with its escapes interpreted; false when \c said to stop. */
static bool emit_escaped(const char *s, bool in_b)
{
	while (*s) {
		char c = *s++;

		if (c == '\\' && *s == 'c' && in_b)
			return false;
		if (c == '\\' && *s) {
			int e = escape_char(&s, in_b);

			c = e < 0 ? '\\' : e;
		}
		emit(&c, 1);
	}
	return true;
}

/* The number in arg has been read up to end. */
static void format_check(struct format *f, const char *arg, const char *end)
{
	const char *wrong = end == arg ? "'%s': expected a numeric value" :
			    *end ? "'%s': value not completely converted" :
			    errno == ERANGE ? "'%s': out of range" : NULL;

	if (!wrong)
		return;
	complain(wrong, arg);
	f->status = 1;
}

static long long format_number(struct format *f, const char *arg, bool is_signed)
{
	char *end;
	long long v;

	if (!arg || !*arg)
		return 0;
	if (*arg == '\'' || *arg == '"')
		return (unsigned char)arg[1];
	errno = 0;
	v = is_signed ? strtoll(arg, &end, 0) : (long long)strtoull(arg, &end, 0);
	format_check(f, arg, end);
	return v;
}

static long double format_real(struct format *f, const char *arg)
{
	long double v;
	char *end;

	if (!arg || !*arg)
		return 0;
	if (*arg == '\'' || *arg == '"')
		return (unsigned char)arg[1];
	errno = 0;
	v = strtold(arg, &end);
	format_check(f, arg, end);
	return v;
}

/* Print a value as spec (n bytes so far) says, with this conversion. */
#define FORMAT_VALUE(spec, n, conversion, value) do { \
		__typeof__(value) value_ = value; \
		strcpy((spec) + (n), conversion); \
		int len_ = snprintf(NULL, 0, spec, value_); \
		char *text_ = len_ < 0 ? NULL : malloc(len_ + 1); \
		if (text_) { \
			snprintf(text_, len_ + 1, spec, value_); \
			emit(text_, len_); \
		} \
		free(text_); \
	} while (0)

/* Copy flags, width and precision to spec, with stars replaced by arguments; the length. */
static size_t format_spec(struct format *f, const char **sp, char *spec, size_t size)
{
	size_t n = 0;
	const char *s = *sp;

	spec[n++] = '%';
	while (*s && strchr("-+ #0123456789.*", *s) && n < size - 16) {
		if (*s == '*')
			n += snprintf(spec + n, size - n, "%d", (int)format_number(f, format_arg(f), true));
		else
			spec[n++] = *s;
		s++;
	}
	*sp = s;
	return n;
}

/* One conversion; s is behind the percent sign. Returns what follows. */
static const char *format_one(struct format *f, const char *s)
{
	char spec[64], one[2] = { 0 }, conversion[4] = "ll";
	const char *arg;
	size_t n;

	if (*s == '%') {
		emit("%", 1);
		return s + 1;
	}
	n = format_spec(f, &s, spec, sizeof(spec));
	s += strspn(s, "hljztL");
	conversion[2] = *s;
	switch (*s) {
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		FORMAT_VALUE(spec, n, conversion, format_number(f, format_arg(f), *s == 'd' || *s == 'i'));
		break;
	case 'a':
	case 'e':
	case 'f':
	case 'g':
	case 'A':
	case 'E':
	case 'F':
	case 'G':
		conversion[1] = 'L';
		FORMAT_VALUE(spec, n, conversion + 1, format_real(f, format_arg(f)));
		break;
	case 's':
		arg = format_arg(f);
		FORMAT_VALUE(spec, n, "s", arg ? arg : "");
		break;
	case 'c':
		arg = format_arg(f);
		one[0] = arg ? arg[0] : '\0';
		FORMAT_VALUE(spec, n, "s", (const char *)one);
		break;
	case 'b':
		arg = format_arg(f);
		f->stop = arg && !emit_escaped(arg, true);
		break;
	default:
		complain("%%%s: invalid conversion", s);
		f->status = 1;
		f->stop = true;
		return s;
	}
	return s + 1;
}

static int format_print(const char *fmt, char **args)
{
	struct format f = { .args = args };
	char **before;

	do {
		before = f.args;
		for (const char *s = fmt; *s && !f.stop;) {
			char c = *s++;

			if (c == '%') {
				s = format_one(&f, s);
				continue;
			}
			if (c == '\\' && *s == 'c')
				return f.status;
			if (c == '\\' && *s) {
				int e = escape_char(&s, false);

				c = e < 0 ? '\\' : e;
			}
			emit(&c, 1);
		}
	} while (*f.args && f.args != before && !f.stop);
	return f.status;
}

/* echo: its options, then the words. */
static inline void echo_print(int argc, char **argv)
{
	bool newline = true, escapes = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (argv[i][1 + strspn(argv[i] + 1, "neE")])
			break;
		for (const char *s = argv[i] + 1; *s; s++) {
			newline &= *s != 'n';
			escapes = *s == 'n' ? escapes : *s == 'e';
		}
	}
	for (; i < argc; i++) {
		if (!escapes)
			emit(argv[i], strlen(argv[i]));
		else if (!emit_escaped(argv[i], true))
			return;
		if (i < argc - 1)
			emit(" ", 1);
	}
	if (newline)
		emit("\n", 1);
}

#endif
