// SPDX-License-Identifier: GPL-2.0
/*
 * What a liar or a bad line can send: every datagram of a tunnel's life and every plaintext inside,
 * cut short at each octet and with a bit of each octet changed, one at a time. Nothing is read out
 * of bounds (this runs under the address sanitizer), the tunnel comes up all the same, and nothing
 * is left when it goes.
 */
#include <stdlib.h>
#include <string.h>

#include "party.h"

enum {
	LENGTH_OFFSET = 24,	/* of a message, in its header */
	SETTLE = 20000,
	PEACE = 300000,		/* longer than every pause in the core */
	MAX_MESSAGES = 32,
};

/**
 * struct lie - one change to one message
 * @wire: to a datagram; otherwise to the plaintext of a protected message
 * @cut: cut short at @at; otherwise change a bit there
 * @message: which one, counted from 0
 * @at: octet
 * @seen: messages so far
 * @len: their lengths
 */
struct lie {
	bool wire;
	bool cut;
	unsigned int message;
	size_t at;
	unsigned int seen;
	size_t len[MAX_MESSAGES];
};

static bool is_it(struct lie *lie, size_t len)
{
	if (lie->seen < MAX_MESSAGES)
		lie->len[lie->seen] = len;
	return lie->seen++ == lie->message && lie->at < len;
}

static uint8_t a_bit(const struct lie *lie)
{
	return 1 << (lie->at * 5 + lie->message) % 8;
}

/* The last octet is the pad length: more padding cuts the payloads short. */
static void lie_inside(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	struct lie *lie = w->ctx;

	(void)from;
	if (lie->wire || !is_it(lie, len - 1))
		return;
	if (!lie->cut)
		data[lie->at] ^= a_bit(lie);
	else if (len - 1 - lie->at <= UINT8_MAX)
		data[len - 1] = len - 1 - lie->at;
}

static void deliver(struct world *w, const struct datagram *d, const uint8_t *data, size_t len)
{
	struct party *from = &w->party[d->from];
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };

	ev.u.datagram.local = peer_of(from)->addr;
	ev.u.datagram.remote = from->addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.remote.port = 500;
	ev.u.datagram.data = data;
	ev.u.datagram.len = len;
	world_event(w, peer_of(from), w->delay, &ev);
}

static void lie_on_the_wire(struct world *w, const struct datagram *d, struct fate *f)
{
	struct lie *lie = w->ctx;
	uint8_t *copy;
	size_t len = lie->cut ? lie->at : d->len;

	if (!lie->wire || !is_it(lie, d->len))
		return;
	f->copies = 0;
	copy = malloc(d->len);
	assert_non_null(copy);
	memcpy(copy, d->data, d->len);
	if (!lie->cut)
		copy[lie->at] ^= a_bit(lie);
	/* A header that tells the wrong length would end it at the first look. */
	else if (len >= LENGTH_OFFSET + 4)
		ike_store_u32(copy + LENGTH_OFFSET, len);
	deliver(w, d, copy, len);
	free(copy);
}

static void live(struct lie *lie)
{
	struct world *w = world_new(1);

	snprintf(w->label, sizeof(w->label), "%s message %u %s %zu", lie->wire ? "wire" : "inner",
		 lie->message, lie->cut ? "cut at" : "changed at", lie->at);
	lie->seen = 0;
	w->ctx = lie;
	w->net = lie_on_the_wire;
	w->plain = lie_inside;
	w->party[A].cfg.detect_ms = 0;
	w->party[B].cfg.detect_ms = 0;
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 1000);
	party_command(&w->party[A], IKE_EV_REKEY_CHILD);
	world_run(w, 1000);
	party_command(&w->party[B], IKE_EV_REKEY_IKE);
	world_run(w, SETTLE);
	if (lie->wire && !world_run_until(w, world_both_up, PEACE))
		fail_msg("the tunnel does not come up");
	party_command(&w->party[A], IKE_EV_DOWN);
	party_command(&w->party[B], IKE_EV_DOWN);
	world_run(w, PEACE);
	assert_nothing(w);
	world_free(w);
}

/* Every message of a life without lies, changed at each octet. */
static void lie_everywhere(bool wire, bool cut)
{
	struct lie honest = { .wire = wire, .message = UINT32_MAX };
	struct lie lie;
	unsigned int i;
	size_t at;

	live(&honest);
	assert_in_range(honest.seen, 10, MAX_MESSAGES);
	for (i = 0; i < honest.seen; i++)
		for (at = 0; at < honest.len[i]; at++) {
			lie = (struct lie){ .wire = wire, .cut = cut, .message = i, .at = at };
			live(&lie);
		}
}

static void datagrams_cut_short(void **state)
{
	(void)state;
	lie_everywhere(true, true);
}

static void datagrams_changed(void **state)
{
	(void)state;
	lie_everywhere(true, false);
}

static void plaintexts_cut_short(void **state)
{
	(void)state;
	lie_everywhere(false, true);
}

static void plaintexts_changed(void **state)
{
	(void)state;
	lie_everywhere(false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_cut_short),
		cmocka_unit_test(datagrams_changed),
		cmocka_unit_test(plaintexts_cut_short),
		cmocka_unit_test(plaintexts_changed),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
