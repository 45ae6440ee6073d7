/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-random numbers for programs, repeatable from their seed. None is fit for secrets:
 * getrandom is for those.
 *
 * rand and random draw from one 64-bit linear congruential generator (Knuth's MMIX constants) and
 * return its upper bits, for the lower ones have short periods. rand_r has its state in the
 * caller's 32 bits and so uses a smaller generator three times per number. drand48 and lrand48 are
 * the generator that POSIX prescribes. Threads that share a generator get unrepeatable sequences;
 * nothing worse happens, so there is no lock.
 */
#include <stdint.h>
#include <stdlib.h>

static uint64_t state = 1;
static uint64_t state48 = 0x1234abcd330eul;

void srand(unsigned int seed)
{
	state = seed;
	rand();
}

int rand(void)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (int)(state >> 33);
}

void srandom(unsigned int seed)
{
	srand(seed);
}

long random(void)
{
	return rand();
}

int rand_r(unsigned int *seed)
{
	unsigned int result = 0;

	for (int i = 0; i < 3; i++) {
		*seed = *seed * 1103515245u + 12345u;
		result = result << 11 | (*seed >> 16 & 0x7ff);
	}
	return (int)(result & RAND_MAX);
}

static uint64_t next48(void)
{
	state48 = (state48 * 0x5deece66dul + 0xb) & 0xfffffffffffful;
	return state48;
}

void srand48(long seed)
{
	state48 = ((uint64_t)(uint32_t)seed << 16) + 0x330e;
}

long lrand48(void)
{
	return (long)(next48() >> 17);
}

double drand48(void)
{
	return (double)next48() / (double)0x1000000000000ul;
}
