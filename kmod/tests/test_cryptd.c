// SPDX-License-Identifier: GPL-2.0
/*
 * For tests only: while this module is loaded, who asks for rfc4106(gcm(aes)) gets a driver of the
 * kernel forced through cryptd, whose queue completes later.
 */

#include <crypto/internal/aead.h>
#include <linux/module.h>

#define DRIVER		"cryptd(rfc4106(gcm_base(ctr(aes-generic),ghash-generic)))"
#define PRIORITY	9000

static struct crypto_aead *aead;

static int __init test_cryptd_init(void)
{
	aead = crypto_alloc_aead(DRIVER, 0, 0);
	if (IS_ERR(aead))
		return PTR_ERR(aead);
	crypto_aead_alg(aead)->base.cra_priority = PRIORITY;
	return 0;
}

/* The instance outlives its users otherwise, and would be found by those who come. */
static void __exit test_cryptd_exit(void)
{
	struct aead_instance *instance = aead_alg_instance(aead);

	crypto_unregister_instance(aead_crypto_instance(instance));
	crypto_free_aead(aead);
}

module_init(test_cryptd_init);
module_exit(test_cryptd_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of ipvti: a driver forced through cryptd");
