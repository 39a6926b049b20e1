// SPDX-License-Identifier: GPL-2.0
/* ipvtictl: what people write, and what they read. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ctl.h"

static void numbers(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "-1", "+1", "1x", "0x", "x", "18446744073709551616", "1.5",
	};
	uint64_t value;

	(void)state;
	assert_true(unit_number("0", &value));
	assert_int_equal(value, 0);
	assert_true(unit_number("010", &value));
	assert_int_equal(value, 10);
	assert_true(unit_number("0xC0de", &value));
	assert_int_equal(value, 0xc0de);
	assert_true(unit_number("18446744073709551615", &value));
	assert_true(value == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(unit_number(bad[i], &value));
}

static void sizes(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(unit_bytes("4G", &value));
	assert_true(value == UINT64_C(4) << 30);
	assert_true(unit_bytes("1kib", &value));
	assert_int_equal(value, 1024);
	assert_true(unit_bytes("7B", &value));
	assert_int_equal(value, 7);
	assert_true(unit_count("100k", &value));
	assert_int_equal(value, 100000);
	assert_false(unit_bytes("4X", &value));
	assert_false(unit_bytes("G", &value));
	assert_false(unit_bytes("18446744073709551615k", &value));
	assert_false(unit_count("1KiB", &value));
}

static void durations(void **state)
{
	static const struct {
		const char *word;
		uint64_t ms;
	} good[] = {
		{ "3", 3000 }, { "500ms", 500 }, { "3s", 3000 }, { "50m", 3000000 },
		{ "8h", 28800000 }, { "1d", 86400000 }, { "0", 0 },
	};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(unit_duration(good[i].word, 1000, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	assert_false(unit_duration("3 s", 1000, &ms));
	assert_false(unit_duration("3y", 1000, &ms));
	assert_false(unit_duration("1h30m", 1000, &ms));
}

static void prefixes(void **state)
{
	static const char *const bad[] = {
		"", "/", "10.0.0.0/33", "10.0.0.1/24", "10.0.0/24", "10.0.0.0/", "10.0.0.0/-1",
		"2001:db8::1/64", "2001:db8::/129", "host/8", "10.0.0.0/24/24",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/64",
	};
	struct ipvti_address address;
	uint8_t len;

	(void)state;
	assert_true(unit_prefix("192.168.200.0/24", &address, &len));
	assert_int_equal(address.len, 4);
	assert_int_equal(len, 24);
	assert_true(unit_prefix("192.0.2.1", &address, &len));
	assert_int_equal(len, 32);
	assert_true(unit_prefix("0.0.0.0/0", &address, &len));
	assert_int_equal(len, 0);
	assert_true(unit_prefix("2001:db8:200::/48", &address, &len));
	assert_int_equal(address.len, 16);
	assert_int_equal(len, 48);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(unit_prefix(bad[i], &address, &len));
}

static void ranges_and_protocols(void **state)
{
	uint16_t min, max;
	uint8_t proto;

	(void)state;
	assert_true(unit_range("80", &min, &max));
	assert_int_equal(min, 80);
	assert_int_equal(max, 80);
	assert_true(unit_range("0-65535", &min, &max));
	assert_int_equal(max, 65535);
	assert_false(unit_range("2-1", &min, &max));
	assert_false(unit_range("1-65536", &min, &max));
	assert_false(unit_range("1-", &min, &max));
	assert_false(unit_range("-1", &min, &max));
	assert_true(unit_protocol("47", &proto));
	assert_int_equal(proto, 47);
	assert_false(unit_protocol("256", &proto));
	assert_false(unit_protocol("no-such", &proto));
}

static void hex(void **state)
{
	uint8_t bytes[4];
	size_t len;

	(void)state;
	assert_true(unit_hex("00fFaB", bytes, sizeof(bytes), &len));
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "\x00\xff\xab", 3);
	assert_true(unit_hex("0x01", bytes, sizeof(bytes), &len));
	assert_int_equal(len, 1);
	assert_false(unit_hex("", bytes, sizeof(bytes), &len));
	assert_false(unit_hex("0x", bytes, sizeof(bytes), &len));
	assert_false(unit_hex("123", bytes, sizeof(bytes), &len));
	assert_false(unit_hex("zz", bytes, sizeof(bytes), &len));
	assert_false(unit_hex("0102030405", bytes, sizeof(bytes), &len));
}

static void ages_and_bytes(void **state)
{
	(void)state;
	assert_string_equal(text_age(0).s, "0.0 s");
	assert_string_equal(text_age(1250).s, "1.2 s");
	assert_string_equal(text_age(59999).s, "59 s");
	assert_string_equal(text_age(133000).s, "2 m 13 s");
	assert_string_equal(text_age(3600000).s, "1 h");
	assert_string_equal(text_age(3601000).s, "1 h");
	assert_string_equal(text_age(10000).s, "10 s");
	assert_string_equal(text_age(90000000).s, "1 d 1 h");
	assert_true(strlen(text_age(UINT64_MAX).s) > 0);
	assert_string_equal(text_bytes(1023).s, "1023 B");
	assert_string_equal(text_bytes(13002342).s, "12.4 MiB");
	assert_string_equal(text_bytes(UINT64_MAX).s, "16.0 EiB");
}

static void selectors(void **state)
{
	struct ipvti_ts ts = { .src_len = 24, .dst_len = 16, .dport_min = 80, .dport_max = 90 };

	(void)state;
	assert_true(unit_address("10.0.0.0", &ts.src));
	assert_true(unit_address("10.1.0.0", &ts.dst));
	assert_string_equal(text_ts(&ts).s, "10.0.0.0/24 -> 10.1.0.0/16");
	ipvti_mark(&ts, IPVTI_A_TS_DPORT_MAX);
	ts.proto = 254;
	assert_string_equal(text_ts(&ts).s, "10.0.0.0/24 -> 10.1.0.0/16 proto 254 dport 80-90");
	ts.proto = IPPROTO_ICMP;
	ts.dport_min = ts.dport_max = 8 << 8;
	assert_non_null(strstr(text_ts(&ts).s, " type 8 code 0"));
}

static void columns(void **state)
{
	struct table table = { .indent = "  ", .right = 1 << 1 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	table_add(&table, "A", "NUMBER", "LAST");
	table_add(&table, "longer", "7", "x");
	table_print(&table, out);
	fclose(out);
	assert_string_equal(text, "  A       NUMBER  LAST\n  longer       7  x\n");
	assert_int_equal(table.count, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(ranges_and_protocols),
		cmocka_unit_test(hex),
		cmocka_unit_test(ages_and_bytes),
		cmocka_unit_test(selectors),
		cmocka_unit_test(columns),
	};

	return cmocka_run_group_tests_name("ipvtictl units", tests, NULL, NULL);
}
