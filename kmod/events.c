// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what the kernel tells of its own accord, to the namespace a device was created in and
 * to that it is in. Who misses some is told that, so that nobody trusts a picture with holes.
 */
#include <net/genetlink.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "ipvti.h"

#define ACQUIRE_PAUSE	(1 * HZ)
#define OVERRUN_DELAY	(HZ / 10)

static void event_lost(struct net *net)
{
	queue_delayed_work(ipvti_wq, &ipvti_net(net)->overrun_work, OVERRUN_DELAY);
}

static void event_send(struct net *net, struct sk_buff *msg, gfp_t gfp)
{
	int err = genlmsg_multicast_netns(&ipvti_family, net, msg, 0, IPVTI_MCGRP_EVENTS, gfp);

	if (err && err != -ESRCH)
		event_lost(net);
}

static struct sk_buff *event_new(enum ipvti_event event, size_t size, gfp_t gfp, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(nla_total_size(sizeof(u32)) + size, gfp);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &ipvti_family, 0, IPVTI_CMD_EVENT);
	if (*hdr && !nla_put_u32(msg, IPVTI_A_EVENT, event))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static bool event_wanted(struct net *net)
{
	return net && genl_has_listeners(&ipvti_family, net, IPVTI_MCGRP_EVENTS);
}

/*
 * To the namespace of creation, and to that the device is in. @fill puts what the event is about.
 * RCU read lock held.
 */
static void event_tell(struct ipvti_dev *idev, enum ipvti_event event, size_t size,
		       int (*fill)(struct sk_buff *msg, const void *object), const void *object)
{
	struct net *nets[] = { READ_ONCE(idev->net), dev_net(idev->dev) };
	struct sk_buff *msg;
	unsigned int i;
	void *hdr;
	int err;

	if (nets[0] == nets[1])
		nets[1] = NULL;
	for (i = 0; i < ARRAY_SIZE(nets); i++) {
		if (!event_wanted(nets[i]))
			continue;
		msg = event_new(event, size, GFP_ATOMIC, &hdr);
		if (!msg) {
			event_lost(nets[i]);
			continue;
		}
		err = fill(msg, object);
		if (err) {
			WARN_ON_ONCE(err == -EMSGSIZE);
			nlmsg_free(msg);
			return;
		}
		genlmsg_end(msg, hdr);
		event_send(nets[i], msg, GFP_ATOMIC);
	}
}

static int fill_device(struct sk_buff *msg, const void *object)
{
	return ipvti_put_device(msg, object);
}

/**
 * ipvti_event_device() - tell of an event of a device
 * @idev: device
 * @event: what happened
 *
 * Context: any.
 */
void ipvti_event_device(struct ipvti_dev *idev, enum ipvti_event event)
{
	rcu_read_lock();
	event_tell(idev, event, IPVTI_DEVICE_SIZE, fill_device, idev);
	rcu_read_unlock();
}

static int fill_sa(struct sk_buff *msg, const void *object)
{
	return ipvti_put_sa(msg, object);
}

/**
 * ipvti_event_sa() - tell of an event of an SA
 * @sa: SA
 * @event: what happened
 *
 * Context: any.
 */
void ipvti_event_sa(struct ipvti_sa *sa, enum ipvti_event event)
{
	rcu_read_lock();
	event_tell(sa->dev, event, ipvti_sa_size(sa), fill_sa, sa);
	rcu_read_unlock();
}

struct acquire {
	const struct ipvti_dev *idev;
	const struct sk_buff *skb;
};

static int fill_acquire(struct sk_buff *msg, const void *object)
{
	const struct acquire *acquire = object;
	struct nlattr *nest;
	int err;

	if (ipvti_put_ref(msg, acquire->idev))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, IPVTI_A_SA);
	if (!nest)
		return -EMSGSIZE;
	err = ipvti_ts_put_packet(msg, acquire->skb);
	if (!err)
		nla_nest_end(msg, nest);
	return err;
}

/* Chatter that every link carries is no reason to build a tunnel. */
static bool is_chatter(const struct sk_buff *skb)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	} buf;
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;

	iph = skb_header_pointer(skb, 0, sizeof(buf.v4), &buf.v4);
	if (!iph)
		return true;
	if (iph->version == 4)
		return ipv4_is_multicast(iph->daddr) || ipv4_is_lbcast(iph->daddr) ||
		       ipv4_is_linklocal_169(iph->daddr);
	ip6h = skb_header_pointer(skb, 0, sizeof(buf.v6), &buf.v6);
	return !ip6h || ip6h->version != 6 ||
	       ipv6_addr_type(&ip6h->daddr) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL);
}

/**
 * ipvti_event_acquire() - tell that a packet had no tunnel
 * @idev: device
 * @skb: packet, its IP header at data
 *
 * At most once a second; multicast and link-local destinations do not count.
 *
 * Context: any.
 */
void ipvti_event_acquire(struct ipvti_dev *idev, const struct sk_buff *skb)
{
	struct acquire acquire = { .idev = idev, .skb = skb };
	unsigned long last = READ_ONCE(idev->acquire_last), now = jiffies;

	if (time_before(now, last + ACQUIRE_PAUSE) || is_chatter(skb))
		return;
	if (cmpxchg(&idev->acquire_last, last, now) != last)
		return;
	rcu_read_lock();
	event_tell(idev, IPVTI_EVENT_ACQUIRE, IPVTI_REF_SIZE + 16 + IPVTI_TS_SIZE, fill_acquire,
		   &acquire);
	rcu_read_unlock();
}

/**
 * ipvti_event_socket() - tell that the owner of an adopted socket is gone
 * @net: namespace
 * @local: address the socket is bound to
 * @family: of the socket
 * @port: it is bound to
 *
 * Context: any.
 */
void ipvti_event_socket(struct net *net, const union ipvti_addr *local, u16 family, __be16 port)
{
	struct sk_buff *msg;
	void *hdr;

	if (!event_wanted(net))
		return;
	msg = event_new(IPVTI_EVENT_SOCKET_LOST, IPVTI_SOCKET_SIZE, GFP_ATOMIC, &hdr);
	if (!msg) {
		event_lost(net);
		return;
	}
	if (WARN_ON_ONCE(ipvti_put_socket(msg, local, family, port, false))) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	event_send(net, msg, GFP_ATOMIC);
}

static void overrun_work(struct work_struct *work)
{
	struct ipvti_net *in = container_of(to_delayed_work(work), struct ipvti_net, overrun_work);
	struct sk_buff *msg;
	void *hdr;

	msg = event_new(IPVTI_EVENT_OVERRUN, 0, GFP_KERNEL, &hdr);
	if (!msg) {
		event_lost(in->net);
		return;
	}
	genlmsg_end(msg, hdr);
	event_send(in->net, msg, GFP_KERNEL);
}

void ipvti_events_net_init(struct ipvti_net *in)
{
	INIT_DELAYED_WORK(&in->overrun_work, overrun_work);
}

void ipvti_events_net_exit(struct ipvti_net *in)
{
	cancel_delayed_work_sync(&in->overrun_work);
}
