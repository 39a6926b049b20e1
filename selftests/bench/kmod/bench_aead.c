// SPDX-License-Identifier: GPL-2.0
/*
 * What an AEAD alone costs: measured while the module loads, read from
 * /sys/module/bench_aead/parameters/cost (nanoseconds of one encryption and one decryption) and
 * driver (who did it). For the benchmark of selftests/bench only.
 *
 *	insmod bench_aead.ko alg='rfc4106(gcm(aes))' key=20 icv=16 iv=8 size=1404
 *	insmod bench_aead.ko alg=library size=1408	(ChaCha20-Poly1305 as WireGuard calls it)
 */
#include <crypto/aead.h>
#include <crypto/authenc.h>
#include <crypto/chacha20poly1305.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

/* SPI and sequence number, then the IV, then the payload, as in an ESP packet. */
#define ESP_HEADER	8

static char *alg = "rfc4106(gcm(aes))";
module_param(alg, charp, 0444);
MODULE_PARM_DESC(alg, "AEAD of the crypto API, or \"library\"");

static uint key = 20;
module_param(key, uint, 0444);
MODULE_PARM_DESC(key, "octets of the cipher's key and salt");

static uint integ;
module_param(integ, uint, 0444);
MODULE_PARM_DESC(integ, "octets of the integrity key, for authenc");

static uint icv = 16;
module_param(icv, uint, 0444);
MODULE_PARM_DESC(icv, "octets of the ICV");

static uint iv = 8;
module_param(iv, uint, 0444);
MODULE_PARM_DESC(iv, "octets of the IV in the packet");

static uint size = 1404;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "octets to be encrypted");

static uint rounds = 400;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often");

static uint cost;
module_param(cost, uint, 0444);
MODULE_PARM_DESC(cost, "result: nanoseconds of an encryption and a decryption");

static char driver[CRYPTO_MAX_ALG_NAME];
module_param_string(driver, driver, sizeof(driver), 0444);
MODULE_PARM_DESC(driver, "result: the implementation");

/* A buffer of octets that repeat from one run to the next. */
static u8 *pattern(size_t length)
{
	u8 *buffer = kmalloc(length, GFP_KERNEL);
	size_t i;

	for (i = 0; buffer && i < length; i++)
		buffer[i] = i * 7 + 1;
	return buffer;
}

/* Set the key; authenc takes both behind an rtattr header that has the length of the second. */
static int set_key(struct crypto_aead *tfm)
{
	size_t header = integ ? RTA_SPACE(sizeof(struct crypto_authenc_key_param)) : 0;
	struct crypto_authenc_key_param *param;
	struct rtattr *rta;
	u8 *blob;
	int err;

	blob = pattern(header + key + integ);
	if (!blob)
		return -ENOMEM;
	if (integ) {
		rta = (struct rtattr *)blob;
		rta->rta_type = CRYPTO_AUTHENC_KEYA_PARAM;
		rta->rta_len = RTA_LENGTH(sizeof(*param));
		param = RTA_DATA(rta);
		param->enckeylen = cpu_to_be32(key);
	}
	err = crypto_aead_setkey(tfm, blob, header + key + integ);
	kfree_sensitive(blob);
	return err;
}

/* One request each way, over and over, with BH off as on the packet path. */
static int measure_request(struct aead_request *req, struct scatterlist *sg, u8 *nonce)
{
	u64 start, end;
	uint i;
	int err;

	aead_request_set_ad(req, ESP_HEADER + iv);
	start = ktime_get_ns();
	for (i = 0; i < rounds; i++) {
		local_bh_disable();
		aead_request_set_crypt(req, sg, sg, size, nonce);
		err = crypto_aead_encrypt(req);
		if (!err) {
			aead_request_set_crypt(req, sg, sg, size + icv, nonce);
			err = crypto_aead_decrypt(req);
		}
		local_bh_enable();
		if (err)
			return err;
	}
	end = ktime_get_ns();
	cost = div_u64(end - start, rounds);
	return 0;
}

static int measure_api(void)
{
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct scatterlist sg;
	size_t length = ESP_HEADER + iv + size + icv;
	u8 *packet, nonce[16] = { 1 };
	int err = -ENOMEM;

	tfm = crypto_alloc_aead(alg, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	strscpy(driver, crypto_aead_driver_name(tfm), sizeof(driver));

	req = aead_request_alloc(tfm, GFP_KERNEL);
	packet = pattern(length);
	if (!req || !packet)
		goto out;
	err = set_key(tfm);
	if (!err)
		err = crypto_aead_setauthsize(tfm, icv);
	if (err)
		goto out;
	aead_request_set_callback(req, 0, NULL, NULL);
	sg_init_one(&sg, packet, length);
	err = measure_request(req, &sg, nonce);
out:
	kfree(packet);
	aead_request_free(req);
	crypto_free_aead(tfm);
	return err;
}

static int measure_library(void)
{
	u8 secret[CHACHA20POLY1305_KEY_SIZE] = { 1 };
	struct scatterlist sg;
	u64 start, end;
	bool good = true;
	u8 *packet;
	uint i;

	strscpy(driver, "library", sizeof(driver));
	packet = pattern(size + CHACHA20POLY1305_AUTHTAG_SIZE);
	if (!packet)
		return -ENOMEM;

	sg_init_one(&sg, packet, size + CHACHA20POLY1305_AUTHTAG_SIZE);
	start = ktime_get_ns();
	for (i = 0; i < rounds && good; i++) {
		local_bh_disable();
		good = chacha20poly1305_encrypt_sg_inplace(&sg, size, NULL, 0, i, secret) &&
		       chacha20poly1305_decrypt_sg_inplace(&sg, size +
							   CHACHA20POLY1305_AUTHTAG_SIZE,
							   NULL, 0, i, secret);
		local_bh_enable();
	}
	end = ktime_get_ns();
	cost = div_u64(end - start, rounds);
	kfree(packet);
	return good ? 0 : -EBADMSG;
}

static int __init bench_aead_init(void)
{
	if (!size || size > 65536 || !rounds || key > 256 || integ > 256 || icv > 64 || iv > 16)
		return -EINVAL;
	return strcmp(alg, "library") ? measure_api() : measure_library();
}
module_init(bench_aead_init);

static void __exit bench_aead_exit(void)
{
}
module_exit(bench_aead_exit);

MODULE_DESCRIPTION("Cost of an AEAD, for the benchmark of ipvti");
MODULE_LICENSE("GPL");
