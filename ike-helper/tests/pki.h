/* SPDX-License-Identifier: GPL-2.0 */
/* Keys, certificates and CRLs for tests, made as they are needed. */
#ifndef IKE_TESTS_PKI_H
#define IKE_TESTS_PKI_H

#include "../crypto/pubkey.h"
#include "check.h"

enum pki_key {
	PKI_RSA,
	PKI_P256,
	PKI_P384,
	PKI_ED25519,
	PKI_N_KEYS,
};

/**
 * struct pki_spec - a certificate
 * @key: kind of its key
 * @san: subjectAltName as in openssl.cnf, or NULL
 * @cn: common name; the subject is C=CH, O=Test, CN=…
 * @from: valid from, seconds from now
 * @to: until, seconds from now; 0: an hour
 * @usage: keyUsage, or NULL
 * @other_ca: issued by an authority that nobody knows
 * @between: issued by an authority between
 * @revoked: in the CRL
 */
struct pki_spec {
	enum pki_key key;
	const char *san;
	const char *cn;
	long from;
	long to;
	const char *usage;
	bool other_ca;
	bool between;
	bool revoked;
};

/** pki_key_name() - of a kind */
const char *pki_key_name(enum pki_key key);
/**
 * pki_credentials() - our certificate and key, and the authority for the peer's
 * @crl: with the CRL of the authority, in which is what was made with @revoked before
 */
struct ike_credentials *pki_credentials(const struct pki_spec *spec, bool crl);
/** pki_authority_life() - how long authorities and CRLs made from now on are valid */
void pki_authority_life(long seconds);
/** pki_pem() - a file: the certificate (with those between), its key, the authority, its CRL */
size_t pki_pem(const struct pki_spec *spec, enum ike_credential_kind kind, char *buf, size_t len);
/** pki_done() - free everything */
void pki_done(void);

#endif
