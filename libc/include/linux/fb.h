/* SPDX-License-Identifier: MIT */
/* Framebuffers: what /dev/fb0 says about its screen. */
#ifndef LINUX_FB_H
#define LINUX_FB_H

#include <abi/fb.h>

#endif
