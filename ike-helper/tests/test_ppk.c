// SPDX-License-Identifier: GPL-2.0
/* Post-quantum preshared keys (RFC 8784). A begins, so that it is the initiator. */
#include <string.h>

#include "party.h"

enum {
	SETTLE = 20000,
	ID_OPAQUE = 1,
	NOBODY = -1,
};

#define KEY "a post-quantum secret"

static bool has_ppk(const struct party *p)
{
	struct ike_status st;

	assert_true(ike_core_status(p->core, party_tunnel(p), &st));
	return st.ppk;
}

static void assert_both(struct world *w, bool ppk)
{
	assert_int_equal(has_ppk(&w->party[A]), ppk);
	assert_int_equal(has_ppk(&w->party[B]), ppk);
	assert_pairs(w);
	assert_traffic(w);
}

static struct world *world_with_ppk(bool required)
{
	struct world *w = world_new(1);

	party_ppk(&w->party[A], "ppk-1", KEY, required);
	party_ppk(&w->party[B], "ppk-1", KEY, required);
	return w;
}

static void try_up(struct world *w)
{
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 500);
}

static void assert_reason(const struct world *w, int side, enum ike_reason reason)
{
	const struct party *p = &w->party[side];

	assert_string_equal(p->explained.count ? ike_reason_name(p->explained.e.reason) : "none",
			    ike_reason_name(reason));
}

/* Nothing is half installed, and with all put right it comes up. */
static void assert_refused(struct world *w, enum ike_reason a, enum ike_reason b)
{
	assert_reason(w, A, a);
	assert_reason(w, B, b);
	assert_false(w->party[A].up || w->party[B].up);
	assert_int_equal(w->party[A].kernel.n_sas + w->party[B].kernel.n_sas, 0);
}

/* ---- who has what ---- */

struct end {
	const char *id;
	const char *ppk;
	bool required;
};

static const struct row {
	const char *name;
	struct end end[N_PARTIES];
	bool up;
	bool ppk;
	enum ike_reason reason[N_PARTIES];
} rows[] = {
	{ .name = "both", .end = { { "x", KEY, false }, { "x", KEY, false } },
	  .up = true, .ppk = true },
	{ .name = "both require it", .end = { { "x", KEY, true }, { "x", KEY, true } },
	  .up = true, .ppk = true },
	{ .name = "the initiator requires it", .end = { { "x", KEY, true }, { "x", KEY, false } },
	  .up = true, .ppk = true },
	{ .name = "the responder requires it", .end = { { "x", KEY, false }, { "x", KEY, true } },
	  .up = true, .ppk = true },
	{ .name = "the initiator alone", .end = { { "x", KEY, false }, { 0 } }, .up = true },
	{ .name = "the responder alone", .end = { { 0 }, { "x", KEY, false } }, .up = true },
	{ .name = "the initiator alone requires it", .end = { { "x", KEY, true }, { 0 } },
	  .reason = { IKE_REASON_PPK_UNUSED, IKE_REASON_NONE } },
	{ .name = "the responder alone requires it", .end = { { 0 }, { "x", KEY, true } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNUSED } },
	{ .name = "names", .end = { { "x", KEY, false }, { "y", KEY, false } }, .up = true },
	{ .name = "a name that begins alike", .end = { { "xx", KEY, false }, { "x", KEY, false } },
	  .up = true },
	{ .name = "names, the initiator requires it",
	  .end = { { "x", KEY, true }, { "y", KEY, false } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNKNOWN } },
	{ .name = "names, the responder requires it",
	  .end = { { "x", KEY, false }, { "y", KEY, true } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNKNOWN } },
	{ .name = "keys", .end = { { "x", KEY, false }, { "x", "another one", false } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_AUTH_FAILED } },
	{ .name = "keys that are required", .end = { { "x", KEY, true }, { "x", "another one", true } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_AUTH_FAILED } },
	{ .name = "the initiator cannot read it", .end = { { "x", NULL, false }, { "x", KEY, false } },
	  .reason = { IKE_REASON_PPK_MISSING, IKE_REASON_NONE } },
	{ .name = "the responder cannot read it", .end = { { "x", KEY, false }, { "x", NULL, false } },
	  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_MISSING } },
};

static void all_cases(void **state)
{
	const struct row *row;
	struct world *w;
	int side;

	(void)state;
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		w = world_new(1);
		snprintf(w->label, sizeof(w->label), "%s", row->name);
		for (side = A; side < N_PARTIES; side++)
			party_ppk(&w->party[side], row->end[side].id, row->end[side].ppk,
				  row->end[side].required);
		try_up(w);
		if (row->up)
			assert_both(w, row->ppk);
		else
			assert_refused(w, row->reason[A], row->reason[B]);
		world_free(w);
	}
}

static void put_right_it_comes_up(void **state)
{
	struct world *w = world_with_ppk(true);

	(void)state;
	w->party[B].ppk = "another one";
	try_up(w);
	assert_refused(w, IKE_REASON_AUTH_REFUSED, IKE_REASON_AUTH_FAILED);
	w->party[B].ppk = KEY;
	assert_true(world_run_until(w, world_both_up, 10000));
	world_run(w, SETTLE);
	assert_both(w, true);
	world_free(w);
}

static void explanations_name_both_sides(void **state)
{
	const struct ike_contrast *row;
	struct world *w = world_with_ppk(true);

	(void)state;
	party_ppk(&w->party[A], "ppk-\x01", KEY, true);
	try_up(w);
	assert_refused(w, IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNKNOWN);
	row = &w->party[B].explained.e.row[0];
	assert_string_equal(ike_aspect_name(row->aspect), "ppk");
	assert_true(row->differs);
	assert_string_equal(row->theirs, "ppk-?");
	assert_string_equal(row->ours, "ppk-1");
	world_free(w);
}

/* What was recorded of IKE_SA_INIT does not lead to the keys: the same, but for the PPK. */
static void it_is_mixed_in(void **state)
{
	struct world *w[2] = { NULL };
	uint8_t d[2][IKE_MAX_PRF];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		w[i] = world_with_ppk(true);
		w[i]->party[A].ppk = i ? "another one" : KEY;
		w[i]->party[B].ppk = w[i]->party[A].ppk;
		world_up(w[i]);
		assert_both(w[i], true);
		memcpy(d[i], w[i]->party[A].core->sas->keys.d, sizeof(d[i]));
		assert_memory_equal(d[i], w[i]->party[B].core->sas->keys.d, sizeof(d[i]));
		world_free(w[i]);
	}
	assert_memory_not_equal(d[0], d[1], sizeof(d[0]));
}

/* ---- afterwards ---- */

static void rekeys_stay_protected(void **state)
{
	struct world *w = world_with_ppk(true);
	int side;

	(void)state;
	world_up(w);
	for (side = A; side < N_PARTIES; side++) {
		party_command(&w->party[side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_both(w, true);
	}
	assert_int_equal(w->party[A].downs + w->party[B].downs, 0);
	world_free(w);
}

static void it_resumes_protected(void **state)
{
	struct world *w = world_with_ppk(true);
	int side;

	(void)state;
	world_up(w);
	for (side = A; side < N_PARTIES; side++) {
		party_die(&w->party[side]);
		world_run(w, w->party[side].down_for + 1);
		assert_true(w->party[side].resumed);
		world_run(w, SETTLE);
		assert_both(w, true);
		party_command(&w->party[side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		assert_both(w, true);
	}
	world_free(w);
}

/* One that was not protected does not outlive that it has to be. */
static void a_key_that_is_new_makes_a_new_ike_sa(void **state)
{
	struct world *w = world_new(1);
	int side;

	(void)state;
	world_up(w);
	assert_both(w, false);
	for (side = A; side < N_PARTIES; side++)
		party_ppk(&w->party[side], "ppk-1", KEY, true);
	world_configure(w);
	world_run(w, SETTLE);
	assert_both(w, true);
	assert_int_equal(w->party[A].downs + w->party[B].downs, 0);
	party_ppk(&w->party[B], "ppk-2", KEY, true);
	party_die(&w->party[B]);
	world_run(w, 1);
	assert_false(w->party[B].resumed);
	world_free(w);
}

static void a_template_has_one(void **state)
{
	struct world *w = world_with_ppk(true);
	struct ike_peer_config *b = &w->party[B].cfg;

	(void)state;
	b->template = true;
	b->n_remote = 0;
	assert_true(ike_id_parse("*.example.net", &b->remote_id));
	world_up(w);
	assert_int_equal(w->party[B].instance, INSTANCE + B);
	assert_both(w, true);
	world_free(w);
}

/* In IKE_SA_INIT nobody knows yet which tunnel the peer comes to, so that USE_PPK is for another. */
static void another_tunnel_has_one(void **state)
{
	struct ike_event ev = { .type = IKE_EV_CONFIG, .tunnel = 99 };
	struct ike_peer_config other;
	struct world *w;
	int required;

	(void)state;
	for (required = 0; required < 2; required++) {
		w = world_with_ppk(required);
		other = w->party[B].cfg;
		other.tunnel = ev.tunnel;
		assert_true(ike_id_parse("gw-x.example.net", &other.remote_id));
		ev.u.config = &other;
		party_step(&w->party[B], &ev);
		party_ppk(&w->party[B], NULL, NULL, false);
		try_up(w);
		if (required)
			assert_refused(w, IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNKNOWN);
		else
			assert_both(w, false);
		world_free(w);
	}
}

/* ---- mishaps ---- */

static void lose_one(struct world *w, const struct datagram *d, struct fate *f)
{
	f->copies = d->number != *(const unsigned int *)w->ctx;
}

static void every_message_may_be_lost(void **state)
{
	unsigned int lost;
	struct world *w;

	(void)state;
	for (lost = 0; lost < 8; lost++) {
		w = world_with_ppk(false);
		world_long_names(w);
		w->ctx = &lost;
		w->net = lose_one;
		world_up(w);
		assert_both(w, true);
		world_free(w);
	}
}

/* Answers of the key process come in any order, or not at all. */
static void the_key_process_is_slow_or_killed(void **state)
{
	unsigned int deaf;
	struct world *w;
	uint64_t seed;
	int side;

	(void)state;
	for (seed = 1; seed < 30; seed++) {
		w = world_new(seed);
		party_ppk(&w->party[A], "ppk-1", KEY, false);
		party_ppk(&w->party[B], "ppk-1", KEY, false);
		w->answer_delay = 300;
		world_up(w);
		assert_both(w, true);
		world_free(w);
	}
	for (side = A; side < N_PARTIES; side++)
		for (deaf = 1; deaf < 4; deaf++) {
			w = world_with_ppk(false);
			w->party[side].deaf = deaf;
			try_up(w);
			assert_true(world_run_until(w, world_both_up, 300000));
			world_run(w, SETTLE);
			assert_both(w, true);
			world_free(w);
		}
}

/* ---- a peer that means no good ---- */

/**
 * struct lie - what a party says in its IKE_AUTH in place of the truth
 * @from: who
 * @notify: type of the notification that is changed
 * @at: octet of its data; -1: length of its SPI, which makes the data shorter
 * @value: is this now
 */
struct lie {
	int from;
	uint16_t notify;
	int at;
	uint8_t value;
};

static void tell_lies(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	const struct lie *lie;
	size_t i;

	for (lie = w->ctx; lie->notify; lie++)
		for (i = 4; lie->from == from->side && i + 3 + lie->at < len; i++)
			if (data[i - 2] == 0 && data[i] == lie->notify >> 8 &&
			    data[i + 1] == (lie->notify & 0xff))
				data[lie->at < 0 ? i - 1 : i + 2 + lie->at] = lie->value;
}

static void lies_are_met(void **state)
{
	static const uint8_t id_len = 1 + 5, auth_len = 32;
	const struct {
		const char *name;
		struct lie lie[3];
		bool up;
		bool ppk;
		enum ike_reason reason[N_PARTIES];
	} cases[] = {
		{ .name = "an opaque name", .up = true, .ppk = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 0, ID_OPAQUE } } },
		{ .name = "a name of no kind", .up = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 0, 0 } } },
		{ .name = "a name of another kind", .up = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 0, 200 } } },
		{ .name = "another name", .up = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 3, 0 } } },
		{ .name = "no data", .up = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, NOBODY, id_len } } },
		{ .name = "no name", .up = true,
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, NOBODY, id_len - 1 } } },
		{ .name = "a notification that is too short for itself",
		  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_AUTH_FAILED },
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, NOBODY, id_len + 1 } } },
		{ .name = "another name, and no other proof",
		  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_PPK_UNKNOWN },
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 3, 0 },
			   { A, IKE_NOTIFY_NO_PPK_AUTH, NOBODY, auth_len } } },
		{ .name = "another name, and a proof cut short",
		  .reason = { IKE_REASON_AUTH_REFUSED, IKE_REASON_AUTH_FAILED },
		  .lie = { { A, IKE_NOTIFY_PPK_IDENTITY, 3, 0 },
			   { A, IKE_NOTIFY_NO_PPK_AUTH, NOBODY, auth_len - 1 } } },
		{ .name = "a wrong proof that does not count", .up = true, .ppk = true,
		  .lie = { { A, IKE_NOTIFY_NO_PPK_AUTH, 0, 0 } } },
		{ .name = "an answer that leaves it out",
		  .reason = { IKE_REASON_AUTH_FAILED, IKE_REASON_AUTH_REFUSED },
		  .lie = { { B, IKE_NOTIFY_PPK_IDENTITY, NOBODY, 1 } } },
	};
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		w = world_with_ppk(false);
		snprintf(w->label, sizeof(w->label), "%s", cases[i].name);
		w->ctx = (void *)cases[i].lie;
		w->plain = tell_lies;
		try_up(w);
		if (cases[i].up) {
			assert_both(w, cases[i].ppk);
		} else {
			assert_reason(w, A, cases[i].reason[A]);
			assert_reason(w, B, cases[i].reason[B]);
			assert_false(w->party[A].up);
		}
		world_free(w);
	}
}

/* Who requires one is not talked out of it. */
static void a_required_key_is_insisted_on(void **state)
{
	const struct lie lie[] = { { B, IKE_NOTIFY_PPK_IDENTITY, NOBODY, 1 }, { 0 } };
	struct world *w = world_with_ppk(true);

	(void)state;
	w->ctx = (void *)lie;
	w->plain = tell_lies;
	try_up(w);
	assert_reason(w, A, IKE_REASON_PPK_UNUSED);
	assert_false(w->party[A].up);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cases),
		cmocka_unit_test(put_right_it_comes_up),
		cmocka_unit_test(explanations_name_both_sides),
		cmocka_unit_test(it_is_mixed_in),
		cmocka_unit_test(rekeys_stay_protected),
		cmocka_unit_test(it_resumes_protected),
		cmocka_unit_test(a_key_that_is_new_makes_a_new_ike_sa),
		cmocka_unit_test(a_template_has_one),
		cmocka_unit_test(another_tunnel_has_one),
		cmocka_unit_test(every_message_may_be_lost),
		cmocka_unit_test(the_key_process_is_slow_or_killed),
		cmocka_unit_test(lies_are_met),
		cmocka_unit_test(a_required_key_is_insisted_on),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
