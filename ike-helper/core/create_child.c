// SPDX-License-Identifier: GPL-2.0
/*
 * CREATE_CHILD_SA for Child SAs: new ones and rekeys, both roles, and what happens when they cross
 * (RFC 7296 sections 1.3.1, 1.3.3, 2.8, 2.25).
 */
#include <string.h>

#include "state.h"

enum {
	MAX_KE_RETRIES = 3,
};

/* ---- common to IKE_AUTH ---- */

void ike_child_put_sa(struct ike_builder *b, const struct ike_proposals *list, uint32_t spi,
		      enum ike_ke_rule rule)
{
	size_t start = ike_payload_begin(b, IKE_P_SA);
	uint8_t octets[4];

	ike_store_u32(octets, spi);
	ike_sa_payload_put(&b->w, list, octets, sizeof(octets), rule);
	ike_payload_end(b, start);
}

static void put_ts(struct ike_builder *b, uint8_t type, const struct ike_ts *ts, size_t n)
{
	size_t start = ike_payload_begin(b, type);

	ike_ts_put(&b->w, ts, n);
	ike_payload_end(b, start);
}

void ike_child_put_ts(struct ike_builder *b, const struct ike_sa *sa,
		      const struct ike_child_config *cfg)
{
	struct ike_ts ts[IKE_MAX_TS];
	size_t n = ike_vip_local(sa, cfg, ts);

	put_ts(b, IKE_P_TSI, ts, n);
	n = ike_vip_remote(sa, cfg, ts);
	put_ts(b, IKE_P_TSR, ts, n);
}

void ike_child_put_answer(struct ike_builder *b, const struct ike_child *child, uint8_t number)
{
	size_t start = ike_payload_begin(b, IKE_P_SA);
	uint8_t octets[4];

	ike_store_u32(octets, child->spi_in);
	ike_sa_payload_answer(&b->w, &child->proposal, number, octets, sizeof(octets));
	ike_payload_end(b, start);
}

void ike_child_put_answer_ts(struct ike_builder *b, const struct ike_child *child)
{
	put_ts(b, IKE_P_TSI, child->remote, child->n_remote);
	put_ts(b, IKE_P_TSR, child->local, child->n_local);
}

/* The peer's SPI, which it must not have on another SA: deleting one would take both. */
static bool take_spi(const struct ike_sa *sa, struct ike_child *child, const struct ike_offer *o)
{
	struct ike_reader r = ike_reader_init(o->spi, o->spi_len);
	uint32_t spi = ike_get_u32(&r);

	if (o->spi_len != 4 || spi <= 255 || ike_child_spi_taken(sa->tunnel, spi))
		return false;
	child->spi_out = spi;
	return true;
}

static void text_pair(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb,
		      char *buf)
{
	char one[IKE_MAX_TEXT / 2 - 8];
	char two[IKE_MAX_TEXT / 2 - 8];

	ike_ts_list_text(a, na, one, sizeof(one));
	ike_ts_list_text(b, nb, two, sizeof(two));
	snprintf(buf, IKE_MAX_TEXT, "%s to %s", one, two);
}

void ike_explain_own_ts(struct ike_action *a, const struct ike_sa *sa,
			const struct ike_child_config *cfg)
{
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	size_t n_local = ike_vip_local(sa, cfg, local);
	size_t n_remote = ike_vip_remote(sa, cfg, remote);

	text_pair(local, n_local, remote, n_remote, a->u.explain.offered);
	ike_contrast_ts(a, IKE_ASPECT_PEER_TS, NULL, 0, remote, n_remote);
	ike_contrast_ts(a, IKE_ASPECT_OWN_TS, NULL, 0, local, n_local);
}

/* ---- the responder's choice ---- */

/* @exactly: the peer must ask for neither more nor less than what is configured */
static bool narrow(const struct ike_sa *sa, const struct ike_child_config *cfg, bool exactly,
		   struct ike_child *child, const struct ike_ts *tsi, uint8_t n_tsi,
		   const struct ike_ts *tsr, uint8_t n_tsr)
{
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	size_t n_local = ike_vip_local(sa, cfg, local);
	size_t n_remote = ike_vip_remote(sa, cfg, remote);

	if (exactly && (!ike_ts_same(tsi, n_tsi, remote, n_remote) ||
			!ike_ts_same(tsr, n_tsr, local, n_local)))
		return false;
	child->n_remote = ike_ts_narrow(tsi, n_tsi, remote, n_remote, child->remote);
	child->n_local = ike_ts_narrow(tsr, n_tsr, local, n_local, child->local);
	return child->n_remote && child->n_local;
}

static int match_config(const struct ike_sa *sa, struct ike_child *child, int only,
			const struct ike_ts *tsi, uint8_t n_tsi, const struct ike_ts *tsr,
			uint8_t n_tsr)
{
	const struct ike_peer_config *peer = &sa->tunnel->cfg;
	int pass;
	int i;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < peer->n_children; i++)
			if ((only < 0 || only == i) &&
			    narrow(sa, &peer->children[i], !pass, child, tsi, n_tsi, tsr, n_tsr))
				return i;
	return -1;
}

static uint16_t refuse_ts(struct ike_core *c, struct ike_sa *sa, enum ike_step step,
			  const struct ike_ts *tsi, uint8_t n_tsi, const struct ike_ts *tsr,
			  uint8_t n_tsr)
{
	const struct ike_peer_config *peer = &sa->tunnel->cfg;
	const struct ike_child_config *child = peer->n_children ? &peer->children[0] : NULL;
	struct ike_action *a = ike_explain_sa(c, sa, step, IKE_REASON_TS_UNACCEPTABLE, false);
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	size_t n_local;
	size_t n_remote;

	text_pair(tsi, n_tsi, tsr, n_tsr, a->u.explain.offered);
	if (!child)
		return IKE_NOTIFY_TS_UNACCEPTABLE;
	n_local = ike_vip_local(sa, child, local);
	n_remote = ike_vip_remote(sa, child, remote);
	text_pair(remote, n_remote, local, n_local, a->u.explain.wanted);
	ike_contrast_ts(a, IKE_ASPECT_PEER_TS, tsi, n_tsi, remote, n_remote);
	ike_contrast_ts(a, IKE_ASPECT_OWN_TS, tsr, n_tsr, local, n_local);
	return IKE_NOTIFY_TS_UNACCEPTABLE;
}

static uint16_t refuse_proposal(struct ike_core *c, struct ike_sa *sa, enum ike_step step,
				const struct ike_proposals *own, const struct ike_offers *offers)
{
	struct ike_action *a = ike_explain_sa(c, sa, step, IKE_REASON_NO_PROPOSAL_CHOSEN,
					      false);

	ike_contrast_offers(a, own, offers, step == IKE_STEP_AUTH ? IKE_KE_IGNORED :
			    IKE_KE_OPTIONAL);
	return IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
}

uint16_t ike_child_accept(struct ike_core *c, struct ike_sa *sa, struct ike_child *child, int cfg,
			  const struct ike_payloads *ps, enum ike_step step, uint8_t *number)
{
	enum ike_ke_rule rule = step == IKE_STEP_AUTH ? IKE_KE_IGNORED : IKE_KE_OPTIONAL;
	const struct ike_proposals *own;
	struct ike_offers offers;
	const struct ike_offer *o;
	struct ike_chunk pub;
	uint16_t group = IKE_KE_NONE;
	struct ike_ts tsi[IKE_MAX_TS];
	struct ike_ts tsr[IKE_MAX_TS];
	struct ike_notify_view n;
	uint8_t n_tsi;
	uint8_t n_tsr;
	int match;

	child->no_tfc = ike_notify_find(ps, IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, &n);
	if (!ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &offers) ||
	    !ike_ts_get(ike_payload_body(ps, IKE_P_TSI), tsi, &n_tsi) ||
	    !ike_ts_get(ike_payload_body(ps, IKE_P_TSR), tsr, &n_tsr))
		return IKE_NOTIFY_INVALID_SYNTAX;
	match = match_config(sa, child, cfg, tsi, n_tsi, tsr, n_tsr);
	if (match < 0)
		return refuse_ts(c, sa, step, tsi, n_tsi, tsr, n_tsr);
	child->cfg = match;
	own = &sa->tunnel->cfg.children[match].proposals;
	ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub);
	o = ike_proposal_choose(own, &offers, rule, group, &child->proposal);
	if (!o)
		return refuse_proposal(c, sa, step, own, &offers);
	if (!take_spi(sa, child, o))
		return IKE_NOTIFY_INVALID_SYNTAX;
	*number = o->number;
	return 0;
}

/* ---- the initiator's check ---- */

static struct ike_action *refuse_answer(struct ike_core *c, struct ike_sa *sa, enum ike_step step,
					enum ike_reason reason, const char *detail)
{
	struct ike_action *a = ike_explain_sa(c, sa, step, reason, false);

	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "%s", detail);
	return a;
}

static bool within(const struct ike_sa *sa, const struct ike_child *child,
		   const struct ike_child_config *cfg)
{
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	size_t n_local = ike_vip_local(sa, cfg, local);
	size_t n_remote = ike_vip_remote(sa, cfg, remote);

	return child->n_local && child->n_remote &&
	       ike_ts_within(child->local, child->n_local, local, n_local) &&
	       ike_ts_within(child->remote, child->n_remote, remote, n_remote);
}

static void explain_answer_ts(struct ike_action *a, const struct ike_child *child,
			      const struct ike_child_config *cfg)
{
	ike_contrast_ts(a, IKE_ASPECT_PEER_TS, child->remote, child->n_remote, cfg->remote,
			cfg->n_remote);
	ike_contrast_ts(a, IKE_ASPECT_OWN_TS, child->local, child->n_local, cfg->local,
			cfg->n_local);
}

/*
 * What we offer on this IKE SA. Peers that insist on forward secrecy (Libreswan unless told
 * otherwise, many appliances) refuse a Child SA without a key exchange of its own; where our list
 * names no group they are offered those of the IKE SA.
 */
static void offered(const struct ike_sa *sa, const struct ike_child_config *cfg,
		    struct ike_proposals *list)
{
	if (sa->tunnel->wants_groups)
		ike_proposals_add_groups(&cfg->proposals,
					 ike_proposal_id(&sa->proposal, IKE_TRANSFORM_KE),
					 &sa->tunnel->cfg.ike, list);
	else
		*list = cfg->proposals;
}

enum ike_reason ike_child_chosen(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
				 const struct ike_payloads *ps, enum ike_step step)
{
	enum ike_ke_rule rule = step == IKE_STEP_AUTH ? IKE_KE_IGNORED : IKE_KE_OPTIONAL;
	const struct ike_child_config *cfg = ike_child_config(sa, child);
	struct ike_proposals list;
	struct ike_offers answer;
	struct ike_notify_view n;
	const struct ike_offer *o;
	struct ike_action *a;

	child->no_tfc = ike_notify_find(ps, IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, &n);
	if (!cfg || !ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &answer) ||
	    !ike_ts_get(ike_payload_body(ps, IKE_P_TSI), child->local, &child->n_local) ||
	    !ike_ts_get(ike_payload_body(ps, IKE_P_TSR), child->remote, &child->n_remote)) {
		refuse_answer(c, sa, step, IKE_REASON_INVALID_SYNTAX,
			      "the answer lacks the Child SA or selectors");
		return IKE_REASON_INVALID_SYNTAX;
	}
	offered(sa, cfg, &list);
	o = ike_proposal_check(&list, &answer, rule);
	if (!o || !take_spi(sa, child, o)) {
		a = refuse_answer(c, sa, step, IKE_REASON_NO_PROPOSAL_CHOSEN,
				  "the answer is not one of our proposals");
		ike_contrast_offers(a, &list, &answer, rule);
		return IKE_REASON_NO_PROPOSAL_CHOSEN;
	}
	child->proposal = o->p;
	if (within(sa, child, cfg))
		return IKE_REASON_NONE;
	a = refuse_answer(c, sa, step, IKE_REASON_TS_UNACCEPTABLE,
			  "the answer has selectors outside of ours");
	explain_answer_ts(a, child, cfg);
	return IKE_REASON_TS_UNACCEPTABLE;
}

/* ---- request ---- */

void ike_create_child_start(struct ike_core *c, struct ike_sa *sa, uint8_t cfg,
			    struct ike_child *old)
{
	struct ike_child *child = ike_child_new(c, cfg, true);
	struct ike_action *a;

	child->old = old ? old->serial : 0;
	ike_nonce_new(c, &child->ni);
	sa->job.type = IKE_JOB_CHILD;
	sa->job.child = child;
	sa->job.old = child->old;
	sa->job.token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_ALLOC_SPI, sa->tunnel->cfg.tunnel);
	a->token = sa->job.token;
}

/* With the group the peer asked for, or the one that we prefer. */
static void send_request(struct ike_core *c, struct ike_sa *sa, uint16_t group)
{
	struct ike_child *child = sa->job.child;
	const struct ike_child_config *cfg = ike_child_config(sa, child);
	struct ike_child *old = ike_child_by_serial(sa, sa->job.old);
	struct ike_builder b = { 0 };
	struct ike_proposals list;

	if (!cfg || (sa->job.old && (!old || old->state != IKE_CHILD_LIVE))) {
		ike_job_clear(c, sa, &sa->job);
		return;
	}
	offered(sa, cfg, &list);
	if (group == IKE_KE_NONE)
		group = ike_proposals_group(&list);
	if (group && !ike_ke_start(c, &child->ke, group)) {
		ike_job_clear(c, sa, &sa->job);
		return;
	}
	if (old)
		ike_notify_put_spi(&b, IKE_NOTIFY_REKEY_SA, old->spi_in);
	ike_child_put_sa(&b, &list, child->spi_in, IKE_KE_OPTIONAL);
	ike_payload_put(&b, IKE_P_NONCE, child->ni.data, child->ni.len);
	if (group)
		ike_ke_put(&b, group, child->ke.pub, child->ke.pub_len);
	ike_child_put_ts(&b, sa, cfg);
	ike_request_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

/* ---- response ---- */

static void try_later(struct ike_core *c, struct ike_sa *sa, const struct ike_job *job,
		      uint64_t pause)
{
	struct ike_child *old = ike_child_by_serial(sa, job->old);

	if (old)
		old->retry_at = c->now + pause;
	else if (!job->old)
		sa->child_at = c->now + pause;
}

static void refused(struct ike_core *c, struct ike_sa *sa, struct ike_job *job, uint16_t type)
{
	const struct ike_child_config *cfg = ike_child_config(sa, job->child);
	enum ike_reason reason = ike_notify_reason(type);
	struct ike_action *a = ike_explain_sa(c, sa, ike_job_step(job), reason, true);
	char buf[32];

	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer answered %s",
		 ike_notify_name(type, buf, sizeof(buf)));
	if (cfg && reason == IKE_REASON_TS_UNACCEPTABLE)
		ike_explain_own_ts(a, sa, cfg);
	else if (cfg)
		ike_contrast_ours(a, &cfg->proposals, IKE_KE_OPTIONAL);
	if (!job->old)
		ike_child_lack(c, sa, reason);
	try_later(c, sa, job, ike_tunnel_retry_in(c, sa->tunnel) + IKE_TEMPORARY_TIME);
	/* A peer that makes no Child SA on this IKE SA may on a new one (RFC 7296 section 1.3). */
	if (type == IKE_NOTIFY_NO_ADDITIONAL_SAS)
		ike_tunnel_connect(c, sa->tunnel);
}

/* The same Child SA with another request. */
static void ask_again(struct ike_core *c, struct ike_sa *sa, struct ike_job *job, uint16_t group)
{
	sa->job.type = IKE_JOB_CHILD;
	sa->job.child = job->child;
	sa->job.old = job->old;
	sa->job.rival = job->rival;
	sa->job.rival_ni = job->rival_ni;
	sa->job.rival_nr = job->rival_nr;
	job->child = NULL;
	send_request(c, sa, group);
}

static bool retry_group(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			const struct ike_notify_view *n)
{
	const struct ike_child_config *cfg = ike_child_config(sa, job->child);
	struct ike_reader r = ike_reader_init(n->data.data, n->data.len);
	uint16_t group = ike_get_u16(&r);
	struct ike_proposals list;

	if (r.bad || !cfg || job->child->ke_retries++ >= MAX_KE_RETRIES)
		return false;
	offered(sa, cfg, &list);
	if (!ike_proposals_have_group(&list, group))
		return false;
	ask_again(c, sa, job, group);
	return true;
}

/* Whether it was for want of forward secrecy shows in the answer to a request that offers it. */
static bool retry_with_groups(struct ike_core *c, struct ike_sa *sa, struct ike_job *job)
{
	const struct ike_child_config *cfg = ike_child_config(sa, job->child);
	struct ike_tunnel *t = sa->tunnel;

	if (!cfg || cfg->no_groups || t->wants_groups ||
	    ike_proposals_group(&cfg->proposals) != IKE_KE_NONE) {
		t->wants_groups = false;
		return false;
	}
	ike_log(c, t, IKE_LOG_NOTICE, "the peer refuses a Child SA without forward secrecy, "
		"or its algorithms: trying with the groups of IKE");
	t->wants_groups = true;
	ask_again(c, sa, job, IKE_KE_NONE);
	return true;
}

static void error_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			   const struct ike_notify_view *n)
{
	struct ike_child *old = ike_child_by_serial(sa, job->old);

	if (n->type == IKE_NOTIFY_INVALID_KE_PAYLOAD && retry_group(c, sa, job, n))
		return;
	if (n->type == IKE_NOTIFY_NO_PROPOSAL_CHOSEN && retry_with_groups(c, sa, job))
		return;
	if (job->rival) {
		/* The peer's crossing rekey has made a successor; the peer deletes the old one. */
		if (old && old->state == IKE_CHILD_LIVE)
			old->state = IKE_CHILD_REPLACED;
		return;
	}
	switch (n->type) {
	case IKE_NOTIFY_TEMPORARY_FAILURE:
		try_later(c, sa, job, ike_jitter(c, IKE_TEMPORARY_TIME, 50));
		return;
	case IKE_NOTIFY_CHILD_SA_NOT_FOUND:
		/* The peer has lost it: so do we, and make a new one (section 2.25). */
		if (old)
			ike_child_remove(c, sa, old, false);
		return;
	default:
		refused(c, sa, job, n->type);
	}
}

static bool finish_ke(struct ike_core *c, struct ike_child *child, const struct ike_payloads *ps)
{
	int chosen = ike_proposal_id(&child->proposal, IKE_TRANSFORM_KE);
	struct ike_chunk pub;
	uint16_t group;

	if (chosen <= 0) {
		ike_wipe(&child->ke, sizeof(child->ke));
		return true;
	}
	return ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub) && group == chosen &&
	       group == child->ke.group && ike_ke_finish(c, &child->ke, pub);
}

/*
 * Both sides have asked at once. Of the two new Child SAs the one whose exchange holds the lowest
 * nonce goes, deleted by who made it; the other's initiator deletes the old one.
 */
static bool lost(const struct ike_job *job)
{
	return job->rival && ike_nonce_lower(&job->child->ni, &job->child->nr, &job->rival_ni,
					     &job->rival_nr);
}

static void succeed(struct ike_core *c, struct ike_child *old, bool loses)
{
	if (!old || old->state != IKE_CHILD_LIVE)
		return;
	old->state = IKE_CHILD_REPLACED;
	if (!loses)
		old->delete_at = c->now + IKE_REPLACED_TIME;
}

void ike_create_child_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			       struct ike_payloads *ps)
{
	struct ike_child *child = job->child;
	struct ike_child *old = ike_child_by_serial(sa, job->old);
	enum ike_reason reason = IKE_REASON_INVALID_SYNTAX;
	struct ike_notify_view n;
	bool loses;

	/* Taken down meanwhile: what the peer has made goes with the IKE SA. */
	if (sa->state != IKE_SA_ESTABLISHED)
		return;
	if (ike_notify_error(ps, &n)) {
		error_response(c, sa, job, &n);
		return;
	}
	if (ike_nonce_get(ike_payload_body(ps, IKE_P_NONCE), &child->nr))
		reason = ike_child_chosen(c, sa, child, ps, ike_job_step(job));
	if (reason == IKE_REASON_NONE && !finish_ke(c, child, ps)) {
		refuse_answer(c, sa, ike_job_step(job), IKE_REASON_CRYPTO,
			      "the key exchange failed");
		reason = IKE_REASON_CRYPTO;
	}
	loses = lost(job);
	/* The peer has deleted it again before its answer came through. */
	if (reason == IKE_REASON_NONE && child->spi_out == job->gone) {
		succeed(c, old, loses);
		return;
	}
	if (reason == IKE_REASON_NONE && !ike_child_install(c, sa, child, loses))
		reason = IKE_REASON_CRYPTO;
	if (reason != IKE_REASON_NONE) {
		ike_child_unusable(c, sa, &job->child);
		try_later(c, sa, job, ike_tunnel_retry_in(c, sa->tunnel) + IKE_TEMPORARY_TIME);
		return;
	}
	job->child = NULL;
	child->want_delete = loses;
	succeed(c, old, loses);
}

/* ---- answer ---- */

static bool busy(const struct ike_sa *sa)
{
	return sa->state != IKE_SA_ESTABLISHED || sa->want_delete ||
	       sa->job.type == IKE_JOB_REKEY_IKE;
}

/* Whether a Child SA may be rekeyed by the peer; 0 or the error to answer with. */
static uint16_t check_old(const struct ike_child *old)
{
	if (!old)
		return IKE_NOTIFY_CHILD_SA_NOT_FOUND;
	return old->state == IKE_CHILD_LIVE && !old->want_delete ? 0 : IKE_NOTIFY_TEMPORARY_FAILURE;
}

/* The Child SA a REKEY_SA notification means; 0 or the error to answer with. */
static uint16_t find_old(struct ike_sa *sa, const struct ike_payloads *ps, struct ike_child **old)
{
	struct ike_notify_view n;
	struct ike_reader r;
	struct ike_sa *owner;

	*old = NULL;
	if (!ike_notify_find(ps, IKE_NOTIFY_REKEY_SA, &n))
		return 0;
	if (n.protocol != IKE_PROTO_ESP || n.spi.len != 4)
		return IKE_NOTIFY_INVALID_SYNTAX;
	r = ike_reader_init(n.spi.data, n.spi.len);
	*old = ike_child_by_spi(sa->tunnel, IKE_OUT, ike_get_u32(&r), &owner);
	if (*old && owner != sa)
		return IKE_NOTIFY_CHILD_SA_NOT_FOUND;
	/* One we do not know may be in the response that we wait for. */
	if (!*old && sa->job.type == IKE_JOB_CHILD && sa->job.sent)
		return IKE_NOTIFY_TEMPORARY_FAILURE;
	return check_old(*old);
}

static void refuse_group(struct ike_core *c, struct ike_sa *sa, uint16_t group)
{
	uint8_t octets[2] = { group >> 8, group };
	struct ike_builder b = { 0 };

	ike_notify_put(&b, IKE_NOTIFY_INVALID_KE_PAYLOAD, octets, sizeof(octets));
	ike_response_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

static bool answer_ke(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		      const struct ike_payloads *ps)
{
	int chosen = ike_proposal_id(&child->proposal, IKE_TRANSFORM_KE);
	struct ike_chunk pub;
	uint16_t group;

	if (chosen <= 0)
		return true;
	if (!ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub) || group != chosen) {
		refuse_group(c, sa, chosen);
		return false;
	}
	if (ike_ke_start(c, &child->ke, group) && ike_ke_finish(c, &child->ke, pub))
		return true;
	ike_explain_sa(c, sa, IKE_STEP_CREATE_CHILD, IKE_REASON_CRYPTO, false);
	ike_response_error(c, sa, IKE_EXCH_CREATE_CHILD_SA, IKE_NOTIFY_INVALID_SYNTAX);
	return false;
}

/* A peer that deletes nothing must not fill our memory and the kernel's. */
static bool full(const struct ike_tunnel *t)
{
	const struct ike_child *child;
	const struct ike_sa *sa;
	unsigned int n = 0;

	for (sa = t->sas; sa; sa = sa->mate)
		for (child = sa->children; child; child = child->next)
			n++;
	return n >= IKE_MAX_CHILD_SAS;
}

static uint16_t consider(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
			 const struct ike_payloads *ps)
{
	struct ike_child *old;
	uint16_t error;

	if (busy(sa))
		return IKE_NOTIFY_TEMPORARY_FAILURE;
	if (full(sa->tunnel))
		return IKE_NOTIFY_NO_ADDITIONAL_SAS;
	error = find_old(sa, ps, &old);
	if (error)
		return error;
	child->old = old ? old->serial : 0;
	if (!ike_nonce_get(ike_payload_body(ps, IKE_P_NONCE), &child->ni))
		return IKE_NOTIFY_INVALID_SYNTAX;
	return ike_child_accept(c, sa, child, old ? old->cfg : -1, ps,
				old ? IKE_STEP_REKEY_CHILD : IKE_STEP_CREATE_CHILD,
				&sa->answer.number);
}

void ike_create_child_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps)
{
	struct ike_child *child = ike_child_new(c, 0, false);
	uint16_t error = consider(c, sa, child, ps);
	struct ike_action *a;

	if (error)
		ike_response_error(c, sa, IKE_EXCH_CREATE_CHILD_SA, error);
	if (error || !answer_ke(c, sa, child, ps)) {
		ike_child_free(child);
		return;
	}
	ike_nonce_new(c, &child->nr);
	sa->answer.child = child;
	sa->answer.token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_ALLOC_SPI, sa->tunnel->cfg.tunnel);
	a->token = sa->answer.token;
}

/* Our own request for the same Child SA: if it is out the two cross, else it is not needed. */
static void note_crossing(struct ike_core *c, struct ike_sa *sa, const struct ike_child *child)
{
	struct ike_child *old = ike_child_by_serial(sa, child->old);
	bool same = sa->job.type == IKE_JOB_CHILD && sa->job.old == child->old &&
		    sa->job.child->cfg == child->cfg;

	if (same && sa->job.sent) {
		sa->job.rival = child->serial;
		sa->job.rival_ni = child->ni;
		sa->job.rival_nr = child->nr;
		return;
	}
	if (same)
		ike_job_clear(c, sa, &sa->job);
	if (old && old->state == IKE_CHILD_LIVE)
		old->state = IKE_CHILD_REPLACED;
}

static void answer_error(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
			 uint16_t error)
{
	ike_child_discard(c, sa->tunnel, &child);
	ike_response_error(c, sa, IKE_EXCH_CREATE_CHILD_SA, error);
}

static void answer(struct ike_core *c, struct ike_sa *sa, struct ike_child *child)
{
	/* While the SPI was on its way our own rekey may have been answered, or a Delete come. */
	uint16_t error = child->old ? check_old(ike_child_by_serial(sa, child->old)) : 0;
	struct ike_builder b = { 0 };

	if (error) {
		answer_error(c, sa, child, error);
		return;
	}
	ike_child_put_answer(&b, child, sa->answer.number);
	ike_payload_put(&b, IKE_P_NONCE, child->nr.data, child->nr.len);
	if (child->ke.group)
		ike_ke_put(&b, child->ke.group, child->ke.pub, child->ke.pub_len);
	ike_child_put_answer_ts(&b, child);
	if (!ike_child_install(c, sa, child, false)) {
		ike_writer_free(&b.w);
		answer_error(c, sa, child, IKE_NOTIFY_TEMPORARY_FAILURE);
		return;
	}
	note_crossing(c, sa, child);
	ike_response_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

static void request_spi(struct ike_core *c, struct ike_sa *sa, uint32_t spi)
{
	sa->job.token = 0;
	sa->job.child->spi_in = spi;
	if (spi) {
		send_request(c, sa, IKE_KE_NONE);
		return;
	}
	ike_explain_sa(c, sa, ike_job_step(&sa->job), IKE_REASON_KERNEL, false);
	try_later(c, sa, &sa->job, ike_tunnel_retry_in(c, sa->tunnel));
	ike_job_clear(c, sa, &sa->job);
}

void ike_create_child_spi(struct ike_core *c, struct ike_sa *sa, uint32_t token, uint32_t spi)
{
	struct ike_child *child = sa->answer.child;

	if (token == sa->job.token) {
		request_spi(c, sa, spi);
		return;
	}
	sa->answer.token = 0;
	sa->answer.child = NULL;
	child->spi_in = spi;
	if (spi)
		answer(c, sa, child);
	else
		answer_error(c, sa, child, IKE_NOTIFY_TEMPORARY_FAILURE);
}
