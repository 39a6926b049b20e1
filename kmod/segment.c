// SPDX-License-Identifier: GPL-2.0
/*
 * A super-packet becomes packets in one pass: headers are copied from its own and patched, and the
 * payload is copied once, to where it will be encrypted.
 *
 * Plain TCP and UDP over IPv4 and IPv6 only, which is nearly all there is; everything else is for
 * skb_gso_segment(), with whose result tests/segment_test.c compares this byte for byte.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "ipvti.h"

#define TYPES_TCP	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)
#define TYPES_UDP	SKB_GSO_UDP_L4

/**
 * struct plan - how to cut a super-packet
 * @transport: offset of the transport header
 * @headers: bytes before the payload
 * @size: bytes of payload in each segment but the last
 * @same_id: all segments have the same IPv4 id
 */
struct plan {
	unsigned int transport, headers, size;
	bool same_id;
};

static bool plan_network(struct plan *plan, struct sk_buff *skb, u8 proto)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		plan->transport = ip_hdr(skb)->ihl * 4;
		return ip_hdr(skb)->protocol == proto && !ip_is_fragment(ip_hdr(skb)) &&
		       (!plan->same_id || ip_hdr(skb)->frag_off & htons(IP_DF));
	case htons(ETH_P_IPV6):
		plan->transport = sizeof(struct ipv6hdr);
		return ipv6_hdr(skb)->nexthdr == proto;
	}
	return false;
}

static bool plan_transport(struct plan *plan, struct sk_buff *skb, u8 proto)
{
	unsigned int len = sizeof(struct udphdr), check = offsetof(struct udphdr, check);

	if (proto == IPPROTO_TCP) {
		if (!pskb_may_pull(skb, plan->transport + sizeof(struct tcphdr)))
			return false;
		len = __tcp_hdrlen((const struct tcphdr *)(skb->data + plan->transport));
		check = offsetof(struct tcphdr, check);
		if (len < sizeof(struct tcphdr))
			return false;
	}
	plan->headers = plan->transport + len;
	return pskb_may_pull(skb, plan->headers) && skb->csum_offset == check &&
	       skb_checksum_start_offset(skb) == plan->transport;
}

static bool make_plan(struct plan *plan, struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;
	u8 proto = type & TYPES_UDP ? IPPROTO_UDP : IPPROTO_TCP;

	if (type & ~(proto == IPPROTO_UDP ? TYPES_UDP : TYPES_TCP))
		return false;
	if (skb->ip_summed != CHECKSUM_PARTIAL || skb->encapsulation || skb_has_frag_list(skb))
		return false;
	plan->same_id = type & SKB_GSO_TCP_FIXEDID;
	plan->size = skb_shinfo(skb)->gso_size;
	return plan->size && plan_network(plan, skb, proto) && plan_transport(plan, skb, proto) &&
	       skb->len > plan->headers + plan->size;
}

static void patch_tcp(struct tcphdr *th, unsigned int offset, bool last)
{
	th->seq = htonl(ntohl(th->seq) + offset);
	if (offset)
		th->cwr = 0;
	if (!last) {
		th->fin = 0;
		th->psh = 0;
	}
}

static __sum16 checksum(const struct sk_buff *skb, const struct plan *plan, u8 proto)
{
	unsigned int len = skb->len - plan->transport;
	__wsum sum = csum_partial(skb->data + plan->transport, len, 0);
	__sum16 check;

	if (skb->protocol == htons(ETH_P_IP))
		check = csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len, proto, sum);
	else
		check = csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len, proto,
					sum);
	return check ?: CSUM_MANGLED_0;
}

/* The headers are those of the super-packet: make them those of the segment at @offset. */
static void patch(struct sk_buff *skb, const struct plan *plan, unsigned int offset, bool last)
{
	void *transport = skb->data + plan->transport;
	struct iphdr *iph;
	u8 proto;

	if (skb->protocol == htons(ETH_P_IP)) {
		iph = ip_hdr(skb);
		proto = iph->protocol;
		iph->tot_len = htons(skb->len);
		if (!plan->same_id)
			iph->id = htons(ntohs(iph->id) + offset / plan->size);
		ip_send_check(iph);
	} else {
		proto = ipv6_hdr(skb)->nexthdr;
		ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
	}
	if (proto == IPPROTO_TCP) {
		patch_tcp(transport, offset, last);
		((struct tcphdr *)transport)->check = 0;
		((struct tcphdr *)transport)->check = checksum(skb, plan, proto);
	} else {
		((struct udphdr *)transport)->len = htons(skb->len - plan->transport);
		((struct udphdr *)transport)->check = 0;
		((struct udphdr *)transport)->check = checksum(skb, plan, proto);
	}
}

static struct sk_buff *cut(const struct sk_buff *skb, const struct plan *plan, unsigned int offset,
			   unsigned int head, unsigned int tail)
{
	unsigned int left = skb->len - plan->headers - offset;
	unsigned int len = min(left, plan->size);
	struct sk_buff *segment;

	segment = ipvti_buffer(head, plan->headers + len, tail);
	if (!segment)
		return NULL;
	skb_copy_from_linear_data(skb, segment->data, plan->headers);
	if (skb_copy_bits(skb, plan->headers + offset, segment->data + plan->headers, len)) {
		kfree_skb(segment);
		return NULL;
	}
	segment->protocol = skb->protocol;
	segment->priority = skb->priority;
	skb_reset_network_header(segment);
	patch(segment, plan, offset, len == left);
	return segment;
}

/* Is it part of sk_wmem_alloc? A qdisc may have taken it out; tcp_wfree() is not exported. */
static bool charged(const struct sk_buff *skb)
{
	return skb->destructor != sock_efree && skb->destructor != sock_edemux;
}

/*
 * Each segment is charged to the sender, so that TCP small queues and UDP back-pressure go on
 * counting; the last one takes the place of the original, as it does in time.
 */
static void charge(struct sk_buff *skb, struct sk_buff *segments)
{
	struct sock *sk = skb->sk;
	struct sk_buff *segment;
	int more;

	if (!ipvti_send_charges(skb) || !charged(skb))
		return;
	for (segment = segments; segment->next; segment = segment->next)
		skb_set_owner_w(segment, sk);
	swap(segment->destructor, skb->destructor);
	swap(segment->sk, skb->sk);
	more = segment->truesize - skb->truesize;
	if (more >= 0)
		refcount_add(more, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-more, &sk->sk_wmem_alloc));
}

/**
 * ipvti_segment() - make packets of a TCP or UDP super-packet
 * @skb: GSO packet with its IP header at data; taken on success
 * @head: bytes to keep free before each packet
 * @tail: and behind it
 *
 * Context: bottom halves disabled.
 * Return: packets linked by next, each in memory of its own with its checksums filled in; NULL: it
 * is of a kind that skb_gso_segment() has to take apart, or there is no memory.
 */
struct sk_buff *ipvti_segment(struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	struct sk_buff *segments = NULL, **link = &segments;
	struct plan plan;
	unsigned int at;

	if (!make_plan(&plan, skb))
		return NULL;
	for (at = 0; at < skb->len - plan.headers; at += plan.size) {
		*link = cut(skb, &plan, at, head, tail);
		if (!*link) {
			kfree_skb_list(segments);
			return NULL;
		}
		link = &(*link)->next;
	}
	charge(skb, segments);
	consume_skb(skb);
	return segments;
}
