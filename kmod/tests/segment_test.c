// SPDX-License-Identifier: GPL-2.0
/* Segments made in one pass are those of skb_gso_segment(), byte for byte. */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../ipvti.h"

#define HEAD		150	/* rooms that are asked for */
#define TAIL		49
#define FRAG_BYTES	1000

struct shape {
	u16 protocol;			/* ETH_P_* */
	u8 transport;			/* IPPROTO_* */
	u8 ip_options, tcp_options;	/* bytes */
	u8 flags;			/* of TCP, as in its header */
	bool same_id;
	unsigned int size, payload, linear;
};

static void random_bytes(u8 *to, unsigned int len, u32 *state)
{
	while (len--) {
		*state = *state * 1103515245 + 12345;
		*to++ = *state >> 16;
	}
}

static void put_ip4(struct sk_buff *skb, const struct shape *s, u32 *state)
{
	struct iphdr *iph = skb_put(skb, sizeof(*iph) + s->ip_options);

	random_bytes((u8 *)iph, sizeof(*iph) + s->ip_options, state);
	iph->version = 4;
	iph->ihl = (sizeof(*iph) + s->ip_options) / 4;
	iph->frag_off = s->same_id || s->size & 1 ? htons(IP_DF) : 0;
	iph->id = htons(0xfffe);	/* wraps */
	iph->protocol = s->transport;
}

static void put_ip6(struct sk_buff *skb, const struct shape *s, u32 *state)
{
	struct ipv6hdr *ip6h = skb_put(skb, sizeof(*ip6h));

	random_bytes((u8 *)ip6h, sizeof(*ip6h), state);
	ip6h->version = 6;
	ip6h->nexthdr = s->transport;
}

static void put_tcp(struct sk_buff *skb, const struct shape *s, u32 *state)
{
	struct tcphdr *th = skb_put(skb, sizeof(*th) + s->tcp_options);

	random_bytes((u8 *)th, sizeof(*th) + s->tcp_options, state);
	th->seq = htonl(0xfffffff0);
	th->doff = (sizeof(*th) + s->tcp_options) / 4;
	((u8 *)th)[13] = s->flags;
}

static void put_udp(struct sk_buff *skb, u32 *state)
{
	random_bytes(skb_put(skb, sizeof(struct udphdr)), sizeof(struct udphdr), state);
}

static void put_payload(struct kunit *test, struct sk_buff *skb, const struct shape *s, u32 *state)
{
	unsigned int linear = min(s->linear, s->payload), left = s->payload - linear, len;
	struct page *page;
	unsigned int i;

	random_bytes(skb_put(skb, linear), linear, state);
	for (i = 0; left; i++, left -= len) {
		len = min_t(unsigned int, left, i == MAX_SKB_FRAGS - 1 ? PAGE_SIZE : FRAG_BYTES);
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		random_bytes(page_address(page), len, state);
		skb_add_rx_frag(skb, i, page, 0, len, PAGE_SIZE);
	}
}

/* Lengths and the sum of the pseudo header, as the stack leaves them to the device. */
static void finish_headers(struct sk_buff *skb, const struct shape *s)
{
	unsigned int transport = skb_transport_offset(skb), len = skb->len - transport;
	bool tcp = s->transport == IPPROTO_TCP;
	__sum16 pseudo;

	if (s->protocol == ETH_P_IP) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
		pseudo = ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len,
					    s->transport, 0);
	} else {
		ipv6_hdr(skb)->payload_len = htons(len);
		pseudo = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					  s->transport, 0);
	}
	if (tcp) {
		tcp_hdr(skb)->check = pseudo;
	} else {
		udp_hdr(skb)->len = htons(len);
		udp_hdr(skb)->check = pseudo;
	}
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = tcp ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check);
}

static unsigned int gso_type(const struct shape *s)
{
	unsigned int type = s->same_id ? SKB_GSO_TCP_FIXEDID : 0;

	if (s->transport == IPPROTO_UDP)
		return SKB_GSO_UDP_L4;
	if (s->flags & 0x80)
		type |= SKB_GSO_TCP_ECN;
	return type | (s->protocol == ETH_P_IP ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6);
}

static struct sk_buff *make(struct kunit *test, const struct shape *s)
{
	struct sk_buff *skb = alloc_skb(HEAD + 200 + s->payload, GFP_KERNEL);
	u32 state = 1;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, HEAD);
	skb->protocol = htons(s->protocol);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	if (s->protocol == ETH_P_IP)
		put_ip4(skb, s, &state);
	else
		put_ip6(skb, s, &state);
	skb_set_transport_header(skb, skb->len);
	if (s->transport == IPPROTO_TCP)
		put_tcp(skb, s, &state);
	else
		put_udp(skb, &state);
	put_payload(test, skb, s, &state);
	finish_headers(skb, s);
	skb_shinfo(skb)->gso_size = s->size;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(s->payload, s->size);
	skb_shinfo(skb)->gso_type = gso_type(s);
	return skb;
}

static struct sk_buff *cut(struct sk_buff *skb)
{
	struct sk_buff *segments;

	local_bh_disable();
	segments = ipvti_segment(skb, HEAD, TAIL);
	local_bh_enable();
	return segments;
}

static void compare_one(struct kunit *test, struct sk_buff *want, struct sk_buff *is,
			const char *name)
{
	KUNIT_ASSERT_TRUE(test, want->ip_summed == CHECKSUM_PARTIAL);
	KUNIT_ASSERT_EQ(test, skb_checksum_help(want), 0);
	KUNIT_ASSERT_EQ(test, skb_linearize(want), 0);
	KUNIT_EXPECT_TRUE_MSG(test, ipvti_crypto_owned(is), "%s", name);
	KUNIT_EXPECT_GE_MSG(test, skb_headroom(is), HEAD, "%s", name);
	KUNIT_EXPECT_GE_MSG(test, skb_tailroom(is), TAIL, "%s", name);
	KUNIT_EXPECT_TRUE_MSG(test, is->protocol == want->protocol, "%s", name);
	KUNIT_ASSERT_EQ_MSG(test, is->len, want->len, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(is->data, want->data, want->len), 0, "%s", name);
}

static void compare(struct kunit *test, const struct shape *s)
{
	struct sk_buff *super = make(test, s), *wanted, *made, *want, *is;
	char name[100];

	snprintf(name, sizeof(name), "%s %s options %u %u flags %x, %u by %u, linear %u",
		 s->protocol == ETH_P_IP ? "IPv4" : "IPv6",
		 s->transport == IPPROTO_TCP ? "TCP" : "UDP", s->ip_options, s->tcp_options,
		 s->flags, s->payload, s->size, s->linear);
	wanted = skb_gso_segment(super, NETIF_F_SG | NETIF_F_HW_CSUM);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_OR_NULL(wanted), "%s", name);
	made = cut(make(test, s));
	KUNIT_ASSERT_NOT_NULL_MSG(test, made, "%s", name);
	for (want = wanted, is = made; want && is; want = want->next, is = is->next)
		compare_one(test, want, is, name);
	KUNIT_EXPECT_TRUE_MSG(test, !want && !is, "%s: as many", name);
	kfree_skb_list(wanted);
	kfree_skb_list(made);
	kfree_skb(super);
}

static void each_payload(struct kunit *test, struct shape *s)
{
	static const unsigned int sizes[] = { 1, 7, 536, 1348, 1461 };
	static const unsigned int linears[] = { 0, 33, U16_MAX };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		s->size = sizes[i];
		for (j = 0; j < ARRAY_SIZE(linears); j++) {
			s->linear = linears[j];
			s->payload = s->size + 1;
			compare(test, s);
			s->payload = 4 * s->size;
			compare(test, s);
			s->payload = 9 * s->size - 1;
			compare(test, s);
		}
	}
}

static void tcp_segments(struct kunit *test)
{
	/* ACK with PSH; FIN; ECE and CWR; URG */
	static const u8 flags[] = { 0x10, 0x18, 0x11, 0xd8, 0x38 };
	static const u8 options[] = { 0, 12, 40 };
	struct shape s = { .transport = IPPROTO_TCP };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < ARRAY_SIZE(options); j++) {
			s.flags = flags[i];
			s.tcp_options = options[j];
			s.protocol = ETH_P_IPV6;
			s.ip_options = 0;
			each_payload(test, &s);
			s.protocol = ETH_P_IP;
			each_payload(test, &s);
			s.ip_options = 8;
			each_payload(test, &s);
			s.same_id = true;
			each_payload(test, &s);
			s.same_id = false;
		}
	}
}

static void udp_segments(struct kunit *test)
{
	struct shape s = { .transport = IPPROTO_UDP, .protocol = ETH_P_IPV6 };

	each_payload(test, &s);
	s.protocol = ETH_P_IP;
	each_payload(test, &s);
}

/* What it does not know it leaves alone. */
static void other_kinds(struct kunit *test)
{
	struct shape s = {
		.protocol = ETH_P_IPV6, .transport = IPPROTO_TCP, .size = 1000, .payload = 3000,
	};
	struct sk_buff *skb = make(test, &s);
	unsigned int len = skb->len;

	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	KUNIT_EXPECT_NULL(test, cut(skb));
	skb_shinfo(skb)->gso_type &= ~SKB_GSO_DODGY;
	skb->encapsulation = 1;
	KUNIT_EXPECT_NULL(test, cut(skb));
	skb->encapsulation = 0;
	ipv6_hdr(skb)->nexthdr = IPPROTO_HOPOPTS;
	KUNIT_EXPECT_NULL(test, cut(skb));
	ipv6_hdr(skb)->nexthdr = IPPROTO_TCP;
	tcp_hdr(skb)->doff = 4;
	KUNIT_EXPECT_NULL(test, cut(skb));
	tcp_hdr(skb)->doff = 5;
	skb_shinfo(skb)->gso_size = 3000;
	KUNIT_EXPECT_NULL(test, cut(skb));
	skb_shinfo(skb)->gso_size = 1000;
	skb->ip_summed = CHECKSUM_NONE;
	KUNIT_EXPECT_NULL(test, cut(skb));
	skb->ip_summed = CHECKSUM_PARTIAL;
	KUNIT_EXPECT_EQ(test, skb->len, len);
	kfree_skb_list(cut(skb));
}

/* The sender is charged for what there is, and for nothing in the end. */
static void charged(struct kunit *test)
{
	struct shape s = {
		.protocol = ETH_P_IP, .transport = IPPROTO_UDP, .size = 1000, .payload = 9500,
	};
	struct sk_buff *skb, *segments;
	unsigned int sum = 0, before;
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, 0, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &sock));
	before = refcount_read(&sock->sk->sk_wmem_alloc);
	skb = make(test, &s);
	skb_set_owner_w(skb, sock->sk);
	segments = cut(skb);
	KUNIT_ASSERT_NOT_NULL(test, segments);
	for (skb = segments; skb; skb = skb->next) {
		KUNIT_EXPECT_PTR_EQ(test, skb->sk, sock->sk);
		sum += skb->truesize;
	}
	KUNIT_EXPECT_EQ(test, refcount_read(&sock->sk->sk_wmem_alloc), before + sum);
	kfree_skb_list(segments);
	KUNIT_EXPECT_EQ(test, refcount_read(&sock->sk->sk_wmem_alloc), before);
	sock_release(sock);
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(tcp_segments),
	KUNIT_CASE(udp_segments),
	KUNIT_CASE(other_kinds),
	KUNIT_CASE(charged),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "ipvti_segment",
	.test_cases = segment_cases,
};

kunit_test_suite(segment_suite);
