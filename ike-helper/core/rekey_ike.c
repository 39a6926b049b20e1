// SPDX-License-Identifier: GPL-2.0
/*
 * CREATE_CHILD_SA that rekeys the IKE SA (RFC 7296 sections 1.3.2 and 2.18), both roles. When two
 * cross, the exchange with the lowest nonce loses; its initiator deletes what it made, the other
 * deletes the old IKE SA, and the Child SAs go to the winner (sections 2.8.1 and 2.25.2).
 */
#include <string.h>

#include "state.h"

enum {
	MAX_KE_RETRIES = 3,
};

static void put_spi(uint8_t spi[8], const struct ike_sa *sa)
{
	ike_store_u64(spi, sa->initiator ? sa->spi_i : sa->spi_r);
}

/*
 * A rekey keeps the PRF if it may: RFC 7296 section 2.18 derives the new keys with the new PRF,
 * strongSwan 5.9 with the old one.
 */
static void rekey_proposals(const struct ike_sa *sa, struct ike_proposals *list)
{
	ike_proposals_keep_prf(&sa->tunnel->cfg.ike,
			       ike_proposal_id(&sa->proposal, IKE_TRANSFORM_PRF), list);
}

/* ---- request ---- */

static void send_request(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh,
			 uint16_t group)
{
	struct ike_proposals list;
	struct ike_builder b = { 0 };
	uint8_t spi[8];
	size_t start;

	if (!ike_ke_start(c, &fresh->ke, group)) {
		sa->rekey_at = c->now + ike_tunnel_retry_in(c, sa->tunnel);
		ike_job_clear(c, sa, &sa->job);
		return;
	}
	put_spi(spi, fresh);
	start = ike_payload_begin(&b, IKE_P_SA);
	rekey_proposals(sa, &list);
	ike_sa_payload_put(&b.w, &list, spi, sizeof(spi), IKE_KE_REQUIRED);
	ike_payload_end(&b, start);
	ike_payload_put(&b, IKE_P_NONCE, fresh->ni.data, fresh->ni.len);
	ike_ke_put(&b, group, fresh->ke.pub, fresh->ke.pub_len);
	ike_request_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

void ike_rekey_ike_start(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_sa *fresh = ike_sa_successor(c, sa, true);
	struct ike_proposals list;

	sa->job.type = IKE_JOB_REKEY_IKE;
	sa->job.fresh = fresh->serial;
	rekey_proposals(sa, &list);
	send_request(c, sa, fresh, ike_proposals_group(&list));
}

/* ---- response ---- */

static bool take_spi(struct ike_sa *fresh, const struct ike_offer *o)
{
	struct ike_reader r = ike_reader_init(o->spi, o->spi_len);
	uint64_t spi = ike_get_u64(&r);

	*(fresh->initiator ? &fresh->spi_r : &fresh->spi_i) = spi;
	return o->spi_len == 8 && spi;
}

static bool derive(struct ike_core *c, const struct ike_sa *sa, struct ike_sa *fresh,
		   struct ike_chunk pub)
{
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	const struct ike_alg *new_prf = ike_proposal_alg(&fresh->proposal, IKE_TRANSFORM_PRF);
	struct ike_chunk sk_d = { sa->keys.d, prf->key_len };
	uint8_t seed[IKE_MAX_PRF];
	bool ok;

	ok = ike_ke_finish(c, &fresh->ke, pub) &&
	     ike_skeyseed_rekey(c->cfg.crypto, prf, sk_d, &fresh->ni, &fresh->nr,
				(struct ike_chunk){ fresh->ke.secret, fresh->ke.secret_len },
				seed) &&
	     new_prf && ike_derive(c->cfg.crypto, fresh, (struct ike_chunk){ seed, prf->key_len });
	ike_wipe(seed, sizeof(seed));
	ike_wipe(&fresh->ke, sizeof(fresh->ke));
	return ok;
}

static bool accept_response(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh,
			    const struct ike_payloads *ps)
{
	struct ike_proposals list;
	struct ike_offers answer;
	const struct ike_offer *o;
	struct ike_chunk pub;
	uint16_t group;

	rekey_proposals(sa, &list);
	if (!ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &answer) ||
	    !ike_nonce_get(ike_payload_body(ps, IKE_P_NONCE), &fresh->nr) ||
	    !ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub))
		return false;
	o = ike_proposal_check(&list, &answer, IKE_KE_REQUIRED);
	if (!o || !take_spi(fresh, o) || group != fresh->ke.group ||
	    ike_proposal_id(&o->p, IKE_TRANSFORM_KE) != group)
		return false;
	fresh->proposal = o->p;
	return derive(c, sa, fresh, pub);
}

static bool retry_group(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			struct ike_sa *fresh, const struct ike_notify_view *n)
{
	struct ike_reader r = ike_reader_init(n->data.data, n->data.len);
	uint16_t group = ike_get_u16(&r);

	if (r.bad || fresh->init_retries++ >= MAX_KE_RETRIES ||
	    !ike_proposals_have_group(&sa->tunnel->cfg.ike, group))
		return false;
	sa->job.type = IKE_JOB_REKEY_IKE;
	sa->job.fresh = job->fresh;
	sa->job.rival = job->rival;
	job->fresh = 0;
	send_request(c, sa, fresh, group);
	return true;
}

static void refused(struct ike_core *c, struct ike_sa *sa, uint16_t type)
{
	struct ike_action *a;
	char buf[32];

	if (type == IKE_NOTIFY_TEMPORARY_FAILURE) {
		sa->rekey_at = c->now + ike_jitter(c, IKE_TEMPORARY_TIME, 50);
		return;
	}
	a = ike_explain_sa(c, sa, IKE_STEP_REKEY_IKE, ike_notify_reason(type), true);
	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer answered %s",
		 ike_notify_name(type, buf, sizeof(buf)));
	ike_contrast_ours(a, &sa->tunnel->cfg.ike, IKE_KE_REQUIRED);
	sa->rekey_at = c->now + ike_tunnel_retry_in(c, sa->tunnel) + IKE_TEMPORARY_TIME;
}

static void log_rekeyed(struct ike_core *c, const struct ike_sa *heir)
{
	ike_log(c, heir->tunnel, IKE_LOG_NOTICE, "IKE SA rekeyed: %016llx_i %016llx_r",
		(unsigned long long)heir->spi_i, (unsigned long long)heir->spi_r);
}

static void won(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh, struct ike_sa *rival)
{
	ike_sa_inherit(c, sa, fresh);
	sa->want_delete = true;
	log_rekeyed(c, fresh);
	if (!rival)
		return;
	rival->state = IKE_SA_REKEYED;
	rival->delete_at = c->now + IKE_REKEYED_TIME;
}

static void lost(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh, struct ike_sa *rival)
{
	ike_sa_inherit(c, sa, rival);
	log_rekeyed(c, rival);
	fresh->state = IKE_SA_REKEYED;
	ike_sa_delete(c, fresh, IKE_REASON_REPLACED);
}

/* Ours was taken down meanwhile, but the peer has moved the Child SAs to the new one. */
static void delete_fresh(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh,
			 const struct ike_payloads *ps)
{
	struct ike_notify_view n;

	if (ike_notify_error(ps, &n) || !accept_response(c, sa, fresh, ps))
		return;
	fresh->state = IKE_SA_REKEYED;
	ike_sa_delete(c, fresh, sa->reason);
}

void ike_rekey_ike_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			    struct ike_payloads *ps)
{
	struct ike_sa *fresh = ike_sa_by_serial(c, job->fresh);
	struct ike_sa *rival = ike_sa_by_serial(c, job->rival);
	struct ike_notify_view n;

	if (!fresh)
		return;
	if (sa->state != IKE_SA_ESTABLISHED) {
		delete_fresh(c, sa, fresh, ps);
		return;
	}
	if (ike_notify_error(ps, &n)) {
		if (n.type == IKE_NOTIFY_INVALID_KE_PAYLOAD && retry_group(c, sa, job, fresh, &n))
			return;
		if (rival)
			ike_sa_inherit(c, sa, rival);
		else
			refused(c, sa, n.type);
		return;
	}
	if (!accept_response(c, sa, fresh, ps)) {
		/* The peer has an IKE SA now that we have not: begin anew rather than drift apart. */
		ike_explain_sa(c, sa, IKE_STEP_REKEY_IKE, IKE_REASON_INVALID_SYNTAX, false);
		sa->rekey_at = IKE_NEVER;
		ike_tunnel_connect(c, sa->tunnel);
		return;
	}
	if (rival && ike_nonce_lower(&fresh->ni, &fresh->nr, &rival->ni, &rival->nr))
		lost(c, sa, fresh, rival);
	else
		won(c, sa, fresh, rival);
}

/* ---- answer ---- */

static bool busy(const struct ike_sa *sa)
{
	const struct ike_child *child;

	for (child = sa->children; child; child = child->next)
		if (child->want_delete)
			return true;
	return sa->state != IKE_SA_ESTABLISHED || sa->want_delete ||
	       sa->job.type == IKE_JOB_CHILD || sa->job.type == IKE_JOB_DELETE_CHILD ||
	       sa->job.type == IKE_JOB_DELETE_IKE;
}

static uint16_t refuse_proposal(struct ike_core *c, struct ike_sa *sa,
				const struct ike_offers *offers)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_REKEY_IKE,
					      IKE_REASON_NO_PROPOSAL_CHOSEN, false);

	ike_contrast_offers(a, &sa->tunnel->cfg.ike, offers, IKE_KE_REQUIRED);
	return IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
}

/* 0, or the error to answer with; @wanted is the group for INVALID_KE_PAYLOAD. */
static uint16_t accept_request(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh,
			       const struct ike_payloads *ps, uint8_t *number, uint16_t *wanted)
{
	struct ike_proposals list;
	struct ike_offers offers;
	const struct ike_offer *o;
	struct ike_chunk pub;
	uint16_t group;

	if (!ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &offers) ||
	    !ike_nonce_get(ike_payload_body(ps, IKE_P_NONCE), &fresh->ni) ||
	    !ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub))
		return IKE_NOTIFY_INVALID_SYNTAX;
	rekey_proposals(sa, &list);
	o = ike_proposal_choose(&list, &offers, IKE_KE_REQUIRED, group, &fresh->proposal);
	if (!o)
		o = ike_proposal_choose(&sa->tunnel->cfg.ike, &offers, IKE_KE_REQUIRED, group,
					&fresh->proposal);
	if (!o)
		return refuse_proposal(c, sa, &offers);
	*number = o->number;
	*wanted = ike_proposal_id(&fresh->proposal, IKE_TRANSFORM_KE);
	if (*wanted != group)
		return IKE_NOTIFY_INVALID_KE_PAYLOAD;
	if (!take_spi(fresh, o) || !ike_ke_start(c, &fresh->ke, group))
		return IKE_NOTIFY_INVALID_SYNTAX;
	ike_blob_set(&fresh->request, fresh->ke.pub, fresh->ke.pub_len);
	return derive(c, sa, fresh, pub) ? 0 : IKE_NOTIFY_INVALID_SYNTAX;
}

static void refuse(struct ike_core *c, struct ike_sa *sa, uint16_t error, uint16_t wanted)
{
	uint8_t octets[2] = { wanted >> 8, wanted };
	struct ike_builder b = { 0 };

	ike_notify_put(&b, error, octets,
		       error == IKE_NOTIFY_INVALID_KE_PAYLOAD ? sizeof(octets) : 0);
	ike_response_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

static void answer(struct ike_core *c, struct ike_sa *sa, struct ike_sa *fresh, uint8_t number)
{
	struct ike_builder b = { 0 };
	uint8_t spi[8];
	size_t start;

	put_spi(spi, fresh);
	start = ike_payload_begin(&b, IKE_P_SA);
	ike_sa_payload_answer(&b.w, &fresh->proposal, number, spi, sizeof(spi));
	ike_payload_end(&b, start);
	ike_payload_put(&b, IKE_P_NONCE, fresh->nr.data, fresh->nr.len);
	ike_ke_put(&b, ike_proposal_id(&fresh->proposal, IKE_TRANSFORM_KE), fresh->request.data,
		   fresh->request.len);
	ike_response_send(c, sa, IKE_EXCH_CREATE_CHILD_SA, &b);
}

void ike_rekey_ike_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps)
{
	uint16_t error = IKE_NOTIFY_TEMPORARY_FAILURE;
	struct ike_sa *fresh;
	uint16_t wanted = 0;
	uint8_t number = 0;

	if (busy(sa)) {
		ike_response_error(c, sa, IKE_EXCH_CREATE_CHILD_SA, error);
		return;
	}
	fresh = ike_sa_successor(c, sa, false);
	error = accept_request(c, sa, fresh, ps, &number, &wanted);
	if (error) {
		fresh->dead = true;
		refuse(c, sa, error, wanted);
		return;
	}
	answer(c, sa, fresh, number);
	if (sa->job.type == IKE_JOB_REKEY_IKE) {
		fresh->state = IKE_SA_REKEYED;
		sa->job.rival = fresh->serial;
		return;
	}
	ike_sa_inherit(c, sa, fresh);
	log_rekeyed(c, fresh);
}
