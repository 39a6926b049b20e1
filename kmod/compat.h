/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one door to differences between kernel versions; no other file tests for them.
 */
#ifndef _IPVTI_COMPAT_H
#define _IPVTI_COMPAT_H

#include <linux/version.h>
#include <linux/crypto.h>
#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

/* 6.5 moved skb_gso_segment() and friends out of <linux/netdevice.h>. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* 6.12 moved <asm/unaligned.h>. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Before 6.1.67 the one flag served for groups too. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* 6.3 passes the data of a crypto request to its callback, not the request. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
typedef void ipvti_compat_crypto_arg;
static inline void *ipvti_compat_crypto_data(ipvti_compat_crypto_arg *arg)
{
	return arg;
}
#else
typedef struct crypto_async_request ipvti_compat_crypto_arg;
static inline void *ipvti_compat_crypto_data(ipvti_compat_crypto_arg *arg)
{
	return arg->data;
}
#endif

/* 6.17 renamed it. */
static inline kuid_t ipvti_compat_sock_uid(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return sk_uid(sk);
#else
	return sock_i_uid(sk);
#endif
}

/* 7.0 sets a UDP tunnel up by its sock. */
static inline void ipvti_compat_setup_udp_tunnel(struct socket *sock,
						 struct udp_tunnel_sock_cfg *cfg)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	setup_udp_tunnel_sock(sock_net(sock->sk), sock->sk, cfg);
#else
	setup_udp_tunnel_sock(sock_net(sock->sk), sock, cfg);
#endif
}

/* 6.12 made NETIF_F_LLTX a bit of the device. */
static inline void ipvti_compat_set_lltx(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* 6.6: attributes of a dump request live in a struct genl_info. */
static inline struct nlattr **ipvti_compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/*
 * Nothing that links without hardware have put into this CPU's queue is left in it. In softirq; the
 * members are the kernel's own business, so that they belong here.
 */
static inline bool ipvti_compat_backlog_empty(void)
{
	const struct softnet_data *sd = this_cpu_ptr(&softnet_data);

	return skb_queue_empty_lockless(&sd->input_pkt_queue) &&
	       skb_queue_empty_lockless(&sd->process_queue);
}

/* A device that only carries NAPI instances; 6.10 allocates them. */
static inline struct net_device *ipvti_compat_alloc_dummy(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return alloc_netdev_dummy(0);
#else
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
#endif
}

static inline void ipvti_compat_free_dummy(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	free_netdev(dev);
#else
	kfree(dev);
#endif
}

/*
 * 6.15 passes the arguments of newlink in a struct. IPVTI_COMPAT_NEWLINK(f) names the function
 * that calls f(link_net, dev, tb, extack).
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define IPVTI_COMPAT_NEWLINK(f)								\
static int f##_compat(struct net_device *dev, struct rtnl_newlink_params *params,	\
		      struct netlink_ext_ack *extack)					\
{											\
	return f(rtnl_newlink_link_net(params), dev, params->tb, extack);		\
}
#else
#define IPVTI_COMPAT_NEWLINK(f)								\
static int f##_compat(struct net *link_net, struct net_device *dev, struct nlattr *tb[],	\
		      struct nlattr *data[], struct netlink_ext_ack *extack)		\
{											\
	return f(link_net, dev, tb, extack);						\
}
#endif

#endif /* _IPVTI_COMPAT_H */
