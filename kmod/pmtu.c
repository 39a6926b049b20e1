// SPDX-License-Identifier: GPL-2.0
/*
 * What fits: the MTU of a device from its cipher, encapsulation and link, and the MTU of the outer
 * path from ICMP errors; and what else these say of the path. RFC 4301 section 8.2.
 *
 * The path MTU is the device's own. What the route believes may come from any flow to that host,
 * or from anybody who forges an error; we believe those that quote an SPI and a recent sequence
 * number of ours.
 */

#include <linux/hashtable.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/netns/hash.h>

#include "ipvti.h"

#define PATH_MTU_LIFETIME	(10 * 60 * HZ)	/* RFC 1191 section 6.3 */
#define PATH_MTU_FLOOR4		576		/* RFC 791: every host takes it */
#define RECENT_SEQ		65536		/* quoted numbers may be that old */
#define UNREACHABLE_TIME	(10 * HZ)	/* older news is none */

/* Outbound SAs, readers RCU; @sas_lock protects changes. */
static DEFINE_HASHTABLE(sas, 10);
static DEFINE_SPINLOCK(sas_lock);

static u32 sa_hash(const struct net *net, u32 spi)
{
	return spi ^ net_hash_mix(net);
}

/**
 * ipvti_mtu_track() - from now on ICMP errors may quote this SA
 * @sa: outbound
 *
 * Context: process.
 */
void ipvti_mtu_track(struct ipvti_sa *sa)
{
	spin_lock_bh(&sas_lock);
	hash_add_rcu(sas, &sa->mtu_node, sa_hash(read_pnet(&sa->net), sa->spi));
	spin_unlock_bh(&sas_lock);
}

/**
 * ipvti_mtu_untrack() - no longer
 * @sa: outbound; before its RCU grace period
 *
 * Context: process. Idempotent.
 */
void ipvti_mtu_untrack(struct ipvti_sa *sa)
{
	spin_lock_bh(&sas_lock);
	if (!hlist_unhashed(&sa->mtu_node))
		hlist_del_init_rcu(&sa->mtu_node);
	spin_unlock_bh(&sas_lock);
}

static bool to_peer(const struct ipvti_dev *idev, u16 family, const void *daddr)
{
	const struct ipvti_config *config = rcu_dereference(idev->config);

	if (config->family != family)
		return false;
	return !memcmp(&config->remote, daddr, family == AF_INET ? sizeof(struct in_addr) :
								   sizeof(struct in6_addr));
}

static struct ipvti_sa *find(struct net *net, u16 family, const void *daddr, u32 spi)
{
	struct ipvti_sa *sa;

	hash_for_each_possible_rcu(sas, sa, mtu_node, sa_hash(net, spi))
		if (sa->spi == spi && net_eq(read_pnet(&sa->net), net) &&
		    to_peer(sa->dev, family, daddr))
			return sa;
	return NULL;
}

static bool recently_sent(const struct ipvti_sa *sa, u32 seq)
{
	return (u32)atomic64_read(&sa->seq) - seq < RECENT_SEQ;
}

static void learn(struct ipvti_dev *idev, u16 family, u32 mtu)
{
	u32 known = ipvti_mtu_path(idev);

	mtu = max_t(u32, mtu, family == AF_INET ? PATH_MTU_FLOOR4 : IPVTI_MTU_MIN);
	if (known && known < mtu)
		return;
	WRITE_ONCE(idev->path_mtu_expires, jiffies + PATH_MTU_LIFETIME);
	WRITE_ONCE(idev->path_mtu, mtu);
}

/* What an ICMP error has to say. */
enum news { NEWS_OTHER, NEWS_SIZE, NEWS_UNREACHABLE };

static bool path_error(struct net *net, u16 family, const void *daddr, const __be32 *esph,
		       enum news news, u32 mtu)
{
	struct ipvti_sa *sa = find(net, family, daddr, ntohl(esph[0]));

	if (!sa)
		return false;
	if (!recently_sent(sa, ntohl(esph[1])))
		return true;
	if (news == NEWS_SIZE && mtu)
		learn(sa->dev, family, mtu);
	else if (news == NEWS_UNREACHABLE)
		WRITE_ONCE(sa->dev->unreachable_jiffies, jiffies ?: 1);
	return true;
}

/**
 * ipvti_path_error4() - an ICMP error quotes an ESP packet
 * @net: namespace it arrived in
 * @iph: outer header that is quoted
 * @esph: SPI and sequence number that are quoted
 * @type: of the error
 * @code: of the error
 * @mtu: of the next hop, if that is what it is about
 *
 * Context: softirq, RCU.
 * Return: true if it is about a packet of ours; then nobody else should act on it.
 */
bool ipvti_path_error4(struct net *net, const struct iphdr *iph, const __be32 *esph, u8 type,
		       u8 code, u32 mtu)
{
	enum news news = NEWS_OTHER;

	if (type == ICMP_DEST_UNREACH)
		news = code == ICMP_FRAG_NEEDED ? NEWS_SIZE : NEWS_UNREACHABLE;
	else if (type == ICMP_TIME_EXCEEDED && code == ICMP_EXC_TTL)
		news = NEWS_UNREACHABLE;
	return path_error(net, AF_INET, &iph->daddr, esph, news, mtu);
}

/**
 * ipvti_path_error6() - an ICMPv6 error quotes an ESP packet
 * @net: namespace it arrived in
 * @ip6h: outer header that is quoted
 * @esph: SPI and sequence number that are quoted
 * @type: of the error
 * @code: of the error
 * @mtu: of the next hop, if that is what it is about
 *
 * Context: softirq, RCU.
 * Return: true if it is about a packet of ours; then nobody else should act on it.
 */
bool ipvti_path_error6(struct net *net, const struct ipv6hdr *ip6h, const __be32 *esph, u8 type,
		       u8 code, u32 mtu)
{
	enum news news = NEWS_OTHER;

	if (type == ICMPV6_PKT_TOOBIG)
		news = NEWS_SIZE;
	else if (type == ICMPV6_DEST_UNREACH ||
		 (type == ICMPV6_TIME_EXCEED && code == ICMPV6_EXC_HOPLIMIT))
		news = NEWS_UNREACHABLE;
	return path_error(net, AF_INET6, &ip6h->daddr, esph, news, mtu);
}

/**
 * ipvti_path_unreachable() - is a sender to be told that the peer cannot be reached?
 * @idev: device
 *
 * For each ICMP error about the outer path that is believed, whoever sends next hears of it. His
 * packet goes out all the same, or else nobody would learn that the path is there again.
 *
 * Context: bottom halves disabled.
 */
bool ipvti_path_unreachable(struct ipvti_dev *idev)
{
	unsigned long since = READ_ONCE(idev->unreachable_jiffies);

	if (likely(!since) || cmpxchg(&idev->unreachable_jiffies, since, 0) != since)
		return false;
	return time_before(jiffies, since + UNREACHABLE_TIME);
}

/**
 * ipvti_mtu_path() - MTU of the outer path, as learnt
 * @idev: device
 *
 * Return: bytes of an outer packet; 0: nothing was learnt, or too long ago.
 */
u32 ipvti_mtu_path(const struct ipvti_dev *idev)
{
	u32 mtu = READ_ONCE(idev->path_mtu);

	if (!mtu)
		return 0;
	return time_before(jiffies, READ_ONCE(idev->path_mtu_expires)) ? mtu : 0;
}

/* What link and routing table allow, without what the route learnt from ICMP errors. */
static u32 link_mtu(const struct dst_entry *dst)
{
	u32 mtu = min_t(u32, READ_ONCE(dst->dev->mtu), IP_MAX_MTU);
	u32 metric = dst_metric_raw(dst, RTAX_MTU);

	if (dst->ops->family == AF_INET6 &&
	    container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_CACHE)
		metric = 0;
	return metric ? min(mtu, metric) : mtu;
}

/**
 * ipvti_mtu_outer() - how long an outer packet may be
 * @idev: device
 * @dst: outer route
 */
u32 ipvti_mtu_outer(struct ipvti_dev *idev, const struct dst_entry *dst)
{
	u32 link = link_mtu(dst), path = ipvti_mtu_path(idev);

	return path ? min(link, path) : link;
}

/**
 * ipvti_mtu_inner() - how long an inner packet may be
 * @config: settings of the device
 * @alg: algorithm of the SA
 * @outer: how long the outer packet may be
 */
u32 ipvti_mtu_inner(const struct ipvti_config *config, const struct ipvti_alg *alg, u32 outer)
{
	u32 overhead = ipvti_output_overhead(config);

	return outer > overhead ? ipvti_esp_inner_max(&alg->sizes, outer - overhead) : 0;
}

/* The algorithm in use that leaves the least room; of the table if there is none in use. */
static u32 inner_min(struct ipvti_dev *idev, const struct ipvti_config *config, u32 outer)
{
	const struct ipvti_out_set *out = rcu_dereference(idev->out);
	const struct ipvti_alg *alg;
	u32 mtu = outer;
	unsigned int i;

	for (i = 0; out && i < out->count; i++)
		mtu = min(mtu, ipvti_mtu_inner(config, out->sa[i]->alg, outer));
	for (i = 0; !out && (alg = ipvti_alg_at(i)); i++)
		mtu = min(mtu, ipvti_mtu_inner(config, alg, outer));
	return mtu;
}

/* MTU of the link that outer packets take now; Ethernet's if there is no way to the peer. */
static u32 link_now(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net)
{
	union ipvti_addr saddr;
	struct dst_entry *dst;
	u32 mtu;

	if (!net || config->family == AF_UNSPEC ||
	    ipvti_output_route(idev, config, net, &dst, &saddr))
		return ETH_DATA_LEN;
	WRITE_ONCE(idev->via, dst->dev->ifindex);
	mtu = link_mtu(dst);
	dst_release(dst);
	return mtu;
}

/**
 * ipvti_mtu_device() - MTU that a device should have
 * @idev: device
 *
 * From link, encapsulation and cipher, not from the path, which may change with every packet.
 *
 * Context: process.
 * Return: at least IPVTI_MTU_MIN.
 */
u32 ipvti_mtu_device(struct ipvti_dev *idev)
{
	const struct ipvti_config *config;
	u32 mtu;

	local_bh_disable();
	rcu_read_lock();
	config = rcu_dereference(idev->config);
	mtu = config->mtu_fixed ?:
	      inner_min(idev, config, link_now(idev, config, READ_ONCE(idev->net)));
	rcu_read_unlock();
	local_bh_enable();
	return max_t(u32, mtu, IPVTI_MTU_MIN);
}
