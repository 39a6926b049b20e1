// SPDX-License-Identifier: GPL-2.0
/*
 * The replay window against a model that remembers every number: RFC 4303 section 3.4.3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay.h"

#define MODEL_SIZE	65536	/* numbers the model remembers, from its base on */

/* The model: one byte per number. */
struct model {
	uint64_t base, top;
	uint32_t window;
	uint8_t seen[MODEL_SIZE];
};

static enum ipvti_replay_verdict model_update(struct model *model, uint64_t seq)
{
	if (!model->window)
		return IPVTI_REPLAY_OK;
	if (!seq)
		return IPVTI_REPLAY_ZERO;
	if (seq + model->window <= model->top)
		return IPVTI_REPLAY_OLD;
	if (model->seen[seq - model->base])
		return IPVTI_REPLAY_SEEN;
	model->seen[seq - model->base] = 1;
	if (seq > model->top)
		model->top = seq;
	return IPVTI_REPLAY_OK;
}

static uint64_t state = 88172645463325252ULL;

static uint64_t pick(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void start(struct ipvti_replay *replay, uint32_t window, bool esn, uint64_t top)
{
	unsigned int words = ipvti_replay_words(window);

	/* exactly as long as promised: the sanitizer watches the end */
	ipvti_replay_init(replay, window, esn, top,
			  words ? test_malloc(words * sizeof(uint64_t)) : NULL);
}

static void stop(struct ipvti_replay *replay)
{
	test_free(replay->bitmap);
}

/* Numbers wander forward, with duplicates, late ones and jumps, from just above @base. */
static void compare(uint32_t window, bool esn, uint64_t base)
{
	struct model *model = test_calloc(1, sizeof(*model));
	struct ipvti_replay replay;
	uint64_t seq, back, reach = window + 70;
	unsigned int i;

	model->base = base;
	model->top = base;
	model->window = window;
	start(&replay, window, esn, base);
	/* what is not above the starting point counts as seen */
	for (i = 0; i < 40000; i++) {
		seq = model->top + 1 + pick(pick(50) ? 3 : reach);
		back = pick(2) * (pick(reach) + 1);
		if (seq <= base + back)
			continue;
		seq -= back;
		if (!esn && seq > UINT32_MAX)
			continue;
		if (seq - base >= MODEL_SIZE)
			break;
		assert_int_equal(ipvti_replay_number(&replay, (uint32_t)seq), seq);
		assert_int_equal(ipvti_replay_update(&replay, seq), model_update(model, seq));
	}
	assert_true(i > 300);
	stop(&replay);
	test_free(model);
}

static void test_against_model(void **unused)
{
	static const uint32_t windows[] = { 0, 1, 2, 31, 32, 63, 64, 65, 100, 1024, 4096, 8192 };
	static const uint64_t bases[] = {
		0, 1, 63, 64, 0x7ffffff0, 0xffff8000, 0xfffffff0, 0x100000000, 0x1fffff000,
		0xfffffffffff00000,
	};
	size_t i, j;

	(void)unused;
	for (i = 0; i < sizeof(windows) / sizeof(*windows); i++)
		for (j = 0; j < sizeof(bases) / sizeof(*bases); j++)
			compare(windows[i], true, bases[j]);
	compare(32, false, 0);
	compare(8192, false, 0x7ffffff0);
}

static void test_words(void **unused)
{
	uint32_t window;
	unsigned int words;

	(void)unused;
	assert_int_equal(ipvti_replay_words(0), 0);
	for (window = 1; window <= 8192; window++) {
		words = ipvti_replay_words(window);
		assert_true(words * 64 >= window + 63);
		assert_int_equal(words & (words - 1), 0);
	}
	assert_true(ipvti_replay_words(8192) <= 256);
}

static void test_last_numbers(void **unused)
{
	struct ipvti_replay replay;

	(void)unused;
	start(&replay, 64, false, 0);
	assert_int_equal(ipvti_replay_update(&replay, UINT32_MAX), IPVTI_REPLAY_OK);
	assert_int_equal(ipvti_replay_update(&replay, UINT32_MAX), IPVTI_REPLAY_SEEN);
	/* no wrap without ESN: small numbers are old ones */
	assert_int_equal(ipvti_replay_number(&replay, 1), 1);
	assert_int_equal(ipvti_replay_check(&replay, 1), IPVTI_REPLAY_OLD);
	stop(&replay);

	start(&replay, 64, true, 0);
	assert_int_equal(ipvti_replay_update(&replay, UINT64_MAX), IPVTI_REPLAY_OK);
	assert_int_equal(ipvti_replay_update(&replay, UINT64_MAX), IPVTI_REPLAY_SEEN);
	assert_int_equal(ipvti_replay_update(&replay, UINT64_MAX - 63), IPVTI_REPLAY_OK);
	assert_int_equal(ipvti_replay_update(&replay, UINT64_MAX - 64), IPVTI_REPLAY_OLD);
	stop(&replay);
}

static void test_old_is_old(void **unused)
{
	struct ipvti_replay replay;

	(void)unused;
	start(&replay, 64, true, 0x500000000);
	/* far left of the window, but the same subspace: no decryption is wasted on it */
	assert_int_equal(ipvti_replay_number(&replay, 0xfffff000), 0x4fffff000);
	assert_int_equal(ipvti_replay_check(&replay, 0x4fffff000), IPVTI_REPLAY_OLD);
	/* a gap of any size below 2^31 is bridged */
	assert_int_equal(ipvti_replay_number(&replay, 0x7fffffff), 0x57fffffff);
	stop(&replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_last_numbers),
		cmocka_unit_test(test_old_is_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
