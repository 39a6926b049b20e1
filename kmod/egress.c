// SPDX-License-Identifier: GPL-2.0
/*
 * Failing closed: a packet that has no tunnel is answered, counted and dropped.
 *
 * Without carrier the stack puts a noop queue on the device and never calls the driver, but the
 * netfilter egress hook of the device runs before the queue and sees every packet. One kind passes
 * it by: what tc redirects (mirred) or nft forwards from the egress of another device, which the
 * kernel marks to skip the hook. Such a packet is dropped by the noop queue, so nothing leaves in
 * clear, but nobody counts or answers it.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>
#include <net/icmp.h>

#include "ipvti.h"

#if !IS_ENABLED(CONFIG_NETFILTER_EGRESS)
#error "ipvti fails closed by a netfilter egress hook: the kernel needs CONFIG_NETFILTER_EGRESS=y"
#endif

/**
 * ipvti_send_unreachable() - tell the sender of a packet that there is no way
 * @skb: inner packet, IP header at the network header; stays as it is
 *
 * Context: bottom halves disabled, RCU.
 */
void ipvti_send_unreachable(struct sk_buff *skb)
{
	if (!ipvti_has_listener(skb))
		return;
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

/* Count it, tell the sender, ask for a tunnel if there is none. */
static void answer(struct ipvti_dev *idev, struct sk_buff *skb, enum ipvti_drop reason)
{
	ipvti_drop(NULL, idev, NULL, skb, reason);
	if (reason == IPVTI_DROP_NO_TUNNEL || reason == IPVTI_DROP_NO_SELECTOR)
		ipvti_event_acquire(idev, skb);
	ipvti_send_unreachable(skb);
}

/**
 * ipvti_refuse() - drop a packet that cannot be sent and tell its sender
 * @idev: device
 * @skb: inner packet, IP header at data; taken
 * @reason: why
 *
 * Context: bottom halves disabled, RCU.
 */
void ipvti_refuse(struct ipvti_dev *idev, struct sk_buff *skb, enum ipvti_drop reason)
{
	answer(idev, skb, reason);
	kfree_skb(skb);
}

static unsigned int egress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct ipvti_dev *idev = priv;

	if (likely(netif_carrier_ok(idev->dev)))
		return NF_ACCEPT;
	skb_reset_network_header(skb);
	answer(idev, skb, IPVTI_DROP_NO_TUNNEL);
	return NF_DROP;
}

/**
 * ipvti_egress_open() - watch what is sent to a device that comes up
 * @idev: device
 *
 * Context: ndo_open, RTNL. In whatever namespace the device is now.
 */
int ipvti_egress_open(struct ipvti_dev *idev)
{
	idev->egress = (struct nf_hook_ops){
		.hook = egress,
		.dev = idev->dev,
		.priv = idev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_EGRESS,
		.priority = INT_MAX,
	};
	return nf_register_net_hook(dev_net(idev->dev), &idev->egress);
}

/**
 * ipvti_egress_stop() - the reverse
 * @idev: device
 *
 * Context: ndo_stop, RTNL.
 */
void ipvti_egress_stop(struct ipvti_dev *idev)
{
	nf_unregister_net_hook(dev_net(idev->dev), &idev->egress);
}
