/* SPDX-License-Identifier: MIT */
/*
 * fb: the screen of QEMU's displays as memory, /dev/fb0. `fb PORT_FD`; init starts it when the boot line says
 * display=1.
 *
 * The device (1234:1111, `-device VGA` and `-device bochs-display` alike) has two windows: its video memory, which is
 * the picture, line by line, 32 bits a pixel; and registers, of which a handful of 16-bit ones set the mode
 * (docs/specs/standard-vga.txt of QEMU; the names are those of the Bochs VBE display interface):
 *
 *      BAR 0   video memory      offered to whoever maps /dev/fb0 (port_offer): a store is a pixel, no call passes
 *      BAR 2   registers         0x400: those of a VGA, from port 0x3c0 on    0x500: mode: index * 2
 *
 * The server draws nothing and keeps nothing but the mode. It is not asked when a pixel is stored, so it may even be
 * slow; when it dies, the picture stays on the screen and whoever has it mapped gets SIGBUS at the next pixel.
 *
 * The mode is 1024x768 at first; FBIOPUT_VSCREENINFO sets another, of 32 bits a pixel, if the video memory has room.
 * A change of mode leaves mappings as they are: what they show is the same memory, cut into lines of another length.
 * read() and write() go through the same window, from the position of the open file on.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <abi/devproto.h>
#include <atlas/device.h>
#include <atlas/port.h>
#include <atlas/system.h>
#include <linux/fb.h>

#define VENDOR 0x1234
#define DEVICE 0x1111
#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2

#define MODE_BASE 0x500
enum { MODE_ID, MODE_XRES, MODE_YRES, MODE_BPP, MODE_ENABLE, MODE_BANK, MODE_VIRT_WIDTH, MODE_VIRT_HEIGHT, MODE_X,
       MODE_Y };
enum { ENABLE_ON = 1, ENABLE_LINEAR = 0x40 };
#define VGA_STATUS    (0x400 + 0x3da - 0x3c0) /* a read makes the next byte to the attribute controller its index */
#define VGA_ATTRIBUTE 0x400
#define VGA_SHOW      0x20

#define BYTES_A_PIXEL 4
#define SIDE_MIN 64   /* pixels; smaller and larger ones the device would round or refuse */
#define SIDE_MAX 4096

static struct { struct msg head; char data[MSG_DATA_MAX]; } call;
static int port, pci;
static struct pci_device device;
static volatile uint8_t *registers, *video;
static struct fb_var_screeninfo mode;

static void set(unsigned index, uint16_t value)
{
	*(volatile uint16_t *)(registers + MODE_BASE + 2 * index) = value;
}

static uint64_t video_size(void)
{
	return device.bar[0].size;
}

/* ---- the mode ---- */

static uint32_t line_length(void)
{
	return mode.xres * BYTES_A_PIXEL;
}

static void mode_make(uint32_t xres, uint32_t yres)
{
	mode = (struct fb_var_screeninfo){
		.xres = xres, .yres = yres, .xres_virtual = xres, .yres_virtual = yres, .bits_per_pixel = 8 * BYTES_A_PIXEL,
		.red = { 16, 8, 0 }, .green = { 8, 8, 0 }, .blue = { 0, 8, 0 }, .transp = { 24, 0, 0 },
		.height = (uint32_t)-1, .width = (uint32_t)-1, .vmode = FB_VMODE_NONINTERLACED,
	};
}

static void mode_show(void)
{
	set(MODE_ENABLE, 0);
	set(MODE_BPP, mode.bits_per_pixel);
	set(MODE_XRES, mode.xres);
	set(MODE_YRES, mode.yres);
	set(MODE_VIRT_WIDTH, mode.xres);
	set(MODE_X, 0);
	set(MODE_Y, 0);
	set(MODE_ENABLE, ENABLE_ON | ENABLE_LINEAR); /* clears the video memory */
	(void)registers[VGA_STATUS];
	registers[VGA_ATTRIBUTE] = VGA_SHOW;
}

/* What was asked for becomes the mode, or with FB_ACTIVATE_TEST only what it would be. */
static int mode_put(struct fb_var_screeninfo *want)
{
	struct fb_var_screeninfo old = mode;
	uint32_t how = want->activate & FB_ACTIVATE_MASK;

	if (how != FB_ACTIVATE_NOW && how != FB_ACTIVATE_TEST)
		return -EINVAL;
	if (want->xres < SIDE_MIN || want->xres > SIDE_MAX || want->yres < SIDE_MIN || want->yres > SIDE_MAX ||
	    want->xres % 8)
		return -EINVAL;
	if (want->bits_per_pixel != 8 * BYTES_A_PIXEL || want->xres_virtual > want->xres || want->yres_virtual > want->yres)
		return -EINVAL;
	if ((uint64_t)want->xres * want->yres * BYTES_A_PIXEL > video_size())
		return -EINVAL;
	mode_make(want->xres, want->yres);
	*want = mode;
	if (how == FB_ACTIVATE_TEST)
		mode = old;
	else if (old.xres != mode.xres || old.yres != mode.yres)
		mode_show();
	return 0;
}

static struct fb_fix_screeninfo fixed(void)
{
	return (struct fb_fix_screeninfo){
		.id = "atlas", .smem_start = device.bar[0].paddr, .smem_len = (uint32_t)video_size(),
		.type = FB_TYPE_PACKED_PIXELS, .visual = FB_VISUAL_TRUECOLOR, .line_length = line_length(),
	};
}

/* ---- calls ---- */

static int answer_with(const void *data, size_t len)
{
	memcpy(call.data, data, len);
	call.head.data_len = (uint32_t)len;
	return 0;
}

static int control(void)
{
	struct fb_var_screeninfo want;
	struct fb_fix_screeninfo fix = fixed();
	uint32_t given = call.head.data_len;

	call.head.arg[0] = call.head.data_len = 0;
	memcpy(&want, call.data, sizeof(want));
	switch (call.head.arg[1]) {
	case FBIOGET_FSCREENINFO:
		return answer_with(&fix, sizeof(fix));
	case FBIOGET_VSCREENINFO:
		return answer_with(&mode, sizeof(mode));
	case FBIOPUT_VSCREENINFO: {
		int error = given == sizeof(want) ? mode_put(&want) : -EINVAL;
		return error ? error : answer_with(&want, sizeof(want));
	}
	case FBIOPAN_DISPLAY: /* there is nothing behind what is shown */
		return given == sizeof(want) && !want.xoffset && !want.yoffset ? answer_with(&mode, sizeof(mode)) : -EINVAL;
	default:
		return -ENOTTY;
	}
}

static int map(void)
{
	uint64_t off = call.head.arg[1], len = call.head.arg[2];

	if (len > video_size() || off > video_size() - len)
		return -EINVAL;
	return port_offer(port, call.head.token, pci, PCI_BAR(0) + off);
}

/* What of `len` bytes at `place` is in the video memory. */
static uint64_t clip(uint64_t place, uint64_t len)
{
	uint64_t left = place < video_size() ? video_size() - place : 0;

	return len < left ? len : left;
}

static int load(void)
{
	uint64_t place = call.head.arg[3], len = clip(place, call.head.arg[1]);

	memcpy(call.data, (const char *)video + place, len);
	call.head.data_len = (uint32_t)len;
	return 0;
}

static int store(void)
{
	uint64_t place = call.head.arg[2], len = clip(place, call.head.data_len);

	call.head.data_len = 0;
	if (len == 0)
		return place > video_size() ? -EFBIG : -ENOSPC;
	memcpy((char *)video + place, call.data, len);
	call.head.arg[0] = len;
	return 0;
}

static int serve_call(void)
{
	uint32_t op = call.head.op;

	if (op == DEV_IOCTL)
		return control();
	if (op == DEV_WRITE)
		return store();
	call.head.data_len = 0;
	switch (op) {
	case DEV_OPEN:
		call.head.arg[0] = 0;
		call.head.arg[1] = DEV_HAS_PLACES;
		return 0;
	case DEV_CLOSE:
		return 0;
	case DEV_READ:
		return load();
	case DEV_MAP:
		return map();
	default:
		return -EINVAL;
	}
}

static int serve(void)
{
	for (;;) {
		int error = port_receive(port, &call.head, sizeof(call.data), -1);
		if (error == -EINTR)
			continue;
		if (error < 0)
			return error;
		call.head.status = serve_call();
		port_reply(port, &call.head);
	}
}

/* ---- start ---- */

static volatile uint8_t *window(int bar, size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, pci, (off_t)PCI_BAR(bar));

	return at == MAP_FAILED ? NULL : at;
}

static int device_open(void)
{
	pci = pci_claim(VENDOR, DEVICE, 0, &device);
	if (pci < 0)
		return pci;
	pci_config(pci, PCI_COMMAND, 2, 1, (uint32_t)pci_config(pci, PCI_COMMAND, 2, 0, 0) | PCI_COMMAND_MEMORY);
	registers = window(2, 4096);
	video = window(0, video_size());
	if (!registers || !video)
		return -errno;
	mode_make(1024, 768);
	mode_show();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: fb PORT_FD (init starts it)\n");
		return 2;
	}
	port = atoi(argv[1]);
	int error = device_open();
	if (error == 0)
		error = dev_register(port, "fb0", 0660, 29 << 8);
	if (error == 0)
		error = serve();
	fprintf(stderr, "fb: %s\n", error == -ENODEV ? "the machine has no display that this driver knows"
	                                             : strerror(-error));
	return 1;
}
