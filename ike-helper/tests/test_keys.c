// SPDX-License-Identifier: GPL-2.0
/* The key schedule (RFC 7296 sections 2.13 to 2.18) and what depends on nonces. */
#include <string.h>

#include "../core/state.h"
#include "../crypto/openssl.h"
#include "check.h"
#include "hex.h"

struct schedule {
	const char *name;
	const char *proposal;
	const char *ni, *nr, *spi_i, *spi_r, *secret, *new_secret;
	const char *skeyseed;
	const char *d, *ai, *ar, *ei, *er, *pi, *pr;
	const char *child, *child_pfs;
	const char *rekey;
	const char *octets;	/* signed by the initiator gw-a.example.net, message "first message" */
};

/*
 * The first is of NIST's Cryptographic Algorithm Validation Program (its nonces are shorter than
 * IKE allows); the others, and what is signed, come from a few lines of Python's hmac.
 */
static const struct schedule schedules[] = {
	{ .name = "NIST CAVP, HMAC-SHA1",
	  .proposal = "aes128-sha1-prfsha1-x25519",
	  .ni = "32b50d5f4a3763f3",
	  .nr = "9206a04b26564cb1",
	  .spi_i = "34c9e7c188868785",
	  .spi_r = "3ff77d760d2b2199",
	  .secret = "4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52",
	  .new_secret = "863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330",
	  .skeyseed = "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
	  .d = "a14293677cc80ff8f9cc0eee30d895da9d8f4056",
	  .ai = "66e30ef0dfcb63c634a46002a2a63080e514a062",
	  .ar = "768b76606f9fa5e992204fc5a670bde3f10d6b02",
	  .ei = "7113936a5c55b648a194ae587b0088d5",
	  .er = "2204b702c979fa280870d2ed41efa9c5",
	  .pi = "49fd11198af1670b143d384bd275c5f594cf266b",
	  .pr = "05ebadca855e4249520a441a81157435a7a56cc4",
	  .child = "8059e3ee8810e6c3a91bc8bcd2a7a41151b8d0e6ae239c7b38093ad85ef4c581"
	  "1a8e7b5d1cdabd9560b2d5e092d1f24e2d4b85eccdf0ad0dc9abd94b51ee7181"
	  "4ca6dbc8bb51b6309f5b9545c7eb35cf5580b1e521a8fe20754a2d883ba0c2cf"
	  "285f524aea6545b33106bc03e614296d319d41d4b50b3f510b1c0a22f3e66499"
	  "4d234cb4",
	  .child_pfs = "bb43244c1860ad65ee1e211ffe8bb3661750c8f89cb9f547df7f4fa61d373016"
	  "28190e38c66232eab4b3ab14c400a5197dd3730ed4820a8a10394d51e1c04000"
	  "52f63ebd36b0e7ef53aaed31eba4a5080d7d4b5666023a8bbb5ffb7857240f9a"
	  "05884d1b7d2f933708450b7b3288f1fc863ab49fa901227cffc06e27899c7054"
	  "d56fd74c",
	  .rekey = "63e81194946ebd05df7df5ebf5d8750056bf1f1d",
	  .octets = "6669727374206d6573736167659206a04b26564cb172f3d8a1b98f366759f00b"
	  "723fcd02ef843ff4cd",
	},
	{ .name = "HMAC-SHA256",
	  .proposal = "aes256gcm16-prfsha256-x25519",
	  .ni = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .nr = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
	  .spi_i = "0102030405060708",
	  .spi_r = "1112131415161718",
	  .secret = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  .new_secret = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
	  .skeyseed = "65779e9a368f12ac71ea474988dd7d9e3fe5793e784d0ba98d72ee64b7edb745",
	  .d = "2bc8059eee8bca1cf2dbdc128464b2844935f59ff701c97d395caee2d5e4b900",
	  .ai = "",
	  .ar = "",
	  .ei = "bb1c5593342163857d7c04f1335ce9ed98a80d7e94a2eeec55fc97f67d926673"
	  "e9e7ecf1",
	  .er = "47851d38ff8ee9c77d0ad18284a6023a44692aaa66696e28449af8f06e6c69ad"
	  "d0dbcb0f",
	  .pi = "770ea1e022472be4ca52bdb9b78f758513408c8f1f0341f3cd545728929d7688",
	  .pr = "ccdddc9a302f01079bd615076257a9105877675e5a6d85deee944fdcc725e7ff",
	  .child = "c7d6a7d0ef768f6bd00f95c7f57ff80887acdfd68ddf9ad3ee58eab05866ff54"
	  "b9424ae482934d3a348248481b17033aee43c1b411741795122f2580c9d93c44"
	  "20911a95e1a67976",
	  .child_pfs = "80c5198fe7846d75023e7f4007f58c55ef32de649242af52b9cfff5d3fec4f6c"
	  "ec0a889e152012483e99677e42aabc84fb5b27b25c22295b1d65d77f46de8739"
	  "45a6a4dc2bef4c6d",
	  .rekey = "a0a2dba75f6a4751bf5425c94730567f0070098e65dc9453f398baeb829a0e33",
	  .octets = "6669727374206d657373616765404142434445464748494a4b4c4d4e4f505152"
	  "535455565758595a5b5c5d5e5f017403c9cbd07b17596c031fe5b1de45fde8c8"
	  "714986b47a10091482bd612c05",
	},
	{ .name = "HMAC-SHA384",
	  .proposal = "aes256-sha384-prfsha384-x25519",
	  .ni = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .nr = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
	  .spi_i = "0102030405060708",
	  .spi_r = "1112131415161718",
	  .secret = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  .new_secret = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
	  .skeyseed = "5b53c041c3e8561906ebba051b508c1d82ad40a832e0910c25eeaf9a8cef7f9a"
	  "118b3e57238b7755d31bb9d6f7fa3696",
	  .d = "d6756dd21757b08c46827fb980b0fa87d8e368c885fd58d042b91126f4d0826b"
	  "5787c2fcc06f301bd4a5010c35f5c0b8",
	  .ai = "a4382d3797327793ae23fc0984a74fbccff41f86f3834d89bfe8e1df96cb6075"
	  "aaa38d2a8860fb4fa6a17a365e7bd5dd",
	  .ar = "87cfbc8eca297192cac3bd5d82e2e49481dcf1d0ba200d53358b77de53dfa1e9"
	  "03e0adb407f69974aac263b53c5fffc6",
	  .ei = "88805fbc77b4b82762381cba4a77b39e4b75e560542d3ae1b297f9d214444195",
	  .er = "9722100d3485e1ae3173a77a6e2f44934e1a6ebe5f62c8eedf03da11d1d8317d",
	  .pi = "2d73244855c5fd243d97d3c648f45b7e78e5d65f93a10465b214067ef8b18db4"
	  "a1060870e7d80e81768a48f67878827a",
	  .pr = "9a7eea0b36d960638dcfa88468b3da551ae5d77e01b96648343c3d9180d27f11"
	  "947972dd7e9175c5d7d52590c2a544c9",
	  .child = "125071e3fd8d2766a6942411c2bf573432c04d3a68875484410753392a053f26"
	  "d55c29b8ebf396ebff3671edd3d5cdb3a683dc8707bc3eddad9a44e3f040a42b"
	  "f9c7ed201c680002",
	  .child_pfs = "db3c1c0a04be5f995c0df7967e17f883e311ee1400482363da3044a736f51502"
	  "3c2e66966c1f57f73bde7f1c8a3dfae7e80e4a2920e1cb48902033c663d33d66"
	  "a7c3cb8a48cee2d2",
	  .rekey = "cad05cd6eed19965638e978b6108f8458ff286deb6d0a6383b7fc4c9be450d98"
	  "a5e537de0cc5068bbe474fb32db8cc2a",
	  .octets = "6669727374206d657373616765404142434445464748494a4b4c4d4e4f505152"
	  "535455565758595a5b5c5d5e5fc6c6d3900a58b97081bd6457b999512578ec4f"
	  "7fe0951ba33cffe51e946d8df2dd5ccaf6848e0b9a2a4fa0897f13cb98",
	},
	{ .name = "HMAC-SHA512",
	  .proposal = "aes128-sha512-prfsha512-x25519",
	  .ni = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .nr = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
	  .spi_i = "0102030405060708",
	  .spi_r = "1112131415161718",
	  .secret = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  .new_secret = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
	  .skeyseed = "ab4c2b338828899ba969447330f2a645e4affd7aa548b3d6a8f6e41232b9af68"
	  "163cf1087375396a72a89f71374eb7a26a57985b09d1a758b4ed3e5ca0f6d272",
	  .d = "8a6621b1847de8327184b5f33c87bfc10b960030f9df3d744fe39a21dfe728ae"
	  "a266ff7eb5623804e21191f2bd47b5dbdb2137b88fb89e07a58c92a7804186bf",
	  .ai = "057b3231fff6319cada89c9d0e4585b4d526265155888e3bdae28a0635ec28b1"
	  "90adcf39fc664afccebc63aeba6efb67c15ace7cd928fe6faedbaaeac8055bad",
	  .ar = "f483c006aeb0e7de468f88c3785741dda1b58ab31f28af58ad3122ad3ffb1c39"
	  "fc346cd7b6fb5519f34ca63ab91ae096050a05f14edf19103ef02ee284095202",
	  .ei = "7629743c2238f48e4a24c8f443a2ba02",
	  .er = "fea0d625f09f341a3a70d40dbf339058",
	  .pi = "2220d690df7748e60a78bc693b337ca6f507b22be82a5918ff09eb70427a1b69"
	  "e2e6b68f246172c1610c9974a2a767877983c6f8cd8ab03f1080774d05998e49",
	  .pr = "804819e2ac6149eba235c75caaed5564123961cdc0c0a6993c51411f1703ca40"
	  "36b175645416cb29e9cc9378a50e90359e20a9dcd356f77ce603744ede15a6ba",
	  .child = "4ba96ac85389f0938644bdcb111bb33c5306176f959dcf70de694c1a980bec09"
	  "445408e68ef0577cebbad1809e89806d88437f1fff16fcecce811347fb766054"
	  "8f7850c927f17a0a",
	  .child_pfs = "ed9dcac8d8a6041e9868f6ca29e3f722e38b503f966154daabc2368af1aedd30"
	  "06228f54e599560a555fe6b9d0b525a20a55d03d8b8d957d2bca6964a088cfee"
	  "c6d984a8bde73f4b",
	  .rekey = "107a47075345c25592a7e40066599a4e9dc2201dab9e1922453a6f3d6e271dc8"
	  "9933fc8822863ec0639551b3665bf13732b5f706c2f89a0238bf286ccce83975",
	  .octets = "6669727374206d657373616765404142434445464748494a4b4c4d4e4f505152"
	  "535455565758595a5b5c5d5e5fe4fa0c0765255b0722e8714bfa3c4ceda78732"
	  "f86a8f81b7883913d919c76d63a6aa6e8a89e2f23389f47b29bb233ba2875804"
	  "cf60427244f6d578a985238bb9",
	},
};

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

static struct ike_nonce nonce(const char *text)
{
	struct octets o = hex(text);
	struct ike_nonce n = { .len = o.len };

	memcpy(n.data, o.data, o.len);
	return n;
}

static uint64_t spi(const char *text)
{
	struct octets o = hex(text);
	struct ike_reader r = ike_reader_init(o.data, o.len);

	return ike_get_u64(&r);
}

static const struct ike_alg *prf_of(const struct ike_sa *sa)
{
	return ike_proposal_alg(&sa->proposal, IKE_TRANSFORM_PRF);
}

static void prepare(const struct schedule *s, struct ike_sa *sa)
{
	char err[IKE_MAX_TEXT];

	memset(sa, 0, sizeof(*sa));
	if (!ike_proposal_parse(s->proposal, IKE_PROTO_IKE, true, &sa->proposal, err, sizeof(err)))
		fail_msg("%s", err);
	sa->ni = nonce(s->ni);
	sa->nr = nonce(s->nr);
	sa->spi_i = spi(s->spi_i);
	sa->spi_r = spi(s->spi_r);
}

static void derive(const struct schedule *s, struct ike_sa *sa)
{
	struct octets secret = hex(s->secret);
	uint8_t skeyseed[IKE_MAX_PRF];
	const struct ike_alg *prf;

	prepare(s, sa);
	prf = prf_of(sa);
	assert_true(ike_skeyseed(crypto, prf, &sa->ni, &sa->nr, chunk(&secret), skeyseed));
	assert_hex(skeyseed, prf->key_len, s->skeyseed);
	assert_true(ike_derive(crypto, sa, (struct ike_chunk){ skeyseed, prf->key_len }));
}

static void ike_sa_keys(void **state)
{
	struct ike_sa sa;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(schedules); i++) {
		const struct schedule *s = &schedules[i];
		size_t prf_len, encr_len;

		derive(s, &sa);
		prf_len = prf_of(&sa)->key_len;
		encr_len = ike_proposal_alg(&sa.proposal, IKE_TRANSFORM_ENCR)->key_len;
		assert_hex(sa.keys.d, prf_len, s->d);
		assert_hex(sa.keys.ai, strlen(s->ai) / 2, s->ai);
		assert_hex(sa.keys.ar, strlen(s->ar) / 2, s->ar);
		assert_hex(sa.keys.ei, encr_len, s->ei);
		assert_hex(sa.keys.er, encr_len, s->er);
		assert_hex(sa.keys.pi, prf_len, s->pi);
		assert_hex(sa.keys.pr, prf_len, s->pr);
	}
}

static void child_sa_keys(void **state)
{
	uint8_t out[256];
	struct octets secret;
	struct ike_sa sa;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(schedules); i++) {
		const struct schedule *s = &schedules[i];

		derive(s, &sa);
		assert_true(ike_keymat(crypto, &sa, (struct ike_chunk){ NULL, 0 }, &sa.ni, &sa.nr,
				       out, strlen(s->child) / 2));
		assert_hex(out, strlen(s->child) / 2, s->child);
		secret = hex(s->new_secret);
		assert_true(ike_keymat(crypto, &sa, chunk(&secret), &sa.ni, &sa.nr, out,
				       strlen(s->child_pfs) / 2));
		assert_hex(out, strlen(s->child_pfs) / 2, s->child_pfs);
	}
}

static void rekeyed_ike_sa_seed(void **state)
{
	uint8_t out[IKE_MAX_PRF];
	struct octets secret;
	struct ike_chunk sk_d;
	struct ike_sa sa;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(schedules); i++) {
		const struct schedule *s = &schedules[i];

		derive(s, &sa);
		secret = hex(s->new_secret);
		sk_d = (struct ike_chunk){ sa.keys.d, prf_of(&sa)->key_len };
		assert_true(ike_skeyseed_rekey(crypto, prf_of(&sa), sk_d, &sa.ni, &sa.nr,
					       chunk(&secret), out));
		assert_hex(out, prf_of(&sa)->key_len, s->rekey);
	}
}

static void what_the_initiator_signs(void **state)
{
	struct ike_core core = { .cfg = { .crypto = crypto } };
	struct ike_writer out = { 0 };
	struct ike_sa sa;
	struct ike_id id;
	size_t i;

	(void)state;
	assert_true(ike_id_parse("gw-a.example.net", &id));
	for (i = 0; i < ARRAY_SIZE(schedules); i++) {
		derive(&schedules[i], &sa);
		ike_blob_set(&sa.auth.init_i, "first message", strlen("first message"));
		assert_true(ike_auth_octets(&core, &sa, true, &id, &out));
		assert_hex(out.data, out.len, schedules[i].octets);
		ike_blob_free(&sa.auth.init_i);
		ike_writer_free(&out);
	}
}

/* RFC 7296 section 2.13: the counter is one octet, so 255 blocks are the most. */
static void prf_plus_ends_with_its_counter(void **state)
{
	const struct ike_alg *prf = ike_alg_find(IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	static uint8_t out[256 * 32];
	struct octets key = text_octets("key");
	struct octets seed = text_octets("seed");

	(void)state;
	assert_true(ike_prf_plus(crypto, prf, chunk(&key), chunk(&seed), out, 255 * 32));
	assert_false(ike_prf_plus(crypto, prf, chunk(&key), chunk(&seed), out, 256 * 32));
}

/* RFC 7296 section 2.10: 16 to 256 octets. */
static void nonces_of_allowed_length_only(void **state)
{
	static const uint8_t data[300];
	struct ike_nonce n;

	(void)state;
	assert_false(ike_nonce_get((struct ike_chunk){ NULL, 0 }, &n));
	assert_false(ike_nonce_get((struct ike_chunk){ data, 15 }, &n));
	assert_true(ike_nonce_get((struct ike_chunk){ data, 16 }, &n));
	assert_true(ike_nonce_get((struct ike_chunk){ data, 256 }, &n));
	assert_int_equal(n.len, 256);
	assert_false(ike_nonce_get((struct ike_chunk){ data, 257 }, &n));
}

/* RFC 7296 section 2.8.1: of four nonces the lowest decides, compared octet by octet. */
static void the_lowest_nonce_decides(void **state)
{
	struct ike_nonce high = nonce("ff000000000000000000000000000000");
	struct ike_nonce middle = nonce("80000000000000000000000000000000");
	struct ike_nonce low = nonce("01ffffffffffffffffffffffffffffff");
	struct ike_nonce longer = nonce("80000000000000000000000000000000 00");

	(void)state;
	assert_true(ike_nonce_lower(&low, &high, &middle, &high));
	assert_true(ike_nonce_lower(&high, &low, &middle, &high));
	assert_false(ike_nonce_lower(&middle, &high, &high, &low));
	assert_true(ike_nonce_lower(&middle, &high, &longer, &high));
	assert_false(ike_nonce_lower(&longer, &high, &middle, &high));
	assert_false(ike_nonce_lower(&middle, &high, &high, &middle));
}

static void a_private_key_is_gone_after_use(void **state)
{
	static const uint8_t zero[IKE_MAX_KE_PRIV];
	struct ike_core core = { .cfg = { .crypto = crypto } };
	struct ike_ke a, b;

	(void)state;
	assert_true(ike_ke_start(&core, &a, IKE_KE_X25519));
	assert_true(ike_ke_start(&core, &b, IKE_KE_X25519));
	assert_true(ike_ke_finish(&core, &a, (struct ike_chunk){ b.pub, b.pub_len }));
	assert_memory_equal(a.priv, zero, sizeof(zero));
	assert_false(ike_ke_finish(&core, &b, (struct ike_chunk){ zero, 32 }));
	assert_int_equal(b.secret_len, 0);
	assert_memory_equal(b.priv, zero, sizeof(zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ike_sa_keys),
		cmocka_unit_test(child_sa_keys),
		cmocka_unit_test(rekeyed_ike_sa_seed),
		cmocka_unit_test(what_the_initiator_signs),
		cmocka_unit_test(prf_plus_ends_with_its_counter),
		cmocka_unit_test(nonces_of_allowed_length_only),
		cmocka_unit_test(the_lowest_nonce_decides),
		cmocka_unit_test(a_private_key_is_gone_after_use),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
