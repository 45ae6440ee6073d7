/* SPDX-License-Identifier: MIT */
/*
 * A framebuffer device, /dev/fb0: a screen as memory. Its pixels are mapped; ioctls say how they lie. Numbers and
 * layouts are Linux's. What Atlas's driver leaves at 0: sync lengths and other things of an analogue screen,
 * acceleration, panning.
 *
 *      0                     smem_len                 line y, pixel x:  y * line_length + x * bits_per_pixel / 8
 *      |<-- line_length -->|<-- line_length -->| ...  a colour:         its value << field.offset, field.length bits wide
 */
#ifndef ABI_FB_H
#define ABI_FB_H

#include <abi/types.h>

#define FBIOGET_VSCREENINFO 0x4600
#define FBIOPUT_VSCREENINFO 0x4601
#define FBIOGET_FSCREENINFO 0x4602
#define FBIOPAN_DISPLAY     0x4606
#define FBIOBLANK           0x4611

#define FB_TYPE_PACKED_PIXELS 0
#define FB_VISUAL_TRUECOLOR   2
#define FB_ACTIVATE_NOW       0
#define FB_ACTIVATE_NXTOPEN   1
#define FB_ACTIVATE_TEST      2
#define FB_ACTIVATE_MASK      15
#define FB_VMODE_NONINTERLACED 0
#define FB_BLANK_UNBLANK      0
#define FB_BLANK_POWERDOWN    4

struct fb_fix_screeninfo {
	char id[16];
	unsigned long smem_start;  /* physical address; 0: not told */
	uint32_t smem_len;         /* bytes that can be mapped */
	uint32_t type, type_aux, visual;
	uint16_t xpanstep, ypanstep, ywrapstep;
	uint32_t line_length;      /* bytes */
	unsigned long mmio_start;
	uint32_t mmio_len, accel;
	uint16_t capabilities, reserved[2];
}; /* 80 bytes */

struct fb_bitfield { uint32_t offset, length, msb_right; }; /* bits */

struct fb_var_screeninfo {
	uint32_t xres, yres;                 /* pixels that are shown */
	uint32_t xres_virtual, yres_virtual; /* that there are */
	uint32_t xoffset, yoffset;
	uint32_t bits_per_pixel, grayscale;
	struct fb_bitfield red, green, blue, transp;
	uint32_t nonstd, activate;
	uint32_t height, width;              /* millimetres */
	uint32_t accel_flags;
	uint32_t pixclock, left_margin, right_margin, upper_margin, lower_margin, hsync_len, vsync_len, sync, vmode;
	uint32_t rotate, colorspace, reserved[4];
}; /* 160 bytes */

#endif
