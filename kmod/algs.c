// SPDX-License-Identifier: GPL-2.0
/* The algorithm table. Adding an algorithm is adding a line. */

#include <crypto/aead.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ipvti.h"

/* IKEv2 transform ids, IANA "Internet Key Exchange Version 2 (IKEv2) Parameters". */
enum {
	ENCR_NULL		= 11,
	ENCR_AES_CBC		= 12,
	ENCR_AES_GCM_16		= 20,
	ENCR_CHACHA20_POLY1305	= 28,

	AUTH_HMAC_SHA2_256_128	= 12,
	AUTH_HMAC_SHA2_384_192	= 13,
	AUTH_HMAC_SHA2_512_256	= 14,
};

/* One line each: keyword, crypto API name (and with extended sequence numbers), sizes, ids. */
#define GCM(bits_, status_) {						\
	.name = "aes" #bits_ "gcm16",					\
	.crypto_name = "rfc4106(gcm(aes))",				\
	.crypto_name_esn = "rfc4106(gcm(aes))",				\
	.encr = ENCR_AES_GCM_16, .key_bits = bits_,			\
	.enc_key_len = bits_ / 8, .salt_len = 4,			\
	.sizes = { .iv_len = 8, .icv_len = 16, .block = 4 },		\
	.iv_mode = IPVTI_IV_COUNTER,					\
	.status = status_, .rfc = 4106 }

#define CBC(bits_, hash_, integ_, status_) {				\
	.name = "aes" #bits_ "-sha" #hash_,				\
	.crypto_name = "authenc(hmac(sha" #hash_ "),cbc(aes))",		\
	.crypto_name_esn = "authencesn(hmac(sha" #hash_ "),cbc(aes))",	\
	.encr = ENCR_AES_CBC, .key_bits = bits_, .integ = integ_,	\
	.enc_key_len = bits_ / 8, .auth_key_len = hash_ / 8,		\
	.sizes = { .iv_len = 16, .icv_len = hash_ / 16, .block = 16 },	\
	.iv_mode = IPVTI_IV_RANDOM,					\
	.status = status_, .rfc = 3602 }

static const struct ipvti_alg algs[] = {
	GCM(128, IPVTI_ALG_MUST),
	GCM(192, IPVTI_ALG_MAY),
	GCM(256, IPVTI_ALG_MUST),
	{
		.name = "chacha20poly1305",
		.crypto_name = "rfc7539esp(chacha20,poly1305)",
		.crypto_name_esn = "rfc7539esp(chacha20,poly1305)",
		.encr = ENCR_CHACHA20_POLY1305,
		.enc_key_len = 32, .salt_len = 4,
		.sizes = { .iv_len = 8, .icv_len = 16, .block = 4 },
		.iv_mode = IPVTI_IV_COUNTER,
		.status = IPVTI_ALG_SHOULD, .rfc = 7634,
	},
	CBC(128, 256, AUTH_HMAC_SHA2_256_128, IPVTI_ALG_MUST),
	CBC(128, 384, AUTH_HMAC_SHA2_384_192, IPVTI_ALG_MAY),
	CBC(128, 512, AUTH_HMAC_SHA2_512_256, IPVTI_ALG_SHOULD),
	CBC(192, 256, AUTH_HMAC_SHA2_256_128, IPVTI_ALG_MAY),
	CBC(192, 384, AUTH_HMAC_SHA2_384_192, IPVTI_ALG_MAY),
	CBC(192, 512, AUTH_HMAC_SHA2_512_256, IPVTI_ALG_MAY),
	CBC(256, 256, AUTH_HMAC_SHA2_256_128, IPVTI_ALG_MUST),
	CBC(256, 384, AUTH_HMAC_SHA2_384_192, IPVTI_ALG_MAY),
	CBC(256, 512, AUTH_HMAC_SHA2_512_256, IPVTI_ALG_SHOULD),
	{
		.name = "null-sha256",
		.crypto_name = "authenc(hmac(sha256),ecb(cipher_null))",
		.crypto_name_esn = "authencesn(hmac(sha256),ecb(cipher_null))",
		.encr = ENCR_NULL, .integ = AUTH_HMAC_SHA2_256_128,
		.auth_key_len = 32,
		.sizes = { .icv_len = 16, .block = 4 },
		.iv_mode = IPVTI_IV_NONE,
		.status = IPVTI_ALG_MUST, .rfc = 2410,
	},
};

/**
 * ipvti_alg_find() - look an algorithm up by its keyword
 * @name: strongSwan proposal keyword
 *
 * Return: the line of the table, or NULL.
 */
const struct ipvti_alg *ipvti_alg_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algs); i++)
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	return NULL;
}

/**
 * ipvti_alg_at() - walk the table
 * @index: from 0
 *
 * Return: the line of the table, NULL past the end.
 */
const struct ipvti_alg *ipvti_alg_at(unsigned int index)
{
	return index < ARRAY_SIZE(algs) ? &algs[index] : NULL;
}

/**
 * ipvti_alg_driver() - which driver this kernel would use
 * @alg: algorithm
 * @buf: for the name
 * @len: of @buf
 *
 * Context: process, may sleep and load modules.
 * Return: @buf, or NULL if this kernel lacks the algorithm.
 */
const char *ipvti_alg_driver(const struct ipvti_alg *alg, char *buf, size_t len)
{
	struct crypto_aead *aead = crypto_alloc_aead(alg->crypto_name, 0, 0);

	if (IS_ERR(aead))
		return NULL;
	strscpy(buf, crypto_tfm_alg_driver_name(crypto_aead_tfm(aead)), len);
	crypto_free_aead(aead);
	return buf;
}
