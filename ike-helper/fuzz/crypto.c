// SPDX-License-Identifier: GPL-2.0
/*
 * The crypto of a fuzzed party, in place of tests/tap.c: nothing is encrypted, every ICV is right,
 * and any key exchange succeeds. So a protected message is plaintext to the fuzzer, which cannot
 * know keys, and an execution costs what the core costs. PRFs and hashes are OpenSSL's.
 */
#include <string.h>

#include "../crypto/openssl.h"
#include "../tests/party.h"

enum {
	KE_LEN = 32,
	KE_REFUSED = 0xff,	/* first octet of a public value that fails its check */
	AUTH_LEN = 32,
	AUTH_OCTET = 0x5a,	/* AUTH data that is right consists of it */
};

static struct ike_crypto *real;

static bool fake_cipher(void *ctx, const struct ike_cipher_job *job)
{
	(void)ctx;
	(void)job;
	return true;
}

static bool fake_ke_generate(void *ctx, uint16_t id, uint8_t *priv, size_t *priv_len, uint8_t *pub,
			     size_t *pub_len)
{
	(void)ctx;
	*priv_len = KE_LEN;
	*pub_len = KE_LEN;
	memset(priv, id, KE_LEN);
	memset(pub, id, KE_LEN);
	return true;
}

static bool fake_ke_shared(void *ctx, uint16_t id, struct ike_chunk priv, struct ike_chunk own_pub,
			   struct ike_chunk peer_pub, uint8_t *secret, size_t *secret_len)
{
	(void)ctx;
	(void)priv;
	(void)own_pub;
	if (!peer_pub.len || peer_pub.data[0] == KE_REFUSED)
		return false;
	*secret_len = KE_LEN;
	memset(secret, id, KE_LEN);
	return true;
}

void tap_init(struct party *p)
{
	if (!real)
		real = ike_openssl_new();
	assert_non_null(real);
	p->crypto = *real;
	p->crypto.seal = fake_cipher;
	p->crypto.open = fake_cipher;
	p->crypto.ke_generate = fake_ke_generate;
	p->crypto.ke_shared = fake_ke_shared;
}

size_t tap_psk_auth(uint16_t prf, struct ike_chunk psk, struct ike_chunk octets, uint8_t *out)
{
	(void)prf;
	(void)psk;
	(void)octets;
	memset(out, AUTH_OCTET, AUTH_LEN);
	return AUTH_LEN;
}

size_t tap_ppk_mix(uint16_t prf, struct ike_chunk ppk, const uint8_t *key, uint8_t *out)
{
	(void)prf;
	(void)ppk;
	memcpy(out, key, AUTH_LEN);
	return AUTH_LEN;
}

void tap_done(void)
{
	ike_openssl_free(real);
	real = NULL;
}
