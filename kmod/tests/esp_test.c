// SPDX-License-Identifier: GPL-2.0
/* Lengths, padding and trailers for every algorithm; limits and sequence numbers. */

#include <kunit/test.h>

#include "../ipvti.h"

static void esp_lengths(struct kunit *test)
{
	const struct ipvti_alg *alg;
	unsigned int i, inner, len;

	for (i = 0; (alg = ipvti_alg_at(i)); i++) {
		for (inner = 20; inner < 1600; inner++) {
			len = ipvti_esp_len(&alg->sizes, inner);
			KUNIT_ASSERT_TRUE_MSG(test, ipvti_esp_len_valid(&alg->sizes, len),
					      "%s %u", alg->name, inner);
			KUNIT_ASSERT_GE_MSG(test, ipvti_esp_inner_max(&alg->sizes, len), inner,
					    "%s", alg->name);
			KUNIT_ASSERT_LT_MSG(test, ipvti_esp_inner_max(&alg->sizes, len - 1), inner,
					    "%s", alg->name);
		}
		KUNIT_EXPECT_EQ(test, ipvti_esp_inner_max(&alg->sizes, 0), 0);
		KUNIT_EXPECT_FALSE(test, ipvti_esp_len_valid(&alg->sizes, 0));
		KUNIT_EXPECT_FALSE(test, ipvti_esp_len_valid(&alg->sizes, 8));
	}
}

static void esp_bad_trailers(struct kunit *test)
{
	static const u8 too_long[] = { 1, 2, 3, 4 };	/* pad length 3 of 2 */
	static const u8 just_fits[] = { 1, 2, 2, 41 };
	u8 next_header = 0;

	KUNIT_EXPECT_LT(test, ipvti_esp_read_trailer(too_long, 1, &next_header), 0);
	KUNIT_EXPECT_LT(test, ipvti_esp_read_trailer(too_long, 4, &next_header), 0);
	KUNIT_EXPECT_EQ(test, ipvti_esp_read_trailer(just_fits, 4, &next_header), 0);
	KUNIT_EXPECT_EQ(test, next_header, IPPROTO_IPV6);
}

static void seq_never_wraps(struct kunit *test)
{
	atomic64_t seq = ATOMIC64_INIT(0xfffffffd);
	u64 first;

	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, false, 3, &first), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, false, 2, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 0xfffffffe);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, false, 1, &first), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, true, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 0x100000000ULL);
	atomic64_set(&seq, -2);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, true, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, first, U64_MAX);
	KUNIT_EXPECT_EQ(test, ipvti_seq_take(&seq, true, 1, &first), -EOVERFLOW);
}

static void limits(struct kunit *test)
{
	struct ipvti_limits none = { .packets = U64_MAX, .bytes = U64_MAX };
	struct ipvti_limits both = { .seconds = 10, .idle = 3 };

	KUNIT_EXPECT_EQ(test, ipvti_limit_check(1, U64_MAX), IPVTI_LIMIT_OK);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(9, 10), IPVTI_LIMIT_OK);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(10, 10), IPVTI_LIMIT_LAST);
	KUNIT_EXPECT_EQ(test, ipvti_limit_check(11, 10), IPVTI_LIMIT_OVER);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&none, 5000, 5000), U64_MAX);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 5000, 1000), 2000);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 9000, 0), 1000);
	KUNIT_EXPECT_EQ(test, ipvti_limit_next(&both, 5000, 3000), 0);
}

static struct kunit_case esp_cases[] = {
	KUNIT_CASE(esp_lengths),
	KUNIT_CASE(esp_bad_trailers),
	KUNIT_CASE(seq_never_wraps),
	KUNIT_CASE(limits),
	{}
};

static struct kunit_suite esp_suite = {
	.name = "ipvti_esp",
	.test_cases = esp_cases,
};

kunit_test_suite(esp_suite);
