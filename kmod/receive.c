// SPDX-License-Identifier: GPL-2.0
/*
 * From an ESP packet to the stack, RFC 4303 section 3.4. The order of checks is that of the file.
 * Nothing before authentication changes state: not the window, the peer's address, the MTU, nor a
 * counter that a rekey depends on.
 */

#include <linux/delay.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/esp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "ipvti.h"

/* A tenth of a second at 10,000 packets a second, or at 10 MB. */
#define HOLD_PACKETS	1024			/* of one reserved SPI */
#define HOLD_BYTES	(1024 * 1024)
#define HOLD_NET_BYTES	(16 * 1024 * 1024)	/* of one namespace */
#define HOLD_TIME	HZ
#define HOLD_RUN	64			/* packets without a pause: GRO's queue is short */
#define HOLD_PAUSE_US	50

/**
 * struct ipvti_hold - packets of a reserved SPI
 * @lock: protects all of this; softirq
 * @in: namespace that @bytes are accounted to
 * @packets: in order of arrival
 * @bytes: of @packets
 * @closed: no more, ever
 */
struct ipvti_hold {
	spinlock_t lock;		/* all below */
	struct ipvti_net *in;
	struct sk_buff_head packets;
	unsigned int bytes;
	bool closed;
};

static void drop(struct ipvti_sa *sa, struct sk_buff *skb, enum ipvti_drop reason)
{
	ipvti_drop(NULL, sa->dev, sa, skb, reason);
	kfree_skb(skb);
}

/* ---- after authentication ---- */

static enum ipvti_drop replay_reason(enum ipvti_replay_verdict verdict)
{
	switch (verdict) {
	case IPVTI_REPLAY_ZERO:
		return IPVTI_DROP_SEQ_ZERO;
	case IPVTI_REPLAY_OLD:
		return IPVTI_DROP_REPLAY_OLD;
	default:
		return IPVTI_DROP_REPLAY_SEEN;
	}
}

/* True if the packet is the newest so far too: only that may tell where the peer is now. */
static enum ipvti_replay_verdict replay_update(struct ipvti_sa *sa, u64 seq, bool *newest)
{
	enum ipvti_replay_verdict verdict;

	spin_lock(&sa->replay_lock);
	*newest = seq > sa->replay.top;
	verdict = ipvti_replay_update(&sa->replay, seq);
	spin_unlock(&sa->replay_lock);
	return verdict;
}

static bool moved(const struct ipvti_config *config, const struct ipvti_cb *cb)
{
	if (config->family != cb->family)
		return true;
	if (cb->sport && cb->sport != config->dport)
		return true;
	return cb->family == AF_INET ? config->remote.v4 != cb->saddr.v4 :
				       !ipv6_addr_equal(&config->remote.v6, &cb->saddr.v6);
}

static void note_peer(struct ipvti_dev *idev, const struct ipvti_cb *cb)
{
	const struct ipvti_config *config = rcu_dereference(idev->config);

	if (config->roam != IPVTI_ROAM_OFF && moved(config, cb))
		ipvti_device_roamed(idev, &cb->saddr, cb->family, cb->sport ?: config->dport);
}

/* Take ESP header, IV, padding and trailer off. */
static bool strip(struct ipvti_sa *sa, struct sk_buff *skb, u8 *next_header)
{
	const struct ipvti_esp_sizes *sizes = &sa->alg->sizes;
	unsigned int head = IPVTI_ESP_HDR_LEN + sizes->iv_len;
	int len;

	len = ipvti_esp_read_trailer(skb->data + head, skb->len - head - sizes->icv_len,
				     next_header);
	if (len < 0)
		return false;
	__skb_pull(skb, head);
	__skb_trim(skb, len);
	skb_reset_network_header(skb);
	return true;
}

/* The length the inner header claims, 0 if it lies; RFC 4303 2.7 allows padding after it. */
static unsigned int inner_len4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len;

	if (skb->len < sizeof(*iph) || iph->version != 4 || iph->ihl < 5)
		return 0;
	len = ntohs(iph->tot_len);
	return len >= iph->ihl * 4 && len <= skb->len ? len : 0;
}

static unsigned int inner_len6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len;

	if (skb->len < sizeof(*ip6h) || ip6h->version != 6)
		return 0;
	len = sizeof(*ip6h) + ntohs(ip6h->payload_len);
	return len <= skb->len ? len : 0;
}

static bool set_inner(struct sk_buff *skb, u8 next_header)
{
	unsigned int len;

	if (next_header == IPPROTO_IPIP) {
		skb->protocol = htons(ETH_P_IP);
		len = inner_len4(skb);
	} else {
		skb->protocol = htons(ETH_P_IPV6);
		len = inner_len6(skb);
	}
	if (!len)
		return false;
	__skb_trim(skb, len);
	return true;
}

static u8 inner_tos(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->tos :
						  ipv6_get_dsfield(ipv6_hdr(skb));
}

/* Into the device: nothing of the outer packet's life comes along. */
static void pass_up(struct ipvti_sa *sa, struct sk_buff *skb)
{
	const struct ipvti_config *config = rcu_dereference(sa->dev->config);
	struct ipvti_dev *idev = sa->dev;
	unsigned int len = skb->len;

	skb_scrub_packet(skb, true);
	skb_gso_reset(skb);
	skb->dev = idev->dev;
	skb->encapsulation = 0;
	skb_reset_mac_header(skb);
	skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
	skb_clear_hash(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	if (config->secpath && !ipvti_secpath_set(idev, skb))
		return drop(sa, skb, IPVTI_DROP_NO_MEMORY);
	if (config->inner_checksum == IPVTI_INNER_CHECKSUM_TRUST) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = ~0;
	} else {
		skb->ip_summed = CHECKSUM_NONE;
	}
	if (gro_cells_receive(&idev->gro_cells, skb) == NET_RX_DROP)
		ipvti_drop(NULL, idev, sa, NULL, IPVTI_DROP_RX_BACKLOG);
	else
		ipvti_count(idev, sa, 1, len);
}

static void receive_inner(struct ipvti_sa *sa, struct sk_buff *skb, u8 next_header)
{
	u8 outer_tos = ipvti_cb(skb)->tos;

	if (!set_inner(skb, next_header))
		return drop(sa, skb, IPVTI_DROP_BAD_INNER);
	if (!ipvti_ts_match(sa, skb))
		return drop(sa, skb, IPVTI_DROP_SELECTOR);
	if (INET_ECN_decapsulate(skb, outer_tos, inner_tos(skb)) > 1)
		return drop(sa, skb, IPVTI_DROP_ECN);
	if (!ipvti_sa_charge(sa, skb->len))
		return drop(sa, skb, IPVTI_DROP_SA_EXPIRED);
	if (!(READ_ONCE(sa->dev->dev->flags) & IFF_UP))
		return drop(sa, skb, IPVTI_DROP_DEVICE_DOWN);
	pass_up(sa, skb);
}

static enum ipvti_drop crypto_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return IPVTI_DROP_AUTH_FAILED;
	case -ENOMEM:
		return IPVTI_DROP_NO_MEMORY;
	case -ENOSPC:
		return IPVTI_DROP_RX_QUEUE_FULL;
	}
	return IPVTI_DROP_CRYPTO;
}

static void receive_opened(struct ipvti_sa *sa, struct sk_buff *skb)
{
	const struct ipvti_cb *cb = ipvti_cb(skb);
	enum ipvti_replay_verdict verdict;
	u8 next_header;
	bool newest;

	if (cb->err)
		return drop(sa, skb, crypto_reason(cb->err));
	verdict = replay_update(sa, cb->seq, &newest);
	if (verdict != IPVTI_REPLAY_OK)
		return drop(sa, skb, replay_reason(verdict));

	ipvti_device_heard(sa->dev);
	ipvti_sa_first_use(sa);
	if (newest)
		note_peer(sa->dev, cb);

	if (!strip(sa, skb, &next_header))
		return drop(sa, skb, IPVTI_DROP_BAD_TRAILER);
	switch (next_header) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return receive_inner(sa, skb, next_header);
	case IPPROTO_NONE:
		return drop(sa, skb, IPVTI_DROP_DUMMY);
	default:
		return drop(sa, skb, IPVTI_DROP_BAD_TRAILER);
	}
}

/**
 * ipvti_deliver() - pass on a packet whose turn it is
 * @batch: through crypto; gone afterwards
 *
 * Context: bottom halves disabled, RCU; called by queue.c.
 */
void ipvti_deliver(struct ipvti_batch *batch)
{
	receive_opened(batch->sa, batch->head);
	ipvti_batch_free(batch);
}

/* ---- before it ---- */

static struct sk_buff *copy_part(const struct sk_buff *skb, unsigned int offset, unsigned int len)
{
	struct sk_buff *copy = ipvti_buffer(NET_SKB_PAD, len, 0);

	if (!copy)
		return NULL;
	if (skb_copy_bits(skb, offset, copy->data, len)) {
		kfree_skb(copy);
		return NULL;
	}
	memcpy(copy->cb, skb->cb, sizeof(copy->cb));
	copy->dev = skb->dev;
	skb_copy_queue_mapping(copy, skb);
	return copy;
}

/* The packet in memory that may be written to. NULL: out of memory, the packet is still there. */
static struct sk_buff *own(struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (ipvti_crypto_owned(skb) && skb_headroom(skb) >= IPVTI_ESP_ESN_LEN)
		return skb;
	copy = copy_part(skb, 0, skb->len);
	if (copy)
		consume_skb(skb);
	return copy;
}

/**
 * ipvti_receive_open() - decrypt a packet that has its place in the order
 * @batch: of one packet, pending is one; gone afterwards
 *
 * Context: bottom halves disabled, RCU.
 */
void ipvti_receive_open(struct ipvti_batch *batch)
{
	const struct ipvti_config *config = rcu_dereference(batch->sa->dev->config);
	struct ipvti_op *op = container_of(batch, struct ipvti_op, own);
	struct ipvti_sa *sa = batch->sa;
	u64 begin = ipvti_pipe_begin(config);
	int err;

	err = ipvti_crypto_open(op, batch->head);
	ipvti_pipe_end(sa, begin, 1);
	if (err != -EINPROGRESS)
		ipvti_batch_done(batch, 1);
}

/* Let another CPU decrypt it, if one has room. */
static void spill_packet(struct ipvti_op *op, struct sk_buff *skb)
{
	struct ipvti_batch *batch = &op->own;

	batch->head = skb;
	skb_mark_not_on_list(skb);
	atomic_set(&batch->pending, 1);
	ipvti_order_enter(batch);
	if (!ipvti_pipe_push(batch))
		ipvti_receive_open(batch);
}

/*
 * Decrypt. What completes at once while nothing else is in flight passes by the queue; the rest
 * takes its place there only after the submission, which holds the batch open until then.
 */
static void open_packet(struct ipvti_op *op, const struct ipvti_config *config,
			struct sk_buff *skb)
{
	u64 begin = ipvti_pipe_begin(config);
	struct ipvti_batch *batch = &op->own;
	struct ipvti_sa *sa = batch->sa;
	int err;

	batch->head = skb;
	skb_mark_not_on_list(skb);
	atomic_set(&batch->pending, 2);
	err = ipvti_crypto_open(op, skb);
	ipvti_pipe_end(sa, begin, 1);
	if (err != -EINPROGRESS) {
		if (ipvti_order_idle(sa)) {
			ipvti_deliver(batch);
			return;
		}
		atomic_set(&batch->pending, 1);
	}
	ipvti_order_enter(batch);
	ipvti_batch_done(batch, 1);
}

static void process(struct ipvti_sa *sa, struct sk_buff *skb)
{
	const struct ipvti_config *config = rcu_dereference(sa->dev->config);
	struct ip_esp_hdr *esph = (struct ip_esp_hdr *)skb->data;
	enum ipvti_replay_verdict verdict;
	struct sk_buff *owned;
	struct ipvti_op *op;
	u64 seq;

	/* What stays may outlive the section that the outer route and device are good for. */
	skb_dst_drop(skb);
	skb->dev = sa->dev->dev;

	if (config->encap == IPVTI_ENCAP_UDP && !ipvti_cb(skb)->sport)
		return drop(sa, skb, IPVTI_DROP_WRONG_ENCAP);
	if (!ipvti_esp_len_valid(&sa->alg->sizes, skb->len))
		return drop(sa, skb, IPVTI_DROP_MALFORMED);
	seq = ipvti_replay_number(&sa->replay, ntohl(esph->seq_no));
	verdict = ipvti_replay_check(&sa->replay, seq);
	if (verdict != IPVTI_REPLAY_OK)
		return drop(sa, skb, replay_reason(verdict));
	ipvti_cb(skb)->seq = seq;
	if (!ipvti_order_room(sa))
		return drop(sa, skb, IPVTI_DROP_RX_QUEUE_FULL);

	owned = own(skb);
	if (!owned)
		return drop(sa, skb, IPVTI_DROP_NO_MEMORY);
	if (sa->async && !ipvti_sa_hold(sa))
		return drop(sa, owned, IPVTI_DROP_SA_EXPIRED);
	op = ipvti_op_alloc(sa);
	if (!op) {
		if (sa->async)
			ipvti_sa_put(sa);
		return drop(sa, owned, IPVTI_DROP_NO_MEMORY);
	}
	ipvti_batch_init(op, sa);
	if (ipvti_pipe_wanted(sa, config))
		spill_packet(op, owned);
	else
		open_packet(op, config, owned);
}

/* What is needed of the outer headers, before the packet is only ESP. */
static void note_outer(struct sk_buff *skb, __be16 sport)
{
	struct ipvti_cb cb = { .sport = sport };

	if (ip_hdr(skb)->version == 4) {
		cb.family = AF_INET;
		cb.saddr.v4 = ip_hdr(skb)->saddr;
		cb.tos = ip_hdr(skb)->tos;
	} else {
		cb.family = AF_INET6;
		cb.saddr.v6 = ipv6_hdr(skb)->saddr;
		cb.tos = ipv6_get_dsfield(ipv6_hdr(skb));
	}
	*ipvti_cb(skb) = cb;
}

static bool hold_room(const struct ipvti_hold *hold, const struct sk_buff *skb)
{
	return skb_queue_len(&hold->packets) < HOLD_PACKETS &&
	       hold->bytes + skb->len <= HOLD_BYTES &&
	       atomic_read(&hold->in->held_bytes) + skb->len <= HOLD_NET_BYTES;
}

/* Keep a packet until the key comes. False: the key came, process it. */
static bool hold_packet(struct ipvti_sa *sa, struct sk_buff *skb)
{
	struct ipvti_hold *hold = sa->hold;
	bool first = false, full = false, closed;

	spin_lock(&hold->lock);
	closed = hold->closed;
	if (!closed) {
		full = !hold_room(hold, skb);
		first = skb_queue_empty(&hold->packets);
	}
	if (!closed && !full) {
		skb_dst_drop(skb);
		skb->dev = sa->dev->dev;	/* which the SA keeps, unlike the outer one */
		hold->bytes += skb->len;
		atomic_add(skb->len, &hold->in->held_bytes);
		__skb_queue_tail(&hold->packets, skb);
	}
	spin_unlock(&hold->lock);

	if (full)
		drop(sa, skb, IPVTI_DROP_NO_KEY);
	else if (first)
		ipvti_sa_wake(sa, HOLD_TIME);
	return !closed;
}

/* What is known of the outer headers is noted. */
static void receive(struct ipvti_sa *sa, struct sk_buff *skb)
{
	switch (ipvti_sa_state(sa)) {
	case IPVTI_SA_STATE_RESERVED:
		if (hold_packet(sa, skb))
			return;
		if (ipvti_sa_state(sa) != IPVTI_SA_STATE_LIVE)
			return drop(sa, skb, IPVTI_DROP_NO_KEY);
		return process(sa, skb);
	case IPVTI_SA_STATE_LIVE:
		return process(sa, skb);
	default:
		return drop(sa, skb, IPVTI_DROP_SA_EXPIRED);
	}
}

/**
 * ipvti_receive() - process a packet for an SA of ours
 * @sa: inbound
 * @skb: ESP header at data and in the linear part, outer IP header at the network header; taken
 * @sport: source port of the UDP header before it; 0: there was none
 *
 * RFC 7296 section 2.23: UDP encapsulation is accepted whether or not a NAT was detected. Its
 * absence is not, where it was agreed upon.
 *
 * Context: softirq, RCU.
 */
void ipvti_receive(struct ipvti_sa *sa, struct sk_buff *skb, __be16 sport)
{
	note_outer(skb, sport);
	receive(sa, skb);
}

/**
 * ipvti_receive_bulk() - process the datagrams of a UDP super-packet
 * @sa: inbound SA of all of them
 * @skb: the first ESP header at data, the outer IP header at the network header; taken
 * @size: bytes of each but the last, which may have fewer
 * @sport: UDP source port
 *
 * Context: softirq, RCU.
 */
void ipvti_receive_bulk(struct ipvti_sa *sa, struct sk_buff *skb, unsigned int size, __be16 sport)
{
	struct sk_buff *copy;
	unsigned int at, len;

	note_outer(skb, sport);
	for (at = 0; at < skb->len; at += len) {
		len = min(size, skb->len - at);
		copy = copy_part(skb, at, len);
		if (copy)
			receive(sa, copy);
		else
			ipvti_drop(NULL, sa->dev, sa, NULL, IPVTI_DROP_NO_MEMORY);
	}
	consume_skb(skb);
}

/* ---- packets on a reserved SPI ---- */

/**
 * ipvti_hold_init() - let a reserved SPI hold packets
 * @sa: reserved
 *
 * Context: process.
 */
int ipvti_hold_init(struct ipvti_sa *sa)
{
	struct ipvti_hold *hold = kzalloc(sizeof(*hold), GFP_KERNEL);

	if (!hold)
		return -ENOMEM;
	spin_lock_init(&hold->lock);
	__skb_queue_head_init(&hold->packets);
	hold->in = ipvti_net(read_pnet(&sa->net));
	sa->hold = hold;
	return 0;
}

/* Take what is held out of the queue and out of the accounts. */
static void hold_empty(struct ipvti_hold *hold, struct sk_buff_head *packets, bool close)
{
	__skb_queue_head_init(packets);
	spin_lock_bh(&hold->lock);
	hold->closed |= close;
	skb_queue_splice_init(&hold->packets, packets);
	atomic_sub(hold->bytes, &hold->in->held_bytes);
	hold->bytes = 0;
	spin_unlock_bh(&hold->lock);
}

static void drop_held(struct ipvti_sa *sa, struct sk_buff_head *packets, enum ipvti_drop reason)
{
	struct sk_buff *skb;

	local_bh_disable();
	rcu_read_lock();
	while ((skb = __skb_dequeue(packets)))
		drop(sa, skb, reason);
	rcu_read_unlock();
	local_bh_enable();
}

static struct sk_buff *hold_dequeue(struct ipvti_hold *hold)
{
	struct sk_buff *skb;

	spin_lock(&hold->lock);
	skb = __skb_dequeue(&hold->packets);
	if (skb) {
		hold->bytes -= skb->len;
		atomic_sub(skb->len, &hold->in->held_bytes);
	}
	spin_unlock(&hold->lock);
	return skb;
}

/* Process some of what waits. False: nothing is left. */
static bool hold_run(struct ipvti_sa *sa)
{
	struct sk_buff *skb;
	unsigned int i;

	local_bh_disable();
	rcu_read_lock();
	for (i = 0; i < HOLD_RUN; i++) {
		skb = hold_dequeue(sa->hold);
		if (!skb)
			break;
		process(sa, skb);
	}
	rcu_read_unlock();
	local_bh_enable();
	return i == HOLD_RUN;
}

/**
 * ipvti_hold_drain() - process what waited, in order
 * @sa: has its key and is not live yet, so that what comes meanwhile waits for its turn
 *
 * Sleeps in between, since softirqs that are left to ksoftirqd do not take the packets on before.
 * Ends though more comes than is processed.
 *
 * Context: process.
 */
void ipvti_hold_drain(struct ipvti_sa *sa)
{
	unsigned int runs = 2 * HOLD_PACKETS / HOLD_RUN;

	while (runs-- && hold_run(sa))
		usleep_range(HOLD_PAUSE_US, 2 * HOLD_PAUSE_US);
}

/**
 * ipvti_hold_release() - process what came after ipvti_hold_drain(), and hold nothing any more
 * @sa: live now
 *
 * Context: process.
 */
void ipvti_hold_release(struct ipvti_sa *sa)
{
	struct sk_buff_head packets;
	struct sk_buff *skb;

	hold_empty(sa->hold, &packets, true);
	local_bh_disable();
	rcu_read_lock();
	while ((skb = __skb_dequeue(&packets)))
		process(sa, skb);
	rcu_read_unlock();
	local_bh_enable();
}

/**
 * ipvti_hold_purge() - drop what waited, go on holding
 * @sa: reserved
 * @reason: to count
 *
 * Context: process.
 */
void ipvti_hold_purge(struct ipvti_sa *sa, enum ipvti_drop reason)
{
	struct sk_buff_head packets;

	hold_empty(sa->hold, &packets, false);
	drop_held(sa, &packets, reason);
}

/**
 * ipvti_hold_close() - drop what waited and hold nothing any more
 * @sa: about to be deleted; inbound; may never have been reserved
 *
 * Context: process, while the namespace is still there.
 */
void ipvti_hold_close(struct ipvti_sa *sa)
{
	struct sk_buff_head packets;

	if (!sa->hold)
		return;
	hold_empty(sa->hold, &packets, true);
	drop_held(sa, &packets, IPVTI_DROP_NO_KEY);
}

/**
 * ipvti_hold_free() - the reverse of ipvti_hold_init()
 * @sa: closed or released, and no packet finds it any more; or it was never found; idempotent
 */
void ipvti_hold_free(struct ipvti_sa *sa)
{
	kfree(sa->hold);
	sa->hold = NULL;
}
