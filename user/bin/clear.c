/* SPDX-License-Identifier: MIT */
/* clear - clear the terminal: cursor to the upper left, erase the screen and what scrolled off it */
#include "common.h"

int main(void)
{
	fputs("\033[H\033[2J\033[3J", stdout);
	return finish(0);
}
