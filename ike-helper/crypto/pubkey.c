// SPDX-License-Identifier: GPL-2.0
/* Signatures of IKE_AUTH; the certificates are in x509.c. */
#include "pubkey.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "x509.h"

#define HASH_BIT(h) (1U << (h))

/*
 * What can be signed by RFC 7427, in our order of preference for a kind of key; the octets are the
 * AlgorithmIdentifiers of its appendix A, and of RFC 8420.
 */
static const struct scheme {
	int key;
	int bits;		/* of the curve that it goes with; 0: any */
	uint8_t hash;
	const char *digest;	/* NULL: the signature has its own */
	bool pss;
	uint8_t len;
	uint8_t id[67];
} schemes[] = {
#define PSS(oid, salt) 0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, \
	0x0a, 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, \
	0x04, 0x02, oid, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, \
	0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, \
	0x04, 0x02, oid, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, salt
#define ECDSA(oid) 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, oid
	{ EVP_PKEY_RSA, 0, IKE_HASH_SHA2_256, "SHA2-256", true, 67, { PSS(1, 32) } },
	{ EVP_PKEY_RSA, 0, IKE_HASH_SHA2_384, "SHA2-384", true, 67, { PSS(2, 48) } },
	{ EVP_PKEY_RSA, 0, IKE_HASH_SHA2_512, "SHA2-512", true, 67, { PSS(3, 64) } },
	{ EVP_PKEY_EC, 256, IKE_HASH_SHA2_256, "SHA2-256", false, 12, { ECDSA(2) } },
	{ EVP_PKEY_EC, 384, IKE_HASH_SHA2_384, "SHA2-384", false, 12, { ECDSA(3) } },
	{ EVP_PKEY_EC, 521, IKE_HASH_SHA2_512, "SHA2-512", false, 12, { ECDSA(4) } },
	{ EVP_PKEY_EC, 0, IKE_HASH_SHA2_256, "SHA2-256", false, 12, { ECDSA(2) } },
	{ EVP_PKEY_EC, 0, IKE_HASH_SHA2_384, "SHA2-384", false, 12, { ECDSA(3) } },
	{ EVP_PKEY_EC, 0, IKE_HASH_SHA2_512, "SHA2-512", false, 12, { ECDSA(4) } },
	{ EVP_PKEY_ED25519, 0, IKE_HASH_IDENTITY, NULL, false, 7,
	  { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 } },
};

/* RFC 4754: the curve settles the hash, and the signature is r and s of fixed length. */
static const struct curve {
	uint8_t method;
	int bits;
	const char *digest;
	size_t half;
} curves[] = {
	{ IKE_AUTH_ECDSA_256, 256, "SHA2-256", 32 },
	{ IKE_AUTH_ECDSA_384, 384, "SHA2-384", 48 },
	{ IKE_AUTH_ECDSA_521, 521, "SHA2-512", 66 },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

bool ike_pubkey_init(void)
{
	static const uint64_t all = OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
				    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
	static const char nothing[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	struct ike_credentials *c;
	char err[IKE_MAX_TEXT];
	bool ok = OPENSSL_init_crypto(all, NULL);
	int kind;

	/* What decoding a key or a certificate needs is fetched with the first, good or bad. */
	c = ike_credentials_new();
	for (kind = 0; ok && kind < IKE_N_CREDENTIALS; kind++)
		ike_credentials_add(c, kind, (struct ike_chunk){ (const uint8_t *)nothing,
								 sizeof(nothing) - 1 },
				    err, sizeof(err));
	ike_credentials_free(c);
	return ok;
}

/* ---- OpenSSL --------------------------------------------------------------------------------- */

static bool set_pss(EVP_PKEY_CTX *ctx, bool pss, int salt)
{
	return !pss || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0);
}

static size_t sign(EVP_PKEY *key, const char *digest, bool pss, struct ike_chunk octets,
		   uint8_t *out, size_t max)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	size_t len = max;
	bool ok;

	ok = md && EVP_DigestSignInit_ex(md, &ctx, digest, NULL, NULL, key, NULL) > 0 &&
	     set_pss(ctx, pss, RSA_PSS_SALTLEN_DIGEST) &&
	     EVP_DigestSign(md, out, &len, octets.data, octets.len) > 0;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok ? len : 0;
}

static bool verify(EVP_PKEY *key, const char *digest, bool pss, int salt, struct ike_chunk octets,
		   struct ike_chunk sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	bool ok;

	ok = md && EVP_DigestVerifyInit_ex(md, &ctx, digest, NULL, NULL, key, NULL) > 0 &&
	     set_pss(ctx, pss, salt) &&
	     EVP_DigestVerify(md, sig.data, sig.len, octets.data, octets.len) > 0;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok;
}

/* ---- ECDSA by RFC 4754 ----------------------------------------------------------------------- */

static const struct curve *curve_of(EVP_PKEY *key)
{
	size_t i;

	for (i = 0; EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && i < ARRAY_SIZE(curves); i++)
		if (curves[i].bits == EVP_PKEY_get_bits(key))
			return &curves[i];
	return NULL;
}

static size_t to_halves(const struct curve *curve, const uint8_t *der, size_t len, uint8_t *out)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, len);
	bool ok;

	ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, curve->half) > 0 &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + curve->half, curve->half) > 0;
	ECDSA_SIG_free(sig);
	return ok ? 2 * curve->half : 0;
}

static size_t from_halves(const struct curve *curve, struct ike_chunk auth, uint8_t *out)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r, *s;
	int len = 0;

	if (!sig || auth.len != 2 * curve->half) {
		ECDSA_SIG_free(sig);
		return 0;
	}
	r = BN_bin2bn(auth.data, curve->half, NULL);
	s = BN_bin2bn(auth.data + curve->half, curve->half, NULL);
	if (r && s && ECDSA_SIG_set0(sig, r, s)) {
		len = i2d_ECDSA_SIG(sig, &out);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return len > 0 ? len : 0;
}

/* ---- signing --------------------------------------------------------------------------------- */

static const struct scheme *choose(EVP_PKEY *key, uint32_t hashes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(schemes); i++)
		if (schemes[i].key == EVP_PKEY_get_base_id(key) &&
		    (!schemes[i].bits || schemes[i].bits == EVP_PKEY_get_bits(key)) &&
		    (hashes & HASH_BIT(schemes[i].hash)))
			return &schemes[i];
	return NULL;
}

/* RFC 7427 section 3: the AlgorithmIdentifier goes before the signature. */
static size_t sign_digital(EVP_PKEY *key, const struct scheme *s, struct ike_chunk octets,
			   uint8_t *out)
{
	size_t len;

	out[0] = s->len;
	memcpy(out + 1, s->id, s->len);
	len = sign(key, s->digest, s->pss, octets, out + 1 + s->len, IKE_MAX_AUTH - 1 - s->len);
	return len ? 1 + s->len + len : 0;
}

static size_t sign_curve(EVP_PKEY *key, const struct curve *curve, struct ike_chunk octets,
			 uint8_t *out)
{
	uint8_t der[160];
	size_t len = sign(key, curve->digest, false, octets, der, sizeof(der));

	return len ? to_halves(curve, der, len, out) : 0;
}

size_t ike_pubkey_sign(const struct ike_credentials *c, uint32_t hashes, struct ike_chunk octets,
		       uint8_t *method, uint8_t *out, char *err, size_t err_len)
{
	EVP_PKEY *key = ike_credentials_key(c);
	const struct scheme *s = choose(key, hashes);
	const struct curve *curve = curve_of(key);
	size_t len = 0;

	if (s) {
		*method = IKE_AUTH_DIGITAL_SIGNATURE;
		len = sign_digital(key, s, octets, out);
	} else if (curve) {
		*method = curve->method;
		len = sign_curve(key, curve, octets, out);
	} else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		/* RFC 7296 section 2.15 knows no other hash that every peer takes. */
		*method = IKE_AUTH_RSA;
		len = sign(key, "SHA1", false, octets, out, IKE_MAX_AUTH);
	} else {
		snprintf(err, err_len,
			 "the peer takes none of the signatures our key makes (SIGNATURE_HASH_ALGORITHMS)");
		return 0;
	}
	if (!len)
		snprintf(err, err_len, "OpenSSL cannot sign with our private key");
	return len;
}

/* ---- verifying ------------------------------------------------------------------------------- */

static bool digest_of(int nid, const char **digest, int *salt)
{
	static const struct {
		int nid;
		const char *digest;
		int salt;
	} digests[] = {
		{ NID_sha256, "SHA2-256", 32 },
		{ NID_sha384, "SHA2-384", 48 },
		{ NID_sha512, "SHA2-512", 64 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(digests); i++) {
		if (digests[i].nid != nid)
			continue;
		*digest = digests[i].digest;
		*salt = digests[i].salt;
		return true;
	}
	return false;
}

/* Parameters of RSASSA-PSS (RFC 8017 appendix A.2.3); defaults mean SHA-1 and are refused. */
static bool pss_parameters(const void *value, int type, const char **digest, int *salt)
{
	const ASN1_STRING *seq = value;
	const ASN1_OBJECT *oid;
	const uint8_t *p;
	RSA_PSS_PARAMS *pss;
	int wanted;
	bool ok;

	if (type != V_ASN1_SEQUENCE)
		return false;
	p = ASN1_STRING_get0_data(seq);
	pss = d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(seq));
	if (!pss)
		return false;
	ok = pss->hashAlgorithm && pss->saltLength;
	if (ok) {
		X509_ALGOR_get0(&oid, NULL, NULL, pss->hashAlgorithm);
		ok = digest_of(OBJ_obj2nid(oid), digest, &wanted);
		*salt = ASN1_INTEGER_get(pss->saltLength);
		ok = ok && *salt >= 0;
	}
	RSA_PSS_PARAMS_free(pss);
	return ok;
}

static bool verify_digital(EVP_PKEY *key, struct ike_chunk auth, struct ike_chunk octets,
			   const char **fault)
{
	const uint8_t *p = auth.data + 1;
	const char *digest = NULL;
	const ASN1_OBJECT *oid;
	const void *value;
	int md, pk, type, salt = 0;
	struct ike_chunk sig;
	X509_ALGOR *alg;
	bool pss, ok;

	*fault = "the AUTH payload is malformed";
	if (auth.len < 2 || auth.data[0] >= auth.len - 1)
		return false;
	alg = d2i_X509_ALGOR(NULL, &p, auth.data[0]);
	if (!alg)
		return false;
	sig.data = auth.data + 1 + auth.data[0];
	sig.len = auth.len - 1 - auth.data[0];
	X509_ALGOR_get0(&oid, &type, &value, alg);
	pss = OBJ_obj2nid(oid) == NID_rsassaPss;
	*fault = "the peer signs with an algorithm that is not supported here, or with SHA-1";
	if (pss)
		ok = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		     pss_parameters(value, type, &digest, &salt);
	else
		ok = OBJ_find_sigid_algs(OBJ_obj2nid(oid), &md, &pk) &&
		     pk == EVP_PKEY_get_base_id(key) &&
		     (pk == EVP_PKEY_ED25519 || digest_of(md, &digest, &salt));
	X509_ALGOR_free(alg);
	if (!ok)
		return false;
	*fault = "the signature is not of the key in the peer's certificate";
	return verify(key, digest, pss, salt, octets, sig);
}

static bool verify_rsa(EVP_PKEY *key, struct ike_chunk auth, struct ike_chunk octets)
{
	static const char *const digests[] = { "SHA1", "SHA2-256", "SHA2-384", "SHA2-512" };
	size_t i;

	for (i = 0; EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && i < ARRAY_SIZE(digests); i++)
		if (verify(key, digests[i], false, 0, octets, auth))
			return true;
	return false;
}

static bool verify_curve(EVP_PKEY *key, uint8_t method, struct ike_chunk auth,
			 struct ike_chunk octets)
{
	const struct curve *curve = curve_of(key);
	struct ike_chunk sig;
	uint8_t der[160];

	if (!curve || curve->method != method)
		return false;
	sig.data = der;
	sig.len = from_halves(curve, auth, der);
	return sig.len && verify(key, curve->digest, false, 0, octets, sig);
}

bool ike_pubkey_verify(const struct ike_credentials *c, const struct ike_id *id,
		       struct ike_chunk certs, uint8_t method, struct ike_chunk auth,
		       struct ike_chunk octets, enum ike_reason *reason, char *err, size_t err_len)
{
	const char *fault = "the signature is not of the key in the peer's certificate";
	EVP_PKEY *key;
	bool ok;

	*reason = IKE_REASON_CERTIFICATE;
	key = ike_credentials_peer_key(c, id, certs, err, err_len);
	if (!key)
		return false;
	*reason = IKE_REASON_AUTH_FAILED;
	if (method == IKE_AUTH_DIGITAL_SIGNATURE)
		ok = verify_digital(key, auth, octets, &fault);
	else if (method == IKE_AUTH_RSA)
		ok = verify_rsa(key, auth, octets);
	else
		ok = verify_curve(key, method, auth, octets);
	EVP_PKEY_free(key);
	if (!ok)
		snprintf(err, err_len, "%s", fault);
	return ok;
}
