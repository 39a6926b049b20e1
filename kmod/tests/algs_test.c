// SPDX-License-Identifier: GPL-2.0
/* The algorithm table against itself and against what the crypto API says of its lines. */

#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/log2.h>

#include "../ipvti.h"

static void algs_sane(struct kunit *test)
{
	const struct ipvti_alg *alg;
	unsigned int i;

	for (i = 0; (alg = ipvti_alg_at(i)); i++) {
		KUNIT_EXPECT_PTR_EQ_MSG(test, ipvti_alg_find(alg->name), alg, "%s", alg->name);
		KUNIT_EXPECT_LE_MSG(test, ipvti_alg_key_len(alg), IPVTI_KEY_MAX, "%s", alg->name);
		KUNIT_EXPECT_LT_MSG(test, strlen(alg->name), IPVTI_ALG_NAME_MAX, "%s", alg->name);
		KUNIT_EXPECT_LE_MSG(test, alg->sizes.iv_len, IPVTI_ESP_IV_MAX, "%s", alg->name);
		KUNIT_EXPECT_LE_MSG(test, alg->sizes.icv_len, IPVTI_ESP_ICV_MAX, "%s", alg->name);
		KUNIT_EXPECT_LE_MSG(test, alg->sizes.block, IPVTI_ESP_BLOCK_MAX, "%s", alg->name);
		KUNIT_EXPECT_GE_MSG(test, alg->sizes.block, IPVTI_ESP_ALIGN, "%s", alg->name);
		KUNIT_EXPECT_TRUE_MSG(test, is_power_of_2(alg->sizes.block), "%s", alg->name);
		KUNIT_EXPECT_TRUE_MSG(test, alg->integ || !alg->auth_key_len, "%s", alg->name);
		KUNIT_EXPECT_EQ_MSG(test, !alg->sizes.iv_len, alg->iv_mode == IPVTI_IV_NONE, "%s",
				    alg->name);
		KUNIT_EXPECT_TRUE_MSG(test, alg->rfc, "%s", alg->name);
	}
	KUNIT_EXPECT_EQ(test, i, 14);
	KUNIT_EXPECT_NULL(test, ipvti_alg_find("rot13"));
}

static void check_aead(struct kunit *test, const struct ipvti_alg *alg, const char *name)
{
	struct crypto_aead *aead = crypto_alloc_aead(name, 0, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, aead, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, crypto_aead_ivsize(aead), alg->sizes.iv_len, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, crypto_aead_setauthsize(aead, alg->sizes.icv_len), 0, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, alg->sizes.block % crypto_aead_blocksize(aead), 0, "%s", name);
	crypto_free_aead(aead);
}

static void algs_crypto(struct kunit *test)
{
	const struct ipvti_alg *alg;
	unsigned int i;

	for (i = 0; (alg = ipvti_alg_at(i)); i++) {
		check_aead(test, alg, alg->crypto_name);
		check_aead(test, alg, alg->crypto_name_esn);
	}
}

static struct kunit_case algs_cases[] = {
	KUNIT_CASE(algs_sane),
	KUNIT_CASE(algs_crypto),
	{}
};

static struct kunit_suite algs_suite = {
	.name = "ipvti_algs",
	.test_cases = algs_cases,
};

kunit_test_suite(algs_suite);
