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

/* An echo request with what ESP puts behind it for a boundary of four octets. */
#define PLAIN_88 \
	"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10" \
	"00073627" PING_56 "01020204"

/* The cipher text of the last ones was made with OpenSSL, in the way of the RFC named. */
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
		.plain = PLAIN_88,
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
		.plain = PLAIN_88,
		.cipher = PLAIN_88,
	}, {
		.name = "NULL with SHA2-256, ESN",
		.alg = "null-sha256", .tunnel = true, .esn = true,
		.key = "", .iv = "",
		.spi = 0x01020304, .seq = 0x100000000ULL,
		.plain = PLAIN_88,
		.cipher = PLAIN_88,
	}, {
		.name = "RFC 3686 section 6, vector 1",
		.alg = "aes128ctr-sha256",
		.key = "ae6852f8121067cc4bf7a5765577f39e00000030",
		.spi = 0x1001, .seq = 1, .iv = "0000000000000000",
		.plain = "53696e676c6520626c6f636b206d7367",
		.cipher = "e4095d4fb7a7b3792d6175a3261311b8",
	}, {
		.name = "RFC 3686 section 6, vector 2, ESN",
		.alg = "aes128ctr-sha1", .esn = true,
		.key = "7e24067817fae0d743d6ce1f32539163006cb6db",
		.spi = 0x1001, .seq = 0x700000001ULL, .iv = "c0543b59da48d90b",
		.plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		.cipher = "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28",
	}, {
		.name = "RFC 3686 section 6, vector 7",
		.alg = "aes256ctr-aescmac",
		.key = "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104"
		       "00000060",
		.spi = 0x1001, .seq = 1, .iv = "db5672c97aa8f0b2",
		.plain = "53696e676c6520626c6f636b206d7367",
		.cipher = "145ad01dbf824ec7560863dc71e3e0c0",
	}, {
		.name = "RFC 5528 section 3, vector 1",
		.alg = "camellia128ctr-sha256",
		.key = "ae6852f8121067cc4bf7a5765577f39e00000030",
		.spi = 0x1001, .seq = 1, .iv = "0000000000000000",
		.plain = "53696e676c6520626c6f636b206d7367",
		.cipher = "d09dc29a8214619a20877c76db1f0b3f",
	}, {
		.name = "RFC 4309, 8 octets of ICV",
		.alg = "aes128ccm8", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "c83e9c612ade5c267fbe7c00fc8baf3d56f2945a34fe9186650d7084d8ba5751"
			  "87858f63a50356f81ea2ca175fe00069dc0f917bc95f19b2b422b3467e5edcf6"
			  "78ce402bb4c43c95abb22b0a608b13488fe38accae0d174cd02cec4f330ddf10",
	}, {
		.name = "RFC 4309, 12 octets of ICV",
		.alg = "aes128ccm12", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "c83e9c612ade5c267fbe7c00fc8baf3d56f2945a34fe9186650d7084d8ba5751"
			  "87858f63a50356f81ea2ca175fe00069dc0f917bc95f19b2b422b3467e5edcf6"
			  "78ce402bb4c43c95abb22b0a608b13488fe38accae0d174c451755a035b790f6"
			  "d24b43c5",
	}, {
		.name = "RFC 4309, 16 octets of ICV",
		.alg = "aes128ccm16", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "c83e9c612ade5c267fbe7c00fc8baf3d56f2945a34fe9186650d7084d8ba5751"
			  "87858f63a50356f81ea2ca175fe00069dc0f917bc95f19b2b422b3467e5edcf6"
			  "78ce402bb4c43c95abb22b0a608b13488fe38accae0d174cb7fb6685171e2458"
			  "adea351b31102b47",
	}, {
		.name = "RFC 4309, ESN",
		.alg = "aes128ccm16", .tunnel = true, .esn = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2",
		.spi = 0x01020304, .seq = 0x700000005ULL, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "c83e9c612ade5c267fbe7c00fc8baf3d56f2945a34fe9186650d7084d8ba5751"
			  "87858f63a50356f81ea2ca175fe00069dc0f917bc95f19b2b422b3467e5edcf6"
			  "78ce402bb4c43c95abb22b0a608b13488fe38accae0d174cf4fbf8d80082d229"
			  "0c79369f3d3382e1",
	}, {
		.name = "RFC 5529, 12 octets of ICV",
		.alg = "camellia128ccm12", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "ebf2265f48a0a078b6f2bfed424baca5ce38386985a4028e2390bc618261aed3"
			  "2fcc8dd758ce302fdacfda12853d713002ec608b77e060b6eea5d3c34bed8e7d"
			  "1d187c4c42e45260d571040dd92aba98f356f7ec2a8cf7ea851397dfe30512c3"
			  "f33773f0",
	}, {
		.name = "RFC 4106, 8 octets of ICV",
		.alg = "aes128gcm8", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2a3",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "d446c4a70a4adc2a89f092d53c553de675fdbf83ef0fa202e8a8f6c42fd5d0e8"
			  "e5ffb62d07f6847742f910d5e4f1de56027fa363e66a5e42425dc379d08854f0"
			  "47a822dd70540b9e8797174d6f70cd81712b6e0514b2c5ff44749abc374844ea",
	}, {
		.name = "RFC 4106, 12 octets of ICV",
		.alg = "aes128gcm12", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2a3",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = "d446c4a70a4adc2a89f092d53c553de675fdbf83ef0fa202e8a8f6c42fd5d0e8"
			  "e5ffb62d07f6847742f910d5e4f1de56027fa363e66a5e42425dc379d08854f0"
			  "47a822dd70540b9e8797174d6f70cd81712b6e0514b2c5ff44749abc374844ea"
			  "bbb7280b",
	}, {
		.name = "RFC 4543",
		.alg = "aes128gmac", .tunnel = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2a3",
		.spi = 0x01020304, .seq = 5, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = PLAIN_88 "272ff1db6fcc8b94043ed70ec8ca4908",
	}, {
		.name = "RFC 4543, ESN",
		.alg = "aes128gmac", .tunnel = true, .esn = true,
		.key = "808182838485868788898a8b8c8d8e8fa0a1a2a3",
		.spi = 0x01020304, .seq = 0x700000005ULL, .iv = "1011121314151617",
		.plain = PLAIN_88,
		.cipher = PLAIN_88 "415b6ef9f7bd803bde050ba118a9570b",
	}, {
		.name = "NULL with sha1",
		.alg = "null-sha1", .tunnel = true,
		.key = "",
		.spi = 0x01020304, .seq = 5, .iv = "",
		.plain = PLAIN_88,
		.cipher = PLAIN_88,
	}, {
		.name = "NULL with aesxcbc",
		.alg = "null-aesxcbc", .tunnel = true,
		.key = "",
		.spi = 0x01020304, .seq = 5, .iv = "",
		.plain = PLAIN_88,
		.cipher = PLAIN_88,
	}, {
		.name = "NULL with aescmac",
		.alg = "null-aescmac", .tunnel = true,
		.key = "",
		.spi = 0x01020304, .seq = 5, .iv = "",
		.plain = PLAIN_88,
		.cipher = PLAIN_88,
	},
};

/* Integrity after the dash of the keyword: what the crypto API calls it. */
static const struct {
	const char *name, *crypto;
} hashes[] = {
	{ "-sha256", "hmac(sha256)" },
	{ "-sha384", "hmac(sha384)" },
	{ "-sha512", "hmac(sha512)" },
	{ "-sha1", "hmac(sha1)" },
	{ "-aesxcbc", "xcbc(aes)" },
	{ "-aescmac", "cmac(aes)" },
};

static struct crypto_shash *hash_of(const char *alg)
{
	const char *name = strchr(alg, '-');
	unsigned int i;

	for (i = 0; name && i < ARRAY_SIZE(hashes); i++)
		if (!strcmp(hashes[i].name, name))
			return crypto_alloc_shash(hashes[i].crypto, 0, 0);
	return NULL;
}

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
	int err;

	memset(sa, 0, sizeof(*sa));
	sa->alg = ipvti_alg_find(v->alg);
	KUNIT_ASSERT_NOT_NULL_MSG(test, sa->alg, "%s", v->alg);
	sa->spi = v->spi;
	sa->esn = v->esn;
	len = bytes(test, v->key, key);
	for (i = 0; i < ipvti_alg_integ_key_len(sa->alg); i++)
		key[len++] = 0x30 + i;
	KUNIT_ASSERT_EQ_MSG(test, len, ipvti_alg_key_len(sa->alg), "%s", v->name);
	err = ipvti_crypto_init_sa(sa, key, len, NULL);
	if (err == -EOPNOTSUPP)
		kunit_skip(test, "this kernel lacks %s", v->alg);
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "%s", v->name);
}

/* The ICV as RFC 4303 sections 2.8 and 3.3.2.1 define it, without the code under test. */
static void expect_hmac(struct kunit *test, const struct vector *v, const struct ipvti_sa *sa,
			const u8 *key, const u8 *packet, unsigned int len, u8 *icv)
{
	const struct ipvti_alg *alg = sa->alg;
	struct crypto_shash *hash = hash_of(v->alg);
	__be32 high = htonl(upper_32_bits(v->seq));
	u8 digest[64];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hash);
	{
		SHASH_DESC_ON_STACK(desc, hash);

		desc->tfm = hash;
		KUNIT_EXPECT_EQ(test, crypto_shash_setkey(hash, key + ipvti_alg_encr_key_len(alg),
							  ipvti_alg_integ_key_len(alg)), 0);
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
	if (!sa->alg->integ)
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
		skb = ipvti_send_prepare(sa, skb, HEADROOM, 0);
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
	struct ipvti_op *op;

	local_bh_disable();
	op = ipvti_op_alloc(sa);
	local_bh_enable();
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

static void rfc_vectors(struct kunit *test)
{
	const struct vector *v = test->param_value;
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
	local_bh_disable();
	ipvti_op_free(op);
	local_bh_enable();
	ipvti_crypto_free_sa(sa);
}

static void vector_name(const struct vector *v, char *desc)
{
	strscpy(desc, v->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vector, vectors, vector_name);

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
	static const char *const names[] = { "aes128-sha256", "3des-sha1" };
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	unsigned int i, j, len;
	u8 iv[17], last[16];

	KUNIT_ASSERT_NOT_NULL(test, sa);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		sa->alg = ipvti_alg_find(names[i]);
		len = sa->alg->sizes.iv_len;
		memset(last, 0, sizeof(last));
		iv[len] = 0xa5;
		local_bh_disable();
		for (j = 0; j < 100; j++) {
			ipvti_crypto_iv(sa, 1, iv);
			KUNIT_EXPECT_NE(test, memcmp(iv, last, len), 0);
			memcpy(last, iv, len);
		}
		local_bh_enable();
		KUNIT_EXPECT_EQ_MSG(test, iv[len], 0xa5, "%s writes behind its IV", names[i]);
	}
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
	out = ipvti_send_prepare(sa, clone, HEADROOM, 0);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_EXPECT_TRUE(test, ipvti_crypto_owned(out));
	KUNIT_EXPECT_PTR_NE(test, out->head, skb->head);
	kfree_skb(out);
	kfree_skb(skb);
}

/* RFC 4303 section 2.7: zeros after the inner packet, and the padding of the cipher after that. */
static void tfc_padding(struct kunit *test)
{
	struct ipvti_sa *sa = kunit_kzalloc(test, sizeof(*sa), GFP_KERNEL);
	unsigned int lengths[] = { 0, 99, 100, 101, 1000 }, i, head, want, len;
	struct sk_buff *skb;
	u8 next_header;

	KUNIT_ASSERT_NOT_NULL(test, sa);
	sa->alg = ipvti_alg_find("aes128-sha256");
	head = IPVTI_ESP_HDR_LEN + sa->alg->sizes.iv_len;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		want = max(lengths[i], 100u);
		skb = alloc_skb(512, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_reserve(skb, 128);
		skb->protocol = htons(ETH_P_IP);
		memset(skb_put(skb, 100), 0x45, 100);
		skb = ipvti_send_prepare(sa, skb, HEADROOM, lengths[i]);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, skb->len, ipvti_esp_len(&sa->alg->sizes, want));
		len = skb->len - head - sa->alg->sizes.icv_len;
		KUNIT_EXPECT_EQ(test, ipvti_esp_read_trailer(skb->data + head, len, &next_header),
				want);
		KUNIT_EXPECT_EQ(test, next_header, IPPROTO_IPIP);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(skb->data + head, 0x45, 100), NULL);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(skb->data + head + 100, 0, want - 100), NULL);
		kfree_skb(skb);
	}
}

static struct kunit_case vectors_cases[] = {
	KUNIT_CASE_PARAM(rfc_vectors, vector_gen_params),
	KUNIT_CASE(counter_ivs),
	KUNIT_CASE(random_ivs),
	KUNIT_CASE(shared_is_copied),
	KUNIT_CASE(tfc_padding),
	{}
};

static struct kunit_suite vectors_suite = {
	.name = "ipvti_vectors",
	.test_cases = vectors_cases,
};

kunit_test_suite(vectors_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Unit tests of ipvti");
