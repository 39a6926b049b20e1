// SPDX-License-Identifier: GPL-2.0
/*
 * From the stack to crypto: one packet of the stack, GSO or not, is one batch with one SA, one
 * route and one run of sequence numbers. RFC 4303 section 3.3.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dst.h>
#include <net/esp.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "ipvti.h"

#define DEPTH_MAX	4	/* tunnels inside each other */

/* What skb_gso_segment() leaves to the copy into the ESP packet. */
#define SEGMENT_FEATURES	(NETIF_F_SG | NETIF_F_HW_CSUM)

/* Where a checksum is to be filled in may come from a virtual machine. */
static bool checksum_valid(struct sk_buff *skb)
{
	int start;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return true;
	start = skb_checksum_start_offset(skb);
	return start >= 0 && pskb_may_pull(skb, start + skb->csum_offset + sizeof(__sum16));
}

static bool inner_valid(struct sk_buff *skb)
{
	if (!checksum_valid(skb))
		return false;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return pskb_may_pull(skb, sizeof(struct iphdr)) &&
		       ip_hdr(skb)->version == 4 && ip_hdr(skb)->ihl >= 5 &&
		       skb->len >= ip_hdr(skb)->ihl * 4;
	case htons(ETH_P_IPV6):
		return pskb_may_pull(skb, sizeof(struct ipv6hdr)) && ipv6_hdr(skb)->version == 6;
	}
	return false;
}

static struct ipvti_sa *select_sa(struct ipvti_dev *idev, const struct sk_buff *skb,
				  enum ipvti_drop *reason)
{
	const struct ipvti_out_set *out = rcu_dereference(idev->out);
	unsigned int i;

	*reason = IPVTI_DROP_NO_TUNNEL;
	if (!out)
		return NULL;
	for (i = 0; i < out->count; i++) {
		struct ipvti_sa *sa = out->sa[i];

		/* One that was replaced just now still sends, until the next set is seen. */
		if (ipvti_sa_state(sa) == IPVTI_SA_STATE_EXPIRED)
			continue;
		if (ipvti_ts_match(sa, skb))
			return sa;
		*reason = IPVTI_DROP_NO_SELECTOR;
	}
	return NULL;
}

static bool is_df(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6) || ip_hdr(skb)->frag_off & htons(IP_DF);
}

/* Does every packet that this one becomes fit? */
static bool fits(const struct sk_buff *skb, u32 mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) : skb->len <= mtu;
}

static void send_too_big(struct sk_buff *skb, u32 mtu)
{
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (!ipvti_has_listener(skb))
		return;
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/*
 * What does not fit is refused, with word to the sender, unless it is one of those that every
 * link must carry or that may be fragmented: these are fragmented outside, RFC 2473 section 7,
 * if the outer packet still is one that IP can carry (@max). True: drop it.
 */
static bool too_big(struct sk_buff *skb, const struct ipvti_config *config, u32 mtu, u32 max,
		    bool *fragment)
{
	*fragment = !fits(skb, mtu);
	if (!*fragment)
		return false;
	if (fits(skb, max) && (config->df == IPVTI_DF_CLEAR || !is_df(skb) ||
			       fits(skb, IPVTI_MTU_MIN)))
		return false;
	send_too_big(skb, max_t(u32, mtu, IPVTI_MTU_MIN));
	return true;
}

static u8 outer_tos(const struct ipvti_config *config, u8 inner)
{
	if (config->dscp == IPVTI_DSCP_INHERIT)
		return inner;	/* ECN as in RFC 6040 normal mode: copied */
	return config->dscp << 2 | (inner & INET_ECN_MASK);
}

/* What the outer header takes over from the inner one, read before that is cipher text. */
static void note_inner(struct ipvti_cb *cb, const struct ipvti_config *config,
		       const struct sk_buff *inner, bool fragment)
{
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;
	bool df = true;
	u8 tos, ttl;

	cb->err = 0;
	cb->inner_len = inner->len;
	if (inner->protocol == htons(ETH_P_IP)) {
		iph = ip_hdr(inner);
		tos = iph->tos;
		ttl = iph->ttl;
		df = iph->frag_off & htons(IP_DF);
		cb->flowlabel = 0;
	} else {
		ip6h = ipv6_hdr(inner);
		tos = ipv6_get_dsfield(ip6h);
		ttl = ip6h->hop_limit;
		cb->flowlabel = ip6_flowlabel(ip6h);
	}
	cb->tos = outer_tos(config, tos);
	cb->ttl = config->ttl ?: ttl;
	cb->fragment = fragment;
	cb->df = !fragment && (config->df == IPVTI_DF_SET || (config->df == IPVTI_DF_COPY && df));
}

/**
 * ipvti_send_charges() - are copies of a packet to be charged to its sender?
 * @skb: packet
 *
 * As segmentation does it: TCP small queues and UDP back-pressure count on it. Other destructors
 * tell the owner of the buffer that it is free, which it is when it is copied.
 */
bool ipvti_send_charges(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return sk && sk_fullsock(sk) &&
	       (skb->destructor == sock_wfree || sk->sk_protocol == IPPROTO_TCP);
}

/* The copy is charged to the sender instead of the original, with the amount of the original. */
static void move_owner(struct sk_buff *to, struct sk_buff *from)
{
	if (!ipvti_send_charges(from))
		return;
	swap(to->truesize, from->truesize);
	swap(to->destructor, from->destructor);
	swap(to->sk, from->sk);
}

/*
 * A transport checksum that is still to be filled in is, while the copy is in the cache: two tight
 * loops are quicker than the one that does both.
 */
static int copy_packet(const struct sk_buff *skb, u8 *to)
{
	unsigned int start;
	__wsum sum;

	if (skb_copy_bits(skb, 0, to, skb->len))
		return -EFAULT;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	start = skb_checksum_start_offset(skb);
	sum = csum_partial(to + start, skb->len - start, 0);
	*(__sum16 *)(to + start + skb->csum_offset) = csum_fold(sum) ?: CSUM_MANGLED_0;
	return 0;
}

static struct sk_buff *fresh_copy(struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	struct sk_buff *copy = ipvti_buffer(head, skb->len, tail);

	if (!copy)
		return NULL;
	if (copy_packet(skb, copy->data)) {
		kfree_skb(copy);
		return NULL;
	}
	copy->protocol = skb->protocol;
	copy->priority = skb->priority;
	move_owner(copy, skb);
	consume_skb(skb);
	return copy;
}

/* Nothing of the inner packet's life may show outside. */
static struct sk_buff *in_place(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return NULL;
	skb_scrub_packet(skb, true);
	skb_clear_hash(skb);
	skb->encapsulation = 0;
	return skb;
}

/**
 * ipvti_send_prepare() - give an inner packet its ESP header, IV and trailer
 * @sa: outbound SA
 * @skb: inner packet, not GSO; taken on success
 * @headroom: to keep free for the outer headers, at least four bytes
 * @pad_to: a shorter inner packet gets TFC padding up to this length, RFC 4303 section 2.7
 *
 * Sequence number and IV are the caller's to fill in.
 *
 * Return: a packet that may be encrypted in place, the ESP header at data; or NULL.
 */
struct sk_buff *ipvti_send_prepare(struct ipvti_sa *sa, struct sk_buff *skb, unsigned int headroom,
				   unsigned int pad_to)
{
	const struct ipvti_esp_sizes *sizes = &sa->alg->sizes;
	unsigned int tfc_len = pad_to > skb->len ? pad_to - skb->len : 0;
	unsigned int pad_len = ipvti_esp_pad_len(sizes, skb->len + tfc_len);
	unsigned int esp_len = pad_len + IPVTI_ESP_TRAILER_LEN + sizes->icv_len;
	unsigned int head = IPVTI_ESP_HDR_LEN + sizes->iv_len;
	u8 next_header = skb->protocol == htons(ETH_P_IP) ? IPPROTO_IPIP : IPPROTO_IPV6;
	struct ip_esp_hdr *esph;

	if (ipvti_crypto_owned(skb) && skb_headroom(skb) >= headroom + head &&
	    skb_tailroom(skb) >= tfc_len + esp_len)
		skb = in_place(skb);
	else
		skb = fresh_copy(skb, headroom + head, tfc_len + esp_len);
	if (!skb)
		return NULL;

	skb->ip_summed = CHECKSUM_NONE;
	__skb_put_zero(skb, tfc_len);
	ipvti_esp_write_trailer(__skb_put(skb, esp_len), pad_len, next_header);
	esph = __skb_push(skb, head);
	esph->spi = htonl(sa->spi);
	return skb;
}

/*
 * Encrypt one packet of the batch, whose place in it is taken whatever comes of it. True: it went
 * off with the operation, and will report itself.
 */
static bool seal(struct ipvti_batch *batch, struct ipvti_op **op, struct sk_buff *skb)
{
	if (!*op) {
		*op = ipvti_op_alloc(batch->sa);
		if (!*op) {
			ipvti_cb(skb)->err = -ENOMEM;
			return false;
		}
		(*op)->batch = batch;
	}
	if (ipvti_crypto_seal(*op, skb) != -EINPROGRESS)
		return false;
	*op = NULL;
	return true;
}

/* All are submitted; @done of them are through, or never got that far, and the one who did it. */
static void sealed(struct ipvti_batch *batch, struct ipvti_op *op, unsigned int done)
{
	if (op != container_of(batch, struct ipvti_op, own))
		ipvti_op_free(op);
	if (atomic_read(&batch->pending) != done)	/* some are in flight */
		ipvti_batch_leave_route(batch);
	ipvti_batch_done(batch, done);
}

/**
 * ipvti_send_seal() - encrypt a batch
 * @batch: prepared, with its numbers; pending is its packets and one; gone afterwards
 *
 * Context: bottom halves disabled, RCU.
 */
void ipvti_send_seal(struct ipvti_batch *batch)
{
	const struct ipvti_config *config = rcu_dereference(batch->sa->dev->config);
	struct ipvti_op *op = container_of(batch, struct ipvti_op, own);
	u64 begin = ipvti_pipe_begin(config);
	unsigned int done = 1;
	struct sk_buff *skb;

	for (skb = batch->head; skb; skb = skb->next)
		done += !seal(batch, &op, skb);
	ipvti_pipe_end(batch->sa, begin, batch->packets);
	sealed(batch, op, done);
}

/* What is to stay free before the ESP header. */
static unsigned int headroom(const struct ipvti_batch *batch, const struct ipvti_config *config)
{
	return LL_RESERVED_SPACE(batch->dst->dev) + batch->dst->header_len +
	       ipvti_output_overhead(config);
}

/* Everything up to encryption, for one packet of the batch. */
static struct sk_buff *prepare_one(struct ipvti_batch *batch, const struct ipvti_config *config,
				   struct sk_buff *skb, u64 seq, bool fragment)
{
	struct ip_esp_hdr *esph;
	struct sk_buff *out;
	struct ipvti_cb cb;

	note_inner(&cb, config, skb, fragment);
	out = ipvti_send_prepare(batch->sa, skb, headroom(batch, config), batch->pad_to);
	if (!out) {
		ipvti_drop(NULL, batch->sa->dev, batch->sa, skb, IPVTI_DROP_NO_MEMORY);
		kfree_skb(skb);
		return NULL;
	}
	cb.seq = seq;
	*ipvti_cb(out) = cb;
	esph = (struct ip_esp_hdr *)out->data;
	esph->seq_no = htonl(lower_32_bits(seq));
	ipvti_crypto_iv(batch->sa, seq, esph->enc_data);
	*batch->tail = out;
	batch->tail = &out->next;
	return out;
}

static void send_segments(struct ipvti_batch *batch, const struct ipvti_config *config,
			  struct sk_buff *segments, unsigned int n, u64 seq, bool fragment)
{
	struct ipvti_op *op = container_of(batch, struct ipvti_op, own);
	bool spill = ipvti_pipe_wanted(batch->sa, config);
	u64 begin = spill ? 0 : ipvti_pipe_begin(config);
	struct sk_buff *skb, *next, *out;
	unsigned int done = 1;

	atomic_set(&batch->pending, n + 1);
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		out = prepare_one(batch, config, skb, seq++, fragment);
		if (!out)
			done++;
		else if (!spill)
			done += !seal(batch, &op, out);
	}
	if (!spill) {
		ipvti_pipe_end(batch->sa, begin, n);
		sealed(batch, op, done);
		return;
	}
	atomic_sub(done - 1, &batch->pending);
	if (!ipvti_pipe_push(batch))
		ipvti_send_seal(batch);
}

static struct sk_buff *segment(struct ipvti_batch *batch, const struct ipvti_config *config,
			       struct sk_buff *skb)
{
	unsigned int head = IPVTI_ESP_HDR_LEN + batch->sa->alg->sizes.iv_len;
	struct sk_buff *segments;

	if (!skb_is_gso(skb)) {
		skb_mark_not_on_list(skb);
		return skb;
	}
	segments = ipvti_segment(skb, headroom(batch, config) + head, IPVTI_ESP_TAIL_MAX);
	if (segments)
		return segments;
	segments = skb_gso_segment(skb, SEGMENT_FEATURES);
	if (IS_ERR_OR_NULL(segments))
		return NULL;
	consume_skb(skb);
	return segments;
}

static unsigned int count_list(const struct sk_buff *skb, u64 *bytes)
{
	unsigned int n = 0;

	*bytes = 0;
	for (; skb; skb = skb->next) {
		*bytes += skb->len;
		n++;
	}
	return n;
}

static enum ipvti_drop reserve_failed(int err)
{
	return err == -ENOBUFS ? IPVTI_DROP_TX_QUEUE_FULL : IPVTI_DROP_SEQ_EXHAUSTED;
}

static struct ipvti_batch *new_batch(struct ipvti_sa *sa)
{
	struct ipvti_op *op;

	if (sa->async && !ipvti_sa_hold(sa))
		return NULL;
	op = ipvti_op_alloc(sa);
	if (!op) {
		if (sa->async)
			ipvti_sa_put(sa);
		return NULL;
	}
	ipvti_batch_init(op, sa);
	return &op->own;
}

static void drop_list(struct ipvti_dev *idev, struct ipvti_sa *sa, struct sk_buff *skb,
		      enum ipvti_drop reason)
{
	struct sk_buff *next;

	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		ipvti_drop(NULL, idev, sa, skb, reason);
		kfree_skb(skb);
	}
}

/* At a hard limit the first packets of a list may still pass, and the rest is dropped. */
static unsigned int charge_list(struct ipvti_sa *sa, struct sk_buff *list)
{
	struct sk_buff *last = list, *rest;
	unsigned int n, passed, i;
	u64 bytes;

	n = count_list(list, &bytes);
	passed = ipvti_sa_charge_list(sa, list, n, bytes);
	if (!passed || passed == n)
		return passed;
	for (i = 1; i < passed; i++)
		last = last->next;
	rest = last->next;
	last->next = NULL;
	drop_list(sa->dev, sa, rest, IPVTI_DROP_SA_EXPIRED);
	return passed;
}

/* The batch exists: segment, take numbers, encrypt. Takes skb; the reason if it did not get far. */
static int send_batch(struct ipvti_batch *batch, const struct ipvti_config *config,
		      struct sk_buff **skb, bool fragment, enum ipvti_drop *reason)
{
	struct sk_buff *segments;
	unsigned int n;
	u64 seq;
	int err;

	segments = segment(batch, config, *skb);
	if (!segments) {
		*reason = IPVTI_DROP_NO_MEMORY;
		return -ENOMEM;
	}
	*skb = segments;
	n = charge_list(batch->sa, segments);
	if (!n) {
		*reason = IPVTI_DROP_SA_EXPIRED;
		return -EKEYEXPIRED;
	}
	err = ipvti_order_reserve(batch, n, &seq);
	if (err) {
		*reason = reserve_failed(err);
		return err;
	}
	send_segments(batch, config, segments, n, seq, fragment);
	return 0;
}

static int send_on_sa(struct ipvti_sa *sa, const struct ipvti_config *config, struct net *net,
		      struct sk_buff **skb, enum ipvti_drop *reason)
{
	struct ipvti_dev *idev = sa->dev;
	struct ipvti_batch *batch;
	bool fragment;
	u32 mtu, max;
	int err;

	*reason = IPVTI_DROP_NO_MEMORY;
	batch = new_batch(sa);
	if (!batch)
		return -ENOMEM;
	batch->depth = ipvti_output_depth();
	batch->config = config;
	err = ipvti_output_route(idev, config, net, &batch->dst, &batch->saddr);
	if (err) {
		*reason = err == -ELOOP ? IPVTI_DROP_LOOP : IPVTI_DROP_NO_ROUTE;
		goto err_batch;
	}
	mtu = ipvti_mtu_inner(config, sa->alg, ipvti_mtu_outer(idev, batch->dst));
	max = ipvti_mtu_inner(config, sa->alg, IP_MAX_MTU);
	if (too_big(*skb, config, mtu, max, &fragment)) {
		*reason = IPVTI_DROP_TOO_BIG;
		err = -EMSGSIZE;
		goto err_batch;
	}
	batch->pad_to = min_t(u32, config->tfc, mtu);
	err = send_batch(batch, config, skb, fragment, reason);
	if (err)
		goto err_batch;
	return 0;

err_batch:
	ipvti_batch_free(batch);
	return err;
}

/**
 * ipvti_send() - ndo_start_xmit of an ipvti device
 * @skb: IP packet, may be GSO
 * @dev: the device
 *
 * Context: bottom halves disabled.
 * Return: NETDEV_TX_OK, the packet is gone.
 */
netdev_tx_t ipvti_send(struct sk_buff *skb, struct net_device *dev)
{
	struct ipvti_dev *idev = netdev_priv(dev);
	const struct ipvti_config *config;
	enum ipvti_drop reason;
	struct ipvti_sa *sa;
	struct net *net;

	rcu_read_lock();
	skb_mark_not_on_list(skb);
	skb_reset_network_header(skb);
	net = READ_ONCE(idev->net);
	config = rcu_dereference(idev->config);
	if (!inner_valid(skb)) {
		drop_list(idev, NULL, skb, IPVTI_DROP_NOT_IP);
		goto out;
	}
	if (ipvti_output_depth() >= DEPTH_MAX) {
		ipvti_refuse(idev, skb, IPVTI_DROP_NESTING);
		goto out;
	}
	sa = select_sa(idev, skb, &reason);
	if (!sa || !net) {
		ipvti_refuse(idev, skb, reason);
		goto out;
	}
	if (config->family == AF_UNSPEC) {
		ipvti_refuse(idev, skb, IPVTI_DROP_NO_REMOTE);
		goto out;
	}
	if (ipvti_path_unreachable(idev))
		ipvti_send_unreachable(skb);
	if (send_on_sa(sa, config, net, &skb, &reason)) {
		if (reason == IPVTI_DROP_NO_ROUTE || reason == IPVTI_DROP_LOOP)
			ipvti_refuse(idev, skb, reason);
		else
			drop_list(idev, sa, skb, reason);
	}
out:
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
