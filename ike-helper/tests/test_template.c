// SPDX-License-Identifier: GPL-2.0
/* Templates: whoever is verified gets a tunnel of its own. B has the template, A is a client. */
#include <string.h>

#include "party.h"

enum {
	SETTLE = 20000,
};

static struct world *clients(const char *remote_id)
{
	struct world *w = world_new(1);
	struct ike_peer_config *b = &w->party[B].cfg;

	b->template = true;
	b->n_remote = 0;
	assert_true(ike_id_parse(remote_id, &b->remote_id));
	return w;
}

static void fail_to_come_up(struct world *w)
{
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	assert_false(world_run_until(w, world_both_up, SETTLE));
	assert_false(w->party[A].up || w->party[B].up);
	assert_int_equal(w->party[B].kernel.n_sas, 0);
}

static void a_client_gets_an_instance(void **state)
{
	static const char *const ids[] = { "%any", "*.example.net", "gw-a.example.net" };
	struct ike_status st;
	struct world *w;
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		w = clients(ids[i]);
		world_up(w);
		assert_int_equal(w->party[B].instance, INSTANCE + B);
		assert_pairs(w);
		assert_traffic(w);
		assert_true(ike_core_status(w->party[B].core, INSTANCE + B, &st));
		assert_int_equal(st.state, IKE_SA_ESTABLISHED);
		ike_id_text(&st.remote_id, text, sizeof(text));
		assert_string_equal(text, "gw-a.example.net");
		assert_true(ike_core_status(w->party[B].core, TUNNEL + B, &st));
		assert_int_equal(st.state, IKE_SA_NONE);
		world_free(w);
	}
}

static void rekeys_stay_with_the_instance(void **state)
{
	struct world *w = clients("%any");
	int side;

	(void)state;
	world_up(w);
	for (side = A; side < N_PARTIES; side++) {
		party_command(&w->party[side], IKE_EV_REKEY_IKE);
		world_run(w, SETTLE);
		party_command(&w->party[side], IKE_EV_REKEY_CHILD);
		world_run(w, SETTLE);
		assert_pairs(w);
		assert_traffic(w);
	}
	assert_int_equal(w->party[A].downs + w->party[B].downs, 0);
	world_free(w);
}

/* INITIAL_CONTACT takes away what the same client had, and leaves the instance up. */
static void a_client_that_comes_again(void **state)
{
	struct world *w = clients("%any");

	(void)state;
	world_up(w);
	party_restart(&w->party[A]);
	party_configure(&w->party[A]);
	party_command(&w->party[A], IKE_EV_UP);
	assert_true(world_run_until(w, world_both_up, SETTLE));
	world_run(w, SETTLE);
	assert_int_equal(w->party[B].downs, 0);
	assert_pairs(w);
	assert_traffic(w);
	world_free(w);
}

/* The tunnel that names a peer is the peer's, whatever a template would take. */
static void a_tunnel_of_its_own_comes_first(void **state)
{
	struct world *w = clients("*.example.net");
	struct party *b = &w->party[B];
	struct ike_peer_config other = b->cfg;
	struct ike_event ev = { .type = IKE_EV_CONFIG, .tunnel = 99 };

	(void)state;
	other.tunnel = ev.tunnel;
	assert_true(ike_id_parse("%any", &other.remote_id));
	ev.u.config = &other;
	party_step(b, &ev);
	world_up(w);
	assert_pairs(w);
	world_free(w);
}

static void no_room_for_a_client(void **state)
{
	struct world *w = clients("%any");
	const struct ike_explanation *e = &w->party[B].explained.e;

	(void)state;
	w->party[B].full = true;
	fail_to_come_up(w);
	assert_int_equal(e->reason, IKE_REASON_TOO_MANY);
	assert_string_equal(e->detail, "the house is full");
	assert_int_equal(w->party[A].explained.e.reason, IKE_REASON_AUTH_REFUSED);
	w->party[B].full = false;
	assert_true(world_run_until(w, world_both_up, 60000));
	assert_pairs(w);
	world_free(w);
}

static void a_client_of_another_domain(void **state)
{
	struct world *w = clients("*.example.org");

	(void)state;
	fail_to_come_up(w);
	assert_int_equal(w->party[B].instance, 0);
	assert_int_equal(w->party[B].explained.e.reason, IKE_REASON_WRONG_ID);
	world_free(w);
}

static void a_wrong_secret_makes_no_instance(void **state)
{
	struct world *w = clients("%any");

	(void)state;
	w->party[A].psk = "another";
	fail_to_come_up(w);
	assert_int_equal(w->party[B].instance, 0);
	world_free(w);
}

/* What it has is deleted at both ends; a client that wants to be up gets another. */
static void an_instance_goes(void **state)
{
	struct world *w = clients("%any");

	(void)state;
	world_up(w);
	party_command(&w->party[B], IKE_EV_UNCONFIG);
	assert_true(world_run_until(w, world_both_down, SETTLE));
	assert_true(world_run_until(w, world_both_up, 60000));
	world_run(w, SETTLE);
	assert_pairs(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_gets_an_instance),
		cmocka_unit_test(rekeys_stay_with_the_instance),
		cmocka_unit_test(a_client_that_comes_again),
		cmocka_unit_test(a_tunnel_of_its_own_comes_first),
		cmocka_unit_test(no_room_for_a_client),
		cmocka_unit_test(a_client_of_another_domain),
		cmocka_unit_test(a_wrong_secret_makes_no_instance),
		cmocka_unit_test(an_instance_goes),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
