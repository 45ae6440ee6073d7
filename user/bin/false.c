/* SPDX-License-Identifier: MIT */
/* false - do nothing, and fail at it */

int main(void)
{
	return 1;
}
