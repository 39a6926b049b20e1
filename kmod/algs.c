// SPDX-License-Identifier: GPL-2.0
/*
 * The algorithms: a table of encryption transforms and combined modes, and a table of integrity
 * transforms. Adding an algorithm is adding a line. What an SA uses is a combined mode alone, or
 * an encryption transform with an integrity transform; all of these are worked out once.
 */

#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ipvti.h"

/* IKEv2 transform ids, IANA "Internet Key Exchange Version 2 (IKEv2) Parameters". */
enum {
	ID_NONE				= 0,	/* none is assigned */

	ENCR_3DES			= 3,
	ENCR_CAST			= 6,
	ENCR_BLOWFISH			= 7,
	ENCR_NULL			= 11,
	ENCR_AES_CBC			= 12,
	ENCR_AES_CTR			= 13,
	ENCR_AES_CCM_8			= 14,
	ENCR_AES_CCM_12			= 15,
	ENCR_AES_CCM_16			= 16,
	ENCR_AES_GCM_8			= 18,
	ENCR_AES_GCM_12			= 19,
	ENCR_AES_GCM_16			= 20,
	ENCR_NULL_AUTH_AES_GMAC		= 21,
	ENCR_CAMELLIA_CBC		= 23,
	ENCR_CAMELLIA_CTR		= 24,
	ENCR_CAMELLIA_CCM_8		= 25,
	ENCR_CAMELLIA_CCM_12		= 26,
	ENCR_CAMELLIA_CCM_16		= 27,
	ENCR_CHACHA20_POLY1305		= 28,

	AUTH_HMAC_MD5_96		= 1,
	AUTH_HMAC_SHA1_96		= 2,
	AUTH_AES_XCBC_96		= 5,
	AUTH_HMAC_MD5_128		= 6,
	AUTH_HMAC_SHA1_160		= 7,
	AUTH_AES_CMAC_96		= 8,
	AUTH_HMAC_SHA2_256_128		= 12,
	AUTH_HMAC_SHA2_384_192		= 13,
	AUTH_HMAC_SHA2_512_256		= 14,
};

/*
 * Status: RFC 8221 sections 5 and 6, where 192-bit keys and what is not mentioned is MAY; what
 * RFC 9395 deprecates since is MUST NOT. What no RFC describes is UNLISTED.
 */

/* Keyword, crypto API name, id, bits of key that IKEv2 sends, bytes of key, salt, ICV. */
#define COMBINED(name_, crypto_, id_, bits_, key_, salt_, icv_, status_, rfc_) {		\
	.name = name_, .crypto = crypto_, .id = id_, .key_bits = bits_, .key_len = key_,	\
	.salt_len = salt_, .sizes = { .iv_len = 8, .icv_len = icv_, .block = 4 },		\
	.iv_mode = IPVTI_IV_COUNTER, .status = IPVTI_ALG_##status_, .rfc = rfc_ }

/* Keyword, crypto API name, id, bits of key. */
#define CTR(name_, crypto_, id_, bits_, status_, rfc_)						\
	COMBINED(name_, crypto_, id_, bits_, bits_ / 8, 4, 0, status_, rfc_)

/* Keyword, crypto API name, id, bits of key that IKEv2 sends, bytes of key, block. */
#define CBC(name_, crypto_, id_, bits_, key_, block_, status_, rfc_) {				\
	.name = name_, .crypto = crypto_, .id = id_, .key_bits = bits_, .key_len = key_,	\
	.sizes = { .iv_len = block_, .block = block_ },						\
	.iv_mode = IPVTI_IV_RANDOM, .status = IPVTI_ALG_##status_, .rfc = rfc_ }

static const struct ipvti_encr encrs[] = {
	COMBINED("aes128gcm8", "rfc4106(gcm(aes))", ENCR_AES_GCM_8, 128, 16, 4, 8, MAY, 4106),
	COMBINED("aes192gcm8", "rfc4106(gcm(aes))", ENCR_AES_GCM_8, 192, 24, 4, 8, MAY, 4106),
	COMBINED("aes256gcm8", "rfc4106(gcm(aes))", ENCR_AES_GCM_8, 256, 32, 4, 8, MAY, 4106),
	COMBINED("aes128gcm12", "rfc4106(gcm(aes))", ENCR_AES_GCM_12, 128, 16, 4, 12, MAY, 4106),
	COMBINED("aes192gcm12", "rfc4106(gcm(aes))", ENCR_AES_GCM_12, 192, 24, 4, 12, MAY, 4106),
	COMBINED("aes256gcm12", "rfc4106(gcm(aes))", ENCR_AES_GCM_12, 256, 32, 4, 12, MAY, 4106),
	COMBINED("aes128gcm16", "rfc4106(gcm(aes))", ENCR_AES_GCM_16, 128, 16, 4, 16, MUST, 4106),
	COMBINED("aes192gcm16", "rfc4106(gcm(aes))", ENCR_AES_GCM_16, 192, 24, 4, 16, MAY, 4106),
	COMBINED("aes256gcm16", "rfc4106(gcm(aes))", ENCR_AES_GCM_16, 256, 32, 4, 16, MUST, 4106),
	COMBINED("chacha20poly1305", "rfc7539esp(chacha20,poly1305)", ENCR_CHACHA20_POLY1305,
		 0, 32, 4, 16, SHOULD, 7634),
	COMBINED("aes128ccm8", "rfc4309(ccm(aes))", ENCR_AES_CCM_8, 128, 16, 3, 8, SHOULD, 4309),
	COMBINED("aes192ccm8", "rfc4309(ccm(aes))", ENCR_AES_CCM_8, 192, 24, 3, 8, MAY, 4309),
	COMBINED("aes256ccm8", "rfc4309(ccm(aes))", ENCR_AES_CCM_8, 256, 32, 3, 8, MAY, 4309),
	COMBINED("aes128ccm12", "rfc4309(ccm(aes))", ENCR_AES_CCM_12, 128, 16, 3, 12, MAY, 4309),
	COMBINED("aes192ccm12", "rfc4309(ccm(aes))", ENCR_AES_CCM_12, 192, 24, 3, 12, MAY, 4309),
	COMBINED("aes256ccm12", "rfc4309(ccm(aes))", ENCR_AES_CCM_12, 256, 32, 3, 12, MAY, 4309),
	COMBINED("aes128ccm16", "rfc4309(ccm(aes))", ENCR_AES_CCM_16, 128, 16, 3, 16, MAY, 4309),
	COMBINED("aes192ccm16", "rfc4309(ccm(aes))", ENCR_AES_CCM_16, 192, 24, 3, 16, MAY, 4309),
	COMBINED("aes256ccm16", "rfc4309(ccm(aes))", ENCR_AES_CCM_16, 256, 32, 3, 16, MAY, 4309),
	COMBINED("camellia128ccm8", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_8,
		 128, 16, 3, 8, MAY, 5529),
	COMBINED("camellia192ccm8", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_8,
		 192, 24, 3, 8, MAY, 5529),
	COMBINED("camellia256ccm8", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_8,
		 256, 32, 3, 8, MAY, 5529),
	COMBINED("camellia128ccm12", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_12,
		 128, 16, 3, 12, MAY, 5529),
	COMBINED("camellia192ccm12", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_12,
		 192, 24, 3, 12, MAY, 5529),
	COMBINED("camellia256ccm12", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_12,
		 256, 32, 3, 12, MAY, 5529),
	COMBINED("camellia128ccm16", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_16,
		 128, 16, 3, 16, MAY, 5529),
	COMBINED("camellia192ccm16", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_16,
		 192, 24, 3, 16, MAY, 5529),
	COMBINED("camellia256ccm16", "rfc4309(ccm(camellia))", ENCR_CAMELLIA_CCM_16,
		 256, 32, 3, 16, MAY, 5529),
	COMBINED("aes128gmac", "rfc4543(gcm(aes))", ENCR_NULL_AUTH_AES_GMAC,
		 128, 16, 4, 16, MAY, 4543),
	COMBINED("aes192gmac", "rfc4543(gcm(aes))", ENCR_NULL_AUTH_AES_GMAC,
		 192, 24, 4, 16, MAY, 4543),
	COMBINED("aes256gmac", "rfc4543(gcm(aes))", ENCR_NULL_AUTH_AES_GMAC,
		 256, 32, 4, 16, MAY, 4543),
	CBC("aes128", "cbc(aes)", ENCR_AES_CBC, 128, 16, 16, MUST, 3602),
	CBC("aes192", "cbc(aes)", ENCR_AES_CBC, 192, 24, 16, MAY, 3602),
	CBC("aes256", "cbc(aes)", ENCR_AES_CBC, 256, 32, 16, MUST, 3602),
	CTR("aes128ctr", "rfc3686(ctr(aes))", ENCR_AES_CTR, 128, MAY, 3686),
	CTR("aes192ctr", "rfc3686(ctr(aes))", ENCR_AES_CTR, 192, MAY, 3686),
	CTR("aes256ctr", "rfc3686(ctr(aes))", ENCR_AES_CTR, 256, MAY, 3686),
	CBC("camellia128", "cbc(camellia)", ENCR_CAMELLIA_CBC, 128, 16, 16, MAY, 4312),
	CBC("camellia192", "cbc(camellia)", ENCR_CAMELLIA_CBC, 192, 24, 16, MAY, 4312),
	CBC("camellia256", "cbc(camellia)", ENCR_CAMELLIA_CBC, 256, 32, 16, MAY, 4312),
	CTR("camellia128ctr", "rfc3686(ctr(camellia))", ENCR_CAMELLIA_CTR, 128, MAY, 5529),
	CTR("camellia192ctr", "rfc3686(ctr(camellia))", ENCR_CAMELLIA_CTR, 192, MAY, 5529),
	CTR("camellia256ctr", "rfc3686(ctr(camellia))", ENCR_CAMELLIA_CTR, 256, MAY, 5529),
	{
		.name = "null", .crypto = "ecb(cipher_null)", .id = ENCR_NULL,
		.sizes = { .block = 4 }, .status = IPVTI_ALG_MUST, .rfc = 2410,
	},
	CBC("3des", "cbc(des3_ede)", ENCR_3DES, 0, 24, 8, SHOULD_NOT, 2451),
	CBC("cast128", "cbc(cast5)", ENCR_CAST, 128, 16, 8, MUST_NOT, 2451),
	CBC("blowfish128", "cbc(blowfish)", ENCR_BLOWFISH, 128, 16, 8, MUST_NOT, 2451),
	CBC("blowfish192", "cbc(blowfish)", ENCR_BLOWFISH, 192, 24, 8, MUST_NOT, 2451),
	CBC("blowfish256", "cbc(blowfish)", ENCR_BLOWFISH, 256, 32, 8, MUST_NOT, 2451),
	CBC("serpent128", "cbc(serpent)", ID_NONE, 128, 16, 16, UNLISTED, 0),
	CBC("serpent192", "cbc(serpent)", ID_NONE, 192, 24, 16, UNLISTED, 0),
	CBC("serpent256", "cbc(serpent)", ID_NONE, 256, 32, 16, UNLISTED, 0),
	CBC("twofish128", "cbc(twofish)", ID_NONE, 128, 16, 16, UNLISTED, 0),
	CBC("twofish192", "cbc(twofish)", ID_NONE, 192, 24, 16, UNLISTED, 0),
	CBC("twofish256", "cbc(twofish)", ID_NONE, 256, 32, 16, UNLISTED, 0),
};

/* Keyword, crypto API name, id, bytes of key, bytes of ICV. */
#define INTEG(name_, crypto_, id_, key_, icv_, status_, rfc_) {					\
	.name = name_, .crypto = crypto_, .id = id_, .key_len = key_, .icv_len = icv_,		\
	.status = IPVTI_ALG_##status_, .rfc = rfc_ }

static const struct ipvti_integ integs[] = {
	INTEG("sha256", "hmac(sha256)", AUTH_HMAC_SHA2_256_128, 32, 16, MUST, 4868),
	INTEG("sha384", "hmac(sha384)", AUTH_HMAC_SHA2_384_192, 48, 24, MAY, 4868),
	INTEG("sha512", "hmac(sha512)", AUTH_HMAC_SHA2_512_256, 64, 32, SHOULD, 4868),
	INTEG("sha1", "hmac(sha1)", AUTH_HMAC_SHA1_96, 20, 12, MUST_MINUS, 2404),
	INTEG("aesxcbc", "xcbc(aes)", AUTH_AES_XCBC_96, 16, 12, MAY, 3566),
	INTEG("aescmac", "cmac(aes)", AUTH_AES_CMAC_96, 16, 12, MAY, 4494),
	INTEG("sha1_160", "hmac(sha1)", AUTH_HMAC_SHA1_160, 20, 20, MUST_NOT, 4595),
	INTEG("sha256_96", "hmac(sha256)", ID_NONE, 32, 12, UNLISTED, 0),
	INTEG("md5", "hmac(md5)", AUTH_HMAC_MD5_96, 16, 12, MUST_NOT, 2403),
	INTEG("md5_128", "hmac(md5)", AUTH_HMAC_MD5_128, 16, 16, MUST_NOT, 4595),
};

/* More than there are: combined modes take one place each. */
static struct ipvti_alg algs[ARRAY_SIZE(encrs) * ARRAY_SIZE(integs)] __ro_after_init;
static unsigned int alg_count __ro_after_init;

static void __init add(const struct ipvti_encr *encr, const struct ipvti_integ *integ)
{
	struct ipvti_alg *alg = &algs[alg_count++];

	alg->encr = encr;
	alg->integ = integ;
	alg->sizes = encr->sizes;
	alg->iv_mode = encr->iv_mode;
	if (integ)
		alg->sizes.icv_len = integ->icv_len;
	snprintf(alg->name, sizeof(alg->name), "%s%s%s", encr->name, integ ? "-" : "",
		 integ ? integ->name : "");
}

/**
 * ipvti_algs_init() - work out which algorithms there are
 *
 * Context: module init, before anything looks for one.
 */
void __init ipvti_algs_init(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(encrs); i++) {
		if (encrs[i].sizes.icv_len) {
			add(&encrs[i], NULL);
			continue;
		}
		for (j = 0; j < ARRAY_SIZE(integs); j++)
			add(&encrs[i], &integs[j]);
	}
}

/**
 * ipvti_alg_find() - look an algorithm up by its keyword
 * @name: strongSwan proposal keyword
 *
 * Return: the algorithm, or NULL.
 */
const struct ipvti_alg *ipvti_alg_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < alg_count; i++)
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	return NULL;
}

/**
 * ipvti_alg_at() - walk all algorithms
 * @index: from 0
 *
 * Return: the algorithm, NULL past the end.
 */
const struct ipvti_alg *ipvti_alg_at(unsigned int index)
{
	return index < alg_count ? &algs[index] : NULL;
}

/**
 * ipvti_alg_crypto_name() - what the crypto API calls an algorithm
 * @alg: algorithm
 * @esn: with extended sequence numbers
 * @buf: for the name, CRYPTO_MAX_ALG_NAME bytes
 *
 * Of a combined mode it is the same name for both lengths of sequence numbers: only the
 * associated data differ, RFC 4106 section 5.
 */
void ipvti_alg_crypto_name(const struct ipvti_alg *alg, bool esn, char *buf)
{
	if (alg->integ)
		snprintf(buf, CRYPTO_MAX_ALG_NAME, "authenc%s(%s,%s)", esn ? "esn" : "",
			 alg->integ->crypto, alg->encr->crypto);
	else
		strscpy(buf, alg->encr->crypto, CRYPTO_MAX_ALG_NAME);
}

/* ---- what this kernel has ---- */

/* By line of the two tables; empty: the kernel has none. */
struct ipvti_drivers {
	char encr[ARRAY_SIZE(encrs)][CRYPTO_MAX_ALG_NAME];
	char integ[ARRAY_SIZE(integs)][CRYPTO_MAX_ALG_NAME];
};

static void probe_combined(const char *crypto, char *name)
{
	struct crypto_aead *tfm = crypto_alloc_aead(crypto, 0, 0);

	if (IS_ERR(tfm))
		return;
	strscpy(name, crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)), CRYPTO_MAX_ALG_NAME);
	crypto_free_aead(tfm);
}

static void probe_cipher(const char *crypto, char *name)
{
	struct crypto_skcipher *tfm = crypto_alloc_skcipher(crypto, 0, 0);

	if (IS_ERR(tfm))
		return;
	strscpy(name, crypto_tfm_alg_driver_name(crypto_skcipher_tfm(tfm)), CRYPTO_MAX_ALG_NAME);
	crypto_free_skcipher(tfm);
}

static void probe_hash(const char *crypto, char *name)
{
	struct crypto_ahash *tfm = crypto_alloc_ahash(crypto, 0, 0);

	if (IS_ERR(tfm))
		return;
	strscpy(name, crypto_tfm_alg_driver_name(crypto_ahash_tfm(tfm)), CRYPTO_MAX_ALG_NAME);
	crypto_free_ahash(tfm);
}

/**
 * ipvti_drivers_probe() - find out which drivers this kernel would use
 *
 * Asks for each transform, not for each combination: authenc() of the two would become an
 * algorithm of the kernel's that never goes away.
 *
 * Context: process, may sleep and load modules.
 * Return: to be given to kvfree(); or NULL.
 */
struct ipvti_drivers *ipvti_drivers_probe(void)
{
	struct ipvti_drivers *drivers = kvzalloc(sizeof(*drivers), GFP_KERNEL);
	unsigned int i;

	if (!drivers)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(encrs); i++) {
		/* Looking in vain takes long: lines of the same cipher stand together. */
		if (i && !strcmp(encrs[i].crypto, encrs[i - 1].crypto))
			strcpy(drivers->encr[i], drivers->encr[i - 1]);
		else if (encrs[i].sizes.icv_len)
			probe_combined(encrs[i].crypto, drivers->encr[i]);
		else
			probe_cipher(encrs[i].crypto, drivers->encr[i]);
	}
	for (i = 0; i < ARRAY_SIZE(integs); i++)
		probe_hash(integs[i].crypto, drivers->integ[i]);
	return drivers;
}

/**
 * ipvti_driver_encr() - driver of the cipher or combined mode of an algorithm
 * @drivers: from ipvti_drivers_probe()
 * @alg: algorithm
 *
 * Return: its name, or NULL: this kernel has none.
 */
const char *ipvti_driver_encr(const struct ipvti_drivers *drivers, const struct ipvti_alg *alg)
{
	const char *name = drivers->encr[alg->encr - encrs];

	return *name ? name : NULL;
}

/**
 * ipvti_driver_integ() - driver of the integrity function of an algorithm
 * @drivers: from ipvti_drivers_probe()
 * @alg: algorithm
 *
 * Return: its name, or NULL: this kernel has none, or the algorithm needs none.
 */
const char *ipvti_driver_integ(const struct ipvti_drivers *drivers, const struct ipvti_alg *alg)
{
	const char *name = alg->integ ? drivers->integ[alg->integ - integs] : "";

	return *name ? name : NULL;
}
