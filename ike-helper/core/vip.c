// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual addresses (RFC 7296 section 2.19): one end asks for them in IKE_AUTH, the other hands
 * them out, and the selectors of both follow.
 */
#include <string.h>

#include "state.h"

static bool asks_family(const struct ike_peer_config *cfg, uint8_t family)
{
	size_t i;

	for (i = 0; i < cfg->n_vips; i++)
		if (cfg->vip[i].family == family)
			return true;
	return false;
}

/* What we had before is asked for again, unless the configuration names an address. */
static void question(const struct ike_tunnel *t, struct ike_assigned *want)
{
	const struct ike_addr *before;
	size_t i;

	memset(want, 0, sizeof(*want));
	for (i = 0; i < t->cfg.n_vips; i++) {
		want->addr[i] = t->cfg.vip[i];
		before = ike_cp_addr(&t->assigned, want->addr[i].family);
		if (!before && t->cfg.last_vip[i].family == want->addr[i].family)
			before = &t->cfg.last_vip[i];
		if (before && ike_cp_addr_any(&want->addr[i]))
			want->addr[i] = *before;
	}
	want->n_addrs = t->cfg.n_vips;
}

void ike_vip_ask(struct ike_builder *b, const struct ike_tunnel *t)
{
	struct ike_assigned want;

	if (!t->cfg.n_vips)
		return;
	question(t, &want);
	ike_cp_put(b, IKE_CFG_REQUEST, &want);
}

void ike_vip_explain(struct ike_action *a, const struct ike_tunnel *t,
		     const struct ike_assigned *theirs)
{
	struct ike_contrast *row;
	struct ike_assigned want;

	if (!t->cfg.n_vips)
		return;
	question(t, &want);
	row = ike_contrast(a, IKE_ASPECT_ADDRESS);
	row->differs = true;
	ike_cp_addrs_text(want.addr, want.n_addrs, row->ours, sizeof(row->ours));
	if (theirs && theirs->n_addrs)
		ike_cp_addrs_text(theirs->addr, theirs->n_addrs, row->theirs, sizeof(row->theirs));
	else
		snprintf(row->theirs, sizeof(row->theirs), "none");
}

static const char *check(const struct ike_tunnel *t, const struct ike_payloads *ps,
			 struct ike_assigned *given)
{
	struct ike_chunk body = ike_payload_body(ps, IKE_P_CP);
	const char *wrong;
	size_t i;

	memset(given, 0, sizeof(*given));
	if (!body.data)
		return "assigns no address";
	wrong = ike_cp_get(body, IKE_CFG_REPLY, given);
	if (wrong)
		return wrong;
	for (i = 0; i < given->n_addrs; i++)
		if (!asks_family(&t->cfg, given->addr[i].family))
			return "assigns an address of a family that was not asked for";
	return given->n_addrs ? NULL : "assigns no address";
}

bool ike_vip_take(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_tunnel *t = sa->tunnel;
	struct ike_assigned given;
	struct ike_action *a;
	char text[128];
	const char *wrong;

	if (!t->cfg.n_vips)
		return true;
	wrong = check(t, ps, &given);
	if (wrong) {
		a = ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_ADDRESS_CONFIG, false);
		snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer's answer %s", wrong);
		ike_vip_explain(a, t, &given);
		return false;
	}
	t->assigned = given;
	ike_act(c, IKE_ACT_ASSIGNED, t->cfg.tunnel)->u.assigned = given;
	ike_cp_addrs_text(given.addr, given.n_addrs, text, sizeof(text));
	ike_log(c, t, IKE_LOG_NOTICE, "the peer has assigned %s", text);
	return true;
}

/* ---- handing out ---- */

bool ike_vip_lease(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_chunk body = ike_payload_body(ps, IKE_P_CP);
	struct ike_assigned want;
	struct ike_action *a;

	if (!sa->tunnel->cfg.pool)
		return false;
	if (!body.data || ike_cp_get(body, IKE_CFG_REQUEST, &want) || !want.n_addrs) {
		a = ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_ADDRESS_CONFIG, false);
		snprintf(a->u.explain.detail, IKE_MAX_TEXT,
			 "the peer asks for no virtual address, and has none by itself here");
		sa->answer.error = IKE_NOTIFY_FAILED_CP_REQUIRED;
		return false;
	}
	sa->auth.lease_token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_LEASE, sa->tunnel->cfg.tunnel);
	a->token = sa->auth.lease_token;
	a->u.lease.spi_i = sa->spi_i;
	a->u.lease.spi_r = sa->spi_r;
	a->u.lease.wanted = want;
	return true;
}

void ike_vip_leased(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	struct ike_action *a;
	char text[128];

	sa->auth.lease_token = 0;
	if (!ev->u.lease.assigned->n_addrs) {
		a = ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_ADDRESS_CONFIG, false);
		snprintf(a->u.explain.detail, IKE_MAX_TEXT, "%s",
			 ev->u.lease.text ? ev->u.lease.text : "");
		sa->answer.error = IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE;
		return;
	}
	sa->lease = *ev->u.lease.assigned;
	ike_cp_addrs_text(sa->lease.addr, sa->lease.n_addrs, text, sizeof(text));
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "the peer is assigned %s", text);
}

void ike_vip_give(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->lease.n_addrs)
		ike_cp_put(b, IKE_CFG_REPLY, &sa->lease);
}

/* ---- selectors ---- */

size_t ike_vip_local(const struct ike_sa *sa, const struct ike_child_config *cfg,
		     struct ike_ts *out)
{
	const struct ike_peer_config *peer = &sa->tunnel->cfg;
	size_t n = 0;
	size_t i;

	for (i = 0; i < cfg->n_local; i++)
		if (!peer->n_vips || asks_family(peer, cfg->local[i].family))
			out[n++] = cfg->local[i];
	return n;
}

size_t ike_vip_remote(const struct ike_sa *sa, const struct ike_child_config *cfg,
		      struct ike_ts *out)
{
	struct ike_ts hosts[IKE_MAX_VIPS];
	size_t i;

	if (!sa->lease.n_addrs) {
		memcpy(out, cfg->remote, sizeof(cfg->remote));
		return cfg->n_remote;
	}
	memset(hosts, 0, sizeof(hosts));
	for (i = 0; i < sa->lease.n_addrs; i++) {
		hosts[i].family = sa->lease.addr[i].family;
		hosts[i].port_max = 65535;
		memcpy(hosts[i].min, sa->lease.addr[i].ip, sizeof(hosts[i].min));
		memcpy(hosts[i].max, sa->lease.addr[i].ip, sizeof(hosts[i].max));
	}
	return ike_ts_narrow(hosts, sa->lease.n_addrs, cfg->remote, cfg->n_remote, out);
}
