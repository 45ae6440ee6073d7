/* SPDX-License-Identifier: MIT */
/*
 * Classes of characters in the C locale: ASCII, and nothing above 127 belongs to any class.
 *
 * One table of bits per character, made by ranges at compile time, answers every question but the
 * two conversions. The functions accept what getc returns: EOF (-1) and 0 to 255; anything else is
 * in no class instead of being read from beyond the table, since careless programs pass negative
 * chars and a teaching system should not fault inside the library for it.
 */
#include <ctype.h>

enum { UPPER = 1, LOWER = 2, DIGIT = 4, HEX = 8, SPACE = 16, BLANK = 32, PUNCT = 64, CONTROL = 128 };

static const unsigned char classes[128] = {
	[0 ... 8] = CONTROL,
	['\t'] = CONTROL | SPACE | BLANK,
	['\n' ... '\r'] = CONTROL | SPACE,
	[14 ... 31] = CONTROL,
	[' '] = SPACE | BLANK,
	['!' ... '/'] = PUNCT,
	['0' ... '9'] = DIGIT | HEX,
	[':' ... '@'] = PUNCT,
	['A' ... 'F'] = UPPER | HEX,
	['G' ... 'Z'] = UPPER,
	['[' ... '`'] = PUNCT,
	['a' ... 'f'] = LOWER | HEX,
	['g' ... 'z'] = LOWER,
	['{' ... '~'] = PUNCT,
	[127] = CONTROL,
};

static inline int is(int c, int mask)
{
	return (unsigned int)c < sizeof(classes) && (classes[c] & mask) != 0;
}

int isalnum(int c)
{
	return is(c, UPPER | LOWER | DIGIT);
}

int isalpha(int c)
{
	return is(c, UPPER | LOWER);
}

int isascii(int c)
{
	return (unsigned int)c < 128;
}

int isblank(int c)
{
	return is(c, BLANK);
}

int iscntrl(int c)
{
	return is(c, CONTROL);
}

int isdigit(int c)
{
	return is(c, DIGIT);
}

int isgraph(int c)
{
	return is(c, UPPER | LOWER | DIGIT | PUNCT);
}

int islower(int c)
{
	return is(c, LOWER);
}

int isprint(int c)
{
	return c == ' ' || isgraph(c);
}

int ispunct(int c)
{
	return is(c, PUNCT);
}

int isspace(int c)
{
	return is(c, SPACE);
}

int isupper(int c)
{
	return is(c, UPPER);
}

int isxdigit(int c)
{
	return is(c, HEX);
}

int toascii(int c)
{
	return c & 127;
}

int tolower(int c)
{
	return isupper(c) ? c + ('a' - 'A') : c;
}

int toupper(int c)
{
	return islower(c) ? c - ('a' - 'A') : c;
}
