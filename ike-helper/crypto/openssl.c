// SPDX-License-Identifier: GPL-2.0
/*
 * The core's cryptography by OpenSSL 3, EVP only. Three tables say what there is: MACs, ciphers,
 * groups. Whatever a row needs is fetched, and each group tried, when the backend is made.
 */
#include "openssl.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "../core/transform.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define GROUP_PARAMS 2

enum {
	SHA1_LEN = 20,
	NONCE_MAX = 16,
	POINT_UNCOMPRESSED = 4,		/* SEC 1 section 2.3.3; not sent in IKE (RFC 5903) */
};

static const struct mac_row {
	uint8_t type;
	uint16_t id;
	const char *digest;
} macs[] = {
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, "SHA2-256" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, "SHA2-384" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, "SHA2-512" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA1, "SHA1" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_MD5, "MD5" },
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_256_128, "SHA2-256" },
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_384_192, "SHA2-384" },
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_512_256, "SHA2-512" },
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA1_96, "SHA1" },
	{ IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_MD5_96, "MD5" },
};

/* The nonce of an AEAD is salt and explicit IV (RFC 4106 section 4, RFC 7634 section 2). */
static const struct cipher_row {
	uint16_t encr;
	uint16_t key_bits;
	const char *name;
	size_t key_len;
	size_t salt_len;
	size_t iv_len;
	size_t icv_len;
} ciphers[] = {
	{ IKE_ENCR_AES_GCM_16, 256, "AES-256-GCM", 32, 4, 8, 16 },
	{ IKE_ENCR_AES_GCM_16, 192, "AES-192-GCM", 24, 4, 8, 16 },
	{ IKE_ENCR_AES_GCM_16, 128, "AES-128-GCM", 16, 4, 8, 16 },
	{ IKE_ENCR_CHACHA20_POLY1305, 0, "ChaCha20-Poly1305", 32, 4, 8, 16 },
	{ IKE_ENCR_AES_CBC, 256, "AES-256-CBC", 32, 0, 16, 0 },
	{ IKE_ENCR_AES_CBC, 192, "AES-192-CBC", 24, 0, 16, 0 },
	{ IKE_ENCR_AES_CBC, 128, "AES-128-CBC", 16, 0, 16, 0 },
	{ IKE_ENCR_3DES, 0, "DES-EDE3-CBC", 24, 0, 8, 0 },
};

/* How OpenSSL takes and gives public values. */
enum ke_form {
	KE_OCTETS,	/* RFC 7748 */
	KE_POINT,	/* x and y behind POINT_UNCOMPRESSED */
	KE_NUMBER,	/* modulo a prime */
};

static const struct ke_row {
	uint16_t id;
	const char *type;
	const char *group;
	enum ke_form form;
	size_t secret_len;
	size_t pub_len;
	BIGNUM *(*prime)(BIGNUM *n);	/* of a group without a name, whose generator is 2 */
} groups[] = {
	{ IKE_KE_X25519, "X25519", NULL, KE_OCTETS, 32, 32, NULL },
	{ IKE_KE_ECP_256, "EC", "P-256", KE_POINT, 32, 64, NULL },
	{ IKE_KE_ECP_384, "EC", "P-384", KE_POINT, 48, 96, NULL },
	{ IKE_KE_ECP_521, "EC", "P-521", KE_POINT, 66, 132, NULL },
	{ IKE_KE_MODP_1024, "DH", NULL, KE_NUMBER, 128, 128, BN_get_rfc2409_prime_1024 },
	{ IKE_KE_MODP_1536, "DH", "modp_1536", KE_NUMBER, 192, 192, NULL },
	{ IKE_KE_MODP_2048, "DH", "modp_2048", KE_NUMBER, 256, 256, NULL },
	{ IKE_KE_MODP_3072, "DH", "modp_3072", KE_NUMBER, 384, 384, NULL },
	{ IKE_KE_MODP_4096, "DH", "modp_4096", KE_NUMBER, 512, 512, NULL },
};

/*
 * The backend: for each row of the tables what was fetched for it, NULL or false if the library
 * does not have it.
 */
struct backend {
	struct ike_crypto ops;
	EVP_MAC_CTX *mac[ARRAY_SIZE(macs)];
	EVP_CIPHER *cipher[ARRAY_SIZE(ciphers)];
	EVP_MD *sha1;
	bool group[ARRAY_SIZE(groups)];
};

static size_t find_mac(uint8_t type, uint16_t id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(macs); i++)
		if (macs[i].type == type && macs[i].id == id)
			break;
	return i;
}

static size_t find_cipher(uint16_t encr, uint16_t key_bits)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (ciphers[i].encr == encr && ciphers[i].key_bits == key_bits)
			break;
	return i;
}

static size_t find_cipher_by_key(uint16_t encr, size_t key_len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (ciphers[i].encr == encr &&
		    ciphers[i].key_len + ciphers[i].salt_len == key_len)
			break;
	return i;
}

static size_t find_group(uint16_t id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i].id == id)
			break;
	return i;
}

static bool supports(void *ctx, uint8_t type, uint16_t id, uint16_t key_bits)
{
	struct backend *b = ctx;
	size_t i;

	switch (type) {
	case IKE_TRANSFORM_ENCR:
		i = find_cipher(id, key_bits);
		return i < ARRAY_SIZE(ciphers) && b->cipher[i];
	case IKE_TRANSFORM_KE:
		i = find_group(id);
		return i < ARRAY_SIZE(groups) && b->group[i];
	default:
		i = find_mac(type, id);
		return i < ARRAY_SIZE(macs) && b->mac[i];
	}
}

/* ---- digests --------------------------------------------------------------------------------- */

/* Length of the output, 0 on failure. */
static size_t run_mac(struct backend *b, uint8_t type, uint16_t id, struct ike_chunk key,
		      const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	static const uint8_t empty[1];
	size_t i = find_mac(type, id);
	EVP_MAC_CTX *m;
	size_t len = 0;
	bool ok;

	if (i == ARRAY_SIZE(macs) || !b->mac[i])
		return 0;
	m = EVP_MAC_CTX_dup(b->mac[i]);
	/* Without a key OpenSSL would go on with an earlier one. */
	ok = m && EVP_MAC_init(m, key.len ? key.data : empty, key.len, NULL);
	for (i = 0; ok && i < n; i++)
		ok = EVP_MAC_update(m, parts[i].data, parts[i].len);
	ok = ok && EVP_MAC_final(m, out, &len, IKE_MAX_PRF);
	EVP_MAC_CTX_free(m);
	return ok ? len : 0;
}

static bool mac(void *ctx, uint8_t type, uint16_t id, struct ike_chunk key,
		const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	return run_mac(ctx, type, id, key, parts, n, out);
}

static bool sha1(void *ctx, const struct ike_chunk *parts, size_t n, uint8_t *out)
{
	struct backend *b = ctx;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t i;
	bool ok;

	ok = md && b->sha1 && EVP_DigestInit_ex2(md, b->sha1, NULL);
	for (i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(md, parts[i].data, parts[i].len);
	ok = ok && EVP_DigestFinal_ex(md, out, NULL);
	EVP_MD_CTX_free(md);
	return ok;
}

/* ---- ciphers --------------------------------------------------------------------------------- */

static bool set_icv(EVP_CIPHER_CTX *e, const struct cipher_row *row, uint8_t *icv, bool encrypt)
{
	if (!row->icv_len)
		return true;
	return EVP_CIPHER_CTX_ctrl(e, encrypt ? EVP_CTRL_AEAD_GET_TAG : EVP_CTRL_AEAD_SET_TAG,
				   row->icv_len, icv) > 0;
}

static bool transform(EVP_CIPHER_CTX *e, const struct cipher_row *row,
		      const struct ike_cipher_job *job, bool encrypt)
{
	uint8_t rest[EVP_MAX_BLOCK_LENGTH];
	int len;

	if (!EVP_CIPHER_CTX_set_padding(e, 0) || (!encrypt && !set_icv(e, row, job->icv, false)))
		return false;
	if (row->icv_len && job->aad_len &&
	    !EVP_CipherUpdate(e, NULL, &len, job->aad, job->aad_len))
		return false;
	if (job->len && !EVP_CipherUpdate(e, job->data, &len, job->data, job->len))
		return false;
	return EVP_CipherFinal_ex(e, rest, &len) &&
	       (!encrypt || set_icv(e, row, job->icv, true));
}

static bool run_cipher(struct backend *b, const struct ike_cipher_job *job, bool encrypt)
{
	size_t i = find_cipher_by_key(job->encr, job->key_len);
	const struct cipher_row *row = &ciphers[i];
	uint8_t nonce[NONCE_MAX];
	EVP_CIPHER_CTX *e = NULL;
	bool ok = false;

	if (i < ARRAY_SIZE(ciphers) && b->cipher[i])
		e = EVP_CIPHER_CTX_new();
	if (e) {
		memcpy(nonce, job->key + row->key_len, row->salt_len);
		memcpy(nonce + row->salt_len, job->iv, row->iv_len);
		ok = EVP_CipherInit_ex2(e, b->cipher[i], job->key, nonce, encrypt, NULL) &&
		     transform(e, row, job, encrypt);
	}
	if (!ok)
		OPENSSL_cleanse(job->data, job->len);
	EVP_CIPHER_CTX_free(e);
	return ok;
}

static bool seal(void *ctx, const struct ike_cipher_job *job)
{
	return run_cipher(ctx, job, true);
}

static bool open_sealed(void *ctx, const struct ike_cipher_job *job)
{
	return run_cipher(ctx, job, false);
}

/* ---- key exchange ---------------------------------------------------------------------------- */

struct group_buf {
	uint8_t prime[IKE_MAX_KE_PUB];
	unsigned int generator;
};

/*
 * An integer parameter in OpenSSL's order, the machine's; @buf holds it and is as long as the
 * value. Private keys of the groups whose form is KE_OCTETS are octets to OpenSSL as well.
 */
static bool number_param(const char *key, struct ike_chunk value, uint8_t *buf, OSSL_PARAM *param)
{
	BIGNUM *n = BN_bin2bn(value.data, value.len, NULL);
	bool ok = n && BN_bn2nativepad(n, buf, value.len) >= 0;

	*param = OSSL_PARAM_construct_BN(key, buf, value.len);
	BN_clear_free(n);
	return ok;
}

/* The parameters that say which group it is, GROUP_PARAMS at most; @buf holds their numbers. */
static OSSL_PARAM *group_params(const struct ke_row *row, struct group_buf *buf, OSSL_PARAM *p)
{
	BIGNUM *prime;

	if (row->group)
		*p++ = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
							(char *)row->group, 0);
	if (!row->prime)
		return p;
	prime = row->prime(NULL);
	if (!prime || BN_bn2nativepad(prime, buf->prime, row->pub_len) < 0)
		abort();
	BN_free(prime);
	buf->generator = 2;
	*p++ = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_FFC_P, buf->prime, row->pub_len);
	*p++ = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_FFC_G, &buf->generator);
	return p;
}

static bool private_param(const struct ke_row *row, struct ike_chunk priv, uint8_t *buf,
			  OSSL_PARAM *param)
{
	if (row->form != KE_OCTETS)
		return number_param(OSSL_PKEY_PARAM_PRIV_KEY, priv, buf, param);
	memcpy(buf, priv.data, priv.len);
	*param = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, buf, priv.len);
	return true;
}

static bool public_param(const struct ke_row *row, struct ike_chunk pub, uint8_t *buf,
			 OSSL_PARAM *param)
{
	size_t prefix = row->form == KE_POINT;

	if (row->form == KE_NUMBER)
		return number_param(OSSL_PKEY_PARAM_PUB_KEY, pub, buf, param);
	buf[0] = POINT_UNCOMPRESSED;
	memcpy(buf + prefix, pub.data, pub.len);
	*param = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, buf, prefix + pub.len);
	return true;
}

/* A key as OpenSSL holds it; @priv of length 0 for the peer's. A point off the curve fails here. */
static EVP_PKEY *load_key(const struct ke_row *row, struct ike_chunk pub, struct ike_chunk priv)
{
	uint8_t pub_buf[1 + IKE_MAX_KE_PUB];
	uint8_t priv_buf[IKE_MAX_KE_PRIV];
	OSSL_PARAM params[2 + GROUP_PARAMS + 1];
	OSSL_PARAM *p = params;
	struct group_buf group;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = NULL;

	if (!public_param(row, pub, pub_buf, p++))
		return NULL;
	if (priv.len && !private_param(row, priv, priv_buf, p++))
		goto out;
	*group_params(row, &group, p) = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, row->type, NULL);
	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &key, priv.len ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
				  params);
out:
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_cleanse(priv_buf, sizeof(priv_buf));
	return key;
}

/* The same for keys of a group that has no name: it must be made first. */
static EVP_PKEY_CTX *nameless(EVP_PKEY_CTX *ctx, OSSL_PARAM *params)
{
	EVP_PKEY *domain = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &domain, EVP_PKEY_KEY_PARAMETERS, params);
	EVP_PKEY_CTX_free(ctx);
	ctx = domain ? EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL) : NULL;
	EVP_PKEY_free(domain);
	return ctx;
}

static EVP_PKEY *generate_key(const struct ke_row *row)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, row->type, NULL);
	OSSL_PARAM params[GROUP_PARAMS + 1];
	struct group_buf buf;
	EVP_PKEY *key = NULL;

	*group_params(row, &buf, params) = OSSL_PARAM_construct_end();
	if (row->prime)
		ctx = nameless(ctx, params);
	if (ctx && EVP_PKEY_keygen_init(ctx) > 0 &&
	    (row->prime || EVP_PKEY_CTX_set_params(ctx, params) > 0))
		EVP_PKEY_generate(ctx, &key);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool store_private(const struct ke_row *row, const EVP_PKEY *key, uint8_t *priv)
{
	BIGNUM *n = NULL;
	size_t len;
	bool ok;

	if (row->form == KE_OCTETS)
		return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, priv,
						       row->secret_len, &len) > 0;
	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &n) > 0 &&
	     BN_bn2binpad(n, priv, row->secret_len) >= 0;
	BN_clear_free(n);
	return ok;
}

static bool store_public(const struct ke_row *row, EVP_PKEY *key, uint8_t *pub)
{
	size_t prefix = row->form == KE_POINT;
	uint8_t *data = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(key, &data);
	bool ok = len == prefix + row->pub_len;

	if (ok)
		memcpy(pub, data + prefix, row->pub_len);
	OPENSSL_free(data);
	return ok;
}

static bool ke_generate(void *ctx, uint16_t id, uint8_t *priv, size_t *priv_len, uint8_t *pub,
			size_t *pub_len)
{
	struct backend *b = ctx;
	size_t i = find_group(id);
	EVP_PKEY *key;
	bool ok;

	if (i == ARRAY_SIZE(groups) || !b->group[i])
		return false;
	key = generate_key(&groups[i]);
	ok = key && store_private(&groups[i], key, priv) && store_public(&groups[i], key, pub);
	EVP_PKEY_free(key);
	*priv_len = ok ? groups[i].secret_len : 0;
	*pub_len = ok ? groups[i].pub_len : 0;
	if (!ok)
		OPENSSL_cleanse(priv, groups[i].secret_len);
	ERR_clear_error();
	return ok;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < len; i++)
		any |= p[i];
	return !any;
}

/*
 * Setting the peer's key checks it: on the curve (RFC 6989 section 2.3), and between 1 and p - 1
 * (section 2.1), which is enough for safe primes. A low-order X25519 value gives zero and shows
 * only in the result (RFC 8031 section 2).
 */
static bool derive(const struct ke_row *row, EVP_PKEY *own, EVP_PKEY *peer, uint8_t *secret)
{
	unsigned int pad = 1;
	OSSL_PARAM params[2] = {
		row->form == KE_NUMBER ? OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad) :
					 OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t len = row->secret_len;
	bool ok;

	ok = ctx && EVP_PKEY_derive_init_ex(ctx, params) > 0 &&
	     EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) > 0 &&
	     EVP_PKEY_derive(ctx, secret, &len) > 0 && len == row->secret_len &&
	     !(row->form == KE_OCTETS && all_zero(secret, len));
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool ke_shared(void *ctx, uint16_t id, struct ike_chunk priv, struct ike_chunk own_pub,
		      struct ike_chunk peer_pub, uint8_t *secret, size_t *secret_len)
{
	struct backend *b = ctx;
	size_t i = find_group(id);
	const struct ke_row *row = &groups[i];
	EVP_PKEY *peer;
	EVP_PKEY *own;
	bool ok;

	*secret_len = 0;
	if (i == ARRAY_SIZE(groups) || !b->group[i] || priv.len != row->secret_len ||
	    own_pub.len != row->pub_len || peer_pub.len != row->pub_len)
		return false;
	own = load_key(row, own_pub, priv);
	peer = load_key(row, peer_pub, (struct ike_chunk){ NULL, 0 });
	ok = own && peer && derive(row, own, peer, secret);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	if (ok)
		*secret_len = row->secret_len;
	else
		OPENSSL_cleanse(secret, row->secret_len);
	ERR_clear_error();
	return ok;
}

/* ---- start and end --------------------------------------------------------------------------- */

static EVP_MAC_CTX *fetch_mac(EVP_MAC *hmac, const char *digest)
{
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *m = EVP_MAC_CTX_new(hmac);

	if (m && EVP_MAC_CTX_set_params(m, params) > 0)
		return m;
	EVP_MAC_CTX_free(m);
	return NULL;
}

static void fetch_all(struct backend *b)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(macs); i++)
		b->mac[i] = hmac ? fetch_mac(hmac, macs[i].digest) : NULL;
	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		b->cipher[i] = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
	b->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	EVP_MAC_free(hmac);
}

/* A key agreed with itself: has the library fetch all that a group needs. */
static bool try_group(struct backend *b, uint16_t id)
{
	uint8_t priv[IKE_MAX_KE_PRIV];
	uint8_t pub[IKE_MAX_KE_PUB];
	uint8_t secret[IKE_MAX_KE_SECRET];
	size_t priv_len, pub_len, secret_len;
	struct ike_chunk own;
	bool ok;

	if (!ke_generate(b, id, priv, &priv_len, pub, &pub_len))
		return false;
	own = (struct ike_chunk){ pub, pub_len };
	ok = ke_shared(b, id, (struct ike_chunk){ priv, priv_len }, own, own, secret, &secret_len);
	OPENSSL_cleanse(priv, sizeof(priv));
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

struct ike_crypto *ike_openssl_new(void)
{
	struct backend *b;
	size_t i;

	if (!OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
				 NULL) || RAND_status() != 1)
		return NULL;
	b = OPENSSL_zalloc(sizeof(*b));
	if (!b)
		return NULL;
	b->ops = (struct ike_crypto){
		.ctx = b,
		.supports = supports,
		.mac = mac,
		.sha1 = sha1,
		.seal = seal,
		.open = open_sealed,
		.ke_generate = ke_generate,
		.ke_shared = ke_shared,
	};
	fetch_all(b);
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		b->group[i] = true;
		b->group[i] = try_group(b, groups[i].id);
	}
	ERR_clear_error();
	return &b->ops;
}

void ike_openssl_free(struct ike_crypto *crypto)
{
	struct backend *b = crypto ? crypto->ctx : NULL;
	size_t i;

	if (!b)
		return;
	for (i = 0; i < ARRAY_SIZE(macs); i++)
		EVP_MAC_CTX_free(b->mac[i]);
	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		EVP_CIPHER_free(b->cipher[i]);
	EVP_MD_free(b->sha1);
	OPENSSL_free(b);
}

size_t ike_openssl_psk_auth(struct ike_crypto *crypto, uint16_t prf, struct ike_chunk psk,
			    struct ike_chunk octets, uint8_t *out)
{
	static const char pad[] = "Key Pad for IKEv2";
	struct ike_chunk pad_part = { (const uint8_t *)pad, sizeof(pad) - 1 };
	struct backend *b = crypto->ctx;
	uint8_t key[IKE_MAX_PRF];
	size_t len;

	len = run_mac(b, IKE_TRANSFORM_PRF, prf, psk, &pad_part, 1, key);
	if (len)
		len = run_mac(b, IKE_TRANSFORM_PRF, prf, (struct ike_chunk){ key, len }, &octets, 1,
			      out);
	OPENSSL_cleanse(key, sizeof(key));
	return len;
}

size_t ike_openssl_ppk_mix(struct ike_crypto *crypto, uint16_t prf, struct ike_chunk ppk,
			   const uint8_t *key, uint8_t *out)
{
	const struct ike_alg *alg = ike_alg_find(IKE_TRANSFORM_PRF, prf, 0);
	static const uint8_t first = 1;	/* of the blocks of prf+, and one is as long as the key */
	struct ike_chunk parts[2] = { { key, alg ? alg->key_len : 0 }, { &first, 1 } };

	return alg ? run_mac(crypto->ctx, IKE_TRANSFORM_PRF, prf, ppk, parts, 2, out) : 0;
}
