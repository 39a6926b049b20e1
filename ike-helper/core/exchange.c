// SPDX-License-Identifier: GPL-2.0
/*
 * One request at a time in each direction (RFC 7296 sections 2.1 to 2.4): message ids, repeats of
 * requests and responses, and the choice of what to ask next.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

/* What is asked next is not queued but read off the state, so that nothing can be asked twice. */
static const struct job_kind {
	enum ike_step step;
	const char *name;
	void (*response)(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			 struct ike_payloads *ps);
} jobs[IKE_N_JOBS] = {
	[IKE_JOB_SA_INIT] = { IKE_STEP_SA_INIT, "IKE_SA_INIT", NULL },
	[IKE_JOB_AUTH] = { IKE_STEP_AUTH, "IKE_AUTH", NULL },
	[IKE_JOB_CHILD] = { IKE_STEP_CREATE_CHILD, "CREATE_CHILD_SA", ike_create_child_response },
	[IKE_JOB_REKEY_IKE] = { IKE_STEP_REKEY_IKE, "IKE rekey", ike_rekey_ike_response },
	[IKE_JOB_DELETE_CHILD] = { IKE_STEP_INFORMATIONAL, "Delete of a Child SA",
				   ike_info_response },
	[IKE_JOB_DELETE_IKE] = { IKE_STEP_INFORMATIONAL, "Delete of the IKE SA", ike_info_response },
	[IKE_JOB_PROBE] = { IKE_STEP_INFORMATIONAL, "probe", ike_info_response },
	[IKE_JOB_MOVE] = { IKE_STEP_INFORMATIONAL, "address update", ike_info_response },
};

enum ike_step ike_job_step(const struct ike_job *job)
{
	if (job->type == IKE_JOB_CHILD && job->old)
		return IKE_STEP_REKEY_CHILD;
	return jobs[job->type].step;
}

/* ---- sending ---- */

static void send_datagram(struct ike_core *c, const struct ike_sa *sa, const struct ike_addr *local,
			  const struct ike_addr *remote, struct ike_chunk data)
{
	struct ike_action *a = ike_act(c, IKE_ACT_SEND, sa->tunnel ? sa->tunnel->cfg.tunnel : 0);

	a->u.send.local = *local;
	a->u.send.remote = *remote;
	a->u.send.natt = local->port == c->cfg.port_natt;
	a->u.send.dscp = sa->tunnel ? sa->tunnel->cfg.dscp : sa->dscp;
	a->u.send.data = ike_act_octets(a, data.data, data.len);
	a->u.send.len = data.len;
}

void ike_send_flight(struct ike_core *c, const struct ike_sa *sa, const struct ike_addr *local,
		     const struct ike_addr *remote, const struct ike_blob *flight)
{
	struct ike_reader r = ike_reader_init(flight->data, flight->len);
	struct ike_chunk data;

	while (r.left) {
		data.len = ike_get_u16(&r);
		data.data = ike_get(&r, data.len);
		if (!data.data)
			return;
		send_datagram(c, sa, local, remote, data);
	}
}

void ike_flight_plain(struct ike_blob *flight, const struct ike_writer *w)
{
	struct ike_writer out = { 0 };

	ike_put_u16(&out, w->len);
	ike_put(&out, w->data, w->len);
	ike_blob_take(flight, &out);
}

void ike_request_start(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_job *job = &sa->job;

	job->sent = true;
	job->tries = 1;
	sa->traffic = (struct ike_traffic){ .sent = 1 };
	job->first_sent = c->now;
	job->last_sent = c->now;
	job->interval = sa->tunnel->cfg.retransmit_ms;
	job->resend_at = c->now + ike_jitter(c, job->interval, 10);
	ike_send_flight(c, sa, &sa->local, &sa->remote, &job->flight);
}

void ike_request_send(struct ike_core *c, struct ike_sa *sa, uint8_t exchange,
		      struct ike_builder *b)
{
	struct ike_header h = { .exchange = exchange, .id = sa->next_out };
	bool ok = ike_protect(c, sa, h, b, &sa->job.flight);

	ike_writer_free(&b->w);
	if (ok)
		ike_request_start(c, sa);
	else
		ike_sa_kill(c, sa, IKE_REASON_CRYPTO);
}

void ike_response_send(struct ike_core *c, struct ike_sa *sa, uint8_t exchange,
		       struct ike_builder *b)
{
	struct ike_header h = { .exchange = exchange, .flags = IKE_FLAG_RESPONSE,
				.id = sa->next_in - 1 };

	sa->answer.active = false;
	sa->traffic.sent += !sa->job.sent;
	if (ike_protect(c, sa, h, b, &sa->cached))
		ike_send_flight(c, sa, &sa->answer.local, &sa->answer.remote, &sa->cached);
	else
		ike_sa_kill(c, sa, IKE_REASON_CRYPTO);
	ike_writer_free(&b->w);
}

void ike_response_error(struct ike_core *c, struct ike_sa *sa, uint8_t exchange, uint16_t type)
{
	struct ike_builder b = { 0 };

	ike_notify_put(&b, type, NULL, 0);
	ike_response_send(c, sa, exchange, &b);
}

/* ---- repeating ---- */

static uint32_t give_up_after(const struct ike_sa *sa)
{
	uint32_t give_up = sa->tunnel->cfg.give_up_ms;

	if (sa->state == IKE_SA_CONNECTING && give_up > IKE_CONNECT_TIME)
		return IKE_CONNECT_TIME;
	return give_up;
}

static uint64_t resend_due(const struct ike_core *c, const struct ike_sa *sa)
{
	const struct ike_job *job = &sa->job;
	uint32_t interval = job->resend_at - job->last_sent;

	if (sa->state != IKE_SA_ESTABLISHED)
		return job->resend_at;
	return job->last_sent + ike_liveness_interval(c, sa->tunnel, interval);
}

/* Repeated as often as is allowed, and time for an answer to the last one. */
static bool repeated_enough(const struct ike_core *c, const struct ike_sa *sa)
{
	uint32_t limit = sa->tunnel->cfg.retransmit_limit;

	return limit && sa->job.tries > limit && c->now >= resend_due(c, sa);
}

void ike_request_tick(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_job *job = &sa->job;

	if (!job->sent || sa->dead)
		return;
	if (c->now >= job->first_sent + give_up_after(sa) || repeated_enough(c, sa)) {
		ike_log(c, sa->tunnel, IKE_LOG_WARNING,
			"%s unanswered after %u transmissions in %llu s", jobs[job->type].name,
			job->tries, (unsigned long long)(c->now - job->first_sent) / 1000);
		ike_sa_lost(c, sa);
		return;
	}
	if (c->now < resend_due(c, sa))
		return;
	job->interval = job->interval * 9 / 5;
	if (job->interval > IKE_RESEND_MAX)
		job->interval = IKE_RESEND_MAX;
	job->last_sent = c->now;
	job->resend_at = c->now + ike_jitter(c, job->interval, 10);
	job->tries++;
	sa->traffic.sent++;
	ike_log(c, sa->tunnel, IKE_LOG_DEBUG, "%s: transmission %u", jobs[job->type].name,
		job->tries);
	ike_send_flight(c, sa, &sa->local, &sa->remote, &job->flight);
}

static uint64_t request_deadline(const struct ike_core *c, const struct ike_sa *sa)
{
	uint64_t give_up = sa->job.first_sent + give_up_after(sa);
	uint64_t due = resend_due(c, sa);

	return due < give_up ? due : give_up;
}

uint64_t ike_request_deadline(const struct ike_core *c, const struct ike_sa *sa)
{
	return sa->job.sent ? request_deadline(c, sa) : IKE_NEVER;
}

void ike_job_clear(struct ike_core *c, struct ike_sa *sa, struct ike_job *job)
{
	struct ike_sa *fresh = ike_sa_by_serial(c, job->fresh);

	ike_child_discard(c, sa->tunnel, &job->child);
	if (fresh && fresh->state == IKE_SA_NONE)
		fresh->dead = true;
	ike_blob_free(&job->flight);
	memset(job, 0, sizeof(*job));
}

/* ---- receiving ---- */

static void request_dispatch(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			     uint8_t exchange, struct ike_payloads *ps)
{
	struct ike_notify_view n;
	struct ike_offers offers;

	switch (exchange) {
	case IKE_EXCH_INFORMATIONAL:
		ike_info_request(c, sa, ps, ev);
		return;
	case IKE_EXCH_CREATE_CHILD_SA:
		if (!ike_sa_payload_get(ike_payload_body(ps, IKE_P_SA), &offers))
			break;
		if (!ike_notify_find(ps, IKE_NOTIFY_REKEY_SA, &n) && offers.n &&
		    offers.o[0].p.protocol == IKE_PROTO_IKE)
			ike_rekey_ike_request(c, sa, ps);
		else
			ike_create_child_request(c, sa, ps);
		return;
	}
	ike_response_error(c, sa, exchange, IKE_NOTIFY_INVALID_SYNTAX);
}

static void request_accepted(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			     const struct ike_header *h)
{
	sa->next_in = h->id + 1;
	/* Its window is one: it has our last response. */
	ike_child_confirmed(c, sa);
	ike_blob_free(&sa->cached);
	sa->answer.active = true;
	sa->answer.local = ev->u.datagram.local;
	sa->answer.remote = ev->u.datagram.remote;
	/*
	 * A peer behind a NAT may have a new address or port (RFC 7296 section 2.23), and one that
	 * goes on to port 4500 does so with IKE_AUTH; with MOBIKE it says so itself.
	 */
	if (sa->state != IKE_SA_CONNECTING && (sa->mobike || !sa->nat_remote))
		return;
	sa->local = ev->u.datagram.local;
	sa->remote = ev->u.datagram.remote;
	if (sa->state == IKE_SA_ESTABLISHED)
		ike_sa_endpoint(c, sa);
}

static bool exchange_fits(const struct ike_sa *sa, uint8_t exchange)
{
	if (sa->state == IKE_SA_CONNECTING)
		return exchange == IKE_EXCH_AUTH && !sa->initiator;
	/* One that failed in IKE_AUTH belongs to nobody and only repeats what it said. */
	return sa->tunnel &&
	       (exchange == IKE_EXCH_INFORMATIONAL || exchange == IKE_EXCH_CREATE_CHILD_SA);
}

static void critical_refused(struct ike_core *c, struct ike_sa *sa, uint8_t exchange, uint8_t type)
{
	struct ike_builder b = { 0 };

	ike_notify_put(&b, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, &type, 1);
	ike_response_send(c, sa, exchange, &b);
}

static void request_received(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			     const struct ike_header *h, struct ike_blob *inner, uint8_t first)
{
	struct ike_chunk chain = { inner->data, inner->len };
	struct ike_payloads ps;

	request_accepted(c, sa, ev, h);
	if (!ike_payloads_get(first, chain, &ps)) {
		/* Authentic and malformed: there is no hope (RFC 7296 section 2.21.3). */
		ike_response_error(c, sa, h->exchange, IKE_NOTIFY_INVALID_SYNTAX);
		ike_sa_kill(c, sa, IKE_REASON_INVALID_SYNTAX);
	} else if (ps.critical) {
		critical_refused(c, sa, h->exchange, ps.critical);
	} else if (h->exchange == IKE_EXCH_AUTH) {
		ike_auth_request(c, sa, &ps, inner, first);
	} else {
		request_dispatch(c, sa, ev, h->exchange, &ps);
	}
}

static void response_received(struct ike_core *c, struct ike_sa *sa, const struct ike_header *h,
			      struct ike_blob *inner, uint8_t first)
{
	struct ike_chunk chain = { inner->data, inner->len };
	struct ike_job job = sa->job;
	struct ike_payloads ps;

	memset(&sa->job, 0, sizeof(sa->job));
	sa->next_out++;
	if (!ike_payloads_get(first, chain, &ps)) {
		ike_explain_sa(c, sa, ike_job_step(&job), IKE_REASON_INVALID_SYNTAX, false);
		ike_sa_kill(c, sa, IKE_REASON_INVALID_SYNTAX);
	} else if (ps.critical) {
		ike_explain_sa(c, sa, ike_job_step(&job), IKE_REASON_CRITICAL_PAYLOAD, false);
		ike_sa_kill(c, sa, IKE_REASON_CRITICAL_PAYLOAD);
	} else if (h->exchange == IKE_EXCH_AUTH) {
		ike_auth_response(c, sa, &job, &ps, inner, first);
	} else {
		jobs[job.type].response(c, sa, &job, &ps);
	}
	ike_job_clear(c, sa, &job);
}

static uint8_t job_exchange(const struct ike_job *job)
{
	switch (job->type) {
	case IKE_JOB_SA_INIT:
		return IKE_EXCH_SA_INIT;
	case IKE_JOB_AUTH:
		return IKE_EXCH_AUTH;
	case IKE_JOB_CHILD:
	case IKE_JOB_REKEY_IKE:
		return IKE_EXCH_CREATE_CHILD_SA;
	default:
		return IKE_EXCH_INFORMATIONAL;
	}
}

static void repeat_response(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			    const struct ike_header *h, struct ike_chunk datagram)
{
	bool leading;

	if (sa->answer.active || !sa->cached.len || !ike_authentic(c, sa, h, datagram, &leading) ||
	    !leading)
		return;
	ike_send_flight(c, sa, &ev->u.datagram.local, &ev->u.datagram.remote, &sa->cached);
}

void ike_exchange_datagram(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			   const struct ike_header *h)
{
	struct ike_chunk datagram = { ev->u.datagram.data, ev->u.datagram.len };
	bool response = h->flags & IKE_FLAG_RESPONSE;
	struct ike_blob inner = { 0 };
	uint8_t first;

	sa->traffic.received++;
	if (response && (!sa->job.sent || h->id != sa->next_out ||
			 h->exchange != job_exchange(&sa->job))) {
		sa->traffic.unusable++;
		return;
	}
	if (response && h->exchange == IKE_EXCH_SA_INIT) {
		ike_sa_init_response(c, sa, datagram, h);
		return;
	}
	if (!response && sa->next_in && h->id == sa->next_in - 1) {
		repeat_response(c, sa, ev, h, datagram);
		return;
	}
	if (!response && (h->id != sa->next_in || sa->answer.active ||
			  !exchange_fits(sa, h->exchange))) {
		sa->traffic.unusable++;
		return;
	}
	switch (ike_unprotect(c, sa, h, datagram, &inner, &first)) {
	case IKE_OPEN_BAD:
		sa->traffic.unusable++;
		ike_log(c, sa->tunnel, IKE_LOG_DEBUG, "a message that is not authentic, ignored");
		break;
	case IKE_OPEN_PARTIAL:
		break;
	case IKE_OPEN_OK:
		/* Until IKE_AUTH is done nobody in particular has been heard. */
		if (sa->state != IKE_SA_CONNECTING)
			ike_heard(c, sa->tunnel);
		if (response)
			response_received(c, sa, h, &inner, first);
		else
			request_received(c, sa, ev, h, &inner, first);
	}
	ike_blob_free(&inner);
}

/* ---- what next ---- */

static bool work_on_children(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_child *child;

	for (child = sa->children; child; child = child->next) {
		if (!child->want_delete)
			continue;
		ike_info_delete_child(c, sa, child);
		return true;
	}
	for (child = sa->children; child; child = child->next) {
		if (!child->want_rekey || child->state != IKE_CHILD_LIVE || c->now < child->retry_at)
			continue;
		ike_create_child_start(c, sa, child->cfg, child);
		return true;
	}
	return false;
}

static bool work_on_missing(struct ike_core *c, struct ike_sa *sa)
{
	int cfg = c->now >= sa->child_at ? ike_child_missing(sa) : -1;

	if (cfg < 0)
		return false;
	ike_create_child_start(c, sa, cfg, NULL);
	return true;
}

void ike_exchange_work(struct ike_core *c, struct ike_sa *sa)
{
	if (sa->job.type || sa->dead || sa->answer.active)
		return;
	if (sa->want_delete) {
		ike_info_delete_ike(c, sa);
		return;
	}
	if (sa->state != IKE_SA_ESTABLISHED)
		return;
	if (sa->want_move) {
		ike_info_move(c, sa);
		return;
	}
	if (sa->want_rekey && c->now >= sa->rekey_at) {
		ike_rekey_ike_start(c, sa);
		return;
	}
	if (work_on_children(c, sa) || work_on_missing(c, sa))
		return;
	if (sa->want_probe)
		ike_info_probe(c, sa);
}
