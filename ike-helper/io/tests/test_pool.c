// SPDX-License-Identifier: GPL-2.0
/* Leases: who gets which address, and what is left of them after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/ids.h"
#include "../daemon.h"

#define N_TUNNELS 4

static char dir[] = "/tmp/ipvti-pool-XXXXXX";
static char state[64], file[80];
static struct daemon d;
static struct tunnel tunnels[N_TUNNELS];

/* ---- helpers ---- */

static struct ike_addr address(const char *text)
{
	struct ike_addr a;

	if (!ike_addr_parse(text, &a))
		fail_msg("%s", text);
	return a;
}

static void add_range(struct conf_pool *p, const char *text)
{
	if (!ike_ts_parse(text, &p->addresses.v[p->addresses.n++]))
		fail_msg("%s", text);
}

/* A pool of three IPv4 addresses in two ranges, and as many of IPv6 as there are. */
static void fill(struct conf_pool *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->name, "staff");
	add_range(p, "10.9.0.10-10.9.0.11");
	add_range(p, "10.9.1.255/32");
	add_range(p, "2001:db8:9::/64");
	p->dns.n = 2;
	p->dns.v[0] = address("10.2.0.53");
	p->dns.v[1] = address("2001:db8:2::53");
	p->subnets.n = 1;
	assert_true(ike_ts_parse("10.2.0.0/16", &p->subnets.v[0]));
}

static int begin(void **arg)
{
	size_t i;

	(void)arg;
	memset(&d, 0, sizeof(d));
	memset(tunnels, 0, sizeof(tunnels));
	LIST_INIT(&d.tunnels);
	d.state_dir = state;
	for (i = 0; i < N_TUNNELS; i++) {
		tunnels[i].d = &d;
		snprintf(tunnels[i].conf.name, sizeof(tunnels[i].conf.name), "site-%zu", i);
		fill(&tunnels[i].conf.pool);
		LIST_INIT(&tunnels[i].sas);
		LIST_INSERT_HEAD(&d.tunnels, &tunnels[i], link);
	}
	pool_open(&d);
	return 0;
}

static int end(void **arg)
{
	(void)arg;
	pool_close(&d);
	unlink(file);
	rmdir(state);
	return 0;
}

static void restart(void)
{
	size_t i;

	pool_close(&d);
	for (i = 0; i < N_TUNNELS; i++)
		tunnels[i].up = false;
	pool_open(&d);
}

/* Somebody asks on a tunnel, which comes up if there is an address. Return: the addresses as text. */
static const char *ask(unsigned int tunnel, const char *who, const char *first, const char *second)
{
	struct ike_assigned wanted = { .n_addrs = second ? 2 : 1 };
	static struct msg_leased m;
	static char text[128];
	char one[64];
	struct ike_id id;
	uint8_t i;

	wanted.addr[0] = address(first);
	if (second)
		wanted.addr[1] = address(second);
	memset(&m, 0, sizeof(m));
	assert_true(ike_id_parse(who, &id));
	pool_lease(&tunnels[tunnel], &id, &wanted, &m);
	tunnels[tunnel].up = m.assigned.n_addrs;
	if (!m.assigned.n_addrs)
		return m.text;
	text[0] = 0;
	for (i = 0; i < m.assigned.n_addrs; i++) {
		ike_addr_text(&m.assigned.addr[i], one, sizeof(one));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", one);
	}
	return text;
}

static const char *ask4(unsigned int tunnel, const char *who)
{
	return ask(tunnel, who, "0.0.0.0", NULL);
}

static void hang_up(unsigned int tunnel)
{
	tunnels[tunnel].up = false;
	pool_release(&tunnels[tunnel]);
}

/* ---- tests ---- */

static void everybody_gets_another(void **arg)
{
	(void)arg;
	assert_string_equal(ask4(0, "a.example.net"), "10.9.0.10");
	assert_string_equal(ask4(1, "b.example.net"), "10.9.0.11");
	assert_string_equal(ask4(2, "c.example.net"), "10.9.1.255");
	assert_string_equal(ask4(3, "d.example.net"),
			    "all IPv4 addresses of pool \"staff\" are in use");
}

static void both_families(void **arg)
{
	(void)arg;
	assert_string_equal(ask(0, "a.example.net", "0.0.0.0", "::"), "10.9.0.10 2001:db8:9::");
	assert_string_equal(ask(1, "b.example.net", "::", "0.0.0.0"), "2001:db8:9::1 10.9.0.11");
	tunnels[2].conf.pool.addresses.n = 2;
	assert_string_equal(ask(2, "c.example.net", "::", NULL),
			    "pool \"staff\" has no addresses of the families the peer asks for");
	assert_string_equal(ask(2, "c.example.net", "::", "0.0.0.0"), "10.9.1.255");
}

static void what_goes_with_an_address_is_of_its_family(void **arg)
{
	struct ike_assigned wanted = { .n_addrs = 1, .addr = { { .family = 6 } } };
	struct msg_leased m = { 0 };
	struct ike_id id;

	(void)arg;
	assert_true(ike_id_parse("a.example.net", &id));
	pool_lease(&tunnels[0], &id, &wanted, &m);
	assert_int_equal(m.assigned.n_addrs, 1);
	assert_int_equal(m.assigned.n_dns, 1);
	assert_int_equal(m.assigned.dns[0].family, 6);
	assert_int_equal(m.assigned.n_subnets, 0);
	memset(&m, 0, sizeof(m));
	wanted.addr[0].family = 4;
	pool_lease(&tunnels[0], &id, &wanted, &m);
	assert_int_equal(m.assigned.n_dns, 1);
	assert_int_equal(m.assigned.dns[0].family, 4);
	assert_int_equal(m.assigned.n_subnets, 1);
}

static void assert_listed(unsigned int tunnel, const char *text)
{
	json_t *o = json_object();
	json_t *list;
	size_t i;

	pool_json(&tunnels[tunnel], o);
	list = json_object_get(o, "leases");
	assert_int_equal(json_array_size(list), *text ? 1 : 0);
	for (i = 0; i < json_array_size(list); i++)
		assert_string_equal(json_string_value(json_array_get(list, i)), text);
	json_decref(o);
}

static void those_in_use_are_listed(void **arg)
{
	(void)arg;
	assert_listed(0, "");
	ask4(0, "a.example.net");
	ask4(1, "b.example.net");
	assert_listed(0, "10.9.0.10");
	assert_listed(1, "10.9.0.11");
	hang_up(0);
	assert_listed(0, "");
}

static void the_same_gets_the_same(void **arg)
{
	(void)arg;
	ask4(0, "a.example.net");
	assert_string_equal(ask4(1, "b.example.net"), "10.9.0.11");
	hang_up(0);
	hang_up(1);
	assert_string_equal(ask4(0, "b.example.net"), "10.9.0.11");
	assert_string_equal(ask(0, "b.example.net", "10.9.1.255", NULL), "10.9.0.11");
	restart();
	assert_string_equal(ask4(2, "b.example.net"), "10.9.0.11");
	assert_string_equal(ask4(3, "a.example.net"), "10.9.0.10");
}

static void a_wish_is_granted_if_it_can_be(void **arg)
{
	(void)arg;
	assert_string_equal(ask(0, "a.example.net", "10.9.1.255", NULL), "10.9.1.255");
	assert_string_equal(ask(1, "b.example.net", "10.9.1.255", NULL), "10.9.0.10");
	assert_string_equal(ask(2, "c.example.net", "192.0.2.1", NULL), "10.9.0.11");
}

static void the_longest_unused_is_given_away(void **arg)
{
	(void)arg;
	ask4(0, "a.example.net");
	ask4(1, "b.example.net");
	ask4(2, "c.example.net");
	hang_up(1);
	hang_up(0);
	assert_string_equal(ask4(1, "d.example.net"), "10.9.0.10");
	assert_string_equal(ask4(0, "a.example.net"), "10.9.0.11");
	assert_string_equal(ask4(3, "b.example.net"),
			    "all IPv4 addresses of pool \"staff\" are in use");
}

/* The daemon was killed; its SAs, and so its clients, are still there. */
static void adopted_sas_use_their_lease(void **arg)
{
	struct sa sa = { 0 };

	(void)arg;
	ask4(0, "a.example.net");
	ask4(1, "b.example.net");
	ask4(2, "c.example.net");
	restart();
	LIST_INSERT_HEAD(&tunnels[0].sas, &sa, link);
	assert_string_equal(ask4(3, "d.example.net"), "10.9.0.11");
	assert_string_equal(ask4(1, "e.example.net"), "10.9.1.255");
	assert_string_equal(ask4(2, "f.example.net"),
			    "all IPv4 addresses of pool \"staff\" are in use");
	LIST_REMOVE(&sa, link);
}

static void a_pool_that_has_changed(void **arg)
{
	struct conf_pool *p = &tunnels[0].conf.pool;

	(void)arg;
	assert_string_equal(ask4(0, "a.example.net"), "10.9.0.10");
	p->addresses.n = 0;
	add_range(p, "10.9.0.200-10.9.0.201");
	assert_string_equal(ask4(0, "a.example.net"), "10.9.0.200");
}

static void identities_of_all_kinds(void **arg)
{
	static const char *const who[] = {
		"keyid:00ff0a22", "C=CH, O=Example, CN=gw", "user@example.net", "2001:db8::1",
	};
	char first[64];
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		snprintf(first, sizeof(first), "%s", ask(0, who[i], "::", NULL));
		hang_up(0);
		restart();
		assert_string_equal(ask(0, who[i], "::", NULL), first);
	}
}

static void the_file_is_for_root_alone(void **arg)
{
	struct stat st;

	(void)arg;
	assert_int_equal(access(state, F_OK), -1);
	ask4(0, "a.example.net");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(state, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_broken_file(void **arg)
{
	static const char *const texts[] = {
		"", "{", "{}", "[ 1, { }, { \"pool\": \"staff\" } ]",
		"[ { \"pool\": \"staff\", \"tunnel\": \"\", \"id-type\": 2, \"id\": \"61\", \"address\": \"10.9\" } ]",
		"[ { \"pool\": \"staff\", \"tunnel\": \"\", \"id-type\": 2, \"id\": \"xy\", \"address\": \"10.9.0.11\" } ]",
	};
	size_t i;
	FILE *f;

	(void)arg;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ask4(0, "b.example.net");
		f = fopen(file, "w");
		assert_non_null(f);
		fputs(texts[i], f);
		fclose(f);
		restart();
		assert_string_equal(ask4(0, "a.example.net"), "10.9.0.10");
		unlink(file);
		restart();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_gets_another, begin, end),
		cmocka_unit_test_setup_teardown(both_families, begin, end),
		cmocka_unit_test_setup_teardown(what_goes_with_an_address_is_of_its_family, begin,
						end),
		cmocka_unit_test_setup_teardown(those_in_use_are_listed, begin, end),
		cmocka_unit_test_setup_teardown(the_same_gets_the_same, begin, end),
		cmocka_unit_test_setup_teardown(a_wish_is_granted_if_it_can_be, begin, end),
		cmocka_unit_test_setup_teardown(the_longest_unused_is_given_away, begin, end),
		cmocka_unit_test_setup_teardown(adopted_sas_use_their_lease, begin, end),
		cmocka_unit_test_setup_teardown(a_pool_that_has_changed, begin, end),
		cmocka_unit_test_setup_teardown(identities_of_all_kinds, begin, end),
		cmocka_unit_test_setup_teardown(the_file_is_for_root_alone, begin, end),
		cmocka_unit_test_setup_teardown(a_broken_file, begin, end),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(file, sizeof(file), "%s/leases", state);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
