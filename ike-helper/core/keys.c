// SPDX-License-Identifier: GPL-2.0
/* Nonces, key exchange and key schedule (RFC 7296 sections 2.10 to 2.18). */
#include <string.h>

#include "state.h"

enum {
	NONCE_MIN = 16,
	NONCE_MAX = 256,
};

void ike_nonce_new(struct ike_core *c, struct ike_nonce *n)
{
	n->len = IKE_NONCE_LEN;
	ike_random(c, n->data, n->len);
}

bool ike_nonce_get(struct ike_chunk body, struct ike_nonce *n)
{
	if (!body.data || body.len < NONCE_MIN || body.len > NONCE_MAX)
		return false;
	n->len = body.len;
	memcpy(n->data, body.data, body.len);
	return true;
}

static int compare(const struct ike_nonce *a, const struct ike_nonce *b)
{
	int diff = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return diff ? diff : (int)a->len - (int)b->len;
}

bool ike_nonce_lower(const struct ike_nonce *ai, const struct ike_nonce *ar,
		     const struct ike_nonce *bi, const struct ike_nonce *br)
{
	const struct ike_nonce *a = compare(ai, ar) < 0 ? ai : ar;
	const struct ike_nonce *b = compare(bi, br) < 0 ? bi : br;

	return compare(a, b) < 0;
}

bool ike_prf(const struct ike_crypto *crypto, const struct ike_alg *prf, struct ike_chunk key,
	     const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	return crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, prf->id, key, parts, n, out);
}

bool ike_prf_plus(const struct ike_crypto *crypto, const struct ike_alg *prf, struct ike_chunk key,
		  struct ike_chunk seed, uint8_t *out, size_t len)
{
	uint8_t t[IKE_MAX_PRF];
	uint8_t count = 1;
	struct ike_chunk parts[3] = { { t, 0 }, seed, { &count, 1 } };
	bool ok = true;
	size_t n;

	for (; ok && len; count++) {
		ok = count && ike_prf(crypto, prf, key, parts, 3, t);
		parts[0].len = prf->key_len;
		n = len < prf->key_len ? len : prf->key_len;
		memcpy(out, t, n);
		out += n;
		len -= n;
	}
	ike_wipe(t, sizeof(t));
	return ok;
}

bool ike_skeyseed(const struct ike_crypto *crypto, const struct ike_alg *prf,
		  const struct ike_nonce *ni, const struct ike_nonce *nr, struct ike_chunk secret,
		  uint8_t *out)
{
	uint8_t key[2 * IKE_MAX_NONCE];

	memcpy(key, ni->data, ni->len);
	memcpy(key + ni->len, nr->data, nr->len);
	return ike_prf(crypto, prf, (struct ike_chunk){ key, ni->len + nr->len }, &secret, 1, out);
}

bool ike_skeyseed_rekey(const struct ike_crypto *crypto, const struct ike_alg *prf,
			struct ike_chunk sk_d, const struct ike_nonce *ni,
			const struct ike_nonce *nr, struct ike_chunk secret, uint8_t *out)
{
	struct ike_chunk parts[3] = { secret, { ni->data, ni->len }, { nr->data, nr->len } };

	return ike_prf(crypto, prf, sk_d, parts, 3, out);
}

static uint8_t *take(uint8_t *from, uint8_t *to, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

static void split_keys(struct ike_sa *sa, uint8_t *p, size_t prf_len, size_t integ_len,
		       size_t encr_len)
{
	p = take(p, sa->keys.d, prf_len);
	p = take(p, sa->keys.ai, integ_len);
	p = take(p, sa->keys.ar, integ_len);
	p = take(p, sa->keys.ei, encr_len);
	p = take(p, sa->keys.er, encr_len);
	p = take(p, sa->keys.pi, prf_len);
	take(p, sa->keys.pr, prf_len);
}

bool ike_derive(const struct ike_crypto *crypto, struct ike_sa *sa, struct ike_chunk skeyseed)
{
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	const struct ike_alg *encr = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_ENCR);
	const struct ike_alg *integ = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_INTEG);
	size_t integ_len = integ ? integ->key_len : 0;
	uint8_t stream[7 * IKE_MAX_PRF];
	struct ike_writer seed = { 0 };
	bool ok;

	ike_put(&seed, sa->ni.data, sa->ni.len);
	ike_put(&seed, sa->nr.data, sa->nr.len);
	ike_put_u64(&seed, sa->spi_i);
	ike_put_u64(&seed, sa->spi_r);
	ok = ike_prf_plus(crypto, prf, skeyseed, (struct ike_chunk){ seed.data, seed.len }, stream,
			  3 * prf->key_len + 2 * integ_len + 2 * encr->key_len);
	if (ok)
		split_keys(sa, stream, prf->key_len, integ_len, encr->key_len);
	ike_wipe(stream, sizeof(stream));
	ike_writer_free(&seed);
	return ok;
}

bool ike_keymat(const struct ike_crypto *crypto, const struct ike_sa *sa, struct ike_chunk secret,
		const struct ike_nonce *ni, const struct ike_nonce *nr, uint8_t *out, size_t len)
{
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	struct ike_chunk sk_d = { sa->keys.d, prf->key_len };
	struct ike_writer seed = { 0 };
	bool ok;

	ike_put(&seed, secret.data, secret.len);
	ike_put(&seed, ni->data, ni->len);
	ike_put(&seed, nr->data, nr->len);
	ok = ike_prf_plus(crypto, prf, sk_d, (struct ike_chunk){ seed.data, seed.len }, out, len);
	ike_writer_free(&seed);
	return ok;
}

bool ike_ke_start(struct ike_core *c, struct ike_ke *ke, uint16_t group)
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	size_t priv_len = 0;
	size_t pub_len = 0;

	ike_wipe(ke, sizeof(*ke));
	if (!crypto->ke_generate(crypto->ctx, group, ke->priv, &priv_len, ke->pub, &pub_len))
		return false;
	ke->group = group;
	ke->priv_len = priv_len;
	ke->pub_len = pub_len;
	return true;
}

bool ike_ke_finish(struct ike_core *c, struct ike_ke *ke, struct ike_chunk peer_pub)
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	size_t len = 0;
	bool ok;

	ok = crypto->ke_shared(crypto->ctx, ke->group, (struct ike_chunk){ ke->priv, ke->priv_len },
			       (struct ike_chunk){ ke->pub, ke->pub_len }, peer_pub, ke->secret,
			       &len);
	ke->secret_len = ok ? len : 0;
	ike_wipe(ke->priv, sizeof(ke->priv));
	ke->priv_len = 0;
	return ok;
}

bool ike_auth_octets(struct ike_core *c, const struct ike_sa *sa, bool by_initiator,
		     const struct ike_id *id, struct ike_writer *out)
{
	const struct ike_alg *prf = ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
	const struct ike_blob *message = by_initiator ? &sa->auth.init_i : &sa->auth.init_r;
	const struct ike_nonce *nonce = by_initiator ? &sa->nr : &sa->ni;
	const uint8_t *sk_p = by_initiator ? sa->keys.pi : sa->keys.pr;
	struct ike_writer body = { 0 };
	struct ike_chunk part;
	uint8_t mac[IKE_MAX_PRF];
	bool ok;

	ike_id_put(&body, id);
	part = (struct ike_chunk){ body.data, body.len };
	ok = ike_prf(c->cfg.crypto, prf, (struct ike_chunk){ sk_p, prf->key_len }, &part, 1, mac);
	ike_put(out, message->data, message->len);
	ike_put(out, nonce->data, nonce->len);
	ike_put(out, mac, prf->key_len);
	ike_writer_free(&body);
	return ok;
}
