// SPDX-License-Identifier: GPL-2.0
/*
 * UDP super-packets full of ESP, taken whole: what a link with UDP segmentation, or GRO, hands up
 * as one packet would be taken apart by the UDP socket, datagram by datagram. They are taken where
 * local delivery begins, behind every firewall rule, unless something in them is not ours.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/udp.h>
#include <net/esp.h>
#include <net/ip.h>
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#endif

#include "ipvti.h"

/* A connection is only made known by the packet that goes on. */
static bool confirmed(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	return !ct || nf_ct_is_confirmed(ct);
#else
	return true;
#endif
}

/* Offset of the UDP header, 0 if there is none that is easily found. */
static unsigned int udp_offset(const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		return ip_hdr(skb)->protocol == IPPROTO_UDP ? ip_hdrlen(skb) : 0;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_UDP ? sizeof(struct ipv6hdr) : 0;
}

/* The SA that all datagrams are for; NULL: none of ours, or not the same for all. */
static struct ipvti_sa *only_sa(const struct sk_buff *skb, unsigned int offset, unsigned int size)
{
	__be32 buf, first = 0;
	const __be32 *spi;

	for (; offset < skb->len; offset += size) {
		if (skb->len - offset <= IPVTI_ESP_HDR_LEN)
			return NULL;
		spi = skb_header_pointer(skb, offset, sizeof(buf), &buf);
		if (!spi || !*spi || (first && *spi != first))
			return NULL;
		first = *spi;
	}
	return first ? ipvti_transport_sa(skb, first) : NULL;
}

static bool on_port(const struct ipvti_sa *sa, __be16 port)
{
	const struct ipvti_config *config = rcu_dereference(sa->dev->config);

	return config->encap == IPVTI_ENCAP_UDP && config->sport == port;
}

static unsigned int local_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int offset, size;
	struct ipvti_sa *sa;
	struct udphdr *uh;

	if (likely(!skb_is_gso(skb)) || !(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4))
		return NF_ACCEPT;
	offset = udp_offset(skb);
	if (!offset || !pskb_may_pull(skb, offset + sizeof(*uh)) || !confirmed(skb))
		return NF_ACCEPT;
	uh = (struct udphdr *)(skb->data + offset);
	size = skb_shinfo(skb)->gso_size;
	sa = only_sa(skb, offset + sizeof(*uh), size);
	if (!sa || !on_port(sa, uh->dest))
		return NF_ACCEPT;
	__skb_pull(skb, offset + sizeof(*uh));
	ipvti_receive_bulk(sa, skb, size, uh->source);
	return NF_STOLEN;
}

static const struct nf_hook_ops hooks[] = {
	{
		.hook = local_in,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_LAST,
	},
	{
		.hook = local_in,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP6_PRI_LAST,
	},
};

/**
 * ipvti_bulk_open() - take super-packets in a namespace from now on
 * @in: namespace that has a socket for ESP in UDP
 *
 * Without it everything works as well, one datagram at a time, so that an error is not one.
 *
 * Context: process, sockets_lock. Idempotent.
 */
void ipvti_bulk_open(struct ipvti_net *in)
{
	if (!in->bulk)
		in->bulk = !nf_register_net_hooks(in->net, hooks, ARRAY_SIZE(hooks));
}

/**
 * ipvti_bulk_close() - the reverse
 * @in: namespace
 *
 * Context: process, sockets_lock. Idempotent. A hook that runs ends within a grace period.
 */
void ipvti_bulk_close(struct ipvti_net *in)
{
	if (in->bulk)
		nf_unregister_net_hooks(in->net, hooks, ARRAY_SIZE(hooks));
	in->bulk = false;
}
