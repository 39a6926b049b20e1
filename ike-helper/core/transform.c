// SPDX-License-Identifier: GPL-2.0
#include "transform.h"

#include <string.h>

#define ENCR	IKE_TRANSFORM_ENCR
#define INTEG	IKE_TRANSFORM_INTEG
#define PRF	IKE_TRANSFORM_PRF
#define KE	IKE_TRANSFORM_KE
#define ESN	IKE_TRANSFORM_ESN

/* keyword, type, id, key bits, key, iv, block, icv, prf, ike, esp, standing, aead */
const struct ike_alg ike_algs[] = {
	/* RFC 5282 and RFC 4106; RFC 7634; RFC 3602. In our order of preference. */
	{ "aes256gcm16", ENCR, IKE_ENCR_AES_GCM_16, 256, 36, 8, 1, 16, 0, true, true, IKE_MUST, true },
	{ "aes192gcm16", ENCR, IKE_ENCR_AES_GCM_16, 192, 28, 8, 1, 16, 0, true, true, IKE_MAY, true },
	{ "aes128gcm16", ENCR, IKE_ENCR_AES_GCM_16, 128, 20, 8, 1, 16, 0, true, true, IKE_MUST, true },
	{ "chacha20poly1305", ENCR, IKE_ENCR_CHACHA20_POLY1305, 0, 36, 8, 1, 16, 0, true, true, IKE_SHOULD, true },
	{ "aes256", ENCR, IKE_ENCR_AES_CBC, 256, 32, 16, 16, 0, 0, true, true, IKE_MUST, false },
	{ "aes192", ENCR, IKE_ENCR_AES_CBC, 192, 24, 16, 16, 0, 0, true, true, IKE_MAY, false },
	{ "aes128", ENCR, IKE_ENCR_AES_CBC, 128, 16, 16, 16, 0, 0, true, true, IKE_MUST, false },
	{ "3des", ENCR, IKE_ENCR_3DES, 0, 24, 8, 8, 0, 0, true, true, IKE_SHOULD_NOT, false },
	{ "null", ENCR, IKE_ENCR_NULL, 0, 0, 0, 4, 0, 0, false, true, IKE_MUST, false },
	/* ESP only: RFC 4106, RFC 4309, RFC 5529, RFC 4543; RFC 3686, RFC 4312, RFC 2451 */
	{ "aes256gcm8", ENCR, IKE_ENCR_AES_GCM_8, 256, 36, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes192gcm8", ENCR, IKE_ENCR_AES_GCM_8, 192, 28, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes128gcm8", ENCR, IKE_ENCR_AES_GCM_8, 128, 20, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes256gcm12", ENCR, IKE_ENCR_AES_GCM_12, 256, 36, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes192gcm12", ENCR, IKE_ENCR_AES_GCM_12, 192, 28, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes128gcm12", ENCR, IKE_ENCR_AES_GCM_12, 128, 20, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes256ccm16", ENCR, IKE_ENCR_AES_CCM_16, 256, 35, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes192ccm16", ENCR, IKE_ENCR_AES_CCM_16, 192, 27, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes128ccm16", ENCR, IKE_ENCR_AES_CCM_16, 128, 19, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes256ccm12", ENCR, IKE_ENCR_AES_CCM_12, 256, 35, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes192ccm12", ENCR, IKE_ENCR_AES_CCM_12, 192, 27, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes128ccm12", ENCR, IKE_ENCR_AES_CCM_12, 128, 19, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "aes256ccm8", ENCR, IKE_ENCR_AES_CCM_8, 256, 35, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes192ccm8", ENCR, IKE_ENCR_AES_CCM_8, 192, 27, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes128ccm8", ENCR, IKE_ENCR_AES_CCM_8, 128, 19, 8, 1, 8, 0, false, true, IKE_SHOULD, true },
	{ "camellia256ccm16", ENCR, IKE_ENCR_CAMELLIA_CCM_16, 256, 35, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "camellia192ccm16", ENCR, IKE_ENCR_CAMELLIA_CCM_16, 192, 27, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "camellia128ccm16", ENCR, IKE_ENCR_CAMELLIA_CCM_16, 128, 19, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "camellia256ccm12", ENCR, IKE_ENCR_CAMELLIA_CCM_12, 256, 35, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "camellia192ccm12", ENCR, IKE_ENCR_CAMELLIA_CCM_12, 192, 27, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "camellia128ccm12", ENCR, IKE_ENCR_CAMELLIA_CCM_12, 128, 19, 8, 1, 12, 0, false, true, IKE_MAY, true },
	{ "camellia256ccm8", ENCR, IKE_ENCR_CAMELLIA_CCM_8, 256, 35, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "camellia192ccm8", ENCR, IKE_ENCR_CAMELLIA_CCM_8, 192, 27, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "camellia128ccm8", ENCR, IKE_ENCR_CAMELLIA_CCM_8, 128, 19, 8, 1, 8, 0, false, true, IKE_MAY, true },
	{ "aes256gmac", ENCR, IKE_ENCR_NULL_AUTH_AES_GMAC, 256, 36, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes192gmac", ENCR, IKE_ENCR_NULL_AUTH_AES_GMAC, 192, 28, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes128gmac", ENCR, IKE_ENCR_NULL_AUTH_AES_GMAC, 128, 20, 8, 1, 16, 0, false, true, IKE_MAY, true },
	{ "aes256ctr", ENCR, IKE_ENCR_AES_CTR, 256, 36, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "aes192ctr", ENCR, IKE_ENCR_AES_CTR, 192, 28, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "aes128ctr", ENCR, IKE_ENCR_AES_CTR, 128, 20, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "camellia256", ENCR, IKE_ENCR_CAMELLIA_CBC, 256, 32, 16, 16, 0, 0, false, true, IKE_MAY, false },
	{ "camellia192", ENCR, IKE_ENCR_CAMELLIA_CBC, 192, 24, 16, 16, 0, 0, false, true, IKE_MAY, false },
	{ "camellia128", ENCR, IKE_ENCR_CAMELLIA_CBC, 128, 16, 16, 16, 0, 0, false, true, IKE_MAY, false },
	{ "camellia256ctr", ENCR, IKE_ENCR_CAMELLIA_CTR, 256, 36, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "camellia192ctr", ENCR, IKE_ENCR_CAMELLIA_CTR, 192, 28, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "camellia128ctr", ENCR, IKE_ENCR_CAMELLIA_CTR, 128, 20, 8, 1, 0, 0, false, true, IKE_MAY, false },
	{ "cast128", ENCR, IKE_ENCR_CAST, 128, 16, 8, 8, 0, 0, false, true, IKE_MUST_NOT, false },
	{ "blowfish256", ENCR, IKE_ENCR_BLOWFISH, 256, 32, 8, 8, 0, 0, false, true, IKE_MUST_NOT, false },
	{ "blowfish192", ENCR, IKE_ENCR_BLOWFISH, 192, 24, 8, 8, 0, 0, false, true, IKE_MUST_NOT, false },
	{ "blowfish128", ENCR, IKE_ENCR_BLOWFISH, 128, 16, 8, 8, 0, 0, false, true, IKE_MUST_NOT, false },

	/* RFC 4868, RFC 2404 */
	{ "sha256", INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, 32, 0, 0, 16, IKE_PRF_HMAC_SHA2_256, true, true, IKE_MUST, false },
	{ "sha384", INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0, 48, 0, 0, 24, IKE_PRF_HMAC_SHA2_384, true, true, IKE_MAY, false },
	{ "sha512", INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0, 64, 0, 0, 32, IKE_PRF_HMAC_SHA2_512, true, true, IKE_SHOULD, false },
	{ "sha1", INTEG, IKE_INTEG_HMAC_SHA1_96, 0, 20, 0, 0, 12, IKE_PRF_HMAC_SHA1, true, true, IKE_MUST_MINUS, false },
	{ "md5", INTEG, IKE_INTEG_HMAC_MD5_96, 0, 16, 0, 0, 12, IKE_PRF_HMAC_MD5, true, true, IKE_MUST_NOT, false },
	/* ESP only: RFC 3566, RFC 4494, RFC 4595 */
	{ "aesxcbc", INTEG, IKE_INTEG_AES_XCBC_96, 0, 16, 0, 0, 12, 0, false, true, IKE_MAY, false },
	{ "aescmac", INTEG, IKE_INTEG_AES_CMAC_96, 0, 16, 0, 0, 12, 0, false, true, IKE_MAY, false },
	{ "sha1_160", INTEG, IKE_INTEG_HMAC_SHA1_160, 0, 20, 0, 0, 20, 0, false, true, IKE_MUST_NOT, false },
	{ "md5_128", INTEG, IKE_INTEG_HMAC_MD5_128, 0, 16, 0, 0, 16, 0, false, true, IKE_MUST_NOT, false },

	/* RFC 4868, RFC 2104 */
	{ "prfsha256", PRF, IKE_PRF_HMAC_SHA2_256, 0, 32, 0, 0, 0, 0, true, false, IKE_MUST, false },
	{ "prfsha384", PRF, IKE_PRF_HMAC_SHA2_384, 0, 48, 0, 0, 0, 0, true, false, IKE_MAY, false },
	{ "prfsha512", PRF, IKE_PRF_HMAC_SHA2_512, 0, 64, 0, 0, 0, 0, true, false, IKE_SHOULD, false },
	{ "prfsha1", PRF, IKE_PRF_HMAC_SHA1, 0, 20, 0, 0, 0, 0, true, false, IKE_MUST_MINUS, false },
	{ "prfmd5", PRF, IKE_PRF_HMAC_MD5, 0, 16, 0, 0, 0, 0, true, false, IKE_MUST_NOT, false },

	/* RFC 8031, RFC 5903, RFC 3526; key length: the public value */
	{ "x25519", KE, IKE_KE_X25519, 0, 32, 0, 0, 0, 0, true, true, IKE_SHOULD, false },
	{ "curve25519", KE, IKE_KE_X25519, 0, 32, 0, 0, 0, 0, true, true, IKE_SHOULD, false },
	{ "ecp256", KE, IKE_KE_ECP_256, 0, 64, 0, 0, 0, 0, true, true, IKE_SHOULD, false },
	{ "ecp384", KE, IKE_KE_ECP_384, 0, 96, 0, 0, 0, 0, true, true, IKE_MAY, false },
	{ "ecp521", KE, IKE_KE_ECP_521, 0, 132, 0, 0, 0, 0, true, true, IKE_MAY, false },
	{ "modp3072", KE, IKE_KE_MODP_3072, 0, 0, 0, 0, 0, 0, true, true, IKE_MAY, false },
	{ "modp4096", KE, IKE_KE_MODP_4096, 0, 0, 0, 0, 0, 0, true, true, IKE_MAY, false },
	{ "modp2048", KE, IKE_KE_MODP_2048, 0, 0, 0, 0, 0, 0, true, true, IKE_MUST, false },
	{ "modp1536", KE, IKE_KE_MODP_1536, 0, 0, 0, 0, 0, 0, true, true, IKE_SHOULD_NOT, false },
	{ "modp1024", KE, IKE_KE_MODP_1024, 0, 0, 0, 0, 0, 0, true, true, IKE_SHOULD_NOT, false },
	{ "modpnone", KE, IKE_KE_NONE, 0, 0, 0, 0, 0, 0, false, true, IKE_MAY, false },

	{ "esn", ESN, IKE_ESN_YES, 0, 0, 0, 0, 0, 0, false, true, IKE_MUST, false },
	{ "noesn", ESN, IKE_ESN_NO, 0, 0, 0, 0, 0, 0, false, true, IKE_MUST, false },
};

const size_t ike_n_algs = sizeof(ike_algs) / sizeof(ike_algs[0]);

const struct ike_alg *ike_alg_find(uint8_t type, uint16_t id, uint16_t key_bits)
{
	size_t i;

	for (i = 0; i < ike_n_algs; i++)
		if (ike_algs[i].type == type && ike_algs[i].id == id &&
		    ike_algs[i].key_bits == key_bits)
			return &ike_algs[i];
	return NULL;
}

const struct ike_alg *ike_alg_by_keyword(const char *keyword, size_t len)
{
	size_t i;

	for (i = 0; i < ike_n_algs; i++)
		if (strlen(ike_algs[i].keyword) == len &&
		    !strncmp(ike_algs[i].keyword, keyword, len))
			return &ike_algs[i];
	return NULL;
}
