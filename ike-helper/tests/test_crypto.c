// SPDX-License-Identifier: GPL-2.0
/* The OpenSSL backend against published vectors, and what it must refuse. */
#include <string.h>

#include <openssl/bn.h>

#include "../core/transform.h"
#include "../crypto/openssl.h"
#include "check.h"
#include "hex.h"

static struct ike_crypto *crypto;

static int setup(void **state)
{
	(void)state;
	crypto = ike_openssl_new();
	return crypto ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ike_openssl_free(crypto);
	return 0;
}

/* ---- what there is --------------------------------------------------------------------------- */

static void supports_what_the_core_protects_ike_with(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ike_n_algs; i++) {
		const struct ike_alg *a = &ike_algs[i];

		if (a->ike && a->standing < IKE_SHOULD_NOT &&
		    !crypto->supports(crypto->ctx, a->type, a->id, a->key_bits))
			fail_msg("%s is missing", a->keyword);
	}
}

static void denies_what_it_does_not_have(void **state)
{
	uint8_t out[IKE_MAX_PRF];

	(void)state;
	assert_false(crypto->supports(crypto->ctx, IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 64));
	assert_false(crypto->supports(crypto->ctx, IKE_TRANSFORM_ENCR, 65000, 0));
	assert_false(crypto->supports(crypto->ctx, IKE_TRANSFORM_PRF, 65000, 0));
	assert_false(crypto->supports(crypto->ctx, IKE_TRANSFORM_KE, 22, 0));
	assert_false(crypto->supports(crypto->ctx, IKE_TRANSFORM_KE, 24, 0));
	assert_false(crypto->supports(crypto->ctx, 99, 0, 0));
	assert_false(crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, 65000,
				 (struct ike_chunk){ NULL, 0 }, NULL, 0, out));
}

/* ---- MACs ------------------------------------------------------------------------------------ */

struct mac_case {
	uint16_t prf;
	uint16_t integ;
	const char *digest;
};

/* RFC 4231 section 4.3, RFC 2202 section 3 case 2, RFC 2202 section 2 case 2. */
static const struct mac_case mac_cases[] = {
	{ IKE_PRF_HMAC_SHA2_256, IKE_INTEG_HMAC_SHA2_256_128,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ IKE_PRF_HMAC_SHA2_384, IKE_INTEG_HMAC_SHA2_384_192,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ IKE_PRF_HMAC_SHA2_512, IKE_INTEG_HMAC_SHA2_512_256,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ IKE_PRF_HMAC_SHA1, IKE_INTEG_HMAC_SHA1_96, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ IKE_PRF_HMAC_MD5, IKE_INTEG_HMAC_MD5_96, "750c783e6ab0b503eaa86e310a5db738" },
};

static void macs_match_their_rfcs(void **state)
{
	struct octets key = text_octets("Jefe");
	struct octets a = text_octets("what do ya want ");
	struct octets b = text_octets("for nothing?");
	struct ike_chunk parts[] = { chunk(&a), { NULL, 0 }, chunk(&b) };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mac_cases); i++) {
		const struct mac_case *t = &mac_cases[i];
		uint8_t out[IKE_MAX_PRF];

		assert_true(crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, t->prf, chunk(&key), parts,
					ARRAY_SIZE(parts), out));
		assert_hex(out, strlen(t->digest) / 2, t->digest);
		memset(out, 0, sizeof(out));
		assert_true(crypto->mac(crypto->ctx, IKE_TRANSFORM_INTEG, t->integ, chunk(&key),
					parts, ARRAY_SIZE(parts), out));
		assert_hex(out, strlen(t->digest) / 2, t->digest);
	}
}

/* Computed with Python's hmac. A key of no octets must not mean the key of the call before. */
static void macs_take_keys_of_any_length(void **state)
{
	struct octets key = { .len = 200 };
	struct octets data = { .len = 100 };
	struct ike_chunk part = chunk(&data);
	uint8_t out[IKE_MAX_PRF];
	size_t i;

	(void)state;
	for (i = 0; i < key.len; i++)
		key.data[i] = i;
	memcpy(data.data, key.data, data.len);
	assert_true(crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, chunk(&key),
				&part, 1, out));
	assert_hex(out, 32, "26d5c8292040e68502b71baef5465fe0dc01a0e000e45e541995fe33b79dab50");
	assert_true(crypto->mac(crypto->ctx, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256,
				(struct ike_chunk){ NULL, 0 }, NULL, 0, out));
	assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void sha1_matches_fips_180(void **state)
{
	struct ike_chunk parts[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"bc", 2 } };
	uint8_t out[20];

	(void)state;
	assert_true(crypto->sha1(crypto->ctx, parts, 2, out));
	assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* Computed with Python's hmac after RFC 7296 section 2.15. */
static void psk_auth_data(void **state)
{
	static const struct {
		uint16_t prf;
		const char *auth;
	} cases[] = {
		{ IKE_PRF_HMAC_SHA1, "4924ab514c9b871e47ba645b5ac4c7ba77aa238f" },
		{ IKE_PRF_HMAC_SHA2_256,
		  "e14b8d68292e45ef992e3aacd450910b6438982117c229c0276e6520f5c20530" },
		{ IKE_PRF_HMAC_SHA2_384,
		  "88963e0edb498024c4efc0feb7e75c18f0dbfcbbb14a6f2b8390954d405a81a7"
		  "a6072be4fe5551d61f53da3601e9bb8a" },
		{ IKE_PRF_HMAC_SHA2_512,
		  "ec30cac3644c49ac319873aedfe0695a03e5d8b301e076078e93c5af61694eea"
		  "44b9dde17a7f3e32c468b63e5e9a0ba1def4b1b600c5c2407c4b7a1ac5c0f2bb" },
	};
	struct octets psk = text_octets("not so secret");
	struct octets octets = { .len = 64 };
	uint8_t out[IKE_MAX_PRF];
	size_t i;

	(void)state;
	for (i = 0; i < octets.len; i++)
		octets.data[i] = i;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = ike_openssl_psk_auth(crypto, cases[i].prf, chunk(&psk),
						  chunk(&octets), out);

		assert_hex(out, len, cases[i].auth);
	}
	assert_int_equal(ike_openssl_psk_auth(crypto, 65000, chunk(&psk), chunk(&octets), out), 0);
}

/* ---- ciphers --------------------------------------------------------------------------------- */

struct cipher_case {
	const char *name;
	uint16_t encr;
	const char *key;
	const char *iv;
	const char *aad;
	const char *plain;
	const char *cipher;
	const char *icv;
};

#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_IV "facedbaddecaf888"
#define GCM_SALT "cafebabe"

static const struct cipher_case cipher_cases[] = {
	{ "AES-128-GCM, GCM specification case 4", IKE_ENCR_AES_GCM_16,
	  "feffe9928665731c6d6a8f9467308308" GCM_SALT, GCM_IV, GCM_AAD, GCM_PLAIN,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "AES-192-GCM, GCM specification case 10", IKE_ENCR_AES_GCM_16,
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c" GCM_SALT, GCM_IV, GCM_AAD, GCM_PLAIN,
	  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
	  "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
	  "2519498e80f1478f37ba55bd6d27618c" },
	{ "AES-256-GCM, GCM specification case 16", IKE_ENCR_AES_GCM_16,
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308" GCM_SALT, GCM_IV,
	  GCM_AAD, GCM_PLAIN,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	{ "ChaCha20-Poly1305, RFC 8439 section 2.8.2", IKE_ENCR_CHACHA20_POLY1305,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" "07000000",
	  "4041424344454647", "50515253c0c1c2c3c4c5c6c7",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b6116",
	  "1ae10b594f09e26a7e902ecbd0600691" },
	{ "AES-128-CBC, RFC 3602 section 4 case 1", IKE_ENCR_AES_CBC,
	  "06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41", "",
	  "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a", "" },
	{ "AES-128-CBC, RFC 3602 section 4 case 2", IKE_ENCR_AES_CBC,
	  "c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58", "",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1", "" },
	{ "AES-192-CBC, SP 800-38A F.2.3", IKE_ENCR_AES_CBC,
	  "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "000102030405060708090a0b0c0d0e0f",
	  "", "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a", "" },
	{ "AES-256-CBC, SP 800-38A F.2.5", IKE_ENCR_AES_CBC,
	  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  "000102030405060708090a0b0c0d0e0f", "",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d", "" },
};

/* A case in octets, and the job that works on @data and @icv of it. */
struct cipher_run {
	struct octets key, iv, aad, data, icv;
	struct ike_cipher_job job;
};

static void cipher_prepare(struct cipher_run *r, const struct cipher_case *t, const char *data)
{
	r->key = hex(t->key);
	r->iv = hex(t->iv);
	r->aad = hex(t->aad);
	r->data = hex(data);
	r->icv = hex(t->icv);
	r->job = (struct ike_cipher_job){
		.encr = t->encr,
		.key = r->key.data,
		.key_len = r->key.len,
		.iv = r->iv.data,
		.aad = r->aad.data,
		.aad_len = r->aad.len,
		.data = r->data.data,
		.len = r->data.len,
		.icv = r->icv.data,
	};
}

static void ciphers_seal_as_published(void **state)
{
	struct cipher_run r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cipher_cases); i++) {
		const struct cipher_case *t = &cipher_cases[i];

		cipher_prepare(&r, t, t->plain);
		memset(r.icv.data, 0, r.icv.len);
		assert_true(crypto->seal(crypto->ctx, &r.job));
		assert_hex(r.data.data, r.data.len, t->cipher);
		assert_hex(r.icv.data, r.icv.len, t->icv);
	}
}

static void ciphers_open_as_published(void **state)
{
	struct cipher_run r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cipher_cases); i++) {
		const struct cipher_case *t = &cipher_cases[i];

		cipher_prepare(&r, t, t->cipher);
		assert_true(crypto->open(crypto->ctx, &r.job));
		assert_hex(r.data.data, r.data.len, t->plain);
	}
}

static void assert_refused(struct cipher_run *r)
{
	static const uint8_t zero[1024];

	assert_false(crypto->open(crypto->ctx, &r->job));
	assert_memory_equal(r->data.data, zero, r->data.len);
}

static void aeads_refuse_any_flipped_bit(void **state)
{
	struct cipher_run r;
	size_t i, bit;

	(void)state;
	for (i = 0; i < 4; i++) {
		const struct cipher_case *t = &cipher_cases[i];

		for (bit = 0; bit < 128; bit += 7) {
			cipher_prepare(&r, t, t->cipher);
			r.icv.data[bit / 8] ^= 1 << bit % 8;
			assert_refused(&r);
			cipher_prepare(&r, t, t->cipher);
			r.data.data[bit / 8] ^= 1 << bit % 8;
			assert_refused(&r);
			cipher_prepare(&r, t, t->cipher);
			r.aad.data[bit / 8 % r.aad.len] ^= 1 << bit % 8;
			assert_refused(&r);
		}
	}
}

static void ciphers_refuse_keys_of_other_lengths(void **state)
{
	struct cipher_run r;

	(void)state;
	cipher_prepare(&r, &cipher_cases[0], cipher_cases[0].cipher);
	r.job.key_len--;
	assert_false(crypto->open(crypto->ctx, &r.job));
	cipher_prepare(&r, &cipher_cases[4], "00");
	assert_false(crypto->seal(crypto->ctx, &r.job));
}

/* ---- key exchange ---------------------------------------------------------------------------- */

struct ke_pair {
	struct octets priv;
	struct octets pub;
};

static bool shared(uint16_t id, const struct ke_pair *own, const struct octets *peer,
		   struct octets *secret)
{
	return crypto->ke_shared(crypto->ctx, id, chunk(&own->priv), chunk(&own->pub), chunk(peer),
				 secret->data, &secret->len);
}

static void generate(uint16_t id, struct ke_pair *pair)
{
	assert_true(crypto->ke_generate(crypto->ctx, id, pair->priv.data, &pair->priv.len,
					pair->pub.data, &pair->pub.len));
}

static const uint16_t all_groups[] = {
	IKE_KE_X25519, IKE_KE_ECP_256, IKE_KE_ECP_384, IKE_KE_ECP_521, IKE_KE_MODP_1024,
	IKE_KE_MODP_1536, IKE_KE_MODP_2048, IKE_KE_MODP_3072, IKE_KE_MODP_4096,
};

static void both_sides_agree_in_every_group(void **state)
{
	struct ke_pair a, b;
	struct octets at_a, at_b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(all_groups); i++) {
		generate(all_groups[i], &a);
		generate(all_groups[i], &b);
		assert_memory_not_equal(a.pub.data, b.pub.data, a.pub.len);
		assert_true(shared(all_groups[i], &a, &b.pub, &at_a));
		assert_true(shared(all_groups[i], &b, &a.pub, &at_b));
		assert_int_equal(at_a.len, at_b.len);
		assert_memory_equal(at_a.data, at_b.data, at_a.len);
	}
}

struct ke_case {
	uint16_t id;
	const char *priv_a;
	const char *pub_a;
	const char *priv_b;
	const char *pub_b;
	const char *secret;
};

/* RFC 7748 section 6.1; RFC 5903 sections 8.1 to 8.3. */
static const struct ke_case ke_cases[] = {
	{ IKE_KE_X25519,
	  "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	  "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ IKE_KE_ECP_256,
	  "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
	  "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
	  "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
	  "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
	  "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
	  "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
	  "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE" },
	{ IKE_KE_ECP_384,
	  "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
	  "E35B538041E649EE3FAEF896783AB194",
	  "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6"
	  "DE3AC808ACB4BDB4C88732AEE95F41AA9482ED1FC0EEB9CAFC4984625CCFC23F"
	  "65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634573A81C",
	  "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942"
	  "E0308312916B8ED2960E4BD55A7448FC",
	  "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"
	  "0D1AC43A0336DEF96FDA41D0774A3571DCFBEC7AACF3196472169E838430367F"
	  "66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C",
	  "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
	  "D603135569B9E9D09CF5D4A270F59746" },
	{ IKE_KE_ECP_521,
	  "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A0"
	  "95AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D"
	  "4A52",
	  "0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBE"
	  "E1E3BF42E00B8E380AEAE57C2D107564941885942AF5A7F4601723C4195D176C"
	  "ED3E017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4"
	  "A10AD8A788015AC405D7799DC75E7B7D5B6CF2261A6A7F1507438BF01BEB6CA3"
	  "926F9582",
	  "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E"
	  "9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB15168"
	  "5EB9",
	  "00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A21"
	  "9B97C356436ADC6E95BB0352F6BE64A6C2912D4EF2D0433CED2B6171640012D9"
	  "460F015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D985207"
	  "7B87220B6536C5C408A1D2AEBB8E86D678AE49CB57091F4732296579AB44FCD1"
	  "7F0FC56A",
	  "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04"
	  "D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3"
	  "DDEA" },
};

static void curves_agree_as_published(void **state)
{
	struct ke_pair a, b;
	struct octets secret;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ke_cases); i++) {
		const struct ke_case *t = &ke_cases[i];

		a = (struct ke_pair){ hex(t->priv_a), hex(t->pub_a) };
		b = (struct ke_pair){ hex(t->priv_b), hex(t->pub_b) };
		assert_true(shared(t->id, &a, &b.pub, &secret));
		assert_hex(secret.data, secret.len, t->secret);
		assert_true(shared(t->id, &b, &a.pub, &secret));
		assert_hex(secret.data, secret.len, t->secret);
	}
}

/* The peer's value is refused, and nothing of a secret stays behind. */
static void assert_bad_value(uint16_t id, const struct ke_pair *own, const struct octets *peer)
{
	static const uint8_t zero[1024];
	struct octets secret = { .len = 1 };
	size_t len = own->priv.len;

	assert_false(shared(id, own, peer, &secret));
	assert_int_equal(secret.len, 0);
	assert_memory_equal(secret.data, zero, len);
}

/* RFC 6989 section 2.3. */
static void curves_refuse_points_off_the_curve(void **state)
{
	struct octets bad;
	struct ke_pair a;
	size_t i;

	(void)state;
	for (i = 1; i < ARRAY_SIZE(ke_cases); i++) {
		const struct ke_case *t = &ke_cases[i];

		a = (struct ke_pair){ hex(t->priv_a), hex(t->pub_a) };
		bad = hex(t->pub_b);
		bad.data[bad.len - 1] ^= 1;
		assert_bad_value(t->id, &a, &bad);
		bad = hex(t->pub_b);
		bad.data[bad.len / 2 - 1] ^= 1;
		assert_bad_value(t->id, &a, &bad);
		memset(bad.data, 0, bad.len);
		assert_bad_value(t->id, &a, &bad);
		memset(bad.data, 0xff, bad.len);
		assert_bad_value(t->id, &a, &bad);
	}
}

/* RFC 7748 section 6.1, RFC 8031 section 2: these come out as zero whatever the private key. */
static void x25519_refuses_points_of_low_order(void **state)
{
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct octets bad;
	struct ke_pair a;
	size_t i;

	(void)state;
	generate(IKE_KE_X25519, &a);
	for (i = 0; i < ARRAY_SIZE(low); i++) {
		bad = hex(low[i]);
		assert_bad_value(IKE_KE_X25519, &a, &bad);
		bad.data[31] |= 0x80;
		assert_bad_value(IKE_KE_X25519, &a, &bad);
	}
}

static void groups_refuse_other_lengths(void **state)
{
	struct ke_pair a, b;
	struct octets bad;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(all_groups); i++) {
		generate(all_groups[i], &a);
		generate(all_groups[i], &b);
		bad = b.pub;
		bad.len--;
		assert_bad_value(all_groups[i], &a, &bad);
		bad.len += 2;
		assert_bad_value(all_groups[i], &a, &bad);
		bad.len = 0;
		assert_bad_value(all_groups[i], &a, &bad);
	}
}

struct modp_case {
	uint16_t id;
	BIGNUM *(*prime)(BIGNUM *bn);
};

static const struct modp_case modp_cases[] = {
	{ IKE_KE_MODP_1024, BN_get_rfc2409_prime_1024 },
	{ IKE_KE_MODP_1536, BN_get_rfc3526_prime_1536 },
	{ IKE_KE_MODP_2048, BN_get_rfc3526_prime_2048 },
	{ IKE_KE_MODP_3072, BN_get_rfc3526_prime_3072 },
	{ IKE_KE_MODP_4096, BN_get_rfc3526_prime_4096 },
};

static struct octets number(const BIGNUM *n, size_t len)
{
	struct octets o = { .len = len };

	assert_int_equal(BN_bn2binpad(n, o.data, len), len);
	return o;
}

/* The values of RFC 2409 and RFC 3526: the public value is 2^x, and the secret g^xy, both as long as p. */
static void modp_computes_modulo_the_prime(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	struct ke_pair a, b;
	struct octets secret, want;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modp_cases); i++) {
		BIGNUM *p = modp_cases[i].prime(NULL);
		BIGNUM *n = BN_new();
		BIGNUM *x, *y;

		generate(modp_cases[i].id, &a);
		generate(modp_cases[i].id, &b);
		x = BN_bin2bn(a.priv.data, a.priv.len, NULL);
		y = BN_bin2bn(b.pub.data, b.pub.len, NULL);
		assert_true(BN_set_word(n, 2) && BN_mod_exp(n, n, x, p, ctx));
		want = number(n, BN_num_bytes(p));
		assert_int_equal(a.pub.len, want.len);
		assert_memory_equal(a.pub.data, want.data, want.len);
		assert_true(BN_mod_exp(n, y, x, p, ctx));
		want = number(n, BN_num_bytes(p));
		assert_true(shared(modp_cases[i].id, &a, &b.pub, &secret));
		assert_int_equal(secret.len, want.len);
		assert_memory_equal(secret.data, want.data, want.len);
		BN_free(x);
		BN_free(y);
		BN_free(n);
		BN_free(p);
	}
	BN_CTX_free(ctx);
}

/* RFC 7296 section 2.14: g^ir is padded to the length of the modulus. */
static void modp_pads_small_secrets(void **state)
{
	struct ke_pair a = { .priv = { .len = 256 }, .pub = { .len = 256 } };
	struct octets four = { .len = 256 };
	struct octets secret;
	size_t i;

	(void)state;
	a.priv.data[255] = 3;
	a.pub.data[255] = 8;
	four.data[255] = 4;
	assert_true(shared(IKE_KE_MODP_2048, &a, &four, &secret));
	assert_int_equal(secret.len, 256);
	for (i = 0; i < 255; i++)
		assert_int_equal(secret.data[i], 0);
	assert_int_equal(secret.data[255], 64);
}

/* RFC 6989 section 2.1: 1 < r < p - 1. */
static void modp_refuses_values_out_of_range(void **state)
{
	struct octets bad;
	struct ke_pair a;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modp_cases); i++) {
		BIGNUM *p = modp_cases[i].prime(NULL);
		size_t len = BN_num_bytes(p);
		BIGNUM *n = BN_new();

		generate(modp_cases[i].id, &a);
		for (k = 0; k < 2; k++) {
			assert_true(BN_set_word(n, k));
			bad = number(n, len);
			assert_bad_value(modp_cases[i].id, &a, &bad);
			assert_true(BN_copy(n, p) && BN_sub_word(n, k));
			bad = number(n, len);
			assert_bad_value(modp_cases[i].id, &a, &bad);
		}
		assert_true(BN_copy(n, p) && BN_add_word(n, 1));
		bad = number(n, len);
		assert_bad_value(modp_cases[i].id, &a, &bad);
		BN_free(n);
		BN_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(supports_what_the_core_protects_ike_with),
		cmocka_unit_test(denies_what_it_does_not_have),
		cmocka_unit_test(macs_match_their_rfcs),
		cmocka_unit_test(macs_take_keys_of_any_length),
		cmocka_unit_test(sha1_matches_fips_180),
		cmocka_unit_test(psk_auth_data),
		cmocka_unit_test(ciphers_seal_as_published),
		cmocka_unit_test(ciphers_open_as_published),
		cmocka_unit_test(aeads_refuse_any_flipped_bit),
		cmocka_unit_test(ciphers_refuse_keys_of_other_lengths),
		cmocka_unit_test(both_sides_agree_in_every_group),
		cmocka_unit_test(curves_agree_as_published),
		cmocka_unit_test(curves_refuse_points_off_the_curve),
		cmocka_unit_test(x25519_refuses_points_of_low_order),
		cmocka_unit_test(groups_refuse_other_lengths),
		cmocka_unit_test(modp_computes_modulo_the_prime),
		cmocka_unit_test(modp_pads_small_secrets),
		cmocka_unit_test(modp_refuses_values_out_of_range),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
