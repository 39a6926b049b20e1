/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signatures and certificates of IKE_AUTH, by OpenSSL: RSA, ECDSA and Ed25519 with the methods of
 * RFC 7296 section 3.8, RFC 4754 and RFC 7427; X.509 paths by RFC 5280. For the key process: the
 * core never calls any of it. No file is opened; time is the system's.
 */
#ifndef IKE_CRYPTO_PUBKEY_H
#define IKE_CRYPTO_PUBKEY_H

#include "../core/ike.h"

/**
 * enum ike_credential_kind - what a file holds, in PEM or DER
 * @IKE_CREDENTIAL_CERTIFICATE: our certificate, in PEM with those between it and the authority
 * @IKE_CREDENTIAL_KEY: its private key, without passphrase
 * @IKE_CREDENTIAL_CA: certificates of authorities the peer's may come from
 * @IKE_CREDENTIAL_CRL: lists of revoked certificates; with one, every issuer of a peer needs one
 */
enum ike_credential_kind {
	IKE_CREDENTIAL_CERTIFICATE,
	IKE_CREDENTIAL_KEY,
	IKE_CREDENTIAL_CA,
	IKE_CREDENTIAL_CRL,
	IKE_N_CREDENTIALS,
};

struct ike_credentials;

/**
 * ike_pubkey_init() - have OpenSSL do now what it does once and needs files for
 *
 * Before the system call filter; everything below works behind it.
 *
 * Return: false if the library fails.
 */
bool ike_pubkey_init(void);

/**
 * ike_credentials_new() - those of one tunnel, none so far
 */
struct ike_credentials *ike_credentials_new(void);

/**
 * ike_credentials_free() - wipe and free; NULL is allowed
 */
void ike_credentials_free(struct ike_credentials *c);

/**
 * ike_credentials_add() - read what a file holds
 * @c: credentials
 * @kind: what it should be
 * @data: contents
 * @err: says what is wrong with it
 * @err_len: size of @err
 */
bool ike_credentials_add(struct ike_credentials *c, enum ike_credential_kind kind,
			 struct ike_chunk data, char *err, size_t err_len);

/**
 * ike_credentials_usable() - whether they are complete and fit each other
 * @c: credentials
 * @id: our identity, which the certificate must hold
 * @err: says what is wrong
 * @err_len: size of @err
 */
bool ike_credentials_usable(const struct ike_credentials *c, const struct ike_id *id, char *err,
			    size_t err_len);

/**
 * ike_credentials_authorities() - data of CERTREQ (RFC 7296 section 3.7)
 * @c: credentials
 * @out: 20 octets for each authority
 * @max: size of @out
 *
 * Return: octets written.
 */
size_t ike_credentials_authorities(const struct ike_credentials *c, uint8_t *out, size_t max);

/**
 * ike_credentials_chain() - our certificates as they go into CERT payloads
 * @c: credentials
 * @out: each certificate in DER behind its length in two octets, ours first
 * @max: size of @out; what does not fit is left out
 *
 * Return: octets written.
 */
size_t ike_credentials_chain(const struct ike_credentials *c, uint8_t *out, size_t max);

/**
 * ike_pubkey_sign() - make our AUTH data
 * @c: usable credentials
 * @hashes: what the peer takes with RFC 7427, a bit for each IKE_HASH_*; 0: only older methods
 * @octets: from struct ike_auth_work
 * @method: set to the AUTH method
 * @out: IKE_MAX_AUTH octets
 * @err: says what is wrong
 * @err_len: size of @err
 *
 * Return: length of the AUTH data, 0 on failure.
 */
size_t ike_pubkey_sign(const struct ike_credentials *c, uint32_t hashes, struct ike_chunk octets,
		       uint8_t *method, uint8_t *out, char *err, size_t err_len);

/**
 * ike_pubkey_verify() - check the peer's certificate, identity and AUTH data
 * @c: credentials
 * @id: the identity the peer shows
 * @certs: its CERT payloads as from ike_credentials_chain()
 * @method: AUTH method
 * @auth: AUTH data
 * @octets: from struct ike_auth_work
 * @reason: set to IKE_REASON_CERTIFICATE or IKE_REASON_AUTH_FAILED on failure
 * @err: says what is wrong, in words
 * @err_len: size of @err
 */
bool ike_pubkey_verify(const struct ike_credentials *c, const struct ike_id *id,
		       struct ike_chunk certs, uint8_t method, struct ike_chunk auth,
		       struct ike_chunk octets, enum ike_reason *reason, char *err, size_t err_len);

#endif
