// SPDX-License-Identifier: GPL-2.0
/* Virtual addresses: Configuration payloads by themselves, and between two cores. */
#include <string.h>

#include "hex.h"
#include "party.h"

enum {
	SETTLE = 20000,
	LONG = 120000,
	REPLY_MAX = 128,
};

/* ---- payloads ---- */

static struct ike_addr address(const char *text)
{
	struct ike_addr a;

	if (!ike_addr_parse(text, &a))
		fail_msg("%s", text);
	return a;
}

static void add_subnet(struct ike_assigned *a, const char *text)
{
	if (!ike_ts_parse(text, &a->subnet[a->n_subnets++]))
		fail_msg("%s", text);
}

static struct ike_assigned everything(void)
{
	struct ike_assigned a = { .n_addrs = 2, .n_dns = 2 };

	a.addr[0] = address("10.9.0.7");
	a.addr[1] = address("2001:db8:9::7");
	a.dns[0] = address("10.2.0.53");
	a.dns[1] = address("2001:db8:2::53");
	add_subnet(&a, "10.2.0.0/16");
	add_subnet(&a, "10.64.0.0/10");
	add_subnet(&a, "2001:db8:2::/47");
	add_subnet(&a, "2001:db8:ffff::1/128");
	return a;
}

static struct ike_chunk body_of(const struct ike_builder *b)
{
	return (struct ike_chunk){ b->w.data + IKE_PAYLOAD_HEADER_LEN,
				   b->w.len - IKE_PAYLOAD_HEADER_LEN };
}

static void assert_same(const struct ike_assigned *a, const struct ike_assigned *b)
{
	size_t i;

	assert_int_equal(a->n_addrs, b->n_addrs);
	assert_int_equal(a->n_dns, b->n_dns);
	for (i = 0; i < a->n_addrs; i++)
		assert_true(ike_addr_same(&a->addr[i], &b->addr[i]));
	for (i = 0; i < a->n_dns; i++)
		assert_true(ike_addr_same(&a->dns[i], &b->dns[i]));
	assert_int_equal(a->n_subnets, b->n_subnets);
	assert_true(ike_ts_same(a->subnet, a->n_subnets, b->subnet, b->n_subnets));
}

static void a_reply_says_what_was_given(void **state)
{
	struct ike_assigned given = everything();
	struct ike_builder b = { 0 };
	struct ike_assigned got;

	(void)state;
	ike_cp_put(&b, IKE_CFG_REPLY, &given);
	assert_null(ike_cp_get(body_of(&b), IKE_CFG_REPLY, &got));
	assert_same(&given, &got);
	assert_non_null(ike_cp_get(body_of(&b), IKE_CFG_REQUEST, &got));
	ike_writer_free(&b.w);
}

static void a_request_asks_by_family(void **state)
{
	struct ike_assigned want = { .n_addrs = 1, .addr = { { .family = 6 } } };
	struct ike_builder b = { 0 };
	struct ike_assigned got;
	/* INTERNAL_IP6_ADDRESS, INTERNAL_IP6_DNS and INTERNAL_IP6_SUBNET, all empty */
	static const uint8_t wire[] = { 1, 0, 0, 0, 0, 8, 0, 0, 0, 10, 0, 0, 0, 15, 0, 0 };

	(void)state;
	ike_cp_put(&b, IKE_CFG_REQUEST, &want);
	assert_int_equal(body_of(&b).len, sizeof(wire));
	assert_memory_equal(body_of(&b).data, wire, sizeof(wire));
	ike_writer_free(&b.w);
	memset(&b, 0, sizeof(b));

	want.n_addrs = 2;
	want.addr[0] = address("10.9.0.7");
	want.addr[1] = (struct ike_addr){ .family = 6 };
	ike_cp_put(&b, IKE_CFG_REQUEST, &want);
	assert_null(ike_cp_get(body_of(&b), IKE_CFG_REQUEST, &got));
	assert_int_equal(got.n_dns + got.n_subnets, 0);
	assert_same(&want, &got);
	ike_writer_free(&b.w);
}

/* CFG_REPLY and its three reserved octets, and behind them attributes. */
static struct ike_chunk reply(const char *attributes, uint8_t body[REPLY_MAX])
{
	struct octets o = hex(attributes);

	assert_true(4 + o.len <= REPLY_MAX);
	memset(body, 0, 4);
	body[0] = IKE_CFG_REPLY;
	memcpy(body + 4, o.data, o.len);
	return (struct ike_chunk){ body, 4 + o.len };
}

static void replies_that_are_wrong(void **state)
{
	static const struct {
		const char *hex;
		const char *said;
	} cases[] = {
		{ "0001", "malformed" },
		{ "000100040a0900", "malformed" },
		{ "00010004 0a090001 ff", "malformed" },
		{ "00010005 0a09000118", "wrong length" },
		{ "00080010 20010db8000000000000000000000001", "wrong length" },
		{ "00080011 20010db800000000000000000000000181", "prefix longer" },
		{ "00010004 00000000", "no host" },
		{ "00010004 7f000001", "no host" },
		{ "00010004 e0000001", "no host" },
		{ "00010004 ffffffff", "no host" },
		{ "00080011 0000000000000000000000000000000180", "no host" },
		{ "00080011 ff02000000000000000000000000000180", "no host" },
		{ "00010004 0a090001 00010004 0a090002", "two addresses" },
		{ "00010004 0a090001 00010004 0a090001", "two addresses" },
		{ "000d0008 0a020000 ff00ff00", "mask" },
		{ "000f0011 20010db800000000000000000000000081", "prefix longer" },
	};
	uint8_t body[REPLY_MAX];
	struct ike_assigned got;
	const char *wrong;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		wrong = ike_cp_get(reply(cases[i].hex, body), IKE_CFG_REPLY, &got);
		if (!wrong || !strstr(wrong, cases[i].said))
			fail_msg("%s: %s", cases[i].hex, wrong ? wrong : "taken");
	}
	assert_non_null(ike_cp_get((struct ike_chunk){ body, 3 }, IKE_CFG_REPLY, &got));
}

static void replies_with_more_than_we_look_at(void **state)
{
	/* the reserved bit, a netmask, an unknown attribute, empty ones, name servers twice */
	static const char text[] = "80010004 0a090001 00020004 ffffff00 7fff0003 010203"
		"00080000 00030000 00030004 0a020035 00030004 0a020035 000d0008 0a020101 ffff0000";
	uint8_t body[REPLY_MAX];
	struct ike_assigned got;
	struct ike_ts ts;

	(void)state;
	assert_null(ike_cp_get(reply(text, body), IKE_CFG_REPLY, &got));
	assert_int_equal(got.n_addrs, 1);
	assert_int_equal(got.n_dns, 1);
	assert_int_equal(got.n_subnets, 1);
	assert_true(ike_ts_parse("10.2.0.0/16", &ts));
	assert_true(ike_ts_same(got.subnet, 1, &ts, 1));
}

static void a_reply_with_room_for_no_more(void **state)
{
	struct ike_builder b = { 0 };
	struct ike_assigned got;
	uint8_t i;

	(void)state;
	ike_put_u32(&b.w, 0);
	ike_put_u32(&b.w, (uint32_t)IKE_CFG_REPLY << 24);
	for (i = 0; i < 100; i++) {
		ike_put_u32(&b.w, 3 << 16 | 4);
		ike_put_u32(&b.w, 0x0a020000 + i);
		ike_put_u32(&b.w, 13 << 16 | 8);
		ike_put_u32(&b.w, 0x0a000000 + (i << 16));
		ike_put_u32(&b.w, 0xffff0000);
	}
	assert_null(ike_cp_get(body_of(&b), IKE_CFG_REPLY, &got));
	assert_int_equal(got.n_dns, IKE_MAX_DNS);
	assert_int_equal(got.n_subnets, IKE_MAX_TS);
	ike_writer_free(&b.w);
}

/* ---- two cores: A asks, B hands out ---- */

static struct world *warriors(void)
{
	struct world *w = world_new(1);
	struct ike_peer_config *a = &w->party[A].cfg;
	struct ike_peer_config *b = &w->party[B].cfg;
	struct ike_child_config *child = &a->children[0];

	a->n_vips = 2;
	a->vip[0].family = 4;
	a->vip[1].family = 6;
	child->n_local = 2;
	assert_true(ike_ts_parse("0.0.0.0/0", &child->local[0]));
	assert_true(ike_ts_parse("::/0", &child->local[1]));
	b->pool = true;
	b->children[0].n_remote = 2;
	memcpy(b->children[0].remote, child->local, sizeof(child->local));
	w->party[B].pool = everything();
	return w;
}

static void assert_local(const struct party *p, const char *list)
{
	char text[IKE_MAX_TEXT];
	struct ike_status st;

	assert_true(ike_core_status(p->core, party_tunnel(p), &st));
	assert_int_equal(st.n_children, 1);
	ike_ts_list_text(p->side == A ? st.children[0].local : st.children[0].remote,
			 p->side == A ? st.children[0].n_local : st.children[0].n_remote, text,
			 sizeof(text));
	assert_string_equal(text, list);
}

static void assert_addressed(struct world *w)
{
	assert_local(&w->party[A], "10.9.0.7/32, 2001:db8:9::7/128");
	assert_local(&w->party[B], "10.9.0.7/32, 2001:db8:9::7/128");
	assert_pairs(w);
	assert_traffic(w);
}

static void addresses_are_assigned(void **state)
{
	struct world *w = warriors();

	(void)state;
	world_up(w);
	assert_int_equal(w->datagrams, 4);
	assert_same(&w->party[A].assigned, &w->party[B].pool);
	assert_int_equal(w->party[B].wanted.n_addrs, 2);
	assert_true(ike_cp_addr_any(&w->party[B].wanted.addr[0]));
	assert_true(ike_cp_addr_any(&w->party[B].wanted.addr[1]));
	assert_addressed(w);
	assert_int_equal(w->party[A].explained.count + w->party[B].explained.count, 0);
	world_free(w);
}

/* From either side, and across a new IKE SA. */
static void a_rekey_keeps_them(void **state)
{
	struct world *w = warriors();
	int side;

	(void)state;
	world_up(w);
	for (side = A; side < N_PARTIES; side++) {
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_addressed(w);
		party_command(&w->party[side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_addressed(w);
	}
	assert_int_equal(w->party[A].downs + w->party[B].downs, 0);
	assert_int_equal(w->party[A].explained.count + w->party[B].explained.count, 0);
	world_free(w);
}

static void assert_asked_again(const struct world *w)
{
	const struct party *b = &w->party[B];

	assert_int_equal(b->wanted.n_addrs, b->pool.n_addrs);
	assert_true(ike_addr_same(&b->wanted.addr[0], &b->pool.addr[0]));
	assert_true(ike_addr_same(&b->wanted.addr[1], &b->pool.addr[1]));
}

static void the_same_is_asked_for_again(void **state)
{
	struct world *w = warriors();
	struct party *a = &w->party[A];

	(void)state;
	world_up(w);
	party_command(a, IKE_EV_DOWN);
	assert_true(world_run_until(w, world_both_down, SETTLE));
	world_run(w, SETTLE);
	party_command(a, IKE_EV_UP);
	assert_true(world_run_until(w, world_both_up, SETTLE));
	assert_asked_again(w);

	/* A new daemon knows from its configuration. */
	memset(&w->party[B].wanted, 0, sizeof(w->party[B].wanted));
	memcpy(a->cfg.last_vip, a->assigned.addr, sizeof(a->cfg.last_vip));
	memset(&a->assigned, 0, sizeof(a->assigned));
	party_crash(a);
	world_run(w, SETTLE);
	assert_asked_again(w);
	assert_same(&a->assigned, &w->party[B].pool);
	assert_addressed(w);
	world_free(w);
}

static void an_address_of_ones_own_choice(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[A].cfg.vip[0] = address("10.9.0.99");
	world_up(w);
	assert_true(ike_addr_same(&w->party[B].wanted.addr[0], &w->party[A].cfg.vip[0]));
	assert_true(ike_addr_same(&w->party[A].assigned.addr[0], &w->party[B].pool.addr[0]));
	assert_addressed(w);
	world_free(w);
}

static void one_family_alone(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[A].cfg.n_vips = 1;
	w->party[B].pool.n_addrs = 1;
	world_up(w);
	assert_local(&w->party[A], "10.9.0.7/32");
	assert_pairs(w);
	assert_traffic(w);
	world_free(w);
}

static void another_address_is_a_new_ike_sa(void **state)
{
	struct world *w = warriors();

	(void)state;
	world_up(w);
	w->party[B].pool.addr[0] = address("10.9.0.8");
	w->party[A].cfg.vip[0] = address("10.9.0.8");
	party_configure(&w->party[A]);
	world_run(w, SETTLE);
	assert_local(&w->party[A], "10.9.0.8/32, 2001:db8:9::7/128");
	assert_true(ike_addr_same(&w->party[A].assigned.addr[0], &w->party[B].pool.addr[0]));
	assert_pairs(w);
	assert_traffic(w);
	assert_int_equal(w->party[A].downs, 0);
	world_free(w);
}

/* ---- what goes wrong ---- */

static void assert_explained(const struct party *p, bool by_peer, const char *detail)
{
	assert_true(p->explained.count > 0);
	assert_string_equal(ike_step_name(p->explained.e.step), ike_step_name(IKE_STEP_AUTH));
	assert_string_equal(ike_reason_name(p->explained.e.reason), "address-config");
	assert_int_equal(p->explained.e.by_peer, by_peer);
	if (!strstr(p->explained.e.detail, detail))
		fail_msg("%s", p->explained.e.detail);
}

static const struct ike_contrast *marked(const struct party *p)
{
	uint8_t i;

	for (i = 0; i < p->explained.e.n; i++)
		if (p->explained.e.row[i].differs)
			return &p->explained.e.row[i];
	fail_msg("nothing is marked");
	return NULL;
}

/* It will not come up, is tried again ever more seldom, and leaves nothing behind. */
static void fail_to_come_up(struct world *w)
{
	unsigned int first;

	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, LONG);
	assert_false(w->party[A].up || w->party[B].up);
	first = w->party[A].fails;
	assert_true(first >= 3 && first <= 12);
	world_run(w, LONG);
	assert_true(w->party[A].fails - first <= 6);
	party_command(&w->party[A], IKE_EV_DOWN);
	world_run(w, SETTLE);
	assert_nothing(w);
	assert_int_equal(count_ike_sas(&w->party[A]) + count_ike_sas(&w->party[B]), 0);
	assert_int_equal(w->party[A].assigned.n_addrs, 0);
}

static void an_empty_pool(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[B].pool.n_addrs = 0;
	fail_to_come_up(w);
	assert_explained(&w->party[A], true, "INTERNAL_ADDRESS_FAILURE");
	assert_string_equal(marked(&w->party[A])->ours, "any IPv4, any IPv6");
	assert_string_equal(marked(&w->party[A])->theirs, "none");
	assert_explained(&w->party[B], false, "the pool is empty");
	world_free(w);
}

static void a_pool_that_fills_again(void **state)
{
	struct world *w = warriors();
	uint8_t n = w->party[B].pool.n_addrs;

	(void)state;
	w->party[B].pool.n_addrs = 0;
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 10000);
	w->party[B].pool.n_addrs = n;
	assert_true(world_run_until(w, world_both_up, LONG));
	world_run(w, SETTLE);
	assert_addressed(w);
	world_free(w);
}

static void a_peer_that_asks_for_nothing(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[A].cfg.n_vips = 0;
	fail_to_come_up(w);
	assert_explained(&w->party[A], true, "FAILED_CP_REQUIRED");
	assert_explained(&w->party[B], false, "asks for no virtual address");
	world_free(w);
}

static void a_gateway_without_a_pool(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[B].cfg.pool = false;
	fail_to_come_up(w);
	assert_explained(&w->party[A], false, "assigns no address");
	world_free(w);
}

static void addresses_nobody_asked_for(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[A].cfg.n_vips = 1;
	fail_to_come_up(w);
	assert_explained(&w->party[A], false, "not asked for");
	assert_string_equal(marked(&w->party[A])->theirs, "10.9.0.7, 2001:db8:9::7");
	world_free(w);
}

static void addresses_that_are_none(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[B].pool.addr[0] = address("127.0.0.1");
	fail_to_come_up(w);
	assert_explained(&w->party[A], false, "no host can have");
	world_free(w);
}

/* Selectors of the configuration hold for addresses of a pool too. */
static void addresses_outside_of_the_selectors(void **state)
{
	struct world *w = warriors();

	(void)state;
	w->party[B].cfg.children[0].n_remote = 1;
	assert_true(ike_ts_parse("10.8.0.0/16", &w->party[B].cfg.children[0].remote[0]));
	fail_to_come_up(w);
	assert_string_equal(ike_reason_name(w->party[A].explained.e.reason), "ts-unacceptable");
	assert_string_equal(ike_reason_name(w->party[B].explained.e.reason), "ts-unacceptable");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_says_what_was_given),
		cmocka_unit_test(a_request_asks_by_family),
		cmocka_unit_test(replies_that_are_wrong),
		cmocka_unit_test(replies_with_more_than_we_look_at),
		cmocka_unit_test(a_reply_with_room_for_no_more),
		cmocka_unit_test(addresses_are_assigned),
		cmocka_unit_test(a_rekey_keeps_them),
		cmocka_unit_test(the_same_is_asked_for_again),
		cmocka_unit_test(an_address_of_ones_own_choice),
		cmocka_unit_test(one_family_alone),
		cmocka_unit_test(another_address_is_a_new_ike_sa),
		cmocka_unit_test(an_empty_pool),
		cmocka_unit_test(a_pool_that_fills_again),
		cmocka_unit_test(a_peer_that_asks_for_nothing),
		cmocka_unit_test(a_gateway_without_a_pool),
		cmocka_unit_test(addresses_nobody_asked_for),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(addresses_outside_of_the_selectors),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
