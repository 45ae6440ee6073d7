/* SPDX-License-Identifier: MIT */
/*
 * picture [-o FILE] [SEED] - draw a map of a land that does not exist, by storing into the screen
 *
 * /dev/fb0 is a device whose memory is mapped like any other: after mmap() a pixel is a store. The driver is a program
 * in user mode (user/servers/fb) and hears nothing of it. How the pixels lie in memory is asked first, by ioctl.
 *
 * The land: at the corners of a lattice the height is a hash of the place; between them it is interpolated. Five
 * lattices, each twice as fine and half as high as the one before, are added up. All in integers, so that every machine
 * draws the same.
 *
 * -o FILE:  write the picture to FILE as well (as a PPM, from what was computed, not from the screen)
 * Look at:  maps, while it waits for the end of its input: /dev/fb0, "rw-s", as long as the screen's memory
 * Try:      kill the driver (ps, kill) while it waits, and press a key: Bus error. The picture stays on the screen.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define OCTAVES 5
#define CELL 256 /* pixels of the coarsest lattice */

static uint32_t seed = 1962;

/* 0 to 255, of a corner of lattice k. */
static int32_t corner(uint32_t k, uint32_t x, uint32_t y)
{
	uint32_t h = seed + k * 0x9e3779b9u + x * 0x85ebca6bu + y * 0xc2b2ae35u;

	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return (h ^ h >> 15) & 255;
}

static int32_t between(int32_t a, int32_t b, int32_t at, int32_t cell)
{
	return a + (b - a) * at / cell;
}

static int32_t height(uint32_t x, uint32_t y)
{
	int32_t sum = 0;

	for (uint32_t k = 0; k < OCTAVES; k++) {
		uint32_t cell = CELL >> k, cx = x / cell, cy = y / cell;
		int32_t fx = x % cell, fy = y % cell;
		int32_t top = between(corner(k, cx, cy), corner(k, cx + 1, cy), fx, cell);
		int32_t bottom = between(corner(k, cx, cy + 1), corner(k, cx + 1, cy + 1), fx, cell);
		sum += between(top, bottom, fy, cell) << (OCTAVES - 1 - k);
	}
	return sum / ((1 << OCTAVES) - 1); /* 0 to 255 again */
}

/* Sea, shore, plain, hills, snow; a grid of meridians and parallels over them. 0xRRGGBB. */
static uint32_t colour(uint32_t x, uint32_t y)
{
	int32_t h = height(x, y);
	uint32_t shade = h & 63, c;

	if (h < 118)
		c = 0x102050 + (uint32_t)h / 2 * 0x000101;
	else if (h < 122)
		c = 0xd8c890;
	else if (h < 150)
		c = 0x306020 + shade * 0x010100;
	else if (h < 175)
		c = 0x604828 + shade * 0x010101;
	else
		c = 0xf0f0f8;
	return x % 128 == 0 || y % 128 == 0 ? (c & 0xfefefe) / 2 + 0x505050 : c;
}

static uint32_t pixel(uint32_t rgb, const struct fb_var_screeninfo *v)
{
	return (rgb >> 16) << v->red.offset | (rgb >> 8 & 255) << v->green.offset | (rgb & 255) << v->blue.offset;
}

static void save(const char *path, uint32_t width, uint32_t height)
{
	FILE *f = fopen(path, "w");

	if (!f)
		err(1, "%s", path);
	fprintf(f, "P6\n%u %u\n255\n", width, height);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			uint32_t rgb = colour(x, y);
			putc(rgb >> 16, f);
			putc(rgb >> 8, f);
			putc(rgb, f);
		}
	}
	if (fclose(f) != 0)
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	const char *file = argc > 2 && strcmp(argv[1], "-o") == 0 ? argv[2] : NULL;
	struct fb_fix_screeninfo fix;
	struct fb_var_screeninfo var;
	char key;

	if (argc > (file ? 3 : 1))
		seed = strtoul(argv[argc - 1], NULL, 0);
	int fd = open("/dev/fb0", O_RDWR);
	if (fd < 0)
		err(1, "/dev/fb0 (a machine with a display: make run DISPLAY=1)");
	if (ioctl(fd, FBIOGET_FSCREENINFO, &fix) < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var) < 0)
		err(1, "/dev/fb0");
	if (var.bits_per_pixel != 32)
		errx(1, "%u bits a pixel: this program knows 32", var.bits_per_pixel);
	uint8_t *screen = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (screen == MAP_FAILED)
		err(1, "mmap");
	for (uint32_t y = 0; y < var.yres; y++)
		for (uint32_t x = 0; x < var.xres; x++)
			((uint32_t *)(screen + y * fix.line_length))[x] = pixel(colour(x, y), &var);
	if (file)
		save(file, var.xres, var.yres);
	printf("%u by %u pixels drawn\n", var.xres, var.yres);
	fflush(stdout);
	while (read(STDIN_FILENO, &key, 1) > 0 && key != '\n')
		;
	((volatile uint32_t *)screen)[0] = 0; /* is it still there? */
	return 0;
}
