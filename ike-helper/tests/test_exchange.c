// SPDX-License-Identifier: GPL-2.0
/* Whole exchanges between two cores: set-up and its failures, rekey, delete, liveness, crossings. */
#include <string.h>

#include "party.h"

enum {
	SETTLE = 20000,		/* longer than lingering, retries after crossings, a lost Delete */
	PING_EVERY = 7,
};

/* ---- helpers ---- */

static void set_proposal(struct ike_proposals *list, enum ike_protocol protocol, const char *text)
{
	char err[IKE_MAX_TEXT];

	list->n = 1;
	if (!ike_proposal_parse(text, protocol, true, &list->p[0], err, sizeof(err)))
		fail_msg("%s", err);
}

static void set_ike(struct party *p, const char *text)
{
	set_proposal(&p->cfg.ike, IKE_PROTO_IKE, text);
}

static void set_esp(struct party *p, const char *text)
{
	set_proposal(&p->cfg.children[0].proposals, IKE_PROTO_ESP, text);
}

static void set_ts(struct ike_ts *ts, const char *text)
{
	if (!ike_ts_parse(text, ts))
		fail_msg("%s", text);
}

static void command(struct party *p, uint64_t type)
{
	party_command(p, type);
}

/* A stream of packets for as long as the party is up. */
static void keep_pinging(struct party *p, uint64_t every)
{
	if (p->up)
		party_ping(p, 0);
	world_call(p->w, p, every, keep_pinging, every);
}

static void start_traffic(struct world *w)
{
	keep_pinging(&w->party[A], PING_EVERY);
	keep_pinging(&w->party[B], PING_EVERY);
}

static void assert_no_loss(const struct world *w)
{
	int side;

	for (side = A; side < N_PARTIES; side++) {
		assert_int_equal(w->party[side].unsent, 0);
		assert_int_equal(w->party[side].lost, 0);
		assert_true(w->party[side].received > 0);
	}
}

static void assert_refused(const struct party *p, enum ike_step step, enum ike_reason reason,
			   bool by_peer)
{
	assert_true(p->explained.count > 0);
	assert_string_equal(ike_step_name(p->explained.e.step), ike_step_name(step));
	assert_string_equal(ike_reason_name(p->explained.e.reason), ike_reason_name(reason));
	assert_int_equal(p->explained.e.by_peer, by_peer);
}

/* Bring up from A although it will not come up. */
static void try_up(struct world *w)
{
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 500);
}

static uint64_t current_ike_spi(const struct party *p)
{
	struct ike_status st;

	assert_true(ike_core_status(p->core, party_tunnel(p), &st));
	return st.spi_i;
}

/* ---- set-up ---- */

static void both_ends_agree(void **state)
{
	struct world *w = world_new(1);
	int side;

	(void)state;
	world_up(w);
	assert_int_equal(w->datagrams, 4);
	assert_pairs(w);
	assert_traffic(w);
	for (side = A; side < N_PARTIES; side++) {
		struct party *p = &w->party[side];

		assert_false(p->kernel.encap);
		assert_true(ike_addr_same(&p->kernel.local, &p->addr));
		assert_true(ike_addr_same(&p->kernel.remote, &peer_of(p)->addr));
		assert_int_equal(p->ups, 1);
		assert_int_equal(p->explained.count, 0);
		assert_int_equal(p->fails, 0);
	}
	world_free(w);
}

static void start_now_needs_no_command(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].cfg.start = IKE_START_NOW;
	world_configure(w);
	assert_true(world_run_until(w, world_both_up, 1000));
	assert_pairs(w);
	world_free(w);
}

static void start_on_traffic_waits_for_traffic(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.start = IKE_START_ON_TRAFFIC;
	world_configure(w);
	world_run(w, 60000);
	assert_int_equal(w->datagrams, 0);
	party_command(&w->party[A], IKE_EV_ACQUIRE);
	assert_true(world_run_until(w, world_both_up, 1000));
	assert_pairs(w);
	world_free(w);
}

static void without_child_sa(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.n_children = 0;
	w->party[B].cfg.n_children = 0;
	world_up(w);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void add_child(struct party *p, const char *name, const char *a, const char *b)
{
	struct ike_child_config *child = &p->cfg.children[p->cfg.n_children++];

	*child = p->cfg.children[0];
	snprintf(child->name, sizeof(child->name), "%s", name);
	set_ts(&child->local[0], p->side == A ? a : b);
	set_ts(&child->remote[0], p->side == A ? b : a);
}

static void several_child_sas(void **state)
{
	struct world *w = world_new(1);
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		add_child(&w->party[side], "v6", "2001:db8:1::/48", "2001:db8:2::/48");
		add_child(&w->party[side], "dns", "10.1.0.0/16[17/53]", "10.3.0.0/16");
	}
	world_up(w);
	world_run(w, SETTLE);
	assert_pairs(w);
	assert_traffic(w);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void every_ike_algorithm(void **state)
{
	static const char *const proposals[] = {
		"aes128gcm16-prfsha256-x25519", "aes192gcm16-prfsha384-x25519",
		"aes256gcm16-prfsha512-x25519", "chacha20poly1305-prfsha256-x25519",
		"aes128-sha256-x25519", "aes192-sha384-x25519", "aes256-sha512-x25519",
		"aes128-sha1-prfsha256-x25519", "aes256-sha256-prfsha1-x25519",
		"3des-sha256-x25519", "aes256-md5-prfmd5-x25519",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(proposals); i++) {
		struct world *w = world_new(i);

		set_ike(&w->party[A], proposals[i]);
		set_ike(&w->party[B], proposals[i]);
		world_up(w);
		party_command(&w->party[A], IKE_EV_REKEY_IKE);
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_pairs(w);
		world_free(w);
	}
}

static void every_esp_algorithm(void **state)
{
	static const struct {
		const char *proposal;
		const char *alg;
		uint8_t key_len;
		bool esn;
	} cases[] = {
		{ "aes128gcm16-esn", "aes128gcm16", 20, true },
		{ "aes192gcm16-esn", "aes192gcm16", 28, true },
		{ "aes256gcm16-noesn", "aes256gcm16", 36, false },
		{ "chacha20poly1305-esn-noesn", "chacha20poly1305", 36, true },
		{ "aes128-sha256-esn", "aes128-sha256", 48, true },
		{ "aes256-sha512-noesn", "aes256-sha512", 96, false },
		{ "aes192-sha384", "aes192-sha384", 72, true },
		{ "null-sha256", "null-sha256", 32, true },
		{ "aes128-sha1", "aes128-sha1", 36, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world *w = world_new(i);
		const struct ike_install *in;

		set_esp(&w->party[A], cases[i].proposal);
		set_esp(&w->party[B], cases[i].proposal);
		world_up(w);
		assert_pairs(w);
		in = &w->party[A].kernel.sa[0].in;
		assert_string_equal(in->alg, cases[i].alg);
		assert_int_equal(in->key_len, cases[i].key_len);
		assert_int_equal(in->esn, cases[i].esn);
		world_free(w);
	}
}

static void every_group(void **state)
{
	static const char *const groups[] = {
		"x25519", "ecp256", "ecp384", "ecp521", "modp1536", "modp2048", "modp3072",
		"modp4096",
	};
	char text[64];
	size_t i;
	int side;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		struct world *w = world_new(i);

		for (side = A; side < N_PARTIES; side++) {
			snprintf(text, sizeof(text), "aes128gcm16-prfsha256-%s", groups[i]);
			set_ike(&w->party[side], text);
			snprintf(text, sizeof(text), "aes128gcm16-%s", groups[i]);
			set_esp(&w->party[side], text);
		}
		world_up(w);
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		party_command(&w->party[B], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_int_equal(w->party[A].explained.count, 0);
		world_free(w);
	}
}

static void default_proposals_suit_each_other(void **state)
{
	struct world *w = world_new(1);
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct party *p = &w->party[side];

		ike_proposals_default(IKE_PROTO_IKE, &p->crypto, &p->cfg.ike);
		ike_proposals_default(IKE_PROTO_ESP, &p->crypto, &p->cfg.children[0].proposals);
	}
	world_up(w);
	assert_int_equal(w->datagrams, 4);
	assert_pairs(w);
	world_free(w);
}

/* RFC 7296 section 1.3: the responder names the group it wants. */
static void another_group_is_asked_for(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	set_ike(&w->party[A], "aes256gcm16-prfsha256-x25519-ecp384-ecp256");
	set_ike(&w->party[B], "aes256gcm16-prfsha256-ecp256");
	set_esp(&w->party[A], "aes256gcm16-x25519-ecp256");
	set_esp(&w->party[B], "aes256gcm16-ecp256");
	world_up(w);
	assert_int_equal(w->datagrams, 6);
	assert_pairs(w);
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	assert_pairs(w);
	assert_int_equal(w->party[A].explained.count, 0);
	world_free(w);
}

/* As Libreswan does unless told otherwise: no Child SA without a key exchange, but in IKE_AUTH. */
static void forward_secrecy_is_offered_to_a_peer_that_insists(void **state)
{
	struct world *w = world_new(1);
	int i;

	(void)state;
	set_ike(&w->party[A], "aes256gcm16-prfsha256-x25519-ecp384-ecp256");
	set_ike(&w->party[B], "aes256gcm16-prfsha256-ecp256");
	set_esp(&w->party[A], "aes256gcm16");
	set_esp(&w->party[B], "aes256gcm16-ecp384");
	world_up(w);
	start_traffic(w);
	for (i = 0; i < 2; i++) {
		uint64_t before = w->datagrams;

		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_pairs(w);
		/* Once refused and once told the group; then only the latter, and a Delete each. */
		assert_int_equal(w->datagrams - before, i ? 6 : 8);
	}
	assert_int_equal(w->party[A].explained.count, 0);
	assert_no_loss(w);
	world_free(w);
}

static void other_algorithms_are_refused_with_groups_as_well(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	world_up(w);
	set_esp(&w->party[A], "aes128gcm16");
	party_configure(&w->party[A]);
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 1000);
	assert_int_equal(w->party[A].explained.e.reason, IKE_REASON_NO_PROPOSAL_CHOSEN);
	assert_pairs(w);
	world_free(w);
}

/* RFC 7296 section 2.9. */
static void the_responder_narrows(void **state)
{
	struct world *w = world_new(1);
	const struct ike_install *in;
	struct ike_ts want;

	(void)state;
	set_ts(&w->party[A].cfg.children[0].remote[0], "0.0.0.0/0");
	set_ts(&w->party[A].cfg.children[0].local[0], "0.0.0.0/0");
	world_up(w);
	assert_pairs(w);
	in = &w->party[A].kernel.sa[0].in;
	set_ts(&want, "10.2.0.0/16");
	assert_true(ike_ts_same(in->remote, in->n_remote, &want, 1));
	set_ts(&want, "10.1.0.0/16");
	assert_true(ike_ts_same(in->local, in->n_local, &want, 1));
	world_free(w);
}

static void narrowed_selectors_survive_a_rekey(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	set_ts(&w->party[A].cfg.children[0].remote[0], "10.0.0.0/8");
	world_up(w);
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

/* ---- set-up that fails ---- */

static void no_common_proposal(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	set_ike(&w->party[B], "chacha20poly1305-prfsha256-x25519");
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true);
	assert_refused(&w->party[B], IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false);
	assert_int_equal(w->party[A].fails, 1);
	assert_nothing(w);
	world_free(w);
}

static void no_common_esp_proposal(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	set_esp(&w->party[B], "aes128-sha256");
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, true);
	assert_refused(&w->party[B], IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, false);
	assert_int_equal(count_ike_sas(&w->party[A]), 1);
	assert_int_equal(w->party[A].kernel.n_sas + w->party[B].kernel.n_sas, 0);
	assert_int_equal(w->party[A].kernel.n_reserved + w->party[B].kernel.n_reserved, 0);
	world_free(w);
}

/* RFC 7296 section 1.2: a refused Child SA does not end the IKE SA. */
static void no_common_selectors(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	set_ts(&w->party[B].cfg.children[0].local[0], "10.9.0.0/16");
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_TS_UNACCEPTABLE, true);
	assert_refused(&w->party[B], IKE_STEP_AUTH, IKE_REASON_TS_UNACCEPTABLE, false);
	assert_int_equal(count_ike_sas(&w->party[A]), 1);
	assert_int_equal(count_ike_sas(&w->party[B]), 1);
	assert_int_equal(w->party[A].kernel.n_reserved + w->party[B].kernel.n_reserved, 0);
	assert_true(w->party[A].fails > 0);
	set_ts(&w->party[B].cfg.children[0].local[0], "10.2.0.0/16");
	party_configure(&w->party[B]);
	assert_true(world_run_until(w, world_both_up, 60000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void secrets_that_differ(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].psk = "another secret";
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true);
	assert_refused(&w->party[B], IKE_STEP_AUTH, IKE_REASON_AUTH_FAILED, false);
	world_run(w, 200);
	assert_int_equal(w->party[A].kernel.n_reserved + w->party[B].kernel.n_reserved, 0);
	w->party[A].psk = w->party[B].psk;
	assert_true(world_run_until(w, world_both_up, 10000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void no_secret_here(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].psk = NULL;
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_NO_SECRET, false);
	assert_int_equal(w->datagrams, 2);
	assert_int_equal(w->party[A].kernel.n_reserved, 0);
	world_free(w);
}

static void no_secret_there(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].psk = NULL;
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true);
	assert_true(w->party[B].explained.count > 0);
	world_run(w, 200);
	assert_int_equal(w->party[A].kernel.n_reserved + w->party[B].kernel.n_reserved, 0);
	world_free(w);
}

static void an_identity_nobody_knows(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	assert_true(ike_id_parse("someone.example.net", &w->party[A].cfg.local_id));
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true);
	assert_refused(&w->party[B], IKE_STEP_AUTH, IKE_REASON_WRONG_ID, false);
	assert_int_equal(w->party[B].kernel.n_sas, 0);
	world_free(w);
}

/* With %any as our expectation we say no IDr, and the peer proves another identity than we want. */
static void a_peer_that_is_somebody_else(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	assert_true(ike_id_parse("gw-c.example.net", &w->party[A].cfg.remote_id));
	try_up(w);
	assert_true(w->party[A].explained.count > 0);
	assert_refused(&w->party[B], IKE_STEP_AUTH, IKE_REASON_WRONG_ID, false);
	assert_int_equal(w->party[A].kernel.n_sas, 0);
	world_free(w);
}

static void any_identity_will_do(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.remote_id.type = IKE_ID_ANY;
	w->party[B].cfg.remote_id.type = IKE_ID_ANY;
	world_up(w);
	assert_pairs(w);
	world_free(w);
}

static void no_address(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].resolves = false;
	try_up(w);
	assert_refused(&w->party[A], IKE_STEP_RESOLVE, IKE_REASON_NO_ADDRESS, false);
	w->party[A].resolves = true;
	assert_true(world_run_until(w, world_both_up, 10000));
	world_free(w);
}

static void lose_all(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	(void)d;
	f->copies = 0;
}

static void nobody_answers(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->net = lose_all;
	try_up(w);
	world_run(w, 40000);
	assert_refused(&w->party[A], IKE_STEP_SA_INIT, IKE_REASON_TIMEOUT, false);
	assert_true(w->party[A].fails > 0);
	w->net = NULL;
	assert_true(world_run_until(w, world_both_up, 60000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void the_kernel_has_no_spi(void **state)
{
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(1);

		w->party[side].kernel.refuse_spi = 1;
		try_up(w);
		assert_true(w->party[side].explained.count > 0);
		assert_true(world_run_until(w, world_both_up, 60000));
		world_run(w, 2 * SETTLE);
		assert_pairs(w);
		world_free(w);
	}
}

/* Its answer never comes: that attempt ends, and the next one has what it needs. */
static void the_key_process_is_killed(void **state)
{
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(1);

		w->party[side].deaf = 1;
		world_configure(w);
		party_command(&w->party[A], IKE_EV_UP);
		world_run(w, 120000);
		assert_pairs(w);
		world_free(w);
	}
}

/* The SPI B offers becomes that of the SA it has. */
static void reuse_spi(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	const struct kernel *k = &w->party[B].kernel;
	uint8_t fresh[4], old[4];
	uint8_t *at;

	if (from->side != B || !k->n_sas || !k->n_reserved)
		return;
	ike_store_u32(old, k->sa[0].in.dir == IKE_IN ? k->sa[0].in.spi : k->sa[1].in.spi);
	ike_store_u32(fresh, k->reserved[0]);
	at = memmem(data, len, fresh, sizeof(fresh));
	if (at)
		memcpy(at, old, sizeof(old));
}

/* A peer that has an SPI twice could make us delete the wrong one: it does not get that far. */
static void an_spi_of_another_sa_is_refused(void **state)
{
	struct world *w = world_new(1);
	struct party *a = &w->party[A];

	(void)state;
	world_up(w);
	w->plain = reuse_spi;
	party_command(a, IKE_EV_REKEY_CHILD);
	world_run(w, 100);
	assert_refused(a, IKE_STEP_REKEY_CHILD, IKE_REASON_NO_PROPOSAL_CHOSEN, false);
	assert_int_equal(a->kernel.n_sas, 2);
	w->plain = NULL;
	party_command(a, IKE_EV_DOWN);
	world_run(w, SETTLE);
	assert_nothing(w);
	world_free(w);
}

/* Delete of an ESP SA becomes one of AH, which means nothing. */
static void delete_nothing(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	static const uint8_t body[] = { 0, 12, IKE_PROTO_ESP, 4, 0, 1 };
	uint8_t *at = memmem(data, len, body, sizeof(body));

	(void)w;
	if (at && from->side == A)
		at[2] = IKE_PROTO_AH;
}

/* It must not fill our memory: at some point it is told to begin anew. */
static void a_peer_that_deletes_nothing(void **state)
{
	struct world *w = world_new(1);
	struct party *b = &w->party[B];
	size_t most = 0;
	int i;

	(void)state;
	world_up(w);
	w->plain = delete_nothing;
	for (i = 0; i < 3 * IKE_MAX_CHILD_SAS; i++) {
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, 1000);
		most = b->kernel.n_sas > most ? b->kernel.n_sas : most;
	}
	/* Those, and what lingers. */
	assert_in_range(most, 2 * IKE_MAX_CHILD_SAS, MAX_SAS);
	assert_true(w->party[A].up && b->up);
	party_command(&w->party[A], IKE_EV_DOWN);
	world_run(w, 2 * SETTLE);
	assert_nothing(w);
	world_free(w);
}

static void the_kernel_refuses_an_sa(void **state)
{
	int side;
	unsigned int n;

	(void)state;
	for (side = A; side < N_PARTIES; side++)
		for (n = 1; n <= 2; n++) {
			struct world *w = world_new(1);

			w->party[side].kernel.refuse_install = n;
			try_up(w);
			assert_refused(&w->party[side], IKE_STEP_INSTALL, IKE_REASON_KERNEL,
				       false);
			world_run(w, 2 * SETTLE);
			assert_pairs(w);
			assert_traffic(w);
			world_free(w);
		}
}

/* ---- cookies ---- */

static void copy_first_request(struct world *w, const struct datagram *d, struct fate *f)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	uint8_t forged[2048];
	unsigned int i;

	(void)f;
	if (d->number)
		return;
	assert_true(d->len <= sizeof(forged));
	memcpy(forged, d->data, d->len);
	ev.u.datagram.local = w->party[B].addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.data = forged;
	ev.u.datagram.len = d->len;
	for (i = 0; i < 40; i++) {
		ike_store_u64(forged, i + 1);
		ev.u.datagram.remote = (struct ike_addr){ .family = 4, .port = 500,
							  .ip = { 10, 0, 0, i } };
		world_event(w, &w->party[B], 0, &ev);
	}
}

static void assert_half_open(const struct party *p, unsigned int n, bool cookies)
{
	struct ike_status st;

	assert_true(ike_core_status(p->core, party_tunnel(p), &st));
	assert_int_equal(st.half_open, n);
	assert_int_equal(st.cookies, cookies);
}

/*
 * RFC 7296 section 2.6: under a flood from forged addresses a real peer still comes through, and when
 * it is over nothing is left of it.
 */
static void cookies_under_a_flood(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].cfg.n_remote = 0;
	w->net = copy_first_request;
	world_up(w);
	world_run(w, 10000);
	assert_half_open(&w->party[B], 30, true);
	world_run(w, 30000);
	assert_half_open(&w->party[B], 0, false);
	assert_pairs(w);
	world_free(w);
}

enum {
	GREEDY = 300,		/* requests of one address; the default limit of all is 256 */
};

/**
 * struct greedy - somebody at one address who returns cookies
 * @addr: where it is
 * @spread: it has a /64 and uses other addresses of that
 * @len: used in @request
 * @request: a good IKE_SA_INIT
 */
struct greedy {
	struct ike_addr addr;
	bool spread;
	size_t len;
	uint8_t request[1024];
};

static void greedy_send(struct world *w, const struct greedy *g, uint64_t number,
			const uint8_t *data, size_t len)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };

	ev.u.datagram.local = w->party[B].addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.remote = g->addr;
	ev.u.datagram.remote.ip[15] = g->spread ? number : 0;
	ev.u.datagram.data = data;
	ev.u.datagram.len = len;
	world_event(w, &w->party[B], 0, &ev);
}

/* The request once more, with the cookie of an answer in front. */
static void greedy_return(struct world *w, const struct greedy *g, const struct datagram *d,
			  uint64_t spi)
{
	size_t add = d->len - IKE_HEADER_LEN;
	uint8_t again[sizeof(g->request) + 64];

	assert_true(add <= 64);
	memcpy(again, g->request, IKE_HEADER_LEN);
	ike_store_u64(again, spi);
	memcpy(again + IKE_HEADER_LEN, d->data + IKE_HEADER_LEN, add);
	memcpy(again + IKE_HEADER_LEN + add, g->request + IKE_HEADER_LEN, g->len - IKE_HEADER_LEN);
	again[16] = IKE_P_NOTIFY;
	again[IKE_HEADER_LEN] = g->request[16];
	ike_store_u32(again + 24, g->len + add);
	greedy_send(w, g, spi, again, g->len + add);
}

static void a_greedy_address(struct world *w, const struct datagram *d, struct fate *f)
{
	struct greedy *g = w->ctx;
	uint8_t copy[sizeof(g->request)];
	struct ike_header h;
	uint64_t i;

	(void)f;
	if (!d->number) {
		assert_true(d->len <= sizeof(g->request));
		memcpy(g->request, d->data, d->len);
		g->len = d->len;
		for (i = 1; i <= GREEDY; i++) {
			memcpy(copy, g->request, g->len);
			ike_store_u64(copy, i);
			greedy_send(w, g, i, copy, g->len);
		}
	} else if (d->from == B && ike_header_get(d->data, d->len, &h) && !h.spi_r &&
		   h.spi_i <= GREEDY) {
		greedy_return(w, g, d, h.spi_i);
	}
}

/* One address, or one /64, does not have all the room there is, cookie or not. */
static void one_address_is_greedy(void **state)
{
	static const struct greedy kinds[] = {
		{ .addr = { .family = 4, .port = 500, .ip = { 10, 0, 0, 1 } } },
		{ .addr = { .family = 6, .port = 500, .ip = { 0x20, 1, 0xd, 0xb8 } }, .spread = true },
	};
	struct greedy g;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		w = world_new(1);
		g = kinds[i];
		w->ctx = &g;
		w->party[B].cfg.n_remote = 0;
		w->net = a_greedy_address;
		world_configure(w);
		party_command(&w->party[A], IKE_EV_UP);
		assert_true(world_run_until(w, world_both_up, 3000));
		assert_half_open(&w->party[B], 256 / 4, true);
		world_run(w, 40000);
		assert_half_open(&w->party[B], 0, false);
		assert_pairs(w);
		world_free(w);
	}
}

/* Somebody sends first requests to A in B's name, one each half second. */
static void in_the_peers_name(struct world *w, const struct datagram *d, struct fate *f)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	uint8_t forged[1024];
	unsigned int i;

	if (d->number)
		return;
	f->copies = 0;
	assert_true(d->len <= sizeof(forged));
	memcpy(forged, d->data, d->len);
	ev.u.datagram.local = w->party[A].addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.remote = w->party[B].addr;
	ev.u.datagram.remote.port = 500;
	ev.u.datagram.data = forged;
	ev.u.datagram.len = d->len;
	for (i = 0; i < 60; i++) {
		ike_store_u64(forged, i + 1);
		world_event(w, &w->party[A], 500 * i, &ev);
	}
}

/* That the peer seems to be connecting just now does not keep us from connecting. */
static void forged_in_the_peers_name(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->net = in_the_peers_name;
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 100);
	party_command(&w->party[A], IKE_EV_DOWN);
	world_run(w, 100);
	party_command(&w->party[A], IKE_EV_UP);
	assert_true(world_run_until(w, world_both_up, 5000));
	world_run(w, 60000);
	assert_pairs(w);
	world_free(w);
}

/* Cookie and another group in one set-up. */
static void cookies_and_another_group(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].cfg.n_remote = 0;
	w->net = copy_first_request;
	set_ike(&w->party[A], "aes256gcm16-prfsha256-x25519-ecp256");
	set_ike(&w->party[B], "aes256gcm16-prfsha256-ecp256-x25519");
	world_up(w);
	world_run(w, 40000);
	assert_pairs(w);
	world_free(w);
}

/* ---- rekey ---- */

static void rekey_child_loses_nothing(void **state)
{
	uint32_t old;
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(side);

		world_up(w);
		start_traffic(w);
		world_run(w, 100);
		old = w->party[A].kernel.current[0];
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_int_not_equal(w->party[A].kernel.current[0], old);
		assert_pairs(w);
		assert_no_loss(w);
		world_free(w);
	}
}

/*
 * Who deletes the old SA as soon as the new one is there lets the peer drop what is still sent on it:
 * the new one is not in the kernel yet, and packets are on their way.
 */
static void a_replaced_child_is_not_deleted_at_once(void **state)
{
	struct world *w = world_new(1);
	uint64_t before;

	(void)state;
	world_up(w);
	before = w->datagrams;
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 400);
	assert_int_equal(w->datagrams - before, 2);
	world_run(w, 400);
	assert_int_equal(w->datagrams - before, 4);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

/* With nothing to send there is no first use; the new SA becomes current all the same. */
static void rekey_child_without_traffic(void **state)
{
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(side);

		world_up(w);
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_traffic(w);
		world_free(w);
	}
}

#define ANSWERLESS 12000	/* milliseconds */

static void lose_answers(struct world *w, const struct datagram *d, struct fate *f)
{
	const uint64_t *until = w->ctx;

	if (d->from == B && d->response && w->now < *until)
		f->copies = 0;
}

/* Who has answered a rekey does not send on the new SA before it knows that the answer arrived. */
static void rekey_child_whose_answer_is_late(void **state)
{
	struct world *w = world_new(1);
	uint64_t until;
	uint32_t old;

	(void)state;
	w->party[A].cfg.give_up_ms = 3 * ANSWERLESS;
	w->net = lose_answers;
	w->ctx = &until;
	until = 0;
	world_up(w);
	start_traffic(w);
	world_run(w, 100);
	old = w->party[B].kernel.current[0];
	until = w->now + ANSWERLESS;
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, ANSWERLESS - 500);
	assert_int_equal(w->party[B].kernel.current[0], old);
	world_run(w, SETTLE);
	assert_int_not_equal(w->party[B].kernel.current[0], old);
	assert_pairs(w);
	assert_no_loss(w);
	world_free(w);
}

/* With nothing sent to it, it knows that from the next request. */
static void rekey_child_without_traffic_is_confirmed(void **state)
{
	struct world *w = world_new(1);
	uint32_t old;

	(void)state;
	world_up(w);
	old = w->party[B].kernel.current[0];
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 400);
	assert_int_equal(w->party[B].kernel.current[0], old);
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	world_run(w, 80);
	assert_int_not_equal(w->party[B].kernel.current[0], old);
	assert_non_null(kernel_find(&w->party[B], IKE_OUT, old));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void rekey_ike_keeps_the_child(void **state)
{
	uint32_t spi;
	uint64_t old;
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(side);

		world_up(w);
		start_traffic(w);
		spi = w->party[A].kernel.current[0];
		old = current_ike_spi(&w->party[A]);
		party_command(&w->party[side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		assert_true(current_ike_spi(&w->party[A]) != old);
		assert_int_equal(w->party[A].kernel.current[0], spi);
		assert_pairs(w);
		assert_no_loss(w);
		party_command(&w->party[!side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		party_command(&w->party[!side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_no_loss(w);
		world_free(w);
	}
}

static void a_day_of_lifetimes(void **state)
{
	struct world *w = world_new(5);
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		w->party[side].cfg.ike_lifetime_s = 4 * 3600;
		w->party[side].cfg.children[0].soft.seconds = 3600;
	}
	world_up(w);
	keep_pinging(&w->party[A], 1000);
	keep_pinging(&w->party[B], 1300);
	world_run(w, 24 * 3600 * 1000);
	world_run(w, SETTLE);
	assert_no_loss(w);
	assert_int_equal(w->party[A].ups + w->party[B].ups, 2);
	world_free(w);
}

/* ---- delete and expiry ---- */

static void down_removes_everything(void **state)
{
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(side);

		world_up(w);
		party_command(&w->party[side], IKE_EV_DOWN);
		assert_int_equal(w->party[side].kernel.n_sas, 0);
		world_run(w, SETTLE);
		assert_nothing(w);
		assert_int_equal(w->party[side].down_reason, IKE_REASON_DELETED_HERE);
		assert_int_equal(w->party[!side].down_reason, IKE_REASON_DELETED_BY_PEER);
		world_free(w);
	}
}

static void down_and_up_again(void **state)
{
	struct world *w = world_new(1);
	int i;

	(void)state;
	world_up(w);
	for (i = 0; i < 5; i++) {
		party_command(&w->party[A], IKE_EV_DOWN);
		world_run(w, world_random(w, 30));
		party_command(&w->party[A], IKE_EV_UP);
		world_run(w, SETTLE);
		assert_pairs(w);
	}
	world_free(w);
}

static void hard_expiry_makes_a_new_child(void **state)
{
	enum ike_dir dir;

	(void)state;
	for (dir = IKE_IN; dir <= IKE_OUT; dir++) {
		struct world *w = world_new(dir);
		struct party *p = &w->party[A];
		uint32_t spi;

		world_up(w);
		spi = dir == IKE_OUT ? p->kernel.current[0] : p->kernel.sa[0].in.spi;
		if (dir == IKE_IN)
			assert_int_equal(p->kernel.sa[0].in.dir, IKE_IN);
		kernel_expire(p, dir, spi);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_traffic(w);
		world_free(w);
	}
}

/* Between the soft limit and the hard one there is room for a rekey whose messages get lost. */
static void limits_leave_room_for_a_rekey(void **state)
{
	static const struct {
		struct ike_limits soft;
		struct ike_limits hard;
		bool esn;
	} cases[] = {
		{ { 0, 0, 0 }, { 0, 0, 0 }, true },
		{ { 10, 1000, 300 }, { 310, 1000 + (1u << 30), 300 + (1u << 20) }, true },
		{ { 36000, 8ull << 30, 4u << 20 }, { 39600, 16ull << 30, 8u << 20 }, true },
		{ { 10, 1ull << 60, 3ull << 31 }, { 310, 1ull << 60, 3ull << 32 }, true },
		{ { 10, 3ull << 50, 3u << 30 }, { 310, 1ull << 52, UINT32_MAX }, false },
		{ { 10, 1ull << 51, 1ull << 40 }, { 310, 1ull << 52, 1ull << 40 }, false },
	};
	const struct ike_install *in;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w = world_new(1);
		w->party[A].cfg.children[0].soft = cases[i].soft;
		w->party[A].cfg.give_up_ms = 180000;
		set_esp(&w->party[A], cases[i].esn ? "aes128gcm16-esn" : "aes128gcm16-noesn");
		set_esp(&w->party[B], "aes128gcm16");
		world_up(w);
		in = &w->party[A].kernel.sa[0].in;
		assert_true(in->hard.seconds == cases[i].hard.seconds);
		assert_true(in->hard.bytes == cases[i].hard.bytes);
		assert_true(in->hard.packets == cases[i].hard.packets);
		assert_true(in->soft.packets <= cases[i].soft.packets);
		world_free(w);
	}
}

static void unconfig_removes_everything(void **state)
{
	struct world *w = world_new(1);
	struct ike_status st;

	(void)state;
	world_up(w);
	party_command(&w->party[A], IKE_EV_UNCONFIG);
	world_run(w, SETTLE);
	assert_nothing(w);
	assert_false(ike_core_status(w->party[A].core, TUNNEL, &st));
	world_free(w);
}

/* Selectors change make-before-break. */
static void reconfigured_selectors(void **state)
{
	struct world *w = world_new(1);
	struct ike_ts want;
	int side;

	(void)state;
	world_up(w);
	start_traffic(w);
	world_run(w, 100);
	for (side = A; side < N_PARTIES; side++) {
		struct ike_child_config *child = &w->party[side].cfg.children[0];

		set_ts(side == A ? &child->remote[0] : &child->local[0], "10.2.128.0/17");
	}
	party_configure(&w->party[B]);
	party_configure(&w->party[A]);
	world_run(w, 2 * SETTLE);
	assert_pairs(w);
	set_ts(&want, "10.2.128.0/17");
	assert_true(ike_ts_same(w->party[A].kernel.sa[0].in.remote, 1, &want, 1));
	assert_no_loss(w);
	world_free(w);
}

/* ---- liveness ---- */

struct watcher {
	uint64_t cut;
	uint64_t last;		/* when A last got something */
	uint64_t suspect;
	unsigned int probes;
};

static void count_probes(struct world *w, const struct datagram *d, struct fate *f)
{
	struct watcher *watcher = w->ctx;

	if (w->now < watcher->cut)
		return;
	f->copies = 0;
	if (d->from == A && !w->party[A].suspect)
		watcher->probes++;
}

static bool a_suspects(const struct world *w)
{
	return w->party[A].suspect;
}

static bool a_trusts(const struct world *w)
{
	return !w->party[A].suspect;
}

static void a_dead_peer_is_suspect_in_time(void **state)
{
	struct watcher watcher = { .cut = UINT64_MAX };
	struct world *w = world_new(1);
	uint64_t last;

	(void)state;
	w->net = count_probes;
	w->ctx = &watcher;
	w->delay = 100;
	world_up(w);
	party_ping(&w->party[B], 0);
	world_run(w, 300);
	last = w->party[A].kernel.last_in;
	watcher.cut = w->now;
	assert_true(world_run_until(w, a_suspects, 10000));
	assert_true(w->now <= last + 3000);
	assert_true(watcher.probes >= 4);
	assert_true(w->party[A].up);
	w->net = NULL;
	assert_true(world_run_until(w, a_trusts, 6000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void one_packet_ends_suspicion(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	world_up(w);
	w->net = lose_all;
	assert_true(world_run_until(w, a_suspects, 10000));
	party_ping(&w->party[B], 0);
	world_run(w, w->delay + 1);
	assert_false(w->party[A].suspect);
	world_free(w);
}

static bool never(const struct world *w)
{
	(void)w;
	return false;
}

static void a_quiet_peer_that_answers_is_not_suspect(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	world_up(w);
	world_run_until(w, never, 600000);
	assert_false(w->party[A].suspect);
	assert_false(w->party[B].suspect);
	assert_pairs(w);
	world_free(w);
}

static void silence_ends_the_ike_sa(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.give_up_ms = 30000;
	w->party[B].cfg.give_up_ms = 30000;
	world_up(w);
	w->net = lose_all;
	world_run(w, 60000);
	assert_true(world_both_down(w));
	assert_int_equal(w->party[A].down_reason, IKE_REASON_TIMEOUT);
	assert_int_equal(w->party[B].kernel.n_sas, 0);
	w->net = NULL;
	assert_true(world_run_until(w, world_both_up, 120000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void without_detection_nothing_is_sent(void **state)
{
	struct world *w = world_new(1);
	unsigned int before;

	(void)state;
	w->party[A].cfg.detect_ms = 0;
	w->party[B].cfg.detect_ms = 0;
	world_up(w);
	before = w->datagrams;
	world_run(w, 3600000);
	assert_int_equal(w->datagrams, before);
	world_free(w);
}

/* IKE is cut, ESP is not: the peer lives, and the SAs stay until there are new ones. */
static void esp_without_ike_keeps_carrier(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.give_up_ms = 20000;
	w->party[B].cfg.give_up_ms = 20000;
	world_up(w);
	keep_pinging(&w->party[A], 100);
	keep_pinging(&w->party[B], 100);
	w->net = lose_all;
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	world_run(w, 90000);
	assert_false(w->party[A].suspect);
	assert_true(w->party[A].up);
	w->net = NULL;
	world_run(w, 120000);
	assert_pairs(w);
	assert_no_loss(w);
	world_free(w);
}

/* The end that lost the IKE SA calls, also if it was the one that was called. */
static void who_loses_the_ike_sa_calls(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].cfg.give_up_ms = 20000;
	world_up(w);
	keep_pinging(&w->party[A], 100);
	keep_pinging(&w->party[B], 100);
	w->net = lose_all;
	party_command(&w->party[B], IKE_EV_REKEY_IKE);
	world_run(w, 25000);
	assert_int_not_equal(count_ike_sas(&w->party[A]), 0);
	assert_non_null(w->party[B].core->tunnels->orphans);
	w->net = NULL;
	world_run(w, 120000);
	assert_pairs(w);
	assert_no_loss(w);
	world_free(w);
}

/* SAs that a new daemon has found, of a peer that is gone: suspect as ever, and not for ever. */
static void sas_without_ike_sa_are_watched(void **state)
{
	struct world *w = world_new(1);
	struct party *a = &w->party[A];

	(void)state;
	a->cfg.give_up_ms = 20000;
	world_up(w);
	start_traffic(w);
	world_run(w, 1000);
	w->net = lose_all;
	party_crash(a);
	party_restart(&w->party[B]);
	world_run(w, 2500);
	assert_false(a->suspect);
	world_run(w, 1000);
	assert_true(a->suspect && a->up);
	assert_int_equal(a->kernel.n_sas, 2);
	world_run(w, 20000);
	assert_false(a->up);
	assert_int_equal(a->kernel.n_sas, 0);
	assert_string_equal(ike_reason_name(a->down_reason), ike_reason_name(IKE_REASON_TIMEOUT));
	world_free(w);
}

/* ---- NAT ---- */

static void behind_a_nat(struct world *w)
{
	w->nat = true;
	w->nat_addr = (struct ike_addr){ .family = 4, .ip = { 203, 0, 113, 9 } };
	w->nat_port = 33000;
	w->party[B].cfg.n_remote = 0;
}

static void a_nat_is_detected(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	behind_a_nat(w);
	world_up(w);
	assert_pairs(w);
	assert_true(w->party[A].kernel.encap && w->party[B].kernel.encap);
	assert_int_equal(w->party[A].kernel.local.port, 4500);
	assert_int_equal(w->party[A].kernel.remote.port, 4500);
	assert_int_equal(w->party[B].kernel.remote.port, 33000);
	assert_true(ike_addr_same(&w->party[B].kernel.remote, &w->nat_addr));
	world_free(w);
}

static void a_nat_gives_another_port(void **state)
{
	struct ike_event ev = { .type = IKE_EV_ROAMED, .tunnel = TUNNEL + B };
	struct world *w = world_new(1);

	(void)state;
	behind_a_nat(w);
	world_up(w);
	w->nat_port = 44000;
	ev.u.address.ok = true;
	ev.u.address.remote = w->nat_addr;
	ev.u.address.remote.port = 44000;
	party_step(&w->party[B], &ev);
	assert_int_equal(w->party[B].kernel.remote.port, 44000);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

static void forced_encapsulation(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[B].cfg.encap = IKE_ENCAP_FORCE;
	world_up(w);
	assert_pairs(w);
	assert_true(w->party[A].kernel.encap && w->party[B].kernel.encap);
	world_free(w);
}

static void mobike_moves_the_tunnel(void **state)
{
	struct ike_event ev = { .type = IKE_EV_ROAMED, .tunnel = TUNNEL };
	struct world *w = world_new(1);
	struct party *a = &w->party[A];

	(void)state;
	a->cfg.mobike = true;
	w->party[B].cfg.mobike = true;
	a->cfg.local.family = 0;
	world_up(w);
	a->addr.ip[3] = 77;
	ev.u.address.ok = true;
	ev.u.address.local = a->addr;
	party_step(a, &ev);
	world_run(w, 1000);
	assert_true(ike_addr_same(&w->party[B].kernel.remote, &a->addr));
	assert_true(ike_addr_same(&a->kernel.local, &a->addr));
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

/* RFC 4555 section 3.5: only the one who began says where the SAs are to go. */
static void only_a_updates(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	static const uint8_t update[] = { 0, 8, 0, 0, IKE_NOTIFY_UPDATE_SA_ADDRESSES >> 8,
					  IKE_NOTIFY_UPDATE_SA_ADDRESSES & 255 };

	if (!memmem(data, len, update, sizeof(update)))
		return;
	assert_int_equal(from->side, A);
	++*(unsigned int *)w->ctx;
}

/* Also after rekeys of the IKE SA that the other one has initiated. */
static void the_responder_moves(void **state)
{
	int rekeyed_by;

	(void)state;
	for (rekeyed_by = -1; rekeyed_by < N_PARTIES; rekeyed_by++) {
		struct world *w = world_new(1);
		unsigned int updates = 0;
		int side;
		int i;

		for (side = A; side < N_PARTIES; side++) {
			w->party[side].cfg.mobike = true;
			w->party[side].cfg.local.family = 0;
		}
		world_up(w);
		w->plain = only_a_updates;
		w->ctx = &updates;
		if (rekeyed_by >= 0)
			party_command(&w->party[rekeyed_by], IKE_EV_REKEY_IKE);
		world_run(w, 1000);
		for (i = 0; i < 2; i++) {
			party_move(&w->party[i ? A : B], 77 + i);
			world_run(w, 2000);
			assert_int_equal(updates, i + 1);
			for (side = A; side < N_PARTIES; side++) {
				struct kernel *k = &w->party[side].kernel;

				assert_true(ike_addr_same(&k->local, &w->party[side].addr));
				assert_true(ike_addr_same(&k->remote, &w->party[!side].addr));
			}
			assert_traffic(w);
		}
		world_run(w, SETTLE);
		assert_pairs(w);
		world_free(w);
	}
}

/* Without MOBIKE the peer cannot be told: there is another IKE SA, and until then the old port. */
static void a_move_without_mobike(void **state)
{
	struct world *w = world_new(1);
	struct party *a = &w->party[A];
	uint64_t spi;

	(void)state;
	a->cfg.local.family = 0;
	w->party[B].cfg.n_remote = 0;
	world_up(w);
	spi = current_ike_spi(a);
	party_move(a, 77);
	assert_int_equal(a->kernel.local.port, 500);
	assert_int_equal(a->kernel.remote.port, 500);
	world_run(w, SETTLE);
	assert_pairs(w);
	assert_true(spi != current_ike_spi(a));
	assert_true(ike_addr_same(&w->party[B].kernel.remote, &a->addr));
	world_free(w);
}

static void only_b_speaks(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	assert_int_equal(d->from, B);
	f->copies = 0;
}

/* An address that several hosts share by turns (VRRP): nothing is said without it. */
static void the_own_address_leaves_and_returns(void **state)
{
	struct ike_event ev = { .type = IKE_EV_ROAMED, .tunnel = TUNNEL };
	struct world *w = world_new(1);
	struct party *a = &w->party[A];

	(void)state;
	world_up(w);
	a->resolves = false;
	w->net = only_b_speaks;
	party_step(a, &ev);
	assert_int_equal(a->kernel.n_sas, 0);
	assert_int_equal(a->down_reason, IKE_REASON_NO_ADDRESS);
	world_run(w, 60000);
	w->net = NULL;
	assert_true(a->fails > 3);
	a->resolves = true;
	ev.u.address.ok = true;
	ev.u.address.local = a->addr;
	party_step(a, &ev);
	world_run(w, 1000);
	assert_true(a->up);
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

/* ---- fragments ---- */

static void longest_datagram(struct world *w, const struct datagram *d, struct fate *f)
{
	size_t *longest = w->ctx;

	(void)f;
	if (d->exchange != IKE_EXCH_SA_INIT && d->len > *longest)
		*longest = d->len;
}

/* RFC 7383, and a loss in the middle of a message. */
static void long_messages_are_fragmented(void **state)
{
	struct world *w = world_new(1);
	size_t longest = 0;
	int side;
	int i;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct ike_child_config *child = &w->party[side].cfg.children[0];
		char text[32];

		for (i = 0; i < IKE_MAX_TS; i++) {
			snprintf(text, sizeof(text), "2001:db8:%x:%x::/64", side, i);
			set_ts(&child->local[i], text);
			snprintf(text, sizeof(text), "2001:db8:%x:%x::/64", !side, i);
			set_ts(&child->remote[i], text);
		}
		child->n_local = IKE_MAX_TS;
		child->n_remote = IKE_MAX_TS;
		w->party[side].cfg.fragment_size = 576;
	}
	w->net = longest_datagram;
	w->ctx = &longest;
	world_up(w);
	assert_true(w->datagrams > 4);
	assert_true(longest <= 576 - 28);
	assert_pairs(w);
	world_free(w);
}

/* ---- a peer that starts again ---- */

/* RFC 7296 section 2.4: INITIAL_CONTACT clears what the peer has forgotten. */
static void a_peer_that_rebooted(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	world_up(w);
	party_reboot(&w->party[A]);
	party_command(&w->party[A], IKE_EV_UP);
	assert_true(world_run_until(w, world_both_up, 10000));
	world_run(w, 1000);
	assert_pairs(w);
	world_free(w);
}

static void a_rebooted_peer_is_called_again(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.give_up_ms = 20000;
	world_up(w);
	party_reboot(&w->party[B]);
	world_run(w, 60000);
	assert_pairs(w);
	world_free(w);
}

/* The daemon is new, its kernel is not: the old SAs carry until the new ones have. */
static void a_new_daemon_takes_over(void **state)
{
	struct world *w = world_new(1);
	struct party *a = &w->party[A];
	struct ike_event ev = { .type = IKE_EV_ADOPTED, .tunnel = TUNNEL };
	struct kernel kernel;
	int i;

	(void)state;
	world_up(w);
	start_traffic(w);
	world_run(w, 1000);
	kernel = a->kernel;
	party_restart(a);
	a->kernel = kernel;
	a->cfg.start = IKE_START_NOW;
	party_configure(a);
	for (i = 0; i < 2; i++)
		*(kernel.sa[i].in.dir == IKE_IN ? &ev.u.adopted.spi_in : &ev.u.adopted.spi_out) =
			kernel.sa[i].in.spi;
	party_step(a, &ev);
	world_run(w, 2 * SETTLE);
	assert_pairs(w);
	assert_no_loss(w);
	world_free(w);
}

/* ---- crossings ---- */

struct crossing {
	const char *name;
	enum ike_event_type a;
	enum ike_event_type b;
	bool up;	/* both ends are up in the end */
};

static const struct crossing crossings[] = {
	{ "both rekey the Child SA", IKE_EV_REKEY_CHILD, IKE_EV_REKEY_CHILD, true },
	{ "both rekey the IKE SA", IKE_EV_REKEY_IKE, IKE_EV_REKEY_IKE, true },
	{ "Child against IKE", IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE, true },
	{ "IKE against Child", IKE_EV_REKEY_IKE, IKE_EV_REKEY_CHILD, true },
	{ "down against Child", IKE_EV_DOWN, IKE_EV_REKEY_CHILD, false },
	{ "Child against down", IKE_EV_REKEY_CHILD, IKE_EV_DOWN, false },
	{ "down against IKE", IKE_EV_DOWN, IKE_EV_REKEY_IKE, false },
	{ "IKE against down", IKE_EV_REKEY_IKE, IKE_EV_DOWN, false },
	{ "both down", IKE_EV_DOWN, IKE_EV_DOWN, false },
};

static void run_crossing(const struct crossing *x, uint64_t seed, uint64_t skew)
{
	struct world *w = world_new(seed);
	bool late_b = seed & 1;

	snprintf(w->label, sizeof(w->label), "%s, %u ms apart", x->name, (unsigned int)skew);
	world_up(w);
	start_traffic(w);
	world_run(w, 50);
	world_call(w, &w->party[A], late_b ? 0 : skew, command, x->a);
	world_call(w, &w->party[B], late_b ? skew : 0, command, x->b);
	world_run(w, 2 * SETTLE);
	if (x->up) {
		assert_pairs(w);
		assert_no_loss(w);
		assert_int_equal(w->party[A].ups + w->party[B].ups, 2);
	} else {
		assert_nothing(w);
	}
	world_free(w);
}

/* Requests that pass each other on the way, by less than and by about a round trip of 20 ms. */
static void crossing_requests(void **state)
{
	static const uint64_t skews[] = { 0, 3, 9, 11, 19, 21, 29, 31, 45 };
	uint64_t seed;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(crossings); i++)
		for (k = 0; k < ARRAY_SIZE(skews); k++)
			for (seed = 0; seed < 6; seed++)
				run_crossing(&crossings[i], seed, skews[k]);
}

/* What A has seen come: IKE SAs or Child SAs, each with the lowest nonce of its exchange. */
struct births {
	size_t n;
	uint32_t serial[4];
	struct ike_nonce low[4];
};

static void note_birth(struct births *b, uint32_t serial, const struct ike_nonce *ni,
		       const struct ike_nonce *nr)
{
	size_t i;

	for (i = 0; i < b->n && b->serial[i] != serial; i++)
		;
	/* Not yet answered. */
	if (i < b->n || !ni->len || !nr->len)
		return;
	assert_true(b->n < ARRAY_SIZE(b->serial));
	b->serial[b->n] = serial;
	b->low[b->n++] = memcmp(ni->data, nr->data, IKE_NONCE_LEN) < 0 ? *ni : *nr;
}

static void note_births(const struct party *p, bool children, struct births *b)
{
	const struct ike_child *child;
	const struct ike_sa *sa;

	for (sa = p->core->sas; sa; sa = sa->next) {
		if (!children)
			note_birth(b, sa->serial, &sa->ni, &sa->nr);
		for (child = sa->children; children && child; child = child->next)
			note_birth(b, child->serial, &child->ni, &child->nr);
	}
}

static void assert_lowest_lost(uint64_t seed, bool children)
{
	enum ike_event_type event = children ? IKE_EV_REKEY_CHILD : IKE_EV_REKEY_IKE;
	struct world *w = world_new(seed);
	struct births b = { 0 };
	uint32_t left;
	int ms;

	world_up(w);
	note_births(&w->party[A], children, &b);
	assert_int_equal(b.n, 1);
	party_command(&w->party[A], event);
	party_command(&w->party[B], event);
	for (ms = 0; ms < 200; ms++) {
		world_run(w, 1);
		note_births(&w->party[A], children, &b);
	}
	world_run(w, 2 * SETTLE);
	assert_pairs(w);
	assert_int_equal(b.n, 3);
	left = children ? w->party[A].core->sas->children->serial : w->party[A].core->sas->serial;
	assert_true(left == b.serial[1] || left == b.serial[2]);
	assert_true((memcmp(b.low[1].data, b.low[2].data, IKE_NONCE_LEN) > 0) ==
		    (left == b.serial[1]));
	world_free(w);
}

/* RFC 7296 sections 2.8.1 and 2.8.2. */
static void the_exchange_with_the_lowest_nonce_loses(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 8; seed++) {
		assert_lowest_lost(seed, true);
		assert_lowest_lost(seed, false);
	}
}

/* Down while our own request is on its way, at any time until long after its response. */
static void down_during_ones_own_request(void **state)
{
	static const enum ike_event_type requests[] = { IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE };
	uint64_t wait;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		for (wait = 0; wait < 60; wait += 5) {
			struct world *w = world_new(wait);

			world_up(w);
			party_command(&w->party[A], requests[i]);
			world_run(w, wait);
			party_command(&w->party[A], IKE_EV_DOWN);
			world_run(w, SETTLE);
			assert_nothing(w);
			assert_int_equal(w->party[A].ups, 1);
			world_free(w);
		}
}

static void both_connect_at_once(void **state)
{
	uint64_t seed, skew;

	(void)state;
	for (seed = 0; seed < 8; seed++)
		for (skew = 0; skew < 60; skew += 4) {
			struct world *w = world_new(seed);

			world_configure(w);
			world_call(w, &w->party[A], 0, command, IKE_EV_UP);
			world_call(w, &w->party[B], skew, command, IKE_EV_UP);
			world_run(w, 3000);
			start_traffic(w);
			world_run(w, 2 * SETTLE);
			assert_pairs(w);
			assert_no_loss(w);
			world_free(w);
		}
}

/* ---- loss, repetition, delay of every single message ---- */

struct mishap {
	unsigned int number;
	struct fate fate;
};

static void one_mishap(struct world *w, const struct datagram *d, struct fate *f)
{
	const struct mishap *mishap = w->ctx;

	if (d->number == mishap->number)
		*f = mishap->fate;
}

struct story {
	const char *name;
	enum ike_event_type event;
	int side;
	bool up;
};

static const struct story stories[] = {
	{ "set-up", IKE_EV_UP, A, true },
	{ "rekey of the Child SA", IKE_EV_REKEY_CHILD, A, true },
	{ "rekey of the Child SA by the other", IKE_EV_REKEY_CHILD, B, true },
	{ "rekey of the IKE SA", IKE_EV_REKEY_IKE, A, true },
	{ "rekey of the IKE SA by the other", IKE_EV_REKEY_IKE, B, true },
	{ "down", IKE_EV_DOWN, A, false },
	{ "down by the other", IKE_EV_DOWN, B, false },
};

/* Return: datagrams it took. */
static unsigned int tell(const struct story *s, struct mishap *mishap)
{
	struct world *w = world_new(mishap->number);
	unsigned int n;

	snprintf(w->label, sizeof(w->label), "%s, message %u", s->name, mishap->number);
	w->net = one_mishap;
	w->ctx = mishap;
	world_up(w);
	start_traffic(w);
	party_command(&w->party[s->side], s->event);
	world_run(w, 2 * SETTLE);
	n = w->datagrams;
	if (s->up) {
		assert_pairs(w);
		assert_no_loss(w);
	} else {
		assert_nothing(w);
	}
	world_free(w);
	return n;
}

static void every_message_may_meet_this(const struct fate *fate)
{
	struct mishap mishap = { .fate = *fate };
	unsigned int n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stories); i++) {
		mishap.number = UINT32_MAX;
		n = tell(&stories[i], &mishap);
		for (mishap.number = 0; mishap.number < n; mishap.number++)
			tell(&stories[i], &mishap);
	}
}

static void every_message_may_be_lost(void **state)
{
	const struct fate lost = { .copies = 0 };

	(void)state;
	every_message_may_meet_this(&lost);
}

static void every_message_may_come_twice(void **state)
{
	const struct fate twice = { .copies = 2, .delay = { 10, 25 } };

	(void)state;
	every_message_may_meet_this(&twice);
}

static void every_message_may_be_late(void **state)
{
	const struct fate late = { .copies = 1, .delay = { 700 } };
	const struct fate much_later = { .copies = 2, .delay = { 10, 4000 } };

	(void)state;
	every_message_may_meet_this(&late);
	every_message_may_meet_this(&much_later);
}

/* ---- repeats are the same octets (RFC 7296 section 2.1) ---- */

struct record {
	uint8_t data[2][2048];
	size_t len[2];
	unsigned int n;
};

static void record_first(struct world *w, const struct datagram *d, struct fate *f)
{
	struct record *r = w->ctx;

	if (d->from != B || d->exchange != IKE_EXCH_AUTH || !d->response || r->n == 2)
		return;
	assert_true(d->len <= sizeof(r->data[0]));
	memcpy(r->data[r->n], d->data, d->len);
	r->len[r->n++] = d->len;
	f->copies = r->n > 1;
}

static void a_response_is_repeated_as_it_was(void **state)
{
	struct world *w = world_new(1);
	struct record r = { 0 };

	(void)state;
	w->net = record_first;
	w->ctx = &r;
	world_up(w);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.len[0], r.len[1]);
	assert_memory_equal(r.data[0], r.data[1], r.len[0]);
	assert_pairs(w);
	world_free(w);
}

/* ---- messages of IKE SAs that are not there (RFC 7296 section 2.21.4) ---- */

struct zombie {
	unsigned int seen;
	uint8_t last[256];
	size_t len;
};

static void count_invalid_spi(struct world *w, const struct datagram *d, struct fate *f)
{
	struct zombie *z = w->ctx;
	struct ike_header h;

	(void)f;
	if (d->from != B || !d->response || d->exchange != IKE_EXCH_INFORMATIONAL ||
	    d->len > sizeof(z->last) || !ike_header_get(d->data, d->len, &h) ||
	    h.next != IKE_P_NOTIFY)
		return;
	z->seen++;
	memcpy(z->last, d->data, d->len);
	z->len = d->len;
}

/* A request of an IKE SA that B has lost is answered so, and not more often than it may be. */
static void an_ike_sa_that_is_lost(void **state)
{
	struct world *w = world_new(1);
	struct zombie z = { 0 };
	struct ike_notify_view n;
	struct ike_payloads ps;
	struct ike_header h;
	struct ike_chunk chain;
	int i;

	(void)state;
	w->party[A].cfg.detect_ms = 3000;
	world_up(w);
	w->ctx = &z;
	w->net = count_invalid_spi;
	w->party[B].cfg.start = IKE_START_MANUAL;
	party_reboot(&w->party[B]);
	world_run(w, 2000);
	assert_true(z.seen > 0);
	assert_true(ike_header_get(z.last, z.len, &h));
	assert_true(h.flags & IKE_FLAG_RESPONSE);
	chain = (struct ike_chunk){ z.last + IKE_HEADER_LEN, z.len - IKE_HEADER_LEN };
	assert_true(ike_payloads_get(h.next, chain, &ps));
	assert_true(ike_notify_find(&ps, IKE_NOTIFY_INVALID_IKE_SPI, &n));
	z.seen = 0;
	for (i = 0; i < 1000; i++) {
		struct ike_event ev = { .type = IKE_EV_DATAGRAM };
		uint8_t request[IKE_HEADER_LEN + 40] = { 0 };

		request[0] = 1 + i % 100;
		request[8] = 7;
		request[16] = IKE_P_SK;
		request[17] = IKE_VERSION;
		request[18] = IKE_EXCH_INFORMATIONAL;
		request[19] = IKE_FLAG_INITIATOR;
		request[27] = sizeof(request);
		ev.u.datagram.local = w->party[B].addr;
		ev.u.datagram.remote = w->party[A].addr;
		ev.u.datagram.local.port = ev.u.datagram.remote.port = 500;
		ev.u.datagram.data = request;
		ev.u.datagram.len = sizeof(request);
		party_step(&w->party[B], &ev);
	}
	assert_in_range(z.seen, 1, 10);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),
		cmocka_unit_test(start_now_needs_no_command),
		cmocka_unit_test(start_on_traffic_waits_for_traffic),
		cmocka_unit_test(without_child_sa),
		cmocka_unit_test(several_child_sas),
		cmocka_unit_test(every_ike_algorithm),
		cmocka_unit_test(every_esp_algorithm),
		cmocka_unit_test(every_group),
		cmocka_unit_test(default_proposals_suit_each_other),
		cmocka_unit_test(another_group_is_asked_for),
		cmocka_unit_test(forward_secrecy_is_offered_to_a_peer_that_insists),
		cmocka_unit_test(other_algorithms_are_refused_with_groups_as_well),
		cmocka_unit_test(the_responder_narrows),
		cmocka_unit_test(narrowed_selectors_survive_a_rekey),
		cmocka_unit_test(no_common_proposal),
		cmocka_unit_test(no_common_esp_proposal),
		cmocka_unit_test(no_common_selectors),
		cmocka_unit_test(secrets_that_differ),
		cmocka_unit_test(no_secret_here),
		cmocka_unit_test(no_secret_there),
		cmocka_unit_test(an_identity_nobody_knows),
		cmocka_unit_test(a_peer_that_is_somebody_else),
		cmocka_unit_test(any_identity_will_do),
		cmocka_unit_test(no_address),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(the_kernel_has_no_spi),
		cmocka_unit_test(the_key_process_is_killed),
		cmocka_unit_test(an_spi_of_another_sa_is_refused),
		cmocka_unit_test(a_peer_that_deletes_nothing),
		cmocka_unit_test(the_kernel_refuses_an_sa),
		cmocka_unit_test(cookies_under_a_flood),
		cmocka_unit_test(one_address_is_greedy),
		cmocka_unit_test(forged_in_the_peers_name),
		cmocka_unit_test(cookies_and_another_group),
		cmocka_unit_test(rekey_child_loses_nothing),
		cmocka_unit_test(a_replaced_child_is_not_deleted_at_once),
		cmocka_unit_test(rekey_child_without_traffic),
		cmocka_unit_test(rekey_child_whose_answer_is_late),
		cmocka_unit_test(rekey_child_without_traffic_is_confirmed),
		cmocka_unit_test(rekey_ike_keeps_the_child),
		cmocka_unit_test(a_day_of_lifetimes),
		cmocka_unit_test(down_removes_everything),
		cmocka_unit_test(down_and_up_again),
		cmocka_unit_test(hard_expiry_makes_a_new_child),
		cmocka_unit_test(limits_leave_room_for_a_rekey),
		cmocka_unit_test(unconfig_removes_everything),
		cmocka_unit_test(reconfigured_selectors),
		cmocka_unit_test(a_dead_peer_is_suspect_in_time),
		cmocka_unit_test(one_packet_ends_suspicion),
		cmocka_unit_test(a_quiet_peer_that_answers_is_not_suspect),
		cmocka_unit_test(silence_ends_the_ike_sa),
		cmocka_unit_test(without_detection_nothing_is_sent),
		cmocka_unit_test(esp_without_ike_keeps_carrier),
		cmocka_unit_test(who_loses_the_ike_sa_calls),
		cmocka_unit_test(sas_without_ike_sa_are_watched),
		cmocka_unit_test(a_nat_is_detected),
		cmocka_unit_test(a_nat_gives_another_port),
		cmocka_unit_test(forced_encapsulation),
		cmocka_unit_test(mobike_moves_the_tunnel),
		cmocka_unit_test(the_responder_moves),
		cmocka_unit_test(a_move_without_mobike),
		cmocka_unit_test(the_own_address_leaves_and_returns),
		cmocka_unit_test(long_messages_are_fragmented),
		cmocka_unit_test(a_peer_that_rebooted),
		cmocka_unit_test(a_rebooted_peer_is_called_again),
		cmocka_unit_test(a_new_daemon_takes_over),
		cmocka_unit_test(crossing_requests),
		cmocka_unit_test(the_exchange_with_the_lowest_nonce_loses),
		cmocka_unit_test(down_during_ones_own_request),
		cmocka_unit_test(both_connect_at_once),
		cmocka_unit_test(every_message_may_be_lost),
		cmocka_unit_test(every_message_may_come_twice),
		cmocka_unit_test(every_message_may_be_late),
		cmocka_unit_test(a_response_is_repeated_as_it_was),
		cmocka_unit_test(an_ike_sa_that_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
