// SPDX-License-Identifier: GPL-2.0
/* libipvti: structs to attributes and back; what a broken kernel could send. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../internal.h"

static struct nl_msg *new_message(void)
{
	struct nl_msg *msg = nlmsg_alloc_size(IPVTI_REQUEST_MAX);

	assert_non_null(msg);
	assert_non_null(nlmsg_put(msg, 0, 0, 0, 0, 0));
	return msg;
}

static int decode(struct nl_msg *msg, const struct ipvti_nest *nest, void *obj)
{
	return ipvti_decode(nest, obj, nlmsg_attrdata(nlmsg_hdr(msg), 0),
			    nlmsg_attrlen(nlmsg_hdr(msg), 0));
}

static void fill_sa(struct ipvti_sa *sa)
{
	*sa = (struct ipvti_sa){ .dir = IPVTI_SA_OUT, .spi = 0xdeadbeef, .seq = 1ULL << 40 };
	strcpy(sa->alg, "aes128gcm16");
	memset(sa->tag, 0x5a, sizeof(sa->tag));
	sa->hard.bytes = 1ULL << 33;
	ipvti_mark(&sa->hard, IPVTI_A_LIMIT_BYTES);
	for (uint16_t attr = IPVTI_A_SA_DIR; attr <= IPVTI_A_SA_ALG; attr++)
		ipvti_mark(sa, attr);
	ipvti_mark(sa, IPVTI_A_SA_SEQ);
	ipvti_mark(sa, IPVTI_A_SA_TAG);
	ipvti_mark(sa, IPVTI_A_SA_HARD);
	sa->ts_count = IPVTI_TS_MAX;
	for (int i = 0; i < IPVTI_TS_MAX; i++) {
		struct ipvti_ts *ts = &sa->ts[i];

		ts->src = (struct ipvti_address){ .len = 16, .bytes = { 0x20, i } };
		ts->dst = ts->src;
		ts->src_len = i;
		ts->dst_len = 128;
		ts->dport_max = 443;
		for (uint16_t attr = IPVTI_A_TS_SRC; attr <= IPVTI_A_TS_MAX; attr++)
			ipvti_mark(ts, attr);
	}
}

/* The largest SA there can be fits into a request and comes back as it was. */
static void sa_round_trip(void **state)
{
	struct ipvti_sa *sent = calloc(1, sizeof(*sent)), *got = calloc(1, sizeof(*got));
	struct nl_msg *msg = new_message();

	(void)state;
	fill_sa(sent);
	assert_int_equal(ipvti_encode(msg, &ipvti_nest_sa, sent), 0);
	assert_int_equal(decode(msg, &ipvti_nest_sa, got), 0);
	ipvti_mark(sent, IPVTI_A_SA_TS);	/* counted when sent, marked when received */
	assert_memory_equal(sent, got, sizeof(*sent));
	nlmsg_free(msg);
	free(sent);
	free(got);
}

static void only_marked_are_sent(void **state)
{
	struct ipvti_device dev = { .fwmark = 7, .ttl = 3 }, got = {};
	struct nl_msg *msg = new_message();

	(void)state;
	ipvti_mark(&dev, IPVTI_A_DEV_TTL);
	assert_int_equal(ipvti_encode(msg, &ipvti_nest_device, &dev), 0);
	assert_int_equal(decode(msg, &ipvti_nest_device, &got), 0);
	assert_int_equal(got.has, UINT64_C(1) << IPVTI_A_DEV_TTL);
	assert_int_equal(got.ttl, 3);
	assert_int_equal(got.fwmark, 0);
	nlmsg_free(msg);
}

static void key_goes_in_never_out(void **state)
{
	struct ipvti_sa sa = { .key = { .len = 3, .bytes = "\1\2\3" } };
	static struct ipvti_sa got;
	struct nl_msg *msg = new_message();
	struct nlattr *attr;

	(void)state;
	ipvti_mark(&sa, IPVTI_A_SA_KEY);
	assert_int_equal(ipvti_encode(msg, &ipvti_nest_sa, &sa), 0);
	attr = nlmsg_find_attr(nlmsg_hdr(msg), 0, IPVTI_A_SA_KEY);
	assert_non_null(attr);
	assert_int_equal(nla_len(attr), 3);
	assert_memory_equal(nla_data(attr), "\1\2\3", 3);
	assert_int_equal(decode(msg, &ipvti_nest_sa, &got), -EBADMSG);
	nlmsg_free(msg);
}

static void wrong_lengths_are_refused(void **state)
{
	static const struct {
		uint16_t type;
		int len;
	} bad[] = {
		{ IPVTI_A_DEV_TTL, 0 }, { IPVTI_A_DEV_TTL, 2 }, { IPVTI_A_DEV_FWMARK, 3 },
		{ IPVTI_A_DEV_CARRIER_AGE, 4 }, { IPVTI_A_DEV_LOCAL, 0 },
		{ IPVTI_A_DEV_LOCAL, 5 }, { IPVTI_A_DEV_REMOTE, 17 }, { IPVTI_A_DEV_TAG, 31 },
		{ IPVTI_A_DEV_TAG, 33 },
	};
	static const char zero[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct nl_msg *msg = new_message();
		struct ipvti_device dev = {};

		assert_int_equal(nla_put(msg, bad[i].type, bad[i].len, zero), 0);
		assert_int_equal(decode(msg, &ipvti_nest_device, &dev), -EBADMSG);
		nlmsg_free(msg);
	}
}

/* A string without its NUL, or longer than the member, is cut and not followed. */
static void strings_end(void **state)
{
	char longest[2 * IPVTI_ALG_NAME_MAX];
	struct nl_msg *msg = new_message();
	struct ipvti_alg alg = {};

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(nla_put(msg, IPVTI_A_ALG_NAME, sizeof(longest), longest), 0);
	assert_int_equal(decode(msg, &ipvti_nest_alg, &alg), 0);
	assert_int_equal(strlen(alg.name), sizeof(alg.name) - 1);
	nlmsg_free(msg);
}

static void too_many_selectors_are_refused(void **state)
{
	struct nl_msg *msg = new_message();
	static struct ipvti_sa sa;

	(void)state;
	for (int i = 0; i <= IPVTI_TS_MAX; i++)
		nla_nest_end_keep_empty(msg, nla_nest_start(msg, NLA_F_NESTED | IPVTI_A_SA_TS));
	assert_int_equal(decode(msg, &ipvti_nest_sa, &sa), -EBADMSG);
	assert_int_equal(sa.ts_count, IPVTI_TS_MAX);
	nlmsg_free(msg);
}

/* What a newer kernel adds does not disturb. */
static void unknown_attributes_are_left_out(void **state)
{
	struct nl_msg *msg = new_message();
	struct ipvti_device dev = {};

	(void)state;
	assert_int_equal(nla_put_u32(msg, IPVTI_A_DEV_MAX + 7, 1), 0);
	assert_int_equal(nla_put_u8(msg, IPVTI_A_DEV_CARRIER, 1), 0);
	assert_int_equal(decode(msg, &ipvti_nest_device, &dev), 0);
	assert_int_equal(dev.has, UINT64_C(1) << IPVTI_A_DEV_CARRIER);
	nlmsg_free(msg);
}

/* Each attribute but padding and those that are only numbers has its line in the table. */
static void tables_are_complete(void **state)
{
	static const struct {
		const struct ipvti_nest *nest;
		int first;
	} nests[] = {
		{ &ipvti_nest_message, IPVTI_A_ID }, { &ipvti_nest_device, IPVTI_A_DEV_LOCAL },
		{ &ipvti_nest_sa, IPVTI_A_SA_DIR }, { &ipvti_nest_ts, IPVTI_A_TS_SRC },
		{ &ipvti_nest_limit, IPVTI_A_LIMIT_PACKETS },
		{ &ipvti_nest_socket, IPVTI_A_SOCK_FD }, { &ipvti_nest_stat, IPVTI_A_STAT_NAME },
		{ &ipvti_nest_alg, IPVTI_A_ALG_NAME },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++) {
		const struct ipvti_field *field = nests[i].nest->fields;

		for (int attr = nests[i].first; attr <= nests[i].nest->max; attr++, field++) {
			assert_non_null(field->name);
			assert_int_equal(field->type, attr);
		}
		assert_null(field->name);
	}
}

static void names_and_values(void **state)
{
	(void)state;
	assert_string_equal(ipvti_name(ipvti_event_names, IPVTI_EVENT_OVERRUN), "overrun");
	assert_string_equal(ipvti_name(ipvti_event_names, IPVTI_EVENT_MAX + 1), "unknown");
	assert_string_equal(ipvti_name(ipvti_event_names, UINT64_MAX), "unknown");
	assert_int_equal(ipvti_name_find(ipvti_sa_dir_names, "out"), IPVTI_SA_OUT);
	assert_int_equal(ipvti_name_find(ipvti_sa_dir_names, ""), -EINVAL);
	assert_int_equal(ipvti_name_find(ipvti_sa_dir_names, "ou"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sa_round_trip),
		cmocka_unit_test(only_marked_are_sent),
		cmocka_unit_test(key_goes_in_never_out),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(strings_end),
		cmocka_unit_test(too_many_selectors_are_refused),
		cmocka_unit_test(unknown_attributes_are_left_out),
		cmocka_unit_test(tables_are_complete),
		cmocka_unit_test(names_and_values),
	};

	return cmocka_run_group_tests_name("libipvti codec", tests, NULL, NULL);
}
