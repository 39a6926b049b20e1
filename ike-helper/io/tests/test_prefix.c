// SPDX-License-Identifier: GPL-2.0
/* Selectors are ranges, routes are prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../prefix.h"

static const struct {
	const char *selector;
	const char *prefixes;
} table[] = {
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "::/0", "::/0" },
	{ "10.0.0.0/8", "10.0.0.0/8" },
	{ "10.0.0.1", "10.0.0.1/32" },
	{ "10.0.0.1-10.0.0.9", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/30 10.0.0.8/31" },
	{ "10.0.0.0-10.0.1.255", "10.0.0.0/23" },
	{ "255.255.255.254-255.255.255.255", "255.255.255.254/31" },
	{ "0.0.0.1-255.255.255.255", "0.0.0.1/32 0.0.0.2/31 0.0.0.4/30 0.0.0.8/29 0.0.0.16/28 "
	  "0.0.0.32/27 0.0.0.64/26 0.0.0.128/25 0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 "
	  "0.0.16.0/20 0.0.32.0/19 0.0.64.0/18 0.0.128.0/17 0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 "
	  "0.8.0.0/13 0.16.0.0/12 0.32.0.0/11 0.64.0.0/10 0.128.0.0/9 1.0.0.0/8 2.0.0.0/7 "
	  "4.0.0.0/6 8.0.0.0/5 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1" },
	{ "2001:db8::-2001:db8::2", "2001:db8::/127 2001:db8::2/128" },
	{ "2001:db8:2::/64[6/80]", "2001:db8:2::/64" },
};

static void ranges(void **state)
{
	struct conf_prefixes list;
	char said[2048], one[80];
	struct ike_ts ts;
	size_t i, n;
	uint32_t k;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_true(ike_ts_parse(table[i].selector, &ts));
		memset(&list, 0, sizeof(list));
		prefix_from_range(&ts, &list);
		for (k = 0, n = 0; k < list.n; k++) {
			prefix_text(&list.v[k], one, sizeof(one));
			n += snprintf(said + n, sizeof(said) - n, "%s%s", n ? " " : "", one);
		}
		assert_string_equal(said, table[i].prefixes);
	}
}

/* As the configuration has them: without the ends of a prefix, which no host can have. */
static void pools(void **state)
{
	static const struct {
		const char *range;
		const char *prefixes;
	} cases[] = {
		{ "10.9.0.1-10.9.0.254", "10.9.0.0/24" },
		{ "10.9.0.0-10.9.0.254", "10.9.0.0/24" },
		{ "10.9.0.10-10.9.0.13", "10.9.0.10/31 10.9.0.12/31" },
		{ "10.9.0.2-10.9.0.6", "10.9.0.2/31 10.9.0.4/31 10.9.0.6/32" },
		{ "10.9.0.7/32", "10.9.0.7/32" },
		{ "2001:db8:9::1-2001:db8:9::ffff", "2001:db8:9::/112" },
		{ "2001:db8::1-2001:db8::2", "2001:db8::1/128 2001:db8::2/128" },
	};
	struct conf_selectors ranges = { .n = 1 };
	struct conf_prefixes list;
	char said[256], one[80];
	size_t i, n;
	uint32_t k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(ike_ts_parse(cases[i].range, &ranges.v[0]));
		memset(&list, 0, sizeof(list));
		prefix_from_pool(&ranges, &list);
		for (k = 0, n = 0; k < list.n; k++) {
			prefix_text(&list.v[k], one, sizeof(one));
			n += snprintf(said + n, sizeof(said) - n, "%s%s", n ? " " : "", one);
		}
		assert_string_equal(said, cases[i].prefixes);
	}
}

static void each_prefix_once(void **state)
{
	struct conf_prefixes list = { 0 };
	struct conf_prefix p = { .family = 4, .len = 32 };
	int i;

	(void)state;
	for (i = 0; i < 2 * CONF_LIST_MAX; i++) {
		p.ip[3] = i;
		prefix_add(&list, &p);
		prefix_add(&list, &p);
	}
	assert_int_equal(list.n, CONF_LIST_MAX);
	assert_false(prefix_in(&list, &p));
	p.ip[3] = 0;
	assert_true(prefix_in(&list, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(pools),
		cmocka_unit_test(each_prefix_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
