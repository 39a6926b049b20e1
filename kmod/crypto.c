// SPDX-License-Identifier: GPL-2.0
/*
 * AEAD operations on ESP packets, and the ownership rule: cipher text and plain text are written
 * to one linear buffer that nobody else can see, and to nothing else. A packet that does not live
 * in such a buffer is copied into a fresh one first (send.c, receive.c), so pages that came by
 * splice, loopback or a clone are only ever read.
 */

#include <crypto/aead.h>
#include <crypto/authenc.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <net/esp.h>

#include "ipvti.h"

/* Unpredictable IVs are drawn in bulk, RFC 3602 section 3. */
#define IV_POOL_COUNT	32

struct iv_pool {
	unsigned int left;
	u8 iv[IV_POOL_COUNT][IPVTI_ESP_IV_MAX];
};

static DEFINE_PER_CPU(struct iv_pool, iv_pools);	/* bh off */

/* authenc() takes its two keys in one blob: a routing attribute, then integrity, then cipher. */
static int set_key_authenc(struct ipvti_sa *sa, const u8 *key)
{
	const struct ipvti_alg *alg = sa->alg;
	struct crypto_authenc_key_param *param;
	unsigned int encr_len = ipvti_alg_encr_key_len(alg);
	unsigned int integ_len = ipvti_alg_integ_key_len(alg);
	unsigned int len = RTA_SPACE(sizeof(*param)) + integ_len + encr_len;
	struct rtattr *rta;
	u8 *blob;
	int err;

	blob = kzalloc(len, GFP_KERNEL);
	if (!blob)
		return -ENOMEM;
	rta = (struct rtattr *)blob;
	rta->rta_type = CRYPTO_AUTHENC_KEYA_PARAM;
	rta->rta_len = RTA_LENGTH(sizeof(*param));
	param = RTA_DATA(rta);
	param->enckeylen = cpu_to_be32(encr_len);
	memcpy(blob + RTA_SPACE(sizeof(*param)), key + encr_len, integ_len);
	memcpy(blob + RTA_SPACE(sizeof(*param)) + integ_len, key, encr_len);
	err = crypto_aead_setkey(sa->aead, blob, len);
	kfree_sensitive(blob);
	return err;
}

/**
 * ipvti_crypto_init_sa() - get the cipher of an SA and set its key
 * @sa: alg and esn are set; gets aead, async and iv_mask
 * @key: key material as in IPVTI_A_SA_KEY, not kept
 * @len: of @key, ipvti_alg_key_len()
 * @extack: names what this kernel lacks
 *
 * Context: process, may sleep and load modules.
 */
int ipvti_crypto_init_sa(struct ipvti_sa *sa, const u8 *key, size_t len,
			 struct netlink_ext_ack *extack)
{
	const struct ipvti_alg *alg = sa->alg;
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *aead;
	int err;

	ipvti_alg_crypto_name(alg, sa->esn, name);
	aead = crypto_alloc_aead(name, 0, 0);
	if (IS_ERR(aead)) {
		NL_SET_ERR_MSG(extack, "this kernel lacks the algorithm or a part of it");
		return PTR_ERR(aead) == -ENOENT ? -EOPNOTSUPP : PTR_ERR(aead);
	}
	sa->aead = aead;
	sa->async = crypto_aead_alg(aead)->base.cra_flags & CRYPTO_ALG_ASYNC;
	get_random_bytes(&sa->iv_mask, sizeof(sa->iv_mask));

	err = crypto_aead_setauthsize(aead, alg->sizes.icv_len);
	if (!err)
		err = alg->integ ? set_key_authenc(sa, key) : crypto_aead_setkey(aead, key, len);
	if (err) {
		NL_SET_ERR_MSG(extack, "the cipher refuses the key");
		ipvti_crypto_free_sa(sa);
	}
	return err;
}

/**
 * ipvti_crypto_free_sa() - wipe the keys of an SA
 * @sa: SA that no packet uses any more
 *
 * Context: process. Idempotent.
 */
void ipvti_crypto_free_sa(struct ipvti_sa *sa)
{
	crypto_free_aead(sa->aead);
	sa->aead = NULL;
	memzero_explicit(&sa->iv_mask, sizeof(sa->iv_mask));
}

/**
 * ipvti_crypto_owned() - may this packet be written to where it is?
 * @skb: packet
 */
bool ipvti_crypto_owned(const struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) && !skb_cloned(skb) && !skb_shared(skb);
}

/* Room that suffices for the requests of nearly all drivers. */
#define SPARE_SIZE	1024

/* An operation of that size for the next packet; bh off. */
static DEFINE_PER_CPU(struct ipvti_op *, spare_ops);

static size_t op_size(const struct ipvti_sa *sa)
{
	return sizeof(struct ipvti_op) + crypto_aead_reqsize(sa->aead);
}

/**
 * ipvti_op_alloc() - memory for operations of an SA
 * @sa: SA with a key
 *
 * Most operations complete at once, and the next one finds the memory of the last; one that is in
 * flight keeps its own.
 *
 * Context: bottom halves disabled. Free with ipvti_op_free(), or ipvti_batch_free() if it carries a
 * batch.
 */
struct ipvti_op *ipvti_op_alloc(struct ipvti_sa *sa)
{
	size_t size = op_size(sa);
	struct ipvti_op *op;

	if (size > SPARE_SIZE) {
		op = kmalloc(size, GFP_ATOMIC);
		if (op)
			op->reusable = false;
		return op;
	}
	op = __this_cpu_read(spare_ops);
	if (op) {
		__this_cpu_write(spare_ops, NULL);
		return op;
	}
	op = kmalloc(SPARE_SIZE, GFP_ATOMIC);
	if (op)
		op->reusable = true;
	return op;
}

/**
 * ipvti_op_free() - give back an operation
 * @op: not in flight; may be NULL
 *
 * Context: bottom halves disabled.
 */
void ipvti_op_free(struct ipvti_op *op)
{
	if (op && op->reusable && !__this_cpu_read(spare_ops))
		__this_cpu_write(spare_ops, op);
	else
		kfree(op);
}

/**
 * ipvti_crypto_exit() - free what is kept for the next packet
 *
 * Context: module exit, after the last packet.
 */
void ipvti_crypto_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kfree(per_cpu(spare_ops, cpu));
}

static void random_iv(u8 *iv, unsigned int len)
{
	struct iv_pool *pool = this_cpu_ptr(&iv_pools);

	if (!pool->left) {
		get_random_bytes(pool->iv, sizeof(pool->iv));
		pool->left = IV_POOL_COUNT;
	}
	memcpy(iv, pool->iv[--pool->left], len);
}

/**
 * ipvti_crypto_iv() - make the IV of a packet
 * @sa: outbound SA
 * @seq: sequence number of the packet
 * @iv: in the packet, iv_len bytes
 *
 * Counter modes: the sequence number, of which no value is used twice, XOR a value of the SA that
 * keeps two SAs apart which somebody gave the same key. CBC: random.
 *
 * Context: bottom halves disabled.
 */
void ipvti_crypto_iv(struct ipvti_sa *sa, u64 seq, u8 *iv)
{
	switch (sa->alg->iv_mode) {
	case IPVTI_IV_COUNTER:
		put_unaligned_be64(seq ^ sa->iv_mask, iv);
		break;
	case IPVTI_IV_RANDOM:
		random_iv(iv, sa->alg->sizes.iv_len);
		break;
	}
}

/*
 * With extended sequence numbers the ICV covers SPI, high half, low half: the SPI moves four
 * bytes to the front for the time of the operation, and the high half takes its place.
 */
static void esn_insert(struct sk_buff *skb)
{
	struct ip_esp_hdr *esph = (struct ip_esp_hdr *)skb->data;

	*(__be32 *)(skb->data - IPVTI_ESP_ESN_LEN) = esph->spi;
	esph->spi = htonl(upper_32_bits(ipvti_cb(skb)->seq));
}

static void esn_remove(struct sk_buff *skb)
{
	struct ip_esp_hdr *esph = (struct ip_esp_hdr *)skb->data;

	esph->spi = *(__be32 *)(skb->data - IPVTI_ESP_ESN_LEN);
}

static void finish(struct ipvti_sa *sa, struct sk_buff *skb, int err)
{
	if (sa->esn)
		esn_remove(skb);
	ipvti_cb(skb)->err = err;
}

static void op_complete(ipvti_compat_crypto_arg *arg, int err)
{
	struct ipvti_op *op = ipvti_compat_crypto_data(arg);
	struct ipvti_batch *batch = op->batch;

	/* It has left the backlog of a full engine, and is being worked on only now. */
	if (err == -EINPROGRESS)
		return;
	finish(batch->sa, op->skb, err);
	local_bh_disable();
	if (op != container_of(batch, struct ipvti_op, own))
		ipvti_op_free(op);
	rcu_read_lock();
	ipvti_batch_done(batch, 1);
	rcu_read_unlock();
	local_bh_enable();
}

/*
 * An engine whose queue is full keeps the request for later (-EBUSY). That is bounded by what may
 * wait in the order of the SA, see queue.c.
 */
static void set_request(struct ipvti_op *op, struct sk_buff *skb, unsigned int crypt_len)
{
	struct ipvti_sa *sa = op->batch->sa;
	unsigned int iv_len = sa->alg->sizes.iv_len;
	unsigned int esn_len = sa->esn ? IPVTI_ESP_ESN_LEN : 0;

	op->skb = skb;
	memcpy(op->iv, skb->data + IPVTI_ESP_HDR_LEN, iv_len);
	sg_init_one(&op->sg, skb->data - esn_len, skb->len + esn_len);
	if (esn_len)
		esn_insert(skb);
	aead_request_set_tfm(&op->req, sa->aead);
	aead_request_set_callback(&op->req, CRYPTO_TFM_REQ_MAY_BACKLOG, op_complete, op);
	aead_request_set_ad(&op->req, esn_len + IPVTI_ESP_HDR_LEN + iv_len);
	aead_request_set_crypt(&op->req, &op->sg, &op->sg, crypt_len, op->iv);
}

static int result(struct ipvti_op *op, struct sk_buff *skb, int err)
{
	if (err == -EINPROGRESS || err == -EBUSY)
		return -EINPROGRESS;
	finish(op->batch->sa, skb, err);
	return err;
}

/**
 * ipvti_crypto_seal() - encrypt and authenticate a packet in place
 * @op: operation, not in flight; batch is set
 * @skb: owned and linear, ESP header at data with four bytes before it, IV, plain text with
 *       trailer, and room for the ICV; its number in cb
 *
 * Context: softirq, RCU; if the SA is async with a reference on it.
 *
 * Return: -EINPROGRESS: @op is taken, ipvti_batch_done() will be called for its batch, maybe was
 * already. Anything else is the result, also in cb, and @op can be used again.
 */
int ipvti_crypto_seal(struct ipvti_op *op, struct sk_buff *skb)
{
	const struct ipvti_esp_sizes *sizes = &op->batch->sa->alg->sizes;

	set_request(op, skb, skb->len - IPVTI_ESP_HDR_LEN - sizes->iv_len - sizes->icv_len);
	return result(op, skb, crypto_aead_encrypt(&op->req));
}

/**
 * ipvti_crypto_open() - check and decrypt a packet in place
 * @op: operation, not in flight; batch is set
 * @skb: owned and linear, ESP header at data with four bytes before it; its number in cb
 *
 * Context and return as ipvti_crypto_seal(); -EBADMSG: it does not authenticate.
 */
int ipvti_crypto_open(struct ipvti_op *op, struct sk_buff *skb)
{
	const struct ipvti_esp_sizes *sizes = &op->batch->sa->alg->sizes;

	set_request(op, skb, skb->len - IPVTI_ESP_HDR_LEN - sizes->iv_len);
	return result(op, skb, crypto_aead_decrypt(&op->req));
}
