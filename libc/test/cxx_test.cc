/* SPDX-License-Identifier: MIT */
/*
 * C++ without exceptions and run-time types works: virtual functions, statics with constructors,
 * new and delete in their forms, templates, the c... headers. Ends with 0 or names what failed.
 */
#include "check.h"
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

static int live;

struct Shape {
	Shape()
	{
		live++;
	}
	virtual ~Shape()
	{
		live--;
	}
	virtual int area() const = 0;
};

struct Square : Shape {
	int side;
	explicit Square(int side) : side(side)
	{
	}
	int area() const override
	{
		return side * side;
	}
};

template <class T> static T larger(T a, T b)
{
	return a > b ? a : b;
}

static Square global(3);

static Square &local()
{
	static Square only(4);

	return only;
}

struct alignas(64) Line {
	char bytes[64];
};

int main()
{
	CHECK(live == 1 && global.area() == 9);
	Shape *s = new Square(5);
	CHECK(s->area() == 25 && live == 2);
	delete s;
	CHECK(live == 1);
	CHECK(&local() == &local() && live == 2);

	int *numbers = new int[1000];
	numbers[999] = 1;
	delete[] numbers;

	alignas(Square) char place[sizeof(Square)];
	Square *placed = new (place) Square(2);
	CHECK(placed->area() == 4);
	placed->~Square();

	int *maybe = new (std::nothrow) int(7);
	CHECK(maybe && *maybe == 7);
	delete maybe;

	Line *line = new Line;
	CHECK(reinterpret_cast<std::uintptr_t>(line) % 64 == 0);
	delete line;

	auto twice = [&](int n) { return n * 2 + live * 0; };
	CHECK(twice(4) == 8 && larger(1.5, 2.5) == 2.5 && std::sqrt(4.0) == 2.0);
	CHECK(std::strlen("text") == 4 && std::abs(-3) == 3);
	return 0;
}
