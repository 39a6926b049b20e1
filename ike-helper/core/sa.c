// SPDX-License-Identifier: GPL-2.0
/* IKE SAs: birth, succession, end. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define CROSS_LOSER_TIME	1000	/* the loser of a crossing stays until the winner is in use */

void ike_sa_belong(struct ike_sa *sa, struct ike_tunnel *t)
{
	struct ike_sa **at;

	if (sa->tunnel) {
		for (at = &sa->tunnel->sas; *at != sa; at = &(*at)->mate)
			;
		*at = sa->mate;
	}
	sa->tunnel = t;
	sa->mate = NULL;
	if (!t)
		return;
	/* One that is read from a stored state has no serial yet, and comes last. */
	for (at = &t->sas; *at && (*at)->serial >= sa->serial; at = &(*at)->mate)
		;
	sa->mate = *at;
	*at = sa;
}

struct ike_sa *ike_sa_new(struct ike_core *c, struct ike_tunnel *t, bool initiator)
{
	struct ike_sa *sa = ike_alloc(sizeof(*sa));
	uint64_t spi = 0;

	while (!spi)
		ike_random(c, &spi, sizeof(spi));
	*(initiator ? &sa->spi_i : &sa->spi_r) = spi;
	sa->serial = ++c->serial;
	ike_sa_belong(sa, t);
	sa->initiator = initiator;
	sa->leads = initiator;
	sa->created = c->now;
	sa->rekey_at = IKE_NEVER;
	sa->delete_at = IKE_NEVER;
	sa->drop_at = IKE_NEVER;
	sa->next = c->sas;
	c->sas = sa;
	return sa;
}

static void auth_clear(struct ike_auth *auth)
{
	ike_blob_free(&auth->init_i);
	ike_blob_free(&auth->init_r);
	ike_blob_free(&auth->bare);
	ike_blob_free(&auth->own);
	ike_blob_free(&auth->own_certs);
	ike_blob_free(&auth->held);
	ike_child_free(auth->child);
	ike_wipe(auth, sizeof(*auth));
}

void ike_sa_free(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_sa **at = &c->sas;
	struct ike_child *next;

	while (*at != sa)
		at = &(*at)->next;
	*at = sa->next;
	ike_sa_belong(sa, NULL);
	for (; sa->children; sa->children = next) {
		next = sa->children->next;
		ike_child_free(sa->children);
	}
	ike_child_free(sa->job.child);
	ike_child_free(sa->answer.child);
	ike_blob_free(&sa->job.flight);
	ike_blob_free(&sa->cached);
	ike_blob_free(&sa->request);
	ike_blob_free(&sa->cookie);
	auth_clear(&sa->auth);
	ike_fragments_reset(&sa->fragments);
	ike_wipe(sa, sizeof(*sa));
	free(sa);
}

struct ike_sa *ike_sa_find(struct ike_core *c, const struct ike_header *h)
{
	bool ours_is_initiator = !(h->flags & IKE_FLAG_INITIATOR);
	struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next) {
		if (sa->dead || sa->state == IKE_SA_NONE || sa->initiator != ours_is_initiator)
			continue;
		if (sa->initiator && sa->spi_i == h->spi_i && (!sa->spi_r || sa->spi_r == h->spi_r))
			return sa;
		if (!sa->initiator && sa->spi_r == h->spi_r && sa->spi_i == h->spi_i)
			return sa;
	}
	return NULL;
}

struct ike_sa *ike_sa_by_serial(struct ike_core *c, uint32_t serial)
{
	struct ike_sa *sa;

	for (sa = c->sas; serial && sa; sa = sa->next)
		if (sa->serial == serial && !sa->dead)
			return sa;
	return NULL;
}

bool ike_sa_alive(const struct ike_sa *sa)
{
	return !sa->dead && sa->state != IKE_SA_NONE;
}

/* Of several IKE SAs of a tunnel the established one, and of these the one that is to stay. */
static int rank(const struct ike_sa *sa)
{
	return sa->state != IKE_SA_ESTABLISHED ? 0 : sa->delete_at != IKE_NEVER ? 1 : 2;
}

struct ike_sa *ike_sa_of(const struct ike_tunnel *t)
{
	struct ike_sa *best = NULL;
	struct ike_sa *sa;

	for (sa = t->sas; sa; sa = sa->mate) {
		if (!ike_sa_alive(sa))
			continue;
		if (!best || rank(sa) > rank(best))
			best = sa;
	}
	return best;
}

bool ike_sa_encap(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_remote;
}

void ike_sa_endpoint(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_tunnel *t = sa->tunnel;
	struct ike_action *a;

	if (ike_endpoint_same(&t->endpoint_local, &sa->local) &&
	    ike_endpoint_same(&t->endpoint_remote, &sa->remote) &&
	    t->endpoint_encap == ike_sa_encap(sa))
		return;
	t->endpoint_local = sa->local;
	t->endpoint_remote = sa->remote;
	t->endpoint_encap = ike_sa_encap(sa);
	a = ike_act(c, IKE_ACT_ENDPOINT, t->cfg.tunnel);
	a->u.endpoint.local = sa->local;
	a->u.endpoint.remote = sa->remote;
	a->u.endpoint.encap = ike_sa_encap(sa);
}

/* What has to make room for a newer one does not get more time from each still newer one. */
static void delete_in(const struct ike_core *c, struct ike_sa *sa, uint64_t ms)
{
	if (c->now + ms < sa->delete_at)
		sa->delete_at = c->now + ms;
}

/*
 * Two ends that connect to each other at once make two IKE SAs. Both ends drop the same one: that
 * with the lowest nonce, as for rekeys, and its initiator says Delete. If that does not come the
 * peer knows nothing of our own one, since it has begun anew: then ours is the one to go.
 */
static void cross(struct ike_core *c, struct ike_sa *sa, struct ike_sa *other)
{
	bool other_loses = ike_nonce_lower(&other->ni, &other->nr, &sa->ni, &sa->nr);
	struct ike_sa *loser = other_loses ? other : sa;
	struct ike_sa *winner = other_loses ? sa : other;

	if (loser->initiator)
		delete_in(c, loser, CROSS_LOSER_TIME);
	else
		delete_in(c, winner, IKE_CROSS_TIME);
}

static void supersede(struct ike_core *c, struct ike_sa *sa, struct ike_sa *other)
{
	if (other->state == IKE_SA_CONNECTING) {
		if (other->initiator && other->job.type == IKE_JOB_SA_INIT && !sa->initiator)
			ike_sa_kill(c, other, IKE_REASON_REPLACED);
	} else if (other->state == IKE_SA_ESTABLISHED) {
		if (sa->auth.contact && other->since < sa->created) {
			ike_log(c, sa->tunnel, IKE_LOG_NOTICE,
				"the peer started afresh: the IKE SA it had before is gone");
			ike_sa_kill(c, other, IKE_REASON_PEER_RESTARTED);
		} else if (other->initiator != sa->initiator &&
			   c->now - other->since < IKE_CROSS_TIME) {
			cross(c, sa, other);
		} else {
			delete_in(c, other, IKE_LINGER_TIME);
		}
	}
}

static void set_established(struct ike_core *c, struct ike_sa *sa)
{
	uint64_t life = (uint64_t)sa->tunnel->cfg.ike_lifetime_s * 1000;

	sa->state = IKE_SA_ESTABLISHED;
	sa->since = c->now;
	sa->drop_at = IKE_NEVER;
	sa->rekey_at = life ? c->now + ike_jitter(c, life * 19 / 20, 5) : IKE_NEVER;
	ike_blob_free(&sa->request);
}

void ike_sa_established(struct ike_core *c, struct ike_sa *sa)
{
	char id[IKE_MAX_TEXT];
	char remote[64];
	struct ike_sa *other;

	set_established(c, sa);
	ike_heard(c, sa->tunnel);
	ike_tunnel_succeeded(sa->tunnel);
	ike_id_text(&sa->peer_id, id, sizeof(id));
	ike_addr_text(&sa->remote, remote, sizeof(remote));
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "IKE SA established with %s at %s%s", id, remote,
		sa->ppk ? ", protected by a PPK" : "");
	for (other = sa->tunnel->sas; other; other = other->mate)
		if (other != sa && ike_sa_alive(other))
			supersede(c, sa, other);
}

void ike_sa_auth_done(struct ike_sa *sa)
{
	auth_clear(&sa->auth);
}

struct ike_sa *ike_sa_successor(struct ike_core *c, struct ike_sa *sa, bool initiator)
{
	struct ike_sa *fresh = ike_sa_new(c, sa->tunnel, initiator);

	fresh->local = sa->local;
	fresh->remote = sa->remote;
	fresh->nat_local = sa->nat_local;
	fresh->nat_remote = sa->nat_remote;
	fresh->force_encap = sa->force_encap;
	fresh->frag = sa->frag;
	fresh->mobike = sa->mobike;
	fresh->leads = sa->leads;
	fresh->childless = sa->childless;
	fresh->ppk = sa->ppk;
	fresh->peer_id = sa->peer_id;
	fresh->lease = sa->lease;
	ike_nonce_new(c, initiator ? &fresh->ni : &fresh->nr);
	return fresh;
}

void ike_sa_inherit(struct ike_core *c, struct ike_sa *sa, struct ike_sa *heir)
{
	struct ike_child **end = &heir->children;

	heir->delete_at = sa->delete_at;
	heir->child_at = sa->child_at;
	if (heir->state != IKE_SA_ESTABLISHED)
		set_established(c, heir);
	while (*end)
		end = &(*end)->next;
	*end = sa->children;
	sa->children = NULL;
	sa->heir = heir->serial;
	sa->state = IKE_SA_REKEYED;
	sa->delete_at = c->now + IKE_REKEYED_TIME;
	sa->want_probe = false;
	sa->want_move = false;
	sa->want_rekey = false;
}

static void remove_children(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	while (sa->children)
		ike_child_remove(c, sa, sa->children, reason != IKE_REASON_DELETED_HERE);
}

/* What the peer's crossing rekey has made waits for the end of ours, which will not come now. */
static void drop_rival(struct ike_core *c, const struct ike_sa *sa)
{
	struct ike_sa *rival = ike_sa_by_serial(c, sa->job.rival);

	if (sa->job.type == IKE_JOB_REKEY_IKE && rival && rival->state == IKE_SA_REKEYED)
		ike_sa_delete(c, rival, IKE_REASON_REPLACED);
}

void ike_sa_kill(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	bool established = sa->state == IKE_SA_ESTABLISHED;

	if (sa->dead)
		return;
	sa->dead = true;
	if (!sa->tunnel)
		return;
	sa->tunnel->touched = true;
	remove_children(c, sa, reason);
	drop_rival(c, sa);
	ike_job_clear(c, sa, &sa->job);
	ike_child_discard(c, sa->tunnel, &sa->answer.child);
	ike_child_discard(c, sa->tunnel, &sa->auth.child);
	if (established)
		ike_tunnel_ended(c, sa, reason);
	else if (sa->state == IKE_SA_CONNECTING && sa->initiator && reason != IKE_REASON_REPLACED)
		ike_tunnel_failed(c, sa->tunnel, reason);
}

/*
 * What a newer IKE SA has already replaced is not worth keeping. For the rest a new one is made,
 * whoever made this one: the peer may not know that it is gone.
 */
static void leave_children(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_tunnel *t = sa->tunnel;
	struct ike_child *child;

	while ((child = sa->children)) {
		if (ike_child_sibling(t, child)) {
			ike_child_remove(c, sa, child, true);
			continue;
		}
		sa->children = child->next;
		if (child->inbound || child->outbound)
			ike_tunnel_adopt(c, t, child->cfg, child->inbound ? child->spi_in : 0,
					 child->outbound ? child->spi_out : 0);
		ike_child_free(child);
	}
	if (t->orphans && t->cfg.n_remote && !t->down)
		t->wanted = true;
}

static void explain_timeout(struct ike_core *c, const struct ike_sa *sa)
{
	struct ike_action *a = ike_explain_sa(c, sa, ike_job_step(&sa->job), IKE_REASON_TIMEOUT,
					      false);
	char local[64];
	char remote[64];

	ike_addr_text(&sa->local, local, sizeof(local));
	ike_addr_text(&sa->remote, remote, sizeof(remote));
	snprintf(a->u.explain.detail, sizeof(a->u.explain.detail),
		 "%u transmissions in %llu s from %s to %s, no answer", sa->job.tries,
		 (unsigned long long)(c->now - sa->job.first_sent) / 1000, local, remote);
}

void ike_sa_lost(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_sa *rival = ike_sa_by_serial(c, sa->job.rival);

	if (sa->state == IKE_SA_ESTABLISHED && sa->job.type == IKE_JOB_REKEY_IKE && rival)
		ike_sa_inherit(c, sa, rival);
	if (sa->state == IKE_SA_ESTABLISHED || sa->state == IKE_SA_CONNECTING)
		explain_timeout(c, sa);
	/* ESP still arrives: keep the SAs, and make a new IKE SA before they expire. */
	if (sa->state == IKE_SA_ESTABLISHED && !sa->tunnel->quiet)
		leave_children(c, sa);
	ike_sa_kill(c, sa, IKE_REASON_TIMEOUT);
}

void ike_sa_delete(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	if (sa->dead || sa->state == IKE_SA_DELETING)
		return;
	if (sa->state == IKE_SA_CONNECTING) {
		ike_sa_kill(c, sa, reason);
		return;
	}
	remove_children(c, sa, reason);
	if (sa->state == IKE_SA_ESTABLISHED && sa->tunnel)
		ike_tunnel_ended(c, sa, reason);
	sa->state = IKE_SA_DELETING;
	sa->want_delete = true;
	sa->reason = reason;
	sa->delete_at = IKE_NEVER;
	sa->drop_at = c->now + IKE_DELETE_TIME;
}

void ike_sa_finish(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	bool established = sa->state == IKE_SA_ESTABLISHED;

	sa->state = IKE_SA_DELETING;
	sa->want_delete = false;
	sa->delete_at = IKE_NEVER;
	sa->drop_at = c->now + IKE_DELETE_TIME;
	if (!sa->tunnel)
		return;
	remove_children(c, sa, reason);
	ike_job_clear(c, sa, &sa->job);
	if (established)
		ike_tunnel_ended(c, sa, reason);
}

/* A peer that began and did not go on, unless the tunnel it may be of has come up otherwise. */
static void explain_half_open(struct ike_core *c, const struct ike_sa *sa)
{
	const struct ike_tunnel *t = ike_tunnel_for_peer(c, NULL, &sa->local, &sa->remote);
	struct ike_action *a;

	if (sa->tunnel || sa->initiator || sa->state != IKE_SA_CONNECTING || !t ||
	    !t->cfg.n_remote || ike_sa_of(t))
		return;
	a = ike_explain(c, t, IKE_STEP_AUTH, IKE_REASON_TIMEOUT, false);
	ike_explain_path(a, sa);
	snprintf(a->u.explain.detail, sizeof(a->u.explain.detail),
		 "the peer's IKE_SA_INIT was answered, its IKE_AUTH did not come");
}

void ike_sa_tick(struct ike_core *c, struct ike_sa *sa)
{
	if (sa->dead)
		return;
	if (c->now >= sa->drop_at) {
		if (sa->auth.make_token || sa->auth.check_token || sa->auth.mix_token ||
		    sa->auth.bare_token)
			ike_log(c, sa->tunnel, IKE_LOG_WARNING, "the key process does not answer");
		explain_half_open(c, sa);
		ike_sa_kill(c, sa, IKE_REASON_TIMEOUT);
		return;
	}
	if (c->now >= sa->delete_at) {
		ike_log(c, sa->tunnel, IKE_LOG_INFO, "deleting a replaced IKE SA");
		ike_sa_delete(c, sa, IKE_REASON_REPLACED);
	}
	if (c->now >= sa->rekey_at && sa->state == IKE_SA_ESTABLISHED)
		sa->want_rekey = true;
	ike_child_tick(c, sa);
	ike_request_tick(c, sa);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What waits for the end of our outstanding request needs no timer of its own. */
uint64_t ike_sa_deadline(const struct ike_core *c, const struct ike_sa *sa)
{
	uint64_t at = sooner(sa->drop_at, sa->delete_at);
	const struct ike_child *child;

	at = sooner(at, ike_request_deadline(c, sa));
	for (child = sa->children; child; child = child->next) {
		at = sooner(at, sooner(child->activate_at, ike_child_twin_at(sa, child)));
		at = sooner(at, child->delete_at);
	}
	if (sa->job.type || sa->answer.active || sa->state != IKE_SA_ESTABLISHED)
		return at;
	at = sooner(at, sa->rekey_at);
	for (child = sa->children; child; child = child->next)
		if (child->want_rekey && child->state == IKE_CHILD_LIVE)
			at = sooner(at, child->retry_at);
	return ike_child_missing(sa) >= 0 ? sooner(at, sa->child_at) : at;
}
