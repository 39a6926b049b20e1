// SPDX-License-Identifier: GPL-2.0
/* What a profile says of retransmission, dead peers, closed tunnels, DSCP and padding. */
#include <string.h>

#include "party.h"

enum {
	SETTLE = 20000,
};

static void lose_all(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	(void)d;
	f->copies = 0;
}

/* ---- what becomes of a tunnel ---- */

static const struct ending {
	enum ike_again again;
	bool by_itself;
	bool by_traffic;
} endings[] = {
	{ IKE_AGAIN_AUTO, true, true },
	{ IKE_AGAIN_CLEAR, false, false },
	{ IKE_AGAIN_HOLD, false, true },
	{ IKE_AGAIN_RESTART, true, true },
};

/* A is down now: by itself, by traffic, or by command only. */
static void assert_ending(struct world *w, const struct ending *e)
{
	struct party *a = &w->party[A];

	world_run(w, 90000);
	assert_int_equal(a->up, e->by_itself);
	party_command(a, IKE_EV_ACQUIRE);
	world_run(w, 5000);
	assert_int_equal(a->up, e->by_traffic);
	party_command(a, IKE_EV_UP);
	world_run(w, SETTLE);
	assert_pairs(w);
	assert_traffic(w);
}

static void a_peer_that_was_given_up(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct world *w = world_new(i);

		w->party[A].cfg.give_up_ms = 30000;
		w->party[B].cfg.give_up_ms = 30000;
		w->party[A].cfg.when_dead = endings[i].again;
		world_up(w);
		w->net = lose_all;
		world_run(w, 60000);
		assert_true(world_both_down(w));
		assert_int_equal(w->party[A].down_reason, IKE_REASON_TIMEOUT);
		w->net = NULL;
		assert_ending(w, &endings[i]);
		world_free(w);
	}
}

static void a_peer_that_closes_the_tunnel(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct world *w = world_new(i);

		w->party[A].cfg.when_closed = endings[i].again;
		world_up(w);
		party_command(&w->party[B], IKE_EV_UNCONFIG);
		world_run(w, 100);
		assert_false(w->party[A].up);
		party_configure(&w->party[B]);
		assert_ending(w, &endings[i]);
		world_free(w);
	}
}

/* The IKE SA stays. */
static void a_peer_that_closes_the_child(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct world *w = world_new(i);
		struct ike_status st;
		uint64_t spi;

		w->party[A].cfg.when_closed = endings[i].again;
		world_up(w);
		spi = w->party[A].core->sas->spi_i;
		w->party[B].core->sas->children->want_delete = true;
		party_command(&w->party[B], IKE_EV_TIMER);
		world_run(w, 100);
		assert_false(w->party[A].up);
		assert_ending(w, &endings[i]);
		assert_true(ike_core_status(w->party[A].core, TUNNEL, &st));
		assert_true(st.spi_i == spi);
		world_free(w);
	}
}

static void the_one_who_was_called_calls(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.give_up_ms = 30000;
	w->party[B].cfg.give_up_ms = 30000;
	w->party[A].cfg.when_dead = IKE_AGAIN_CLEAR;
	w->party[B].cfg.when_dead = IKE_AGAIN_RESTART;
	world_up(w);
	w->net = lose_all;
	world_run(w, 60000);
	assert_true(world_both_down(w));
	w->net = NULL;
	assert_true(world_run_until(w, world_both_up, 90000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

/* Down by command is stronger than what the peer or its silence would bring about. */
static void down_stays_down(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.when_dead = IKE_AGAIN_RESTART;
	w->party[A].cfg.when_closed = IKE_AGAIN_RESTART;
	world_up(w);
	w->net = lose_all;
	party_command(&w->party[A], IKE_EV_DOWN);
	world_run(w, 60000);
	w->net = NULL;
	world_run(w, 400000);
	assert_nothing(w);
	world_free(w);
}

/* Nobody is asked for traffic that comes in by ESP: then the peer is not dead, whatever IKE says. */
static void keep_pinging(struct party *p, uint64_t every)
{
	party_ping(p, 0);
	world_call(p->w, p, every, keep_pinging, every);
}

static void esp_that_arrives_is_no_dead_peer(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.give_up_ms = 30000;
	w->party[A].cfg.when_dead = IKE_AGAIN_CLEAR;
	world_up(w);
	keep_pinging(&w->party[B], 100);
	w->net = lose_all;
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 60000);
	assert_true(w->party[A].up);
	w->net = NULL;
	world_run(w, 120000);
	assert_true(w->party[A].up);
	assert_int_equal(count_ike_sas(&w->party[A]), 1);
	world_free(w);
}

/* ---- asking ---- */

struct counter {
	unsigned int from[N_PARTIES];
	bool lose;
};

static void count(struct world *w, const struct datagram *d, struct fate *f)
{
	struct counter *n = w->ctx;

	n->from[d->from] += !d->response;
	if (n->lose)
		f->copies = 0;
}

static void a_request_is_repeated_so_often(void **state)
{
	unsigned int limit;

	(void)state;
	for (limit = 1; limit < 8; limit += 3) {
		struct counter n = { .lose = true };
		struct world *w = world_new(limit);

		w->party[A].cfg.retransmit_limit = limit;
		w->party[A].cfg.detect_ms = 0;
		w->party[B].cfg.detect_ms = 0;
		w->party[A].cfg.when_dead = IKE_AGAIN_CLEAR;
		world_up(w);
		w->ctx = &n;
		w->net = count;
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, 60000);
		assert_int_equal(n.from[A], 1 + limit);
		assert_false(w->party[A].up);
		assert_int_equal(w->party[A].down_reason, IKE_REASON_TIMEOUT);
		world_free(w);
	}
}

/* Without detection nobody becomes suspect, but a dead peer is given up. */
static void probes_without_detection(void **state)
{
	struct counter n = { 0 };
	struct world *w = world_new(1);
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		w->party[side].cfg.detect_ms = 0;
		w->party[side].cfg.probe_ms = 5000;
		w->party[side].cfg.give_up_ms = 20000;
		w->party[side].cfg.when_dead = IKE_AGAIN_CLEAR;
	}
	world_up(w);
	w->ctx = &n;
	w->net = count;
	world_run(w, 60000);
	assert_in_range(n.from[A] + n.from[B], 10, 13);
	assert_true(world_both_up(w));
	n.lose = true;
	world_run(w, 5000 + 15000);
	assert_true(world_both_up(w));
	assert_false(w->party[A].suspect || w->party[B].suspect);
	world_run(w, 10000);
	assert_true(world_both_down(w));
	world_free(w);
}

/* The later a peer is asked, the faster it is asked again: four times until it is suspect. */
static void a_delay_of_one_s_own(void **state)
{
	static const uint32_t delays[] = { 100, 500, 1000, 1500 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		struct counter n = { .lose = true };
		struct world *w = world_new(i);
		uint64_t last;

		w->party[A].cfg.probe_ms = delays[i];
		w->party[B].cfg.detect_ms = 0;
		world_up(w);
		party_ping(&w->party[B], 0);
		world_run(w, w->delay + 1);
		last = w->party[A].kernel.last_in;
		w->ctx = &n;
		w->net = count;
		world_run(w, last + 2690 - w->now);
		assert_false(w->party[A].suspect);
		assert_true(n.from[A] >= 4);
		world_run(w, last + 3000 - w->now);
		assert_true(w->party[A].suspect);
		world_free(w);
	}
}

/* ---- on the wire ---- */

static void assert_dscp(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)f;
	assert_int_equal(d->dscp, w->party[d->from].cfg.dscp);
}

static void every_datagram_has_its_dscp(void **state)
{
	struct world *w = world_new(1);

	(void)state;
	w->party[A].cfg.dscp = 46;
	w->party[B].cfg.dscp = 48;
	w->net = assert_dscp;
	world_up(w);
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	w->party[A].cfg.dscp = 10;
	party_configure(&w->party[A]);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
	world_run(w, SETTLE);
	assert_pairs(w);
	party_command(&w->party[A], IKE_EV_DOWN);
	world_run(w, SETTLE);
	world_free(w);
}

/* ---- padding ---- */

/* What says that MOBIKE is supported says that padding is not. */
static void refuse_tfc(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	static const uint8_t mobike[] = { 0, 8, 0, 0, IKE_NOTIFY_MOBIKE_SUPPORTED >> 8,
					  IKE_NOTIFY_MOBIKE_SUPPORTED & 255 };
	uint8_t *at = memmem(data, len, mobike, sizeof(mobike));

	if (at && from->side == *(int *)w->ctx)
		at[5] = IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED & 255;
}

static bool without_tfc(struct party *p)
{
	const struct kernel_sa *sa = kernel_find(p, IKE_OUT, p->kernel.current[0]);

	return sa->in.tag[9] & IKE_TAG_NO_TFC;
}

static void a_peer_that_takes_no_padding(void **state)
{
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		struct world *w = world_new(side);

		w->party[A].cfg.mobike = true;
		w->party[B].cfg.mobike = true;
		w->ctx = &side;
		w->plain = refuse_tfc;
		world_up(w);
		assert_true(without_tfc(&w->party[!side]));
		assert_false(without_tfc(&w->party[side]));
		/* It holds for that Child SA alone. */
		w->plain = NULL;
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_false(without_tfc(&w->party[!side]));
		assert_pairs(w);
		world_free(w);
	}
}

/* ---- forward secrecy ---- */

static void set_esp(struct party *p, const char *text)
{
	struct ike_proposals *list = &p->cfg.children[0].proposals;
	char err[IKE_MAX_TEXT];

	list->n = 1;
	if (!ike_proposal_parse(text, IKE_PROTO_ESP, true, &list->p[0], err, sizeof(err)))
		fail_msg("%s", err);
}

/* A peer that insists on it is refused in the end: then nothing is rekeyed. */
static void no_groups_at_all(void **state)
{
	struct world *w = world_new(1);
	uint32_t spi;

	(void)state;
	set_esp(&w->party[A], "aes256gcm16");
	set_esp(&w->party[B], "aes256gcm16-x25519");
	w->party[A].cfg.children[0].no_groups = true;
	world_up(w);
	spi = w->party[A].kernel.current[0];
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 1000);
	assert_int_equal(w->party[A].explained.count, 1);
	assert_int_equal(w->party[A].explained.e.reason, IKE_REASON_NO_PROPOSAL_CHOSEN);
	assert_int_equal(w->party[A].kernel.current[0], spi);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_was_given_up),
		cmocka_unit_test(a_peer_that_closes_the_tunnel),
		cmocka_unit_test(a_peer_that_closes_the_child),
		cmocka_unit_test(the_one_who_was_called_calls),
		cmocka_unit_test(down_stays_down),
		cmocka_unit_test(esp_that_arrives_is_no_dead_peer),
		cmocka_unit_test(a_request_is_repeated_so_often),
		cmocka_unit_test(probes_without_detection),
		cmocka_unit_test(a_delay_of_one_s_own),
		cmocka_unit_test(every_datagram_has_its_dscp),
		cmocka_unit_test(a_peer_that_takes_no_padding),
		cmocka_unit_test(no_groups_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
