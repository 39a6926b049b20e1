// SPDX-License-Identifier: GPL-2.0
/* Tunnels: configuration, when to connect, what is left of SAs without IKE SA. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

enum {
	BACKOFF_STEPS = 5,
	HALF_OPEN_PAUSE = 1000,

	DEFAULT_GIVE_UP = 180000,
	DEFAULT_RETRY = 1000,
	DEFAULT_RETRANSMIT = 500,
};

struct ike_tunnel *ike_tunnel_find(const struct ike_core *c, uint32_t handle)
{
	struct ike_tunnel *t;

	for (t = c->tunnels; t; t = t->next)
		if (t->cfg.tunnel == handle && !t->gone)
			return t;
	return NULL;
}

static bool peer_address(const struct ike_tunnel *t, const struct ike_addr *remote)
{
	size_t i;

	if (!t->cfg.n_remote || ike_addr_same(&t->seen, remote))
		return true;
	for (i = 0; i < t->cfg.n_remote; i++)
		if (ike_addr_same(&t->cfg.remote[i], remote))
			return true;
	return false;
}

struct ike_tunnel *ike_tunnel_for_peer(struct ike_core *c, struct ike_tunnel *prev,
				       const struct ike_addr *local,
				       const struct ike_addr *remote)
{
	struct ike_tunnel *t;

	for (t = prev ? prev->next : c->tunnels; t; t = t->next)
		if (!t->gone && !t->down && !t->cfg.instance_of && peer_address(t, remote) &&
		    (!t->cfg.local.family || ike_addr_same(&t->cfg.local, local)))
			return t;
	return NULL;
}

/* ---- configuration ---- */

static void set_config(struct ike_tunnel *t, const struct ike_peer_config *cfg)
{
	t->cfg = *cfg;
	if (!t->cfg.give_up_ms)
		t->cfg.give_up_ms = DEFAULT_GIVE_UP;
	if (!t->cfg.retry_ms)
		t->cfg.retry_ms = DEFAULT_RETRY;
	if (!t->cfg.retransmit_ms)
		t->cfg.retransmit_ms = DEFAULT_RETRANSMIT;
}

static bool same_addrs(const struct ike_peer_config *a, const struct ike_peer_config *b)
{
	size_t i;

	if (a->n_remote != b->n_remote || !ike_addr_same(&a->local, &b->local))
		return false;
	for (i = 0; i < a->n_remote; i++)
		if (!ike_addr_same(&a->remote[i], &b->remote[i]))
			return false;
	return true;
}

static bool same_selectors(const struct ike_peer_config *a, const struct ike_peer_config *b)
{
	const struct ike_child_config *x;
	const struct ike_child_config *y;
	size_t i;

	if (a->n_children != b->n_children)
		return false;
	for (i = 0; i < a->n_children; i++) {
		x = &a->children[i];
		y = &b->children[i];
		if (!ike_ts_same(x->local, x->n_local, y->local, y->n_local) ||
		    !ike_ts_same(x->remote, x->n_remote, y->remote, y->n_remote))
			return false;
	}
	return true;
}

static bool same_vips(const struct ike_peer_config *a, const struct ike_peer_config *b)
{
	size_t i;

	for (i = 0; i < a->n_vips && i < b->n_vips; i++)
		if (!ike_addr_same(&a->vip[i], &b->vip[i]))
			return false;
	return a->n_vips == b->n_vips && a->pool == b->pool;
}

static bool same_ppk(const struct ike_peer_config *a, const struct ike_peer_config *b)
{
	return a->ppk_id_len == b->ppk_id_len && a->ppk_required == b->ppk_required &&
	       !memcmp(a->ppk_id, b->ppk_id, a->ppk_id_len);
}

/* What cannot change under an IKE SA: then a new one is made before the old one goes. */
static bool needs_new_sa(const struct ike_peer_config *a, const struct ike_peer_config *b)
{
	return !ike_id_same(&a->local_id, &b->local_id) || !ike_id_same(&a->remote_id, &b->remote_id) ||
	       a->auth != b->auth || a->encap != b->encap || !same_addrs(a, b) ||
	       !same_selectors(a, b) || !same_vips(a, b) || !same_ppk(a, b);
}

static struct ike_tunnel *add_tunnel(struct ike_core *c, const struct ike_peer_config *cfg)
{
	struct ike_tunnel *t = ike_alloc(sizeof(*t));
	struct ike_tunnel **end = &c->tunnels;

	set_config(t, cfg);
	t->quiet = true;
	t->heard_ike = c->now;
	t->retry_at = IKE_NEVER;
	while (*end)
		end = &(*end)->next;
	*end = t;
	return t;
}

void ike_tunnel_config(struct ike_core *c, const struct ike_peer_config *cfg)
{
	struct ike_tunnel *t = ike_tunnel_find(c, cfg->tunnel);
	bool fresh = !t;
	bool renew = t && needs_new_sa(&t->cfg, cfg);
	struct ike_sa *sa;

	if (fresh)
		t = add_tunnel(c, cfg);
	else
		set_config(t, cfg);
	if (cfg->start == IKE_START_NOW && !t->down && !t->wanted) {
		t->wanted = true;
		t->retry_at = c->now;
	}
	sa = ike_sa_of(t);
	if (renew && sa && sa->state != IKE_SA_DELETING)
		ike_tunnel_connect(c, t);
}

static void drop_orphans(struct ike_core *c, struct ike_tunnel *t);

static void drop_lingers(struct ike_core *c, const struct ike_tunnel *t)
{
	struct ike_linger *l;

	for (l = c->lingers; l; l = l->next)
		if (l->tunnel == t->cfg.tunnel)
			l->at = c->now;
}

void ike_tunnel_down(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_sa *sa;

	t->down = true;
	t->hold = false;
	t->wanted = false;
	t->retry_at = IKE_NEVER;
	t->resolve_token = 0;
	t->reason = IKE_REASON_DELETED_HERE;
	for (sa = t->sas; sa; sa = sa->mate)
		if (ike_sa_alive(sa))
			ike_sa_delete(c, sa, IKE_REASON_DELETED_HERE);
	drop_orphans(c, t);
	drop_lingers(c, t);
}

void ike_tunnel_unconfig(struct ike_core *c, struct ike_tunnel *t)
{
	ike_tunnel_down(c, t);
	t->gone = true;
}

void ike_tunnel_free(struct ike_tunnel *t)
{
	struct ike_orphan *next;

	for (; t->orphans; t->orphans = next) {
		next = t->orphans->next;
		free(t->orphans);
	}
	ike_wipe(t, sizeof(*t));
	free(t);
}

/* ---- connecting ---- */

static bool connecting(const struct ike_tunnel *t)
{
	const struct ike_sa *sa;

	for (sa = t->sas; sa; sa = sa->mate)
		if (!sa->dead && sa->initiator && sa->state == IKE_SA_CONNECTING)
			return true;
	return t->resolve_token;
}

bool ike_tunnel_renewing(const struct ike_tunnel *t)
{
	return t->beside && connecting(t);
}

/*
 * The peer is connecting to us just now: two IKE SAs would be one too many. But anybody can send its
 * first request in the peer's name, so that one waits for it only once.
 */
static bool peer_connecting(const struct ike_core *c, const struct ike_tunnel *t)
{
	const struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next)
		if (!sa->dead && !sa->initiator && sa->state == IKE_SA_CONNECTING &&
		    t->cfg.n_remote && peer_address(t, &sa->remote))
			return true;
	return false;
}

static bool established(const struct ike_tunnel *t)
{
	const struct ike_sa *sa = ike_sa_of(t);

	return sa && sa->state == IKE_SA_ESTABLISHED;
}

void ike_tunnel_connect(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_action *a;

	if (connecting(t))
		return;
	if (!t->yielded && peer_connecting(c, t)) {
		t->yielded = true;
		t->retry_at = c->now + ike_jitter(c, HALF_OPEN_PAUSE, 50);
		return;
	}
	t->retry_at = IKE_NEVER;
	t->yielded = false;
	t->beside = established(t);
	t->resolve_token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_RESOLVE, t->cfg.tunnel);
	a->token = t->resolve_token;
	a->u.resolve.attempt = t->attempt;
}

void ike_tunnel_address(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev)
{
	t->resolve_token = 0;
	if (established(t) && !t->beside)
		return;		/* the peer was faster */
	if (!ev->u.address.ok) {
		ike_explain(c, t, IKE_STEP_RESOLVE, IKE_REASON_NO_ADDRESS, false);
		ike_tunnel_failed(c, t, IKE_REASON_NO_ADDRESS);
		return;
	}
	t->seen = ev->u.address.remote;
	ike_sa_init_start(c, t, &ev->u.address.local, &ev->u.address.remote);
}

void ike_tunnel_up(struct ike_core *c, struct ike_tunnel *t)
{
	t->down = false;
	t->hold = false;
	t->wanted = true;
	t->attempt = 0;
	if (!established(t))
		ike_tunnel_connect(c, t);
}

void ike_tunnel_acquire(struct ike_core *c, struct ike_tunnel *t)
{
	if (t->down || (t->cfg.start == IKE_START_MANUAL && !t->hold))
		return;
	t->wanted = true;
	if (!established(t) && (t->retry_at == IKE_NEVER || c->now >= t->retry_at))
		ike_tunnel_connect(c, t);
}

uint64_t ike_tunnel_retry_in(struct ike_core *c, const struct ike_tunnel *t)
{
	unsigned int step = t->attempt < BACKOFF_STEPS ? t->attempt : BACKOFF_STEPS;

	return ike_jitter(c, (uint64_t)t->cfg.retry_ms << step, 20);
}

/*
 * With on-traffic the next attempt waits for traffic, and not less than the pause; SAs without an
 * IKE SA carry it and nobody would ask.
 */
static void schedule(struct ike_core *c, struct ike_tunnel *t, uint64_t pause)
{
	if ((t->cfg.start == IKE_START_ON_TRAFFIC || t->hold) && !t->orphans)
		t->wanted = false;
	if (!t->down)
		t->retry_at = c->now + pause;
}

void ike_tunnel_failed(struct ike_core *c, struct ike_tunnel *t, enum ike_reason reason)
{
	ike_act(c, IKE_ACT_FAILED, t->cfg.tunnel)->u.down.reason = reason;
	t->reason = reason;
	schedule(c, t, ike_tunnel_retry_in(c, t));
	t->attempt++;
}

void ike_tunnel_succeeded(struct ike_tunnel *t)
{
	t->attempt = 0;
	t->hold = false;
	t->retry_at = IKE_NEVER;
	t->reason = IKE_REASON_NONE;
}

/* Whether a tunnel that the peer has ended comes up again; with AUTO it stays as it was wanted. */
static void set_again(struct ike_tunnel *t, enum ike_again again)
{
	if (again == IKE_AGAIN_AUTO || t->down)
		return;
	t->wanted = again == IKE_AGAIN_RESTART;
	t->hold = again == IKE_AGAIN_HOLD;
}

static bool has_sa(const struct ike_tunnel *t)
{
	const struct ike_child *child;
	const struct ike_sa *sa;

	if (t->orphans)
		return true;
	for (sa = t->sas; sa; sa = sa->mate) {
		if (!ike_sa_alive(sa))
			continue;
		if (!t->cfg.n_children && sa->state == IKE_SA_ESTABLISHED)
			return true;
		for (child = sa->children; child; child = child->next)
			if (child->outbound)
				return true;
	}
	return false;
}

void ike_tunnel_closed(struct ike_tunnel *t)
{
	if (!has_sa(t))
		set_again(t, t->cfg.when_closed);
}

void ike_tunnel_ended(struct ike_core *c, const struct ike_sa *ended, enum ike_reason reason)
{
	bool at_once = reason == IKE_REASON_TIMEOUT || reason == IKE_REASON_PEER_RESTARTED;
	struct ike_tunnel *t = ended->tunnel;
	struct ike_sa *left = NULL;
	struct ike_sa *sa;
	size_t n = 0;

	for (sa = t->sas; sa; sa = sa->mate) {
		if (sa == ended || sa->dead || sa->state != IKE_SA_ESTABLISHED)
			continue;
		left = sa;
		n++;
	}
	if (n == 1)
		left->delete_at = IKE_NEVER;	/* whatever it had to make room for is gone */
	if (n)
		return;
	t->reason = reason;
	if (reason == IKE_REASON_DELETED_BY_PEER)
		set_again(t, t->cfg.when_closed);
	else if (reason == IKE_REASON_TIMEOUT && !t->orphans)
		set_again(t, t->cfg.when_dead);
	if (t->wanted)
		schedule(c, t, at_once ? 0 : ike_tunnel_retry_in(c, t));
}

/*
 * With MOBIKE one goes on from port 4500 (RFC 4555 section 3.3). Without, a peer follows us only if
 * we are behind a NAT (RFC 7296 section 2.23), by the next request; otherwise it needs an IKE SA
 * made from the new address.
 */
static void move(struct ike_core *c, struct ike_sa *sa, const struct ike_addr *local)
{
	uint16_t port = sa->mobike ? c->cfg.port_natt : sa->local.port;

	sa->local = *local;
	sa->local.port = port;
	if (sa->mobike && sa->remote.port == c->cfg.port_ike)
		sa->remote.port = c->cfg.port_natt;
	sa->want_move = sa->mobike;
	if (sa->mobike || sa->state != IKE_SA_ESTABLISHED)
		return;
	sa->want_probe = true;
	if (!sa->nat_local)
		ike_tunnel_connect(c, sa->tunnel);
}

/* Another host may have it by now, and talk to the peer: there is nothing to be said from here. */
static void lose_address(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_sa *sa;

	t->reason = IKE_REASON_NO_ADDRESS;
	for (sa = t->sas; sa; sa = sa->mate)
		ike_sa_kill(c, sa, IKE_REASON_NO_ADDRESS);
	drop_orphans(c, t);
	drop_lingers(c, t);
}

void ike_tunnel_roamed(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev)
{
	const struct ike_addr *local = &ev->u.address.local;
	const struct ike_addr *remote = &ev->u.address.remote;
	struct ike_sa *sa;

	if (!ev->u.address.ok) {
		lose_address(c, t);
		return;
	}
	/* What could not be done from the old address is worth another attempt. */
	if (local->family && t->retry_at != IKE_NEVER)
		t->retry_at = c->now;
	for (sa = t->sas; sa; sa = sa->mate) {
		if (!ike_sa_alive(sa) || sa->state == IKE_SA_CONNECTING)
			continue;
		if (remote->family && sa->nat_remote)
			sa->remote = *remote;
		if (local->family && !ike_addr_same(local, &sa->local))
			move(c, sa, local);
		if (sa->state == IKE_SA_ESTABLISHED)
			ike_sa_endpoint(c, sa);
	}
}

/* ---- SAs without IKE SA ---- */

void ike_tunnel_adopt(struct ike_core *c, struct ike_tunnel *t, uint8_t cfg, uint32_t spi_in,
		      uint32_t spi_out)
{
	struct ike_orphan *o = ike_alloc(sizeof(*o));

	o->cfg = cfg;
	o->spi_in = spi_in;
	o->spi_out = spi_out;
	o->delete_at = IKE_NEVER;
	o->next = t->orphans;
	t->orphans = o;
	ike_log(c, t, IKE_LOG_INFO, "SA in 0x%08x out 0x%08x is there without an IKE SA", spi_in,
		spi_out);
}

static void drop_orphan(struct ike_core *c, struct ike_tunnel *t, struct ike_orphan **at)
{
	struct ike_orphan *o = *at;

	if (o->spi_out)
		ike_act_sa(c, IKE_ACT_DELETE, t->cfg.tunnel, IKE_OUT, o->spi_out);
	if (o->spi_in)
		ike_act_sa(c, IKE_ACT_DELETE, t->cfg.tunnel, IKE_IN, o->spi_in);
	*at = o->next;
	free(o);
}

static void drop_orphans(struct ike_core *c, struct ike_tunnel *t)
{
	while (t->orphans)
		drop_orphan(c, t, &t->orphans);
}

void ike_tunnel_orphans_due(struct ike_core *c, struct ike_tunnel *t, uint8_t cfg, uint64_t at)
{
	struct ike_orphan *o;

	for (o = t->orphans; o; o = o->next) {
		if (o->cfg != cfg && o->cfg < t->cfg.n_children)
			continue;
		if (at < o->delete_at)
			o->delete_at = at;
		/* Used already: the outbound half goes, the inbound one as after a rekey. */
		if (at > c->now || !o->spi_in)
			continue;
		ike_linger(c, t, o->spi_in);
		o->spi_in = 0;
	}
}

bool ike_tunnel_orphan_gone(struct ike_core *c, struct ike_tunnel *t, enum ike_dir dir,
			    uint32_t spi)
{
	struct ike_orphan **at;

	for (at = &t->orphans; *at; at = &(*at)->next) {
		if (spi != (dir == IKE_IN ? (*at)->spi_in : (*at)->spi_out))
			continue;
		*(dir == IKE_IN ? &(*at)->spi_in : &(*at)->spi_out) = 0;
		drop_orphan(c, t, at);
		return true;
	}
	return false;
}

static uint32_t *half(struct ike_orphan *o, enum ike_dir dir)
{
	return dir == IKE_IN ? &o->spi_in : &o->spi_out;
}

bool ike_tunnel_has(const struct ike_tunnel *t, enum ike_dir dir, uint32_t spi)
{
	struct ike_orphan *o;

	for (o = t->orphans; o; o = o->next)
		if (*half(o, dir) == spi)
			return true;
	return false;
}

void ike_tunnel_take(struct ike_tunnel *t, enum ike_dir dir, uint32_t spi)
{
	struct ike_orphan *o;

	for (o = t->orphans; o; o = o->next)
		if (*half(o, dir) == spi)
			*half(o, dir) = 0;
}

void ike_tunnel_settle_orphans(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_orphan **at = &t->orphans;

	while (*at) {
		if ((*at)->spi_in && (*at)->spi_out) {
			at = &(*at)->next;
			continue;
		}
		if ((*at)->spi_in)
			ike_linger(c, t, (*at)->spi_in);
		(*at)->spi_in = 0;
		drop_orphan(c, t, at);
	}
}

/* ---- time ---- */

void ike_tunnel_tick(struct ike_core *c, struct ike_tunnel *t)
{
	struct ike_orphan **at = &t->orphans;

	while (*at) {
		if (c->now >= (*at)->delete_at)
			drop_orphan(c, t, at);
		else
			at = &(*at)->next;
	}
	if (c->now >= ike_liveness_orphans_at(c, t)) {
		ike_log(c, t, IKE_LOG_WARNING, "nothing comes in on SAs without an IKE SA: deleted");
		t->reason = IKE_REASON_TIMEOUT;
		drop_orphans(c, t);
		set_again(t, t->cfg.when_dead);
		if (t->wanted && t->retry_at == IKE_NEVER)
			t->retry_at = c->now;
	}
	if (c->now >= t->retry_at) {
		t->retry_at = IKE_NEVER;
		if (t->wanted && !t->down && !established(t))
			ike_tunnel_connect(c, t);
	}
	ike_liveness_tick(c, t);
}

uint64_t ike_tunnel_deadline(const struct ike_core *c, const struct ike_tunnel *t)
{
	uint64_t orphans_at = ike_liveness_orphans_at(c, t);
	uint64_t at = ike_liveness_deadline(c, t);
	const struct ike_orphan *o;

	if (t->retry_at < at)
		at = t->retry_at;
	if (orphans_at < at)
		at = orphans_at;
	for (o = t->orphans; o; o = o->next)
		if (o->delete_at < at)
			at = o->delete_at;
	return at;
}

/* ---- telling ---- */

void ike_tunnel_report(struct ike_core *c, struct ike_tunnel *t)
{
	bool up = has_sa(t);

	if (up == t->up)
		return;
	t->up = up;
	if (up) {
		ike_act(c, IKE_ACT_UP, t->cfg.tunnel);
		ike_log(c, t, IKE_LOG_NOTICE, "up");
		return;
	}
	t->endpoint_local.family = 0;
	if (!t->quiet)
		ike_heard_esp(c, t, true, 0);	/* no ESP from here on */
	ike_act(c, IKE_ACT_DOWN, t->cfg.tunnel)->u.down.reason = t->reason;
	ike_log(c, t, IKE_LOG_NOTICE, "down: %s", ike_reason_text(t->reason));
}
