// SPDX-License-Identifier: GPL-2.0
/* Where events come in. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

enum {
	DEFAULT_PORT_IKE = 500,
	DEFAULT_PORT_NATT = 4500,
	DEFAULT_HALF_OPEN_PER_ADDR = 3,
	DEFAULT_HALF_OPEN_MAX = 256,
	UNKNOWN_PER_SECOND = 5,
};

struct ike_core *ike_core_new(const struct ike_core_config *cfg)
{
	struct ike_core *c = ike_alloc(sizeof(*c));
	struct ike_core_config *own = &c->cfg;

	*own = *cfg;
	own->port_ike = own->port_ike ? own->port_ike : DEFAULT_PORT_IKE;
	own->port_natt = own->port_natt ? own->port_natt : DEFAULT_PORT_NATT;
	if (!own->half_open_per_addr)
		own->half_open_per_addr = DEFAULT_HALF_OPEN_PER_ADDR;
	if (!own->half_open_max)
		own->half_open_max = DEFAULT_HALF_OPEN_MAX;
	c->deadline = IKE_NEVER;
	ike_random(c, c->cookie_key, sizeof(c->cookie_key));
	return c;
}

void ike_core_free(struct ike_core *c)
{
	struct ike_tunnel *t;
	struct ike_linger *l;

	if (!c)
		return;
	while (c->sas)
		ike_sa_free(c, c->sas);
	while ((t = c->tunnels)) {
		c->tunnels = t->next;
		ike_tunnel_free(t);
	}
	while ((l = c->lingers)) {
		c->lingers = l->next;
		free(l);
	}
	ike_wipe(c, sizeof(*c));
	free(c);
}

/* ---- datagrams ---- */

/* An answer that no IKE SA protects: one notification. */
static void answer_plain(struct ike_core *c, const struct ike_event *ev, struct ike_header h,
			 uint16_t type)
{
	struct ike_blob flight = { 0 };
	struct ike_builder b = { 0 };
	struct ike_writer w = { 0 };
	struct ike_sa none = { 0 };

	ike_notify_put(&b, type, NULL, 0);
	h.next = IKE_P_NOTIFY;
	ike_header_put(&w, &h);
	ike_put(&w, b.w.data, b.w.len);
	ike_header_finish(&w);
	ike_flight_plain(&flight, &w);
	ike_send_flight(c, &none, &ev->u.datagram.local, &ev->u.datagram.remote, &flight);
	ike_blob_free(&flight);
	ike_writer_free(&b.w);
	ike_writer_free(&w);
}

static void wrong_version(struct ike_core *c, const struct ike_event *ev,
			  const struct ike_header *h)
{
	struct ike_header answer = { .spi_i = h->spi_i, .spi_r = h->spi_r,
				     .exchange = h->exchange, .flags = IKE_FLAG_RESPONSE,
				     .id = h->id };

	/* RFC 7296 section 2.5: a higher version is answered, an IKEv1 packet is not. */
	if (h->version >> 4 < IKE_MAJOR_VERSION || h->flags & IKE_FLAG_RESPONSE)
		return;
	answer_plain(c, ev, answer, IKE_NOTIFY_INVALID_MAJOR_VERSION);
}

/*
 * RFC 7296 section 2.21.4: a peer that keeps an IKE SA we have lost is told so, as it would be told
 * on it, and not more often than UNKNOWN_PER_SECOND, so that we cannot be used to flood anybody.
 */
static void unknown_sa(struct ike_core *c, const struct ike_event *ev, const struct ike_header *h)
{
	struct ike_header answer = { .spi_i = h->spi_i, .spi_r = h->spi_r,
				     .exchange = h->exchange, .id = h->id,
				     .flags = IKE_FLAG_RESPONSE |
					      (~h->flags & IKE_FLAG_INITIATOR) };

	if (h->flags & IKE_FLAG_RESPONSE || !h->spi_r)
		return;
	if (!c->unknown_at || c->now >= c->unknown_at + 1000) {
		c->unknown_at = c->now;
		c->unknown = 0;
	}
	if (c->unknown++ < UNKNOWN_PER_SECOND)
		answer_plain(c, ev, answer, IKE_NOTIFY_INVALID_IKE_SPI);
}

/* Return: false if it was of no IKE SA and has made none; it may have been answered. */
static bool datagram(struct ike_core *c, const struct ike_event *ev)
{
	struct ike_header h;
	struct ike_sa *sa;

	if (!ike_header_get(ev->u.datagram.data, ev->u.datagram.len, &h))
		return false;
	if (h.version >> 4 != IKE_MAJOR_VERSION) {
		wrong_version(c, ev, &h);
		return false;
	}
	if (h.exchange == IKE_EXCH_SA_INIT && !(h.flags & IKE_FLAG_RESPONSE))
		return (h.flags & IKE_FLAG_INITIATOR) && ike_sa_init_request(c, ev, &h);
	sa = ike_sa_find(c, &h);
	if (sa)
		ike_exchange_datagram(c, sa, ev, &h);
	else
		unknown_sa(c, ev, &h);
	return sa;
}

/* ---- answers to actions ---- */

/* A request that was sent names it, and the answer makes an SA of it. */
static bool awaited(const struct ike_core *c, uint32_t spi)
{
	const struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next)
		if (!sa->dead && sa->job.child && sa->job.child->spi_in == spi)
			return true;
	return false;
}

static void spi_answer(struct ike_core *c, const struct ike_event *ev)
{
	uint32_t spi = ev->u.spi.ok ? ev->u.spi.spi : 0;
	struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next) {
		if (sa->dead || !ev->token ||
		    (sa->job.token != ev->token && sa->answer.token != ev->token))
			continue;
		if (sa->state == IKE_SA_CONNECTING)
			ike_auth_spi(c, sa, spi);
		else
			ike_create_child_spi(c, sa, ev->token, spi);
		return;
	}
	if (!ev->token && awaited(c, spi))
		return;
	/* Whoever asked is gone. */
	if (spi)
		ike_act_sa(c, IKE_ACT_FREE_SPI, ev->tunnel, IKE_IN, spi);
}

static void auth_answer(struct ike_core *c, const struct ike_event *ev)
{
	struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next) {
		if (sa->dead || !ev->token)
			continue;
		if (ev->type == IKE_EV_AUTH_MADE && (sa->auth.make_token == ev->token ||
						     sa->auth.bare_token == ev->token)) {
			ike_auth_made(c, sa, ev);
			return;
		}
		if (ev->type == IKE_EV_PPK_MIXED && sa->auth.mix_token == ev->token) {
			ike_auth_mixed(c, sa, ev);
			return;
		}
		if (ev->type == IKE_EV_AUTH_CHECKED && sa->auth.check_token == ev->token) {
			ike_auth_checked(c, sa, ev);
			return;
		}
		if (ev->type == IKE_EV_LEASED && sa->auth.lease_token == ev->token) {
			ike_auth_leased(c, sa, ev);
			return;
		}
	}
}

/* ---- the kernel ---- */

static void sa_event(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev)
{
	struct ike_sa *sa;
	struct ike_child *child = ike_child_by_spi(t, ev->u.sa.dir, ev->u.sa.spi, &sa);

	if (!child) {
		if (ev->type == IKE_EV_HARD_EXPIRE)
			ike_tunnel_orphan_gone(c, t, ev->u.sa.dir, ev->u.sa.spi);
		return;
	}
	switch (ev->type) {
	case IKE_EV_SA_FAILED:
		ike_child_failed(c, sa, child, ev->u.sa.text);
		break;
	case IKE_EV_SOFT_EXPIRE:
		child->want_rekey = true;
		break;
	case IKE_EV_HARD_EXPIRE:
		ike_child_expired(c, sa, child, ev->u.sa.dir);
		break;
	default:
		ike_child_used(c, sa, child);
		break;
	}
}

/* ---- commands ---- */

static void rekey_children(const struct ike_tunnel *t)
{
	struct ike_child *child;
	struct ike_sa *sa;

	for (sa = t->sas; sa; sa = sa->mate) {
		if (!ike_sa_alive(sa))
			continue;
		for (child = sa->children; child; child = child->next) {
			child->want_rekey = child->state == IKE_CHILD_LIVE;
			child->retry_at = 0;
		}
	}
}

static void rekey_ike(struct ike_core *c, const struct ike_tunnel *t)
{
	struct ike_sa *sa = ike_sa_of(t);

	if (!sa || sa->state != IKE_SA_ESTABLISHED)
		return;
	sa->want_rekey = true;
	sa->rekey_at = c->now;
}

static void tunnel_event(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev)
{
	/* What these change is not stored. */
	t->touched |= ev->type != IKE_EV_QUIET && ev->type != IKE_EV_HEARD &&
		      ev->type != IKE_EV_ACQUIRE && ev->type != IKE_EV_ADDRESS &&
		      ev->type != IKE_EV_ADOPTED;
	switch (ev->type) {
	case IKE_EV_UNCONFIG:
		ike_tunnel_unconfig(c, t);
		break;
	case IKE_EV_UP:
		ike_tunnel_up(c, t);
		break;
	case IKE_EV_DOWN:
		ike_tunnel_down(c, t);
		break;
	case IKE_EV_REKEY_CHILD:
		rekey_children(t);
		break;
	case IKE_EV_REKEY_IKE:
		rekey_ike(c, t);
		break;
	case IKE_EV_ADDRESS:
		if (ev->token && ev->token == t->resolve_token)
			ike_tunnel_address(c, t, ev);
		break;
	case IKE_EV_ACQUIRE:
		ike_tunnel_acquire(c, t);
		break;
	case IKE_EV_QUIET:
		ike_heard_esp(c, t, true, ev->u.quiet.ms);
		break;
	case IKE_EV_HEARD:
		ike_heard_esp(c, t, false, 0);
		break;
	case IKE_EV_ADOPTED:
		ike_tunnel_adopt(c, t, ev->u.adopted.child, ev->u.adopted.spi_in,
				 ev->u.adopted.spi_out);
		break;
	case IKE_EV_ROAMED:
		ike_tunnel_roamed(c, t, ev);
		break;
	case IKE_EV_RESUME:
		ike_resume(c, t, (struct ike_chunk){ ev->u.resume.data, ev->u.resume.len });
		break;
	default:
		sa_event(c, t, ev);
		break;
	}
}

/* Return: false if nothing is different now. */
static bool dispatch(struct ike_core *c, const struct ike_event *ev)
{
	struct ike_tunnel *t;

	switch (ev->type) {
	case IKE_EV_TIMER:
		break;
	case IKE_EV_DATAGRAM:
		return datagram(c, ev);
	case IKE_EV_CONFIG:
		ike_tunnel_config(c, ev->u.config);
		break;
	case IKE_EV_SPI:
		spi_answer(c, ev);
		break;
	case IKE_EV_AUTH_MADE:
	case IKE_EV_AUTH_CHECKED:
	case IKE_EV_PPK_MIXED:
	case IKE_EV_LEASED:
		auth_answer(c, ev);
		break;
	default:
		t = ike_tunnel_find(c, ev->tunnel);
		if (t)
			tunnel_event(c, t, ev);
	}
	return true;
}

/* ---- after each event ---- */

static void sweep(struct ike_core *c)
{
	struct ike_sa *sa = c->sas;
	struct ike_tunnel **at = &c->tunnels;
	struct ike_tunnel *t;
	struct ike_sa *next;

	for (; sa; sa = next) {
		next = sa->next;
		if (sa->dead)
			ike_sa_free(c, sa);
	}
	while ((t = *at)) {
		if (t->gone && !t->sas) {
			*at = t->next;
			ike_tunnel_free(t);
		} else {
			at = &t->next;
		}
	}
}

static uint64_t next_deadline(const struct ike_core *c)
{
	uint64_t at = ike_door_deadline(c);
	const struct ike_tunnel *t;
	const struct ike_linger *l;
	const struct ike_sa *sa;
	uint64_t one;

	for (sa = c->sas; sa; sa = sa->next) {
		one = ike_sa_deadline(c, sa);
		at = one < at ? one : at;
	}
	for (t = c->tunnels; t; t = t->next) {
		one = ike_tunnel_deadline(c, t);
		at = one < at ? one : at;
	}
	for (l = c->lingers; l; l = l->next)
		at = l->at < at ? l->at : at;
	return at;
}

static void tick(struct ike_core *c)
{
	struct ike_tunnel *t;
	struct ike_sa *sa;

	ike_door_tick(c);
	ike_linger_tick(c);
	for (sa = c->sas; sa; sa = sa->next)
		ike_sa_tick(c, sa);
	for (t = c->tunnels; t; t = t->next)
		ike_tunnel_tick(c, t);
	for (sa = c->sas; sa; sa = sa->next)
		ike_exchange_work(c, sa);
	for (t = c->tunnels; t; t = t->next)
		ike_tunnel_report(c, t);
}

void ike_core_step(struct ike_core *c, const struct ike_event *ev, struct ike_actions *acts)
{
	/* A timer that comes much too late: the machine slept, or its clock jumped. */
	if (c->deadline != IKE_NEVER && ev->now > c->deadline + IKE_JUMP_TIME)
		c->grace_until = ev->now + IKE_GRACE_TIME;
	c->now = ev->now;
	c->acts = acts;
	ike_cookie_tick(c);
	/* A flood of requests must not cost a look at all IKE SAs and tunnels for each. */
	if (dispatch(c, ev) || c->now >= c->deadline) {
		tick(c);
		sweep(c);
		ike_resume_store(c);
		c->deadline = next_deadline(c);
	}
	acts->deadline = c->deadline;
	c->acts = NULL;
}

/* ---- status ---- */

static void child_status(const struct ike_child *child, struct ike_child_status *st)
{
	st->child = child->cfg;
	st->spi_in = child->spi_in;
	st->spi_out = child->spi_out;
	st->since = child->since;
	ike_proposal_text(&child->proposal, st->proposal, sizeof(st->proposal));
	st->n_local = child->n_local;
	st->n_remote = child->n_remote;
	memcpy(st->local, child->local, sizeof(st->local));
	memcpy(st->remote, child->remote, sizeof(st->remote));
}

static void sa_status(const struct ike_sa *sa, struct ike_status *st)
{
	st->state = sa->state;
	st->initiator = sa->initiator;
	st->resumed = sa->resumed;
	st->ppk = sa->ppk && sa->state != IKE_SA_CONNECTING;
	st->spi_i = sa->spi_i;
	st->spi_r = sa->spi_r;
	st->since = sa->since;
	st->rekey_at = sa->rekey_at;
	if (sa->job.sent && sa->job.tries > 1)
		st->asked = sa->job.first_sent;
	st->local = sa->local;
	st->remote = sa->remote;
	st->encap = ike_sa_encap(sa);
	st->nat_local = sa->nat_local;
	st->nat_remote = sa->nat_remote;
	st->remote_id = sa->peer_id;
	ike_proposal_text(&sa->proposal, st->proposal, sizeof(st->proposal));
}

bool ike_core_status(const struct ike_core *c, uint32_t tunnel, struct ike_status *st)
{
	const struct ike_tunnel *t = ike_tunnel_find(c, tunnel);
	const struct ike_sa *sa = t ? ike_sa_of(t) : NULL;
	const struct ike_child *child;

	memset(st, 0, sizeof(*st));
	st->half_open = ike_half_open(c, NULL);
	st->cookies = st->half_open >= c->cfg.cookie_threshold;
	if (!t)
		return false;
	st->wanted = t->wanted;
	st->suspect = t->suspect;
	st->reason = t->reason;
	st->heard = ike_liveness_last(c, t);
	st->rekey_at = IKE_NEVER;
	st->asked = IKE_NEVER;
	if (sa)
		sa_status(sa, st);
	for (sa = t->sas; sa; sa = sa->mate) {
		if (!ike_sa_alive(sa))
			continue;
		for (child = sa->children; child; child = child->next)
			if (child->outbound && st->n_children < 2 * IKE_MAX_CHILDREN)
				child_status(child, &st->children[st->n_children++]);
	}
	return true;
}
