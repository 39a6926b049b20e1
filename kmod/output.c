// SPDX-License-Identifier: GPL-2.0
/* Outer route and outer headers: how ESP packets, and NAT keepalives, leave. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/dst_cache.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/udp.h>

#include "ipvti.h"

#define KEEPALIVE	0xff	/* RFC 3948 section 2.3 */

/* How many transmit functions this CPU is inside of; what async crypto sends brings its own. */
static DEFINE_PER_CPU(u8, depth);

/**
 * ipvti_output_net_init() - what the outer side needs per namespace
 * @in: namespace
 *
 * A socket that is never bound nor seen, for its path MTU mode: fragmentation of outer IPv4
 * packets goes by the link, not by what somebody's ICMP errors made the route believe.
 *
 * Context: pernet init.
 */
int ipvti_output_net_init(struct ipvti_net *in)
{
	int err = inet_ctl_sock_create(&in->ctl, AF_INET, SOCK_RAW, IPPROTO_ESP, in->net);

	if (!err)
		inet_sk(in->ctl)->pmtudisc = IP_PMTUDISC_INTERFACE;
	return err;
}

/**
 * ipvti_output_net_exit() - the reverse; nothing is sent any more
 * @in: namespace
 *
 * Context: pernet exit.
 */
void ipvti_output_net_exit(struct ipvti_net *in)
{
	inet_ctl_sock_destroy(in->ctl);
	in->ctl = NULL;
}

/* The settings may have changed family since a route was kept. */
static bool is_family(struct dst_entry *dst, u16 family)
{
	if (dst->ops->family == family)
		return true;
	dst_release(dst);
	return false;
}

static int route4(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net,
		  struct dst_entry **dst, union ipvti_addr *saddr)
{
	/* Protocol 0 keeps XFRM policies out: one for 0/0 would swallow our packets. */
	struct flowi4 fl4 = {
		.flowi4_oif = config->lower,
		.flowi4_mark = config->fwmark,
		.daddr = config->remote.v4,
		.saddr = config->local.v4,
	};
	struct rtable *rt;

	rt = dst_cache_get_ip4(&idev->dst_cache, &saddr->v4);
	if (rt && is_family(&rt->dst, AF_INET)) {
		*dst = &rt->dst;
		return 0;
	}
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	dst_cache_set_ip4(&idev->dst_cache, &rt->dst, fl4.saddr);
	saddr->v4 = fl4.saddr;
	*dst = &rt->dst;
	return 0;
}

/*
 * To IPv6 an interface is only a wish when a source address is given, unless a socket is bound to
 * it, and any source address will do. To IPv4, and to us, neither is so.
 */
static int lookup6(struct net *net, const struct ipvti_config *config, struct dst_entry **dst,
		   struct flowi6 *fl6)
{
	int err;

	if (ipv6_addr_any(&fl6->saddr))
		return ip6_dst_lookup(net, NULL, dst, fl6);
	*dst = ip6_route_output_flags(net, NULL, fl6, config->lower ? RT6_LOOKUP_F_IFACE : 0);
	err = (*dst)->error;
	/* In the VRF of the link, or in none. */
	if (!err && !ipv6_chk_addr(net, &fl6->saddr, (*dst)->dev, 0) &&
	    !ipv6_chk_addr(net, &fl6->saddr, NULL, 0))
		err = -EADDRNOTAVAIL;
	if (err)
		dst_release(*dst);
	return err;
}

static int route6(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net,
		  struct dst_entry **dst, union ipvti_addr *saddr)
{
	struct flowi6 fl6 = {
		.flowi6_oif = config->lower,
		.flowi6_mark = config->fwmark,
		.daddr = config->remote.v6,
		.saddr = config->local.v6,
	};
	int err;

	*dst = dst_cache_get_ip6(&idev->dst_cache, &saddr->v6);
	if (*dst && is_family(*dst, AF_INET6))
		return 0;
	err = lookup6(net, config, dst, &fl6);
	if (err)
		return err;
	dst_cache_set_ip6(&idev->dst_cache, *dst, &fl6.saddr);
	saddr->v6 = fl6.saddr;
	return 0;
}

/**
 * ipvti_output_route() - outer route of a device
 * @idev: device
 * @config: its settings, with a peer address
 * @net: its creation namespace
 * @dst: set on success, with a reference; valid inside the RCU section only
 * @saddr: outer source address
 *
 * No XFRM policy is looked up.
 *
 * Context: bottom halves disabled, RCU.
 * Return: 0; -ELOOP if it leads back into the device; other errors: no route.
 */
int ipvti_output_route(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net,
		       struct dst_entry **dst, union ipvti_addr *saddr)
{
	int err;

	/* Not once it is being deleted: from the grace period of that on it keeps no route. */
	if (READ_ONCE(idev->dev->reg_state) != NETREG_REGISTERED) {
		*dst = NULL;
		return -ENODEV;
	}
	err = config->family == AF_INET ? route4(idev, config, net, dst, saddr) :
					  route6(idev, config, net, dst, saddr);
	if (err) {
		*dst = NULL;
		return err;
	}
	/* The settings changed under us: leave no route of the old ones behind. */
	smp_mb();
	if (rcu_access_pointer(idev->config) != config || READ_ONCE(idev->net) != net)
		dst_cache_reset(&idev->dst_cache);
	if ((*dst)->dev == idev->dev) {
		dst_release(*dst);
		*dst = NULL;
		return -ELOOP;
	}
	return 0;
}

/**
 * ipvti_output_overhead() - bytes that stand before the ESP header
 * @config: settings of a device
 */
unsigned int ipvti_output_overhead(const struct ipvti_config *config)
{
	return (config->family == AF_INET6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
	       (config->encap == IPVTI_ENCAP_UDP ? sizeof(struct udphdr) : 0);
}

/**
 * ipvti_output_depth() - how many tunnels the current packet already went into
 *
 * Context: bottom halves disabled.
 */
unsigned int ipvti_output_depth(void)
{
	return __this_cpu_read(depth);
}

/* The link, or what stands for it, completes the checksum of each datagram. */
static void set_partial_csum(struct sk_buff *skb, const struct ipvti_config *config,
			     const union ipvti_addr *saddr)
{
	__sum16 sum;

	if (config->family == AF_INET)
		sum = udp_v4_check(skb->len, saddr->v4, config->remote.v4, 0);
	else
		sum = udp_v6_check(skb->len, &saddr->v6, &config->remote.v6, 0);
	udp_hdr(skb)->check = ~sum;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
}

/*
 * IPv4: no checksum, RFC 3948 section 2.1. IPv6: a real one, that every receiver accepts. UDP
 * segmentation knows only real ones.
 */
static void push_udp(struct sk_buff *skb, const struct ipvti_config *config,
		     const union ipvti_addr *saddr)
{
	struct udphdr *uh = __skb_push(skb, sizeof(*uh));

	skb_reset_transport_header(skb);
	uh->source = config->sport;
	uh->dest = config->dport;
	uh->len = htons(skb->len);
	uh->check = 0;
	if (skb_is_gso(skb))
		set_partial_csum(skb, config, saddr);
	else if (config->family == AF_INET6)
		udp6_set_csum(false, skb, &saddr->v6, &config->remote.v6, skb->len);
}

static void push_ip4(struct sk_buff *skb, const struct ipvti_config *config, struct net *net,
		     const union ipvti_addr *saddr, const struct ipvti_cb *cb, u32 mtu)
{
	struct iphdr *iph = __skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.tos = cb->tos,
		.frag_off = cb->df ? htons(IP_DF) : 0,
		.ttl = cb->ttl,
		.protocol = config->encap == IPVTI_ENCAP_UDP ? IPPROTO_UDP : IPPROTO_ESP,
		.saddr = saddr->v4,
		.daddr = config->remote.v4,
	};
	/* RFC 6864: the id of a packet that is never fragmented means nothing. */
	if (!cb->df)
		__ip_select_ident(net, iph, skb_shinfo(skb)->gso_segs ?: 1);

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->flags = IPSKB_XFRM_TRANSFORMED;
	if (mtu)
		IPCB(skb)->frag_max_size = mtu;
}

static void push_ip6(struct sk_buff *skb, const struct ipvti_config *config,
		     const union ipvti_addr *saddr, const struct ipvti_cb *cb, u32 mtu)
{
	struct ipv6hdr *ip6h = __skb_push(skb, sizeof(*ip6h));

	skb_reset_network_header(skb);
	ip6_flow_hdr(ip6h, cb->tos, cb->flowlabel);
	ip6h->nexthdr = config->encap == IPVTI_ENCAP_UDP ? IPPROTO_UDP : IPPROTO_ESP;
	ip6h->hop_limit = cb->ttl;
	ip6h->saddr = saddr->v6;
	ip6h->daddr = config->remote.v6;

	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->flags = IP6SKB_XFRM_TRANSFORMED;
	if (mtu)
		IP6CB(skb)->frag_max_size = mtu;
}

/* Outer headers, and out. The ESP header, or the payload of UDP, is at data. */
static int output(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net,
		  struct dst_entry *dst, const union ipvti_addr *saddr, struct sk_buff *skb)
{
	unsigned int head = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			    ipvti_output_overhead(config);
	struct ipvti_cb cb = *ipvti_cb(skb);
	u32 mtu = cb.fragment ? ipvti_mtu_outer(idev, dst) : 0;

	/* Settings and route may be others than those that room was made for. */
	if (skb_cow_head(skb, head)) {
		kfree_skb(skb);
		return -ENOMEM;
	}
	skb_reset_transport_header(skb);
	if (config->encap == IPVTI_ENCAP_UDP)
		push_udp(skb, config, saddr);
	skb->mark = config->fwmark;
	skb->dev = dst->dev;
	/* Too big for what another flow made the route believe is not too big for us. */
	skb->ignore_df = 1;
	skb_dst_set_noref(skb, dst);
	if (config->family == AF_INET) {
		push_ip4(skb, config, net, saddr, &cb, mtu);
		skb->protocol = htons(ETH_P_IP);
		return ip_local_out(net, ipvti_net(net)->ctl, skb);
	}
	/* IPv6 refuses to fragment to more than the route believes in. */
	push_ip6(skb, config, saddr, &cb, min(mtu, dst_mtu(dst)));
	skb->protocol = htons(ETH_P_IPV6);
	return ip6_local_out(net, NULL, skb);
}

static void drop_all(struct ipvti_batch *batch, enum ipvti_drop reason)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(batch->head, skb, next) {
		ipvti_drop(NULL, batch->sa->dev, batch->sa, skb, reason);
		kfree_skb(skb);
	}
}

static enum ipvti_drop crypto_reason(int err)
{
	switch (err) {
	case -ENOMEM:
		return IPVTI_DROP_NO_MEMORY;
	case -ENOSPC:
		return IPVTI_DROP_TX_QUEUE_FULL;
	}
	return IPVTI_DROP_CRYPTO;
}

/* Would the link, or what stands for it, make datagrams of a UDP super-packet? */
static bool merges(const struct ipvti_batch *batch)
{
	return batch->config->encap == IPVTI_ENCAP_UDP &&
	       batch->dst->dev->features & NETIF_F_GSO_UDP_L4;
}

static bool mergeable(const struct sk_buff *skb)
{
	return !ipvti_cb(skb)->err && !ipvti_cb(skb)->fragment;
}

/* Append a datagram to a super-packet, without a copy; the sender remains charged for it. */
static bool append(struct sk_buff *super, struct sk_buff *skb)
{
	struct sock *sk = super->sk;
	bool stolen;
	int delta;

	if (skb->sk != sk || super->len + skb->len > IP_MAX_MTU - MAX_HEADER ||
	    !skb_try_coalesce(super, skb, &stolen, &delta))
		return false;
	ipvti_cb(super)->inner_len += ipvti_cb(skb)->inner_len;
	if (sk) {
		swap(super->destructor, skb->destructor);
		refcount_add(delta, &sk->sk_wmem_alloc);
	}
	kfree_skb_partial(skb, stolen);
	return true;
}

/*
 * Append those that follow and are as long, and a last one that may be shorter: the datagrams of
 * a super-packet. Route, firewall and link see one packet instead of many.
 *
 * Return: the first that is not appended.
 */
static struct sk_buff *merge(struct sk_buff *super)
{
	unsigned int size = super->len, segments = 1, len = size;
	struct sk_buff *skb = super->next, *next;

	while (skb && len == size && skb->len <= size && segments < UDP_MAX_SEGMENTS &&
	       mergeable(skb)) {
		next = skb->next;
		len = skb->len;
		if (!append(super, skb))
			break;
		segments++;
		skb = next;
	}
	if (segments > 1) {
		skb_shinfo(super)->gso_size = size;
		skb_shinfo(super)->gso_segs = segments;
		skb_shinfo(super)->gso_type = SKB_GSO_UDP_L4;
	}
	return skb;
}

static void count_errors(struct ipvti_sa *sa, unsigned int packets)
{
	while (packets--)
		ipvti_drop(NULL, sa->dev, sa, NULL, IPVTI_DROP_TX_ERROR);
}

static void transmit_all(struct ipvti_batch *batch, struct net *net)
{
	struct sk_buff *skb = batch->head, *next;
	struct ipvti_sa *sa = batch->sa;
	struct ipvti_dev *idev = sa->dev;
	unsigned int packets = 0, n;
	bool merging = merges(batch);
	unsigned long now = jiffies;
	u64 bytes = 0;
	u32 len;
	int err;

	for (; skb; skb = next) {
		next = skb->next;
		err = ipvti_cb(skb)->err;
		if (err) {
			skb_mark_not_on_list(skb);
			ipvti_drop(NULL, idev, sa, skb, crypto_reason(err));
			kfree_skb(skb);
			continue;
		}
		if (merging && mergeable(skb))
			next = merge(skb);
		skb_mark_not_on_list(skb);
		len = ipvti_cb(skb)->inner_len;
		n = skb_shinfo(skb)->gso_segs ?: 1;
		err = output(idev, batch->config, net, batch->dst, &batch->saddr, skb);
		if (net_xmit_eval(err)) {
			count_errors(sa, n);
			continue;
		}
		packets += n;
		bytes += len;
	}
	if (!packets)
		return;
	ipvti_count(idev, sa, packets, bytes);
	if (READ_ONCE(idev->tx_jiffies) != now)
		WRITE_ONCE(idev->tx_jiffies, now);
}

/* A route goes with the settings it was looked up with, be there newer ones or not. */
static bool batch_route(struct ipvti_batch *batch, struct net *net)
{
	struct ipvti_dev *idev = batch->sa->dev;

	if (batch->dst)
		return true;
	batch->config = rcu_dereference(idev->config);
	return batch->config->family != AF_UNSPEC &&
	       !ipvti_output_route(idev, batch->config, net, &batch->dst, &batch->saddr);
}

/**
 * ipvti_output_batch() - send a batch whose turn it is
 * @batch: encrypted; gone afterwards
 *
 * Context: bottom halves disabled, RCU; called by queue.c, one batch of an SA at a time.
 */
void ipvti_output_batch(struct ipvti_batch *batch)
{
	struct ipvti_dev *idev = batch->sa->dev;
	struct net *net = READ_ONCE(idev->net);
	u8 before = __this_cpu_read(depth);

	if (!net) {
		drop_all(batch, IPVTI_DROP_NO_TUNNEL);
	} else if (!batch_route(batch, net)) {
		drop_all(batch, IPVTI_DROP_NO_ROUTE);
	} else {
		__this_cpu_write(depth, batch->depth + 1);
		transmit_all(batch, net);
		__this_cpu_write(depth, before);
	}
	ipvti_batch_free(batch);
}

static struct sk_buff *make_keepalive(const struct ipvti_config *config,
				      const struct dst_entry *dst)
{
	unsigned int head = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			    ipvti_output_overhead(config);
	struct sk_buff *skb = alloc_skb(head + 1, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, head);
	__skb_put_u8(skb, KEEPALIVE);
	*ipvti_cb(skb) = (struct ipvti_cb){ .ttl = config->ttl ?: IPDEFTTL };
	return skb;
}

static void send_keepalive(struct ipvti_dev *idev)
{
	const struct ipvti_config *config = rcu_dereference(idev->config);
	struct net *net = READ_ONCE(idev->net);
	union ipvti_addr saddr;
	struct dst_entry *dst;
	struct sk_buff *skb;

	if (!net || config->family == AF_UNSPEC || config->encap != IPVTI_ENCAP_UDP)
		return;
	if (ipvti_output_route(idev, config, net, &dst, &saddr))
		return;
	skb = make_keepalive(config, dst);
	if (skb)
		output(idev, config, net, dst, &saddr, skb);
	dst_release(dst);
}

/**
 * ipvti_output_keepalive() - keep the mapping of a NAT alive, RFC 3948 section 2.3
 * @idev: device; nothing happens if it is not UDP-encapsulated
 *
 * Context: process.
 */
void ipvti_output_keepalive(struct ipvti_dev *idev)
{
	local_bh_disable();
	rcu_read_lock();
	send_keepalive(idev);
	rcu_read_unlock();
	local_bh_enable();
}
