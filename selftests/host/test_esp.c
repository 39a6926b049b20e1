// SPDX-License-Identifier: GPL-2.0
/* ESP arithmetic for every block, IV and ICV size that any algorithm has: RFC 4303 section 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "esp.h"

static const uint8_t blocks[] = { 4, 8, 16 };
static const uint8_t ivs[] = { 0, 8, 16 };
static const uint8_t icvs[] = { 8, 12, 16, 24, 32 };

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

static void for_all_sizes(void (*check)(const struct ipvti_esp_sizes *sizes))
{
	struct ipvti_esp_sizes sizes;
	size_t i, j, k;

	for (i = 0; i < COUNT(blocks); i++)
		for (j = 0; j < COUNT(ivs); j++)
			for (k = 0; k < COUNT(icvs); k++) {
				sizes.block = blocks[i];
				sizes.iv_len = ivs[j];
				sizes.icv_len = icvs[k];
				check(&sizes);
			}
}

static void check_lengths(const struct ipvti_esp_sizes *sizes)
{
	unsigned int inner, pad, len;

	for (inner = 0; inner < 2000; inner++) {
		pad = ipvti_esp_pad_len(sizes, inner);
		assert_true(pad < sizes->block);
		assert_int_equal((inner + pad + 2) % sizes->block, 0);
		len = ipvti_esp_len(sizes, inner);
		assert_int_equal(len, 8 + sizes->iv_len + inner + pad + 2 + sizes->icv_len);
		assert_true(ipvti_esp_len_valid(sizes, len));
		assert_true(pad + 2 + sizes->icv_len <= IPVTI_ESP_TAIL_MAX);
	}
}

static void test_lengths(void **unused)
{
	(void)unused;
	for_all_sizes(check_lengths);
}

static void check_inner_max(const struct ipvti_esp_sizes *sizes)
{
	unsigned int room, inner;

	for (room = 0; room < 2000; room++) {
		inner = ipvti_esp_inner_max(sizes, room);
		if (!inner)
			continue;
		assert_true(ipvti_esp_len(sizes, inner) <= room);
		assert_true(ipvti_esp_len(sizes, inner + 1) > room);
	}
	assert_true(ipvti_esp_inner_max(sizes, 2000) > 1900);
}

static void test_inner_max(void **unused)
{
	(void)unused;
	for_all_sizes(check_inner_max);
}

static void check_invalid(const struct ipvti_esp_sizes *sizes)
{
	unsigned int fixed = 8 + sizes->iv_len + sizes->icv_len, len;

	for (len = 0; len <= fixed; len++)
		assert_false(ipvti_esp_len_valid(sizes, len));
	for (len = fixed + 1; len < fixed + sizes->block; len++)
		assert_false(ipvti_esp_len_valid(sizes, len));
	assert_true(ipvti_esp_len_valid(sizes, fixed + sizes->block));
}

static void test_invalid(void **unused)
{
	(void)unused;
	for_all_sizes(check_invalid);
}

static void test_trailer(void **unused)
{
	uint8_t tail[256 + 2], next_header = 0;
	unsigned int pad, i;

	(void)unused;
	for (pad = 0; pad < 256; pad++) {
		memset(tail, 0xee, sizeof(tail));
		ipvti_esp_write_trailer(tail, pad, 41);
		for (i = 0; i < pad; i++)
			assert_int_equal(tail[i], (uint8_t)(i + 1));
		assert_int_equal(tail[pad], pad);
		assert_int_equal(tail[pad + 1], 41);
		assert_int_equal(ipvti_esp_read_trailer(tail, pad + 2, &next_header), 0);
		assert_int_equal(next_header, 41);
		if (pad)
			assert_true(ipvti_esp_read_trailer(tail + 1, pad + 1, &next_header) < 0);
	}
	assert_true(ipvti_esp_read_trailer(tail, 0, &next_header) < 0);
	assert_true(ipvti_esp_read_trailer(tail, 1, &next_header) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_inner_max),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_trailer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
