// SPDX-License-Identifier: GPL-2.0
/* Where ESP comes in from the IP stack. UDP sockets are in sockets.c, the way out in output.c. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/esp.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "ipvti.h"

/*
 * Among the users of protocol 50. ip_vti (100) takes what comes to one of its tunnels, and looks
 * its states up by a mark that only it knows. xfrm_interface (10), when loaded, and esp4 and esp6
 * (0) take all they are shown, and drop what has no state in silence.
 */
#define PRIORITY_FIRST	200
#define PRIORITY_COUNT	50
#define PRIORITY_LAST	-1

static bool to_local(const struct ipvti_config *config, const struct sk_buff *skb)
{
	bool ip4 = ip_hdr(skb)->version == 4;

	switch (config->local_family) {
	case AF_INET:
		return ip4 && (!config->local.v4 || config->local.v4 == ip_hdr(skb)->daddr);
	case AF_INET6:
		return !ip4 && (ipv6_addr_any(&config->local.v6) ||
				ipv6_addr_equal(&config->local.v6, &ipv6_hdr(skb)->daddr));
	}
	return config->family == AF_UNSPEC || (config->family == AF_INET) == ip4;
}

/**
 * ipvti_transport_sa() - the inbound SA that an outer packet is for
 * @skb: outer IP header at the network header
 * @spi: of its ESP header
 *
 * Context: softirq, RCU.
 * Return: the SA, or NULL if it is none of ours.
 */
struct ipvti_sa *ipvti_transport_sa(const struct sk_buff *skb, __be32 spi)
{
	struct ipvti_sa *sa = ipvti_sa_lookup(dev_net(skb->dev), ntohl(spi));
	const struct ipvti_config *config;

	if (!sa)
		return NULL;
	config = rcu_dereference(sa->dev->config);
	return to_local(config, skb) ? sa : NULL;
}

static int receive(struct sk_buff *skb, __be16 sport)
{
	struct ipvti_sa *sa;

	if (!pskb_may_pull(skb, IPVTI_ESP_HDR_LEN))
		return -EINVAL;
	sa = ipvti_transport_sa(skb, ((struct ip_esp_hdr *)skb->data)->spi);
	if (!sa)
		return -EINVAL;
	ipvti_receive(sa, skb, sport);
	return 0;
}

static int esp_rcv(struct sk_buff *skb)
{
	return receive(skb, 0);
}

/* ESP in UDP that a socket of somebody else accepted; the UDP header still stands before it. */
static int esp_input(struct sk_buff *skb, int nexthdr, __be32 spi, int encap_type)
{
	if (nexthdr != IPPROTO_ESP || encap_type != UDP_ENCAP_ESPINUDP)
		return -EINVAL;
	return receive(skb, ((struct udphdr *)skb->data - 1)->source);
}

/* Runs for every packet that XFRM has decrypted: not ours. */
static int esp_cb(struct sk_buff *skb, int err)
{
	return 1;
}

static int esp4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const __be32 *esph = (const void *)iph + iph->ihl * 4;

	return ipvti_path_error4(dev_net(skb->dev), iph, esph, icmp_hdr(skb)->type,
				 icmp_hdr(skb)->code, info) ? 0 : -ENOENT;
}

static int esp6_err(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type, u8 code, int offset,
		    __be32 info)
{
	return ipvti_path_error6(dev_net(skb->dev), (const struct ipv6hdr *)skb->data,
				 (const void *)skb->data + offset, type, code, ntohl(info)) ?
		0 : -ENOENT;
}

static bool xfrm_has(const struct sk_buff *skb)
{
	const struct ip_esp_hdr *esph = (const void *)skb->data;
	bool ip4 = ip_hdr(skb)->version == 4;
	const void *daddr = ip4 ? (const void *)&ip_hdr(skb)->daddr : &ipv6_hdr(skb)->daddr;
	struct xfrm_state *x;

	x = xfrm_state_lookup(dev_net(skb->dev), skb->mark, daddr, esph->spi, IPPROTO_ESP,
			      ip4 ? AF_INET : AF_INET6);
	if (x)
		xfrm_state_put(x);
	return x;
}

/*
 * Count what nobody has an SA for, and hand it on: XFRM counts it too, and its audit tells of it.
 * The lookup is the one that XFRM makes next.
 */
static int unclaimed_rcv(struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, IPVTI_ESP_HDR_LEN) || !xfrm_has(skb))
		ipvti_drop(ipvti_net(dev_net(skb->dev)), NULL, NULL, skb, IPVTI_DROP_NO_SA);
	return -EINVAL;
}

static int unclaimed_input(struct sk_buff *skb, int nexthdr, __be32 spi, int encap_type)
{
	if (nexthdr != IPPROTO_ESP || encap_type != UDP_ENCAP_ESPINUDP)
		return -EINVAL;
	return unclaimed_rcv(skb);
}

/* Without esp4 or esp6: no ICMP, which would tell a scanner that there is something here. */
static int last_rcv(struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

static int last_input(struct sk_buff *skb, int nexthdr, __be32 spi, int encap_type)
{
	return last_rcv(skb);
}

static int foreign4_err(struct sk_buff *skb, u32 info)
{
	return -ENOENT;
}

static int foreign6_err(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type, u8 code,
			int offset, __be32 info)
{
	return -ENOENT;
}

static struct xfrm4_protocol esp4[] = {
	{
		.handler = esp_rcv,
		.input_handler = esp_input,
		.cb_handler = esp_cb,
		.err_handler = esp4_err,
		.priority = PRIORITY_FIRST,
	}, {
		.handler = unclaimed_rcv,
		.input_handler = unclaimed_input,
		.cb_handler = esp_cb,
		.err_handler = foreign4_err,
		.priority = PRIORITY_COUNT,
	}, {
		.handler = last_rcv,
		.input_handler = last_input,
		.cb_handler = esp_cb,
		.err_handler = foreign4_err,
		.priority = PRIORITY_LAST,
	},
};

static struct xfrm6_protocol esp6[] = {
	{
		.handler = esp_rcv,
		.input_handler = esp_input,
		.cb_handler = esp_cb,
		.err_handler = esp6_err,
		.priority = PRIORITY_FIRST,
	}, {
		.handler = unclaimed_rcv,
		.input_handler = unclaimed_input,
		.cb_handler = esp_cb,
		.err_handler = foreign6_err,
		.priority = PRIORITY_COUNT,
	}, {
		.handler = last_rcv,
		.input_handler = last_input,
		.cb_handler = esp_cb,
		.err_handler = foreign6_err,
		.priority = PRIORITY_LAST,
	},
};

/* The first so many of each. */
static void unregister(size_t n4, size_t n6)
{
	while (n6)
		xfrm6_protocol_deregister(&esp6[--n6], IPPROTO_ESP);
	while (n4)
		xfrm4_protocol_deregister(&esp4[--n4], IPPROTO_ESP);
}

/**
 * ipvti_transport_init() - start to receive ESP
 *
 * Context: module init.
 */
int ipvti_transport_init(void)
{
	size_t n4, n6 = 0;
	int err;

	for (n4 = 0; n4 < ARRAY_SIZE(esp4); n4++) {
		err = xfrm4_protocol_register(&esp4[n4], IPPROTO_ESP);
		if (err)
			goto err_registered;
	}
	for (n6 = 0; n6 < ARRAY_SIZE(esp6); n6++) {
		err = xfrm6_protocol_register(&esp6[n6], IPPROTO_ESP);
		if (err)
			goto err_registered;
	}
	return 0;

err_registered:
	unregister(n4, n6);
	return err;
}

/**
 * ipvti_transport_exit() - stop to receive ESP; no handler runs any more afterwards
 *
 * Context: module exit.
 */
void ipvti_transport_exit(void)
{
	unregister(ARRAY_SIZE(esp4), ARRAY_SIZE(esp6));
}
