// SPDX-License-Identifier: GPL-2.0
/* IKE_SA_INIT, both roles (RFC 7296 sections 1.2 and 2.6). Nothing here is authenticated yet. */
#include <string.h>

#include "state.h"

enum {
	MAX_RETRIES = 5,	/* COOKIE and INVALID_KE_PAYLOAD together */
	REFUSED_TOLD_PER = 10000,	/* ms in which so many refusals are told */
	REFUSED_TOLD_MAX = 8,
};

/* ---- common ---- */

static void put_sa(struct ike_builder *b, const struct ike_proposals *list)
{
	size_t start = ike_payload_begin(b, IKE_P_SA);

	ike_sa_payload_put(&b->w, list, NULL, 0, IKE_KE_REQUIRED);
	ike_payload_end(b, start);
}

/* What we can verify (RFC 7427 section 4). */
static void put_hashes(struct ike_builder *b)
{
	static const uint8_t hashes[] = {
		0, IKE_HASH_SHA2_256, 0, IKE_HASH_SHA2_384, 0, IKE_HASH_SHA2_512,
		0, IKE_HASH_IDENTITY,
	};

	ike_notify_put(b, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, hashes, sizeof(hashes));
}

static uint32_t get_hashes(const struct ike_notify_view *n)
{
	struct ike_reader r = ike_reader_init(n->data.data, n->data.len);
	uint32_t hashes = 0;
	uint16_t hash;

	while (r.left >= sizeof(hash)) {
		hash = ike_get_u16(&r);
		if (hash <= IKE_HASH_IDENTITY)
			hashes |= 1U << hash;
	}
	return hashes;
}

static void put_tail(struct ike_core *c, const struct ike_sa *sa, uint64_t spi_r, bool use_ppk,
		     struct ike_builder *b)
{
	ike_nat_put(c, sa, spi_r, b);
	ike_notify_put(b, IKE_NOTIFY_FRAGMENTATION_SUPPORTED, NULL, 0);
	ike_notify_put(b, IKE_NOTIFY_CHILDLESS_SUPPORTED, NULL, 0);
	put_hashes(b);
	if (use_ppk)
		ike_notify_put(b, IKE_NOTIFY_USE_PPK, NULL, 0);
}

static void finish_message(struct ike_writer *out, const struct ike_header *h,
			   struct ike_builder *b)
{
	struct ike_header first = *h;

	first.next = b->first;
	ike_header_put(out, &first);
	ike_put(out, b->w.data, b->w.len);
	ike_header_finish(out);
	ike_writer_free(&b->w);
}

static bool derive(struct ike_core *c, struct ike_sa *sa)
{
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	struct ike_chunk secret = { sa->ke.secret, sa->ke.secret_len };
	uint8_t seed[IKE_MAX_PRF];
	bool ok;

	ok = prf && ike_skeyseed(c->cfg.crypto, prf, &sa->ni, &sa->nr, secret, seed) &&
	     ike_derive(c->cfg.crypto, sa, (struct ike_chunk){ seed, prf->key_len });
	ike_wipe(seed, sizeof(seed));
	ike_wipe(&sa->ke, sizeof(sa->ke));
	return ok;
}

static void learn(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_notify_view n;

	sa->frag = ike_notify_find(ps, IKE_NOTIFY_FRAGMENTATION_SUPPORTED, &n);
	sa->childless = ike_notify_find(ps, IKE_NOTIFY_CHILDLESS_SUPPORTED, &n);
	if (ike_notify_find(ps, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, &n))
		sa->hashes = get_hashes(&n);
	sa->auth.use_ppk = ike_notify_find(ps, IKE_NOTIFY_USE_PPK, &n) && ike_ppk_offered(c, sa);
}

/* ---- initiator ---- */

static void send_request(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_header h = { .spi_i = sa->spi_i, .exchange = IKE_EXCH_SA_INIT,
				.flags = IKE_FLAG_INITIATOR };
	struct ike_builder b = { 0 };
	struct ike_writer out = { 0 };

	if (sa->cookie.len)
		ike_notify_put(&b, IKE_NOTIFY_COOKIE, sa->cookie.data, sa->cookie.len);
	put_sa(&b, &sa->tunnel->cfg.ike);
	ike_ke_put(&b, sa->ke.group, sa->ke.pub, sa->ke.pub_len);
	ike_payload_put(&b, IKE_P_NONCE, sa->ni.data, sa->ni.len);
	put_tail(c, sa, 0, ike_ppk_offered(c, sa), &b);
	finish_message(&out, &h, &b);
	ike_job_clear(c, sa, &sa->job);
	sa->job.type = IKE_JOB_SA_INIT;
	ike_flight_plain(&sa->job.flight, &out);
	ike_blob_take(&sa->auth.init_i, &out);
	ike_request_start(c, sa);
}

static struct ike_action *fail(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason,
			       bool by_peer, const char *detail)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_SA_INIT, reason, by_peer);

	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "%s", detail);
	ike_sa_kill(c, sa, reason);
	return a;
}

void ike_sa_init_start(struct ike_core *c, struct ike_tunnel *t, const struct ike_addr *local,
		       const struct ike_addr *remote)
{
	struct ike_sa *sa = ike_sa_new(c, t, true);
	char text[64];

	sa->state = IKE_SA_CONNECTING;
	sa->force_encap = t->cfg.encap == IKE_ENCAP_FORCE;
	sa->local = *local;
	sa->remote = *remote;
	sa->local.port = c->cfg.port_ike;
	sa->remote.port = c->cfg.port_ike;
	ike_addr_text(&sa->remote, text, sizeof(text));
	ike_log(c, t, IKE_LOG_INFO, "connecting to %s", text);
	ike_nonce_new(c, &sa->ni);
	if (ike_ke_start(c, &sa->ke, ike_proposals_group(&t->cfg.ike)))
		send_request(c, sa);
	else
		fail(c, sa, IKE_REASON_CRYPTO, false, "no key pair for the preferred group");
}

static bool retry_cookie(struct ike_core *c, struct ike_sa *sa, const struct ike_notify_view *n)
{
	if (sa->cookie.len && sa->cookie.len == n->data.len &&
	    !memcmp(sa->cookie.data, n->data.data, n->data.len))
		return true;	/* the answer to our first request once more */
	if (!n->data.len || n->data.len > IKE_MAX_COOKIE || sa->init_retries++ >= MAX_RETRIES)
		return false;
	ike_blob_set(&sa->cookie, n->data.data, n->data.len);
	ike_log(c, sa->tunnel, IKE_LOG_DEBUG, "the peer asks for a cookie");
	send_request(c, sa);
	return true;
}

static bool retry_group(struct ike_core *c, struct ike_sa *sa, const struct ike_notify_view *n)
{
	struct ike_reader r = ike_reader_init(n->data.data, n->data.len);
	uint16_t group = ike_get_u16(&r);

	if (sa->init_retries && group == sa->ke.group)
		return true;	/* likewise */
	if (r.bad || group == sa->ke.group || sa->init_retries++ >= MAX_RETRIES ||
	    !ike_proposals_have_group(&sa->tunnel->cfg.ike, group) ||
	    !ike_ke_start(c, &sa->ke, group))
		return false;
	ike_log(c, sa->tunnel, IKE_LOG_DEBUG, "the peer asks for group %u", group);
	send_request(c, sa);
	return true;
}

static void error_response(struct ike_core *c, struct ike_sa *sa, const struct ike_notify_view *n)
{
	const struct ike_proposals *own = &sa->tunnel->cfg.ike;
	enum ike_reason reason = ike_notify_reason(n->type);
	char detail[IKE_MAX_TEXT];
	struct ike_reader r;
	struct ike_action *a;
	char buf[32];

	if (n->type == IKE_NOTIFY_INVALID_KE_PAYLOAD && retry_group(c, sa, n))
		return;
	snprintf(detail, sizeof(detail), "the peer answered %s",
		 ike_notify_name(n->type, buf, sizeof(buf)));
	a = fail(c, sa, reason, true, detail);
	r = ike_reader_init(n->data.data, n->data.len);
	if (reason == IKE_REASON_INVALID_KE)
		ike_contrast_group(a, own, ike_get_u16(&r));
	else if (reason == IKE_REASON_NO_PROPOSAL_CHOSEN)
		ike_contrast_ours(a, own, IKE_KE_REQUIRED);
}

static const char *accept_response(struct ike_core *c, struct ike_sa *sa,
				   const struct ike_header *h, const struct ike_payloads *ps,
				   enum ike_reason *reason)
{
	struct ike_offers answer;
	const struct ike_offer *o;
	struct ike_chunk pub;
	uint16_t group;

	*reason = IKE_REASON_INVALID_SYNTAX;
	if (!h->spi_r || !ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &answer) ||
	    !ike_ke_get(ike_payload_body(ps, IKE_P_KE), &group, &pub) ||
	    !ike_nonce_get(ike_payload_body(ps, IKE_P_NONCE), &sa->nr))
		return "the answer lacks a payload";
	*reason = IKE_REASON_NO_PROPOSAL_CHOSEN;
	o = ike_proposal_check(&sa->tunnel->cfg.ike, &answer, IKE_KE_REQUIRED);
	if (!o)
		return "the answer is not one of our proposals";
	*reason = IKE_REASON_CRYPTO;
	if (group != sa->ke.group || ike_proposal_id(&o->p, IKE_TRANSFORM_KE) != group)
		return "the answer is for another group";
	sa->proposal = o->p;
	sa->spi_r = h->spi_r;
	if (!ike_ke_finish(c, &sa->ke, pub) || !derive(c, sa))
		return "the key exchange failed";
	return NULL;
}

void ike_sa_init_response(struct ike_core *c, struct ike_sa *sa, struct ike_chunk datagram,
			  const struct ike_header *h)
{
	struct ike_chunk chain = { datagram.data + IKE_HEADER_LEN, datagram.len - IKE_HEADER_LEN };
	enum ike_reason reason;
	struct ike_notify_view n;
	struct ike_offers answer;
	struct ike_payloads ps;
	struct ike_action *a;
	const char *fault;

	if (sa->job.type != IKE_JOB_SA_INIT || !ike_payloads_get(h->next, chain, &ps) ||
	    ps.critical)
		return;
	if (ike_notify_find(&ps, IKE_NOTIFY_COOKIE, &n) && !ike_payload_find(&ps, IKE_P_SA)) {
		if (!retry_cookie(c, sa, &n))
			fail(c, sa, IKE_REASON_PEER_ERROR, true, "cookies without end");
		return;
	}
	if (ike_notify_error(&ps, &n)) {
		error_response(c, sa, &n);
		return;
	}
	fault = accept_response(c, sa, h, &ps, &reason);
	if (fault) {
		a = fail(c, sa, reason, false, fault);
		if (reason == IKE_REASON_NO_PROPOSAL_CHOSEN &&
		    ike_sa_payload_get(ike_payload_body(&ps, IKE_P_SA), &answer))
			ike_contrast_offers(a, &sa->tunnel->cfg.ike, &answer, IKE_KE_REQUIRED);
		return;
	}
	ike_blob_set(&sa->auth.init_r, datagram.data, datagram.len);
	learn(c, sa, &ps);
	if (sa->tunnel->cfg.ppk_required && !sa->auth.use_ppk) {
		fail(c, sa, IKE_REASON_PPK_UNUSED, false, "it is required here");
		return;
	}
	ike_nat_get(c, sa, sa->spi_r, &ps);
	if (ike_sa_encap(sa)) {
		sa->local.port = c->cfg.port_natt;
		sa->remote.port = c->cfg.port_natt;
	}
	ike_job_clear(c, sa, &sa->job);
	sa->next_out = 1;
	ike_auth_start(c, sa);
}

/* ---- responder ---- */

/* A request as parsed, before there is any state for it. */
struct request {
	const struct ike_event *ev;
	const struct ike_header *h;
	struct ike_payloads ps;
	struct ike_offers offers;
	struct ike_nonce nonce;
	struct ike_chunk pub;
	uint16_t group;
};

static void reply(struct ike_core *c, const struct request *rq, struct ike_builder *b)
{
	struct ike_header h = { .spi_i = rq->h->spi_i, .exchange = IKE_EXCH_SA_INIT,
				.flags = IKE_FLAG_RESPONSE, .id = rq->h->id };
	struct ike_sa none = { 0 };
	struct ike_blob flight = { 0 };
	struct ike_writer out = { 0 };

	finish_message(&out, &h, b);
	ike_flight_plain(&flight, &out);
	ike_send_flight(c, &none, &rq->ev->u.datagram.local, &rq->ev->u.datagram.remote, &flight);
	ike_blob_free(&flight);
	ike_writer_free(&out);
}

static void reply_notify(struct ike_core *c, const struct request *rq, uint16_t type,
			 const void *data, size_t len)
{
	struct ike_builder b = { 0 };

	ike_notify_put(&b, type, data, len);
	reply(c, rq, &b);
}

static bool repeated(struct ike_core *c, const struct ike_event *ev, const struct ike_header *h)
{
	const uint8_t *data = ev->u.datagram.data;
	size_t len = ev->u.datagram.len;
	struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next) {
		if (sa->dead || sa->initiator || sa->spi_i != h->spi_i || sa->request.len != len ||
		    memcmp(sa->request.data, data, len))
			continue;
		ike_send_flight(c, sa, &ev->u.datagram.local, &ev->u.datagram.remote, &sa->cached);
		return true;
	}
	return false;
}

/* A flood must not write the log full. */
static bool may_tell(struct ike_core *c)
{
	if (!c->refused_at || c->now >= c->refused_at + REFUSED_TOLD_PER) {
		c->refused_at = c->now;
		c->refused = 0;
	}
	return c->refused++ < REFUSED_TOLD_MAX;
}

static void refuse(struct ike_core *c, const struct request *rq, const struct ike_tunnel *t)
{
	const struct ike_addr *remote = &rq->ev->u.datagram.remote;
	enum ike_reason reason = t ? IKE_REASON_NO_PROPOSAL_CHOSEN : IKE_REASON_NO_CONFIG;
	struct ike_action *a;
	char text[64];

	reply_notify(c, rq, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
	if (!may_tell(c))
		return;
	a = ike_explain(c, t, IKE_STEP_SA_INIT, reason, false);
	a->u.explain.has_path = true;
	a->u.explain.local = rq->ev->u.datagram.local;
	a->u.explain.remote = *remote;
	a->u.explain.received = 1;
	a->u.explain.sent = 1;
	if (t)
		ike_contrast_offers(a, &t->cfg.ike, &rq->offers, IKE_KE_REQUIRED);
	else
		ike_offers_text(&rq->offers, a->u.explain.offered, IKE_MAX_TEXT);
	ike_addr_text(remote, text, sizeof(text));
	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "request from %s", text);
}

static bool parse_request(struct ike_core *c, struct request *rq)
{
	const uint8_t *data = rq->ev->u.datagram.data + IKE_HEADER_LEN;
	struct ike_chunk chain = { data, rq->ev->u.datagram.len - IKE_HEADER_LEN };

	if (!ike_payloads_get(rq->h->next, chain, &rq->ps))
		return false;
	if (rq->ps.critical) {
		reply_notify(c, rq, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, &rq->ps.critical, 1);
		return false;
	}
	return ike_sa_payload_get(ike_payload_body(&rq->ps, IKE_P_SA), &rq->offers) &&
	       ike_ke_get(ike_payload_body(&rq->ps, IKE_P_KE), &rq->group, &rq->pub) &&
	       ike_nonce_get(ike_payload_body(&rq->ps, IKE_P_NONCE), &rq->nonce);
}

/* Whether the request may go on; otherwise it was answered with COOKIE or is dropped. */
static bool cookie_passed(struct ike_core *c, const struct request *rq)
{
	const struct ike_addr *remote = &rq->ev->u.datagram.remote;
	struct ike_chunk nonce = { rq->nonce.data, rq->nonce.len };
	struct ike_notify_view n;
	uint8_t cookie[33];

	switch (ike_door(c, remote)) {
	case IKE_DOOR_OPEN:
		return true;
	case IKE_DOOR_SHUT:
		return false;
	default:
		break;
	}
	if (ike_notify_find(&rq->ps, IKE_NOTIFY_COOKIE, &n) &&
	    ike_cookie_check(c, rq->h->spi_i, remote, nonce, n.data))
		return true;
	if (ike_cookie_make(c, rq->h->spi_i, remote, nonce, c->cookie_which, cookie))
		reply_notify(c, rq, IKE_NOTIFY_COOKIE, cookie, sizeof(cookie));
	return false;
}

/* The first tunnel for a peer at that address whose proposals meet the offer. */
static struct ike_tunnel *choose_tunnel(struct ike_core *c, const struct request *rq,
					struct ike_proposal *chosen, uint8_t *number)
{
	const struct ike_addr *local = &rq->ev->u.datagram.local;
	const struct ike_addr *remote = &rq->ev->u.datagram.remote;
	struct ike_tunnel *first = ike_tunnel_for_peer(c, NULL, local, remote);
	const struct ike_offer *o;
	struct ike_tunnel *t;

	for (t = first; t; t = ike_tunnel_for_peer(c, t, local, remote)) {
		o = ike_proposal_choose(&t->cfg.ike, &rq->offers, IKE_KE_REQUIRED, rq->group,
					chosen);
		if (!o)
			continue;
		*number = o->number;
		return t;
	}
	refuse(c, rq, first);
	return NULL;
}

/* The authorities of all tunnels the peer may be of; without any the peer may keep its certificate. */
static void put_certreq(struct ike_core *c, const struct ike_sa *sa, struct ike_builder *b)
{
	struct ike_tunnel *t = NULL;
	struct ike_writer w = { 0 };

	while ((t = ike_tunnel_for_peer(c, t, &sa->local, &sa->remote)))
		if (t->cfg.auth == IKE_BY_PUBKEY && w.len < UINT16_MAX / 2)
			ike_put(&w, t->cfg.authorities, t->cfg.authorities_len);
	if (w.len)
		ike_cert_put(b, IKE_P_CERTREQ, (struct ike_chunk){ w.data, w.len });
	ike_writer_free(&w);
}

static void answer(struct ike_core *c, struct ike_sa *sa, const struct request *rq, uint8_t number,
		   const struct ike_blob *pub)
{
	struct ike_header h = { .spi_i = sa->spi_i, .spi_r = sa->spi_r,
				.exchange = IKE_EXCH_SA_INIT, .flags = IKE_FLAG_RESPONSE };
	struct ike_builder b = { 0 };
	struct ike_writer out = { 0 };
	size_t start = ike_payload_begin(&b, IKE_P_SA);

	ike_sa_payload_answer(&b.w, &sa->proposal, number, NULL, 0);
	ike_payload_end(&b, start);
	ike_ke_put(&b, rq->group, pub->data, pub->len);
	ike_payload_put(&b, IKE_P_NONCE, sa->nr.data, sa->nr.len);
	put_tail(c, sa, sa->spi_r, sa->auth.use_ppk, &b);
	put_certreq(c, sa, &b);
	finish_message(&out, &h, &b);
	ike_flight_plain(&sa->cached, &out);
	ike_blob_take(&sa->auth.init_r, &out);
	ike_blob_set(&sa->auth.init_i, rq->ev->u.datagram.data, rq->ev->u.datagram.len);
	ike_blob_set(&sa->request, rq->ev->u.datagram.data, rq->ev->u.datagram.len);
	ike_send_flight(c, sa, &sa->local, &sa->remote, &sa->cached);
}

static void make_half_open(struct ike_core *c, const struct request *rq, const struct ike_tunnel *t,
			   const struct ike_proposal *chosen, uint8_t number)
{
	struct ike_sa *sa = ike_sa_new(c, NULL, false);
	struct ike_blob pub = { 0 };

	sa->state = IKE_SA_CONNECTING;
	sa->spi_i = rq->h->spi_i;
	sa->local = rq->ev->u.datagram.local;
	sa->remote = rq->ev->u.datagram.remote;
	sa->force_encap = t->cfg.encap == IKE_ENCAP_FORCE;
	sa->dscp = t->cfg.dscp;
	sa->proposal = *chosen;
	sa->ni = rq->nonce;
	sa->next_in = 1;
	sa->drop_at = c->now + IKE_CONNECT_TIME;
	ike_nonce_new(c, &sa->nr);
	learn(c, sa, &rq->ps);
	ike_nat_get(c, sa, 0, &rq->ps);
	if (!ike_ke_start(c, &sa->ke, rq->group)) {
		sa->dead = true;
		return;
	}
	ike_blob_set(&pub, sa->ke.pub, sa->ke.pub_len);
	if (ike_ke_finish(c, &sa->ke, rq->pub) && derive(c, sa))
		answer(c, sa, rq, number, &pub);
	else
		sa->dead = true;
	ike_blob_free(&pub);
}

bool ike_sa_init_request(struct ike_core *c, const struct ike_event *ev, const struct ike_header *h)
{
	struct request rq = { .ev = ev, .h = h };
	struct ike_proposal chosen;
	uint8_t number = 0;
	uint8_t octets[2];
	struct ike_tunnel *t;
	int group;

	if (h->id || h->spi_r || repeated(c, ev, h))
		return false;
	if (!parse_request(c, &rq) || !cookie_passed(c, &rq))
		return false;
	t = choose_tunnel(c, &rq, &chosen, &number);
	if (!t)
		return false;
	group = ike_proposal_id(&chosen, IKE_TRANSFORM_KE);
	if (group == rq.group) {
		make_half_open(c, &rq, t, &chosen, number);
		return true;
	}
	octets[0] = group >> 8;
	octets[1] = group;
	reply_notify(c, &rq, IKE_NOTIFY_INVALID_KE_PAYLOAD, octets, sizeof(octets));
	return false;
}
