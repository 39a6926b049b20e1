// SPDX-License-Identifier: GPL-2.0
/* Traffic selectors of an SA, RFC 4301 section 4.4.1.1, RFC 7296 section 3.13.1. */

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netlink.h>

#include "ipvti.h"

/* What of an inner packet selectors look at. */
struct flow {
	u8 family, proto;
	bool ports;		/* @sport and @dport are known */
	union ipvti_addr src, dst;
	u16 sport, dport;
};

static bool has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	}
	return false;
}

/* ICMP has type and code where others have ports, in both directions alike. */
static void read_ports(struct flow *flow, const struct sk_buff *skb, int offset)
{
	__be16 buf[2];
	const __be16 *p;

	if (has_ports(flow->proto)) {
		p = skb_header_pointer(skb, offset, sizeof(buf), buf);
		if (!p)
			return;
		flow->sport = ntohs(p[0]);
		flow->dport = ntohs(p[1]);
	} else if (flow->proto == IPPROTO_ICMP || flow->proto == IPPROTO_ICMPV6) {
		p = skb_header_pointer(skb, offset, sizeof(buf[0]), buf);
		if (!p)
			return;
		flow->sport = ntohs(p[0]);
		flow->dport = flow->sport;
	} else {
		return;
	}
	flow->ports = true;
}

static bool read_flow4(struct flow *flow, const struct sk_buff *skb)
{
	struct iphdr buf;
	const struct iphdr *iph = skb_header_pointer(skb, 0, sizeof(buf), &buf);

	if (!iph)
		return false;
	flow->family = AF_INET;
	flow->proto = iph->protocol;
	flow->src.v4 = iph->saddr;
	flow->dst.v4 = iph->daddr;
	if (!(iph->frag_off & htons(IP_OFFSET)))
		read_ports(flow, skb, iph->ihl * 4);
	return true;
}

/* A fragment other than the first: what it is a part of, as its fragment header says. */
static u8 fragment_proto(const struct sk_buff *skb, int offset)
{
	u8 buf;
	const u8 *nexthdr = skb_header_pointer(skb, offset, sizeof(buf), &buf);

	return nexthdr ? *nexthdr : NEXTHDR_FRAGMENT;
}

static bool read_flow6(struct flow *flow, const struct sk_buff *skb)
{
	struct ipv6hdr buf;
	const struct ipv6hdr *ip6h = skb_header_pointer(skb, 0, sizeof(buf), &buf);
	__be16 frag_off = 0;
	u8 proto;
	int offset;

	if (!ip6h)
		return false;
	flow->family = AF_INET6;
	flow->src.v6 = ip6h->saddr;
	flow->dst.v6 = ip6h->daddr;
	proto = ip6h->nexthdr;
	offset = ipv6_skip_exthdr(skb, sizeof(*ip6h), &proto, &frag_off);
	flow->proto = proto;
	if (offset < 0)
		return true;
	if (frag_off & htons(~0x7))
		flow->proto = fragment_proto(skb, offset);
	else
		read_ports(flow, skb, offset);
	return true;
}

static bool read_flow(struct flow *flow, const struct sk_buff *skb)
{
	u8 buf;
	const u8 *first = skb_header_pointer(skb, 0, sizeof(buf), &buf);

	memset(flow, 0, sizeof(*flow));
	if (!first)
		return false;
	switch (*first >> 4) {
	case 4:
		return read_flow4(flow, skb);
	case 6:
		return read_flow6(flow, skb);
	}
	return false;
}

static bool prefix_match(u8 family, const union ipvti_addr *addr,
			 const union ipvti_addr *prefix, u8 len)
{
	if (family == AF_INET)
		return !((addr->v4 ^ prefix->v4) & inet_make_mask(len));
	return ipv6_prefix_equal(&addr->v6, &prefix->v6, len);
}

static bool all_ports(const struct ipvti_ts *ts)
{
	return !ts->sport_min && ts->sport_max == U16_MAX &&
	       !ts->dport_min && ts->dport_max == U16_MAX;
}

static bool ts_match(const struct ipvti_ts *ts, const struct flow *flow)
{
	if (ts->family != flow->family)
		return false;
	if (ts->proto && ts->proto != flow->proto)
		return false;
	if (!prefix_match(ts->family, &flow->src, &ts->src, ts->src_len) ||
	    !prefix_match(ts->family, &flow->dst, &ts->dst, ts->dst_len))
		return false;
	if (all_ports(ts))
		return true;
	return flow->ports &&
	       flow->sport >= ts->sport_min && flow->sport <= ts->sport_max &&
	       flow->dport >= ts->dport_min && flow->dport <= ts->dport_max;
}

/**
 * ipvti_ts_match() - does an inner packet belong to an SA?
 * @sa: SA of either direction
 * @skb: packet with its IP header at data
 *
 * A fragment other than the first has no ports and matches selectors for all ports only.
 *
 * Context: RCU read lock held.
 */
bool ipvti_ts_match(const struct ipvti_sa *sa, const struct sk_buff *skb)
{
	struct flow flow;
	unsigned int i;

	if (!sa->ts_count)
		return true;
	if (!read_flow(&flow, skb))
		return false;
	for (i = 0; i < sa->ts_count; i++)
		if (ts_match(&sa->ts[i], &flow))
			return true;
	return false;
}

static int parse_prefix(const struct nlattr *addr, const struct nlattr *len, u8 *family,
			union ipvti_addr *prefix, u8 *prefix_len, struct netlink_ext_ack *extack)
{
	u8 own = nla_len(addr) == sizeof(prefix->v4) ? AF_INET : AF_INET6;
	u8 max = own == AF_INET ? 32 : 128;
	union ipvti_addr masked = {};

	if (nla_len(addr) != sizeof(prefix->v4) && nla_len(addr) != sizeof(prefix->v6)) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	if (*family && *family != own) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "source and destination differ in family");
		return -EINVAL;
	}
	*family = own;
	*prefix_len = len ? nla_get_u8(len) : max;
	if (*prefix_len > max) {
		NL_SET_ERR_MSG_ATTR(extack, len, "prefix is longer than an IPv4 address");
		return -EINVAL;
	}
	nla_memcpy(prefix, addr, sizeof(*prefix));
	if (own == AF_INET)
		masked.v4 = prefix->v4 & inet_make_mask(*prefix_len);
	else
		ipv6_addr_prefix(&masked.v6, &prefix->v6, *prefix_len);
	if (memcmp(&masked, prefix, nla_len(addr))) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "address has bits set beyond its prefix");
		return -EINVAL;
	}
	return 0;
}

static int parse_ports(const struct nlattr *min, const struct nlattr *max, u16 *lo, u16 *hi,
		       struct netlink_ext_ack *extack)
{
	*lo = min ? nla_get_u16(min) : 0;
	*hi = max ? nla_get_u16(max) : U16_MAX;
	if (*lo > *hi) {
		NL_SET_ERR_MSG_ATTR(extack, min, "port range ends before it starts");
		return -EINVAL;
	}
	return 0;
}

static int parse_one(struct ipvti_ts *ts, const struct nlattr *nest,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPVTI_A_TS_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPVTI_A_TS_MAX, nest, ipvti_ts_policy, extack);
	if (err)
		return err;
	if (!tb[IPVTI_A_TS_SRC] || !tb[IPVTI_A_TS_DST]) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "a traffic selector needs source and destination");
		return -EINVAL;
	}
	err = parse_prefix(tb[IPVTI_A_TS_SRC], tb[IPVTI_A_TS_SRC_LEN], &ts->family,
			   &ts->src, &ts->src_len, extack);
	if (err)
		return err;
	err = parse_prefix(tb[IPVTI_A_TS_DST], tb[IPVTI_A_TS_DST_LEN], &ts->family,
			   &ts->dst, &ts->dst_len, extack);
	if (err)
		return err;
	if (tb[IPVTI_A_TS_PROTO])
		ts->proto = nla_get_u8(tb[IPVTI_A_TS_PROTO]);
	err = parse_ports(tb[IPVTI_A_TS_SPORT_MIN], tb[IPVTI_A_TS_SPORT_MAX],
			  &ts->sport_min, &ts->sport_max, extack);
	if (err)
		return err;
	return parse_ports(tb[IPVTI_A_TS_DPORT_MIN], tb[IPVTI_A_TS_DPORT_MAX],
			   &ts->dport_min, &ts->dport_max, extack);
}

/**
 * ipvti_ts_parse() - read the selectors of a new SA
 * @sa: not published yet; gets ts and ts_count, to be freed with kfree()
 * @nest: IPVTI_A_SA with any number of IPVTI_A_SA_TS inside, validated
 * @extack: says what is wrong
 *
 * Context: process.
 */
int ipvti_ts_parse(struct ipvti_sa *sa, const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	unsigned int count = 0;
	struct ipvti_ts *ts;
	int rem, err;

	nla_for_each_nested(attr, nest, rem)
		count += nla_type(attr) == IPVTI_A_SA_TS;
	if (!count)
		return 0;
	if (count > IPVTI_TS_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "more than 64 traffic selectors");
		return -EINVAL;
	}
	ts = kcalloc(count, sizeof(*ts), GFP_KERNEL);
	if (!ts)
		return -ENOMEM;

	count = 0;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPVTI_A_SA_TS)
			continue;
		err = parse_one(&ts[count++], attr, extack);
		if (err) {
			kfree(ts);
			return err;
		}
	}
	sa->ts = ts;
	sa->ts_count = count;
	return 0;
}

static int dump_one(struct sk_buff *msg, const struct ipvti_ts *ts)
{
	int len = ts->family == AF_INET ? sizeof(ts->src.v4) : sizeof(ts->src.v6);

	return nla_put(msg, IPVTI_A_TS_SRC, len, &ts->src) ||
	       nla_put_u8(msg, IPVTI_A_TS_SRC_LEN, ts->src_len) ||
	       nla_put(msg, IPVTI_A_TS_DST, len, &ts->dst) ||
	       nla_put_u8(msg, IPVTI_A_TS_DST_LEN, ts->dst_len) ||
	       nla_put_u8(msg, IPVTI_A_TS_PROTO, ts->proto) ||
	       nla_put_u16(msg, IPVTI_A_TS_SPORT_MIN, ts->sport_min) ||
	       nla_put_u16(msg, IPVTI_A_TS_SPORT_MAX, ts->sport_max) ||
	       nla_put_u16(msg, IPVTI_A_TS_DPORT_MIN, ts->dport_min) ||
	       nla_put_u16(msg, IPVTI_A_TS_DPORT_MAX, ts->dport_max) ? -EMSGSIZE : 0;
}

static int put_ts(struct sk_buff *msg, const struct ipvti_ts *ts)
{
	struct nlattr *nest = nla_nest_start(msg, IPVTI_A_SA_TS);

	if (!nest)
		return -EMSGSIZE;
	if (dump_one(msg, ts)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ipvti_ts_dump() - write the selectors of an SA, one IPVTI_A_SA_TS each
 * @msg: message, inside IPVTI_A_SA
 * @sa: SA
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_ts_dump(struct sk_buff *msg, const struct ipvti_sa *sa)
{
	unsigned int i;
	int err;

	for (i = 0; i < sa->ts_count; i++) {
		err = put_ts(msg, &sa->ts[i]);
		if (err)
			return err;
	}
	return 0;
}

/**
 * ipvti_ts_put_packet() - write the selector that a packet asks for, for IPVTI_EVENT_ACQUIRE
 * @msg: message, inside IPVTI_A_SA
 * @skb: packet with its IP header at data
 *
 * Return: 0 or -EMSGSIZE; -EINVAL if it is no IP packet.
 */
int ipvti_ts_put_packet(struct sk_buff *msg, const struct sk_buff *skb)
{
	struct ipvti_ts ts = { .sport_max = U16_MAX, .dport_max = U16_MAX };
	struct flow flow;

	if (!read_flow(&flow, skb))
		return -EINVAL;
	ts.family = flow.family;
	ts.proto = flow.proto;
	ts.src = flow.src;
	ts.dst = flow.dst;
	ts.src_len = flow.family == AF_INET ? 32 : 128;
	ts.dst_len = ts.src_len;
	if (flow.ports) {
		ts.sport_min = flow.sport;
		ts.sport_max = flow.sport;
		ts.dport_min = flow.dport;
		ts.dport_max = flow.dport;
	}
	return put_ts(msg, &ts);
}
