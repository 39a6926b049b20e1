/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the IKEv2 core asks of a cryptographic library. The core knows transform ids and sizes
 * (proposal.c holds the table); the backend does the arithmetic. Private keys are octets, so that
 * the core's state stays a value.
 */
#ifndef IKE_CRYPTO_H
#define IKE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IKE_MAX_PRF		64	/* output of PRF_HMAC_SHA2_512 */
#define IKE_MAX_ICV		32
#define IKE_MAX_IV		16
#define IKE_MAX_KE_PUB		512	/* MODP-4096 */
#define IKE_MAX_KE_PRIV		512
#define IKE_MAX_KE_SECRET	512

/**
 * enum ike_transform_type - transform types (RFC 7296 section 3.3.2)
 */
enum ike_transform_type {
	IKE_TRANSFORM_ENCR = 1,
	IKE_TRANSFORM_PRF = 2,
	IKE_TRANSFORM_INTEG = 3,
	IKE_TRANSFORM_KE = 4,
	IKE_TRANSFORM_ESN = 5,
};

/**
 * struct ike_chunk - octets somewhere
 */
struct ike_chunk {
	const uint8_t *data;
	size_t len;
};

/**
 * struct ike_cipher_job - one Encrypted payload (RFC 7296 section 3.14, RFC 5282)
 * @encr: encryption transform id
 * @key: encryption key; AEADs: key then salt
 * @key_len: length of @key
 * @iv: explicit IV
 * @aad: AEADs: associated data
 * @aad_len: length of @aad
 * @data: plaintext and ciphertext, changed in place
 * @len: length of @data; CBC: a multiple of the block size
 * @icv: AEADs: written by seal, checked by open
 */
struct ike_cipher_job {
	uint16_t encr;
	const uint8_t *key;
	size_t key_len;
	const uint8_t *iv;
	const uint8_t *aad;
	size_t aad_len;
	uint8_t *data;
	size_t len;
	uint8_t *icv;
};

/**
 * struct ike_crypto - a cryptographic library
 * @ctx: first argument of every function
 * @supports: whether this transform can be had
 * @mac: HMAC for PRFs (@type IKE_TRANSFORM_PRF) and integrity transforms; @out gets the whole,
 *	untruncated output
 * @sha1: plain SHA-1 for NAT detection (RFC 7296 section 2.23), 20 octets
 * @seal: encrypt
 * @open: decrypt; false if the ICV is wrong
 * @ke_generate: fresh key pair for group @id; @priv and @pub hold IKE_MAX_KE_*, the lengths are set
 * @ke_shared: shared secret. False if the peer's public value fails the checks of RFC 6989 or
 *	RFC 8031
 *
 * Every function that returns bool returns false on failure and leaves no secret in the output.
 */
struct ike_crypto {
	void *ctx;
	bool (*supports)(void *ctx, uint8_t type, uint16_t id, uint16_t key_bits);
	bool (*mac)(void *ctx, uint8_t type, uint16_t id, struct ike_chunk key,
		    const struct ike_chunk *parts, size_t n, uint8_t *out);
	bool (*sha1)(void *ctx, const struct ike_chunk *parts, size_t n, uint8_t *out);
	bool (*seal)(void *ctx, const struct ike_cipher_job *job);
	bool (*open)(void *ctx, const struct ike_cipher_job *job);
	bool (*ke_generate)(void *ctx, uint16_t id, uint8_t *priv, size_t *priv_len,
			    uint8_t *pub, size_t *pub_len);
	bool (*ke_shared)(void *ctx, uint16_t id, struct ike_chunk priv, struct ike_chunk own_pub,
			  struct ike_chunk peer_pub, uint8_t *secret, size_t *secret_len);
};

#endif
