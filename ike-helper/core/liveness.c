// SPDX-License-Identifier: GPL-2.0
/*
 * Detection of a dead peer with one setting T: at most T after the last authenticated packet, ESP
 * or IKE, the peer is suspect. After T/3 of silence, or another time that is configured, it is asked,
 * four times until T. SAs without an
 * IKE SA are no different, but there is nobody to ask: they go when the silence has lasted as long
 * as a request may stay unanswered.
 */
#include "state.h"

enum {
	PROBE_AFTER = 3,	/* T / 3 */
	PROBES = 4,		/* from then on until T: at 2/6, 3/6, 4/6, 5/6 of it */
	EARLY = 10,		/* T / 10 is left for carrier to go down, on a busy machine too */
	SHORTEST = 50,
};

static void set_suspect(struct ike_core *c, struct ike_tunnel *t, bool suspect)
{
	if (t->suspect == suspect)
		return;
	t->suspect = suspect;
	ike_act(c, IKE_ACT_PEER_STATE, t->cfg.tunnel)->u.peer.suspect = suspect;
	ike_log(c, t, suspect ? IKE_LOG_WARNING : IKE_LOG_NOTICE, suspect ?
		"nothing heard from the peer for %u ms: suspect" : "peer heard again (detect %u ms)",
		t->cfg.detect_ms);
}

void ike_heard(struct ike_core *c, struct ike_tunnel *t)
{
	t->heard_ike = c->now;
	set_suspect(c, t, false);
}

void ike_heard_esp(struct ike_core *c, struct ike_tunnel *t, bool quiet, uint32_t ms)
{
	t->quiet = quiet;
	t->heard_esp = quiet && ms < c->now ? c->now - ms : c->now;
	if (!quiet)
		set_suspect(c, t, false);
}

uint64_t ike_liveness_last(const struct ike_core *c, const struct ike_tunnel *t)
{
	if (!t->quiet)
		return c->now;
	return t->heard_esp > t->heard_ike ? t->heard_esp : t->heard_ike;
}

/* Silence after which the peer is asked, 0: never. */
static uint32_t probe_after(const struct ike_tunnel *t)
{
	return t->cfg.probe_ms ? t->cfg.probe_ms : t->cfg.detect_ms / PROBE_AFTER;
}

static struct ike_sa *probed(const struct ike_tunnel *t)
{
	struct ike_sa *sa = probe_after(t) ? ike_sa_of(t) : NULL;

	return sa && sa->state == IKE_SA_ESTABLISHED ? sa : NULL;
}

/* SAs that are watched though there is no IKE SA to ask on. */
static bool orphaned(const struct ike_tunnel *t)
{
	return probe_after(t) && t->orphans && !probed(t);
}

uint32_t ike_liveness_interval(const struct ike_core *c, const struct ike_tunnel *t,
			       uint32_t interval)
{
	uint64_t last = ike_liveness_last(c, t);
	uint32_t often;

	if (t->cfg.detect_ms <= probe_after(t) || t->suspect || !t->quiet ||
	    c->now < last + probe_after(t))
		return interval;
	often = (t->cfg.detect_ms - probe_after(t)) / PROBES;
	if (often < SHORTEST)
		often = SHORTEST;
	return often < interval ? often : interval;
}

static uint64_t suspect_at(const struct ike_core *c, const struct ike_tunnel *t)
{
	uint64_t at = ike_liveness_last(c, t) + t->cfg.detect_ms - t->cfg.detect_ms / EARLY;

	if (!t->cfg.detect_ms)
		return IKE_NEVER;
	return at > c->grace_until ? at : c->grace_until;
}

void ike_liveness_tick(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_sa *sa = probed(t);

	if ((!sa && !orphaned(t)) || !t->quiet)
		return;
	if (!t->suspect && c->now >= suspect_at(c, t))
		set_suspect(c, t, true);
	if (sa && !sa->job.type && c->now >= ike_liveness_last(c, t) + probe_after(t))
		sa->want_probe = true;
}

uint64_t ike_liveness_orphans_at(const struct ike_core *c, const struct ike_tunnel *t)
{
	uint64_t at = ike_liveness_last(c, t) + t->cfg.give_up_ms;

	if (!t->quiet || !orphaned(t))
		return IKE_NEVER;
	return at > c->grace_until ? at : c->grace_until;
}

uint64_t ike_liveness_deadline(const struct ike_core *c, const struct ike_tunnel *t)
{
	const struct ike_sa *sa = probed(t);
	uint64_t probe;
	uint64_t suspect;

	if ((!sa && !orphaned(t)) || !t->quiet)
		return IKE_NEVER;
	probe = ike_liveness_last(c, t) + probe_after(t);
	suspect = t->suspect ? IKE_NEVER : suspect_at(c, t);
	if (!sa)
		return suspect;
	/* With a request or answer outstanding there is no probe to send, but its pace may change then. */
	if ((sa->job.type || sa->answer.active) && c->now >= probe)
		return suspect;
	return probe < suspect ? probe : suspect;
}
