// SPDX-License-Identifier: GPL-2.0
/*
 * IKE SAs that outlive the process: the state of a tunnel's IKE SAs as octets, and back.
 *
 * What is stored is past the authentication: one that is half open or in IKE_AUTH begins anew. Nor is
 * anything stored of what can be done once more: a request of ours that waits for an SPI is not yet
 * made, and one of the peer's that does has not yet come, for it will come again. Requests and responses
 * that were sent are stored as sent, since with the same message id nothing else may ever be said
 * (RFC 7296 section 2.1).
 *
 * The octets are read as those of an enemy would be. One function describes each structure for both
 * directions; while something is bad, reading gives zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

enum {
	MAGIC = 0x69707653,
	VERSION = 1,
	DIGEST_LEN = 32,
	MAX_STORED_SAS = 16,
	MAX_SERIALS = 200,
	SERIAL_GONE = 255,	/* of something that is not stored, since it is gone */
	IV_BLOCK = 1024,	/* IVs that a process may use before what is stored covers them */
	NONCE_MIN = 16,
	MAX_FLIGHT = 65535,
	MAX_INTERVAL = 3600000,
};

/**
 * struct kept - what is stored of a tunnel itself
 * @renewing: an IKE SA to take the place of the present one was being made
 * Everything else as in struct ike_tunnel.
 */
struct kept {
	bool wanted;
	bool hold;
	bool wants_groups;
	bool renewing;
	uint32_t generation;
	struct ike_addr seen;
	struct ike_assigned assigned;
};

/**
 * struct pass - one pass over the state, writing or reading
 * @c: core
 * @t: tunnel
 * @reading: which of the two
 * @w: writing: result
 * @r: reading: what is left; in both directions @r.bad tells that it cannot be done. Writing changes
 *	nothing of the state even then
 * @why: reading: what is wrong
 * @then: when it was written
 * @late: milliseconds since then
 * @tunnel: what belongs to the tunnel
 * @end: reading: behind the IKE SA read last
 * @base: reading: serials are counted from here
 * @n_serials: writing: used in @serials
 * @serials: writing: of everything stored, ascending, so that younger stays younger
 */
struct pass {
	struct ike_core *c;
	struct ike_tunnel *t;
	bool reading;
	struct ike_writer w;
	struct ike_reader r;
	const char *why;
	uint64_t then;
	uint64_t late;
	struct kept tunnel;
	struct ike_sa **end;
	uint32_t base;
	size_t n_serials;
	uint32_t serials[MAX_SERIALS];
};

/* ---- values ---- */

static void demand(struct pass *p, bool ok)
{
	p->r.bad |= !ok;
}

static uint64_t number(struct pass *p, uint64_t v, unsigned int octets, uint64_t max)
{
	uint8_t buf[8];
	const uint8_t *at;

	ike_store_u64(buf, v);
	if (!p->reading) {
		ike_put(&p->w, buf + 8 - octets, octets);
	} else {
		at = ike_get(&p->r, octets);
		for (v = 0; at && octets; octets--)
			v = v << 8 | *at++;
	}
	demand(p, v <= max);
	return p->reading && p->r.bad ? 0 : v;
}

static void u32(struct pass *p, uint32_t *v)
{
	*v = number(p, *v, 4, UINT32_MAX);
}

static void u64(struct pass *p, uint64_t *v)
{
	*v = number(p, *v, 8, UINT64_MAX);
}

static void past(struct pass *p, uint64_t *at)
{
	*at = number(p, *at, 8, p->then);
}

static void flags(struct pass *p, bool *const *flag, size_t n)
{
	uint16_t bits = 0;
	size_t i;

	for (i = 0; i < n; i++)
		bits |= *flag[i] << i;
	bits = number(p, bits, 2, (1U << n) - 1);
	for (i = 0; i < n; i++)
		*flag[i] = bits >> i & 1;
}

static void octets(struct pass *p, void *data, size_t len)
{
	const uint8_t *at;

	if (!p->reading) {
		ike_put(&p->w, data, len);
		return;
	}
	at = ike_get(&p->r, len);
	if (at && len)
		memcpy(data, at, len);
}

/* What has a coding on the wire is stored in that. */
static struct ike_chunk wired(struct pass *p, struct ike_writer *w)
{
	struct ike_chunk chunk = { NULL, number(p, w->len, 2, UINT16_MAX) };

	if (p->reading)
		chunk.data = ike_get(&p->r, chunk.len);
	else
		ike_put(&p->w, w->data, w->len);
	ike_writer_free(w);
	return chunk;
}

static void identity(struct pass *p, struct ike_id *id)
{
	struct ike_writer w = { 0 };
	struct ike_chunk chunk;

	if (!p->reading)
		ike_id_put(&w, id);
	chunk = wired(p, &w);
	if (p->reading)
		demand(p, chunk.data && ike_id_get(chunk, id));
}

static void selectors(struct pass *p, struct ike_ts *ts, uint8_t *n)
{
	struct ike_writer w = { 0 };
	struct ike_chunk chunk;

	if (!p->reading && *n)
		ike_ts_put(&w, ts, *n);
	chunk = wired(p, &w);
	if (p->reading && chunk.len)
		demand(p, chunk.data && ike_ts_get(chunk, ts, n));
}

static void address(struct pass *p, struct ike_addr *a)
{
	a->family = number(p, a->family, 1, 6);
	demand(p, !a->family || ike_addr_size(a));
	a->port = number(p, a->port, 2, UINT16_MAX);
	octets(p, a->ip, ike_addr_size(a));
}

static void assigned(struct pass *p, struct ike_assigned *a)
{
	size_t i;

	a->n_addrs = number(p, a->n_addrs, 1, IKE_MAX_VIPS);
	for (i = 0; i < a->n_addrs; i++)
		address(p, &a->addr[i]);
	a->n_dns = number(p, a->n_dns, 1, IKE_MAX_DNS);
	for (i = 0; i < a->n_dns; i++)
		address(p, &a->dns[i]);
	selectors(p, a->subnet, &a->n_subnets);
}

static bool known(const struct ike_transform *t)
{
	return ike_alg_find(t->type, t->id, t->key_bits) ||
	       (t->type == IKE_TRANSFORM_INTEG && t->id == IKE_INTEG_NONE);
}

static void proposal(struct pass *p, struct ike_proposal *chosen)
{
	struct ike_transform *t;

	chosen->protocol = number(p, chosen->protocol, 1, IKE_PROTO_ESP);
	chosen->n = number(p, chosen->n, 1, IKE_MAX_TRANSFORMS);
	for (t = chosen->t; t < chosen->t + chosen->n; t++) {
		t->type = number(p, t->type, 1, IKE_TRANSFORM_ESN);
		t->id = number(p, t->id, 2, UINT16_MAX);
		t->key_bits = number(p, t->key_bits, 2, UINT16_MAX);
		demand(p, known(t));
	}
}

static void nonce(struct pass *p, struct ike_nonce *n)
{
	n->len = number(p, n->len, 2, IKE_MAX_NONCE);
	demand(p, !n->len || n->len >= NONCE_MIN);
	octets(p, n->data, n->len);
}

/* Our half, of an exchange that waits for the peer's. */
static void key_exchange(struct pass *p, struct ike_ke *ke)
{
	ke->group = number(p, ke->group, 2, UINT16_MAX);
	ke->priv_len = number(p, ke->priv_len, 2, IKE_MAX_KE_PRIV);
	octets(p, ke->priv, ke->priv_len);
	ke->pub_len = number(p, ke->pub_len, 2, IKE_MAX_KE_PUB);
	octets(p, ke->pub, ke->pub_len);
}

/* ---- serials ---- */

static void collect(struct pass *p, uint32_t serial)
{
	size_t i = p->n_serials;

	if (i == MAX_SERIALS) {
		demand(p, false);
		return;
	}
	for (; i && p->serials[i - 1] > serial; i--)
		p->serials[i] = p->serials[i - 1];
	p->serials[i] = serial;
	p->n_serials++;
}

static uint32_t rank(const struct pass *p, uint32_t serial)
{
	size_t i;

	for (i = 0; serial && i < p->n_serials; i++)
		if (p->serials[i] == serial)
			return i + 1;
	return serial ? SERIAL_GONE : 0;
}

static void reference(struct pass *p, uint32_t *serial)
{
	uint32_t v = number(p, p->reading ? 0 : rank(p, *serial), 1, SERIAL_GONE);

	if (p->reading)
		*serial = v ? p->base + v : 0;
}

static void name(struct pass *p, uint32_t *serial)
{
	reference(p, serial);
	demand(p, *serial && (!p->reading || *serial < p->base + SERIAL_GONE));
}

/* ---- Child SAs ---- */

static void one_child(struct pass *p, struct ike_child *child)
{
	bool *const bits[] = { &child->initiator, &child->inbound, &child->outbound,
			       &child->want_rekey, &child->want_delete };

	name(p, &child->serial);
	child->cfg = number(p, child->cfg, 1, IKE_MAX_CHILDREN);
	child->state = number(p, child->state, 1, IKE_CHILD_DELETING);
	flags(p, bits, sizeof(bits) / sizeof(bits[0]));
	u32(p, &child->spi_in);
	u32(p, &child->spi_out);
	demand(p, child->spi_in > 255 && (!child->outbound || child->spi_out > 255));
	proposal(p, &child->proposal);
	selectors(p, child->local, &child->n_local);
	selectors(p, child->remote, &child->n_remote);
	nonce(p, &child->ni);
	nonce(p, &child->nr);
	reference(p, &child->old);
	past(p, &child->since);
	u64(p, &child->activate_at);
	u64(p, &child->retry_at);
	u64(p, &child->delete_at);
}

static void children(struct pass *p, struct ike_sa *sa)
{
	struct ike_child **at = &sa->children;
	struct ike_child *child;
	uint8_t n = 0;

	for (child = sa->children; child; child = child->next)
		n++;
	for (n = number(p, n, 1, IKE_MAX_CHILD_SAS); n; n--) {
		if (p->reading)
			*at = ike_alloc(sizeof(**at));
		one_child(p, *at);
		demand(p, (*at)->state != IKE_CHILD_LARVAL);
		at = &(*at)->next;
	}
}

static void larva(struct pass *p, struct ike_job *job)
{
	if (p->reading)
		job->child = ike_alloc(sizeof(*job->child));
	one_child(p, job->child);
	demand(p, job->child->state == IKE_CHILD_LARVAL && !job->child->inbound &&
	       !job->child->outbound);
	job->child->ke_retries = number(p, job->child->ke_retries, 1, UINT8_MAX);
	key_exchange(p, &job->child->ke);
}

/* ---- IKE SAs ---- */

/* Datagrams as sent: all of this IKE SA, and of one message. */
static void flight(struct pass *p, const struct ike_sa *sa, struct ike_blob *b, uint8_t response,
		   uint32_t id)
{
	size_t len = number(p, b->len, 4, MAX_FLIGHT);
	const uint8_t *data = p->reading ? ike_get(&p->r, len) : NULL;
	struct ike_reader r;
	struct ike_chunk one;
	struct ike_header h;

	if (data)
		ike_blob_set(b, data, len);
	else if (!p->reading)
		ike_put(&p->w, b->data, b->len);
	r = ike_reader_init(b->data, b->len);
	while (r.left && !p->r.bad) {
		one.len = ike_get_u16(&r);
		one.data = ike_get(&r, one.len);
		demand(p, one.data && ike_header_get(one.data, one.len, &h) && h.id == id &&
		       h.spi_i == sa->spi_i && h.spi_r == sa->spi_r &&
		       (h.flags & IKE_FLAG_RESPONSE) == response);
	}
}

/* The peer gets as much time to answer as if we had been there; it is asked at once. */
static void resume_timing(const struct pass *p, struct ike_job *job)
{
	job->sent = true;
	job->first_sent += p->late;
	job->last_sent += p->late;
	job->resend_at = p->c->now;
}

static void request(struct pass *p, struct ike_sa *sa)
{
	struct ike_job *job = &sa->job;
	enum ike_job_type type;

	type = number(p, job->sent ? job->type : IKE_JOB_NONE, 1, IKE_N_JOBS - 1);
	if (type == IKE_JOB_NONE)
		return;
	demand(p, type >= IKE_JOB_CHILD);
	job->type = type;
	flight(p, sa, &job->flight, 0, sa->next_out);
	demand(p, job->flight.len);
	past(p, &job->first_sent);
	past(p, &job->last_sent);
	job->interval = number(p, job->interval, 4, MAX_INTERVAL);
	job->tries = number(p, job->tries, 4, UINT32_MAX);
	reference(p, &job->old);
	reference(p, &job->fresh);
	reference(p, &job->rival);
	nonce(p, &job->rival_ni);
	nonce(p, &job->rival_nr);
	u32(p, &job->gone);
	if (type == IKE_JOB_CHILD)
		larva(p, job);
	if (p->reading)
		resume_timing(p, job);
}

static void key(struct pass *p, uint8_t *octets_of, const struct ike_alg *alg)
{
	if (alg)
		octets(p, octets_of, alg->key_len);
}

static bool usable(const struct ike_crypto *crypto, const struct ike_alg *alg)
{
	return alg && crypto->supports(crypto->ctx, alg->type, alg->id, alg->key_bits);
}

/* SK_pi and SK_pr have served their purpose with IKE_AUTH. */
static void keys(struct pass *p, struct ike_sa *sa)
{
	const struct ike_alg *encr = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_ENCR);
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	const struct ike_alg *integ = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_INTEG);
	const struct ike_crypto *crypto = p->c->cfg.crypto;

	demand(p, sa->proposal.protocol == IKE_PROTO_IKE && usable(crypto, encr) && encr->ike &&
	       usable(crypto, prf) && (encr->aead ? !integ : usable(crypto, integ)) &&
	       ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_KE));
	if (p->r.bad)
		return;
	key(p, sa->keys.d, prf);
	key(p, sa->keys.ai, integ);
	key(p, sa->keys.ar, integ);
	key(p, sa->keys.ei, encr);
	key(p, sa->keys.er, encr);
}

/* One that a rekey is about to make has no keys yet, and may have only our SPI. */
static void sound(struct pass *p, const struct ike_sa *sa)
{
	bool making = sa->state == IKE_SA_NONE;

	demand(p, sa->state != IKE_SA_CONNECTING && sa->spi_i && (sa->spi_r || making));
	demand(p, !making || (sa->initiator && !sa->want_delete));
}

static void windows(struct pass *p, struct ike_sa *sa)
{
	uint32_t next_in = sa->next_in - sa->answer.active;
	uint64_t iv = sa->iv + IV_BLOCK;

	u64(p, &iv);
	u32(p, &sa->next_out);
	u32(p, &next_in);
	if (p->reading) {
		sa->iv = iv;
		sa->next_in = next_in;
	}
	flight(p, sa, &sa->cached, IKE_FLAG_RESPONSE, next_in - 1);
	request(p, sa);
}

static void timers(struct pass *p, struct ike_sa *sa)
{
	past(p, &sa->created);
	past(p, &sa->since);
	u64(p, &sa->rekey_at);
	u64(p, &sa->delete_at);
	u64(p, &sa->child_at);
	u64(p, &sa->drop_at);
}

static void one_sa(struct pass *p, struct ike_sa *sa)
{
	const struct ike_core_config *cfg = &p->c->cfg;
	bool *const bits[] = { &sa->initiator, &sa->nat_local, &sa->nat_remote, &sa->force_encap,
			       &sa->frag, &sa->mobike, &sa->childless, &sa->want_rekey,
			       &sa->want_delete, &sa->want_move, &sa->leads, &sa->ppk };

	name(p, &sa->serial);
	sa->state = number(p, sa->state, 1, IKE_N_SA_STATES - 1);
	sa->reason = number(p, sa->reason, 1, IKE_N_REASONS - 1);
	flags(p, bits, sizeof(bits) / sizeof(bits[0]));
	u64(p, &sa->spi_i);
	u64(p, &sa->spi_r);
	sound(p, sa);
	address(p, &sa->local);
	address(p, &sa->remote);
	demand(p, sa->local.family && sa->local.family == sa->remote.family);
	demand(p, sa->local.port == cfg->port_ike || sa->local.port == cfg->port_natt);
	identity(p, &sa->peer_id);
	assigned(p, &sa->lease);
	nonce(p, &sa->ni);
	nonce(p, &sa->nr);
	if (sa->state == IKE_SA_NONE) {
		key_exchange(p, &sa->ke);
		sa->init_retries = number(p, sa->init_retries, 1, UINT8_MAX);
	} else {
		proposal(p, &sa->proposal);
		keys(p, sa);
		windows(p, sa);
	}
	timers(p, sa);
	children(p, sa);
	demand(p, !sa->children || sa->state == IKE_SA_ESTABLISHED);
}

/* ---- all of it ---- */

/*
 * What an IKE SA depends on and cannot outlive a change of. A change while it lives has another made
 * before it goes.
 */
static bool config_digest(const struct pass *p, uint8_t out[DIGEST_LEN])
{
	static const char label[] = "ipvti tunnel";
	struct ike_chunk key = { (const uint8_t *)label, sizeof(label) };
	const struct ike_crypto *crypto = p->c->cfg.crypto;
	struct ike_peer_config *cfg = &p->t->cfg;
	struct pass own = { .c = p->c };
	struct ike_chunk part;
	size_t i;
	bool ok;

	octets(&own, cfg->tag, sizeof(cfg->tag));
	identity(&own, &cfg->local_id);
	identity(&own, &cfg->remote_id);
	number(&own, cfg->auth, 1, UINT8_MAX);
	number(&own, cfg->encap, 1, UINT8_MAX);
	number(&own, cfg->pool, 1, UINT8_MAX);
	address(&own, &cfg->local);
	number(&own, cfg->n_remote, 1, UINT8_MAX);
	for (i = 0; i < cfg->n_remote; i++)
		address(&own, &cfg->remote[i]);
	number(&own, cfg->n_vips, 1, UINT8_MAX);
	for (i = 0; i < cfg->n_vips; i++)
		address(&own, &cfg->vip[i]);
	number(&own, cfg->n_children, 1, UINT8_MAX);
	for (i = 0; i < cfg->n_children; i++) {
		selectors(&own, cfg->children[i].local, &cfg->children[i].n_local);
		selectors(&own, cfg->children[i].remote, &cfg->children[i].n_remote);
	}
	/* Only then, so that others resume from what a daemon stored that knew no PPK. */
	if (cfg->ppk_id_len) {
		octets(&own, cfg->ppk_id, cfg->ppk_id_len);
		number(&own, cfg->ppk_required, 1, UINT8_MAX);
	}
	part = (struct ike_chunk){ own.w.data, own.w.len };
	ok = crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, key, &part, 1, out);
	ike_writer_free(&own.w);
	return ok;
}

static void blame(struct pass *p, const char *why)
{
	if (p->r.bad && !p->why)
		p->why = why;
}

static void head(struct pass *p)
{
	uint8_t stored[DIGEST_LEN] = { 0 };
	uint8_t own[DIGEST_LEN];

	demand(p, number(p, MAGIC, 4, UINT32_MAX) == MAGIC);
	demand(p, number(p, VERSION, 1, UINT8_MAX) == VERSION);
	blame(p, "it was written by another version");
	p->then = number(p, p->c->now, 8, p->c->now);
	p->late = p->c->now - p->then;
	demand(p, config_digest(p, own));
	memcpy(stored, own, sizeof(stored));
	octets(p, stored, sizeof(stored));
	demand(p, ike_same(stored, own, sizeof(own)));
	blame(p, "the tunnel has another configuration now");
}

static void kept(struct pass *p)
{
	struct kept *k = &p->tunnel;
	bool *const bits[] = { &k->wanted, &k->hold, &k->wants_groups, &k->renewing };

	flags(p, bits, sizeof(bits) / sizeof(bits[0]));
	u32(p, &k->generation);
	address(p, &k->seen);
	assigned(p, &k->assigned);
}

static bool stored(const struct ike_tunnel *t, const struct ike_sa *sa)
{
	return sa->tunnel == t && !sa->dead && sa->state != IKE_SA_CONNECTING;
}

/* ---- writing ---- */

static uint8_t collect_all(struct pass *p)
{
	const struct ike_child *child;
	const struct ike_sa *sa;
	uint8_t n = 0;

	for (sa = p->c->sas; sa; sa = sa->next) {
		if (!stored(p->t, sa))
			continue;
		n++;
		collect(p, sa->serial);
		for (child = sa->children; child; child = child->next)
			collect(p, child->serial);
		if (sa->job.sent && sa->job.child)
			collect(p, sa->job.child->serial);
	}
	return n;
}

static void write_all(struct pass *p)
{
	const struct ike_tunnel *t = p->t;
	struct ike_sa *sa;

	p->tunnel = (struct kept){
		.wanted = t->wanted, .hold = t->hold, .wants_groups = t->wants_groups,
		.renewing = ike_tunnel_renewing(t), .generation = t->generation,
		.seen = t->seen, .assigned = t->assigned,
	};
	head(p);
	kept(p);
	number(p, collect_all(p), 1, MAX_STORED_SAS);
	for (sa = p->c->sas; sa; sa = sa->next)
		if (stored(t, sa))
			one_sa(p, sa);
}

static bool worth_storing(const struct ike_tunnel *t)
{
	const struct ike_sa *sa = t->down || t->gone ? NULL : ike_sa_of(t);

	return sa && sa->state == IKE_SA_ESTABLISHED;
}

static void store(struct ike_core *c, struct ike_tunnel *t)
{
	struct pass p = { .c = c, .t = t };
	struct ike_action *a;

	if (worth_storing(t))
		write_all(&p);
	if (p.r.bad || p.w.len > IKE_MAX_STATE) {
		ike_log(c, t, IKE_LOG_DEBUG, "the IKE SA is too large to be stored");
		ike_writer_free(&p.w);
	}
	if (p.w.len || t->stored) {
		a = ike_act(c, IKE_ACT_STORE, t->cfg.tunnel);
		a->u.store.data = ike_act_octets(a, p.w.data, p.w.len);
		a->u.store.len = p.w.len;
	}
	t->stored = p.w.len;
	ike_writer_free(&p.w);
}

void ike_resume_store(struct ike_core *c)
{
	struct ike_actions *acts = c->acts;
	struct ike_actions first = { 0 };
	struct ike_tunnel *t;

	c->acts = &first;
	for (t = c->tunnels; t; t = t->next) {
		if (t->touched)
			store(c, t);
		t->touched = false;
	}
	c->acts = acts;
	if (!first.head)
		return;
	first.tail->next = acts->head;
	acts->head = first.head;
	acts->tail = acts->tail ? acts->tail : first.tail;
}

/* ---- reading ---- */

/* Until all is well the IKE SAs count as dead: nobody sees them, and the step's end frees them. */
static void read_all(struct pass *p)
{
	struct ike_sa *sa;
	uint8_t n;

	head(p);
	kept(p);
	p->base = p->c->serial;
	p->c->serial += SERIAL_GONE;
	p->end = &p->c->sas;
	for (n = number(p, 0, 1, MAX_STORED_SAS); n; n--) {
		sa = ike_alloc(sizeof(*sa));
		ike_sa_belong(sa, p->t);
		sa->dead = true;
		sa->next = *p->end;
		*p->end = sa;
		p->end = &sa->next;
		one_sa(p, sa);
		demand(p, ike_id_match(&p->t->cfg.remote_id, &sa->peer_id));
	}
	demand(p, !p->r.left);
}

static bool is_made(const struct pass *p, uint32_t fresh)
{
	const struct ike_sa *sa;

	for (sa = p->c->sas; sa; sa = sa->next)
		if (sa->tunnel == p->t && sa->job.fresh == fresh)
			return true;
	return false;
}

/* There is one to go on with, and what a rekey is making has one that makes it. */
static bool complete(const struct pass *p)
{
	const struct ike_sa *sa;
	bool any = false;

	for (sa = p->c->sas; sa; sa = sa->next) {
		if (sa->tunnel != p->t)
			continue;
		any |= sa->state == IKE_SA_ESTABLISHED;
		if (sa->state == IKE_SA_NONE && !is_made(p, sa->serial))
			return false;
	}
	return any;
}

static bool in_kernel(const struct pass *p)
{
	const struct ike_child *child;
	const struct ike_sa *sa;

	for (sa = p->c->sas; sa; sa = sa->next)
		for (child = sa->tunnel == p->t ? sa->children : NULL; child; child = child->next)
			if ((child->inbound && !ike_tunnel_has(p->t, IKE_IN, child->spi_in)) ||
			    (child->outbound && !ike_tunnel_has(p->t, IKE_OUT, child->spi_out)))
				return false;
	return true;
}

/* Which of several Child SAs sends is the kernel's to know, unless it is for us to say. */
static void choose_outbound(struct ike_core *c, const struct ike_sa *sa,
			    const struct ike_child *child)
{
	const struct ike_child *other = ike_child_sibling(sa->tunnel, child);

	if (child->state == IKE_CHILD_LIVE && child->outbound && child->activate_at == IKE_NEVER &&
	    (!other || other->serial < child->serial))
		ike_act_sa(c, IKE_ACT_ACTIVATE, sa->tunnel->cfg.tunnel, IKE_OUT, child->spi_out);
}

static void wake(struct ike_core *c, struct ike_sa *sa)
{
	const struct ike_child *child;

	sa->dead = false;
	sa->resumed = sa->state == IKE_SA_ESTABLISHED;
	sa->want_probe = sa->resumed && !sa->job.type;
	for (child = sa->children; child; child = child->next) {
		if (child->inbound)
			ike_tunnel_take(sa->tunnel, IKE_IN, child->spi_in);
		if (child->outbound)
			ike_tunnel_take(sa->tunnel, IKE_OUT, child->spi_out);
	}
	if (!sa->resumed)
		return;
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "IKE SA resumed: %016llx_i %016llx_r",
		(unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r);
}

static void wake_children(struct ike_core *c, struct ike_sa *sa)
{
	const struct ike_child *child;

	for (child = sa->children; child; child = child->next) {
		choose_outbound(c, sa, child);
		ike_tunnel_orphans_due(c, sa->tunnel, child->cfg, c->now + IKE_ORPHAN_TIME);
	}
}

static void accept(struct pass *p)
{
	struct ike_tunnel *t = p->t;
	struct ike_core *c = p->c;
	struct ike_sa *sa;

	/* Whoever was asked for an address on the way here is not needed. */
	t->resolve_token = 0;
	t->wanted |= p->tunnel.wanted;
	t->hold = p->tunnel.hold;
	t->wants_groups = p->tunnel.wants_groups;
	t->generation = p->tunnel.generation;
	t->seen = p->tunnel.seen;
	t->assigned = p->tunnel.assigned;
	t->heard_ike = c->now;
	ike_act(c, IKE_ACT_RESUMED, t->cfg.tunnel);
	if (t->cfg.n_vips && t->assigned.n_addrs)
		ike_act(c, IKE_ACT_ASSIGNED, t->cfg.tunnel)->u.assigned = t->assigned;
	for (sa = c->sas; sa; sa = sa->next)
		if (sa->tunnel == t)
			wake(c, sa);
	ike_tunnel_settle_orphans(c, t);
	ike_sa_endpoint(c, ike_sa_of(t));
	for (sa = c->sas; sa; sa = sa->next)
		if (sa->tunnel == t)
			wake_children(c, sa);
	if (p->tunnel.renewing)
		ike_tunnel_connect(c, t);
}

static bool has_any(const struct ike_core *c, const struct ike_tunnel *t)
{
	const struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next)
		if (sa->tunnel == t)
			return true;
	return false;
}

void ike_resume(struct ike_core *c, struct ike_tunnel *t, struct ike_chunk data)
{
	struct pass p = { .c = c, .t = t, .reading = true };

	/* Whatever comes of it, it has been used up. */
	t->stored = true;
	t->touched = true;
	if (has_any(c, t))
		return;
	p.r = ike_reader_init(data.data, data.len);
	read_all(&p);
	demand(&p, complete(&p));
	blame(&p, "it is damaged");
	/* Whatever of it is left, it was to be up. */
	if (!p.why && p.tunnel.wanted && !t->down) {
		t->wanted = true;
		t->retry_at = c->now;
	}
	demand(&p, in_kernel(&p));
	blame(&p, "its SAs are not those in the kernel");
	if (p.why)
		ike_log(c, t, IKE_LOG_NOTICE, "the IKE SA of an earlier run is not resumed: %s",
			p.why);
	else
		accept(&p);
}
