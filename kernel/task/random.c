/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for getrandom(2), /dev/urandom and AT_RANDOM: ChaCha20 (RFC 8439) run as a generator.
 *
 * The key is taken once from RDRAND, where the processor has it, mixed with the time stamp counter and the clocks. Half
 * of each request's first block becomes the next key, so that what was given out cannot be computed from what is kept;
 * the other half is all that a small request needs (every execve has one).
 * Without RDRAND the seed is guessable by whoever knows the boot time to a cycle; docs/limits.md says so.
 *
 * Locks: one, a leaf.
 */
#include "task/task_impl.h"

#include "lib/string.h"

static struct spinlock random_lock = SPINLOCK_INIT(RANK_TIMER);
static uint32_t random_key[8];
static uint64_t random_block;
static bool random_seeded;

static uint32_t rotate(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

static inline void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

static void chacha_block(const uint32_t key[8], uint64_t block, uint32_t out[16])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	memcpy(in + 4, key, 32);
	memcpy(in + 12, &block, sizeof(block));
	memcpy(out, in, sizeof(in));
	for (int round = 0; round < 10; round++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

static void seed_locked(void)
{
	uint64_t key[4] = { rdtsc(), clock_now_ns(), clock_epoch_ns(), boot_info.entry_tsc };
	for (int i = 0; i < 4; i++) {
		uint64_t word;
		if (cpu_random(&word))
			key[i] ^= word;
	}
	memcpy(random_key, key, sizeof(random_key));
	random_seeded = true;
}

void random_bytes(void *buf, size_t len)
{
	uint32_t first[16], more[16];
	char *to = buf;
	size_t n;
	spin_lock(&random_lock);
	if (!random_seeded)
		seed_locked();
	random_key[0] ^= (uint32_t)rdtsc();
	chacha_block(random_key, random_block++, first);
	n = MIN(len, sizeof(first) / 2);
	memcpy(to, first + 8, n);
	for (to += n, len -= n; len; to += n, len -= n) {
		chacha_block(random_key, random_block++, more);
		n = MIN(len, sizeof(more));
		memcpy(to, more, n);
	}
	memcpy(random_key, first, sizeof(random_key));
	spin_unlock(&random_lock);
}
