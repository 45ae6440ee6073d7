/* SPDX-License-Identifier: MIT */
/* The float functions: they compute in double (math.c) and round once more. */
#include <math.h>

float fabsf(float x)
{
	return __builtin_fabsf(x);
}

float sqrtf(float x)
{
	return (float)sqrt(x);
}

float floorf(float x)
{
	return (float)floor(x);
}

float ceilf(float x)
{
	return (float)ceil(x);
}

float truncf(float x)
{
	return (float)trunc(x);
}

float roundf(float x)
{
	return (float)round(x);
}

float fmodf(float x, float y)
{
	return (float)fmod(x, y);
}

float powf(float x, float y)
{
	return (float)pow(x, y);
}

float expf(float x)
{
	return (float)exp(x);
}

float logf(float x)
{
	return (float)log(x);
}

float sinf(float x)
{
	return (float)sin(x);
}

float cosf(float x)
{
	return (float)cos(x);
}

float fminf(float x, float y)
{
	return (float)fmin(x, y);
}

float fmaxf(float x, float y)
{
	return (float)fmax(x, y);
}
