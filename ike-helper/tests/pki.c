// SPDX-License-Identifier: GPL-2.0
#include "pki.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define HOUR 3600
#define FILE_MAX 16384

/**
 * struct authority - one that issues
 * @key: its key
 * @cert: its certificate
 */
struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

static EVP_PKEY *keys[PKI_N_KEYS];
static struct authority root, between, other;
static STACK_OF(X509_REVOKED) *revoked;
static long serial = 1;
static long authority_life = HOUR;

static const char *const names[PKI_N_KEYS] = { "RSA", "P-256", "P-384", "Ed25519" };

void pki_authority_life(long seconds)
{
	authority_life = seconds;
}

const char *pki_key_name(enum pki_key key)
{
	return names[key];
}

static EVP_PKEY *key_new(enum pki_key key)
{
	switch (key) {
	case PKI_RSA:
		return EVP_RSA_gen(2048);
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	default:
		return EVP_EC_gen(names[key]);
	}
}

static EVP_PKEY *key_of(enum pki_key key)
{
	if (!keys[key])
		keys[key] = key_new(key);
	assert_non_null(keys[key]);
	return keys[key];
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_true(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void name(X509 *cert, const char *cn)
{
	X509_NAME *n = X509_get_subject_name(cert);
	const char *const parts[][2] = { { "C", "CH" }, { "O", "Test" }, { "CN", cn } };
	size_t i;

	for (i = 0; i < 3; i++)
		assert_true(X509_NAME_add_entry_by_txt(n, parts[i][0], MBSTRING_UTF8,
						       (const uint8_t *)parts[i][1], -1, -1, 0));
}

static X509 *issue(EVP_PKEY *key, const struct authority *by, const struct pki_spec *spec, bool ca)
{
	X509 *cert = X509_new();

	assert_non_null(cert);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), spec->from ? spec->from : -HOUR);
	X509_gmtime_adj(X509_getm_notAfter(cert), spec->to ? spec->to : HOUR);
	name(cert, spec->cn);
	X509_set_pubkey(cert, key);
	X509_set_issuer_name(cert, X509_get_subject_name(by->cert ? by->cert : cert));
	extend(cert, by->cert ? by->cert : cert, NID_subject_key_identifier, "hash");
	extend(cert, by->cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
	extend(cert, by->cert, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : spec->usage);
	extend(cert, by->cert, NID_subject_alt_name, spec->san);
	assert_true(X509_sign(cert, by->key, EVP_sha256()) > 0);
	return cert;
}

static void authority_new(struct authority *a, const struct authority *by, const char *cn)
{
	const struct pki_spec spec = { .cn = cn, .to = authority_life };
	struct authority self;

	if (a->cert)
		return;
	a->key = EVP_EC_gen("P-256");
	assert_non_null(a->key);
	self.key = a->key;
	self.cert = NULL;
	a->cert = issue(a->key, by ? by : &self, &spec, true);
}

static void authorities(void)
{
	authority_new(&root, NULL, "Test CA");
	authority_new(&between, &root, "Test CA between");
	authority_new(&other, NULL, "Another CA");
}

static X509 *issue_spec(const struct pki_spec *spec)
{
	const struct authority *by;
	X509_REVOKED *r;
	X509 *cert;

	authorities();
	by = spec->other_ca ? &other : spec->between ? &between : &root;
	cert = issue(key_of(spec->key), by, spec, false);
	if (!spec->revoked)
		return cert;
	if (!revoked)
		revoked = sk_X509_REVOKED_new_null();
	r = X509_REVOKED_new();
	X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(cert));
	X509_REVOKED_set_revocationDate(r, X509_getm_notBefore(cert));
	sk_X509_REVOKED_push(revoked, r);
	return cert;
}

static size_t drain(BIO *bio, char *buf, size_t len)
{
	int n = BIO_read(bio, buf, len);

	BIO_free(bio);
	assert_true(n > 0 && (size_t)n < len);
	return n;
}

static void put_crl(BIO *bio)
{
	ASN1_TIME *t = X509_gmtime_adj(NULL, -HOUR);
	X509_CRL *crl = X509_CRL_new();
	int i;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(root.cert));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_gmtime_adj(t, authority_life);
	X509_CRL_set1_nextUpdate(crl, t);
	ASN1_TIME_free(t);
	for (i = 0; i < sk_X509_REVOKED_num(revoked); i++)
		X509_CRL_add0_revoked(crl, X509_REVOKED_dup(sk_X509_REVOKED_value(revoked, i)));
	X509_CRL_sort(crl);
	assert_true(X509_CRL_sign(crl, root.key, EVP_sha256()) > 0);
	PEM_write_bio_X509_CRL(bio, crl);
	X509_CRL_free(crl);
}

size_t pki_pem(const struct pki_spec *spec, enum ike_credential_kind kind, char *buf, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert;

	authorities();
	switch (kind) {
	case IKE_CREDENTIAL_KEY:
		PEM_write_bio_PrivateKey(bio, key_of(spec->key), NULL, NULL, 0, NULL, NULL);
		return drain(bio, buf, len);
	case IKE_CREDENTIAL_CA:
		PEM_write_bio_X509(bio, root.cert);
		return drain(bio, buf, len);
	case IKE_CREDENTIAL_CRL:
		put_crl(bio);
		return drain(bio, buf, len);
	default:
		break;
	}
	cert = issue_spec(spec);
	PEM_write_bio_X509(bio, cert);
	if (spec->between)
		PEM_write_bio_X509(bio, between.cert);
	X509_free(cert);
	return drain(bio, buf, len);
}

static void add(struct ike_credentials *c, enum ike_credential_kind kind, const char *pem,
		size_t len)
{
	char err[256] = "";

	if (!ike_credentials_add(c, kind, (struct ike_chunk){ (const uint8_t *)pem, len }, err,
				 sizeof(err)))
		fail_msg("%s", err);
}

struct ike_credentials *pki_credentials(const struct pki_spec *spec, bool crl)
{
	struct ike_credentials *c = ike_credentials_new();
	enum ike_credential_kind kind;
	char pem[FILE_MAX];

	for (kind = 0; kind < IKE_N_CREDENTIALS; kind++)
		if (crl || kind != IKE_CREDENTIAL_CRL)
			add(c, kind, pem, pki_pem(spec, kind, pem, sizeof(pem)));
	return c;
}

void pki_done(void)
{
	struct authority *const all[] = { &root, &between, &other };
	size_t i;

	for (i = 0; i < 3; i++) {
		EVP_PKEY_free(all[i]->key);
		X509_free(all[i]->cert);
		memset(all[i], 0, sizeof(*all[i]));
	}
	for (i = 0; i < PKI_N_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
	sk_X509_REVOKED_pop_free(revoked, X509_REVOKED_free);
	revoked = NULL;
}
