// SPDX-License-Identifier: GPL-2.0
/* The algorithm table against itself and against what the crypto API says of its lines. */

#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/log2.h>

#include "../ipvti.h"

/* Every algorithm is a test of its own. */
static const void *next_alg(const void *prev, char *desc)
{
	const struct ipvti_alg *alg = ipvti_alg_at(0);

	if (prev)
		alg = ipvti_alg_at((const struct ipvti_alg *)prev - alg + 1);
	if (alg)
		strscpy(desc, alg->name, KUNIT_PARAM_DESC_SIZE);
	return alg;
}

static void algs_sane(struct kunit *test)
{
	const struct ipvti_alg *alg = test->param_value;

	KUNIT_EXPECT_PTR_EQ(test, ipvti_alg_find(alg->name), alg);
	KUNIT_EXPECT_LE(test, ipvti_alg_key_len(alg), IPVTI_KEY_MAX);
	KUNIT_EXPECT_LT(test, strlen(alg->name), sizeof(alg->name) - 1);
	KUNIT_EXPECT_LE(test, alg->sizes.iv_len, IPVTI_ESP_IV_MAX);
	KUNIT_EXPECT_GT(test, alg->sizes.icv_len, 0);
	KUNIT_EXPECT_LE(test, alg->sizes.icv_len, IPVTI_ESP_ICV_MAX);
	KUNIT_EXPECT_LE(test, alg->sizes.block, IPVTI_ESP_BLOCK_MAX);
	KUNIT_EXPECT_GE(test, alg->sizes.block, IPVTI_ESP_ALIGN);
	KUNIT_EXPECT_TRUE(test, is_power_of_2(alg->sizes.block));
	KUNIT_EXPECT_EQ(test, !alg->sizes.iv_len, alg->iv_mode == IPVTI_IV_NONE);
	KUNIT_EXPECT_TRUE(test, alg->iv_mode != IPVTI_IV_RANDOM ||
			  alg->sizes.iv_len == alg->sizes.block);
	KUNIT_EXPECT_EQ(test, !alg->encr->rfc, alg->encr->status == IPVTI_ALG_UNLISTED);
	KUNIT_EXPECT_EQ(test, !alg->encr->id, alg->encr->status == IPVTI_ALG_UNLISTED);
	if (!alg->integ)
		return;
	KUNIT_EXPECT_EQ(test, !alg->integ->rfc, alg->integ->status == IPVTI_ALG_UNLISTED);
	KUNIT_EXPECT_EQ(test, !alg->integ->id, alg->integ->status == IPVTI_ALG_UNLISTED);
}

static void algs_known(struct kunit *test)
{
	static const struct {
		const char *name;
		enum ipvti_alg_status status;
	} known[] = {
		{ "aes128gcm16", IPVTI_ALG_MUST },
		{ "aes128-sha256", IPVTI_ALG_MUST },
		{ "aes256-sha1", IPVTI_ALG_MUST_MINUS },
		{ "aes256-sha512", IPVTI_ALG_SHOULD },
		{ "aes128ccm8", IPVTI_ALG_SHOULD },
		{ "aes192-sha256", IPVTI_ALG_MAY },
		{ "camellia256ctr-sha256", IPVTI_ALG_MAY },
		{ "3des-sha1", IPVTI_ALG_SHOULD_NOT },
		{ "null-md5", IPVTI_ALG_MUST_NOT },
		{ "blowfish256-sha256", IPVTI_ALG_MUST_NOT },
		{ "aes128-sha256_96", IPVTI_ALG_UNLISTED },
	};
	const struct ipvti_alg *alg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		alg = ipvti_alg_find(known[i].name);
		KUNIT_ASSERT_NOT_NULL_MSG(test, alg, "%s", known[i].name);
		KUNIT_EXPECT_EQ_MSG(test, ipvti_alg_status(alg), known[i].status, "%s",
				    known[i].name);
		KUNIT_EXPECT_EQ(test, ipvti_alg_legacy(alg),
				known[i].status >= IPVTI_ALG_SHOULD_NOT);
	}
	KUNIT_EXPECT_NULL(test, ipvti_alg_find("rot13"));
	KUNIT_EXPECT_NULL(test, ipvti_alg_find("aes128"));
	KUNIT_EXPECT_NULL(test, ipvti_alg_find("aes128gcm16-sha256"));
	KUNIT_EXPECT_NULL(test, ipvti_alg_at(UINT_MAX));
}

static void check_aead(struct kunit *test, const struct ipvti_alg *alg, bool esn)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *aead;

	ipvti_alg_crypto_name(alg, esn, name);
	aead = crypto_alloc_aead(name, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, aead, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, crypto_aead_ivsize(aead), alg->sizes.iv_len, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, crypto_aead_setauthsize(aead, alg->sizes.icv_len), 0, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, alg->sizes.block % crypto_aead_blocksize(aead), 0, "%s", name);
	crypto_free_aead(aead);
}

static struct ipvti_drivers *drivers;

static int probe(struct kunit_suite *suite)
{
	drivers = ipvti_drivers_probe();
	return drivers ? 0 : -ENOMEM;
}

static void probed(struct kunit_suite *suite)
{
	kvfree(drivers);
}

static void algs_crypto(struct kunit *test)
{
	const struct ipvti_alg *alg = test->param_value;

	if (!ipvti_driver_encr(drivers, alg))
		kunit_skip(test, "this kernel lacks %s", alg->encr->crypto);
	if (alg->integ && !ipvti_driver_integ(drivers, alg))
		kunit_skip(test, "this kernel lacks %s", alg->integ->crypto);
	check_aead(test, test->param_value, false);
	check_aead(test, test->param_value, true);
}

static struct kunit_case algs_cases[] = {
	KUNIT_CASE(algs_known),
	KUNIT_CASE_PARAM(algs_sane, next_alg),
	KUNIT_CASE_PARAM(algs_crypto, next_alg),
	{}
};

static struct kunit_suite algs_suite = {
	.name = "ipvti_algs",
	.suite_init = probe,
	.suite_exit = probed,
	.test_cases = algs_cases,
};

kunit_test_suite(algs_suite);
