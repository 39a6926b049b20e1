/* SPDX-License-Identifier: GPL-2.0 */
/* Certificates and keys of a tunnel, for pubkey.c. */
#ifndef IKE_CRYPTO_X509_H
#define IKE_CRYPTO_X509_H

#include <openssl/evp.h>

#include "pubkey.h"

/** ike_credentials_key() - our private key, NULL if there is none; still owned by @c */
EVP_PKEY *ike_credentials_key(const struct ike_credentials *c);

/**
 * ike_credentials_peer_key() - the peer's public key, from a certificate that is in order
 * @c: credentials
 * @id: the identity the peer shows, which the certificate must hold
 * @certs: as in ike_pubkey_verify()
 * @err: says what is wrong with the certificate
 * @err_len: size of @err
 *
 * Return: the key, to be freed, or NULL.
 */
EVP_PKEY *ike_credentials_peer_key(const struct ike_credentials *c, const struct ike_id *id,
				   struct ike_chunk certs, char *err, size_t err_len);

#endif
