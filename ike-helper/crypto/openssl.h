/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IKE_CRYPTO_OPENSSL_H
#define IKE_CRYPTO_OPENSSL_H

#include "../core/crypto.h"

/**
 * ike_openssl_new() - the OpenSSL backend
 *
 * Fetches every algorithm and seeds the library's RNG, so that nothing needs a file later and a
 * seccomp filter may be set. What the library lacks, supports() denies.
 *
 * Return: a backend for ike_core_config, or NULL if the library fails altogether.
 */
struct ike_crypto *ike_openssl_new(void);

/**
 * ike_openssl_free() - undo ike_openssl_new()
 */
void ike_openssl_free(struct ike_crypto *crypto);

/**
 * ike_openssl_psk_auth() - AUTH data of the shared key method (RFC 7296 section 2.15)
 * @crypto: from ike_openssl_new()
 * @prf: transform id of the PRF
 * @psk: the shared secret
 * @octets: from struct ike_auth_work
 * @out: IKE_MAX_PRF octets
 *
 * For the key process; the core never calls it.
 *
 * Return: length of the AUTH data, 0 on failure.
 */
size_t ike_openssl_psk_auth(struct ike_crypto *crypto, uint16_t prf, struct ike_chunk psk,
			    struct ike_chunk octets, uint8_t *out);

/**
 * ike_openssl_ppk_mix() - mix a post-quantum preshared key into a key (RFC 8784 section 3)
 * @crypto: from ike_openssl_new()
 * @prf: transform id of the PRF
 * @ppk: the preshared key
 * @key: IKE_MAX_PRF octets, of which those that the PRF puts out are SK_d, SK_pi or SK_pr
 * @out: IKE_MAX_PRF octets: prf+ (PPK, key), as long
 *
 * For the key process; the core never calls it.
 *
 * Return: length of the key, 0 on failure.
 */
size_t ike_openssl_ppk_mix(struct ike_crypto *crypto, uint16_t prf, struct ike_chunk ppk,
			   const uint8_t *key, uint8_t *out);

#endif
