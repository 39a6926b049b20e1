// SPDX-License-Identifier: GPL-2.0
/*
 * Every pair of things that two ends may do at about the same time (RFC 7296 section 2.25, and what
 * it does not describe), at several distances, and in each of these runs every single message of it
 * lost, repeated or late, as well as pairs of messages. In the end both ends have one working pair of
 * SAs, or none if one of them was taken down.
 *
 *	IKE_CROSS_SHARE	one run in so many, default 1500; 1: all
 *	IKE_CROSS_SEED	which of them, default 1
 */
#include <stdlib.h>

#include "party.h"

enum {
	DEFAULT_SHARE = 1500,
	PAIRS_SHARE = 5,	/* and of the pairs, if not all are run */
	SETTLE = 150000,
	PING_EVERY = 1000,
	GIVE_UP = 20000,
	LATE = 700,		/* behind the first retransmission */
	NONE = UINT16_MAX,
};

/* ---- what an end may do ---- */

static void do_nothing(struct party *p)
{
	(void)p;
}

static void do_rekey_child(struct party *p)
{
	party_command(p, IKE_EV_REKEY_CHILD);
}

static void do_rekey_ike(struct party *p)
{
	party_command(p, IKE_EV_REKEY_IKE);
}

static void do_rekey_both(struct party *p)
{
	do_rekey_child(p);
	do_rekey_ike(p);
}

static void expire(struct party *p, enum ike_dir dir)
{
	size_t i;

	for (i = 0; i < p->kernel.n_sas; i++)
		if (p->kernel.sa[i].in.dir == dir) {
			kernel_expire(p, dir, p->kernel.sa[i].in.spi);
			return;
		}
}

/* Delete of the Child SA, and creation of another. */
static void do_expire_in(struct party *p)
{
	expire(p, IKE_IN);
}

static void do_expire_out(struct party *p)
{
	expire(p, IKE_OUT);
}

static void do_down(struct party *p)
{
	party_command(p, IKE_EV_DOWN);
}

static void do_down_and_up(struct party *p)
{
	party_command(p, IKE_EV_DOWN);
	party_command(p, IKE_EV_UP);
}

static void do_refuse(struct party *p)
{
	p->kernel.refuse_install = 1;
	do_rekey_child(p);
}

/* Another IKE SA, before the old one is deleted. */
static void do_renew(struct party *p)
{
	p->cfg.encap = IKE_ENCAP_FORCE;
	party_configure(p);
}

static void do_reboot(struct party *p)
{
	party_reboot(p);
}

static void do_reboot_and_up(struct party *p)
{
	do_reboot(p);
	party_command(p, IKE_EV_UP);
}

static void do_crash(struct party *p)
{
	party_crash(p);
}

static void do_move(struct party *p)
{
	party_move(p, 100 + p->side);
}

static const struct deed {
	const char *name;
	void (*happen)(struct party *p);
	bool ends;	/* no SA may be left */
} deeds[] = {
	{ "nothing", do_nothing, false },
	{ "rekey of the Child SA", do_rekey_child, false },
	{ "rekey of the IKE SA", do_rekey_ike, false },
	{ "rekey of both", do_rekey_both, false },
	{ "expiry inbound", do_expire_in, false },
	{ "expiry outbound", do_expire_out, false },
	{ "down", do_down, true },
	{ "down and up", do_down_and_up, false },
	{ "rekey refused by the kernel", do_refuse, false },
	{ "renewal", do_renew, false },
	{ "reboot", do_reboot, false },
	{ "reboot and up", do_reboot_and_up, false },
	{ "crash", do_crash, false },
	{ "move", do_move, false },
};

/* ---- a run ---- */

/**
 * struct mishap - what happens to a message
 * @number: counted from the deeds on; NONE: nothing happens
 * @fate: what
 */
struct mishap {
	unsigned int number;
	struct fate fate;
};

static const struct fate fates[] = {
	{ .copies = 0 },
	{ .copies = 2, .delay = { 10, 25 } },
	{ .copies = 2, .delay = { 10, LATE } },
	{ .copies = 1, .delay = { 35 } },
	{ .copies = 1, .delay = { LATE } },
};

/**
 * struct run - one
 * @deed: what each does
 * @skew: B does it so many milliseconds after A
 * @mishap: of messages
 * @first: number of the first message of the deeds
 * @steps: events given to both cores
 */
struct run {
	const struct deed *deed[N_PARTIES];
	uint64_t skew;
	struct mishap mishap[2];
	unsigned int first;
	unsigned long steps;
};

static void meddle(struct world *w, const struct datagram *d, struct fate *f)
{
	const struct run *r = w->ctx;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->mishap); i++)
		if (r->mishap[i].number != NONE && d->number == r->first + r->mishap[i].number)
			*f = r->mishap[i].fate;
}

static void ping(struct party *p, uint64_t every)
{
	party_ping(p, 0);
	world_call(p->w, p, every, ping, every);
}

static void act(struct party *p, uint64_t deed)
{
	deeds[deed].happen(p);
}

static void prepare(struct world *w)
{
	int side;

	for (side = A; side < N_PARTIES; side++) {
		struct ike_peer_config *cfg = &w->party[side].cfg;

		cfg->give_up_ms = GIVE_UP;
		cfg->mobike = true;
		cfg->local.family = 0;
		cfg->n_remote = 0;
		cfg->start = IKE_START_NOW;
	}
	world_configure(w);
	assert_true(world_run_until(w, world_both_up, 60000));
	world_run(w, 10000);
	for (side = A; side < N_PARTIES; side++)
		ping(&w->party[side], PING_EVERY);
	world_run(w, 50);
}

static void describe(struct world *w, const struct run *r)
{
	snprintf(w->label, sizeof(w->label), "%s, %u ms, %s; message %u %zu, %u %zu",
		 r->deed[A]->name, (unsigned int)r->skew, r->deed[B]->name, r->mishap[0].number,
		 (size_t)r->mishap[0].fate.copies, r->mishap[1].number,
		 (size_t)r->mishap[1].fate.copies);
}

/* Return: messages it took. */
static unsigned int run(struct run *r, uint64_t seed)
{
	struct world *w = world_new(seed);
	unsigned int n;

	describe(w, r);
	prepare(w);
	r->first = w->datagrams;
	w->ctx = r;
	w->net = meddle;
	world_call(w, &w->party[A], 0, act, r->deed[A] - deeds);
	world_call(w, &w->party[B], r->skew, act, r->deed[B] - deeds);
	world_run(w, 5000);
	n = w->datagrams - r->first;
	world_run(w, SETTLE);
	if (r->deed[A]->ends || r->deed[B]->ends) {
		assert_int_equal(w->party[A].kernel.n_sas + w->party[B].kernel.n_sas, 0);
		assert_int_equal(w->party[A].kernel.n_reserved, 0);
		assert_int_equal(w->party[B].kernel.n_reserved, 0);
	} else {
		assert_pairs(w);
		assert_traffic(w);
	}
	r->steps += w->steps;
	world_free(w);
	return n;
}

/* ---- all of them ---- */

/**
 * struct share - which runs
 */
struct share {
	unsigned long one_in;
	unsigned long next;
	unsigned long done;
};

/* Spread by a multiplicative hash, so that every kind of run is among each share. */
static bool is_ours(struct share *s)
{
	return (uint32_t)(s->next++ * 2654435761u) / 65536 % s->one_in == 0;
}

static void maybe_run(struct run *r, struct share *s)
{
	if (!is_ours(s))
		return;
	run(r, s->next);
	s->done++;
}

/* Each message of it, and each pair of messages close to each other. */
static void with_mishaps(struct run *r, unsigned int n, struct share *s)
{
	unsigned int i, k;
	size_t f, g;

	for (i = 0; i < n; i++)
		for (f = 0; f < ARRAY_SIZE(fates); f++) {
			r->mishap[0] = (struct mishap){ i, fates[f] };
			r->mishap[1].number = NONE;
			maybe_run(r, s);
			for (k = i + 1; k < i + 4; k++)
				for (g = 0; g < ARRAY_SIZE(fates); g++) {
					r->mishap[1] = (struct mishap){ k, fates[g] };
					maybe_run(r, s);
				}
		}
}

/* A pair without mishaps; the number of its messages is what the mishaps are made from. */
static void run_pair(struct run *r, struct share *s)
{
	struct share pick = { .one_in = PAIRS_SHARE, .next = s->next };

	if (s->one_in > 1 && !is_ours(&pick)) {
		s->next++;
		return;
	}
	r->mishap[0].number = NONE;
	r->mishap[1].number = NONE;
	with_mishaps(r, run(r, s->next), s);
	s->done++;
}

static void crossings(void **state)
{
	static const uint64_t skews[] = { 0, 7, 13, 25, 41 };
	struct share s = {
		.one_in = world_setting("IKE_CROSS_SHARE", DEFAULT_SHARE),
		.next = world_setting("IKE_CROSS_SEED", 1),
	};
	struct run r = { .steps = 0 };
	size_t a, b, k;

	(void)state;
	for (a = 0; a < ARRAY_SIZE(deeds); a++)
		for (b = 0; b < ARRAY_SIZE(deeds); b++)
			for (k = 0; k < ARRAY_SIZE(skews); k++) {
				r.deed[A] = &deeds[a];
				r.deed[B] = &deeds[b];
				r.skew = skews[k];
				run_pair(&r, &s);
			}
	print_message("%lu runs, one in %lu from seed %lu on, %lu steps\n", s.done, s.one_in,
		      world_setting("IKE_CROSS_SEED", 1), r.steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crossings),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
