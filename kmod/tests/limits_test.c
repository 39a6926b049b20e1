// SPDX-License-Identifier: GPL-2.0
/* KUnit: sequence numbers never wrap or repeat; limits are exact. */
#include <kunit/test.h>

#include "../limits.c"

static void seq_starts_after_last(struct kunit *test)
{
	atomic64_t seq = ATOMIC64_INIT(0);
	u64 first;

	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, false, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 1);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, false, 48, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&seq), 49);
}

/* Up to the last number, then refused for good, without the counter moving. */
static void seq_ends(struct kunit *test, bool esn, u64 max)
{
	atomic64_t seq = ATOMIC64_INIT(max - 3);
	u64 first = 0;
	int i;

	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, esn, 4, &first), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, esn, 2, &first), 0);
	KUNIT_EXPECT_EQ(test, first, max - 2);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, esn, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, first, max);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, esn, 48, &first), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&seq), max);
}

static void seq_ends_without_esn(struct kunit *test)
{
	seq_ends(test, false, U32_MAX);
}

static void seq_ends_with_esn(struct kunit *test)
{
	seq_ends(test, true, U64_MAX);
}

static void seq_crosses_32_bits_with_esn(struct kunit *test)
{
	atomic64_t seq = ATOMIC64_INIT(U32_MAX - 1);
	u64 first;

	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, true, 4, &first), 0);
	KUNIT_EXPECT_EQ(test, first, U32_MAX);
	KUNIT_EXPECT_EQ(test, atomic64_read(&seq), (s64)U32_MAX + 3);
}

static void limit_is_exact(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(9, 10), IPVTI_LIMIT_OK);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(10, 10), IPVTI_LIMIT_LAST);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(11, 10), IPVTI_LIMIT_OVER);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(U64_MAX - 1, U64_MAX), IPVTI_LIMIT_OK);
}

static void limit_in_time(struct kunit *test)
{
	struct ipvti_limits none = {}, age = { .seconds = 10 }, both = { .seconds = 10, .idle = 3 };

	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&none, 1000000, 1000000), U64_MAX);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&age, 0, 0), 10000);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&age, 9999, 9999), 1);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&age, 10000, 0), 0);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&age, 999999, 0), 0);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 5000, 0), 3000);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 5000, 2999), 1);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 5000, 3000), 0);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 9000, 100), 1000);
}

static void limit_in_time_does_not_overflow(struct kunit *test)
{
	struct ipvti_limits most = { .seconds = U32_MAX };

	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&most, 0, 0), (u64)U32_MAX * MSEC_PER_SEC);
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(seq_starts_after_last),
	KUNIT_CASE(seq_ends_without_esn),
	KUNIT_CASE(seq_ends_with_esn),
	KUNIT_CASE(seq_crosses_32_bits_with_esn),
	KUNIT_CASE(limit_is_exact),
	KUNIT_CASE(limit_in_time),
	KUNIT_CASE(limit_in_time_does_not_overflow),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "ipvti-limits",
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of ipvti");
