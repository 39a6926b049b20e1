// SPDX-License-Identifier: GPL-2.0
/* KUnit: one SA is spread over CPUs when it keeps one busy, and only then. */
#include <kunit/test.h>

#include "../load.c"

#define MS	(NSEC_PER_MSEC >> 10)	/* of the clock */

/* Packets each millisecond for so many, which take so many µs of it. */
static u32 traffic(struct ipvti_load *load, u32 now, unsigned int ms, u32 us, int cpu)
{
	while (ms--) {
		now += MS;
		ipvti_load_add(load, now, us * NSEC_PER_USEC, 2, cpu);
	}
	return now;
}

static void load_idle(struct kunit *test)
{
	struct ipvti_load load = {};

	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, 0));
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, traffic(&load, 77, 1000, 100, 0)));
}

static void load_saturated(struct kunit *test)
{
	struct ipvti_load load = {};
	u32 now = traffic(&load, 77, 1000, 0, 0);

	now = traffic(&load, now, 10, 900, 0);
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now));
	now = traffic(&load, now, 40, 900, 0);
	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now));
}

/* A long time for a few packets is somebody else's load. */
static void load_few(struct kunit *test)
{
	struct ipvti_load load = {};
	u32 now = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		now += 25 * MS;
		ipvti_load_add(&load, now, 24 * NSEC_PER_MSEC, 8, 0);
		KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now));
	}
}

/* Two CPUs of which none is saturated. */
static void load_shared(struct kunit *test)
{
	struct ipvti_load load = {};
	u32 now = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		now += MS;
		ipvti_load_add(&load, now, 300 * NSEC_PER_USEC, 2, 0);
		ipvti_load_add(&load, now, 300 * NSEC_PER_USEC, 2, 1);
	}
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now));
}

static void load_returns(struct kunit *test)
{
	struct ipvti_load load = {};
	u32 now = traffic(&load, 0, 100, 900, 0);
	int i;

	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now));
	/* Spread over two CPUs, and less than what it began at: it goes on. */
	for (i = 0; i < 500; i++) {
		now = traffic(&load, now, 1, 150, 0);
		ipvti_load_add(&load, now, 150 * NSEC_PER_USEC, 2, 1);
	}
	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now));
	/* A short calm is not enough. */
	now = traffic(&load, now, 60, 50, 0);
	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now));
	now = traffic(&load, now, 60, 400, 0);
	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now));
	now = traffic(&load, now, 150, 50, 0);
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now));
}

static void load_stops(struct kunit *test)
{
	struct ipvti_load load = {};
	u32 now = traffic(&load, U32_MAX - 50 * MS, 100, 900, 0);

	KUNIT_EXPECT_TRUE(test, ipvti_load_spilling(&load, now + 50 * MS));
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now + 150 * MS));
	ipvti_load_add(&load, now + 150 * MS, 1000, 1, 0);
	KUNIT_EXPECT_FALSE(test, ipvti_load_spilling(&load, now + 150 * MS));
}

static struct kunit_case load_cases[] = {
	KUNIT_CASE(load_idle),
	KUNIT_CASE(load_saturated),
	KUNIT_CASE(load_few),
	KUNIT_CASE(load_shared),
	KUNIT_CASE(load_returns),
	KUNIT_CASE(load_stops),
	{}
};

static struct kunit_suite load_suite = {
	.name = "ipvti-load",
	.test_cases = load_cases,
};

kunit_test_suite(load_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of ipvti");
