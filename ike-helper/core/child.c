// SPDX-License-Identifier: GPL-2.0
/*
 * Child SAs and the kernel. Nothing is lost in a rekey if each side can receive before the other
 * sends: the responder installs its inbound half before it answers, the initiator its own as soon
 * as the answer is there; the responder sends on the new pair only once something came in on it.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define HARD_SECONDS	120			/* and the time until the peer is given up */
#define HARD_BYTES	(UINT64_C(1) << 30)
#define HARD_PACKETS	(UINT64_C(1) << 20)
#define CIPHER_BYTES	(UINT64_C(1) << 52)	/* 2^48 blocks of AES: far below the birthday bound */

struct ike_child *ike_child_new(struct ike_core *c, uint8_t cfg, bool initiator)
{
	struct ike_child *child = ike_alloc(sizeof(*child));

	child->serial = ++c->serial;
	child->cfg = cfg;
	child->initiator = initiator;
	child->activate_at = IKE_NEVER;
	child->delete_at = IKE_NEVER;
	return child;
}

void ike_child_free(struct ike_child *child)
{
	ike_wipe(child, child ? sizeof(*child) : 0);
	free(child);
}

void ike_child_discard(struct ike_core *c, const struct ike_tunnel *t, struct ike_child **child)
{
	if (*child && (*child)->spi_in)
		ike_act_sa(c, IKE_ACT_FREE_SPI, t->cfg.tunnel, IKE_IN, (*child)->spi_in);
	ike_child_free(*child);
	*child = NULL;
}

void ike_child_unusable(struct ike_core *c, struct ike_sa *sa, struct ike_child **child)
{
	struct ike_child *dead = *child;

	*child = NULL;
	ike_act_sa(c, IKE_ACT_FREE_SPI, sa->tunnel->cfg.tunnel, IKE_IN, dead->spi_in);
	dead->state = IKE_CHILD_LIVE;
	dead->want_delete = true;
	dead->next = sa->children;
	sa->children = dead;
}

const struct ike_child_config *ike_child_config(const struct ike_sa *sa,
						const struct ike_child *child)
{
	return child->cfg < sa->tunnel->cfg.n_children ? &sa->tunnel->cfg.children[child->cfg] :
							 NULL;
}

struct ike_child *ike_child_by_serial(const struct ike_sa *sa, uint32_t serial)
{
	struct ike_child *child;

	for (child = sa->children; serial && child; child = child->next)
		if (child->serial == serial)
			return child;
	return NULL;
}

struct ike_child *ike_child_by_spi(const struct ike_tunnel *t, enum ike_dir dir, uint32_t spi,
				   struct ike_sa **sa)
{
	struct ike_child *child;

	for (*sa = t->sas; *sa; *sa = (*sa)->mate) {
		if ((*sa)->dead)
			continue;
		for (child = (*sa)->children; child; child = child->next)
			if ((dir == IKE_IN ? child->spi_in : child->spi_out) == spi)
				return child;
	}
	return NULL;
}

bool ike_child_spi_taken(const struct ike_tunnel *t, uint32_t spi)
{
	const struct ike_orphan *o;
	struct ike_sa *sa;

	for (o = t->orphans; o; o = o->next)
		if (o->spi_out == spi)
			return true;
	return ike_child_by_spi(t, IKE_OUT, spi, &sa);
}

static bool same_selectors(const struct ike_child *a, const struct ike_child *b)
{
	return a->cfg == b->cfg &&
	       ike_ts_same(a->local, a->n_local, b->local, b->n_local) &&
	       ike_ts_same(a->remote, a->n_remote, b->remote, b->n_remote);
}

struct ike_child *ike_child_sibling(const struct ike_tunnel *t, const struct ike_child *child)
{
	struct ike_child *best = NULL;
	struct ike_child *other;
	struct ike_sa *sa;

	for (sa = t->sas; sa; sa = sa->mate) {
		if (sa->dead)
			continue;
		for (other = sa->children; other; other = other->next)
			if (other != child && other->state == IKE_CHILD_LIVE && other->outbound &&
			    same_selectors(other, child) &&
			    (!best || other->serial > best->serial))
				best = other;
	}
	return best;
}

/* ---- installing ---- */

static uint64_t less(struct ike_core *c, uint64_t limit)
{
	return ike_jitter(c, limit * 19 / 20, 5);
}

static uint64_t up_to(uint64_t limit, uint64_t most)
{
	return limit < most ? limit : most;
}

static uint64_t at_least(uint64_t margin, uint64_t least)
{
	return margin > least ? margin : least;
}

/* Room for a rekey whose messages get lost: see struct ike_limits. */
static void set_limits(struct ike_core *c, const struct ike_sa *sa, struct ike_install *in,
		       const struct ike_limits *soft)
{
	uint64_t give_up = sa->tunnel->cfg.give_up_ms / 1000;

	in->soft.seconds = less(c, soft->seconds);
	in->soft.bytes = less(c, soft->bytes);
	in->soft.packets = less(c, soft->packets);
	if (soft->seconds)
		in->hard.seconds = up_to(soft->seconds + at_least(soft->seconds / 10, give_up +
								   HARD_SECONDS), UINT32_MAX);
	if (soft->bytes)
		in->hard.bytes = at_least(up_to(soft->bytes + at_least(soft->bytes, HARD_BYTES),
						CIPHER_BYTES), soft->bytes);
	if (soft->packets)
		in->hard.packets = at_least(up_to(soft->packets + at_least(soft->packets,
									   HARD_PACKETS),
						  in->esn ? UINT64_MAX : UINT32_MAX),
					    soft->packets);
}

static void set_tag(const struct ike_sa *sa, const struct ike_child *child, uint8_t *tag)
{
	memcpy(tag, sa->tunnel->cfg.tag, 8);
	tag[8] = child->cfg;
	tag[9] = child->no_tfc ? IKE_TAG_NO_TFC : 0;
	ike_store_u32(tag + 12, sa->tunnel->generation);
	ike_store_u64(tag + 16, sa->spi_i);
	ike_store_u64(tag + 24, sa->spi_r);
}

static struct ike_install *install(struct ike_core *c, const struct ike_sa *sa,
				   const struct ike_child *child, enum ike_dir dir)
{
	const struct ike_child_config *cfg = ike_child_config(sa, child);
	const struct ike_child *old = ike_child_by_serial(sa, child->old);
	struct ike_install *in = &ike_act(c, IKE_ACT_INSTALL, sa->tunnel->cfg.tunnel)->u.install;

	in->dir = dir;
	in->spi = dir == IKE_IN ? child->spi_in : child->spi_out;
	in->pair = dir == IKE_IN ? child->spi_out : child->spi_in;
	if (old)
		in->replaces = dir == IKE_IN ? old->spi_in : old->spi_out;
	ike_proposal_kernel_alg(&child->proposal, in->alg, sizeof(in->alg));
	in->esn = ike_proposal_has(&child->proposal, IKE_TRANSFORM_ESN, IKE_ESN_YES);
	in->n_local = child->n_local;
	in->n_remote = child->n_remote;
	memcpy(in->local, child->local, sizeof(in->local));
	memcpy(in->remote, child->remote, sizeof(in->remote));
	if (cfg)
		set_limits(c, sa, in, &cfg->soft);
	in->child = child->cfg;
	set_tag(sa, child, in->tag);
	return in;
}

static bool has_orphan(const struct ike_tunnel *t, uint8_t cfg)
{
	const struct ike_orphan *o;

	for (o = t->orphans; o; o = o->next)
		if (o->cfg == cfg)
			return true;
	return false;
}

static bool predecessor(const struct ike_tunnel *t, const struct ike_child *child)
{
	return ike_child_sibling(t, child) || has_orphan(t, child->cfg);
}

static void install_pair(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
			 const uint8_t *keymat, size_t key_len, bool inbound_only)
{
	const uint8_t *key_in = keymat + (child->initiator ? key_len : 0);
	const uint8_t *key_out = keymat + (child->initiator ? 0 : key_len);
	struct ike_install *in = install(c, sa, child, IKE_IN);

	in->key_len = key_len;
	memcpy(in->key, key_in, key_len);
	child->inbound = true;
	if (inbound_only)
		return;
	in = install(c, sa, child, IKE_OUT);
	in->key_len = key_len;
	memcpy(in->key, key_out, key_len);
	child->outbound = true;
	in->activate = IKE_ACTIVATE_NOW;
	if (child->initiator || !predecessor(sa->tunnel, child))
		return;
	in->activate = IKE_ACTIVATE_FIRST_USE;
	child->activate_at = c->now + (child->old ? IKE_ACTIVATE_REKEY : IKE_ACTIVATE_TIME);
}

static void log_installed(struct ike_core *c, const struct ike_sa *sa, const struct ike_child *child)
{
	const struct ike_child_config *cfg = ike_child_config(sa, child);
	char local[IKE_MAX_TEXT / 4];
	char remote[IKE_MAX_TEXT / 4];
	char proposal[IKE_MAX_TEXT / 4];

	ike_ts_list_text(child->local, child->n_local, local, sizeof(local));
	ike_ts_list_text(child->remote, child->n_remote, remote, sizeof(remote));
	ike_proposal_text(&child->proposal, proposal, sizeof(proposal));
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE,
		"Child SA %s %s: in 0x%08x out 0x%08x %s, %s to %s", cfg ? cfg->name : "?",
		child->old ? "rekeyed" : "established", child->spi_in, child->spi_out, proposal,
		local, remote);
}

bool ike_child_install(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		       bool inbound_only)
{
	const struct ike_alg *encr = ike_proposal_alg(&child->proposal, IKE_TRANSFORM_ENCR);
	const struct ike_alg *integ = ike_proposal_alg(&child->proposal, IKE_TRANSFORM_INTEG);
	size_t key_len = encr->key_len + (integ ? integ->key_len : 0);
	struct ike_chunk secret = { child->ke.secret, child->ke.secret_len };
	uint8_t keymat[2 * IKE_MAX_KEYMAT];
	bool ok;

	ok = ike_keymat(c->cfg.crypto, sa, secret, &child->ni, &child->nr, keymat, 2 * key_len);
	ike_wipe(&child->ke, sizeof(child->ke));
	if (ok) {
		sa->tunnel->generation++;
		ike_sa_endpoint(c, sa);
		install_pair(c, sa, child, keymat, key_len, inbound_only);
		child->state = IKE_CHILD_LIVE;
		child->since = c->now;
		child->next = sa->children;
		sa->children = child;
		log_installed(c, sa, child);
		if (!inbound_only)
			ike_tunnel_orphans_due(c, sa->tunnel, child->cfg,
					       c->now + IKE_ORPHAN_TIME);
	}
	ike_wipe(keymat, sizeof(keymat));
	return ok;
}

/* ---- using ---- */

static void activate(struct ike_core *c, const struct ike_sa *sa, struct ike_child *child)
{
	child->activate_at = IKE_NEVER;
	ike_act_sa(c, IKE_ACT_ACTIVATE, sa->tunnel->cfg.tunnel, IKE_OUT, child->spi_out);
}

void ike_child_confirmed(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_child *child;

	for (child = sa->children; child; child = child->next)
		if (child->activate_at != IKE_NEVER)
			activate(c, sa, child);
}

void ike_child_used(struct ike_core *c, struct ike_sa *sa, struct ike_child *child)
{
	child->activate_at = IKE_NEVER;
	ike_tunnel_orphans_due(c, sa->tunnel, child->cfg, c->now);
}

/* Of two that do the same both ends drop the same one, as after crossing rekeys (section 2.8.1). */
static const struct ike_child *stronger_twin(const struct ike_sa *sa, const struct ike_child *child)
{
	const struct ike_child *other;

	for (other = sa->children; other; other = other->next)
		if (other != child && other->state == IKE_CHILD_LIVE && other->outbound &&
		    same_selectors(other, child) &&
		    ike_nonce_lower(&child->ni, &child->nr, &other->ni, &other->nr))
			return other;
	return NULL;
}

uint64_t ike_child_twin_at(const struct ike_sa *sa, const struct ike_child *child)
{
	const struct ike_child *other = NULL;

	if (child->state == IKE_CHILD_LIVE && !child->want_delete)
		other = stronger_twin(sa, child);
	if (!other)
		return IKE_NEVER;
	return (other->since > child->since ? other->since : child->since) + IKE_TWIN_TIME;
}

void ike_child_tick(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_child *child;

	for (child = sa->children; child; child = child->next) {
		if (c->now >= child->delete_at || c->now >= ike_child_twin_at(sa, child)) {
			child->delete_at = IKE_NEVER;
			child->want_delete = true;
		}
		if (c->now >= child->activate_at)
			activate(c, sa, child);
	}
}

void ike_child_lack(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	struct ike_action *a;

	sa->tunnel->reason = reason;
	sa->tunnel->attempt++;
	sa->child_at = c->now + ike_tunnel_retry_in(c, sa->tunnel);
	if (sa->tunnel->up)
		return;
	a = ike_act(c, IKE_ACT_FAILED, sa->tunnel->cfg.tunnel);
	a->u.down.reason = reason;
}

static bool have_child(const struct ike_tunnel *t, uint8_t cfg)
{
	const struct ike_child *child;
	const struct ike_sa *sa;

	for (sa = t->sas; sa; sa = sa->mate) {
		if (sa->dead || sa->delete_at != IKE_NEVER)
			continue;
		for (child = sa->children; child; child = child->next)
			if (child->cfg == cfg && child->state == IKE_CHILD_LIVE &&
			    !child->want_delete)
				return true;
	}
	return false;
}

int ike_child_missing(const struct ike_sa *sa)
{
	const struct ike_tunnel *t = sa->tunnel;
	int cfg;

	if (!t->wanted || t->down || sa->delete_at != IKE_NEVER || ike_sa_of(t) != sa)
		return -1;
	for (cfg = 0; cfg < t->cfg.n_children; cfg++)
		if (!have_child(t, cfg))
			return cfg;
	return -1;
}

/* ---- removing ---- */

void ike_linger(struct ike_core *c, const struct ike_tunnel *t, uint32_t spi)
{
	struct ike_linger *l = ike_alloc(sizeof(*l));

	l->tunnel = t->cfg.tunnel;
	l->spi = spi;
	l->at = c->now + IKE_LINGER_TIME;
	l->next = c->lingers;
	c->lingers = l;
}

void ike_linger_tick(struct ike_core *c)
{
	struct ike_linger **at = &c->lingers;
	struct ike_linger *l;

	while ((l = *at)) {
		if (c->now < l->at) {
			at = &l->next;
			continue;
		}
		ike_act_sa(c, IKE_ACT_DELETE, l->tunnel, IKE_IN, l->spi);
		*at = l->next;
		free(l);
	}
}

static void unlink_child(struct ike_sa *sa, const struct ike_child *child)
{
	struct ike_child **at = &sa->children;

	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
}

void ike_child_stop_sending(struct ike_core *c, const struct ike_tunnel *t,
			    struct ike_child *child)
{
	struct ike_child *heir = ike_child_sibling(t, child);

	child->activate_at = IKE_NEVER;
	if (!child->outbound)
		return;
	child->outbound = false;
	if (heir) {
		heir->activate_at = IKE_NEVER;
		ike_act_sa(c, IKE_ACT_ACTIVATE, t->cfg.tunnel, IKE_OUT, heir->spi_out);
	}
	ike_act_sa(c, IKE_ACT_DELETE, t->cfg.tunnel, IKE_OUT, child->spi_out);
}

void ike_child_remove(struct ike_core *c, struct ike_sa *sa, struct ike_child *child, bool lingers)
{
	uint32_t tunnel = sa->tunnel->cfg.tunnel;
	struct ike_child *heir = ike_child_sibling(sa->tunnel, child);

	ike_child_stop_sending(c, sa->tunnel, child);
	if (child->inbound && lingers && heir)
		ike_linger(c, sa->tunnel, child->spi_in);
	else if (child->inbound)
		ike_act_sa(c, IKE_ACT_DELETE, tunnel, IKE_IN, child->spi_in);
	unlink_child(sa, child);
	ike_child_free(child);
}

void ike_child_expired(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		       enum ike_dir dir)
{
	uint32_t tunnel = sa->tunnel->cfg.tunnel;

	if (dir == IKE_IN)
		child->inbound = false;
	else
		child->outbound = false;
	if (child->inbound)
		ike_act_sa(c, IKE_ACT_DELETE, tunnel, IKE_IN, child->spi_in);
	if (child->outbound)
		ike_act_sa(c, IKE_ACT_DELETE, tunnel, IKE_OUT, child->spi_out);
	child->inbound = false;
	child->outbound = false;
	child->activate_at = IKE_NEVER;
	sa->tunnel->reason = IKE_REASON_EXPIRED;
	if (child->state == IKE_CHILD_LIVE)
		child->want_delete = true;
}

void ike_child_failed(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		      const char *text)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_INSTALL, IKE_REASON_KERNEL,
					      false);

	snprintf(a->u.explain.detail, sizeof(a->u.explain.detail), "%s", text ? text : "");
	ike_child_lack(c, sa, IKE_REASON_KERNEL);
	if (child->state == IKE_CHILD_LIVE)
		child->want_delete = true;
}
