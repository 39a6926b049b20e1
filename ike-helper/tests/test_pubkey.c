// SPDX-License-Identifier: GPL-2.0
/* Signatures and certificates: what is made is accepted, and what is not in order is named. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../core/ids.h"
#include "pki.h"

#define ALL_HASHES (1U << IKE_HASH_SHA2_256 | 1U << IKE_HASH_SHA2_384 | \
		    1U << IKE_HASH_SHA2_512 | 1U << IKE_HASH_IDENTITY)

static const struct ike_chunk octets = { (const uint8_t *)"what both sides have said", 25 };

static const struct pki_spec us = { .key = PKI_P256, .san = "DNS:a.example.net", .cn = "a" };

/**
 * struct proof - what the peer sends
 */
struct proof {
	struct ike_id id;
	uint8_t method;
	size_t len;
	uint8_t auth[IKE_MAX_AUTH];
	size_t certs_len;
	uint8_t certs[IKE_MAX_CERTS];
};

static void prove(const struct pki_spec *spec, const char *id, uint32_t hashes, struct proof *p)
{
	struct ike_credentials *c = pki_credentials(spec, false);
	char err[IKE_MAX_TEXT] = "";

	assert_true(ike_id_parse(id, &p->id));
	p->len = ike_pubkey_sign(c, hashes, octets, &p->method, p->auth, err, sizeof(err));
	if (!p->len)
		fail_msg("%s", err);
	p->certs_len = ike_credentials_chain(c, p->certs, sizeof(p->certs));
	ike_credentials_free(c);
}

static bool check(const struct proof *p, bool crl, enum ike_reason *reason, char *err, size_t len)
{
	struct ike_credentials *c = pki_credentials(&us, crl);
	bool ok;

	err[0] = 0;
	ok = ike_pubkey_verify(c, &p->id, (struct ike_chunk){ p->certs, p->certs_len }, p->method,
			       (struct ike_chunk){ p->auth, p->len }, octets, reason, err, len);
	ike_credentials_free(c);
	return ok;
}

static void every_key_with_every_hash(void **state)
{
	static const struct {
		uint32_t hashes;
		uint8_t method[PKI_N_KEYS];	/* 0: cannot sign */
	} cases[] = {
		{ ALL_HASHES, { 14, 14, 14, 14 } },
		{ 1U << IKE_HASH_SHA2_256, { 14, 14, 14, 0 } },
		{ 1U << IKE_HASH_SHA2_384, { 14, 14, 14, 0 } },
		{ 1U << IKE_HASH_SHA2_512, { 14, 14, 14, 0 } },
		{ 1U << IKE_HASH_IDENTITY, { 1, 9, 10, 14 } },
		{ 1U << IKE_HASH_SHA1, { 1, 9, 10, 0 } },
		{ 0, { 1, 9, 10, 0 } },
	};
	struct pki_spec spec = { .san = "DNS:b.example.net", .cn = "b" };
	struct ike_credentials *c;
	enum ike_reason reason;
	char err[IKE_MAX_TEXT];
	struct proof p;
	size_t i;
	int key;

	(void)state;
	for (key = 0; key < PKI_N_KEYS; key++) {
		spec.key = key;
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (!cases[i].method[key]) {
				c = pki_credentials(&spec, false);
				assert_int_equal(ike_pubkey_sign(c, cases[i].hashes, octets,
								 &p.method, p.auth, err,
								 sizeof(err)), 0);
				assert_non_null(strstr(err, "SIGNATURE_HASH_ALGORITHMS"));
				ike_credentials_free(c);
				continue;
			}
			prove(&spec, "b.example.net", cases[i].hashes, &p);
			assert_int_equal(p.method, cases[i].method[key]);
			if (!check(&p, false, &reason, err, sizeof(err)))
				fail_msg("%s, case %zu: %s", pki_key_name(key), i, err);
			p.auth[p.len - 1] ^= 1;
			assert_false(check(&p, false, &reason, err, sizeof(err)));
			assert_int_equal(reason, IKE_REASON_AUTH_FAILED);
		}
	}
}

/* A signature of another key, and AUTH data cut short anywhere, are refused and harm nothing. */
static void broken_proofs(void **state)
{
	struct pki_spec spec = { .san = "DNS:b.example.net", .cn = "b" };
	enum ike_reason reason;
	char err[IKE_MAX_TEXT];
	struct proof p, q;
	size_t len;
	int key;

	(void)state;
	for (key = 0; key < PKI_N_KEYS; key++) {
		spec.key = key;
		prove(&spec, "b.example.net", ALL_HASHES, &p);
		for (len = 0; len < p.len; len++) {
			q = p;
			q.len = len;
			assert_false(check(&q, false, &reason, err, sizeof(err)));
		}
		q = p;
		q.certs_len = 0;
		assert_false(check(&q, false, &reason, err, sizeof(err)));
		assert_string_equal(err, "the peer sent no certificate");
		q.certs_len = p.certs_len - 1;
		assert_false(check(&q, false, &reason, err, sizeof(err)));
	}
}

/* Peers may send PKCS #1 v1.5 with RFC 7427; SHA-1 is not taken there. */
static void pkcs1_by_rfc_7427(void **state)
{
	static const uint8_t sha256_rsa[] = {
		15, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b,
		0x05, 0x00
	};
	struct pki_spec spec = { .key = PKI_RSA, .san = "DNS:b.example.net", .cn = "b" };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	enum ike_reason reason;
	char err[IKE_MAX_TEXT];
	char pem[8192];
	struct proof p;
	EVP_PKEY *key;
	BIO *bio;
	size_t n;

	(void)state;
	prove(&spec, "b.example.net", ALL_HASHES, &p);
	n = pki_pem(&spec, IKE_CREDENTIAL_KEY, pem, sizeof(pem));
	bio = BIO_new_mem_buf(pem, n);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	memcpy(p.auth, sha256_rsa, sizeof(sha256_rsa));
	n = sizeof(p.auth) - sizeof(sha256_rsa);
	assert_true(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) > 0);
	assert_true(EVP_DigestSign(md, p.auth + sizeof(sha256_rsa), &n, octets.data,
				   octets.len) > 0);
	p.len = sizeof(sha256_rsa) + n;
	assert_true(check(&p, false, &reason, err, sizeof(err)));
	p.auth[13] = 0x05;	/* sha1WithRSAEncryption */
	assert_false(check(&p, false, &reason, err, sizeof(err)));
	assert_non_null(strstr(err, "SHA-1"));
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

/**
 * struct peer - whose certificate is or is not in order
 * @spec: it
 * @id: what the peer shows
 * @crl: we have the CRL
 * @said: what is wrong, NULL: nothing
 */
static const struct peer {
	struct pki_spec spec;
	const char *id;
	bool crl;
	const char *said;
} peers[] = {
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b" }, "B.example.NET", false, NULL },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b" }, "b.example.net", true, NULL },
	{ { .key = PKI_P256, .san = "IP:192.0.2.7", .cn = "b" }, "192.0.2.7", false, NULL },
	{ { .key = PKI_P256, .san = "IP:2001:db8::7", .cn = "b" }, "2001:db8::7", false, NULL },
	{ { .key = PKI_P256, .san = "email:b@example.net", .cn = "b" }, "b@example.net", false, NULL },
	{ { .key = PKI_P256, .cn = "b" }, "C=CH, O=Test, CN=b", false, NULL },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .between = true }, "b.example.net",
	  false, NULL },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .usage = "digitalSignature" },
	  "b.example.net", false, NULL },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .usage = "keyEncipherment" },
	  "b.example.net", false, "key usage" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b" }, "c.example.net", false,
	  "the peer shows c.example.net, and its certificate is for DNS:b.example.net" },
	{ { .key = PKI_P256, .cn = "b.example.net" }, "b.example.net", false, "its certificate is for" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b" }, "C=CH, O=Test, CN=c", false,
	  "the peer shows C=CH, O=Test, CN=c" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .to = -60 }, "b.example.net", false,
	  "expired on 20" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .from = 1800 }, "b.example.net",
	  false, "is not valid before 20" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .other_ca = true },
	  "b.example.net", false, "comes from \"C=CH, O=Test, CN=Another CA\", which is no ca" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .revoked = true },
	  "b.example.net", true, "was revoked" },
	{ { .key = PKI_P256, .san = "DNS:b.example.net", .cn = "b", .between = true },
	  "b.example.net", true, "there is no CRL of \"C=CH, O=Test, CN=Test CA between\"" },
};

static void certificates_in_words(void **state)
{
	enum ike_reason reason;
	char err[IKE_MAX_TEXT];
	struct proof p;
	bool ok;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		prove(&peers[i].spec, peers[i].id, ALL_HASHES, &p);
		ok = check(&p, peers[i].crl, &reason, err, sizeof(err));
		if (ok != !peers[i].said)
			fail_msg("case %zu: %s", i, ok ? "accepted" : err);
		if (ok)
			continue;
		assert_int_equal(reason, IKE_REASON_CERTIFICATE);
		if (!strstr(err, peers[i].said))
			fail_msg("case %zu: \"%s\" is not in \"%s\"", i, peers[i].said, err);
	}
}

static void add_text(struct ike_credentials *c, enum ike_credential_kind kind, const char *text,
		     const char *said)
{
	char err[IKE_MAX_TEXT];

	assert_false(ike_credentials_add(c, kind, (struct ike_chunk){ (const uint8_t *)text,
								      strlen(text) },
					 err, sizeof(err)));
	assert_non_null(strstr(err, said));
}

static void our_own_files(void **state)
{
	struct ike_credentials *c = ike_credentials_new();
	const struct pki_spec rsa = { .key = PKI_RSA, .san = "DNS:a.example.net", .cn = "a" };
	struct ike_id id, other;
	char err[IKE_MAX_TEXT];
	char pem[8192];
	uint8_t out[64];
	size_t n;

	(void)state;
	assert_true(ike_id_parse("a.example.net", &id));
	assert_true(ike_id_parse("x.example.net", &other));
	add_text(c, IKE_CREDENTIAL_KEY, "no key", "there is no private key");
	add_text(c, IKE_CREDENTIAL_CERTIFICATE, "", "there is no certificate");
	add_text(c, IKE_CREDENTIAL_CA, "x", "there is no certificate");
	add_text(c, IKE_CREDENTIAL_CRL, "x", "there is no CRL");
	assert_false(ike_credentials_usable(c, &id, err, sizeof(err)));
	ike_credentials_free(c);

	c = pki_credentials(&us, false);
	assert_true(ike_credentials_usable(c, &id, err, sizeof(err)));
	assert_int_equal(ike_credentials_authorities(c, out, sizeof(out)), 20);
	assert_int_equal(ike_credentials_authorities(c, out, 19), 0);
	assert_false(ike_credentials_usable(c, &other, err, sizeof(err)));
	assert_non_null(strstr(err, "local-id is not in certificate, which is for DNS:a.example.net"));
	n = pki_pem(&rsa, IKE_CREDENTIAL_KEY, pem, sizeof(pem));
	assert_true(ike_credentials_add(c, IKE_CREDENTIAL_KEY,
					(struct ike_chunk){ (const uint8_t *)pem, n }, err,
					sizeof(err)));
	assert_false(ike_credentials_usable(c, &id, err, sizeof(err)));
	assert_string_equal(err, "private-key is not the key of certificate");
	ike_credentials_free(c);
}

static int done(void **state)
{
	(void)state;
	pki_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_with_every_hash),
		cmocka_unit_test(broken_proofs),
		cmocka_unit_test(pkcs1_by_rfc_7427),
		cmocka_unit_test(certificates_in_words),
		cmocka_unit_test(our_own_files),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
