// SPDX-License-Identifier: GPL-2.0
/*
 * IKE_AUTH, both roles (RFC 7296 sections 1.2, 2.15, 2.16). Long-term secrets live elsewhere: AUTH
 * data is made and checked by asking. An IKE_AUTH is a loop of rounds of which PSK needs one.
 */
#include <string.h>

#include "state.h"

enum {
	MAX_ROUNDS = 1,		/* of the methods there are */
};

/* ---- common ---- */

static struct ike_action *ask(struct ike_core *c, struct ike_sa *sa, enum ike_action_type type,
			      bool by_initiator, uint32_t token)
{
	const struct ike_id *own = &sa->tunnel->cfg.local_id;
	const struct ike_id *signer = type == IKE_ACT_MAKE_AUTH ? own : &sa->peer_id;
	struct ike_action *a = ike_act(c, type, sa->tunnel->cfg.tunnel);
	struct ike_writer octets = { 0 };

	ike_auth_octets(c, sa, by_initiator, signer, &octets);
	a->token = token;
	a->u.auth.kind = sa->tunnel->cfg.auth;
	a->u.auth.hashes = sa->hashes;
	a->u.auth.prf = ike_proposal_id(&sa->proposal, IKE_TRANSFORM_PRF);
	a->u.auth.local_id = *own;
	a->u.auth.remote_id = sa->initiator && type == IKE_ACT_MAKE_AUTH ?
			      sa->tunnel->cfg.remote_id : sa->peer_id;
	a->u.auth.spi_i = sa->spi_i;
	a->u.auth.spi_r = sa->spi_r;
	a->u.auth.octets = ike_act_octets(a, octets.data, octets.len);
	a->u.auth.octets_len = octets.len;
	ike_writer_free(&octets);
	return a;
}

static void ask_make(struct ike_core *c, struct ike_sa *sa)
{
	sa->auth.make_token = ike_new_token(c);
	ask(c, sa, IKE_ACT_MAKE_AUTH, sa->initiator, sa->auth.make_token);
}

/* AUTH payload: method and three reserved octets before the data (section 3.8). */
static bool get_auth(const struct ike_payloads *ps, uint8_t *method, struct ike_chunk *data)
{
	struct ike_chunk body = ike_payload_body(ps, IKE_P_AUTH);
	struct ike_reader r = ike_reader_init(body.data, body.len);

	*method = ike_get_u8(&r);
	ike_get(&r, 3);
	data->data = r.p;
	data->len = r.left;
	return !r.bad && data->len;
}

static bool method_fits(enum ike_auth_kind kind, uint8_t method)
{
	switch (method) {
	case IKE_AUTH_PSK:
		return kind == IKE_BY_PSK;
	case IKE_AUTH_RSA:
	case IKE_AUTH_ECDSA_256:
	case IKE_AUTH_ECDSA_384:
	case IKE_AUTH_ECDSA_521:
	case IKE_AUTH_DIGITAL_SIGNATURE:
		return kind == IKE_BY_PUBKEY;
	}
	return false;
}

/* The peer's AUTH, by the method that is configured. */
static bool get_proof(const struct ike_sa *sa, const struct ike_payloads *ps, uint8_t *method,
		      struct ike_chunk *data)
{
	struct ike_notify_view n;

	if (!get_auth(ps, method, data) || !method_fits(sa->tunnel->cfg.auth, *method))
		return false;
	if (sa->auth.bare_proof && ike_notify_find(ps, IKE_NOTIFY_NO_PPK_AUTH, &n))
		*data = n.data;
	return true;
}

/* What is in the peer's message is needed once its AUTH is checked. */
static void hold(struct ike_sa *sa, struct ike_blob *inner, uint8_t first)
{
	sa->auth.held_first = first;
	ike_blob_free(&sa->auth.held);
	sa->auth.held = *inner;
	memset(inner, 0, sizeof(*inner));
}

static bool ask_check(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_writer certs = { 0 };
	struct ike_chunk data;
	struct ike_action *a;
	uint8_t method;

	if (!get_proof(sa, ps, &method, &data))
		return false;
	sa->auth.check_token = ike_new_token(c);
	a = ask(c, sa, IKE_ACT_CHECK_AUTH, !sa->initiator, sa->auth.check_token);
	a->u.auth.method = method;
	a->u.auth.auth = ike_act_octets(a, data.data, data.len);
	a->u.auth.auth_len = data.len;
	ike_certs_get(ps, &certs);
	if (certs.len)
		a->u.auth.certs = ike_act_octets(a, certs.data, certs.len);
	a->u.auth.certs_len = certs.len;
	ike_writer_free(&certs);
	return true;
}

static bool held_payloads(const struct ike_sa *sa, struct ike_payloads *ps)
{
	struct ike_chunk chain = { sa->auth.held.data, sa->auth.held.len };

	return ike_payloads_get(sa->auth.held_first, chain, ps);
}

static void put_id(struct ike_builder *b, uint8_t type, const struct ike_id *id)
{
	size_t start = ike_payload_begin(b, type);

	ike_id_put(&b->w, id);
	ike_payload_end(b, start);
}

static void put_certs(struct ike_builder *b, const struct ike_sa *sa)
{
	ike_certs_put(b, (struct ike_chunk){ sa->auth.own_certs.data, sa->auth.own_certs.len });
}

static void put_auth(struct ike_builder *b, const struct ike_sa *sa)
{
	size_t start = ike_payload_begin(b, IKE_P_AUTH);

	ike_put_u32(&b->w, (uint32_t)sa->auth.own_method << 24);
	ike_put(&b->w, sa->auth.own.data, sa->auth.own.len);
	ike_payload_end(b, start);
}

static const char *method_text(uint8_t method, char *buf, size_t len)
{
	static const char *const names[] = {
		[1] = "RSA signature", [2] = "pre-shared key", [3] = "DSS signature",
		[9] = "ECDSA with SHA-256", [10] = "ECDSA with SHA-384",
		[11] = "ECDSA with SHA-512", [13] = "no authentication",
		[14] = "digital signature",
	};

	if (method < sizeof(names) / sizeof(names[0]) && names[method])
		return names[method];
	snprintf(buf, len, "authentication method %u", method);
	return buf;
}

static void explain_method(struct ike_core *c, const struct ike_sa *sa,
			   const struct ike_payloads *ps)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_AUTH_METHOD, false);
	struct ike_contrast *row = ike_contrast(a, IKE_ASPECT_AUTH);
	struct ike_chunk data;
	uint8_t method;
	char buf[32];

	row->differs = true;
	snprintf(row->ours, sizeof(row->ours), sa->tunnel->cfg.auth == IKE_BY_PSK ?
		 "pre-shared key" : "certificate and signature");
	if (get_auth(ps, &method, &data)) {
		snprintf(row->theirs, sizeof(row->theirs), "%s",
			 method_text(method, buf, sizeof(buf)));
	} else {
		snprintf(row->theirs, sizeof(row->theirs), "EAP");
		snprintf(a->u.explain.detail, IKE_MAX_TEXT,
			 "the peer wants EAP, which there is none of here: have it use a pre-shared key or a certificate");
	}
	snprintf(a->u.explain.wanted, IKE_MAX_TEXT, "%s", row->ours);
	snprintf(a->u.explain.offered, IKE_MAX_TEXT, "%s", row->theirs);
}

/* @asked: the identity the peer asks us for; NULL if it does not */
static struct ike_action *explain_id(struct ike_core *c, const struct ike_tunnel *t,
				     const struct ike_sa *sa, enum ike_reason reason,
				     const struct ike_id *asked)
{
	struct ike_action *a = ike_explain(c, t, IKE_STEP_AUTH, reason, false);
	const struct ike_id any = { .type = IKE_ID_ANY };

	ike_explain_path(a, sa);
	ike_id_text(&sa->peer_id, a->u.explain.offered, IKE_MAX_TEXT);
	if (t)
		ike_id_text(&t->cfg.remote_id, a->u.explain.wanted, IKE_MAX_TEXT);
	ike_contrast_id(a, IKE_ASPECT_PEER_ID, &sa->peer_id, t ? &t->cfg.remote_id : &any);
	if (t)
		ike_contrast_id(a, IKE_ASPECT_OWN_ID, asked, &t->cfg.local_id);
	return a;
}

/* ---- initiator ---- */

static const struct ike_child_config *first_child(const struct ike_sa *sa)
{
	return sa->tunnel->cfg.n_children ? &sa->tunnel->cfg.children[0] : NULL;
}

/* A peer that does not have our PPK looks at AUTH data without it: made before the keys are mixed. */
static void ask_with_ppk(struct ike_core *c, struct ike_sa *sa)
{
	if (!sa->tunnel->cfg.ppk_required) {
		sa->auth.bare_token = ike_new_token(c);
		ask(c, sa, IKE_ACT_MAKE_AUTH, true, sa->auth.bare_token);
	}
	ike_ppk_ask(c, sa);
}

void ike_auth_start(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_action *a;

	sa->job.type = IKE_JOB_AUTH;
	sa->auth.round = 1;
	sa->drop_at = c->now + IKE_CONNECT_TIME;	/* the key process may have been killed */
	if (sa->auth.use_ppk)
		ask_with_ppk(c, sa);
	else
		ask_make(c, sa);
	if (!first_child(sa))
		return;
	sa->job.child = ike_child_new(c, 0, true);
	sa->job.token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_ALLOC_SPI, sa->tunnel->cfg.tunnel);
	a->token = sa->job.token;
}

/* No other SA to that peer lives, as far as anybody here knows (section 2.4). */
static bool first_contact(const struct ike_core *c, const struct ike_sa *sa)
{
	const struct ike_sa *other;

	if (sa->tunnel->orphans)
		return false;
	for (other = c->sas; other; other = other->next) {
		if (other == sa || other->dead)
			continue;
		if (other->tunnel == sa->tunnel && other->state != IKE_SA_DELETING)
			return false;
		if (!other->tunnel && ike_addr_same(&other->remote, &sa->remote))
			return false;
	}
	return true;
}

static void send_request(struct ike_core *c, struct ike_sa *sa)
{
	const struct ike_child_config *cfg = first_child(sa);
	struct ike_builder b = { 0 };

	put_id(&b, IKE_P_IDI, &sa->tunnel->cfg.local_id);
	put_certs(&b, sa);
	if (sa->tunnel->cfg.auth == IKE_BY_PUBKEY)
		ike_cert_put(&b, IKE_P_CERTREQ, (struct ike_chunk){
			     sa->tunnel->cfg.authorities, sa->tunnel->cfg.authorities_len });
	if (!ike_id_is_pattern(&sa->tunnel->cfg.remote_id))
		put_id(&b, IKE_P_IDR, &sa->tunnel->cfg.remote_id);
	put_auth(&b, sa);
	if (first_contact(c, sa))
		ike_notify_put(&b, IKE_NOTIFY_INITIAL_CONTACT, NULL, 0);
	if (cfg && sa->job.child) {
		ike_vip_ask(&b, sa->tunnel);
		ike_child_put_sa(&b, &cfg->proposals, sa->job.child->spi_in, IKE_KE_IGNORED);
		ike_child_put_ts(&b, sa, cfg);
	}
	if (sa->tunnel->cfg.mobike)
		ike_notify_put(&b, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
	ike_ppk_put(&b, sa);
	sa->drop_at = IKE_NEVER;
	ike_request_send(c, sa, IKE_EXCH_AUTH, &b);
}

static void fail(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason)
{
	ike_info_auth_failed(c, sa);
	ike_sa_kill(c, sa, reason);
}

static void refused(struct ike_core *c, struct ike_sa *sa, const struct ike_notify_view *n)
{
	enum ike_reason reason = ike_notify_reason(n->type);
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_AUTH, reason, true);
	char buf[32];

	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer answered %s",
		 ike_notify_name(n->type, buf, sizeof(buf)));
	ike_id_text(&sa->tunnel->cfg.local_id, a->u.explain.offered, IKE_MAX_TEXT);
	ike_contrast_id(a, IKE_ASPECT_OWN_ID, NULL, &sa->tunnel->cfg.local_id);
	ike_contrast_id(a, IKE_ASPECT_PEER_ID, NULL, &sa->tunnel->cfg.remote_id);
	if (sa->ppk)
		ike_ppk_contrast(a, sa->tunnel, (struct ike_chunk){ NULL, 0 });
	ike_sa_kill(c, sa, reason);
}

void ike_auth_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
		       struct ike_payloads *ps, struct ike_blob *inner, uint8_t first)
{
	struct ike_notify_view n;

	/* Without AUTH an error refuses us; beside AUTH it is about the Child SA. */
	if (!ike_payload_find(ps, IKE_P_AUTH) && ike_notify_error(ps, &n)) {
		refused(c, sa, &n);
		return;
	}
	if (!ike_id_get(ike_payload_body(ps, IKE_P_IDR), &sa->peer_id)) {
		ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_INVALID_SYNTAX, false);
		fail(c, sa, IKE_REASON_INVALID_SYNTAX);
		return;
	}
	if (!ike_id_match(&sa->tunnel->cfg.remote_id, &sa->peer_id)) {
		explain_id(c, sa->tunnel, sa, IKE_REASON_WRONG_ID, NULL);
		fail(c, sa, IKE_REASON_WRONG_ID);
		return;
	}
	if (!ike_ppk_response(c, sa, ps)) {
		fail(c, sa, IKE_REASON_PPK_UNUSED);
		return;
	}
	if (!ask_check(c, sa, ps)) {
		explain_method(c, sa, ps);
		fail(c, sa, IKE_REASON_AUTH_METHOD);
		return;
	}
	hold(sa, inner, first);
	sa->drop_at = c->now + IKE_CONNECT_TIME;
	sa->auth.child = job->child;
	job->child = NULL;
}

static void child_refused(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
			  uint16_t type)
{
	const struct ike_child_config *cfg = ike_child_config(sa, child);
	enum ike_reason reason = ike_notify_reason(type);
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_AUTH, reason, true);
	char buf[32];

	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer answered %s for the Child SA",
		 ike_notify_name(type, buf, sizeof(buf)));
	if (reason == IKE_REASON_ADDRESS_CONFIG)
		ike_vip_explain(a, sa->tunnel, NULL);
	else if (cfg && reason == IKE_REASON_TS_UNACCEPTABLE)
		ike_explain_own_ts(a, sa, cfg);
	else if (cfg)
		ike_contrast_ours(a, &cfg->proposals, IKE_KE_IGNORED);
	ike_child_discard(c, sa->tunnel, &child);
	ike_child_lack(c, sa, reason);
}

/* Return: whether there is a Child SA now. */
static bool child_answered(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
			   const struct ike_payloads *ps)
{
	enum ike_reason reason;
	struct ike_notify_view n;

	if (ike_notify_error(ps, &n)) {
		child_refused(c, sa, child, n.type);
		return false;
	}
	if (!ike_vip_take(c, sa, ps)) {
		ike_child_discard(c, sa->tunnel, &child);
		ike_child_lack(c, sa, IKE_REASON_ADDRESS_CONFIG);
		return false;
	}
	child->ni = sa->ni;
	child->nr = sa->nr;
	reason = ike_child_chosen(c, sa, child, ps, IKE_STEP_AUTH);
	if (reason == IKE_REASON_NONE && ike_child_install(c, sa, child, false))
		return true;
	ike_child_unusable(c, sa, &child);
	ike_child_lack(c, sa, reason);
	return false;
}

static void initiator_done(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	unsigned int attempt = sa->tunnel->attempt;
	struct ike_child *child = sa->auth.child;
	struct ike_notify_view n;
	bool lacking;

	sa->auth.child = NULL;
	sa->mobike = sa->tunnel->cfg.mobike && ike_notify_find(ps, IKE_NOTIFY_MOBIKE_SUPPORTED, &n);
	ike_sa_established(c, sa);
	lacking = child && !child_answered(c, sa, child, ps);
	ike_sa_auth_done(sa);
	/* Addresses are asked for in IKE_AUTH alone: without a Child SA of it begin again, later. */
	if (lacking && (sa->tunnel->cfg.n_vips || sa->tunnel->reason == IKE_REASON_ADDRESS_CONFIG)) {
		sa->tunnel->attempt = attempt + 1;
		ike_sa_delete(c, sa, sa->tunnel->reason);
	}
}

/* ---- responder ---- */

static void respond_failed(struct ike_core *c, struct ike_sa *sa)
{
	ike_response_error(c, sa, IKE_EXCH_AUTH, IKE_NOTIFY_AUTHENTICATION_FAILED);
	ike_child_discard(c, sa->tunnel, &sa->answer.child);
	sa->answer.token = 0;
	sa->auth.make_token = 0;
	sa->auth.lease_token = 0;
	sa->auth.mix_token = 0;
	ike_sa_belong(sa, NULL);
	ike_sa_finish(c, sa, IKE_REASON_AUTH_FAILED);
}

/* The longer the part of the identity that is named, the nearer. */
static unsigned int nearness(const struct ike_id *wanted)
{
	return ike_id_is_pattern(wanted) ? wanted->len : IKE_MAX_ID + 1;
}

/* Tunnels that name the peer's identity come before those of its domain, and these before those
 * that take any.
 */
static struct ike_tunnel *find_tunnel(struct ike_core *c, const struct ike_sa *sa,
				      const struct ike_id *peer, const struct ike_id *asked)
{
	struct ike_tunnel *best = NULL;
	struct ike_tunnel *t = NULL;

	while ((t = ike_tunnel_for_peer(c, t, &sa->local, &sa->remote)))
		if ((!best || nearness(&t->cfg.remote_id) > nearness(&best->cfg.remote_id)) &&
		    ike_id_match(&t->cfg.remote_id, peer) &&
		    (!asked || ike_id_match(asked, &t->cfg.local_id)) &&
		    ike_proposal_accepts(&t->cfg.ike, &sa->proposal))
			best = t;
	return best;
}

static void unknown_peer(struct ike_core *c, struct ike_sa *sa, const struct ike_id *asked)
{
	struct ike_tunnel *t = ike_tunnel_for_peer(c, NULL, &sa->local, &sa->remote);
	struct ike_action *a = explain_id(c, t, sa, t ? IKE_REASON_WRONG_ID : IKE_REASON_NO_CONFIG,
					  asked);

	if (t && asked && ike_id_match(&t->cfg.remote_id, &sa->peer_id)) {
		ike_id_text(asked, a->u.explain.offered, IKE_MAX_TEXT);
		ike_id_text(&t->cfg.local_id, a->u.explain.wanted, IKE_MAX_TEXT);
		snprintf(a->u.explain.detail, IKE_MAX_TEXT, "the peer asks for another identity");
	}
	respond_failed(c, sa);
}

void ike_auth_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps,
		      struct ike_blob *inner, uint8_t first)
{
	struct ike_id asked;
	bool has_idr = ike_id_get(ike_payload_body(ps, IKE_P_IDR), &asked);
	struct ike_notify_view n;
	struct ike_chunk proof;
	struct ike_tunnel *t;
	uint8_t method;

	if (sa->auth.round++ >= MAX_ROUNDS ||
	    !ike_id_get(ike_payload_body(ps, IKE_P_IDI), &sa->peer_id)) {
		respond_failed(c, sa);
		return;
	}
	t = find_tunnel(c, sa, &sa->peer_id, has_idr ? &asked : NULL);
	if (!t) {
		unknown_peer(c, sa, has_idr ? &asked : NULL);
		return;
	}
	ike_sa_belong(sa, t);
	sa->auth.contact = ike_notify_find(ps, IKE_NOTIFY_INITIAL_CONTACT, &n);
	if (!get_proof(sa, ps, &method, &proof)) {
		explain_method(c, sa, ps);
		respond_failed(c, sa);
		return;
	}
	if (!ike_ppk_request(c, sa, ps)) {
		respond_failed(c, sa);
		return;
	}
	if (!sa->auth.mix_token)
		ask_check(c, sa, ps);
	hold(sa, inner, first);
}

static void choose_child(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_child *child;
	struct ike_action *a;

	if (sa->answer.error || !ike_payload_find(ps, IKE_P_SA))
		return;
	child = ike_child_new(c, 0, false);
	child->ni = sa->ni;
	child->nr = sa->nr;
	sa->answer.error = ike_child_accept(c, sa, child, -1, ps, IKE_STEP_AUTH,
					    &sa->answer.number);
	if (sa->answer.error) {
		ike_child_free(child);
		return;
	}
	sa->answer.child = child;
	sa->answer.token = ike_new_token(c);
	a = ike_act(c, IKE_ACT_ALLOC_SPI, sa->tunnel->cfg.tunnel);
	a->token = sa->answer.token;
}

static void put_child(struct ike_core *c, struct ike_sa *sa, struct ike_builder *b)
{
	struct ike_child *child = sa->answer.child;

	sa->answer.child = NULL;
	if (child && !ike_child_install(c, sa, child, false)) {
		ike_child_free(child);
		child = NULL;
		sa->answer.error = IKE_NOTIFY_TEMPORARY_FAILURE;
	}
	if (sa->answer.error) {
		ike_notify_put(b, sa->answer.error, NULL, 0);
	} else if (child) {
		ike_vip_give(b, sa);
		ike_child_put_answer(b, child, sa->answer.number);
		ike_child_put_answer_ts(b, child);
	}
}

static void respond(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_builder b = { 0 };

	if (sa->auth.make_token || sa->answer.token)
		return;
	put_id(&b, IKE_P_IDR, &sa->tunnel->cfg.local_id);
	put_certs(&b, sa);
	put_auth(&b, sa);
	ike_sa_established(c, sa);
	put_child(c, sa, &b);
	if (sa->mobike)
		ike_notify_put(&b, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
	if (sa->ppk)
		ike_notify_put(&b, IKE_NOTIFY_PPK_IDENTITY, NULL, 0);
	ike_sa_auth_done(sa);
	ike_response_send(c, sa, IKE_EXCH_AUTH, &b);
}

static void responder_checked(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_notify_view n;

	sa->mobike = sa->tunnel->cfg.mobike && ike_notify_find(ps, IKE_NOTIFY_MOBIKE_SUPPORTED, &n);
	if (ike_vip_lease(c, sa, ps))
		return;
	choose_child(c, sa, ps);
	ask_make(c, sa);
}

void ike_auth_leased(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	struct ike_payloads ps;

	ike_vip_leased(c, sa, ev);
	if (!held_payloads(sa, &ps))
		return;
	choose_child(c, sa, &ps);
	ask_make(c, sa);
}

/* ---- answers to what was asked ---- */

/*
 * The key process said no: explain, in its words if it has some. With another PPK the proof is wrong as
 * with another secret.
 */
static void explain_said(struct ike_core *c, struct ike_sa *sa, const char *text,
			 enum ike_reason reason)
{
	struct ike_action *a = explain_id(c, sa->tunnel, sa, reason, NULL);
	bool doubt = sa->ppk && reason == IKE_REASON_AUTH_FAILED;

	if (text)
		snprintf(a->u.explain.detail, IKE_MAX_TEXT, "%.*s%s", IKE_MAX_TEXT - 64, text,
			 doubt ? ", or another PPK of that name" : "");
	if (doubt)
		ike_ppk_contrast(a, sa->tunnel, (struct ike_chunk){ NULL, 0 });
}

static void not_proven(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	bool told = !ev->u.auth.ok && (ev->u.auth.reason == IKE_REASON_CERTIFICATE ||
				       ev->u.auth.reason == IKE_REASON_TOO_MANY);
	enum ike_reason reason = told ? ev->u.auth.reason : IKE_REASON_AUTH_FAILED;

	explain_said(c, sa, ev->u.auth.text, reason);
	if (sa->initiator)
		fail(c, sa, reason);
	else
		respond_failed(c, sa);
}

/* The tunnel that is the peer's from here on. */
static bool settle_tunnel(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	struct ike_tunnel *t;

	if (!sa->tunnel->cfg.template)
		return true;
	t = ike_tunnel_find(c, ev->tunnel);
	if (!t || t->down || t->cfg.instance_of != sa->tunnel->cfg.tunnel)
		return false;
	ike_sa_belong(sa, t);
	return true;
}

void ike_auth_checked(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	struct ike_payloads ps;

	sa->auth.check_token = 0;
	if (!ev->u.auth.ok || !held_payloads(sa, &ps) || !settle_tunnel(c, sa, ev)) {
		not_proven(c, sa, ev);
		return;
	}
	if (!sa->initiator) {
		responder_checked(c, sa, &ps);
		return;
	}
	initiator_done(c, sa, &ps);
}

static void ready(struct ike_core *c, struct ike_sa *sa)
{
	if (!sa->initiator)
		respond(c, sa);
	else if (!sa->auth.make_token && !sa->auth.bare_token && !sa->auth.mix_token &&
		 !sa->job.token && !sa->job.sent)
		send_request(c, sa);
}

/* Without a secret of ours nothing was said of the peer yet, or nothing more can be. */
static void no_secret(struct ike_core *c, struct ike_sa *sa, const char *text,
		      enum ike_reason reason)
{
	if (sa->initiator)
		sa->peer_id = sa->tunnel->cfg.remote_id;
	explain_said(c, sa, text, reason);
	if (sa->initiator)
		ike_sa_kill(c, sa, reason);
	else
		respond_failed(c, sa);
}

void ike_auth_mixed(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	struct ike_payloads ps;

	sa->auth.mix_token = 0;
	if (!ev->u.mixed.ok) {
		no_secret(c, sa, ev->u.mixed.text, IKE_REASON_PPK_MISSING);
		return;
	}
	ike_ppk_take(sa, ev->u.mixed.keys);
	if (sa->initiator)
		ask_make(c, sa);
	else if (!held_payloads(sa, &ps) || !ask_check(c, sa, &ps))
		respond_failed(c, sa);
}

void ike_auth_made(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev)
{
	bool bare = sa->auth.bare_token == ev->token;

	*(bare ? &sa->auth.bare_token : &sa->auth.make_token) = 0;
	if (!ev->u.auth.ok) {
		no_secret(c, sa, ev->u.auth.text, IKE_REASON_NO_SECRET);
		return;
	}
	if (bare) {
		ike_blob_set(&sa->auth.bare, ev->u.auth.data, ev->u.auth.len);
		ready(c, sa);
		return;
	}
	ike_blob_set(&sa->auth.own, ev->u.auth.data, ev->u.auth.len);
	ike_blob_set(&sa->auth.own_certs, ev->u.auth.certs, ev->u.auth.certs_len);
	sa->auth.own_method = ev->u.auth.method;
	ready(c, sa);
}

void ike_auth_spi(struct ike_core *c, struct ike_sa *sa, uint32_t spi)
{
	struct ike_child **child = sa->initiator ? &sa->job.child : &sa->answer.child;

	*(sa->initiator ? &sa->job.token : &sa->answer.token) = 0;
	if (spi) {
		(*child)->spi_in = spi;
		ready(c, sa);
		return;
	}
	ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_KERNEL, false);
	if (sa->initiator) {
		ike_sa_kill(c, sa, IKE_REASON_KERNEL);
		return;
	}
	ike_child_free(*child);
	*child = NULL;
	sa->answer.error = IKE_NOTIFY_TEMPORARY_FAILURE;
	ready(c, sa);
}
