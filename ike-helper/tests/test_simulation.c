// SPDX-License-Identifier: GPL-2.0
/*
 * Random lives of two ends: lossy network, fragments, late repeats, slow kernels, commands from both
 * sides at once, refusals, blackouts, crashes, reboots, addresses that change, cookies, groups that
 * do not meet at first. Whatever happened, once the trouble is over both ends have one working pair
 * of SAs, or none when told so, and nothing is left over.
 *
 *	IKE_SIM_STEPS	events given to cores in all, default 200000
 *	IKE_SIM_SEED	first seed, default 1; a failure names the seed that leads to it again
 */
#include <stdlib.h>
#include <string.h>

#include "party.h"

enum {
	DEFAULT_STEPS = 200000,
	PEACE = 300000,		/* longer than every pause in the core */
	PING_EVERY = 250,
};

/**
 * struct weather - the network of one life
 * @lose: datagrams lost, per cent
 * @repeat: datagrams that come twice, per cent
 * @delay: longest delay
 * @stray: repeats that come up to a minute late, per mille
 * @blackout_until: everything is lost before
 * @over: no trouble any more
 */
struct weather {
	uint32_t lose;
	uint32_t repeat;
	uint32_t delay;
	uint32_t stray;
	uint64_t blackout_until;
	bool over;
};

static void rain(struct world *w, const struct datagram *d, struct fate *f)
{
	const struct weather *weather = w->ctx;

	(void)d;
	if (weather->over)
		return;
	f->delay[0] = 1 + world_random(w, weather->delay);
	f->delay[1] = 1 + world_random(w, 4 * weather->delay);
	if (w->now < weather->blackout_until || world_random(w, 100) < weather->lose)
		f->copies = 0;
	else if (world_random(w, 100) < weather->repeat)
		f->copies = 2;
	if (f->copies && world_random(w, 1000) < weather->stray) {
		f->copies = 2;
		f->delay[1] = world_random(w, 60000);
	}
}

/* ---- what can happen ---- */

static void do_up(struct party *p)
{
	party_command(p, IKE_EV_UP);
}

static void do_both_up(struct party *p)
{
	do_up(p);
	do_up(peer_of(p));
}

static void do_down(struct party *p)
{
	party_command(p, IKE_EV_DOWN);
}

static void do_rekey_child(struct party *p)
{
	party_command(p, IKE_EV_REKEY_CHILD);
}

static void do_rekey_ike(struct party *p)
{
	party_command(p, IKE_EV_REKEY_IKE);
}

static void do_both_rekey(struct party *p)
{
	party_command(p, IKE_EV_REKEY_CHILD);
	party_command(peer_of(p), world_random(p->w, 2) ? IKE_EV_REKEY_CHILD : IKE_EV_REKEY_IKE);
}

static void do_expire(struct party *p)
{
	struct kernel *k = &p->kernel;
	struct ike_install in;

	if (!k->n_sas)
		return;
	in = k->sa[world_random(p->w, k->n_sas)].in;
	kernel_expire(p, in.dir, in.spi);
}

static void do_soft_expire(struct party *p)
{
	struct kernel *k = &p->kernel;
	const struct ike_install *in;

	if (!k->n_sas)
		return;
	in = &k->sa[world_random(p->w, k->n_sas)].in;
	party_sa_event(p, IKE_EV_SOFT_EXPIRE, in->dir, in->spi);
}

static void do_blackout(struct party *p)
{
	struct weather *weather = p->w->ctx;

	weather->blackout_until = p->w->now + world_random(p->w, 40000);
}

static void do_refuse_install(struct party *p)
{
	p->kernel.refuse_install = 1 + world_random(p->w, 2);
}

static void do_refuse_spi(struct party *p)
{
	p->kernel.refuse_spi = 1;
}

static void do_reboot(struct party *p)
{
	party_reboot(p);
}

/* It comes back initiating, with INITIAL_CONTACT, while the other holds on to the old SAs. */
static void do_reboot_and_up(struct party *p)
{
	do_reboot(p);
	do_up(p);
}

static void do_both_reboot(struct party *p)
{
	do_reboot_and_up(p);
	do_reboot_and_up(peer_of(p));
}

static void do_crash(struct party *p)
{
	party_crash(p);
}

static void do_both_crash(struct party *p)
{
	party_crash(p);
	party_crash(peer_of(p));
}

static void do_resume(struct party *p)
{
	p->down_for = world_random(p->w, 2) * world_random(p->w, 5000);
	if (p->core)
		party_die(p);
}

/* In the midst of whatever comes next. */
static void do_resume_soon(struct party *p)
{
	p->down_for = world_random(p->w, 2) * world_random(p->w, 5000);
	p->crash_in = 1 + world_random(p->w, 12);
}

static void do_deafen(struct party *p)
{
	p->deaf = 1 + world_random(p->w, 2);
}

/* Of the two only A moves, with or without MOBIKE, or its NAT changes its mind. */
static void do_move(struct party *p)
{
	struct world *w = p->w;

	if (w->nat) {
		w->nat_port = 2000 + world_random(w, 60000);
		return;
	}
	w->party[B].cfg.n_remote = 0;
	party_configure(&w->party[B]);
	party_move(&w->party[A], 100 + world_random(w, 100));
}

static void do_renew(struct party *p)
{
	p->cfg.encap = !p->cfg.encap;
	party_configure(p);
}

static void do_reconfigure(struct party *p)
{
	p->cfg.children[0].soft.seconds = world_random(p->w, 2) * (20 + world_random(p->w, 100));
	party_configure(p);
}

static const struct {
	void (*happen)(struct party *p);
	uint32_t weight;
} accidents[] = {
	{ do_up, 10 },
	{ do_down, 2 },
	{ do_rekey_child, 10 },
	{ do_rekey_ike, 10 },
	{ do_both_rekey, 8 },
	{ do_soft_expire, 6 },
	{ do_expire, 4 },
	{ do_blackout, 2 },
	{ do_refuse_install, 2 },
	{ do_refuse_spi, 2 },
	{ do_both_up, 3 },
	{ do_reboot, 1 },
	{ do_reboot_and_up, 2 },
	{ do_both_reboot, 1 },
	{ do_crash, 3 },
	{ do_both_crash, 1 },
	{ do_resume, 6 },
	{ do_resume_soon, 20 },
	{ do_deafen, 2 },
	{ do_move, 3 },
	{ do_renew, 1 },
	{ do_reconfigure, 2 },
};

static void accident(struct world *w)
{
	uint32_t total = 0;
	uint32_t pick;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(accidents); i++)
		total += accidents[i].weight;
	pick = world_random(w, total);
	for (i = 0; pick >= accidents[i].weight; i++)
		pick -= accidents[i].weight;
	accidents[i].happen(&w->party[world_random(w, N_PARTIES)]);
}

/* ---- a life ---- */

static void ping(struct party *p, uint64_t every)
{
	uint8_t child;

	for (child = 0; child < p->cfg.n_children; child++)
		party_ping(p, child);
	world_call(p->w, p, every, ping, every);
}

static void prefer(struct ike_proposals *list, const char *text, enum ike_protocol protocol)
{
	char err[IKE_MAX_TEXT];

	assert_true(ike_proposal_parse(text, protocol, false, &list->p[0], err, sizeof(err)));
}

/* The first group of one is none of the other's: INVALID_KE_PAYLOAD. */
static void vary_groups(struct party *p, bool pfs)
{
	struct world *w = p->w;

	if (!world_random(w, 4))
		prefer(&p->cfg.ike, "aes256gcm16-prfsha256-ecp256-x25519", IKE_PROTO_IKE);
	if (pfs)
		prefer(&p->cfg.children[0].proposals, world_random(w, 2) ?
		       "aes256gcm16-x25519-esn-noesn" : "aes256gcm16-ecp256-x25519-esn-noesn",
		       IKE_PROTO_ESP);
}

static void vary(struct party *p, bool pfs)
{
	struct world *w = p->w;

	vary_groups(p, pfs);
	p->cfg.mobike = world_random(w, 2);
	p->cfg.local.family = 0;
	if (!world_random(w, 4)) {
		p->cookie_threshold = 0;
		party_restart(p);
	}

	p->cfg.start = world_random(w, 2) ? IKE_START_NOW : IKE_START_MANUAL;
	p->cfg.give_up_ms = 10000 + world_random(w, 30000);
	p->cfg.ike_lifetime_s = world_random(w, 3) ? 0 : 30 + world_random(w, 200);
	p->cfg.children[0].soft.seconds = world_random(w, 2) ? 0 : 20 + world_random(w, 100);
}

static void second_child(struct world *w)
{
	int side;

	for (side = A; side < N_PARTIES; side++) {
		struct ike_peer_config *cfg = &w->party[side].cfg;

		cfg->children[1] = cfg->children[0];
		cfg->n_children = 2;
		assert_true(ike_ts_parse("2001:db8::/32", &cfg->children[1].local[0]));
		assert_true(ike_ts_parse("2001:db8::/32", &cfg->children[1].remote[0]));
	}
}

/* IKE_AUTH in fragments. */
static void fragments(struct world *w)
{
	int side;

	world_long_names(w);
	for (side = A; side < N_PARTIES; side++)
		w->party[side].cfg.fragment_size = 576;
}

static void vary_network(struct world *w)
{
	if (world_random(w, 4))
		return;
	w->party[B].cfg.n_remote = 0;
	w->nat = true;
	w->nat_addr = (struct ike_addr){ .family = 4, .ip = { 203, 0, 113, 9 } };
	w->nat_port = 33000;
}

static void trouble(struct world *w, struct weather *weather)
{
	unsigned int n = 10 + world_random(w, 60);

	w->net = rain;
	w->ctx = weather;
	w->answer_delay = world_random(w, 2) ? 0 : world_random(w, 80);
	weather->lose = world_random(w, 3) * world_random(w, 20);
	weather->repeat = world_random(w, 30);
	weather->stray = world_random(w, 2) * world_random(w, 50);
	weather->delay = 1 + world_random(w, world_random(w, 2) ? 50 : 1500);
	while (n--) {
		world_run(w, world_random(w, 4) ? world_random(w, 200) : world_random(w, 20000));
		accident(w);
	}
}

/* One end that is to start by itself, and none that was taken down, need no command. */
static bool starts_by_itself(const struct world *w)
{
	const struct party *a = &w->party[A];
	const struct party *b = &w->party[B];

	return !a->held && !b->held && !w->nat &&
	       (a->cfg.start == IKE_START_NOW || b->cfg.start == IKE_START_NOW);
}

static void calm(struct world *w, struct weather *weather)
{
	bool alone = starts_by_itself(w);
	int side;

	weather->over = true;
	w->answer_delay = 0;
	for (side = A; side < N_PARTIES; side++) {
		struct party *p = &w->party[side];

		p->crash_in = 0;
		party_resume(p, 0);
		p->deaf = 0;
		p->kernel.refuse_spi = 0;
		p->kernel.refuse_install = 0;
		p->cfg.ike_lifetime_s = 0;
		p->cfg.children[0].soft.seconds = 0;
		p->cfg.children[1].soft.seconds = 0;
		party_configure(p);
		if (!alone)
			party_command(p, IKE_EV_UP);
	}
	/* Limits of SAs installed before apply once more. */
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	/* An end that waits to be called may have lost the IKE SA while ESP went on. */
	party_command(&w->party[A], IKE_EV_REKEY_IKE);
	party_command(&w->party[B], IKE_EV_REKEY_IKE);
	world_run(w, PEACE);
}

static bool rests(const struct world *w)
{
	int side;

	for (side = A; side < N_PARTIES; side++)
		if (w->party[side].kernel.n_sas != 2 * w->party[side].cfg.n_children)
			return false;
	return world_quiet(w);
}

static unsigned long live(uint64_t seed)
{
	struct weather weather = { 0 };
	struct world *w = world_new(seed);
	bool pfs = !world_random(w, 3);
	unsigned long steps;
	int side;

	snprintf(w->label, sizeof(w->label), "a life, see IKE_SIM_SEED");
	vary_network(w);
	if (!world_random(w, 4))
		fragments(w);
	if (!world_random(w, 3))
		second_child(w);
	for (side = A; side < N_PARTIES; side++) {
		vary(&w->party[side], pfs);
		ping(&w->party[side], PING_EVERY);
	}
	world_configure(w);
	trouble(w, &weather);
	calm(w, &weather);
	assert_true(world_run_until(w, rests, 60000));
	assert_pairs(w);
	assert_traffic(w);
	side = world_random(w, N_PARTIES);
	party_command(&w->party[side], IKE_EV_DOWN);
	world_run(w, PEACE);
	assert_int_equal(w->party[A].kernel.n_sas + w->party[B].kernel.n_sas, 0);
	party_command(&w->party[!side], IKE_EV_DOWN);
	world_run(w, PEACE);
	assert_nothing(w);
	steps = w->steps;
	world_free(w);
	return steps;
}

static void lives(void **state)
{
	unsigned long steps = world_setting("IKE_SIM_STEPS", DEFAULT_STEPS);
	uint64_t seed = world_setting("IKE_SIM_SEED", 1);
	unsigned long done = 0;
	unsigned int n = 0;

	(void)state;
	for (; done < steps; seed++, n++)
		done += live(seed);
	print_message("%u lives from seed %llu on, %lu steps\n", n,
		      (unsigned long long)(seed - n), done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
