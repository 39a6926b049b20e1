// SPDX-License-Identifier: GPL-2.0
/*
 * ESP packets of the RFCs through the code that seals and opens packets, on the kernel's crypto.
 */

#include <crypto/hash.h>
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <net/esp.h>

#include "../ipvti.h"

#define BYTES_MAX	512
#define HEADROOM	64

/*
 * One ESP packet. key: cipher key and salt; an integrity key is added where the source has none.
 * plain: inner packet with trailer. cipher: its cipher text, for AEADs with the ICV behind.
 * tunnel: next header is 4, so that our own trailer must be the same.
 */
struct vector {
	const char *name, *alg, *key, *iv, *plain, *cipher;
	u64 seq;
	u32 spi;
	bool esn, tunnel;
};

#define PING_56 \
	"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	"202122232425262728292a2b2c2d2e2f3031323334353637"

static const struct vector vectors[] = {
	{
		.name = "draft-mcgrew-gcm-test-01, 128 bits, ESN",
		.alg = "aes128gcm16", .esn = true,
		.key = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
		.spi = 0x00004321, .seq = 0x8765432100000000ULL, .iv = "4956ed7e3b244cfe",
		.plain = "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
			 "00000000045f736970045f756470037369700963796265726369747902646b00"
			 "0021000101020201",
		.cipher = "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
			  "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
			  "61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
	}, {
		.name = "draft-mcgrew-gcm-test-01, 128 bits",
		.alg = "aes128gcm16",
		.key = "feffe9928665731c6d6a8f9467308308cafebabe",
		.spi = 0x0000a5f8, .seq = 10, .iv = "facedbaddecaf888",
		.plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
			 "0001000000000000037369700963796265726369747902646b00000100010001",
		.cipher = "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
			  "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1"
			  "83b70d3aa8bc6ee4c309e9d85a41ad4a",
	}, {
		.name = "draft-mcgrew-gcm-test-01, 192 bits",
		.alg = "aes192gcm16",
		.key = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
		.spi = 0x0000a5f8, .seq = 10, .iv = "facedbaddecaf888",
		.plain = "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
			 "501016d075680001",
		.cipher = "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
			  "315b27452144cc7795457b9652037f5318027b5b4cd7a636",
	}, {
		.name = "draft-mcgrew-gcm-test-01, 256 bits",
		.alg = "aes256gcm16",
		.key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		       "11223344",
		.spi = 0x4a2cbfe3, .seq = 2, .iv = "0102030405060708",
		.plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
			 "7002400020bf0000020405b40101040201020201",
		.cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
			  "748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49"
			  "15956c96",
	}, {
		.name = "RFC 7634 appendix A",
		.alg = "chacha20poly1305", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		       "a0a1a2a3",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
			 "00073627" PING_56 "01020204",
		.cipher = "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
			  "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
			  "cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7"
			  "b11b369907e1ad43",
	}, {
		.name = "RFC 3602 section 4, case 5",
		.alg = "aes128-sha256",
		.key = "90d382b410eeba7ad938c46cec1a82bf",
		.spi = 0x4321, .seq = 1, .iv = "e96e8c08ab465763fd098d45dd3ff893",
		.plain = "08000ebda70a00008e9c083db95b0700" PING_56
			 "0102030405060708090a0b0c0d0e0e01",
		.cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
			  "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
			  "a269add047ad2d5913ac19b7cfbad4a6",
	}, {
		.name = "RFC 3602 section 4, case 7",
		.alg = "aes128-sha256", .tunnel = true,
		.key = "0123456789abcdef0123456789abcdef",
		.spi = 0x8765, .seq = 2, .iv = "f4e765244f6407adf13dc1380f673f37",
		.plain = "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
			 "02a20400" PING_56 "0102030405060708090a0a04",
		.cipher = "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
			  "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
			  "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
	}, {
		.name = "RFC 3602 section 4, case 7, SHA2-384, ESN",
		.alg = "aes128-sha384", .tunnel = true, .esn = true,
		.key = "0123456789abcdef0123456789abcdef",
		.spi = 0x8765, .seq = 0x700000002ULL, .iv = "f4e765244f6407adf13dc1380f673f37",
		.plain = "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
			 "02a20400" PING_56 "0102030405060708090a0a04",
		.cipher = "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
			  "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
			  "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
	}, {
		.name = "NULL with SHA2-256, RFC 2410 and 4868",
		.alg = "null-sha256", .tunnel = true,
		.key = "", .iv = "",
		.spi = 0x01020304, .seq = 5,
		.plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
			 "00073627" PING_56 "01020204",
		.cipher = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
			  "00073627" PING_56 "01020204",
	}, {
		.name = "NULL with SHA2-256, ESN",
		.alg = "null-sha256", .tunnel = true, .esn = true,
		.key = "", .iv = "",
		.spi = 0x01020304, .seq = 0x100000000ULL,
		.plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
			 "00073627" PING_56 "01020204",
		.cipher = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
			  "00073627" PING_56 "01020204",
	},
};

static const char *const hmac_names[] = {
	[16] = "hmac(sha256)",
	[24] = "hmac(sha384)",
	[32] = "hmac(sha512)",
};

static unsigned int bytes(struct kunit *test, const char *hex, u8 *out)
{
	unsigned int len = strlen(hex) / 2;

	KUNIT_ASSERT_LE(test, len, BYTES_MAX);
	KUNIT_ASSERT_EQ(test, hex2bin(out, hex, len), 0);
	return len;
}

static void make_sa(struct kunit *test, const struct vector *v, struct ipvti_sa *sa, u8 *key)
{
	unsigned int len, i;

	memset(sa, 0, sizeof(*sa));
	sa->alg = ipvti_alg_find(v->alg);
	KUNIT_ASSERT_NOT_NULL_MSG(test, sa->alg, "%s", v->alg);
	sa->spi = v->spi;
	sa->esn = v->esn;
	len = bytes(test, v->key, key);
	for (i = 0; i < sa->alg->auth_key_len; i++)
		key[len++] = 0x30 + i;
	KUNIT_ASSERT_EQ_MSG(test, len, ipvti_alg_key_len(sa->alg), "%s", v->name);
	KUNIT_ASSERT_EQ_MSG(test, ipvti_crypto_init_sa(sa, key, len, NULL), 0, "%s", v->name);
}

/* The ICV as RFC 4303 sections 2.8 and 3.3.2.1 define it, without the code under test. */
static void expect_hmac(struct kunit *test, const struct vector *v, const struct ipvti_sa *sa,
			const u8 *key, const u8 *packet, unsigned int len, u8 *icv)
{
	const struct ipvti_alg *alg = sa->alg;
	struct crypto_shash *hash = crypto_alloc_shash(hmac_names[alg->sizes.icv_len], 0, 0);
	__be32 high = htonl(upper_32_bits(v->seq));
	u8 digest[64];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hash);
	{
		SHASH_DESC_ON_STACK(desc, hash);

		desc->tfm = hash;
		KUNIT_EXPECT_EQ(test, crypto_shash_setkey(hash, key + alg->enc_key_len,
							  alg->auth_key_len), 0);
		crypto_shash_init(desc);
		crypto_shash_update(desc, packet, len);
		if (sa->esn)
			crypto_shash_update(desc, (u8 *)&high, sizeof(high));
		crypto_shash_final(desc, digest);
	}
	crypto_free_shash(hash);
	memcpy(icv, digest, alg->sizes.icv_len);
}

static unsigned int expected_packet(struct kunit *test, const struct vector *v,
				    const struct ipvti_sa *sa, const u8 *key, u8 *packet)
{
	struct ip_esp_hdr *esph = (struct ip_esp_hdr *)packet;
	unsigned int len = IPVTI_ESP_HDR_LEN;

	esph->spi = htonl(v->spi);
	esph->seq_no = htonl(lower_32_bits(v->seq));
	len += bytes(test, v->iv, packet + len);
	len += bytes(test, v->cipher, packet + len);
	if (!sa->alg->auth_key_len)
		return len;
	expect_hmac(test, v, sa, key, packet, len, packet + len);
	return len + sa->alg->sizes.icv_len;
}

/* The packet before it is sealed: with our own trailer where the source is in tunnel mode. */
static struct sk_buff *unsealed(struct kunit *test, const struct vector *v, struct ipvti_sa *sa)
{
	unsigned int head = IPVTI_ESP_HDR_LEN + sa->alg->sizes.iv_len;
	struct ip_esp_hdr *esph;
	struct sk_buff *skb;
	u8 plain[BYTES_MAX];
	unsigned int len;
	u8 next_header;

	len = bytes(test, v->plain, plain);
	skb = alloc_skb(HEADROOM + head + BYTES_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, HEADROOM + head);
	skb->protocol = htons(ETH_P_IP);
	if (v->tunnel) {
		len = ipvti_esp_read_trailer(plain, len, &next_header);
		skb_put_data(skb, plain, len);
		skb = ipvti_send_prepare(sa, skb, HEADROOM);
		KUNIT_ASSERT_NOT_NULL(test, skb);
	} else {
		skb_put_data(skb, plain, len);
		skb_put(skb, sa->alg->sizes.icv_len);
		skb_push(skb, head);
	}
	esph = (struct ip_esp_hdr *)skb->data;
	esph->spi = htonl(v->spi);
	esph->seq_no = htonl(lower_32_bits(v->seq));
	bytes(test, v->iv, esph->enc_data);
	memset(skb->cb, 0, sizeof(skb->cb));
	ipvti_cb(skb)->seq = v->seq;
	return skb;
}

static struct ipvti_op *make_op(struct kunit *test, struct ipvti_sa *sa)
{
	struct ipvti_op *op = ipvti_op_alloc(sa);

	KUNIT_ASSERT_NOT_NULL(test, op);
	ipvti_batch_init(op, sa);
	return op;
}

static void check_open(struct kunit *test, const struct vector *v, struct ipvti_sa *sa,
		       struct ipvti_op *op, const u8 *packet, unsigned int len)
{
	unsigned int head = IPVTI_ESP_HDR_LEN + sa->alg->sizes.iv_len, plain_len;
	struct sk_buff *skb = alloc_skb(HEADROOM + len, GFP_KERNEL);
	u8 plain[BYTES_MAX];

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, HEADROOM);
	skb_put_data(skb, packet, len);
	ipvti_cb(skb)->seq = v->seq;
	KUNIT_EXPECT_EQ_MSG(test, ipvti_crypto_open(op, skb), 0, "%s", v->name);
	plain_len = bytes(test, v->plain, plain);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(skb->data + head, plain, plain_len), 0, "%s", v->name);
	kfree_skb(skb);
}

/* Any byte of header, IV, cipher text or ICV changed, or the high half of the number. */
static void check_forged(struct kunit *test, const struct vector *v, struct ipvti_op *op,
			 const u8 *packet, unsigned int len)
{
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i <= len; i++) {
		if (i == len && !v->esn)
			break;
		skb = alloc_skb(HEADROOM + len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_reserve(skb, HEADROOM);
		skb_put_data(skb, packet, len);
		ipvti_cb(skb)->seq = v->seq;
		if (i < len)
			skb->data[i] ^= 0x10;
		else
			ipvti_cb(skb)->seq += 1ULL << 32;
		KUNIT_EXPECT_EQ_MSG(test, ipvti_crypto_open(op, skb), -EBADMSG, "%s, byte %u",
				    v->name, i);
		kfree_skb(skb);
	}
}

static void check_vector(struct kunit *test, const struct vector *v)
{
	u8 *packet = kunit_kzalloc(test, BYTES_MAX, GFP_KERNEL);
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	u8 *key = kunit_kzalloc(test, BYTES_MAX, GFP_KERNEL);
	struct ipvti_op *op;
	struct sk_buff *skb;
	unsigned int len;

	KUNIT_ASSERT_TRUE(test, packet && sa && key);
	make_sa(test, v, sa, key);
	op = make_op(test, sa);
	len = expected_packet(test, v, sa, key, packet);

	skb = unsealed(test, v, sa);
	KUNIT_EXPECT_TRUE_MSG(test, ipvti_crypto_owned(skb), "%s", v->name);
	KUNIT_EXPECT_EQ_MSG(test, ipvti_crypto_seal(op, skb), 0, "%s", v->name);
	KUNIT_EXPECT_EQ_MSG(test, skb->len, len, "%s", v->name);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(skb->data, packet, len), 0, "%s", v->name);
	kfree_skb(skb);

	check_open(test, v, sa, op, packet, len);
	check_forged(test, v, op, packet, len);
	kfree(op);
	ipvti_crypto_free_sa(sa);
}

static void rfc_vectors(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		check_vector(test, &vectors[i]);
}

/* RFC 4106 section 3.1: no IV twice; and two SAs that share a key do not share IVs. */
static void counter_ivs(struct kunit *test)
{
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	u8 iv[8], other[8];

	KUNIT_ASSERT_NOT_NULL(test, sa);
	sa->alg = ipvti_alg_find("aes128gcm16");
	sa->iv_mask = 0x0123456789abcdefULL;
	local_bh_disable();
	ipvti_crypto_iv(sa, 1, iv);
	ipvti_crypto_iv(sa, 2, other);
	KUNIT_EXPECT_NE(test, memcmp(iv, other, sizeof(iv)), 0);
	sa->iv_mask ^= 0xffffffff00000000ULL;
	ipvti_crypto_iv(sa, 1, other);
	KUNIT_EXPECT_NE(test, memcmp(iv, other, sizeof(iv)), 0);
	local_bh_enable();
}

static void random_ivs(struct kunit *test)
{
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	u8 iv[16], last[16] = {};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, sa);
	sa->alg = ipvti_alg_find("aes128-sha256");
	local_bh_disable();
	for (i = 0; i < 100; i++) {
		ipvti_crypto_iv(sa, 1, iv);
		KUNIT_EXPECT_NE(test, memcmp(iv, last, sizeof(iv)), 0);
		memcpy(last, iv, sizeof(iv));
	}
	local_bh_enable();
}

/* The ownership rule: what others can see is copied, and stays as it was. */
static void shared_is_copied(struct kunit *test)
{
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	struct sk_buff *skb, *clone, *out;

	KUNIT_ASSERT_NOT_NULL(test, sa);
	sa->alg = ipvti_alg_find("aes128gcm16");
	skb = alloc_skb(512, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 128);
	skb->protocol = htons(ETH_P_IP);
	memset(skb_put(skb, 100), 0x45, 100);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);

	KUNIT_EXPECT_FALSE(test, ipvti_crypto_owned(clone));
	out = ipvti_send_prepare(sa, clone, HEADROOM);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_EXPECT_TRUE(test, ipvti_crypto_owned(out));
	KUNIT_EXPECT_PTR_NE(test, out->head, skb->head);
	kfree_skb(out);
	kfree_skb(skb);
}

static struct kunit_case vectors_cases[] = {
	KUNIT_CASE(rfc_vectors),
	KUNIT_CASE(counter_ivs),
	KUNIT_CASE(random_ivs),
	KUNIT_CASE(shared_is_copied),
	{}
};

static struct kunit_suite vectors_suite = {
	.name = "ipvti_vectors",
	.test_cases = vectors_cases,
};

kunit_test_suite(vectors_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Unit tests of ipvti");
