// SPDX-License-Identifier: GPL-2.0
#include "../crypto/openssl.h"
#include "party.h"

/* One backend for all: making it takes as long as a few hundred handshakes. */
static struct ike_crypto *real;

static bool tap_supports(void *ctx, uint8_t type, uint16_t id, uint16_t key_bits)
{
	(void)ctx;
	return real->supports(real->ctx, type, id, key_bits);
}

static bool tap_mac(void *ctx, uint8_t type, uint16_t id, struct ike_chunk key,
		    const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	(void)ctx;
	return real->mac(real->ctx, type, id, key, parts, n, out);
}

static bool tap_sha1(void *ctx, const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	(void)ctx;
	return real->sha1(real->ctx, parts, n, out);
}

static bool tap_seal(void *ctx, const struct ike_cipher_job *job)
{
	struct party *p = ctx;

	if (p->w->plain)
		p->w->plain(p->w, p, job->data, job->len);
	return real->seal(real->ctx, job);
}

static bool tap_open(void *ctx, const struct ike_cipher_job *job)
{
	(void)ctx;
	return real->open(real->ctx, job);
}

static bool tap_ke_generate(void *ctx, uint16_t id, uint8_t *priv, size_t *priv_len, uint8_t *pub,
			    size_t *pub_len)
{
	(void)ctx;
	return real->ke_generate(real->ctx, id, priv, priv_len, pub, pub_len);
}

static bool tap_ke_shared(void *ctx, uint16_t id, struct ike_chunk priv, struct ike_chunk own_pub,
			  struct ike_chunk peer_pub, uint8_t *secret, size_t *secret_len)
{
	(void)ctx;
	return real->ke_shared(real->ctx, id, priv, own_pub, peer_pub, secret, secret_len);
}

void tap_init(struct party *p)
{
	if (!real)
		real = ike_openssl_new();
	assert_non_null(real);
	p->crypto = (struct ike_crypto){
		.ctx = p,
		.supports = tap_supports,
		.mac = tap_mac,
		.sha1 = tap_sha1,
		.seal = tap_seal,
		.open = tap_open,
		.ke_generate = tap_ke_generate,
		.ke_shared = tap_ke_shared,
	};
}

size_t tap_psk_auth(uint16_t prf, struct ike_chunk psk, struct ike_chunk octets, uint8_t *out)
{
	return ike_openssl_psk_auth(real, prf, psk, octets, out);
}

size_t tap_ppk_mix(uint16_t prf, struct ike_chunk ppk, const uint8_t *key, uint8_t *out)
{
	return ike_openssl_ppk_mix(real, prf, ppk, key, out);
}

void tap_done(void)
{
	ike_openssl_free(real);
	real = NULL;
}
