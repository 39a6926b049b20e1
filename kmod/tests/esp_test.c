// SPDX-License-Identifier: GPL-2.0
/* Lengths, padding and trailers for every algorithm. */

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

static struct kunit_case esp_cases[] = {
	KUNIT_CASE(esp_lengths),
	KUNIT_CASE(esp_bad_trailers),
	{}
};

static struct kunit_suite esp_suite = {
	.name = "ipvti_esp",
	.test_cases = esp_cases,
};

kunit_test_suite(esp_suite);
