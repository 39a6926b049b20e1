// SPDX-License-Identifier: GPL-2.0
/* Certificates: reading, paths (RFC 5280), and whose they are (RFC 4945 section 3.1). */
#include "x509.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "../core/buf.h"

enum {
	RSA_BITS_MIN = 2048,	/* RFC 8247 section 4.1.1 */
	SECURITY_LEVEL = 2,	/* of OpenSSL: 112 bits, no SHA-1 in certificates */
	SHA1_LEN = 20,
	CHAIN_MAX = 8,
	NAME_TEXT = 200,
};

/**
 * struct ike_credentials - of one tunnel
 * @own: our certificate
 * @between: certificates between it and the authority
 * @key: private key of @own
 * @store: authorities and CRLs
 * @authorities: in @store
 * @n_crls: in @store
 */
struct ike_credentials {
	X509 *own;
	STACK_OF(X509) *between;
	EVP_PKEY *key;
	X509_STORE *store;
	STACK_OF(X509) *authorities;
	unsigned int n_crls;
};

struct ike_credentials *ike_credentials_new(void)
{
	struct ike_credentials *c = ike_alloc(sizeof(*c));

	c->between = sk_X509_new_null();
	c->authorities = sk_X509_new_null();
	c->store = X509_STORE_new();
	if (!c->between || !c->authorities || !c->store)
		abort();
	return c;
}

void ike_credentials_free(struct ike_credentials *c)
{
	if (!c)
		return;
	X509_free(c->own);
	EVP_PKEY_free(c->key);
	sk_X509_pop_free(c->between, X509_free);
	sk_X509_pop_free(c->authorities, X509_free);
	X509_STORE_free(c->store);
	free(c);
}

EVP_PKEY *ike_credentials_key(const struct ike_credentials *c)
{
	return c->key;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *name_text(const X509_NAME *name, char *buf, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) >= 0)
		n = BIO_read(bio, buf, len - 1);
	buf[n > 0 ? n : 0] = 0;
	BIO_free(bio);
	return buf;
}

static const char *time_text(const ASN1_TIME *t, char *buf, size_t len)
{
	struct tm tm;

	if (!t || !ASN1_TIME_to_tm(t, &tm))
		snprintf(buf, len, "an unknown time");
	else
		strftime(buf, len, "%F %T UTC", &tm);
	return buf;
}

/* The subjectAltNames and the subject, as far as they fit. */
static const char *names_text(X509 *cert, char *buf, size_t len)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char subject[NAME_TEXT];
	BIO *bio = BIO_new(BIO_s_mem());
	int i, n;

	if (!bio)
		abort();
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
		BIO_puts(bio, ", ");
	}
	BIO_puts(bio, name_text(X509_get_subject_name(cert), subject, sizeof(subject)));
	n = BIO_read(bio, buf, len - 1);
	buf[n > 0 ? n : 0] = 0;
	BIO_free(bio);
	GENERAL_NAMES_free(names);
	return buf;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)arg = true;
	return -1;
}

static bool add_key(struct ike_credentials *c, BIO *bio, struct ike_chunk data, char *err,
		    size_t err_len)
{
	const uint8_t *p = data.data;
	bool encrypted = false;

	EVP_PKEY_free(c->key);
	c->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
	if (!c->key && !encrypted)
		c->key = d2i_AutoPrivateKey(NULL, &p, data.len);
	if (!c->key)
		snprintf(err, err_len, encrypted ?
			 "the private key has a passphrase; store it without" :
			 "there is no private key in it, neither in PEM nor in DER");
	return c->key;
}

/* Certificates, or CRLs, are what a file may hold several of. */
static bool add_certificate(struct ike_credentials *c, enum ike_credential_kind kind, X509 *cert)
{
	if (kind == IKE_CREDENTIAL_CA)
		return X509_STORE_add_cert(c->store, cert) && sk_X509_push(c->authorities, cert);
	if (!c->own) {
		c->own = cert;
		return true;
	}
	return sk_X509_push(c->between, cert);
}

static bool add_certificates(struct ike_credentials *c, enum ike_credential_kind kind, BIO *bio,
			     struct ike_chunk data, char *err, size_t err_len)
{
	const uint8_t *p = data.data;
	unsigned int n = 0;
	X509 *cert;

	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) ||
	       (!n && (cert = d2i_X509(NULL, &p, data.len)))) {
		if (!add_certificate(c, kind, cert)) {
			X509_free(cert);
			break;
		}
		n++;
	}
	if (!n)
		snprintf(err, err_len, "there is no certificate in it, neither in PEM nor in DER");
	return n;
}

static bool add_crls(struct ike_credentials *c, BIO *bio, struct ike_chunk data, char *err,
		     size_t err_len)
{
	const uint8_t *p = data.data;
	unsigned int n = 0;
	X509_CRL *crl;

	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) ||
	       (!n && (crl = d2i_X509_CRL(NULL, &p, data.len)))) {
		n += X509_STORE_add_crl(c->store, crl);
		X509_CRL_free(crl);
	}
	c->n_crls += n;
	if (!n)
		snprintf(err, err_len, "there is no CRL in it, neither in PEM nor in DER");
	return n;
}

bool ike_credentials_add(struct ike_credentials *c, enum ike_credential_kind kind,
			 struct ike_chunk data, char *err, size_t err_len)
{
	BIO *bio = BIO_new_mem_buf(data.data, data.len);
	bool ok;

	if (!bio)
		abort();
	if (kind == IKE_CREDENTIAL_KEY)
		ok = add_key(c, bio, data, err, err_len);
	else if (kind == IKE_CREDENTIAL_CRL)
		ok = add_crls(c, bio, data, err, err_len);
	else
		ok = add_certificates(c, kind, bio, data, err, err_len);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

/* ---- whose certificate it is ----------------------------------------------------------------- */

/* The subjectAltName type of an identity; -1: it is none. */
static int general_name_type(uint8_t id)
{
	switch (id) {
	case IKE_ID_FQDN:
		return GEN_DNS;
	case IKE_ID_RFC822_ADDR:
		return GEN_EMAIL;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return GEN_IPADD;
	}
	return -1;
}

static bool general_name_is(const GENERAL_NAME *name, int type, const struct ike_id *id)
{
	const ASN1_STRING *s;
	const char *text;

	if (name->type != type)
		return false;
	s = type == GEN_IPADD ? name->d.iPAddress : name->d.ia5;
	text = (const char *)ASN1_STRING_get0_data(s);
	if (ASN1_STRING_length(s) != id->len)
		return false;
	return type == GEN_IPADD ? !memcmp(text, id->data, id->len) :
				   !strncasecmp(text, (const char *)id->data, id->len);
}

static bool alt_name_is(X509 *cert, const struct ike_id *id)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int type = general_name_type(id->type);
	bool found = false;
	int i;

	for (i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
		found = general_name_is(sk_GENERAL_NAME_value(names, i), type, id);
	GENERAL_NAMES_free(names);
	return found;
}

static bool subject_is(const X509 *cert, const struct ike_id *id)
{
	const uint8_t *p = id->data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, id->len);
	bool same = name && p == id->data + id->len &&
		    !X509_NAME_cmp(name, X509_get_subject_name(cert));

	X509_NAME_free(name);
	ERR_clear_error();
	return same;
}

static bool key_id_is(X509 *cert, const struct ike_id *id)
{
	const ASN1_OCTET_STRING *s = X509_get0_subject_key_id(cert);

	return s && ASN1_STRING_length(s) == id->len &&
	       !memcmp(ASN1_STRING_get0_data(s), id->data, id->len);
}

static bool holds(X509 *cert, const struct ike_id *id)
{
	if (id->type == IKE_ID_DER_ASN1_DN)
		return subject_is(cert, id);
	if (id->type == IKE_ID_KEY_ID)
		return key_id_is(cert, id);
	return alt_name_is(cert, id);
}

bool ike_credentials_usable(const struct ike_credentials *c, const struct ike_id *id, char *err,
			    size_t err_len)
{
	char names[NAME_TEXT];

	if (!c->own || !c->key)
		snprintf(err, err_len, "there is no %s", c->own ? "private-key" : "certificate");
	else if (X509_check_private_key(c->own, c->key) != 1)
		snprintf(err, err_len, "private-key is not the key of certificate");
	else if (EVP_PKEY_get_base_id(c->key) == EVP_PKEY_RSA &&
		 EVP_PKEY_get_bits(c->key) < RSA_BITS_MIN)
		snprintf(err, err_len, "an RSA key of %d bits; %d are needed",
			 EVP_PKEY_get_bits(c->key), RSA_BITS_MIN);
	else if (!sk_X509_num(c->authorities))
		snprintf(err, err_len, "there is no ca");
	else if (!holds(c->own, id))
		snprintf(err, err_len, "local-id is not in certificate, which is for %s",
			 names_text(c->own, names, sizeof(names)));
	else
		return true;
	ERR_clear_error();
	return false;
}

/* ---- what goes over the wire ----------------------------------------------------------------- */

size_t ike_credentials_authorities(const struct ike_credentials *c, uint8_t *out, size_t max)
{
	uint8_t *der = NULL;
	size_t used = 0;
	int i, len;

	for (i = 0; i < sk_X509_num(c->authorities) && used + SHA1_LEN <= max; i++) {
		der = NULL;
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(sk_X509_value(c->authorities, i)), &der);
		if (len > 0 && EVP_Digest(der, len, out + used, NULL, EVP_sha1(), NULL))
			used += SHA1_LEN;
		OPENSSL_free(der);
	}
	return used;
}

static size_t put_certificate(X509 *cert, uint8_t *out, size_t max)
{
	int len = i2d_X509(cert, NULL);
	uint8_t *p = out + 2;

	if (len <= 0 || len > UINT16_MAX || (size_t)len + 2 > max)
		return 0;
	out[0] = len >> 8;
	out[1] = len;
	return i2d_X509(cert, &p) + 2;
}

size_t ike_credentials_chain(const struct ike_credentials *c, uint8_t *out, size_t max)
{
	size_t used = put_certificate(c->own, out, max);
	int i;

	for (i = 0; used && i < sk_X509_num(c->between); i++)
		used += put_certificate(sk_X509_value(c->between, i), out + used, max - used);
	return used;
}

/* ---- the peer's ------------------------------------------------------------------------------ */

static STACK_OF(X509) *read_chain(struct ike_chunk certs)
{
	struct ike_reader r = ike_reader_init(certs.data, certs.len);
	STACK_OF(X509) *chain = sk_X509_new_null();
	const uint8_t *p;
	uint16_t len;
	X509 *cert;

	if (!chain)
		abort();
	while (r.left && sk_X509_num(chain) < CHAIN_MAX) {
		len = ike_get_u16(&r);
		p = ike_get(&r, len);
		cert = p ? d2i_X509(NULL, &p, len) : NULL;
		if (!cert)
			break;
		if (!sk_X509_push(chain, cert))
			abort();
	}
	ERR_clear_error();
	return chain;
}

/* With CRLs the peer's own issuer must have one; of those above it one is used if there is one. */
static int on_fault(int ok, X509_STORE_CTX *ctx)
{
	if (!ok && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_UNABLE_TO_GET_CRL &&
	    X509_STORE_CTX_get_error_depth(ctx) > 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	return ok;
}

static void fault_text(X509_STORE_CTX *ctx, char *err, size_t err_len)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	X509_CRL *crl = X509_STORE_CTX_get0_current_crl(ctx);
	char name[NAME_TEXT], issuer[NAME_TEXT], when[32];

	name_text(X509_get_subject_name(cert), name, sizeof(name));
	name_text(X509_get_issuer_name(cert), issuer, sizeof(issuer));
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(err, err_len, "the certificate of \"%s\" expired on %s", name,
			 time_text(X509_get0_notAfter(cert), when, sizeof(when)));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(err, err_len, "the certificate of \"%s\" is not valid before %s", name,
			 time_text(X509_get0_notBefore(cert), when, sizeof(when)));
		break;
	case X509_V_ERR_CERT_REVOKED:
		snprintf(err, err_len, "the certificate of \"%s\" was revoked by \"%s\"", name,
			 issuer);
		break;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		snprintf(err, err_len, "there is no CRL of \"%s\", which issued \"%s\"", issuer,
			 name);
		break;
	case X509_V_ERR_CRL_HAS_EXPIRED:
		snprintf(err, err_len, "the CRL of \"%s\" expired on %s", issuer,
			 time_text(crl ? X509_CRL_get0_nextUpdate(crl) : NULL, when, sizeof(when)));
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		snprintf(err, err_len,
			 "the certificate of \"%s\" comes from \"%s\", which is no ca of this tunnel",
			 name, issuer);
		break;
	default:
		snprintf(err, err_len, "the certificate of \"%s\": %s", name,
			 X509_verify_cert_error_string(error));
	}
}

static bool path_is_good(const struct ike_credentials *c, STACK_OF(X509) *chain, char *err,
			 size_t err_len)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool ok;

	if (!ctx || !X509_STORE_CTX_init(ctx, c->store, sk_X509_value(chain, 0), chain))
		abort();
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (c->n_crls)
		X509_VERIFY_PARAM_set_flags(param,
					    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_CTX_set_verify_cb(ctx, on_fault);
	ok = X509_verify_cert(ctx) > 0;
	if (!ok)
		fault_text(ctx, err, err_len);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* RFC 4945 section 5.1.3.2: a key usage, if there is one, must allow signatures. */
static bool may_sign(X509 *cert)
{
	uint32_t usage = X509_get_key_usage(cert);

	return usage == UINT32_MAX || (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION));
}

EVP_PKEY *ike_credentials_peer_key(const struct ike_credentials *c, const struct ike_id *id,
				   struct ike_chunk certs, char *err, size_t err_len)
{
	STACK_OF(X509) *chain = read_chain(certs);
	X509 *cert = sk_X509_value(chain, 0);
	char shown[2 * IKE_MAX_ID], names[NAME_TEXT];
	EVP_PKEY *key = NULL;

	if (!cert) {
		snprintf(err, err_len, "the peer sent no certificate");
	} else if (!holds(cert, id)) {
		ike_id_text(id, shown, sizeof(shown));
		snprintf(err, err_len, "the peer shows %.200s, and its certificate is for %s", shown,
			 names_text(cert, names, sizeof(names)));
	} else if (!may_sign(cert)) {
		snprintf(err, err_len, "the key usage of the peer's certificate allows no signature");
	} else if (path_is_good(c, chain, err, err_len)) {
		key = X509_get_pubkey(cert);
		if (!key)
			snprintf(err, err_len, "the key in the peer's certificate is not supported");
	}
	sk_X509_pop_free(chain, X509_free);
	return key;
}
