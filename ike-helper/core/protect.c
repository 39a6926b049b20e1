// SPDX-License-Identifier: GPL-2.0
/*
 * The Encrypted payload (RFC 7296 section 3.14, RFC 5282) and its fragments (RFC 7383).
 *
 * header | SK header [number, total] | IV | ciphertext with padding and its length | ICV
 */
#include <string.h>

#include "state.h"

enum {
	UDP_IPV4 = 20 + 8 + 4,		/* IP, UDP, non-ESP marker */
	UDP_IPV6 = 40 + 8 + 4,
	DEFAULT_PACKET = 1280,
	MAX_MESSAGE = 65535 - UDP_IPV6,
};

/* What one direction of an IKE SA encrypts with. */
struct suite {
	const struct ike_alg *encr;
	const struct ike_alg *integ;
	const uint8_t *key;
	const uint8_t *integ_key;
	size_t icv_len;
};

static struct suite suite_of(const struct ike_sa *sa, bool by_initiator)
{
	struct suite s = {
		.encr = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_ENCR),
		.integ = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_INTEG),
		.key = by_initiator ? sa->keys.ei : sa->keys.er,
		.integ_key = by_initiator ? sa->keys.ai : sa->keys.ar,
	};

	s.icv_len = s.encr->aead ? s.encr->icv_len : s.integ->icv_len;
	return s;
}

static struct ike_cipher_job cipher_job(const struct suite *s, uint8_t *message, size_t start,
					size_t len)
{
	uint8_t *iv = message + start;

	return (struct ike_cipher_job){
		.encr = s->encr->id,
		.key = s->key,
		.key_len = s->encr->key_len,
		.iv = iv,
		.aad = message,
		.aad_len = start,
		.data = iv + s->encr->iv_len,
		.len = len - start - s->encr->iv_len - s->icv_len,
		.icv = message + len - s->icv_len,
	};
}

static bool integrity(struct ike_core *c, const struct suite *s, const uint8_t *message, size_t len,
		uint8_t *out)
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	struct ike_chunk part = { message, len - s->icv_len };

	return crypto->mac(crypto->ctx, IKE_TRANSFORM_INTEG, s->integ->id,
			   (struct ike_chunk){ s->integ_key, s->integ->key_len }, &part, 1, out);
}

/* ---- out ---- */

static void put_iv(struct ike_core *c, struct ike_sa *sa, const struct suite *s,
		   struct ike_writer *w)
{
	uint8_t iv[IKE_MAX_IV];

	/* AEADs need an IV that never repeats, CBC one that cannot be guessed. */
	if (s->encr->aead)
		ike_store_u64(iv, sa->iv++);
	else
		ike_random(c, iv, s->encr->iv_len);
	ike_put(w, iv, s->encr->iv_len);
}

static size_t padding(const struct suite *s, size_t len)
{
	return (s->encr->block - (len + 1) % s->encr->block) % s->encr->block;
}

static bool seal(struct ike_core *c, const struct suite *s, struct ike_writer *w, size_t start)
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	struct ike_cipher_job job = cipher_job(s, w->data, start, w->len);
	uint8_t out[IKE_MAX_PRF];

	if (!crypto->seal(crypto->ctx, &job))
		return false;
	if (s->encr->aead)
		return true;
	if (!integrity(c, s, w->data, w->len, out))
		return false;
	memcpy(job.icv, out, s->icv_len);
	return true;
}

/* One datagram; @number 0 for a message that is not fragmented. */
static bool put_datagram(struct ike_core *c, struct ike_sa *sa, struct ike_header h, uint8_t first,
			 struct ike_chunk part, uint16_t number, uint16_t total,
			 struct ike_writer *flight)
{
	struct suite s = suite_of(sa, sa->initiator);
	size_t pad = padding(&s, part.len);
	struct ike_writer w = { 0 };
	size_t start;
	bool ok;

	h.next = number ? IKE_P_SKF : IKE_P_SK;
	ike_header_put(&w, &h);
	ike_put_u8(&w, number > 1 ? IKE_P_NONE : first);
	ike_put_u8(&w, 0);
	ike_put_u16(&w, (number ? IKE_SKF_HEADER_LEN : IKE_PAYLOAD_HEADER_LEN) + s.encr->iv_len +
		    part.len + pad + 1 + s.icv_len);
	if (number) {
		ike_put_u16(&w, number);
		ike_put_u16(&w, total);
	}
	start = w.len;
	put_iv(c, sa, &s, &w);
	ike_put(&w, part.data, part.len);
	ike_put(&w, NULL, pad);
	ike_put_u8(&w, pad);
	ike_put(&w, NULL, s.icv_len);
	ike_header_finish(&w);
	ok = seal(c, &s, &w, start);
	ike_put_u16(flight, w.len);
	ike_put(flight, w.data, w.len);
	ike_writer_free(&w);
	return ok;
}

/* Octets of the chain that fit into one datagram of the configured size. */
static size_t room(const struct ike_sa *sa, bool fragment)
{
	struct suite s = suite_of(sa, sa->initiator);
	size_t packet = DEFAULT_PACKET;
	size_t len;

	if (sa->tunnel && sa->tunnel->cfg.fragment_size >= 576)
		packet = sa->tunnel->cfg.fragment_size;
	len = packet - (sa->remote.family == 4 ? UDP_IPV4 : UDP_IPV6) - IKE_HEADER_LEN -
	      (fragment ? IKE_SKF_HEADER_LEN : IKE_PAYLOAD_HEADER_LEN) - s.encr->iv_len - s.icv_len;
	return len / s.encr->block * s.encr->block - 1;
}

bool ike_protect(struct ike_core *c, struct ike_sa *sa, struct ike_header h, struct ike_builder *b,
		 struct ike_blob *flight)
{
	struct ike_writer out = { 0 };
	size_t left = b->w.len;
	size_t size = room(sa, true);
	uint16_t total = (left + size - 1) / size;
	uint16_t number;
	struct ike_chunk part = { b->w.data, left };
	bool ok = true;

	if (sa->tunnel)
		sa->tunnel->touched = true;
	h.spi_i = sa->spi_i;
	h.spi_r = sa->spi_r;
	if (sa->initiator)
		h.flags |= IKE_FLAG_INITIATOR;
	if (left > MAX_MESSAGE - 256)
		return false;
	if (!sa->frag || left <= room(sa, false) || total > IKE_MAX_FRAGMENTS) {
		ok = put_datagram(c, sa, h, b->first, part, 0, 0, &out);
	} else {
		for (number = 1; ok && number <= total; number++) {
			part.len = left < size ? left : size;
			ok = put_datagram(c, sa, h, b->first, part, number, total, &out);
			part.data += part.len;
			left -= part.len;
		}
	}
	ike_blob_take(flight, &out);
	return ok;
}

/* ---- in ---- */

/* The one payload of a protected message: its place and, for a fragment, its number. */
struct sealed {
	uint8_t first;
	size_t start;		/* of the IV */
	uint16_t number;	/* 0 if it is not a fragment */
	uint16_t total;
};

static bool find_sealed(const struct ike_header *h, struct ike_chunk datagram, struct sealed *p)
{
	struct ike_chunk chain = { datagram.data + IKE_HEADER_LEN, datagram.len - IKE_HEADER_LEN };
	struct ike_payloads ps;
	const struct ike_payload *last;
	struct ike_reader r;

	if (!ike_payloads_get(h->next, chain, &ps) || ps.critical || !ps.n)
		return false;
	last = &ps.p[ps.n - 1];
	if (last->type != IKE_P_SK && last->type != IKE_P_SKF)
		return false;
	memset(p, 0, sizeof(*p));
	p->first = last->next;
	p->start = last->body.data - datagram.data;
	if (last->type == IKE_P_SK)
		return true;
	r = ike_reader_init(last->body.data, last->body.len);
	p->number = ike_get_u16(&r);
	p->total = ike_get_u16(&r);
	p->start += 4;
	return !r.bad && p->number && p->number <= p->total && p->total <= IKE_MAX_FRAGMENTS;
}

static bool open_checked(struct ike_core *c, const struct suite *s, uint8_t *message, size_t len,
			 struct ike_cipher_job *job)
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	uint8_t out[IKE_MAX_PRF];

	if (s->encr->aead)
		return crypto->open(crypto->ctx, job);
	if (job->len % s->encr->block || !integrity(c, s, message, len, out) ||
	    !ike_same(out, job->icv, s->icv_len))
		return false;
	return crypto->open(crypto->ctx, job);
}

static bool decrypt(struct ike_core *c, struct ike_sa *sa, const struct ike_header *h,
		    struct ike_chunk datagram, struct sealed *p, struct ike_blob *inner)
{
	struct ike_cipher_job job;
	struct ike_blob copy = { 0 };
	struct suite s;
	bool ok = false;
	uint8_t pad;

	if (!sa->proposal.n)	/* no keys yet */
		return false;
	s = suite_of(sa, !sa->initiator);
	if (!find_sealed(h, datagram, p) ||
	    datagram.len < p->start + s.encr->iv_len + 1 + s.icv_len)
		return false;
	ike_blob_set(&copy, datagram.data, datagram.len);
	job = cipher_job(&s, copy.data, p->start, copy.len);
	if (!open_checked(c, &s, copy.data, copy.len, &job))
		goto out;
	pad = job.data[job.len - 1];
	if (pad + 1u > job.len)
		goto out;
	ike_blob_set(inner, job.data, job.len - pad - 1);
	ok = true;
out:
	ike_blob_free(&copy);
	return ok;
}

bool ike_authentic(struct ike_core *c, struct ike_sa *sa, const struct ike_header *h,
		   struct ike_chunk datagram, bool *leading)
{
	struct ike_blob inner = { 0 };
	struct sealed p;
	bool ok = decrypt(c, sa, h, datagram, &p, &inner);

	ike_blob_free(&inner);
	*leading = ok && p.number <= 1;
	return ok;
}

void ike_fragments_reset(struct ike_fragments *f)
{
	size_t i;

	for (i = 0; i < IKE_MAX_FRAGMENTS; i++)
		ike_blob_free(&f->part[i]);
	memset(f, 0, sizeof(*f));
}

static void join_fragments(struct ike_fragments *f, struct ike_blob *inner)
{
	struct ike_writer w = { 0 };
	size_t i;

	for (i = 0; i < f->total; i++)
		ike_put(&w, f->part[i].data, f->part[i].len);
	ike_blob_take(inner, &w);
}

static enum ike_open_result add_fragment(struct ike_sa *sa, const struct ike_header *h,
					 const struct sealed *p, struct ike_blob *inner,
					 uint8_t *first)
{
	struct ike_fragments *f = &sa->fragments;
	bool response = h->flags & IKE_FLAG_RESPONSE;

	/* A larger total means the sender has begun again with smaller fragments. */
	if (f->id != h->id || f->response != response || p->total > f->total)
		ike_fragments_reset(f);
	if (f->total && (p->total < f->total || f->part[p->number - 1].data))
		return IKE_OPEN_PARTIAL;
	if (f->len + inner->len > MAX_MESSAGE)
		return IKE_OPEN_BAD;
	f->len += inner->len;
	f->id = h->id;
	f->response = response;
	f->total = p->total;
	f->count++;
	if (p->number == 1)
		f->first = p->first;
	f->part[p->number - 1] = *inner;
	memset(inner, 0, sizeof(*inner));
	if (f->count < f->total)
		return IKE_OPEN_PARTIAL;
	join_fragments(f, inner);
	*first = f->first;
	ike_fragments_reset(f);
	return IKE_OPEN_OK;
}

enum ike_open_result ike_unprotect(struct ike_core *c, struct ike_sa *sa,
				   const struct ike_header *h, struct ike_chunk datagram,
				   struct ike_blob *inner, uint8_t *first)
{
	struct sealed p;

	if (!decrypt(c, sa, h, datagram, &p, inner))
		return IKE_OPEN_BAD;
	*first = p.first;
	if (!p.number)
		return IKE_OPEN_OK;
	if (!sa->frag || !inner->len)
		return IKE_OPEN_BAD;
	return add_fragment(sa, h, &p, inner, first);
}
