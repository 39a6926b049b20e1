// SPDX-License-Identifier: GPL-2.0
/*
 * What IKE SAs resume from, as a process that has gone astray could have left it. The fuzzer cannot
 * guess the digest of the configuration, so the head is an honest one's and the input is the rest.
 * Whatever is made of it, the core that took it lives on and can be told to go down.
 *
 * With FUZZ_SEED=FILE honest states, in the midst of a Child rekey, of an IKE rekey and at rest, go to
 * FILE-0, -1, -2.
 */
#include <stdlib.h>
#include <string.h>

#include "../tests/party.h"

enum {
	HEAD = 4 + 1 + 8 + 32,	/* magic, version, time, digest */
	ENOUGH = 3000,
	PEACE = 12000,		/* longer than anything lingers */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_seeds(struct world *w, const char *name)
{
	static const enum ike_event_type what[] = {
		IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE, IKE_EV_UP,
	};
	const struct ike_blob *state = &w->party[A].stored;
	char path[512];
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		party_command(&w->party[A], what[i]);
		world_run(w, 1);
		snprintf(path, sizeof(path), "%s-%zu", name, i);
		f = fopen(path, "w");
		assert_non_null(f);
		fwrite(state->data + HEAD, state->len - HEAD, 1, f);
		fclose(f);
		world_run(w, PEACE);
	}
	_Exit(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *seed = getenv("FUZZ_SEED");
	struct world *w = world_new(1);
	struct party *a = &w->party[A];
	struct ike_writer all = { 0 };

	a->cfg.detect_ms = 0;
	w->party[B].cfg.detect_ms = 0;
	world_up(w);
	if (seed)
		write_seeds(w, seed);
	party_die(a);
	ike_put(&all, a->stored.data, HEAD);
	ike_put(&all, data, size);
	ike_blob_take(&a->stored, &all);
	/* What it says then is nonsense, and nobody hears it. */
	a->moved = true;
	a->addr.family = 0;
	a->kernel.patient = true;
	if (a->stored.len <= IKE_MAX_STATE)
		party_resume(a, 0);
	world_run(w, ENOUGH);
	party_command(a, IKE_EV_REKEY_CHILD);
	party_command(a, IKE_EV_REKEY_IKE);
	world_run(w, ENOUGH);
	party_command(a, IKE_EV_DOWN);
	world_run(w, PEACE);
	assert_int_equal(count_ike_sas(a), 0);
	assert_int_equal(a->stored.len, 0);
	world_free(w);
	return 0;
}
