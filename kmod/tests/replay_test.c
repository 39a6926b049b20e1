// SPDX-License-Identifier: GPL-2.0
/* RFC 4303 section 3.4.3: the window, and numbers around 2^32. */

#include <kunit/test.h>

#include "../replay.h"

#define WINDOW	64

static void start(struct kunit *test, struct ipvti_replay *replay, u32 window, bool esn, u64 top)
{
	u64 *bitmap = kunit_kcalloc(test, ipvti_replay_words(window) + 1, sizeof(*bitmap),
				    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bitmap);
	ipvti_replay_init(replay, window, esn, top, bitmap);
}

static void replay_window(struct kunit *test)
{
	struct ipvti_replay replay;

	start(test, &replay, WINDOW, false, 0);
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, 0), IPVTI_REPLAY_ZERO);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 1), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 1), IPVTI_REPLAY_SEEN);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, WINDOW + 1), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, 1), IPVTI_REPLAY_OLD);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 2), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 2), IPVTI_REPLAY_SEEN);
}

static void replay_jump(struct kunit *test)
{
	struct ipvti_replay replay;
	u64 seq;

	start(test, &replay, WINDOW, false, 0);
	for (seq = 1; seq <= WINDOW; seq++)
		KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, seq), IPVTI_REPLAY_OK);
	KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, 1000000), IPVTI_REPLAY_OK);
	for (seq = 1000000 - WINDOW + 1; seq < 1000000; seq++)
		KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, seq), IPVTI_REPLAY_OK);
	for (seq = 1000000 - WINDOW + 1; seq <= 1000000; seq++)
		KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, seq), IPVTI_REPLAY_SEEN);
}

static void replay_off(struct kunit *test)
{
	struct ipvti_replay replay;

	start(test, &replay, 0, true, 0);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 7), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, 7), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, replay.top, 7);
}

static void replay_adopted(struct kunit *test)
{
	struct ipvti_replay replay;

	start(test, &replay, WINDOW, false, 100);
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, 100), IPVTI_REPLAY_SEEN);
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, 60), IPVTI_REPLAY_SEEN);
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, 101), IPVTI_REPLAY_OK);
}

static void replay_esn_boundary(struct kunit *test)
{
	const u64 edge = 1ULL << 32;
	struct ipvti_replay replay;
	u64 seq;

	start(test, &replay, WINDOW, true, 0);
	KUNIT_EXPECT_EQ(test, ipvti_replay_number(&replay, 0xfffffff0), 0xfffffff0);
	KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, edge - 16), IPVTI_REPLAY_OK);

	for (seq = edge - 15; seq < edge + 16; seq++) {
		KUNIT_ASSERT_EQ(test, ipvti_replay_number(&replay, (u32)seq), seq);
		KUNIT_ASSERT_EQ(test, ipvti_replay_update(&replay, seq), IPVTI_REPLAY_OK);
	}
	/* late ones from before the boundary */
	KUNIT_EXPECT_EQ(test, ipvti_replay_number(&replay, (u32)(edge - 20)), edge - 20);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, edge - 20), IPVTI_REPLAY_OK);
	KUNIT_EXPECT_EQ(test, ipvti_replay_update(&replay, edge - 1), IPVTI_REPLAY_SEEN);
	/* a number whose lower half is zero is a number like any other */
	KUNIT_EXPECT_EQ(test, ipvti_replay_check(&replay, edge), IPVTI_REPLAY_SEEN);
}

static struct kunit_case replay_cases[] = {
	KUNIT_CASE(replay_window),
	KUNIT_CASE(replay_jump),
	KUNIT_CASE(replay_off),
	KUNIT_CASE(replay_adopted),
	KUNIT_CASE(replay_esn_boundary),
	{}
};

static struct kunit_suite replay_suite = {
	.name = "ipvti_replay",
	.test_cases = replay_cases,
};

kunit_test_suite(replay_suite);
