// SPDX-License-Identifier: GPL-2.0
/*
 * IKE SAs that outlive the daemon. Each end is killed at every point of every exchange: before a
 * datagram or another event is looked at, and before each thing that follows from it is done. It
 * resumes from what it stored last, and both ends go on as if nothing had happened. world.c sees to it
 * that no message id and no IV is used for two things.
 */

#include "party.h"

enum {
	SETTLE = 12000,		/* nothing lingers any more */
	END = 90000,
	PING_EVERY = 50,
	HEADER = 5 + 8 + 32,	/* magic, version, time, digest */
};

static void ping(struct party *p, uint64_t every)
{
	uint8_t child;

	for (child = 0; child < p->cfg.n_children; child++)
		party_ping(p, child);
	world_call(p->w, p, every, ping, every);
}

/* Every other one is protected by a PPK. */
static struct world *world_with_traffic(uint64_t seed)
{
	struct world *w = world_new(seed);

	if (seed % 2) {
		party_ppk(&w->party[A], "a-ppk", "a post-quantum secret", true);
		party_ppk(&w->party[B], "a-ppk", "a post-quantum secret", true);
	}
	w->party[A].cfg.mobike = true;
	w->party[B].cfg.mobike = true;
	w->party[A].cfg.give_up_ms = 20000;
	w->party[B].cfg.give_up_ms = 20000;
	w->answer_delay = 20;
	world_up(w);
	ping(&w->party[A], PING_EVERY);
	ping(&w->party[B], PING_EVERY);
	world_run(w, SETTLE);
	return w;
}

static void kill_and_resume(struct party *p)
{
	party_die(p);
	world_run(p->w, p->down_for + 1);
	assert_true(p->resumed);
}

static bool same_ike_sa(const struct world *w, uint64_t spi_i, uint64_t spi_r)
{
	const struct ike_sa *sa = w->party[A].core->sas;

	return sa->spi_i == spi_i && sa->spi_r == spi_r;
}

/* ---- stories ---- */

static void rekey_child(struct world *w)
{
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
}

static void rekey_ike(struct world *w)
{
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
}

static void both_rekey_child(struct world *w)
{
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
}

static void both_rekey_ike(struct world *w)
{
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	party_command(&w->party[B], IKE_EV_REKEY_IKE);
}

static void rekeys_cross(struct world *w)
{
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	party_command(&w->party[B], IKE_EV_REKEY_CHILD);
}

static void probe(struct world *w)
{
	w->party[A].core->sas->want_probe = true;
	party_command(&w->party[A], IKE_EV_HEARD);
}

static void move(struct world *w)
{
	party_move(&w->party[A], 77);
}

static void expire(struct world *w)
{
	struct kernel *k = &w->party[A].kernel;

	kernel_expire(&w->party[A], k->sa[0].in.dir, k->sa[0].in.spi);
}

static void no_spi(struct world *w)
{
	w->party[B].kernel.refuse_spi = 1;
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
}

static void repeated(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)d;
	f->copies = 2;
	f->delay[1] = 3 * w->delay;
}

static void lossy(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	f->copies = d->number % 3 != 0;
}

/**
 * struct story - what is going on when one end is killed
 * @name: of it
 * @begin: set it off
 * @same: the IKE SA is the same in the end
 * @lossless: no packet gets lost
 * @net: fate of datagrams, or NULL
 */
static const struct story {
	const char *name;
	void (*begin)(struct world *w);
	bool same;
	bool lossless;
	void (*net)(struct world *w, const struct datagram *d, struct fate *f);
} stories[] = {
	{ "Child rekey", rekey_child, true, true, NULL },
	{ "IKE rekey", rekey_ike, false, true, NULL },
	{ "Child rekeys that cross", both_rekey_child, true, true, NULL },
	{ "IKE rekeys that cross", both_rekey_ike, false, true, NULL },
	{ "IKE rekey and Child rekey", rekeys_cross, false, true, NULL },
	{ "probe", probe, true, true, NULL },
	{ "address update", move, true, false, NULL },
	{ "hard limit", expire, true, false, NULL },
	{ "refused SPI", no_spi, true, true, NULL },
	{ "Child rekey, all twice", rekey_child, true, true, repeated },
	{ "IKE rekey, all twice", rekey_ike, false, true, repeated },
	{ "Child rekey, losses", rekey_child, true, false, lossy },
	{ "IKE rekey, losses", rekey_ike, false, false, lossy },
};

/*
 * What was stored just before has an SA that the kernel has not, and never gets: nobody knows whether
 * it was used before. A new IKE SA is made beside it, and until then packets on the new SA get lost.
 */
static bool may_begin_anew(const struct story *story, const struct party *p)
{
	/* The same goes for one that the kernel has deleted by itself. */
	return p->uninstalled || story->begin == expire;
}

static void assert_unharmed(struct world *w, const struct story *story, const struct party *killed,
			    const struct party before[N_PARTIES])
{
	int side;

	assert_pairs(w);
	assert_traffic(w);
	assert_true(killed->resumed || may_begin_anew(story, killed));
	for (side = A; side < N_PARTIES; side++) {
		const struct party *p = &w->party[side];

		if (!story->lossless || !killed->resumed)
			continue;
		if (p->lost != before[side].lost)
			fail_msg("%u packets to %c were lost", p->lost - before[side].lost, 'A' + side);
		assert_int_equal(p->unsent, before[side].unsent);
	}
}

/* Return: whether there was such a point. */
static bool tell(const struct story *story, int side, unsigned int point, uint64_t down_for)
{
	struct world *w = world_with_traffic(point + 1);
	struct party before[N_PARTIES] = { w->party[A], w->party[B] };
	struct party *p = &w->party[side];
	uint64_t spi_i = p->core->sas->spi_i;
	uint64_t spi_r = p->core->sas->spi_r;
	bool killed;

	snprintf(w->label, sizeof(w->label), "%s, %c killed at %u for %llu ms", story->name,
		 'A' + side, point, (unsigned long long)down_for);
	w->net = story->net;
	p->down_for = down_for;
	p->crash_in = point;
	story->begin(w);
	world_run(w, END / 2);
	killed = p->killed;
	p->crash_in = 0;
	w->net = NULL;
	world_run(w, END / 2);
	if (killed) {
		assert_unharmed(w, story, p, before);
		if (story->same && p->resumed)
			assert_true(same_ike_sa(w, spi_i, spi_r));
	}
	world_free(w);
	return killed;
}

static void every_point(void **state)
{
	static const uint64_t downs[] = { 0, 300, 2500 };
	unsigned int most = world_setting("IKE_RESUME_POINTS", 60);
	unsigned int n = 0;
	unsigned int point;
	size_t i;
	int side;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(stories); i++)
		for (side = A; side < N_PARTIES; side++)
			for (point = 1; point <= most; point++, n++)
				if (!tell(&stories[i], side, point, downs[point % 3]))
					break;
	print_message("killed at %u points\n", n);
}

/* ---- one by one ---- */

static void goes_on(void **state)
{
	struct world *w = world_with_traffic(1);
	struct ike_sa *sa = w->party[A].core->sas;
	uint64_t spi_i = sa->spi_i;
	uint64_t spi_r = sa->spi_r;
	int side;

	(void)state;
	for (side = A; side < N_PARTIES; side++) {
		kill_and_resume(&w->party[side]);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_true(same_ike_sa(w, spi_i, spi_r));
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		party_command(&w->party[B], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_true(same_ike_sa(w, spi_i, spi_r));
		assert_pairs(w);
	}
	kill_and_resume(&w->party[A]);
	kill_and_resume(&w->party[B]);
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	party_command(&w->party[B], IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	assert_false(same_ike_sa(w, spi_i, spi_r));
	assert_pairs(w);
	assert_traffic(w);
	assert_int_equal(w->party[A].lost + w->party[B].lost, 0);
	world_free(w);
}

static void status_tells(void **state)
{
	struct world *w = world_with_traffic(2);
	struct party *a = &w->party[A];
	struct ike_status st;

	(void)state;
	assert_true(ike_core_status(a->core, party_tunnel(a), &st));
	assert_false(st.resumed);
	kill_and_resume(a);
	assert_true(ike_core_status(a->core, party_tunnel(a), &st));
	assert_true(st.resumed);
	assert_int_equal(st.state, IKE_SA_ESTABLISHED);
	party_command(a, IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	assert_true(ike_core_status(a->core, party_tunnel(a), &st));
	assert_false(st.resumed);
	world_free(w);
}

/* Soon after resuming it asks, and if nobody is there any more that is noticed as ever. */
static void asks_soon(void **state)
{
	struct world *w = world_new(3);
	struct party *a = &w->party[A];
	unsigned int datagrams;

	(void)state;
	world_up(w);
	world_run(w, SETTLE);
	a->down_for = 100;
	datagrams = w->datagrams;
	kill_and_resume(a);
	assert_int_equal(w->datagrams, datagrams + 1);
	party_restart(&w->party[B]);
	world_run(w, a->cfg.detect_ms + 1);
	assert_true(a->suspect);
	world_free(w);
}

/* How long we were away is not time in which the peer did not answer; lifetimes go on. */
static void times_go_on(void **state)
{
	struct world *w = world_new(4);
	struct party *a = &w->party[A];
	uint64_t rekey_at;

	(void)state;
	a->cfg.ike_lifetime_s = 3600;
	a->cfg.give_up_ms = 30000;
	world_up(w);
	rekey_at = a->core->sas->rekey_at;
	w->net = lossy;
	party_command(a, IKE_EV_REKEY_CHILD);
	world_run(w, 200);
	a->down_for = 600000;
	kill_and_resume(a);
	assert_true(a->core->sas->rekey_at == rekey_at);
	w->net = NULL;
	world_run(w, 3600000);
	assert_pairs(w);
	world_free(w);
}

/* ---- what is not resumed ---- */

static void not_resumed(struct world *w)
{
	struct party *a = &w->party[A];

	party_die(a);
	world_run(w, a->down_for + 1);
	assert_false(a->resumed);
	assert_int_equal(a->stored.len, 0);
	world_run(w, END);
	assert_pairs(w);
	assert_traffic(w);
	world_free(w);
}

static void nothing_half_open(void **state)
{
	struct world *w = world_new(5);
	struct party *a = &w->party[A];

	(void)state;
	world_configure(w);
	party_command(a, IKE_EV_UP);
	while (!a->up) {
		assert_int_equal(a->stored.len, 0);
		world_run(w, 1);
	}
	assert_true(a->stored.len > HEADER);
	party_command(a, IKE_EV_DOWN);
	assert_int_equal(a->stored.len, 0);
	world_run(w, END);
	assert_nothing(w);
	world_free(w);
}

/* What could not be read is not stored, and nobody notices until there is a crash. */
static void not_stored(void **state)
{
	struct world *w = world_with_traffic(13);
	struct party *a = &w->party[A];

	(void)state;
	a->core->sas->created = w->now + END;
	party_command(a, IKE_EV_REKEY_CHILD);
	assert_int_equal(a->stored.len, 0);
	world_run(w, SETTLE);
	assert_int_equal(a->stored.len, 0);
	assert_pairs(w);
	world_run(w, END);
	party_command(a, IKE_EV_REKEY_CHILD);
	assert_true(a->stored.len > HEADER);
	kill_and_resume(a);
	world_run(w, SETTLE);
	assert_pairs(w);
	assert_int_equal(w->party[A].lost + w->party[B].lost, 0);
	world_free(w);
}

static void other_identity(void **state)
{
	struct world *w = world_with_traffic(6);

	(void)state;
	assert_true(ike_id_parse("gw-c.example.net", &w->party[A].cfg.local_id));
	assert_true(ike_id_parse("gw-c.example.net", &w->party[B].cfg.remote_id));
	party_configure(&w->party[B]);
	not_resumed(w);
}

static void other_peer(void **state)
{
	struct world *w = world_with_traffic(7);

	(void)state;
	assert_true(ike_id_parse("gw-c.example.net", &w->party[A].cfg.remote_id));
	assert_true(ike_id_parse("gw-c.example.net", &w->party[B].cfg.local_id));
	party_configure(&w->party[B]);
	not_resumed(w);
}

static void other_tag(void **state)
{
	struct world *w = world_with_traffic(8);

	(void)state;
	w->party[A].cfg.tag[0] ^= 1;
	not_resumed(w);
}

static void other_selectors(void **state)
{
	struct world *w = world_with_traffic(9);

	(void)state;
	assert_true(ike_ts_parse("10.1.4.0/22", &w->party[A].cfg.children[0].local[0]));
	not_resumed(w);
}

/* An SA that the kernel has deleted meanwhile. */
static void other_sas(void **state)
{
	struct world *w = world_with_traffic(10);
	struct kernel *k = &w->party[A].kernel;

	(void)state;
	party_die(&w->party[A]);
	kernel_expire(&w->party[A], k->sa[0].in.dir, k->sa[0].in.spi);
	world_run(w, 1);
	assert_false(w->party[A].resumed);
	world_run(w, END);
	assert_pairs(w);
	world_free(w);
}

/* ---- octets that nobody stored ---- */

/* A core that has what kernel_sas says, and these octets. Return: whether it resumed. */
static bool feed(struct world *w, const uint8_t *data, size_t len)
{
	struct party *a = &w->party[A];

	ike_blob_set(&a->stored, data, len);
	ike_core_free(a->core);
	a->core = NULL;
	a->up = false;
	a->suspect = false;
	world_forget(w, a);
	party_resume(a, 0);
	return a->resumed;
}

/* In the middle of a rekey there is all that can be. */
static struct ike_blob full_state(struct world *w, enum ike_event_type what)
{
	struct ike_blob blob = { 0 };

	w->answer_delay = 0;
	world_up(w);
	world_run(w, SETTLE);
	party_command(&w->party[A], what);
	world_run(w, 1);
	assert_int_equal(w->party[A].core->sas->job.sent || w->party[A].core->sas->next->job.sent, 1);
	ike_blob_set(&blob, w->party[A].stored.data, w->party[A].stored.len);
	return blob;
}

/* Whatever they say, and whatever is made of it. */
static void survives(struct world *w, const uint8_t *data, size_t len)
{
	struct kernel before = w->party[A].kernel;

	feed(w, data, len);
	w->party[A].kernel = before;
}

static void damaged(enum ike_event_type what)
{
	struct world *w = world_new(11);
	struct ike_blob blob = full_state(w, what);
	struct ike_blob copy = { 0 };
	size_t i;

	/* Nothing that it says then is heard. */
	w->party[A].moved = true;
	w->party[A].addr.family = 0;
	w->party[A].kernel.patient = true;
	for (i = 0; i < blob.len; i++) {
		assert_false(feed(w, blob.data, i));
		party_command(&w->party[A], IKE_EV_HEARD);
	}
	for (i = 0; i < 8 * blob.len; i++) {
		ike_blob_set(&copy, blob.data, blob.len);
		copy.data[i / 8] ^= 1 << i % 8;
		survives(w, copy.data, copy.len);
	}
	ike_blob_set(&copy, blob.data, blob.len);
	assert_true(feed(w, copy.data, copy.len));
	ike_blob_free(&copy);
	ike_blob_free(&blob);
	world_free(w);
}

static void damaged_child_rekey(void **state)
{
	(void)state;
	damaged(IKE_EV_REKEY_CHILD);
}

static void damaged_ike_rekey(void **state)
{
	(void)state;
	damaged(IKE_EV_REKEY_IKE);
}

/* What was read is written as it was, but for what lies ahead: IVs. */
static void round_trip(void **state)
{
	static const enum ike_event_type what[] = { IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE };
	struct ike_sa before;
	struct ike_sa *sa;
	struct ike_blob blob;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		w = world_new(12);
		blob = full_state(w, what[i]);
		for (sa = w->party[A].core->sas; !sa->job.sent; sa = sa->next)
			;
		before = *sa;
		before.job.flight = (struct ike_blob){ 0 };
		ike_blob_set(&before.job.flight, sa->job.flight.data, sa->job.flight.len);
		assert_true(feed(w, blob.data, blob.len));
		for (sa = w->party[A].core->sas; !sa->job.sent; sa = sa->next)
			;
		assert_true(sa->iv > before.iv);
		assert_int_equal(sa->next_out, before.next_out);
		assert_int_equal(sa->next_in, before.next_in);
		assert_memory_equal(sa->keys.d, before.keys.d, 32);
		assert_memory_equal(sa->keys.ei, before.keys.ei, 36);
		assert_memory_equal(sa->keys.er, before.keys.er, 36);
		assert_int_equal(sa->job.flight.len, before.job.flight.len);
		assert_memory_equal(sa->job.flight.data, before.job.flight.data,
				    before.job.flight.len);
		assert_int_equal(sa->job.tries, before.job.tries + 1);
		ike_blob_free(&before.job.flight);
		ike_blob_free(&blob);
		world_run(w, END);
		assert_pairs(w);
		assert_traffic(w);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),
		cmocka_unit_test(status_tells),
		cmocka_unit_test(asks_soon),
		cmocka_unit_test(times_go_on),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(nothing_half_open),
		cmocka_unit_test(not_stored),
		cmocka_unit_test(other_identity),
		cmocka_unit_test(other_peer),
		cmocka_unit_test(other_tag),
		cmocka_unit_test(other_selectors),
		cmocka_unit_test(other_sas),
		cmocka_unit_test(damaged_child_rekey),
		cmocka_unit_test(damaged_ike_rekey),
		cmocka_unit_test(every_point),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
