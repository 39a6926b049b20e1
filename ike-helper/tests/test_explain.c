// SPDX-License-Identifier: GPL-2.0
/*
 * Explanations: in each of these setups one thing is broken, and both ends say which: the step, the
 * reason, and what does not meet, side by side.
 */
#include <string.h>

#include "party.h"

/* Nothing is marked: the side cannot know, or the two do not differ in anything. */
#define NOTHING IKE_N_ASPECTS

/**
 * struct said - what one end is to say
 * @step: where
 * @reason: why
 * @by_peer: the peer refused
 * @aspect: what is marked, or NOTHING
 * @theirs: of the marked line
 * @ours: likewise
 */
struct said {
	enum ike_step step;
	enum ike_reason reason;
	bool by_peer;
	enum ike_aspect aspect;
	const char *theirs;
	const char *ours;
};

/**
 * struct setup - a broken one; A connects to B
 * @name: for the output
 * @ike: proposals of A and of B, or NULL
 * @esp: likewise
 * @id: local-id of A, remote-id of A, local-id of B, remote-id of B, or NULL
 * @ts: remote selector of A and local selector of B, or NULL
 * @psk: of A, or NULL for that of B
 * @said: by A and by B
 */
static const struct setup {
	const char *name;
	const char *ike[2];
	const char *esp[2];
	const char *id[4];
	const char *ts[2];
	const char *psk;
	struct said said[2];
} setups[] = {
	{ .name = "IKE encryption", .ike = { "aes128gcm16-prfsha256-x25519", "aes256gcm16-prfsha256-x25519" },
	  .said = { { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_ENCRYPTION, "aes128gcm16", "aes256gcm16" } } },
	{ .name = "IKE integrity", .ike = { "aes128-sha256-x25519", "aes128-sha512-prfsha256-x25519" },
	  .said = { { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_INTEGRITY, "sha256", "sha512" } } },
	{ .name = "AEAD against CBC", .ike = { "aes128-sha256-x25519", "aes128gcm16-prfsha256-x25519" },
	  .said = { { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_ENCRYPTION, "aes128", "aes128gcm16" } } },
	{ .name = "PRF", .ike = { "aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha384-x25519" },
	  .said = { { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_PRF, "prfsha256", "prfsha384" } } },
	{ .name = "group", .ike = { "aes128gcm16-prfsha256-x25519-ecp256", "aes128gcm16-prfsha256-modp2048" },
	  .said = { { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_SA_INIT, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_KEY_EXCHANGE, "x25519 ecp256", "modp2048" } } },
	{ .name = "ESP encryption", .esp = { "aes128gcm16", "chacha20poly1305" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_ENCRYPTION, "aes128gcm16", "chacha20poly1305" } } },
	{ .name = "ESP integrity", .esp = { "aes128-sha256", "aes128-sha384" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_INTEGRITY, "sha256", "sha384" } } },
	{ .name = "ESN", .esp = { "aes128gcm16-noesn", "aes128gcm16-esn" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_NO_PROPOSAL_CHOSEN, false,
		      IKE_ASPECT_ESN, "noesn", "esn" } } },
	{ .name = "identity of the initiator", .id = { "gw-x.example.net" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_WRONG_ID, false,
		      IKE_ASPECT_PEER_ID, "gw-x.example.net", "gw-a.example.net" } } },
	{ .name = "identity the initiator asks for", .id = { NULL, "gw-c.example.net" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_WRONG_ID, false,
		      IKE_ASPECT_OWN_ID, "gw-c.example.net", "gw-b.example.net" } } },
	{ .name = "secrets", .psk = "another one",
	  .said = { { IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_AUTH_FAILED, false, NOTHING, NULL, NULL } } },
	{ .name = "selectors", .ts = { "10.1.0.0/16", "10.2.0.0/16" },
	  .said = { { IKE_STEP_AUTH, IKE_REASON_TS_UNACCEPTABLE, true, NOTHING, NULL, NULL },
		    { IKE_STEP_AUTH, IKE_REASON_TS_UNACCEPTABLE, false,
		      IKE_ASPECT_OWN_TS, "10.1.0.0/16", "10.2.0.0/16" } } },
};

static void set_proposal(struct ike_proposals *list, const char *text, enum ike_protocol protocol)
{
	char err[IKE_MAX_TEXT];

	list->n = 1;
	assert_true(ike_proposal_parse(text, protocol, false, &list->p[0], err, sizeof(err)));
}

static void set_ts(struct ike_ts *ts, uint8_t *n, const char *text)
{
	*n = 1;
	assert_true(ike_ts_parse(text, ts));
}

static void break_it(struct world *w, const struct setup *s)
{
	struct ike_peer_config *a = &w->party[A].cfg;
	struct ike_peer_config *b = &w->party[B].cfg;
	struct ike_id *ids[] = { &a->local_id, &a->remote_id, &b->local_id, &b->remote_id };
	int i;

	for (i = 0; i < N_PARTIES; i++) {
		if (s->ike[i])
			set_proposal(&w->party[i].cfg.ike, s->ike[i], IKE_PROTO_IKE);
		if (s->esp[i])
			set_proposal(&w->party[i].cfg.children[0].proposals, s->esp[i],
				     IKE_PROTO_ESP);
	}
	for (i = 0; i < 4; i++)
		if (s->id[i])
			assert_true(ike_id_parse(s->id[i], ids[i]));
	if (s->ts[0]) {
		set_ts(a->children[0].remote, &a->children[0].n_remote, s->ts[0]);
		set_ts(b->children[0].local, &b->children[0].n_local, s->ts[1]);
	}
	if (s->psk)
		w->party[A].psk = s->psk;
}

static const struct ike_contrast *marked(const struct ike_explanation *e)
{
	const struct ike_contrast *found = NULL;
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (!e->row[i].differs)
			continue;
		assert_null(found);
		found = &e->row[i];
	}
	return found;
}

static void assert_said(const struct party *p, const struct said *s)
{
	const struct ike_explanation *e = &p->explained.e;
	const struct ike_contrast *row = marked(e);

	assert_true(p->explained.count > 0);
	assert_string_equal(ike_step_name(e->step), ike_step_name(s->step));
	assert_string_equal(ike_reason_name(e->reason), ike_reason_name(s->reason));
	assert_int_equal(e->by_peer, s->by_peer);
	assert_true(e->has_path);
	assert_string_equal(row ? ike_aspect_name(row->aspect) : "nothing",
			    s->aspect == NOTHING ? "nothing" : ike_aspect_name(s->aspect));
	if (!row)
		return;
	assert_string_equal(row->theirs, s->theirs);
	assert_string_equal(row->ours, s->ours);
}

static void both_ends_name_the_cause(void **state)
{
	struct world *w;
	size_t i;
	int side;

	(void)state;
	for (i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
		w = world_new(1);
		snprintf(w->label, sizeof(w->label), "%s", setups[i].name);
		break_it(w, &setups[i]);
		world_configure(w);
		party_command(&w->party[A], IKE_EV_UP);
		world_run(w, 500);
		for (side = A; side < N_PARTIES; side++)
			assert_said(&w->party[side], &setups[i].said[side]);
		world_free(w);
	}
}

/* ---- what went over the wire ---- */

static void lose_all(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	(void)d;
	f->copies = 0;
}

static void lose_auth(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	f->copies = d->exchange != IKE_EXCH_AUTH;
}

static void try_for(struct world *w, uint64_t ms)
{
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, ms);
}

static void nothing_comes_back(void **state)
{
	struct world *w = world_new(1);
	const struct ike_explanation *e = &w->party[A].explained.e;

	(void)state;
	w->net = lose_all;
	try_for(w, 35000);
	assert_int_equal(e->step, IKE_STEP_SA_INIT);
	assert_int_equal(e->reason, IKE_REASON_TIMEOUT);
	assert_true(e->sent > 3);
	assert_int_equal(e->received, 0);
	assert_true(e->initiator && !e->established);
	assert_true(ike_addr_same(&e->remote, &w->party[B].addr));
	assert_int_equal(e->remote.port, 500);
	world_free(w);
}

static void only_the_first_exchange_passes(void **state)
{
	struct world *w = world_new(1);
	const struct ike_explanation *a = &w->party[A].explained.e;
	const struct ike_explanation *b = &w->party[B].explained.e;

	(void)state;
	w->net = lose_auth;
	try_for(w, 35000);
	assert_int_equal(a->step, IKE_STEP_AUTH);
	assert_int_equal(a->reason, IKE_REASON_TIMEOUT);
	assert_int_equal(a->received, 0);
	assert_true(a->sent > 3);
	/* B has heard of a peer that did not go on. */
	assert_int_equal(b->step, IKE_STEP_AUTH);
	assert_int_equal(b->reason, IKE_REASON_TIMEOUT);
	assert_false(b->initiator);
	world_free(w);
}

static void a_dead_peer_was_there_before(void **state)
{
	struct world *w = world_new(1);
	const struct ike_explanation *e = &w->party[A].explained.e;

	(void)state;
	w->party[A].cfg.detect_ms = 3000;
	w->party[A].cfg.give_up_ms = 20000;
	world_up(w);
	w->net = lose_all;
	world_run(w, 40000);
	assert_true(w->party[A].explained.count > 0);
	assert_int_equal(e->reason, IKE_REASON_TIMEOUT);
	world_free(w);
}

/* What the peer asked for is known: INVALID_KE_PAYLOAD names the group. */
static void a_group_that_is_asked_for(void **state)
{
	struct world *w = world_new(1);
	struct ike_action a = { 0 };
	const struct ike_contrast *row;
	struct ike_proposals own;

	(void)state;
	set_proposal(&own, "aes128gcm16-prfsha256-x25519", IKE_PROTO_IKE);
	ike_contrast_group(&a, &own, 2);
	row = marked(&a.u.explain);
	assert_non_null(row);
	assert_int_equal(row->aspect, IKE_ASPECT_KEY_EXCHANGE);
	assert_string_equal(row->theirs, "modp1024");
	assert_string_equal(row->ours, "x25519");
	world_free(w);
}

/* Of several proposals the two that go furthest together are compared. */
static void the_nearest_proposals_are_compared(void **state)
{
	struct ike_offers offers = { .n = 2 };
	struct ike_action a = { 0 };
	const struct ike_contrast *row;
	struct ike_proposals own;
	struct ike_proposals list;
	int i;

	(void)state;
	set_proposal(&own, "aes256-sha256-modp2048", IKE_PROTO_IKE);
	set_proposal(&list, "aes256gcm16-prfsha384-x25519", IKE_PROTO_IKE);
	offers.o[0].p = list.p[0];
	set_proposal(&list, "aes256-sha256-modp4096", IKE_PROTO_IKE);
	offers.o[1].p = list.p[0];
	for (i = 0; i < 2; i++)
		offers.o[i].number = i + 1;
	ike_contrast_offers(&a, &own, &offers, IKE_KE_REQUIRED);
	row = marked(&a.u.explain);
	assert_non_null(row);
	assert_int_equal(row->aspect, IKE_ASPECT_KEY_EXCHANGE);
	assert_string_equal(row->theirs, "modp4096");
	assert_int_equal(a.u.explain.n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_name_the_cause),
		cmocka_unit_test(nothing_comes_back),
		cmocka_unit_test(only_the_first_exchange_passes),
		cmocka_unit_test(a_dead_peer_was_there_before),
		cmocka_unit_test(a_group_that_is_asked_for),
		cmocka_unit_test(the_nearest_proposals_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
