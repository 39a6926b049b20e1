/* SPDX-License-Identifier: GPL-2.0 */
/* The table of transforms: keyword, registry numbers, sizes, standing. */
#ifndef IKE_TRANSFORM_H
#define IKE_TRANSFORM_H

#include "ike.h"

enum {
	IKE_ENCR_3DES = 3,
	IKE_ENCR_CAST = 6,
	IKE_ENCR_BLOWFISH = 7,
	IKE_ENCR_NULL = 11,
	IKE_ENCR_AES_CBC = 12,
	IKE_ENCR_AES_CTR = 13,
	IKE_ENCR_AES_CCM_8 = 14,
	IKE_ENCR_AES_CCM_12 = 15,
	IKE_ENCR_AES_CCM_16 = 16,
	IKE_ENCR_AES_GCM_8 = 18,
	IKE_ENCR_AES_GCM_12 = 19,
	IKE_ENCR_AES_GCM_16 = 20,
	IKE_ENCR_NULL_AUTH_AES_GMAC = 21,
	IKE_ENCR_CAMELLIA_CBC = 23,
	IKE_ENCR_CAMELLIA_CTR = 24,
	IKE_ENCR_CAMELLIA_CCM_8 = 25,
	IKE_ENCR_CAMELLIA_CCM_12 = 26,
	IKE_ENCR_CAMELLIA_CCM_16 = 27,
	IKE_ENCR_CHACHA20_POLY1305 = 28,

	IKE_PRF_HMAC_MD5 = 1,
	IKE_PRF_HMAC_SHA1 = 2,
	IKE_PRF_HMAC_SHA2_256 = 5,
	IKE_PRF_HMAC_SHA2_384 = 6,
	IKE_PRF_HMAC_SHA2_512 = 7,

	IKE_INTEG_NONE = 0,
	IKE_INTEG_HMAC_MD5_96 = 1,
	IKE_INTEG_HMAC_SHA1_96 = 2,
	IKE_INTEG_AES_XCBC_96 = 5,
	IKE_INTEG_HMAC_MD5_128 = 6,
	IKE_INTEG_HMAC_SHA1_160 = 7,
	IKE_INTEG_AES_CMAC_96 = 8,
	IKE_INTEG_HMAC_SHA2_256_128 = 12,
	IKE_INTEG_HMAC_SHA2_384_192 = 13,
	IKE_INTEG_HMAC_SHA2_512_256 = 14,

	IKE_KE_NONE = 0,
	IKE_KE_MODP_1024 = 2,
	IKE_KE_MODP_1536 = 5,
	IKE_KE_MODP_2048 = 14,
	IKE_KE_MODP_3072 = 15,
	IKE_KE_MODP_4096 = 16,
	IKE_KE_ECP_256 = 19,
	IKE_KE_ECP_384 = 20,
	IKE_KE_ECP_521 = 21,
	IKE_KE_X25519 = 31,

	IKE_ESN_NO = 0,
	IKE_ESN_YES = 1,
};

/**
 * enum ike_standing - RFC 8221 and RFC 8247
 */
enum ike_standing {
	IKE_MUST,
	IKE_SHOULD,
	IKE_MAY,
	IKE_MUST_MINUS,
	IKE_SHOULD_NOT,		/* this and below: only with legacy */
	IKE_MUST_NOT,
};

/**
 * struct ike_alg - a transform we know
 * @keyword: as in strongSwan's proposals
 * @type: enum ike_transform_type
 * @id: transform id
 * @key_bits: Key Length attribute
 * @key_len: octets of key material, for AEADs with the salt; integrity: the key; PRF: output
 * @iv_len: explicit IV
 * @block: padding granularity in SK
 * @icv_len: ICV of AEADs and integrity
 * @prf: integrity and PRF by one keyword: the PRF that goes with this digest
 * @ike: may protect IKE
 * @esp: may protect ESP
 * @standing: enum ike_standing
 * @aead: has its own ICV
 */
struct ike_alg {
	const char *keyword;
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
	uint8_t key_len;
	uint8_t iv_len;
	uint8_t block;
	uint8_t icv_len;
	uint16_t prf;
	bool ike;
	bool esp;
	uint8_t standing;
	bool aead;
};

extern const struct ike_alg ike_algs[];
extern const size_t ike_n_algs;

/** ike_alg_find() - the entry of a transform, NULL if unknown */
const struct ike_alg *ike_alg_find(uint8_t type, uint16_t id, uint16_t key_bits);
/** ike_alg_by_keyword() - the entry of a keyword, NULL if unknown */
const struct ike_alg *ike_alg_by_keyword(const char *keyword, size_t len);

#endif
