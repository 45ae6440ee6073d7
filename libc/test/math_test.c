/* SPDX-License-Identifier: MIT */
/* The mathematical functions: exact results where there are such, identities within a few units. */
#include "check.h"
#include <math.h>

static int near(double a, double b)
{
	return fabs(a - b) <= 4e-16 * fabs(b);
}

int main(void)
{
	CHECK(sqrt(2) * sqrt(2) - 2 < 1e-15 && sqrt(144) == 12 && isnan(sqrt(-1)));
	CHECK(floor(-1.5) == -2 && ceil(-1.5) == -1 && trunc(-1.5) == -1 && round(-1.5) == -2);
	CHECK(floor(1e300) == 1e300 && ceil(0.1) == 1 && round(0.49999999999999994) == 0);
	CHECK(rint(2.5) == 2);
	CHECK(fmod(7, 3) == 1 && fmod(-7, 3) == -1 && fmod(1e300, 7) == 1);
	CHECK(remainder(7, 4) == -1);
	CHECK(pow(2, 10) == 1024 && pow(10, 22) == 1e22 && pow(2, -2) == 0.25);
	CHECK(near(pow(2, 0.5), M_SQRT2));
	CHECK(pow(-2, 3) == -8 && isnan(pow(-2, 0.5)) && pow(0, 0) == 1 && isinf(pow(0, -1)));
	CHECK(near(exp(1), M_E) && exp(0) == 1 && isinf(exp(1000)) && exp(-1000) == 0);
	CHECK(near(exp(700), 1.0142320547350045e304));
	CHECK(log(1) == 0 && near(log(10), M_LN10) && log2(8) == 3 && log10(1000) == 3);
	CHECK(isinf(log(0)));
	CHECK(near(sin(1), 0.84147098480789650665) && near(cos(1), 0.54030230586813971740));
	CHECK(near(tan(1), 1.5574077246549022305) && near(atan2(1, -1), 3 * M_PI_4));
	CHECK(near(asin(1), M_PI_2));
	CHECK(near(acos(-1), M_PI) && near(sinh(1), 1.1752011936438014569));
	CHECK(near(tanh(0.5), 0.46211715726000975850));
	CHECK(near(cbrt(27), 3) && hypot(3, 4) == 5 && near(expm1(1e-10), 1.00000000005e-10));
	CHECK(near(log1p(1e-10), 9.9999999995e-11));
	CHECK(ldexp(0.75, 4) == 12 && frexp(12, &(int){ 0 }) == 0.75 && fmin(NAN, 1) == 1);
	CHECK(copysign(1, -0.0) == -1);
	return 0;
}
