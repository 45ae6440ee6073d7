/* SPDX-License-Identifier: MIT */
/*
 * The framebuffer: what its ioctls say and refuse, that a mapping, read and write show the same pixels, that a private
 * mapping keeps its pixels to itself, and what is left when the driver dies. Skips on a machine without a screen, and
 * on one whose driver has been killed: it does that itself.
 */
#include <dirent.h>
#include <linux/fb.h>
#include <sys/ioctl.h>

#include <atlas/system.h>

#include "check.h"

static int fd;
static struct fb_fix_screeninfo fix;
static struct fb_var_screeninfo var;

static void look(void)
{
	CHECK(ioctl(fd, FBIOGET_FSCREENINFO, &fix) == 0 && ioctl(fd, FBIOGET_VSCREENINFO, &var) == 0);
	CHECK(var.bits_per_pixel == 32 && fix.visual == FB_VISUAL_TRUECOLOR && fix.type == FB_TYPE_PACKED_PIXELS);
	CHECK(var.red.length == 8 && var.green.length == 8 && var.blue.length == 8);
	CHECK(fix.line_length >= var.xres * 4 && fix.smem_len >= fix.line_length * var.yres);
}

static void modes_change(void)
{
	struct fb_var_screeninfo want, first = var;

	want = first;
	want.xres = want.xres_virtual = 640;
	want.yres = want.yres_virtual = 480;
	want.activate = FB_ACTIVATE_TEST;
	CHECK(ioctl(fd, FBIOPUT_VSCREENINFO, &want) == 0 && want.xres == 640);
	look();
	CHECK(var.xres == first.xres);
	want.activate = FB_ACTIVATE_NOW;
	CHECK(ioctl(fd, FBIOPUT_VSCREENINFO, &want) == 0);
	look();
	CHECK(var.xres == 640 && var.yres == 480 && fix.line_length == 640 * 4);
	CHECK(ioctl(fd, FBIOPAN_DISPLAY, &want) == 0);
	want.yoffset = 1;
	FAILS(ioctl(fd, FBIOPAN_DISPLAY, &want), EINVAL);
	want = var;
	want.bits_per_pixel = 16;
	FAILS(ioctl(fd, FBIOPUT_VSCREENINFO, &want), EINVAL);
	want = var;
	want.xres = want.xres_virtual = 4096;
	want.yres = want.yres_virtual = 4096;
	FAILS(ioctl(fd, FBIOPUT_VSCREENINFO, &want), EINVAL); /* more than there is video memory for */
	want.yres = 0;
	FAILS(ioctl(fd, FBIOPUT_VSCREENINFO, &want), EINVAL);
	FAILS(ioctl(fd, FBIOPUT_VSCREENINFO, 1), EFAULT);
	FAILS(ioctl(fd, FBIOGET_VSCREENINFO, NULL), EFAULT);
	FAILS(ioctl(fd, 0x46ff, NULL), ENOTTY);
	CHECK(ioctl(fd, FBIOPUT_VSCREENINFO, &first) == 0);
	look();
}

static void one_memory(uint32_t *screen)
{
	uint32_t pixels[2], last;
	off_t at = (off_t)(5 * fix.line_length);

	screen[5 * fix.line_length / 4 + 1] = 0x123456;
	CHECK(pread(fd, pixels, sizeof pixels, at) == sizeof pixels && pixels[1] == 0x123456);
	pixels[0] = 0xabcdef;
	CHECK(pwrite(fd, pixels, 4, at + 8) == 4 && screen[5 * fix.line_length / 4 + 2] == 0xabcdef);
	CHECK(lseek(fd, at + 4, SEEK_SET) == at + 4 && read(fd, &last, 4) == 4 && last == 0x123456);
	CHECK(lseek(fd, 0, SEEK_CUR) == at + 8);
	CHECK(pread(fd, &last, 4, fix.smem_len) == 0);
	FAILS(pwrite(fd, &last, 4, fix.smem_len), ENOSPC);
	FAILS(pwrite(fd, &last, 4, (off_t)fix.smem_len + 1), EFBIG);
}

static void copies_are_private(uint32_t *screen)
{
	uint32_t *private = (uint32_t *)map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	screen[0] = 1;
	screen[1] = 2;
	CHECK(private[0] == 1);
	private[0] = 77;
	private[PAGE / 4] = 78; /* never looked at before */
	CHECK(screen[0] == 1 && screen[PAGE / 4] != 78 && private[1] == 2);
	screen[1] = 3;
	CHECK(private[1] == 2 && private[0] == 77 && private[PAGE / 4] == 78);
	CHILD_PASSES(CHECK(private[0] == 77); private[0] = 5; screen[2] = 9);
	CHECK(private[0] == 77 && screen[2] == 9);
	munmap(private, 2 * PAGE);
}

static void edges(void)
{
	const int both = PROT_READ | PROT_WRITE;

	FAILS(mmap(NULL, (size_t)fix.smem_len + PAGE, both, MAP_SHARED, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, fix.smem_len), EINVAL);
	unsigned char *last = map(PAGE, both, MAP_SHARED, fd, (off_t)fix.smem_len - PAGE);
	STORE(last + PAGE - 1, 1);
	munmap(last, PAGE);
}

static pid_t driver(void)
{
	char path[64], text[64];
	DIR *proc = opendir("/proc");
	struct dirent *e;

	CHECK(proc);
	while ((e = readdir(proc))) {
		snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
		int f = atoi(e->d_name) ? open(path, O_RDONLY) : -1;
		if (f >= 0 && read(f, text, sizeof text) >= 3 && strncmp(text, "fb\n", 3) == 0)
			return atoi(e->d_name);
		close(f);
	}
	return -1;
}

static void ends_with_its_driver(uint32_t *screen)
{
	pid_t pid = driver();
	uint32_t pixel;

	CHECK(pid > 1 && kill(pid, SIGKILL) == 0);
	while (pread(fd, &pixel, 4, 0) == 4)
		;
	CHECK(errno == EIO);
	DIES_BY(SIGBUS, TOUCH(screen));
	DIES_BY(SIGBUS, STORE(screen, 1));
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), EIO);
	FAILS(ioctl(fd, FBIOGET_VSCREENINFO, &var), EIO);
	FAILS(open("/dev/fb0", O_RDWR), EIO);
}

int main(void)
{
	fd = open("/dev/fb0", O_RDWR);
	if (fd < 0)
		return 77;
	look();
	modes_change();
	uint32_t *screen = (uint32_t *)map(fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	one_memory(screen);
	copies_are_private(screen);
	edges();
	CHECK(vm_audit() == 0);
	ends_with_its_driver(screen);
	CHECK(vm_audit() == 0);
	return 0;
}
