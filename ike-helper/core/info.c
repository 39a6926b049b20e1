// SPDX-License-Identifier: GPL-2.0
/* INFORMATIONAL: delete, liveness, address update (RFC 7296 section 1.4, RFC 4555). */
#include <string.h>

#include "state.h"

/* ---- initiator ---- */

static void put_delete(struct ike_builder *b, uint8_t protocol, const uint32_t *spis, size_t n)
{
	size_t start = ike_payload_begin(b, IKE_P_DELETE);
	size_t i;

	ike_put_u8(&b->w, protocol);
	ike_put_u8(&b->w, n ? sizeof(*spis) : 0);
	ike_put_u16(&b->w, n);
	for (i = 0; i < n; i++)
		ike_put_u32(&b->w, spis[i]);
	ike_payload_end(b, start);
}

void ike_info_delete_child(struct ike_core *c, struct ike_sa *sa, struct ike_child *child)
{
	struct ike_builder b = { 0 };

	child->want_delete = false;
	child->state = IKE_CHILD_DELETING;
	sa->job.type = IKE_JOB_DELETE_CHILD;
	sa->job.old = child->serial;
	put_delete(&b, IKE_PROTO_ESP, &child->spi_in, 1);
	ike_request_send(c, sa, IKE_EXCH_INFORMATIONAL, &b);
}

void ike_info_delete_ike(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_builder b = { 0 };

	sa->want_delete = false;
	sa->state = IKE_SA_DELETING;
	sa->delete_at = IKE_NEVER;
	sa->drop_at = c->now + IKE_DELETE_TIME;
	sa->job.type = IKE_JOB_DELETE_IKE;
	put_delete(&b, IKE_PROTO_IKE, NULL, 0);
	ike_request_send(c, sa, IKE_EXCH_INFORMATIONAL, &b);
}

void ike_info_probe(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_builder b = { 0 };

	sa->want_probe = false;
	sa->job.type = IKE_JOB_PROBE;
	ike_request_send(c, sa, IKE_EXCH_INFORMATIONAL, &b);
}

void ike_info_move(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_builder b = { 0 };

	sa->want_move = false;
	sa->job.type = IKE_JOB_MOVE;
	/* The other one can only let the initiator see where it is now (RFC 4555 section 3.6). */
	if (sa->leads) {
		ike_notify_put(&b, IKE_NOTIFY_UPDATE_SA_ADDRESSES, NULL, 0);
		ike_nat_put(c, sa, sa->spi_r, &b);
	} else {
		ike_notify_put(&b, IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES, NULL, 0);
	}
	ike_request_send(c, sa, IKE_EXCH_INFORMATIONAL, &b);
}

void ike_info_auth_failed(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_header h = { .exchange = IKE_EXCH_INFORMATIONAL, .id = sa->next_out };
	struct ike_blob flight = { 0 };
	struct ike_builder b = { 0 };

	ike_notify_put(&b, IKE_NOTIFY_AUTHENTICATION_FAILED, NULL, 0);
	if (ike_protect(c, sa, h, &b, &flight))
		ike_send_flight(c, sa, &sa->local, &sa->remote, &flight);
	ike_blob_free(&flight);
	ike_writer_free(&b.w);
}

static void child_deleted(struct ike_core *c, struct ike_sa *sa, uint32_t serial)
{
	struct ike_child *child = ike_child_by_serial(sa, serial);

	if (child)
		ike_child_remove(c, sa, child, true);
}

void ike_info_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
		       struct ike_payloads *ps)
{
	switch (job->type) {
	case IKE_JOB_DELETE_IKE:
		ike_sa_kill(c, sa, sa->reason);
		return;
	case IKE_JOB_DELETE_CHILD:
		child_deleted(c, sa, job->old);
		return;
	case IKE_JOB_MOVE:
		if (ike_nat_get(c, sa, sa->spi_r, ps))
			ike_sa_endpoint(c, sa);
		return;
	default:
		return;
	}
}

/* ---- responder ---- */

static bool get_delete(struct ike_chunk body, uint8_t *protocol, struct ike_reader *spis)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);
	uint8_t spi_len;
	uint16_t n;

	*protocol = ike_get_u8(&r);
	spi_len = ike_get_u8(&r);
	n = ike_get_u16(&r);
	*spis = r;
	if (r.bad || r.left != (size_t)spi_len * n)
		return false;
	return *protocol == IKE_PROTO_ESP ? spi_len == 4 : true;
}

/*
 * RFC 7296 section 1.4.1: the answer names our halves, but not those whose Delete of ours crosses
 * this one; of these the outbound half goes now and the inbound one with the answer.
 */
static bool delete_child(struct ike_core *c, struct ike_sa *sa, uint32_t spi, uint32_t *spi_in)
{
	const struct ike_tunnel *t = sa->tunnel;
	struct ike_sa *owner;
	struct ike_child *child = ike_child_by_spi(t, IKE_OUT, spi, &owner);
	bool ended;

	if (!child) {
		if (sa->job.type == IKE_JOB_CHILD)
			sa->job.gone = spi;
		return false;
	}
	if (child->state == IKE_CHILD_DELETING) {
		ike_child_stop_sending(c, t, child);
		return false;
	}
	*spi_in = child->spi_in;
	ended = child->state == IKE_CHILD_LIVE && !ike_child_sibling(t, child);
	if (ended) {
		owner->tunnel->reason = IKE_REASON_DELETED_BY_PEER;
		owner->child_at = c->now + ike_tunnel_retry_in(c, t);
	}
	ike_log(c, t, IKE_LOG_INFO, "the peer deleted Child SA in 0x%08x out 0x%08x",
		child->spi_in, child->spi_out);
	ike_child_remove(c, owner, child, true);
	if (ended)
		ike_tunnel_closed(owner->tunnel);
	return true;
}

static void delete_children(struct ike_core *c, struct ike_sa *sa, struct ike_reader spis,
			    struct ike_builder *b)
{
	uint32_t ours[IKE_MAX_PAYLOADS];
	size_t n = 0;

	while (spis.left && n < IKE_MAX_PAYLOADS)
		n += delete_child(c, sa, ike_get_u32(&spis), &ours[n]);
	if (n)
		put_delete(b, IKE_PROTO_ESP, ours, n);
}

static void update_addresses(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			     const struct ike_payloads *ps)
{
	sa->local = ev->u.datagram.local;
	sa->remote = ev->u.datagram.remote;
	ike_nat_get(c, sa, sa->spi_r, ps);
	ike_sa_endpoint(c, sa);
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "the peer has moved to another address");
}

/* The responder tells its addresses from another one: the SAs are to go there (section 3.5). */
static void responder_moved(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			    const struct ike_payloads *ps)
{
	struct ike_notify_view n;

	if (ike_endpoint_same(&sa->remote, &ev->u.datagram.remote) ||
	    (!ike_notify_find(ps, IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES, &n) &&
	     !ike_notify_find(ps, IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS, &n) &&
	     !ike_notify_find(ps, IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS, &n)))
		return;
	sa->local = ev->u.datagram.local;
	sa->remote = ev->u.datagram.remote;
	sa->want_move = true;
	ike_sa_endpoint(c, sa);
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "the peer has moved to another address");
}

static void answer_notifies(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			    const struct ike_payloads *ps, struct ike_builder *b)
{
	struct ike_notify_view n;

	if (sa->mobike && sa->leads)
		responder_moved(c, sa, ev, ps);
	else if (sa->mobike && ike_notify_find(ps, IKE_NOTIFY_UPDATE_SA_ADDRESSES, &n))
		update_addresses(c, sa, ev, ps);
	if (ike_notify_find(ps, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, &n))
		ike_nat_put(c, sa, sa->spi_r, b);
	if (ike_notify_find(ps, IKE_NOTIFY_COOKIE2, &n))
		ike_notify_put(b, IKE_NOTIFY_COOKIE2, n.data.data, n.data.len);
}

static void deleted_by_peer(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_sa *rival = ike_sa_by_serial(c, sa->job.rival);

	/* Our own rekey is forgotten (section 2.25.2); the peer's, if it crossed, goes on. */
	if (sa->state == IKE_SA_ESTABLISHED && sa->job.type == IKE_JOB_REKEY_IKE && rival)
		ike_sa_inherit(c, sa, rival);
	if (sa->state == IKE_SA_ESTABLISHED)
		ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "the peer deleted the IKE SA");
	ike_sa_finish(c, sa, IKE_REASON_DELETED_BY_PEER);
}

static void auth_refused(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_AUTH, IKE_REASON_AUTH_REFUSED, true);

	ike_contrast_id(a, IKE_ASPECT_OWN_ID, NULL, &sa->tunnel->cfg.local_id);
	ike_contrast_id(a, IKE_ASPECT_PEER_ID, &sa->peer_id, &sa->tunnel->cfg.remote_id);
}

void ike_info_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps,
		      const struct ike_event *ev)
{
	struct ike_builder b = { 0 };
	struct ike_notify_view n;
	struct ike_reader spis;
	bool ike_deleted = false;
	uint8_t protocol;
	size_t i;

	for (i = 0; i < ps->n; i++) {
		if (ps->p[i].type != IKE_P_DELETE || !get_delete(ps->p[i].body, &protocol, &spis))
			continue;
		if (protocol == IKE_PROTO_IKE)
			ike_deleted = true;
		else if (protocol == IKE_PROTO_ESP)
			delete_children(c, sa, spis, &b);
	}
	answer_notifies(c, sa, ev, ps, &b);
	ike_response_send(c, sa, IKE_EXCH_INFORMATIONAL, &b);
	if (ike_notify_find(ps, IKE_NOTIFY_AUTHENTICATION_FAILED, &n)) {
		auth_refused(c, sa);
		ike_sa_finish(c, sa, IKE_REASON_AUTH_REFUSED);
	} else if (ike_deleted) {
		deleted_by_peer(c, sa);
	}
}
